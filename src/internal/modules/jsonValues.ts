/**
 * JSON as arguments and in replies: how values are encoded and decoded, and what a path
 * says of the shape of a reply. The commands are in json.ts.
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Command from "../../Command.ts"
import type { Arg } from "../../Command.ts"
import { InvalidCommand } from "../../Errors.ts"
import type * as Resp from "../../Resp.ts"
import { isBytes, kindOf } from "../common/values.ts"

/**
 * A value of JSON.
 *
 * @since 0.1.0
 * @category models
 */
export type Json = string | number | boolean | null | ReadonlyArray<Json> | { readonly [name: string]: Json }

/**
 * What is written as JSON, by JSON.stringify: objects, arrays, texts, numbers, booleans
 * and null. A bigint, a function, a symbol, `undefined`, NaN, an infinite number and a
 * value with a circle fail with `InvalidCommand`. Inside of a value, JSON.stringify leaves
 * out fields that are `undefined`, and writes null for NaN. `encoded` is for JSON as text.
 *
 * @since 0.1.0
 * @category models
 */
export type Encodable = string | number | boolean | object | null

/** What `encoded` makes. */
class EncodedJson {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/**
 * JSON as text, for commands that take a value: it is sent as it is. For JSON that comes
 * from elsewhere, and for numbers that JavaScript cannot keep.
 *
 * **Example** (A number of 64 bits)
 *
 * ```ts
 * import * as Json from "effect-redis-sentinel/modules/Json"
 *
 * export const big = Json.set("account", "$.id", Json.encoded("9007199254740993"))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const encoded = (text: string): object => new EncodedJson(text)

/** A value as JSON. Throws `InvalidCommand` for what JSON cannot say. */
export const jsonArg = (command: string, field: string, value: unknown): string => {
  const invalid = (detail: string) => new InvalidCommand({ command, detail: `${field}: ${detail}` })
  if (value instanceof EncodedJson) {
    if (typeof value.text !== "string") throw invalid(`expected JSON as text, got ${kindOf(value.text)}`)
    return value.text
  }
  if (typeof value === "number" && !Number.isFinite(value)) throw invalid("JSON has no NaN and no infinite numbers")
  // JSON.stringify would write bytes as an object with a field for each.
  if (isBytes(value)) throw invalid("expected a value for JSON, got bytes; Json.encoded takes JSON as text")
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (error) {
    throw invalid(
      error instanceof InvalidCommand
        ? error.detail
        : `it is not JSON: ${/circular|cyclic/i.test(String(error)) ? "it has a circle" : problemOf(error)}`
    )
  }
  if (text === undefined) throw invalid(`expected a value for JSON, got ${kindOf(value)}`)
  return text
}

/** What is wrong, without the contents of the value. */
const problemOf = (error: unknown): string => /bigint/i.test(String(error)) ? "it has a bigint" : "JSON.stringify fails"

/** The values of a list as JSON. Throws `InvalidCommand` for none, and for what JSON cannot say. */
export const jsonArgs = (command: string, values: ReadonlyArray<unknown>): Array<Arg> => {
  if (!Array.isArray(values)) {
    throw new InvalidCommand({ command, detail: `values: expected an array, got ${kindOf(values)}` })
  }
  if (values.length === 0) throw new InvalidCommand({ command, detail: "values: at least one is needed" })
  return values.map((value, i) => jsonArg(command, `values[${i}]`, value))
}

/**
 * A path in JSONPath: `$`, or what begins with `$.` or `$[`. Any other path is in the
 * older syntax, as `.name`.
 *
 * @since 0.1.0
 * @category models
 */
export type JsonPath = "$" | `$.${string}` | `$[${string}`

/**
 * What a command returns for a path: for one in JSONPath an array with an element for each
 * match; for one in the older syntax a single value, `null` if there is none. For a path
 * that the type does not tell, it is either.
 *
 * @since 0.1.0
 * @category models
 */
export type Matches<P extends string, A> = P extends JsonPath ? Array<A | null>
  : string extends P ? Array<A | null> | A | null
  : A | null

/** Whether a path is in JSONPath, as the server tells. */
export const isJsonPath = (path: unknown): boolean => typeof path === "string" && /^\$(?:$|[.[])/.test(path)

/** A path. Throws `InvalidCommand` for what is not text. */
export const pathArg = (command: string, path: string): string => {
  if (typeof path !== "string") {
    throw new InvalidCommand({ command, detail: `path: expected a text, got ${kindOf(path)}` })
  }
  return path
}

/** JSON as text, parsed. */
export const parsed = (value: Resp.Value): Json => {
  const text = Command.text(value)
  try {
    return JSON.parse(text)
  } catch {
    throw new Command.Mismatch("JSON", value)
  }
}

/** Reads JSON as text, or null. */
export const jsonOrNull: Command.Decode<Json | null> = Command.custom<Json | null>((value) =>
  value === null ? null : parsed(value)
)

/** Reads an array with JSON as text, or null, in each element. */
export const jsonsOrNull: Command.Decode<Array<Json | null>> = Command.array(jsonOrNull)

/** Reads what a command returns for a path in JSONPath: an element for each match. */
export const matches = <A, B>(element: Command.Decode<A, B>): Command.Decode<Array<A | null>, Array<B | null>> =>
  Command.array(Command.nullable(element))

/** A number of JSON. */
const numberOf = (value: Json): number => {
  if (typeof value === "number") return value
  throw new Command.Mismatch("a number", null)
}

/** Reads new numbers, of a path in JSONPath: JSON as text (RESP2), or an array of numbers (RESP3). */
export const newNumbers: Command.Decode<Array<number | null>> = Command.custom<Array<number | null>>((value) => {
  if (Array.isArray(value)) return Command.floatsOrNulls(value, false)
  const list = parsed(value)
  if (!Array.isArray(list)) throw new Command.Mismatch("an array of numbers as JSON", value)
  return list.map((item) => item === null ? null : numberOf(item))
})

/**
 * Reads the new number of a path in the older syntax: JSON as text (RESP2), or an array of
 * numbers (RESP3), of which RESP2 has the last one.
 */
export const newNumber: Command.Decode<number | null> = Command.custom<number | null>((value) => {
  if (value === null) return null
  if (Array.isArray(value)) {
    return Command.floatsOrNulls(value, false).findLast((item) => item !== null) ?? null
  }
  const number = parsed(value)
  return number === null ? null : numberOf(number)
})

/** Reads a boolean: a number, or its name. */
export const bool: Command.Decode<boolean> = Command.custom<boolean>((value) =>
  value === null || typeof value === "number" || typeof value === "boolean"
    ? Command.flag(value, false)
    : wordOf(value)
)

const wordOf = (value: Resp.Value): boolean => {
  const word = Command.text(value)
  if (word === "true" || word === "false") return word === "true"
  throw new Command.Mismatch("a boolean", value)
}

/** What RESP3 puts into one more array. */
const inner = (value: Resp.Value): Resp.Value =>
  Array.isArray(value) && value.length === 1 && (value[0] === null || Array.isArray(value[0])) ? value[0]! : value

/** Reads the types of a path in JSONPath; null if the key does not exist. */
export const types: Command.Decode<Array<string | null> | null> = Command.custom<Array<string | null> | null>(
  (value) => {
    const list = inner(value)
    return list === null ? null : matches(Command.word)(list, false)
  }
)

/** Reads the type of a path in the older syntax; null if there is nothing. */
export const type: Command.Decode<string | null> = Command.custom<string | null>((value) => {
  const one = Array.isArray(value) && value.length === 1 ? value[0]! : value
  return one === null ? null : Command.text(one)
})

/**
 * The same command, with what it returns decoded by a Schema. A reply that the Schema does
 * not accept fails with `UnexpectedReply`, which does not show the reply. The reply of a
 * path in JSONPath is an array of all matches, and so is the Schema for it.
 *
 * **Example** (Users)
 *
 * ```ts
 * import { Schema } from "effect"
 * import * as Json from "effect-redis-sentinel/modules/Json"
 *
 * const User = Schema.Struct({ name: Schema.String, age: Schema.Number })
 *
 * export const user = Json.withSchema(Json.get("user:1"), Schema.NullOr(User))
 * export const names = Json.withSchema(Json.get("users", "$..name"), Schema.Array(Schema.String))
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const withSchema = <M extends Command.Mode, S extends Schema.Decoder<unknown>>(
  self: Command.Command<unknown, M, unknown>,
  schema: S
): Command.Command<S["Type"], M> => {
  const decode = Schema.decodeUnknownOption(schema)
  const before = self.spec.decode
  return Command.withDecode(
    self,
    Command.custom<S["Type"]>((value) => {
      const decoded = decode(before(value, false))
      if (Option.isNone(decoded)) throw new Command.Mismatch("a value that the schema accepts", value)
      return decoded.value
    })
  )
}
