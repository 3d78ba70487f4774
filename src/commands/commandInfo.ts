/**
 * The COMMAND commands: what a server says of its commands.
 *
 * The client does not need them: it knows the commands of src/commands, and sends others with `send`.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg } from "../Command.ts"
import { InvalidCommand } from "../Errors.ts"
import {
  appendAny,
  appendVariadic,
  argv,
  exclusive,
  type FieldsOf,
  optionsOf,
  type Variadic
} from "../internal/commands/args.ts"
import { fieldsOrNull } from "../internal/commands/combinators.ts"
import type * as Resp from "../Resp.ts"
import type { NotWith } from "./options.ts"

const COMMAND_COUNT = define({ words: ["COMMAND", "COUNT"], mode: "read", decode: Command.int })
/**
 * COMMAND COUNT returns how many commands the server has, without subcommands.
 *
 * @see https://redis.io/docs/latest/commands/command-count/
 * @since 0.1.0
 * @category server
 */
export const commandCount = () => make(COMMAND_COUNT, argv())

const wordSet: Command.Decode<ReadonlySet<string>> = Command.map(Command.words, (all) => new Set(all))

/**
 * An argument of a command, as COMMAND DOCS describes it. `null` stands for what the server does not say.
 *
 * @since 0.1.0
 * @category models
 */
export interface CommandArgument {
  /** Its name. */
  readonly name: string
  /** `string`, `integer`, `double`, `key`, `pattern`, `unix-time`, `pure-token`, `oneof` or `block`. */
  readonly type: string
  /** How it is shown to people. */
  readonly displayText: string | null
  /** The word before it, or the word that it is. */
  readonly token: string | null
  /** What it does, in words. */
  readonly summary: string | null
  /** The version that added it. */
  readonly since: string | null
  /** The version that deprecated it. */
  readonly deprecatedSince: string | null
  /** Of `optional`, `multiple` and `multiple_token`. */
  readonly flags: ReadonlySet<string>
  /** Of a key: which of the key specifications finds it. */
  readonly keySpecIndex: number | null
  /** Of `oneof`: the choices. Of `block`: the arguments that belong together. */
  readonly arguments: ReadonlyArray<CommandArgument>
}

/**
 * What COMMAND DOCS tells of a command. `null` stands for what the server does not say.
 *
 * @since 0.1.0
 * @category models
 */
export interface CommandDocs {
  /** What it does, in a sentence. */
  readonly summary: string | null
  /** The version that added it. */
  readonly since: string | null
  /** Its group, such as `string` or `server`. */
  readonly group: string | null
  /** How the time that it takes grows. */
  readonly complexity: string | null
  /** The module that it belongs to. */
  readonly module: string | null
  /** Of `deprecated` and `syscmd`. */
  readonly docFlags: ReadonlySet<string>
  /** The version that deprecated it. */
  readonly deprecatedSince: string | null
  /** What replaces it. */
  readonly replacedBy: string | null
  /** What changed in which version. */
  readonly history: ReadonlyArray<{
    /** The version. */
    readonly version: string
    /** The change, in words. */
    readonly change: string
  }>
  /** Its arguments. */
  readonly arguments: ReadonlyArray<CommandArgument>
  /** By name, such as `config|get`. */
  readonly subcommands: Readonly<Record<string, CommandDocs>>
}

/** Arguments and subcommands of real servers are nested at most 4 deep. */
const maxDepth = 16

/** A decoder of what may contain itself, up to a depth. */
const nested = <A>(decode: (inner: Command.Decode<A>) => Command.Decode<A>): Command.Decode<A> => {
  let out: Command.Decode<A> = Command.custom<A>((value) => {
    throw new Command.Mismatch(`no more than ${maxDepth} levels`, value)
  })
  for (let i = 0; i < maxDepth; i++) out = decode(out)
  return out
}

const argument = nested<CommandArgument>((inner) =>
  Command.map(
    fieldsOrNull({ name: Command.word, type: Command.word }, {
      displayText: Command.word,
      token: Command.word,
      summary: Command.word,
      since: Command.word,
      deprecatedSince: Command.word,
      flags: wordSet,
      keySpecIndex: Command.int,
      arguments: Command.array(inner)
    }),
    (one) => ({ ...one, flags: one.flags ?? new Set(), arguments: one.arguments ?? [] })
  )
)

const docs = nested<CommandDocs>((inner) =>
  Command.map(
    fieldsOrNull({}, {
      summary: Command.word,
      since: Command.word,
      group: Command.word,
      complexity: Command.word,
      module: Command.word,
      docFlags: wordSet,
      deprecatedSince: Command.word,
      replacedBy: Command.word,
      history: Command.array(Command.struct({ version: Command.word, change: Command.word })),
      arguments: Command.array(argument),
      subcommands: Command.recordOf(inner)
    }),
    (one) => ({
      ...one,
      docFlags: one.docFlags ?? new Set(),
      history: one.history ?? [],
      arguments: one.arguments ?? [],
      subcommands: one.subcommands ?? {}
    })
  )
)

const COMMAND_DOCS = define({ words: ["COMMAND", "DOCS"], mode: "read", decode: Command.recordOf(docs) })
/**
 * COMMAND DOCS returns the documentation of some commands, by name in lower case; of all commands if none is named. A
 * subcommand is named with a bar: `config|get`. What the server does not have is left out. Needs Redis 7.0.
 *
 * @see https://redis.io/docs/latest/commands/command-docs/
 * @since 0.1.0
 * @category server
 */
export const commandDocs = (...names: Variadic<string>) => make(COMMAND_DOCS, appendAny(argv(), names))

/**
 * Where keys of a command are.
 *
 * @since 0.1.0
 * @category models
 */
export interface CommandKeySpec {
  /** What the command does with them: `RO`, `RW`, `OW`, `RM`, `access`, `update`, `insert`, `delete`, ... */
  readonly flags: ReadonlySet<string>
  /** A remark for people; `null` if there is none. */
  readonly notes: string | null
  /** Where the search begins: at an index of the command, or behind a keyword, searched from an index. */
  readonly begin:
    | {
      /** At an index. */
      readonly type: "index"
      /** The command's own words count; 1 is the first argument of a command of one word. */
      readonly index: number
    }
    | {
      /** Behind a keyword. */
      readonly type: "keyword"
      /** The keyword. */
      readonly keyword: string
      /** Where the search for it begins; a negative index counts from the end and searches backwards. */
      readonly startFrom: number
    }
    | {
      /** The server does not say. */
      readonly type: "unknown"
    }
  /** Which keys there are from there on. */
  readonly find:
    | {
      /** Up to a last key. */
      readonly type: "range"
      /** Behind the first; a negative one counts from the end of the command. */
      readonly lastKey: number
      /** Every how many-th argument is a key. */
      readonly keyStep: number
      /** Above 1, with `lastKey` -1: the keys end at this part of what is left. */
      readonly limit: number
    }
    | {
      /** As many as an argument says. */
      readonly type: "keynum"
      /** Where that argument is. */
      readonly keyNumIndex: number
      /** Where the first key is. */
      readonly firstKey: number
      /** Every how many-th argument is a key. */
      readonly keyStep: number
    }
    | {
      /** The server does not say. */
      readonly type: "unknown"
    }
}

/**
 * What COMMAND INFO tells of a command.
 *
 * @since 0.1.0
 * @category models
 */
export interface CommandInfo {
  /** Its name in lower case; a subcommand has a bar: `config|get`. */
  readonly name: string
  /** The number of words with the command's own; if negative, at least so many. */
  readonly arity: number
  /** What it is: `readonly`, `write`, `admin`, `blocking`, ... */
  readonly flags: ReadonlySet<string>
  /** Where the first key is; 0 if there is none, or if the place depends on the arguments. */
  readonly firstKey: number
  /** Where the last key is; a negative index counts from the end. */
  readonly lastKey: number
  /** Every how many-th argument is a key. */
  readonly keyStep: number
  /** The categories of its permissions, without `@`. */
  readonly categories: ReadonlySet<string>
  /** Hints for clients, such as `nondeterministic_output`. */
  readonly tips: ReadonlyArray<string>
  /** Where its keys are. */
  readonly keySpecs: ReadonlyArray<CommandKeySpec>
  /** Of a command with subcommands: what they are. */
  readonly subcommands: ReadonlyArray<CommandInfo>
}

/** A tagged form of `{ type, spec }`; what is not known is "unknown". */
const tagged = <A>(
  readers: Readonly<Record<string, Command.Decode<A>>>
): Command.Decode<A | { readonly type: "unknown" }> => {
  const outer = Command.fields({ type: Command.word }, { spec: Command.value })
  return Command.custom((value) => {
    const { spec, type } = outer(value, false)
    const read = Object.hasOwn(readers, type) ? readers[type] : undefined
    return read === undefined || spec === undefined ? { type: "unknown" as const } : read(spec as Resp.Value, false)
  })
}

const begin: Command.Decode<CommandKeySpec["begin"]> = tagged<CommandKeySpec["begin"]>({
  index: Command.map(Command.fields({ index: Command.int }), (spec) => ({ type: "index", ...spec })),
  keyword: Command.map(
    Command.fields({ keyword: Command.word, startFrom: Command.int }),
    (spec) => ({ type: "keyword", ...spec })
  )
})

const find: Command.Decode<CommandKeySpec["find"]> = tagged<CommandKeySpec["find"]>({
  range: Command.map(
    Command.fields({ lastKey: Command.int, keyStep: Command.int, limit: Command.int }),
    (spec) => ({ type: "range", ...spec })
  ),
  keynum: Command.map(
    Command.fields({ keyNumIdx: Command.int, firstKey: Command.int, keyStep: Command.int }),
    ({ firstKey, keyNumIdx, keyStep }) => ({ type: "keynum", keyNumIndex: keyNumIdx, firstKey, keyStep })
  )
})

const keySpec: Command.Decode<CommandKeySpec> = Command.map(
  fieldsOrNull({ flags: wordSet, beginSearch: begin, findKeys: find }, { notes: Command.word }),
  ({ beginSearch, findKeys, flags, notes }) => ({ flags, notes, begin: beginSearch, find: findKeys })
)

const info = nested<CommandInfo>((inner) =>
  Command.map(
    Command.struct({
      name: Command.word,
      arity: Command.int,
      flags: wordSet,
      firstKey: Command.int,
      lastKey: Command.int,
      keyStep: Command.int,
      categories: Command.words,
      tips: Command.words,
      keySpecs: Command.array(keySpec),
      subcommands: Command.array(inner)
    }),
    (one) => ({ ...one, categories: new Set(one.categories.map((category) => category.replace(/^@/, ""))) })
  )
)

const COMMAND_INFO = define({
  words: ["COMMAND", "INFO"],
  mode: "read",
  decode: Command.array(Command.nullable(info))
})
/**
 * COMMAND INFO returns what some commands are, in their order, with `null` for each that the server does not have; of
 * all commands if none is named. A subcommand is named with a bar: `config|get`. Needs Redis 7.0.
 *
 * **Example** (Whether a command writes)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { RedisClient } from "effect-redis-sentinel"
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   const [info] = yield* redis.commandInfo("getdel")
 *   return info?.flags.has("write")
 * })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/command-info/
 * @since 0.1.0
 * @category server
 */
export const commandInfo = (...names: Variadic<string>) => make(COMMAND_INFO, appendAny(argv(), names))

const COMMAND_GETKEYS = define({ words: ["COMMAND", "GETKEYS"], mode: "read", decode: Command.strings })
/**
 * COMMAND GETKEYS returns the keys of a call, which is not executed: its words are the arguments. Fails with ERR if
 * the call is wrong, or has no keys.
 *
 * @see https://redis.io/docs/latest/commands/command-getkeys/
 * @since 0.1.0
 * @category server
 */
export const commandGetkeys = (...call: Variadic<Arg>) =>
  make(COMMAND_GETKEYS, appendVariadic(COMMAND_GETKEYS.name, "call", argv(), call))

/**
 * A key of a call.
 *
 * @since 0.1.0
 * @category models
 */
export interface KeyWithFlags<out A = string> {
  /** The key. */
  readonly key: A
  /** What the command does with it: `RO`, `RW`, `OW`, `RM`, `access`, `update`, `insert`, `delete`, ... */
  readonly flags: ReadonlySet<string>
}

const keysWithFlags: Command.Decode<Array<KeyWithFlags>, Array<KeyWithFlags<Uint8Array>>> = Command.array(
  Command.struct({ key: Command.string, flags: wordSet })
)

const COMMAND_GETKEYSANDFLAGS = define({ words: ["COMMAND", "GETKEYSANDFLAGS"], mode: "read", decode: keysWithFlags })
/**
 * COMMAND GETKEYSANDFLAGS returns the keys of a call, which is not executed, and what the command does with each. Its
 * words are the arguments. Fails with ERR if the call is wrong, or has no keys. Needs Redis 7.0.
 *
 * @see https://redis.io/docs/latest/commands/command-getkeysandflags/
 * @since 0.1.0
 * @category server
 */
export const commandGetkeysandflags = (...call: Variadic<Arg>) =>
  make(COMMAND_GETKEYSANDFLAGS, appendVariadic(COMMAND_GETKEYSANDFLAGS.name, "call", argv(), call))

/**
 * Selects the commands of a module.
 *
 * @since 0.1.0
 * @category models
 */
export interface CommandsOfModule {
  /** The name of the module (MODULE). */
  readonly module: string
  /** Not with `module`. */
  readonly category?: NotWith<"module"> | undefined
  /** Not with `module`. */
  readonly pattern?: NotWith<"module"> | undefined
}

/**
 * Selects the commands of a category of permissions.
 *
 * @since 0.1.0
 * @category models
 */
export interface CommandsOfCategory {
  /** The name of the category, such as `"pubsub"` (ACLCAT). */
  readonly category: string
  /** Not with `category`. */
  readonly module?: NotWith<"category"> | undefined
  /** Not with `category`. */
  readonly pattern?: NotWith<"category"> | undefined
}

/**
 * Selects commands by their names.
 *
 * @since 0.1.0
 * @category models
 */
export interface CommandsOfPattern {
  /** A glob pattern (PATTERN). */
  readonly pattern: string
  /** Not with `pattern`. */
  readonly category?: NotWith<"pattern"> | undefined
  /** Not with `pattern`. */
  readonly module?: NotWith<"pattern"> | undefined
}

/**
 * What selects commands: exactly one of `module`, `category` and `pattern`.
 *
 * @since 0.1.0
 * @category models
 */
export type CommandListFilter = CommandsOfModule | CommandsOfCategory | CommandsOfPattern

const filters = { module: "MODULE", category: "ACLCAT", pattern: "PATTERN" } as const

const COMMAND_LIST = define({ words: ["COMMAND", "LIST"], mode: "read", decode: Command.words })
const commandListFilterFields: FieldsOf<CommandListFilter> = { module: "value", category: "value", pattern: "value" }

/**
 * COMMAND LIST returns the names of the commands that the server has, in lower case and in no order. With a filter,
 * only some of them, and subcommands as well: `config|get`. Needs Redis 7.0.
 *
 * @see https://redis.io/docs/latest/commands/command-list/
 * @since 0.1.0
 * @category server
 */
export const commandList = (filter?: CommandListFilter | undefined) => {
  const given = optionsOf(COMMAND_LIST.name, filter, commandListFilterFields)
  if (given === undefined) return make(COMMAND_LIST, argv())
  exclusive(COMMAND_LIST.name, given, ["module", "category", "pattern"])
  for (const [field, word] of Object.entries(filters)) {
    const value = given[field as keyof typeof filters]
    if (value !== undefined) return make(COMMAND_LIST, argv("FILTERBY", word, value))
  }
  throw new InvalidCommand({ command: COMMAND_LIST.name, detail: "filter: module, category or pattern is needed" })
}
