/**
 * Typed values: commands whose values go through a Schema or a codec, for the values of
 * strings, hashes, lists, sets, sorted sets, geo sets and arrays. Keys and fields stay text or
 * bytes.
 *
 * The commands go into pipelines and transactions like all others, and
 * `redis.values(users)` has them as methods. The main entry does not import this module.
 *
 * **Example** (Users as JSON)
 *
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { RedisClient } from "effect-redis-sentinel"
 * import * as Values from "effect-redis-sentinel/Values"
 *
 * class User extends Schema.Class<User>("User")({ name: Schema.String, born: Schema.DateTimeUtc }) {}
 *
 * const users = Values.make(Values.json(User))
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   const ada = yield* redis.values(users).get("user:1") // User | null
 *   if (ada !== null) yield* redis.pipeline([users.set("user:2", ada), users.lpush("recent", ada)])
 *   return ada
 * })
 * ```
 *
 * @since 0.1.0
 */
import type * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import type * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaParser from "effect/SchemaParser"
import * as Command from "./Command.ts"
import * as commands from "./commands/index.ts"
import { InvalidCommand } from "./Errors.ts"
import { ValueProblem } from "./internal/commands/decoders.ts"
import { fieldsOf, isBytes, kindOf } from "./internal/common/values.ts"
import type { Values } from "./internal/values/commands.ts"
import { issueText } from "./internal/values/issue.ts"
import { type DecodeValue, type Encode, table } from "./internal/values/table.ts"

export type { ValueMethods, Values } from "./internal/values/commands.ts"
export type { ValueReads } from "./internal/values/reads.ts"
export type {
  GeoAroundValue,
  GeoFromValue,
  GeoSearchOf,
  GeoValue,
  IfEqualOf,
  IfNotEqualOf,
  Outcome,
  PoppedScoredValues,
  PoppedValues,
  SetOptionsOf,
  ValueConditionOf,
  ZaddIncrOptions
} from "./internal/values/results.ts"
export type { ValueWrites } from "./internal/values/writes.ts"

/**
 * How values of a type are stored. Members of sets and sorted sets are equal if their stored
 * bytes are equal, so that a codec must always encode equal values alike.
 *
 * @since 0.1.0
 * @category models
 */
export interface Codec<in out T> {
  /** Gives what is stored. It may throw for a value that cannot be stored. */
  readonly encode: (value: T) => string | Uint8Array
  /** Gives the value of what is stored. It may throw for what does not fit. */
  readonly decode: (stored: Uint8Array) => T
}

/** What the codecs of this module throw: why a value does not fit, without what it contains. */
class Unfit {
  readonly issue: string
  constructor(issue: string) {
    this.issue = issue
  }
}

/** A schema whose codec needs no services. */
type Codable = Schema.ConstraintCodec<unknown, unknown, never, never>

/** Invalid UTF-8 is no text, and a byte order mark is part of the text. */
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const textOf = (stored: Uint8Array): string => {
  try {
    return strictUtf8.decode(stored)
  } catch {
    throw new Unfit("it is not UTF-8")
  }
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    // What the parser says repeats a part of the text.
    throw new Unfit("it is not JSON")
  }
}

const isCodable = (schema: unknown): schema is Codable => {
  try {
    return Schema.isSchema(schema)
  } catch {
    return false
  }
}

/** A codec that goes through a schema; `stored` and `read` are on the side of the bytes. */
const through = <T>(
  name: string,
  given: Codable,
  encoded: (schema: Codable) => Codable,
  stored: (encoded: unknown) => string | Uint8Array,
  read: (stored: Uint8Array) => unknown
): Codec<T> => {
  if (!isCodable(given)) {
    throw new InvalidCommand({ command: name, detail: `schema: expected a Schema, got ${kindOf(given)}` })
  }
  const schema = encoded(given)
  const encode = SchemaParser.encodeUnknownExit(schema)
  const decode = SchemaParser.decodeUnknownExit(schema)
  const result = (exit: Exit.Exit<unknown, SchemaIssue.Issue>): unknown => {
    if (exit._tag === "Success") return exit.value
    const reason = exit.cause.reasons.find((reason) => reason._tag === "Fail")
    throw new Unfit(
      reason === undefined
        ? "the schema did not finish: it throws, or is asynchronous"
        : issueText(schema.ast, reason.error)
    )
  }
  return {
    encode: (value) => stored(result(encode(value))),
    decode: (bytes) => result(decode(read(bytes))) as T
  }
}

/**
 * Stores values as JSON text, through the schema's JSON codec: dates, classes and other
 * types of Effect become JSON and come back. Throws `InvalidCommand` for what is not a
 * schema. The schema may neither be asynchronous nor need services.
 *
 * @since 0.1.0
 * @category codecs
 */
export const json = <S extends Schema.ConstraintCodec<unknown, unknown, never, never>>(schema: S): Codec<S["Type"]> =>
  through(
    "Values.json",
    schema,
    (schema) => Schema.toCodecJson(schema) as unknown as Codable,
    (value) => {
      const text = JSON.stringify(value) as string | undefined
      if (text === undefined) throw new Unfit("it has no JSON")
      return text
    },
    (stored) => parsed(textOf(stored))
  )

/**
 * Stores values as text, through a schema whose encoded side is a string, such as
 * `Schema.NumberFromString`. Throws `InvalidCommand` for what is not a schema.
 *
 * @since 0.1.0
 * @category codecs
 */
export const string = <S extends Schema.ConstraintCodec<unknown, string, never, never>>(schema: S): Codec<S["Type"]> =>
  through("Values.string", schema, (schema) => schema, (value) => {
    if (typeof value === "string") return value
    throw new Unfit("the schema does not encode it as a string")
  }, textOf)

/**
 * Stores values as bytes, through a schema whose encoded side is a `Uint8Array`, such as
 * `Schema.Uint8Array` itself. Throws `InvalidCommand` for what is not a schema.
 *
 * @since 0.1.0
 * @category codecs
 */
export const binary = <S extends Schema.ConstraintCodec<unknown, Uint8Array, never, never>>(
  schema: S
): Codec<S["Type"]> =>
  through("Values.binary", schema, (schema) => schema, (value) => {
    if (isBytes(value)) return value
    throw new Unfit("the schema does not encode it as bytes")
  }, (stored) => stored)

const constructors: Readonly<Record<keyof typeof table, (...args: ReadonlyArray<any>) => Command.Any>> = commands

/** A codec as it was passed. Throws `InvalidCommand` for what is none. */
const codecOf = <T>(given: Codec<T>): Codec<T> => {
  const fields = fieldsOf(given)
  const detail = typeof fields === "string"
    ? `codec: ${fields}`
    : (["encode", "decode"] as const).flatMap((field) =>
      typeof fields[field] === "function" ? [] : [`codec.${field}: expected a function, got ${kindOf(fields[field])}`]
    )[0]
  if (detail !== undefined) throw new InvalidCommand({ command: "Values.make", detail })
  return fields as unknown as Codec<T>
}

/** The command of a constructor in words, as its errors name it: all commands on values have one word. */
const commandOf = (constructor: string): string => constructor.replace(/[A-Z].*/, "").toUpperCase()

/** Why a codec did not accept a value, without its own message, which may repeat the value. */
const issueOf = (error: unknown): string => error instanceof Unfit ? error.issue : "the codec does not accept it"

/**
 * Makes the commands on values of one type. A command whose value cannot be encoded throws
 * `InvalidCommand` when it is made; as a method it fails with it, before anything is sent. A
 * stored value that does not fit fails with `ValueMismatch`. Throws `InvalidCommand` for
 * what is not a codec.
 *
 * **Example** (Values as MessagePack)
 *
 * ```ts
 * import * as Values from "effect-redis-sentinel/Values"
 *
 * declare const msgpack: { pack: (value: unknown) => Uint8Array; unpack: (bytes: Uint8Array) => unknown }
 *
 * export const anything = Values.make<unknown>({ encode: msgpack.pack, decode: msgpack.unpack })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <T>(codec: Codec<T>): Values<T> => {
  const { decode, encode } = codecOf(codec)
  const decodeValue: DecodeValue = (stored, index, key) => {
    try {
      return decode(stored)
    } catch (error) {
      throw new ValueProblem(issueOf(error), index, key)
    }
  }
  const encodeFor = (command: string): Encode => (value, where) => {
    let stored: unknown
    let issue: string | undefined
    try {
      stored = encode(value as T)
    } catch (error) {
      issue = issueOf(error)
    }
    if (issue === undefined && typeof stored !== "string" && !isBytes(stored)) {
      issue = `expected its codec to give a string or bytes, got ${kindOf(stored)}`
    }
    if (issue !== undefined) throw new InvalidCommand({ command, detail: `${where}: ${issue}` })
    return stored as string | Uint8Array
  }
  const out: Record<string, unknown> = {}
  for (const name of Object.keys(table) as Array<keyof typeof table>) {
    const [put, take] = table[name]
    const construct = constructors[name]
    const encodeValue = encodeFor(commandOf(name))
    if (take === undefined) {
      out[name] = (...args: ReadonlyArray<unknown>) => construct(...put(args, encodeValue))
      continue
    }
    // One definition for all commands of a constructor, except those that make theirs each time.
    let last: Command.Spec | undefined
    let derived: Command.Spec<unknown, Command.Mode> | undefined
    out[name] = (...args: ReadonlyArray<unknown>) => {
      const command = construct(...put(args, encodeValue))
      const spec = command.spec
      if (derived === undefined || last !== spec) {
        last = spec
        derived = Command.decoding(spec, (value) => take(spec.decode(value, true), decodeValue))
      }
      return Command.withSpec(command, derived)
    }
  }
  return out as unknown as Values<T>
}
