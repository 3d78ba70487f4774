/**
 * What a script or a function is called with, as the keys and arguments that are sent:
 * checked, encoded, and in the order of their declaration.
 */
import type * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import type * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaParser from "effect/SchemaParser"
import type * as Command from "../../Command.ts"
import { InvalidCommand } from "../../Errors.ts"
import { fieldsOf, isBytes, itemsOf, kindOf } from "../common/values.ts"
import { codecOf, encodeWith, Unfit } from "../values/codecs.ts"
import { issueText } from "../values/issue.ts"
import type { Arguments, Keys, Many } from "./definition.ts"

/** Gives what is sent for a value. Throws `Unfit`. */
type Encode = (value: unknown) => Command.Arg

interface Parameter {
  readonly name: string
  readonly isMany: boolean
  readonly encode: Encode
}

/** Gives the arguments of EVALSHA or FCALL after the script: the number of keys, keys, arguments. */
export type EncodeInput = (command: string, input: unknown) => Array<Command.Arg>

const invalid = (command: string, detail: string): InvalidCommand => new InvalidCommand({ command, detail })

/** A schema, or undefined for anything else. */
export const schemaOf = (given: unknown): Schema.ConstraintCodec<unknown, unknown> | undefined => {
  try {
    return Schema.isSchema(given) ? given as unknown as Schema.ConstraintCodec<unknown, unknown> : undefined
  } catch {
    return undefined
  }
}

/** The result of a schema. Throws `Unfit`. */
export const resultOf = (ast: SchemaAST.AST, exit: Exit.Exit<unknown, SchemaIssue.Issue>): unknown => {
  if (exit._tag === "Success") return exit.value
  const reason = exit.cause.reasons.find((reason) => reason._tag === "Fail")
  throw new Unfit(
    reason === undefined ? "the schema did not finish: it throws, or is asynchronous" : issueText(ast, reason.error)
  )
}

const isSendable = (value: unknown): value is Command.Arg =>
  typeof value === "string" || typeof value === "bigint" || (typeof value === "number" && !Number.isNaN(value)) ||
  isBytes(value)

const remedy = "it has to be a string, a number or bytes; Codec.json sends other values as JSON, " +
  "Schema.fromJsonString as well"

/** Whether a value of this encoded side may be one that can be sent. */
const maySend = (ast: SchemaAST.AST): boolean => {
  switch (ast._tag) {
    case "Null":
    case "Undefined":
    case "Void":
    case "Never":
    case "Boolean":
    case "Symbol":
    case "UniqueSymbol":
    case "ObjectKeyword":
    case "Arrays":
    case "Objects":
      return false
    case "Literal":
      return typeof ast.literal !== "boolean"
    case "Union":
      return ast.types.every(maySend)
    default:
      return true
  }
}

const encoderOf = (command: string, path: string, given: unknown): Encode => {
  const schema = schemaOf(given)
  if (schema === undefined) {
    const codec = codecOf(command, given as never, path)
    return (value) => encodeWith(codec, value as never)
  }
  if (!maySend(SchemaAST.toEncoded(schema.ast))) throw invalid(command, `${path}: the schema's encoded side: ${remedy}`)
  const encode = SchemaParser.encodeUnknownExit(schema)
  return (value) => {
    const encoded = resultOf(schema.ast, encode(value))
    if (isSendable(encoded)) return encoded
    throw new Unfit(`the schema gives ${Number.isNaN(encoded) ? "NaN" : kindOf(encoded)}; ${remedy}`)
  }
}

const keyOf: Encode = (value) => {
  if (typeof value === "string" || isBytes(value)) return value
  throw new Unfit(`expected a key as a string or bytes, got ${kindOf(value)}`)
}

const nameProblem = (name: unknown): string | undefined =>
  typeof name === "string" && /^[A-Za-z_$][\w$]{0,63}$/.test(name)
    ? undefined
    : "a name has to be an identifier of at most 64 letters, digits and underscores"

const isMany = (value: unknown): value is Many<unknown> => {
  const fields = typeof value === "object" && value !== null && schemaOf(value) === undefined ? fieldsOf(value) : ""
  return typeof fields === "object" && fields["many"] !== undefined
}

const parametersByName = (command: string, path: string, given: unknown): Array<Parameter> => {
  const fields = fieldsOf(given)
  if (typeof fields === "string") throw invalid(command, `${path}: ${fields}`)
  return Object.entries(fields).map(([name, type]) => {
    const problem = nameProblem(name)
    if (problem !== undefined) throw invalid(command, `${path}: ${problem}`)
    return isMany(type)
      ? { name, isMany: true, encode: encoderOf(command, `${path}.${name}`, type.many) }
      : { name, isMany: false, encode: encoderOf(command, `${path}.${name}`, type) }
  })
}

const keyParameters = (command: string, path: string, given: unknown): Array<Parameter> => {
  if (given === undefined) return []
  if (!Array.isArray(given) && !isMany(given)) return parametersByName(command, path, given)
  const items = isMany(given) ? [given] : itemsOf(given)
  if (typeof items === "string") throw invalid(command, `${path}: ${items}`)
  return items.map((item, i) => {
    const name = isMany(item) ? item.many : item
    const problem = nameProblem(name)
    if (problem !== undefined) throw invalid(command, `${path}[${i}]: ${problem}`)
    return { name: name as string, isMany: isMany(item), encode: keyOf }
  })
}

/** What encodes the calls of a script. Throws `InvalidCommand` for keys or arguments that are not well defined. */
export const inputOf = (
  of: string,
  prefix: string,
  { args, keys }: { readonly keys: Keys | undefined; readonly args: Arguments | undefined }
): EncodeInput => {
  const keyList = keyParameters(of, `${prefix}keys`, keys)
  const argList = args === undefined ? [] : parametersByName(of, `${prefix}args`, args)
  const all = [...keyList, ...argList]
  const names = new Set<string>()
  for (const [path, list] of [["keys", keyList], ["args", argList]] as const) {
    list.forEach(({ isMany, name }, i) => {
      if (names.has(name)) throw invalid(of, `${prefix}${path}: ${name} is declared twice`)
      names.add(name)
      if (isMany && i < list.length - 1) {
        throw invalid(of, `${prefix}${path}.${name}: only the last one may stand for any number of them`)
      }
    })
  }
  const expected = all.length === 0 ? "there are none" : `they are ${Array.from(names).join(", ")}`
  const append = (
    command: string,
    out: Array<Command.Arg>,
    { encode, isMany, name }: Parameter,
    value: unknown
  ): void => {
    const encoded = (path: string, value: unknown): Command.Arg => {
      try {
        return encode(value)
      } catch (error) {
        throw error instanceof Unfit ? invalid(command, `${path}: ${error.issue}`) : error
      }
    }
    if (!isMany) return void out.push(encoded(name, value))
    const items = itemsOf(value)
    if (typeof items === "string") throw invalid(command, `${name}: ${items}`)
    for (let i = 0; i < items.length; i++) out.push(encoded(`${name}[${i}]`, items[i]))
  }
  return (command, input) => {
    const fields = input === undefined && all.length === 0 ? {} : fieldsOf(input)
    if (typeof fields === "string") throw invalid(command, `the keys and arguments: ${fields}`)
    for (const name of Object.keys(fields)) {
      if (names.has(name)) continue
      const shown = nameProblem(name) === undefined ? name : "a name"
      throw invalid(command, `${shown}: it is not the name of a key or an argument; ${expected}`)
    }
    for (const { name } of all) if (!(name in fields)) throw invalid(command, `${name}: it is missing`)
    const out: Array<Command.Arg> = [0]
    for (const key of keyList) append(command, out, key, fields[key.name])
    out[0] = out.length - 1
    for (const arg of argList) append(command, out, arg, fields[arg.name])
    return out
  }
}
