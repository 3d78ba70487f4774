/**
 * The layout of entries for a schema: a struct, a class or a union of them becomes the fields of an entry. Each of its
 * properties is stored as text where that loses nothing, as bytes if it is bytes, and as JSON otherwise.
 *
 * Schemas of anything else have no layout: their values are stored in one field.
 */
import type * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import type * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaParser from "effect/SchemaParser"
import { Buffer, isUtf8 } from "node:buffer"
import * as Codec from "../../Codec.ts"
import { shortText } from "../common/shortText.ts"
import { isBytes } from "../common/values.ts"
import { decodeWith, encodeWith, Unfit } from "../values/codecs.ts"
import { issueText } from "../values/issue.ts"
import type { EntryCodec, RawFields } from "./types.ts"

type AnySchema = Schema.ConstraintCodec<unknown, unknown, never, never>

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true })

/** Bytes as text; undefined if they are not UTF-8. */
export const textOf = (bytes: Uint8Array): string | undefined => {
  const short = shortText(bytes)
  if (short !== undefined) return short
  if (!isUtf8(bytes)) return undefined
  try {
    return utf8.decode(bytes)
  } catch {
    // It is longer than a string can be.
    return undefined
  }
}

/** How the value of one field is stored. Both functions throw `Unfit`. */
interface Leaf {
  readonly encode: (value: unknown) => string | Uint8Array
  readonly decode: (stored: Uint8Array) => unknown
}

interface Property {
  readonly name: string
  /** Its name as it is stored; undefined if it cannot be. */
  readonly stored: Uint8Array | undefined
  readonly leaf: Leaf
  /** Whether it is `undefined` in an entry that lacks it, and not missing. */
  readonly isUndefined: boolean
}

/** The fields of one struct. */
interface Layout {
  readonly properties: ReadonlyArray<Property>
  /** The fields of other names; undefined if there are none. */
  readonly others: Leaf | undefined
  /** The properties of which the schema knows the only value. */
  readonly literals: ReadonlyArray<readonly [name: string, value: SchemaAST.LiteralValue]>
  readonly fits: (encoded: unknown) => boolean
}

/** What text cannot be without a loss: half of a surrogate pair. */
const loneSurrogate = /\p{Surrogate}/u

const plainText: Leaf = {
  encode: (value) => {
    if (typeof value !== "string") throw new Unfit("Expected string")
    if (loneSurrogate.test(value)) throw new Unfit("Expected well-formed text")
    return value
  },
  decode: (stored) => {
    const text = textOf(stored)
    if (text === undefined) throw new Unfit("it is not UTF-8")
    return text
  }
}

const plainBytes: Leaf = {
  encode: (value) => {
    if (!isBytes(value)) throw new Unfit("Expected Uint8Array")
    return value
  },
  decode: (stored) => stored
}

const leafOfCodec = (codec: Codec.Codec<unknown>): Leaf => ({
  encode: (value) => encodeWith(codec, value),
  decode: (stored) => decodeWith(codec, stored)
})

/** More digits than these may be more than a number holds. */
const mostDigits = 15

/** The integer that bytes say in the one way in which this library writes it; undefined for anything else. */
const plainInteger = (stored: Uint8Array): number | undefined => {
  const { length } = stored
  const isNegative = stored[0] === 0x2d
  const first = isNegative ? 1 : 0
  const digits = length - first
  if (digits === 0 || digits > mostDigits) return undefined
  if (stored[first] === 0x30) return length === 1 ? 0 : undefined
  let value = 0
  for (let i = first; i < length; i++) {
    const digit = stored[i]! - 0x30
    if (digit < 0 || digit > 9) return undefined
    value = value * 10 + digit
  }
  return isNegative ? -value : value
}

/** Integers need no text and no schema. */
const withPlainIntegers = ({ decode, encode }: Leaf): Leaf => ({
  encode,
  decode: (stored) => plainInteger(stored) ?? decode(stored)
})

const schemaOf = (ast: SchemaAST.AST): AnySchema => Schema.make<AnySchema>(ast as AnySchema["ast"])

const isBytesAst = (ast: SchemaAST.AST): boolean =>
  ast._tag === "Declaration" &&
  (ast.annotations?.["representation"] as { id?: unknown } | undefined)?.id === "effect/schema/Uint8Array"

/** The values of a union of literals; undefined if it has other members. */
const literalValues = (ast: SchemaAST.AST): ReadonlyArray<unknown> | undefined => {
  switch (ast._tag) {
    case "Literal":
      return [ast.literal]
    case "Enum":
      return ast.enums.map(([, value]) => value)
    case "Union": {
      const values = ast.types.map(literalValues)
      return values.includes(undefined) ? undefined : values.flatMap((some) => some!)
    }
    default:
      return undefined
  }
}

const isStringAst = (ast: SchemaAST.AST): boolean => {
  switch (ast._tag) {
    case "String":
    case "TemplateLiteral":
      return true
    case "Literal":
      return typeof ast.literal === "string"
    case "Enum":
      return ast.enums.every(([, value]) => typeof value === "string")
    case "Union":
      return ast.types.every(isStringAst)
    default:
      return false
  }
}

/** Whether text says which value it is: `"5"` in a union of numbers and strings does not. */
const isTextAst = (ast: SchemaAST.AST): boolean => {
  switch (ast._tag) {
    case "Number":
    case "Boolean":
    case "BigInt":
      return true
    case "Declaration":
      return isStringAst(SchemaAST.toEncoded(Schema.toCodecStringTree(schemaOf(ast)).ast))
    default: {
      if (isStringAst(ast)) return true
      const values = literalValues(ast)
      return values !== undefined && new Set(values.map(String)).size === new Set(values).size
    }
  }
}

/** The type of a property without `undefined`, which no entry stores; undefined if there is no other value. */
const defined = (ast: SchemaAST.AST): SchemaAST.AST | undefined => {
  if (ast._tag === "Undefined" || ast._tag === "Void") return undefined
  if (ast._tag !== "Union" || ast.checks !== undefined) return ast
  const types = ast.types.filter(({ _tag }) => _tag !== "Undefined" && _tag !== "Void")
  return types.length === ast.types.length
    ? ast
    : types.length <= 1
    ? types[0]
    : new SchemaAST.Union(types, ast.options)
}

/** How the values of a type are stored in a field of their own. */
const leafOf = (ast: SchemaAST.AST): Leaf => {
  if (isBytesAst(ast)) return plainBytes
  // The schema of the whole value checks what it is.
  if (isStringAst(ast)) return plainText
  const schema = schemaOf(ast)
  try {
    if (isTextAst(ast)) {
      const leaf = leafOfCodec(Codec.string(
        Schema.toCodecStringTree(schema) as unknown as Schema.ConstraintCodec<unknown, string, never, never>
      ))
      return ast._tag === "Number" && ast.checks === undefined ? withPlainIntegers(leaf) : leaf
    }
  } catch {
    // A type without a form as text has one as JSON.
  }
  return leafOfCodec(Codec.json(schema))
}

const nothing: Leaf = {
  encode: () => {
    throw new Unfit("Expected undefined")
  },
  decode: () => {
    throw new Unfit("Expected undefined")
  }
}

const layoutOf = (ast: SchemaAST.Objects): Layout | string => {
  const properties: Array<Property> = []
  const literals: Array<readonly [string, SchemaAST.LiteralValue]> = []
  for (const { name, type } of ast.propertySignatures) {
    if (typeof name !== "string") return "the names of the fields must be strings"
    const present = defined(type)
    properties.push({
      name,
      stored: loneSurrogate.test(name) ? undefined : Buffer.from(name),
      leaf: present === undefined ? nothing : leafOf(present),
      isUndefined: present !== type && type.context?.isOptional !== true
    })
    if (type._tag === "Literal") literals.push([name, type.literal])
  }
  if (ast.indexSignatures.length > 1 || ast.indexSignatures.some(({ parameter }) => parameter._tag === "Symbol")) {
    return "the names of the fields must be strings"
  }
  const [index] = ast.indexSignatures
  if (properties.length === 0 && index === undefined) return "the schema has no fields"
  return {
    properties,
    others: index === undefined ? undefined : leafOf(defined(index.type) ?? index.type),
    literals,
    fits: SchemaParser.is(schemaOf(ast))
  }
}

/** The structs that a schema is made of on its encoded side; undefined if it is made of anything else. */
const structsOf = (ast: SchemaAST.AST): ReadonlyArray<SchemaAST.Objects> | undefined => {
  if (ast._tag === "Objects") return [ast]
  if (ast._tag !== "Union") return undefined
  const structs = ast.types.map(structsOf)
  return structs.includes(undefined) ? undefined : structs.flatMap((some) => some!)
}

const setField = (record: Record<string, unknown>, name: string, value: unknown): void => {
  if (name === "__proto__") {
    Object.defineProperty(record, name, { value, enumerable: true, writable: true, configurable: true })
  } else record[name] = value
}

/** Runs `f`, and says in its issue where the value is. */
const at = <A>(where: string, f: () => A): A => {
  try {
    return f()
  } catch (error) {
    throw inField(where, error)
  }
}

const inField = (where: string, error: unknown): unknown =>
  error instanceof Unfit ? new Unfit(`at ${where}: ${error.issue}`) : error

/** The name of a field of another name is data, which no issue repeats. */
const otherName = "*"

const encodeFields = (
  { others, properties }: Layout,
  encoded: Readonly<Record<string, unknown>>
): Array<readonly [string, string | Uint8Array]> => {
  const fields: Array<readonly [string, string | Uint8Array]> = []
  const names = new Set<string>()
  for (const { leaf, name } of properties) {
    names.add(name)
    const value = Object.hasOwn(encoded, name) ? encoded[name] : undefined
    if (value !== undefined) fields.push([name, at(name, () => leaf.encode(value))])
  }
  if (others !== undefined) {
    for (const name of Object.keys(encoded)) {
      const value = encoded[name]
      if (names.has(name) || value === undefined) continue
      fields.push([at(otherName, () => plainText.encode(name) as string), at(otherName, () => others.encode(value))])
    }
  }
  if (fields.length > 0) return fields
  // An entry has at least one field.
  if (others !== undefined) throw new Unfit("it has no fields")
  return [["", ""]]
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean => {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** The last value of a field. */
const valueOf = (fields: RawFields, name: Uint8Array | undefined): Uint8Array | undefined => {
  if (name === undefined) return undefined
  for (let i = fields.length - 1; i >= 0; i--) if (isSame(fields[i]![0], name)) return fields[i]![1]
  return undefined
}

/** More pairs of a property and a field than this are not compared with each other. */
const mostComparisons = 64

/** Without a text for each name, which costs more than the rest of an entry with few fields. */
const decodeFewFields = (properties: ReadonlyArray<Property>, fields: RawFields): Record<string, unknown> => {
  const encoded: Record<string, unknown> = {}
  for (const { isUndefined, leaf, name, stored } of properties) {
    const value = valueOf(fields, stored)
    if (value !== undefined) setField(encoded, name, decodeAt(name, leaf, value))
    else if (isUndefined) setField(encoded, name, undefined)
  }
  return encoded
}

const decodeAt = (name: string, leaf: Leaf, value: Uint8Array): unknown => {
  try {
    return leaf.decode(value)
  } catch (error) {
    throw inField(name, error)
  }
}

const decodeFields = (
  { others, properties }: Layout,
  stored: ReadonlyMap<string, Uint8Array>
): Record<string, unknown> => {
  const encoded: Record<string, unknown> = {}
  const names = new Set<string>()
  for (const { isUndefined, leaf, name } of properties) {
    names.add(name)
    const value = stored.get(name)
    if (value !== undefined) setField(encoded, name, decodeAt(name, leaf, value))
    else if (isUndefined) setField(encoded, name, undefined)
  }
  if (others !== undefined) {
    for (const [name, value] of stored) {
      if (!names.has(name)) setField(encoded, name, at(otherName, () => others.decode(value)))
    }
  }
  return encoded
}

const namedFields = (fields: RawFields): ReadonlyMap<string, Uint8Array> => {
  const stored = new Map<string, Uint8Array>()
  for (const [name, value] of fields) {
    const text = textOf(name)
    if (text !== undefined) stored.set(text, value)
  }
  return stored
}

/** The codec of entries whose fields are the properties of a schema, or why there is none. */
export const fieldsCodec = (schema: AnySchema): EntryCodec<any> | string => {
  let layouts: ReadonlyArray<Layout>
  try {
    const structs = structsOf(SchemaAST.toEncoded(schema.ast))
    if (structs === undefined || structs.length === 0) {
      return "only a struct, a class or a union of them has fields"
    }
    const given = structs.map(layoutOf)
    const problem = given.find((layout) => typeof layout === "string")
    if (typeof problem === "string") return problem
    layouts = given as ReadonlyArray<Layout>
  } catch {
    return "the schema cannot be laid out as fields"
  }
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
  const [only] = layouts
  return {
    encode: (value) => {
      const encoded = result(encode(value)) as Readonly<Record<string, unknown>>
      const layout = layouts.length === 1
        ? only!
        : layouts.find(({ fits, literals }) =>
          literals.every(([name, literal]) => encoded[name] === literal) && fits(encoded)
        )
      if (layout === undefined) throw new Unfit("the schema does not encode it as one of its structs")
      return encodeFields(layout, encoded)
    },
    decode: (fields) => {
      const { others, properties } = only!
      if (layouts.length === 1 && others === undefined && properties.length * fields.length <= mostComparisons) {
        return result(decode(decodeFewFields(properties, fields)))
      }
      const stored = namedFields(fields)
      if (layouts.length === 1) return result(decode(decodeFields(only!, stored)))
      let first: Unfit | undefined
      for (const layout of layouts) {
        const isOther = layout.literals.some(([name, literal]) => {
          const value = stored.get(name)
          return value === undefined || textOf(value) !== String(literal)
        })
        if (isOther) continue
        try {
          return result(decode(decodeFields(layout, stored)))
        } catch (error) {
          if (!(error instanceof Unfit)) throw error
          first ??= error
        }
      }
      throw first ?? new Unfit("it is none of the schema's structs")
    }
  }
}
