/**
 * What changes a stream: entries are added, in one command or many, trimmed and removed. Here are the commands, and how
 * they run on a client.
 */
import * as Effect from "effect/Effect"
import type * as Result from "effect/Result"
import type { PrimaryClient } from "../../Client.ts"
import * as Command from "../../Command.ts"
import type { Arg } from "../../Command.ts"
import * as commands from "../../commands/index.ts"
import { InvalidCommand, type RedisError, Unsupported } from "../../Errors.ts"
import { argumentError } from "../commands/methods.ts"
import { referencesWord, type StreamReferences } from "../commands/streams.ts"
import type { Moment } from "../commands/time.ts"
import { monotonicMillis } from "../common/time.ts"
import { choiceProblem, fieldsOf, isBytes, itemsOf, kindOf } from "../common/values.ts"
import { encodeEntry } from "./entries.ts"
import { idText, parsedId } from "./ids.ts"
import { trimNow, trimOf } from "./trimming.ts"
import type { Definition, Trim } from "./types.ts"

/**
 * Whose entry it is, so that it is added once even if it is sent twice.
 *
 * @since 0.1.0
 * @category models
 */
export interface Idempotent {
  /** The name of the producer. */
  readonly producer: Arg
  /**
   * The name of the entry at its producer. Default: one that the server makes of its fields, so that equal entries
   * count as the same.
   */
  readonly id?: Arg | undefined
  /**
   * What happens at a server that lacks it. `"required"`: the Effect fails with `Unsupported`, and nothing is added.
   * `"available"`: the entry is added without it, under the rules of any other write. Default `"required"`.
   */
  readonly where?: "required" | "available" | undefined
}

/**
 * What happens if the stream does not exist.
 *
 * @since 0.1.0
 * @category models
 */
export type WhenMissing = "create" | "skip"

/**
 * The id of what was added; also `null` where nothing is added to a stream that does not exist.
 *
 * @since 0.1.0
 * @category utility types
 */
export type AddedId<W extends WhenMissing> = "skip" extends W ? string | null : string

/**
 * Options of `add` and `addMany`.
 *
 * @since 0.1.0
 * @category models
 */
export interface AddOptions<out W extends WhenMissing = WhenMissing> {
  /** How the stream is trimmed in the same step, or `"none"`. Default: the `trim` of the stream. */
  readonly trim?: Trim | "none" | undefined
  /**
   * What happens if the stream does not exist: it is created (`"create"`), or nothing is added and the result is `null`
   * (`"skip"`, NOMKSTREAM). Default `"create"`.
   */
  readonly whenMissing?: W | undefined
}

/**
 * Options of `add` for one entry.
 *
 * @since 0.1.0
 * @category models
 */
export interface AddOneOptions<out W extends WhenMissing = WhenMissing> extends AddOptions<W> {
  /**
   * The id of the entry, which must be greater than all ids before: text such as `"5-1"`, or a moment, whose sequence
   * number the server makes, as it does for `"5-*"`. Default: an id that the server makes of its time.
   */
  readonly id?: string | Moment | undefined
  /**
   * Adds the entry only if its producer has not added it before; the result is then the id of the entry that is
   * there. The client then sends it again if the reply is lost, and does not fail with `AmbiguousOutcome`. Not with
   * `id`. Needs Redis 8.6. Default: none.
   */
  readonly idempotent?: Idempotent | undefined
}

/**
 * Options of `addMany`.
 *
 * @since 0.1.0
 * @category models
 */
export interface AddManyOptions<in T, out W extends WhenMissing = WhenMissing> extends AddOptions<W> {
  /** As for `add`; the name of each entry comes from a function of its value and its index. Default: none. */
  readonly idempotent?:
    | Omit<Idempotent, "id"> & {
      /** Gives the name of an entry at its producer. Default: one that the server makes of its fields. */
      readonly id?: ((value: T, index: number) => Arg) | undefined
    }
    | undefined
}

/**
 * Options of `remove`.
 *
 * @since 0.1.0
 * @category models
 */
export interface RemoveOptions {
  /** What happens to the pending references of groups to the entries (XDELEX). Needs Redis 8.2. Default: they stay. */
  readonly references?: StreamReferences | undefined
}

/** The options of an XADD, checked. */
interface Adding {
  readonly id: string
  readonly trim: Trim | undefined
  readonly isSkipped: boolean
  readonly idempotent: Idempotent | undefined
}

const known = new Set(["id", "trim", "whenMissing", "idempotent"])
const knownIdempotent = new Set(["producer", "id", "where"])

const refuseUnknown = (fields: object, known: ReadonlySet<string>, path: string): void => {
  const unknown = Object.keys(fields).find((name) => !known.has(name))
  if (unknown === undefined) return
  const field = /^[\w-]{1,32}$/.test(unknown) ? `${path}${unknown}` : "options"
  throw new InvalidCommand({ command: "XADD", detail: `${field}: unknown option` })
}

const isArg = (value: unknown): value is Arg =>
  typeof value === "string" || typeof value === "bigint" || (typeof value === "number" && !Number.isNaN(value)) ||
  isBytes(value)

const newId = (given: unknown): string => {
  if (given === undefined || given === "*") return "*"
  if (typeof given === "string") {
    if (parsedId(given.endsWith("-*") ? given.slice(0, -2) : given) !== undefined) return given
    throw new InvalidCommand({ command: "XADD", detail: "id: expected an id such as \"5-1\" or \"5-*\", or a moment" })
  }
  return `${idText("XADD", "id", given)}-*`
}

const idempotentOf = (given: unknown): Idempotent | undefined => {
  if (given === undefined) return undefined
  const fields = fieldsOf(given)
  if (typeof fields === "string") throw new InvalidCommand({ command: "XADD", detail: `idempotent: ${fields}` })
  refuseUnknown(fields, knownIdempotent, "idempotent.")
  const { id, producer, where = "required" } = fields
  const wrong = choiceProblem(where, ["required", "available"])
  const detail = !isArg(producer)
    ? `idempotent.producer: expected a string, a number or bytes, got ${kindOf(producer)}`
    : id !== undefined && !isArg(id)
    ? `idempotent.id: expected a string, a number or bytes, got ${kindOf(id)}`
    : wrong === undefined
    ? undefined
    : `idempotent.where: ${wrong}`
  if (detail !== undefined) throw new InvalidCommand({ command: "XADD", detail })
  return fields as unknown as Idempotent
}

const addingOf = (definition: Definition<any>, given: unknown): Adding => {
  const fields = given === undefined ? {} : fieldsOf(given)
  if (typeof fields === "string") throw new InvalidCommand({ command: "XADD", detail: `options: ${fields}` })
  refuseUnknown(fields, known, "")
  const { trim, whenMissing = "create" } = fields
  const wrong = choiceProblem(whenMissing, ["create", "skip"])
  if (wrong !== undefined) throw new InvalidCommand({ command: "XADD", detail: `whenMissing: ${wrong}` })
  const idempotent = idempotentOf(fields["idempotent"])
  const id = newId(fields["id"])
  if (idempotent !== undefined && id !== "*") {
    throw new InvalidCommand({ command: "XADD", detail: "id: not with idempotent" })
  }
  return {
    id,
    trim: trim === "none" ? undefined : trim === undefined ? definition.trim : trimOf("XADD", trim),
    isSkipped: whenMissing === "skip",
    idempotent
  }
}

const addCommand = <T>(
  definition: Definition<T>,
  value: T,
  adding: Adding,
  where?: string
): Command.Command<string | null, "write"> => {
  const { id, idempotent, isSkipped, trim } = adding
  const command = (isSkipped ? commands.xaddNomkstream : commands.xadd)(
    definition.key,
    id,
    encodeEntry(definition.codec, value, "XADD", where),
    {
      ...(trim === undefined ? {} : { trim: trimNow("XADD", trim) }),
      ...(trim?.references === undefined ? {} : { references: trim.references }),
      ...(idempotent === undefined
        ? {}
        : {
          idempotent: {
            producer: idempotent.producer,
            ...(idempotent.id === undefined ? {} : { id: idempotent.id })
          }
        })
    }
  )
  // A server adds what it knows once, however often it gets it.
  return idempotent === undefined ? command : Command.repeatable(command)
}

/** The command that adds an entry. Throws `InvalidCommand`. */
export const addOf = <T>(
  definition: Definition<T>,
  value: T,
  options?: unknown
): Command.Command<string | null, "write"> => addCommand(definition, value, addingOf(definition, options))

/** The command that trims a stream. Throws `InvalidCommand`. */
export const trimCommand = (definition: Definition<any>, given: unknown): Command.Command<number, "write"> => {
  const trim = trimOf("XTRIM", given)
  return commands.xtrim(
    definition.key,
    trimNow("XTRIM", trim),
    trim.references === undefined ? undefined : { references: trim.references }
  )
}

const deletedOf = (removals: ReadonlyArray<commands.StreamRemoval>): number =>
  removals.filter((removal) => removal === "deleted").length

/** The command that removes entries, and gives how many it removed. Throws `InvalidCommand`. */
export const removeCommand = (
  definition: Definition<any>,
  given: unknown,
  options?: unknown
): Command.Command<number, "write"> => {
  const ids = typeof given === "string" ? [given] : itemsOf(given)
  if (typeof ids === "string") throw new InvalidCommand({ command: "XDEL", detail: `ids: ${ids}` })
  const list = ids.map((id, i) => {
    if (typeof id === "string" && parsedId(id) !== undefined) return id
    throw new InvalidCommand({ command: "XDEL", detail: `ids[${i}]: expected an id such as "5-1", got ${kindOf(id)}` })
  })
  const fields = options === undefined ? {} : fieldsOf(options)
  if (typeof fields === "string") throw new InvalidCommand({ command: "XDEL", detail: `options: ${fields}` })
  const unknown = Object.keys(fields).find((name) => name !== "references")
  if (unknown !== undefined) throw new InvalidCommand({ command: "XDEL", detail: "options: unknown option" })
  const references = fields["references"]
  if (references === undefined) return commands.xdel(definition.key, list)
  referencesWord("XDELEX", references as StreamReferences)
  const command = commands.xdelex(definition.key, list, references as StreamReferences)
  return Command.withDecode(command, (value, bytes) => deletedOf(command.spec.decode(value, bytes)))
}

// -----------------------------------------------------------------------------
// Runs
// -----------------------------------------------------------------------------

/**
 * Whether a server says that it lacks an option: it reads the word of the option as an id, and executes nothing. What
 * the caller passes as an id is checked before.
 */
const isUnknownOption = (error: RedisError): boolean =>
  error._tag === "ReplyError" && /^ERR (?:invalid stream id|syntax error|unknown command)/i.test(error.detail)

const unsupported = (command: string, option: "idempotent" | "references"): Unsupported =>
  new Unsupported({ command, option, needs: option === "idempotent" ? "Redis 8.6" : "Redis 8.2" })

/** Until when a client's server counts as one without idempotent ids, in milliseconds. */
const without = new WeakMap<PrimaryClient, number>()
/** A failover may lead to a server of another version. */
const remembered = 60_000

const lacksIdempotence = (client: PrimaryClient): Effect.Effect<boolean> =>
  Effect.map(monotonicMillis, (now) => (without.get(client) ?? -Infinity) > now)

const noteLack = (client: PrimaryClient): Effect.Effect<void> =>
  Effect.map(monotonicMillis, (now) => void without.set(client, now + remembered))

/** An Effect of what may throw. */
const attempt = <A>(name: string, args: ReadonlyArray<unknown>, f: () => A): Effect.Effect<A, InvalidCommand> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(f())
    } catch (error) {
      return Effect.fail(argumentError(name, args, error))
    }
  })

/** Adds an entry. */
export const add = <T>(
  client: PrimaryClient,
  definition: Definition<T>,
  value: T,
  options: unknown
): Effect.Effect<string | null, RedisError | Unsupported> =>
  Effect.flatMap(
    attempt("XADD", [value, options], () => addingOf(definition, options)),
    (adding): Effect.Effect<string | null, RedisError | Unsupported> => {
      const { idempotent, trim } = adding
      const run = (adding: Adding) =>
        Effect.flatMap(attempt("XADD", [value], () => addCommand(definition, value, adding)), (command) =>
          client.run(command))
      const bare: Effect.Effect<string | null, RedisError | Unsupported> = Effect.catchIf(
        run({ ...adding, idempotent: undefined }),
        (error) =>
          trim?.references !== undefined && isUnknownOption(error),
        () => Effect.fail(unsupported("XADD", "references"))
      )
      if (idempotent === undefined) return bare
      const once = Effect.catchIf(
        run(adding),
        isUnknownOption,
        () => Effect.fail(unsupported("XADD", "idempotent"))
      )
      if (idempotent.where !== "available") return once
      return Effect.flatMap(lacksIdempotence(client), (lacks) =>
        lacks ? bare : Effect.catchTag(once, "Unsupported", () =>
          Effect.andThen(noteLack(client), bare)))
    }
  )

/** The values of `addMany`, and how they are added. Throws `InvalidCommand`. */
const addingMany = <T>(definition: Definition<T>, values: unknown, options: unknown) => {
  const invalid = (detail: string): InvalidCommand => new InvalidCommand({ command: "XADD", detail })
  const list = itemsOf(values)
  if (typeof list === "string") throw invalid(`values: ${list}`)
  const fields = options === undefined ? {} : fieldsOf(options)
  if (typeof fields === "string") throw invalid(`options: ${fields}`)
  if (fields["id"] !== undefined) throw invalid("id: not with many values")
  const given = fields["idempotent"] === undefined ? {} : fieldsOf(fields["idempotent"])
  const { id: nameOf = undefined, ...others } = typeof given === "string" ? {} as Record<string, unknown> : given
  if (nameOf !== undefined && typeof nameOf !== "function") {
    throw invalid(`idempotent.id: expected a function, got ${kindOf(nameOf)}`)
  }
  const adding = addingOf(definition, nameOf === undefined ? fields : { ...fields, idempotent: others })
  const { idempotent } = adding
  const named = (value: unknown, i: number): Adding => {
    if (idempotent === undefined || nameOf === undefined) return adding
    const id: unknown = nameOf(value, i)
    if (isArg(id)) return { ...adding, idempotent: { ...idempotent, id } }
    throw invalid(`idempotent.id: expected it to give a string, a number or bytes, got ${kindOf(id)}`)
  }
  const commandOf = (value: unknown, i: number, adding: Adding) =>
    addCommand(definition, value as T, adding, `values[${i}]`)
  return {
    adding,
    named: () => list.map((value, i) => commandOf(value, i, named(value, i))),
    plain: () => list.map((value, i) => commandOf(value, i, { ...adding, idempotent: undefined }))
  }
}

/** Adds entries in one pipeline. */
export const addMany = <T>(
  client: PrimaryClient,
  definition: Definition<T>,
  values: ReadonlyArray<T>,
  options: unknown
): Effect.Effect<Array<string | null>, RedisError | Unsupported> =>
  Effect.gen(function*() {
    const args = [values, options]
    const { adding, named, plain } = yield* attempt("XADD", args, () => addingMany(definition, values, options))
    const { idempotent, trim } = adding
    const addPlain = Effect.flatMap(attempt("XADD", args, plain), (commands) =>
      Effect.catchIf(
        client.pipeline(commands) as Effect.Effect<Array<string | null>, RedisError>,
        (error) => trim?.references !== undefined && isUnknownOption(error),
        () => Effect.fail(unsupported("XADD", "references"))
      ))
    if (idempotent === undefined) return yield* addPlain
    if (idempotent.where === "available" && (yield* lacksIdempotence(client))) return yield* addPlain
    const commands = yield* attempt("XADD", args, named)
    const results: Array<Result.Result<string | null, RedisError>> = yield* client.pipelineResults(commands)
    const isLacking = (result: Result.Result<unknown, RedisError>): boolean =>
      result._tag === "Failure" && isUnknownOption(result.failure)
    if (results.some(isLacking)) {
      if (idempotent.where !== "available") return yield* unsupported("XADD", "idempotent")
      yield* noteLack(client)
      // A server that lacks it adds none of them.
      if (results.every(isLacking)) return yield* addPlain
    }
    const failures = results.filter((result) => result._tag === "Failure").map(({ failure }) => failure)
    // An entry that may have been added matters more than one that was not.
    const failure = failures.find(({ _tag }) => _tag === "AmbiguousOutcome") ?? failures[0]
    if (failure !== undefined) return yield* Effect.fail(failure)
    return results.flatMap((result) => result._tag === "Success" ? [result.success] : [])
  })

/** Trims the stream, and gives how many entries it removed. */
export const trim = (
  client: PrimaryClient,
  definition: Definition<any>,
  given: unknown
): Effect.Effect<number, RedisError | Unsupported> =>
  Effect.flatMap(attempt("XTRIM", [given], () => trimCommand(definition, given)), (command) =>
    Effect.catchIf(
      client.run(command),
      (error) => (given as Trim).references !== undefined && isUnknownOption(error),
      () => Effect.fail(unsupported("XTRIM", "references"))
    ))

/** Removes entries, and gives how many it removed. */
export const remove = (
  client: PrimaryClient,
  definition: Definition<any>,
  ids: unknown,
  options: unknown
): Effect.Effect<number, RedisError | Unsupported> =>
  Effect.flatMap(attempt("XDEL", [ids], () => removeCommand(definition, ids, options)), (command) =>
    Effect.catchIf(
      client.run(command),
      (error) => command.spec.name === "XDELEX" && isUnknownOption(error),
      () => Effect.fail(unsupported("XDELEX", "references"))
    ))
