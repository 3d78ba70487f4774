/**
 * What a script or a function returned, in the shape that its schema reads.
 *
 * Lua's values lose their types on the way, and in RESP2 more of them than in RESP3: a map
 * is a list of names and values, a double is text, true is 1, false is null. The encoded
 * side of the schema says what was meant, so that both protocols give the same result.
 */
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import * as SchemaParser from "effect/SchemaParser"
import { Buffer } from "node:buffer"
import * as Resp from "../../Resp.ts"
import { type Decode, list, mismatch, pairwise, ValueProblem } from "../commands/decoders.ts"
import { NumeralReply } from "../resp/values.ts"
import { codecOf, decodeWith, Unfit } from "../values/codecs.ts"
import { resultOf, schemaOf } from "./input.ts"

/** How often the members of unions are tried for one result. */
const mostAttempts = 10_000

/** Invalid UTF-8 is no text, and a byte order mark is part of the text. */
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const textOf = (bytes: Uint8Array): string => {
  try {
    return strictUtf8.decode(bytes)
  } catch {
    throw new Unfit("a string of the result is not UTF-8; Schema.Uint8Array reads bytes")
  }
}

type Reply = Resp.Value | NumeralReply

/** The text of what RESP2 has as a string; undefined for anything else. */
const stringOf = (value: Reply): string | undefined =>
  typeof value === "string"
    ? value
    : value instanceof Uint8Array
    ? textOf(value)
    : value instanceof NumeralReply
    ? value.text
    : undefined

const bytesOf = (value: Reply): Uint8Array | undefined =>
  value instanceof Uint8Array
    ? value
    : typeof value === "string"
    ? Buffer.from(value)
    : value instanceof NumeralReply
    ? Buffer.from(value.text)
    : undefined

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i
const infinite: ReadonlyMap<string, number> = new Map([["inf", Infinity], ["-inf", -Infinity], ["nan", NaN]])

/** The number that a text is. An integer that a number cannot hold stays text. */
const numberOf = (text: string): number | string => {
  if (!decimal.test(text)) return infinite.get(text) ?? text
  const number = Number(text)
  return Number.isInteger(number) && !Number.isSafeInteger(number) && /^[+-]?\d+$/.test(text) ? text : number
}

const withError = (error: Resp.ErrorReply): never => mismatch("a result without errors in it", error)

/** What has no other meaning for the schema: the shape of RESP2, with text. */
const plain = (value: Reply): unknown =>
  value instanceof Resp.ErrorReply
    ? withError(value)
    : Array.isArray(value)
    ? value.map(plain)
    : value instanceof Resp.MapReply
    ? value.flat.map(plain)
    : value instanceof Resp.SetReply
    ? value.values.map(plain)
    : typeof value === "boolean"
    ? Number(value)
    : stringOf(value) ?? value

const isPair = (ast: SchemaAST.AST | undefined): boolean =>
  ast?._tag === "Arrays" && ast.elements.length === 2 && ast.rest.length === 0

const guards = new WeakMap<SchemaAST.AST, (value: unknown) => boolean>()

const fits = (ast: SchemaAST.AST, value: unknown): boolean => {
  let guard = guards.get(ast)
  if (guard === undefined) guards.set(ast, guard = SchemaParser.is(Schema.make<Schema.Top>(ast)))
  return guard(value)
}

class Shaping {
  private attempts = 0

  shape(ast: SchemaAST.AST, value: Reply): unknown {
    if (value instanceof Resp.ErrorReply) return withError(value)
    switch (ast._tag) {
      case "Suspend":
        return this.shape(ast.thunk(), value)
      case "Number":
        return this.number(value)
      case "Literal":
        return typeof ast.literal === "number"
          ? this.number(value)
          : typeof ast.literal === "boolean"
          ? this.boolean(value)
          : typeof ast.literal === "bigint"
          ? this.bigint(value)
          : stringOf(value) ?? value
      case "Enum": {
        const text = stringOf(value)
        return ast.enums.some(([, member]) => member === text) ? text : this.number(value)
      }
      case "Boolean":
        return this.boolean(value)
      case "BigInt":
        return this.bigint(value)
      case "Undefined":
        return value === null ? undefined : plain(value)
      case "Void":
        return undefined
      case "Declaration":
        return bytesOf(value) ?? plain(value)
      case "Arrays":
        return this.array(ast, value)
      case "Objects":
        return this.object(ast, value)
      case "Union":
        return this.union(ast, value)
      default:
        return plain(value)
    }
  }

  private number(value: Reply): unknown {
    if (typeof value === "boolean") return Number(value)
    const text = stringOf(value)
    return text === undefined ? value : numberOf(text)
  }

  private boolean(value: Reply): unknown {
    return value === 1
      ? true
      : value === 0 || value === null
      ? false
      : typeof value === "boolean"
      ? value
      : plain(value)
  }

  private bigint(value: Reply): unknown {
    if (typeof value === "number" && Number.isInteger(value)) return BigInt(value)
    const text = stringOf(value)
    return text === undefined ? value : /^[+-]?\d{1,4096}$/.test(text) ? BigInt(text) : text
  }

  private array({ elements, rest }: SchemaAST.Arrays, value: Reply): unknown {
    if (value === null || typeof value !== "object" || value instanceof Uint8Array || value instanceof NumeralReply) {
      return plain(value)
    }
    let items: ReadonlyArray<Resp.Value> = list(value as Resp.Value)
    if (elements.length === 0 && isPair(rest[0]) && items.length % 2 === 0 && !items.some(Array.isArray)) {
      items = pairwise(items, (a, b) => [a, b])
    }
    const last = rest[0]
    return items.map((item, i) => {
      const element = elements[i] ?? last
      return element === undefined ? plain(item) : this.shape(element, item)
    })
  }

  private object({ indexSignatures, propertySignatures }: SchemaAST.Objects, value: Reply): unknown {
    if (!Array.isArray(value) && !(value instanceof Resp.MapReply)) return plain(value)
    const items = list(value as Resp.Value)
    const isListOfPairs = items.every((item) => Array.isArray(item) && item.length === 2)
    if (!isListOfPairs && items.length % 2 === 1) return plain(value)
    const types = new Map(propertySignatures.map(({ name, type }) => [name, type]))
    const out: Record<string, unknown> = {}
    pairwise(items, (key, item) => {
      const name = stringOf(key) ?? (typeof key === "number" || typeof key === "bigint" ? String(key) : undefined)
      if (name === undefined) throw new Unfit("a name in the result is not a string")
      const type = types.get(name) ?? indexSignatures[0]?.type
      Object.defineProperty(out, name, {
        value: type === undefined ? plain(item) : this.shape(type, item),
        enumerable: true,
        writable: true,
        configurable: true
      })
    })
    return out
  }

  private union({ types }: SchemaAST.Union, value: Reply): unknown {
    if (value === null) {
      if (types.some((type) => type._tag === "Null")) return null
      if (types.some((type) => type._tag === "Undefined" || type._tag === "Void")) return undefined
    }
    const members = types.filter((type) => type._tag !== "Null" && type._tag !== "Undefined")
    if (members.length === 1) return this.shape(members[0]!, value)
    for (const member of members) {
      if (++this.attempts > mostAttempts) throw new Unfit("its unions are nested too deep")
      const shaped = this.shapeOrNone(member, value)
      if (shaped !== undefined && fits(member, shaped.value)) return shaped.value
    }
    return members.length === 0 ? plain(value) : this.shape(members[0]!, value)
  }

  /** The shape for one of several members: it may not fit. */
  private shapeOrNone(member: SchemaAST.AST, value: Reply): { readonly value: unknown } | undefined {
    try {
      return { value: this.shape(member, value) }
    } catch (error) {
      if (error instanceof Unfit && this.attempts <= mostAttempts) return undefined
      throw error
    }
  }
}

/** The decoder of a result, by a schema or a codec. Throws `InvalidCommand` for what is neither. */
export const resultDecoder = <A>(of: string, path: string, given: unknown): Decode<A> => {
  const schema = schemaOf(given)
  const read = schema === undefined ? throughCodec(of, path, given) : throughSchema(schema)
  return (value) => {
    try {
      return read(value) as A
    } catch (error) {
      // A result is the value of no key.
      throw error instanceof Unfit ? new ValueProblem(error.issue, undefined, null) : error
    }
  }
}

const throughSchema = (schema: NonNullable<ReturnType<typeof schemaOf>>): (value: Resp.Value) => unknown => {
  const encoded = SchemaAST.toEncoded(schema.ast)
  const decode = SchemaParser.decodeUnknownExit(schema)
  return (value) => resultOf(schema.ast, decode(new Shaping().shape(encoded, value)))
}

const throughCodec = (of: string, path: string, given: unknown): (value: Resp.Value) => unknown => {
  const codec = codecOf(of, given as never, path)
  return (value) => {
    const bytes = bytesOf(value) ??
      (typeof value === "number" || typeof value === "bigint" ? Buffer.from(String(value)) : undefined)
    if (bytes !== undefined) return decodeWith(codec, bytes)
    if (value instanceof Resp.ErrorReply) return withError(value)
    throw new Unfit(`expected a string for the codec, got ${Resp.describe(value)}`)
  }
}
