/**
 * Codecs: how values of a type become text or bytes at the server, and values again. Most go
 * through a Schema.
 *
 * What is stored with a codec is elsewhere: Values.ts has the commands on typed values. The main
 * entry does not import this module.
 *
 * **Example** (A codec for users)
 *
 * ```ts
 * import { Schema } from "effect"
 * import * as Codec from "effect-redis-sentinel/Codec"
 *
 * class User extends Schema.Class<User>("User")({ name: Schema.String, born: Schema.DateTimeUtc }) {}
 *
 * export const user: Codec.Codec<User> = Codec.json(User)
 * ```
 *
 * @since 0.1.0
 */
import type * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import type * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaParser from "effect/SchemaParser"
import { InvalidCommand } from "./Errors.ts"
import { shortText } from "./internal/common/shortText.ts"
import { isBytes, kindOf } from "./internal/common/values.ts"
import { type Codec, Unfit } from "./internal/values/codecs.ts"
import { issueText } from "./internal/values/issue.ts"

export type { Codec } from "./internal/values/codecs.ts"

/** A schema whose codec needs no services. */
type Codable = Schema.ConstraintCodec<unknown, unknown, never, never>

/** Invalid UTF-8 is no text, and a byte order mark is part of the text. */
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const textOf = (stored: Uint8Array): string => {
  const short = shortText(stored)
  if (short !== undefined) return short
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
    "Codec.json",
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
  through("Codec.string", schema, (schema) => schema, (value) => {
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
  through("Codec.binary", schema, (schema) => schema, (value) => {
    if (isBytes(value)) return value
    throw new Unfit("the schema does not encode it as bytes")
  }, (stored) => stored)
