/**
 * Commands as values: a command's words and arguments, its keys, whether it writes, and
 * how its reply is decoded. Methods, pipelines and transactions of clients run the same
 * values.
 *
 * This file does no I/O. The constructors of Redis's commands are in commands/, the
 * decoders in internal/commands/.
 *
 * Over 700 lines, since a command's definition and all that is made of it are here.
 *
 * @since 0.1.0
 */
import { Buffer, isAscii } from "node:buffer"
import { InvalidCommand } from "./Errors.ts"
import { type Decode, mismatch, native } from "./internal/commands/decoders.ts"
import { hasSubcommands, knownOf } from "./internal/commands/known.ts"
import { decodeAsResp2 } from "./internal/commands/resp2.ts"
import { waitingOf } from "./internal/commands/waiting.ts"
import { asSent, textOf } from "./internal/commands/words.ts"
import { choiceProblem, fieldsOf, integerProblem, isBytes, itemsOf, kindOf } from "./internal/common/values.ts"
import * as Resp from "./Resp.ts"

export {
  array,
  type Decoded,
  type DecodedBytes,
  type Fields,
  fields,
  map,
  mapOf,
  recordOf,
  struct,
  tuple
} from "./internal/commands/combinators.ts"
export {
  bulkString,
  custom,
  type Decode,
  double,
  flag,
  flags,
  float,
  floatOrNull,
  floatsOrNulls,
  int,
  integer,
  intOrNull,
  ints,
  list,
  Mismatch,
  native,
  nullable,
  ok,
  okOrNull,
  type Page,
  page,
  pairs,
  record,
  type Scored,
  scored,
  string,
  stringOrNull,
  strings,
  stringsOrNull,
  stringsWithNulls,
  text,
  value,
  word,
  wordOrNull,
  words
} from "./internal/commands/decoders.ts"

/**
 * Whether a command may change data. The client sends a `"read"` again when its reply
 * never came, and a client of replicas accepts reads only.
 *
 * @since 0.1.0
 * @category models
 */
export type Mode = "read" | "write"

/**
 * An argument of a command: text, which is sent as UTF-8, a number, which is sent in
 * decimal, or bytes.
 *
 * @since 0.1.0
 * @category models
 */
export type Arg = Resp.Arg

/**
 * A key, or the name of a channel: text or bytes.
 *
 * @since 0.1.0
 * @category models
 */
export type Key = string | Uint8Array

/**
 * The definition of a command: what all its uses have in common. `define` makes it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Spec<out A = unknown, out M extends Mode = Mode, out B = A> {
  /** The words of the command, such as `["GET"]` or `["CLIENT", "SETNAME"]`. */
  readonly words: ReadonlyArray<string>
  /** The words of the command, joined by spaces. */
  readonly name: string
  /** Whether the command may change data. */
  readonly mode: M
  /** Gives those of the arguments that are keys. */
  readonly keys: (args: ReadonlyArray<Arg>) => ReadonlyArray<Key>
  /**
   * Gives how long the command waits at the server at most, in milliseconds: Infinity
   * if it waits without end, 0 if it does not wait. A command that waits runs on a
   * reserved connection. Undefined for commands that never wait.
   */
  readonly blockingMillis: ((args: ReadonlyArray<Arg>) => number) | undefined
  /**
   * Gives the arguments for another time to wait at the server, in milliseconds
   * (Infinity: without end). With it, the client sends a long wait in turns of 5
   * seconds; without it, in one piece.
   */
  readonly withBlockingMillis: ((args: ReadonlyArray<Arg>, millis: number) => ReadonlyArray<Arg>) | undefined
  /**
   * Whether the client may send the command again when its reply never came. True for
   * reads, except those that act on connections (CLIENT KILL and CLIENT UNBLOCK).
   * Redis's writes are not repeatable: even a SET that is sent again may undo a write
   * of another client.
   */
  readonly repeatable: boolean
  /** Decodes the reply, of RESP2 or RESP3. Throws `Mismatch` if it cannot. */
  readonly decode: (value: Resp.Value, bytes: boolean) => A | B
  /**
   * How the command changes the session; `"depends"` if that depends on its arguments
   * (see `sessionOf`), undefined if it does not change the session.
   */
  readonly session: Session | "depends" | undefined
  /** Which protocol's shape its reply has: 2 for that of RESP2; undefined for that of the session. */
  readonly resp: 2 | undefined
  /** What the server must have before it can execute the command; undefined for nearly all. @internal */
  readonly needs?: Needed | undefined
  /** The heads of its frames by number of arguments, kept by `encode`. */
  readonly heads: Array<string | undefined>
}

/**
 * A script or a library of functions, which a server must have before it can execute a
 * command. @internal
 */
export interface Needed {
  readonly kind: "script" | "library"
  /** Tells it from others: the SHA-1 of a script, the name and the code of a library. */
  readonly id: string
  /** Gives it to a server. */
  readonly load: Any
  /** Whether an error says that the server does not have it, so that the command was not executed. */
  readonly isMissing: (reply: Resp.ErrorReply) => boolean
  /** Of a script: gives the command with the whole script in it, which needs nothing. */
  readonly whole?: ((command: Any) => Any) | undefined
  /** Of a library: its name. */
  readonly library?: string | undefined
  /** Of a library that may replace another one of its name: gives it to a server in place of that one. */
  readonly replace?: Any | undefined
}

/**
 * How a command changes the session: `"reserved"` commands (WATCH, SELECT, CLIENT
 * SETNAME, ...) run on reserved connections only; `"never"` commands (SUBSCRIBE, MULTI,
 * HELLO, MONITOR, ...) would break the order of commands and replies and fail with
 * `InvalidCommand` everywhere.
 *
 * @since 0.1.0
 * @category models
 */
export type Session = "reserved" | "never"

/**
 * A command with its arguments. `A` is its result, `B` its result where bytes are asked
 * for, `M` whether it reads or writes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Command<out A, out M extends Mode = Mode, out B = A> {
  /** The definition of the command. */
  readonly spec: Spec<A, M, B>
  /** The arguments after the words of the command. */
  readonly args: ReadonlyArray<Arg>
  /** Whether the client may send this command again when its reply never came (`repeatable`). */
  readonly repeat: boolean
  /** Whether bulk strings of the reply are decoded as bytes (`bytes`). */
  readonly asBytes: boolean
}

/**
 * A command of any result and mode.
 *
 * @since 0.1.0
 * @category models
 */
export type Any = Command<any, Mode, any>

/**
 * The type of the result of a command.
 *
 * @since 0.1.0
 * @category utility types
 */
export type Result<C> = C extends Command<infer A, any, any> ? A : never

/**
 * Defines a command, once for all its uses. Throws `InvalidCommand` if the options are
 * invalid.
 *
 * **Example** (A command of a module)
 *
 * ```ts
 * import { Command } from "effect-redis-sentinel"
 *
 * const BF_ADD = Command.define({
 *   words: ["BF.ADD"],
 *   mode: "write",
 *   keys: 1,
 *   decode: Command.flag
 * })
 *
 * export const bfAdd = (key: string, item: string) => Command.make(BF_ADD, [key, item])
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
/*#__NO_SIDE_EFFECTS__*/
export const define = <A, const M extends Mode, B = A>(options: {
  /** The words of the command, such as `["CLIENT", "SETNAME"]`: at least one, without spaces. */
  readonly words: ReadonlyArray<string>
  /** Whether the command may change data. */
  readonly mode: M
  /**
   * How many of the first arguments are keys, `"all"` if each is one, or a function that
   * gives the keys. Default 0.
   */
  readonly keys?: number | "all" | ((args: ReadonlyArray<Arg>) => ReadonlyArray<Key>) | undefined
  /**
   * Gives how long the command waits at the server at most, in milliseconds: Infinity
   * without end, 0 if it does not wait. Default: what Redis documents for commands with
   * these words (BLPOP, XREAD, WAIT, ...); otherwise it never waits.
   */
  readonly blockingMillis?: ((args: ReadonlyArray<Arg>) => number) | undefined
  /**
   * Gives the arguments for another time to wait, in milliseconds (Infinity: without
   * end), so that a long wait can be sent in turns of 5 seconds. Default: known for the
   * same commands; otherwise a wait is sent in one piece.
   */
  readonly withBlockingMillis?: ((args: ReadonlyArray<Arg>, millis: number) => ReadonlyArray<Arg>) | undefined
  /** Whether the client may send the command again when its reply never came. Default: true for reads. */
  readonly repeatable?: boolean | undefined
  /** Decodes the reply. */
  readonly decode: Decode<A, B>
}): Spec<A, M, B> => {
  const problem = isPlainSpec(options) ? undefined : specProblem(options)
  if (problem !== undefined) throw new InvalidCommand({ command: "define", detail: problem })
  const keys = options.keys ?? 0
  const words = Object.freeze(options.words.slice())
  const waiting = waitingOf(words)
  return new SpecImpl<A, M, B>({
    words,
    name: words.join(" "),
    mode: options.mode,
    keys: typeof keys === "function"
      ? keys
      : keys === "all"
      ? (args) => args as ReadonlyArray<Key>
      : (args) => args.slice(0, keys) as ReadonlyArray<Key>,
    blockingMillis: options.blockingMillis === undefined ? waiting?.blockingMillis : timed(options.blockingMillis),
    withBlockingMillis: options.withBlockingMillis ?? waiting?.withBlockingMillis,
    repeatable: options.repeatable ?? options.mode === "read",
    decode: options.decode as (value: Resp.Value, bytes: boolean) => A | B,
    session: words.length === 1 && /^(client|script)$/i.test(asSent(words[0]))
      ? "depends"
      : sessionBy(words[0], words[1]),
    resp: undefined,
    needs: undefined,
    heads: []
  })
}

/** A result that is not a positive number counts as no wait: NaN would make a deadline that never passes. */
const timed = (blockingMillis: (args: ReadonlyArray<Arg>) => number) => (args: ReadonlyArray<Arg>): number => {
  const millis = blockingMillis(args)
  return typeof millis === "number" && millis > 0 ? millis : 0
}

class SpecImpl<A, M extends Mode, B> implements Spec<A, M, B> {
  readonly words: ReadonlyArray<string>
  readonly name: string
  readonly mode: M
  readonly keys: Spec["keys"]
  readonly blockingMillis: Spec["blockingMillis"]
  readonly withBlockingMillis: Spec["withBlockingMillis"]
  readonly repeatable: boolean
  readonly decode: (value: Resp.Value, bytes: boolean) => A | B
  readonly session: Spec["session"]
  readonly resp: 2 | undefined
  readonly needs: Needed | undefined
  readonly heads: Array<string | undefined>
  constructor(of: Spec<A, M, B>) {
    this.words = of.words
    this.name = of.name
    this.mode = of.mode
    this.keys = of.keys
    this.blockingMillis = of.blockingMillis
    this.withBlockingMillis = of.withBlockingMillis
    this.repeatable = of.repeatable
    this.decode = of.decode
    this.session = of.session
    this.resp = of.resp
    this.needs = of.needs
    this.heads = of.heads
  }
}

const sessionBy = (word: Arg | undefined, second: Arg | undefined): Session | undefined => {
  const name = asSent(word)
  return name === "CLIENT" || name === "SCRIPT" ? sessions.get(`${name} ${asSent(second)}`) : sessions.get(name)
}

/**
 * How a command changes the session, from its words and arguments; undefined if it does
 * not.
 *
 * @since 0.1.0
 * @category getters
 */
export const sessionOf = (self: Any): Session | undefined => {
  const session = self.spec.session
  return session === "depends" ? sessionBy(self.spec.words[0], self.args[0]) : session
}

const sessions: ReadonlyMap<string, Session> = new Map([
  ...[
    "WATCH",
    "UNWATCH",
    "SELECT",
    "AUTH",
    "CLIENT SETNAME",
    "CLIENT SETINFO",
    "CLIENT NO-EVICT",
    "CLIENT NO-TOUCH",
    "CLIENT TRACKING",
    "CLIENT CACHING",
    "CLIENT CAPA",
    "CLIENT IMPORT-SOURCE",
    "SCRIPT DEBUG",
    "HIMPORT",
    "ASKING",
    "READONLY",
    "READWRITE"
  ]
    .map((name) => [name, "reserved"] as const),
  ...[
    "SUBSCRIBE",
    "PSUBSCRIBE",
    "SSUBSCRIBE",
    "UNSUBSCRIBE",
    "PUNSUBSCRIBE",
    "SUNSUBSCRIBE",
    "MONITOR",
    "MULTI",
    "EXEC"
  ]
    .map((name) => [name, "never"] as const),
  ...["DISCARD", "HELLO", "QUIT", "RESET", "SYNC", "PSYNC", "REPLCONF", "CLIENT REPLY"]
    .map((name) => [name, "never"] as const)
])

class CommandImpl<A, M extends Mode, B> implements Command<A, M, B> {
  readonly spec: Spec<A, M, B>
  readonly args: ReadonlyArray<Arg>
  readonly repeat: boolean
  readonly asBytes: boolean
  constructor(spec: Spec<A, M, B>, args: ReadonlyArray<Arg>, repeat: boolean, asBytes: boolean) {
    this.spec = spec
    this.args = args
    this.repeat = repeat
    this.asBytes = asBytes
  }
}

/**
 * Makes a command from a definition and its arguments. It copies the array and the bytes
 * in it, so that later changes of them have no effect. Throws `InvalidCommand` if
 * `define` did not make the definition or if the arguments are not an array; a single
 * argument of a wrong type makes the command fail when it runs.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <A, M extends Mode, B>(spec: Spec<A, M, B>, args: ReadonlyArray<Arg>): Command<A, M, B> => {
  const copy = isSpec(spec) ? listed(args) : undefined
  if (copy === undefined) throw unfit("make", spec, args)
  return own(spec, copy)
}

/** A copy of an array, whatever its class makes of copying; undefined for any other value. */
const listed = (args: ReadonlyArray<Arg>): Array<Arg> | undefined => {
  try {
    if (!Array.isArray(args)) return undefined
    const copy: Array<Arg> = Array.prototype.slice.call(args)
    return Object.getPrototypeOf(copy) === Array.prototype && copy !== args ? copy : Array.from(args)
  } catch {
    return undefined
  }
}

/** The real length: a subclass of Uint8Array may report another one. */
const lengthOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), "length")!.get!

/** A copy of bytes. Memory for large ones is not filled with zeros first. */
const copied = (bytes: Uint8Array): Uint8Array => {
  const length: number = lengthOf.call(bytes)
  if (length < 4096) return new Uint8Array(bytes)
  const copy = Buffer.allocUnsafeSlow(length)
  copy.set(bytes)
  return copy
}

/**
 * `make` for an array that no one else uses. Bytes in it are copied, since their owner
 * may change them while the command waits. @internal
 */
export const own = <A, M extends Mode, B>(spec: Spec<A, M, B>, args: Array<Arg>): Command<A, M, B> => {
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]
    if (typeof arg === "object" && isBytes(arg)) args[i] = copied(arg)
  }
  return new CommandImpl(spec, args, spec.repeatable, false)
}

/**
 * Whether the options are those of nearly all definitions, which need no further check:
 * there are hundreds of them, and they are made when the library is imported.
 */
const isPlainSpec = (options: unknown): boolean => {
  try {
    const { decode, keys, mode, words, ...others } = options as Record<string, unknown>
    return typeof decode === "function" && (mode === "read" || mode === "write") &&
      (keys === undefined || keys === 1 || keys === "all" || typeof keys === "function") &&
      Object.keys(others).length === 0 && Array.isArray(words) && words.length > 0 &&
      words.every((word) => typeof word === "string" && /^[\w.-]{1,256}$/.test(word))
  } catch {
    return false
  }
}

const specProblem = (options: unknown): string | undefined => {
  const fields = fieldsOf(options)
  if (typeof fields === "string") return `options: ${fields}`
  const { blockingMillis, decode, keys, mode, repeatable, withBlockingMillis, words } = fields
  const list = itemsOf(words)
  if (typeof list === "string") return `words: ${list}`
  if (list.length === 0 || !list.every((word) => typeof word === "string" && /^[^\s\p{Cc}]{1,256}$/u.test(word))) {
    return "words: each word must be a string without spaces, and not empty"
  }
  const wrong = choiceProblem(mode, ["read", "write"])
  if (wrong !== undefined) return `mode: ${wrong}`
  if (keys !== undefined && keys !== "all" && typeof keys !== "function") {
    const wrong = integerProblem(keys, 0, Number.MAX_SAFE_INTEGER)
    if (wrong !== undefined) return `keys: ${wrong}; "all" and a function are accepted too`
  }
  for (
    const [name, value] of [["blockingMillis", blockingMillis], ["withBlockingMillis", withBlockingMillis]] as const
  ) {
    if (value !== undefined && typeof value !== "function") return `${name}: expected a function, got ${kindOf(value)}`
  }
  if (repeatable !== undefined && typeof repeatable !== "boolean") {
    return `repeatable: expected true or false, got ${kindOf(repeatable)}`
  }
  return typeof decode === "function" ? undefined : `decode: expected a function, got ${kindOf(decode)}`
}

/**
 * Why a value is not a command, in words; undefined if it is one.
 *
 * @since 0.1.0
 * @category guards
 */
export const problemOf = (value: unknown): string | undefined => {
  try {
    return value instanceof CommandImpl ? undefined : `expected a command, got ${kindOf(value)}`
  } catch {
    return `expected a command, got ${kindOf(value)}`
  }
}

const isSpec = (spec: Spec<any, any, any>): boolean => {
  try {
    return spec instanceof SpecImpl
  } catch {
    return false
  }
}

const unfit = (of: string, spec: unknown, args: unknown): InvalidCommand => {
  const fits = isSpec(spec as Spec)
  return new InvalidCommand({
    command: fits ? String((spec as Spec).name) : of,
    detail: fits
      ? `args: expected an array, got ${kindOf(args)}`
      : `spec: expected the result of Command.define, got ${kindOf(spec)}`
  })
}

const checked = <A, M extends Mode, B>(of: string, self: Command<A, M, B>): Command<A, M, B> => {
  const problem = problemOf(self)
  if (problem !== undefined) throw new InvalidCommand({ command: of, detail: problem })
  return self
}

/**
 * Allows the client to send a write again when its reply never came. The server may then
 * apply it twice; it does not fail with `AmbiguousOutcome` for a lost connection. Throws
 * `InvalidCommand` for a value that is not a command.
 *
 * @since 0.1.0
 * @category combinators
 */
export const repeatable = <A, M extends Mode, B>(self: Command<A, M, B>): Command<A, M, B> => {
  checked("repeatable", self)
  return new CommandImpl(self.spec, self.args, true, self.asBytes)
}

/**
 * The same command with other arguments, which are copied. Throws `InvalidCommand` as
 * `make` does.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withArgs = <A, M extends Mode, B>(
  self: Command<A, M, B>,
  args: ReadonlyArray<Arg>
): Command<A, M, B> => {
  checked("withArgs", self)
  const copy = listed(args)
  if (copy === undefined) throw unfit("withArgs", self.spec, args)
  const { args: copied } = own(self.spec, copy)
  return new CommandImpl(self.spec, copied, self.repeat, self.asBytes)
}

/** The same command with another decoder. @internal */
export const withDecode = <A, B, M extends Mode>(
  self: Command<any, M, any>,
  decode: Decode<A, B>
): Command<A, M, B> => {
  const spec = new SpecImpl<A, M, B>({ ...(self.spec as Spec<any, M, any>), decode, resp: undefined })
  return new CommandImpl<A, M, B>(spec, self.args, self.repeat, self.asBytes)
}

/**
 * `withDecode` for a command whose results are made of bytes, with a spec that `decoding`
 * made: one for all commands of a definition. @internal
 */
export const withSpec = <A, M extends Mode>(self: Command<any, M, any>, spec: Spec<A, M>): Command<A, M> =>
  new CommandImpl(spec, self.args, self.repeat, true)

/** The same definition with another decoder. @internal */
export const decoding = <A, M extends Mode>(spec: Spec<any, M, any>, decode: Decode<A>): Spec<A, M> =>
  new SpecImpl<A, M, A>({ ...spec, decode })

/**
 * A definition whose commands need something of the server: under this name in errors, with
 * replies as bytes and with the texts of doubles. @internal
 */
export const needing = <A, M extends Mode>(spec: Spec<A, M>, name: string, needs: Needed | undefined): Spec<A, M> =>
  new SpecImpl<A, M, A>({ ...spec, name, needs, resp: 2 })

/** The same command by another definition, with arguments that no one else uses. @internal */
export const replacing = (self: Any, spec: Spec<any>, args: ReadonlyArray<Arg>): Any =>
  new CommandImpl(spec, args, self.repeat, self.asBytes)

/**
 * The type of the result of `exact`: `bigint` in place of `number`.
 *
 * @since 0.1.0
 * @category utility types
 */
export type Exact<A> = A extends number ? bigint
  : A extends null ? null
  : A extends ReadonlyArray<infer E> ? Array<Exact<E>>
  : never

/**
 * The same command with its integers as `bigint`, so that those beyond 2^53 are exact.
 * For commands whose result is an integer, null, or an array of these; a reply of
 * another kind fails with `UnexpectedReply`.
 *
 * **Example** (A counter beyond 2^53)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Command, commands, RedisClient } from "effect-redis-sentinel"
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   yield* redis.set("n", 9007199254740992n)
 *   return yield* redis.run(Command.exact(commands.incr("n"))) // 9007199254740993n
 * })
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const exact = <A extends number | null | ReadonlyArray<number | null>, M extends Mode>(
  self: Command<A, M, any>
): Command<Exact<A>, M> => {
  checked("exact", self)
  return withDecode(self, exactly as (value: Resp.Value) => Exact<A>)
}

const exactly = (value: Resp.Value): unknown => {
  if (typeof value === "bigint" || value === null) return value
  if (typeof value === "number" && Number.isInteger(value)) return BigInt(value)
  return Array.isArray(value) ? value.map(exactly) : mismatch("an integer", value)
}

/**
 * The same command with `Uint8Array` in place of `string` in its result.
 *
 * @since 0.1.0
 * @category combinators
 */
export const bytes = <A, M extends Mode, B>(self: Command<A, M, B>): Command<B, M, B> => {
  checked("bytes", self)
  return new CommandImpl(self.spec, self.args, self.repeat, true) as unknown as Command<B, M, B>
}

/**
 * Options of a command by its name.
 *
 * @since 0.1.0
 * @category models
 */
export interface RawOptions<out M extends Mode = Mode> {
  /**
   * Whether the command may change data. Default: what the servers say of the command;
   * one that is not known counts as `"write"`.
   */
  readonly mode?: M | undefined
  /** How many of the first arguments are keys. Default: those that the servers find in the command. */
  readonly keys?: number | undefined
  /**
   * How long the command waits at the server at most, in milliseconds. Default: what
   * Redis documents for commands with this name; otherwise it does not wait.
   */
  readonly blockingMillis?: number | undefined
  /**
   * 2 gives the reply in the shape that RESP2 has for it, whatever the session speaks:
   * arrays for maps and sets, the server's text for doubles, 1 and 0 for booleans.
   * Default: the shape of the session, with `Map` for maps and `Set` for sets.
   */
  readonly resp?: 2 | undefined
}

/**
 * Makes a command by its name, for commands without a constructor. The name may have
 * several words, in any case; they are sent as written. The result is the reply as plain
 * JavaScript (`Map` for maps, `Set` for sets, or the shape of RESP2). Throws
 * `InvalidCommand` if the name, the arguments or the options are invalid.
 *
 * It knows the commands of Redis, of Valkey and of Redis's modules: whether they change
 * data, whether they may be sent again, where their keys are, and how long they wait. A
 * command that it does not know counts as a write without keys. A client of replicas
 * accepts what has the `mode` `"read"` in its type, so there the option is needed.
 *
 * **Example** (A command without a constructor)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Command, RedisClient } from "effect-redis-sentinel"
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   const frequency = yield* redis.run(Command.raw("OBJECT FREQ", ["key"]))
 *   const fields = yield* redis.run(Command.raw("HGETALL", ["hash"], { resp: 2 })) // ["field", "value", ...]
 *   const own = yield* redis.run(Command.raw("MYMODULE.GET", ["key"], { mode: "read", keys: 1 }))
 *   return { frequency, fields, own }
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const raw = <const M extends Mode = Mode>(
  name: string,
  args: ReadonlyArray<Arg>,
  options?: RawOptions<M> | undefined
): Command<unknown, M> => {
  const problem = rawProblem(name, args, options)
  if (problem !== undefined) throw new InvalidCommand({ command: "raw", detail: problem })
  const [word, ...others] = name.trim().split(/\s+/) as [string, ...Array<string>]
  // The words after the name are arguments, and are kept as written: they may be keys or secrets.
  const words = [word, ...(hasSubcommands(word) ? others.splice(0, 1) : [])]
  const second = words[1] ?? others[0] ?? args[0]
  const known = knownOf(word, second)
  // A subcommand that a server knows is no secret, wherever it is written: one command has one name.
  const subcommand = words.length === 1 && second !== undefined && known !== undefined && hasSubcommands(word)
    ? [asSent(second)]
    : []
  const { blockingMillis, keys, mode = known?.mode ?? "write", resp } = options ?? {}
  const spec = define({
    words,
    mode: mode as M,
    keys: keys === undefined
      ? known === undefined ? 0 : (all) => known.keys([...words, ...all])
      : (all) => all.slice(others.length, others.length + keys) as ReadonlyArray<Key>,
    blockingMillis: blockingMillis === undefined ? undefined : () => blockingMillis,
    repeatable: mode === "read" && (known === undefined || known.mode === "write" || known.repeatable),
    decode: resp === 2 ? decodeAsResp2(asSent(word)) : native
  })
  return own(new SpecImpl({ ...spec, name: [...words, ...subcommand].join(" ").toUpperCase(), resp }), [
    ...others,
    ...args
  ])
}

const rawProblem = (name: unknown, args: unknown, options: unknown): string | undefined => {
  if (
    typeof name !== "string" || name.length > 4096 || name.trim() === "" ||
    // White space of any kind separates words; words contain no control characters.
    name.split(/\s+/).some((word) => /\p{Cc}/u.test(word))
  ) {
    return "name: expected the words of a command, such as \"GET\" or \"CLIENT LIST\""
  }
  if (!Array.isArray(args)) return `args: expected an array, got ${kindOf(args)}`
  if (options === undefined) return undefined
  const fields = fieldsOf(options)
  if (typeof fields === "string") return `options: ${fields}`
  const { blockingMillis, keys, mode, resp } = fields
  if (resp !== undefined && resp !== 2) return `resp: expected 2, got ${kindOf(resp)}`
  if (mode !== undefined) {
    const wrong = choiceProblem(mode, ["read", "write"])
    if (wrong !== undefined) return `mode: ${wrong}`
  }
  if (keys !== undefined) {
    const wrong = integerProblem(keys, 0, Number.MAX_SAFE_INTEGER)
    if (wrong !== undefined) return `keys: ${wrong}`
  }
  return blockingMillis === undefined || (typeof blockingMillis === "number" && blockingMillis >= 0)
    ? undefined
    : `blockingMillis: expected a time in milliseconds, got ${kindOf(blockingMillis)}`
}

/**
 * Whether the wait of a command may be divided into turns. That of XREAD after `$` may
 * not: it would miss the entries that come between two turns (internal/execution/lastIds.ts
 * puts ids in the place of `$`). That of XREADGROUP may: the
 * server keeps which entries the group has got, and one that comes between two turns is
 * new in the next one. @internal
 */
export const isDivisible = ({ args, spec }: Any): boolean => {
  if (spec.withBlockingMillis === undefined) return false
  return spec.name.toUpperCase() !== "XREAD" || !args.some((arg) => textOf(arg) === "$")
}

/**
 * Whether a reply says that a wait ended without success: no element, or fewer replicas
 * than asked for. @internal
 */
export const cameToNothing = (self: Any, reply: Resp.Value): boolean => {
  switch (self.spec.name.toUpperCase()) {
    case "WAIT":
      return typeof reply === "number" && reply < Number(self.args[0])
    case "WAITAOF": {
      const [local, replicas] = Array.isArray(reply) ? reply : []
      return typeof local === "number" && typeof replicas === "number" &&
        (local < Number(self.args[0]) || replicas < Number(self.args[1]))
    }
    default:
      return reply === null
  }
}

/**
 * Those of a command's arguments that are keys.
 *
 * @since 0.1.0
 * @category getters
 */
export const keys = (self: Any): ReadonlyArray<Key> => self.spec.keys(self.args)

/**
 * Writes the frame of a command to an encoder. The arguments must pass `check`.
 *
 * Source: "Sending commands to a Redis server" in
 * https://redis.io/docs/latest/develop/reference/protocol-spec/
 *
 * @since 0.1.0
 * @category encoding
 */
export const encode = (self: Any, encoder: Resp.Encoder): void => {
  const spec = self.spec
  const args = self.args
  const n = args.length
  let head = n < 8 ? spec.heads[n] : undefined
  if (head === undefined) {
    head = Resp.head(spec.words, n)
    if (!isAscii(Buffer.from(head))) {
      encoder.words(head)
      for (let i = 0; i < n; i++) encoder.arg(args[i]!)
      return
    }
    if (n < 8) spec.heads[n] = head
  }
  encoder.raw(head)
  for (let i = 0; i < n; i++) encoder.arg(args[i]!)
}

/**
 * What is wrong with the arguments of a command, in words; undefined if nothing is. Run
 * it before `encode`, which would otherwise stop in the middle of a frame.
 *
 * @since 0.1.0
 * @category encoding
 */
export const check = (self: Any): string | undefined => {
  const args = self.args
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]
    const type = typeof arg
    if (type === "string" || type === "bigint" || (type === "number" && arg === arg) || isBytes(arg)) continue
    if (type === "number") return `argument ${i + 1} is NaN`
    return `argument ${i + 1}: expected a string, a number or bytes, got ${arg === null ? "null" : type}`
  }
  return undefined
}
