/**
 * Options and arguments that several commands of search share. Those of one command are
 * with it.
 */
import type { Arg } from "../../Command.ts"
import type { DurationInput } from "../../commands/options.ts"
import { InvalidCommand } from "../../Errors.ts"
import { appendAll, arrayOf, type FieldsOf, keyword, objectOf, type OneOrMore, optionsOf } from "../commands/args.ts"
import { millisOf } from "../commands/time.ts"
import { kindOf } from "../common/values.ts"
import { integerArg, textArg } from "./args.ts"

/**
 * The dialect of a query; vectors need 2 or later. Default: that of the server.
 *
 * @since 0.1.0
 * @category models
 */
export type Dialect = 1 | 2 | 3 | 4

/**
 * The languages whose words the server knows in all their forms.
 *
 * @since 0.1.0
 * @category models
 */
export type Language =
  | "arabic"
  | "armenian"
  | "basque"
  | "catalan"
  | "chinese"
  | "danish"
  | "dutch"
  | "english"
  | "finnish"
  | "french"
  | "german"
  | "greek"
  | "hindi"
  | "hungarian"
  | "indonesian"
  | "irish"
  | "italian"
  | "lithuanian"
  | "malay"
  | "nepali"
  | "norwegian"
  | "portuguese"
  | "romanian"
  | "russian"
  | "serbian"
  | "spanish"
  | "swedish"
  | "tagalog"
  | "tamil"
  | "turkish"
  | "yiddish"

/**
 * The values of the parameters of a query: `$name` in the query stands for the value of
 * `name`. Vectors are bytes.
 *
 * @since 0.1.0
 * @category models
 */
export type Params = Readonly<Record<string, Arg>>

/**
 * Which of the results are returned.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limit {
  /** How many results are passed over. */
  readonly offset: number
  /** How many results are returned at most. */
  readonly count: number
}

/**
 * The name of a property in an aggregation: a field with `@` before it.
 *
 * @since 0.1.0
 * @category models
 */
export type Property = `@${string}`

/**
 * A property that results are sorted by, and in which direction.
 *
 * @since 0.1.0
 * @category models
 */
export interface SortProperty {
  /** The property. */
  readonly by: Property
  /** The direction. Default `"asc"`. */
  readonly order?: "asc" | "desc" | undefined
}

/**
 * A field that is loaded or returned, under another name.
 *
 * @since 0.1.0
 * @category models
 */
export interface NamedField {
  /** The field of a hash, or the JSONPath in a document. */
  readonly identifier: string
  /** The name that it has in the results. */
  readonly as: string
}

const invalid = (command: string, detail: string): InvalidCommand => new InvalidCommand({ command, detail })

/** A property. Throws `InvalidCommand` for what has no `@`. */
export const propertyArg = (command: string, field: string, property: string): string => {
  if (textArg(command, field, property)[0] !== "@") {
    throw invalid(command, `${field}: expected a property such as "@name"`)
  }
  return property
}

/** A list that is not empty. Throws `InvalidCommand` for anything else. */
export const neededList = <A>(command: string, field: string, list: ReadonlyArray<A>): ReadonlyArray<A> => {
  if (arrayOf(command, field, list).length === 0) throw invalid(command, `${field}: at least one is needed`)
  return list
}

/** One text, or several of them, as a list. */
export const textsOf = (command: string, field: string, texts: OneOrMore<string>): ReadonlyArray<string> =>
  typeof texts === "string" ? [texts] : neededList(command, field, texts)

const limitFields: FieldsOf<Limit> = { offset: "value", count: "value" }

/** Appends a limit, if there is one. */
export const appendLimit = (command: string, args: Array<Arg>, given: Limit | undefined): void => {
  const limit = optionsOf(command, given, limitFields)
  if (limit === undefined) return
  args.push(
    "LIMIT",
    integerArg(command, "limit.offset", limit.offset, 0),
    integerArg(command, "limit.count", limit.count, 0)
  )
}

/** Appends parameters, if there are some. */
export const appendParams = (command: string, args: Array<Arg>, given: Params | undefined): void => {
  const params = objectOf(command, given)
  if (params === undefined) return
  const entries = Object.entries(params)
  if (entries.length === 0) return
  args.push("PARAMS", entries.length * 2)
  for (const [name, value] of entries) args.push(name, value)
}

/** Appends the dialect of a query, if it is given. */
export const appendDialect = (command: string, args: Array<Arg>, dialect: Dialect | undefined): void => {
  if (dialect !== undefined) args.push("DIALECT", integerArg(command, "dialect", dialect, 1, 4))
}

/** Appends how long the server may take, if it is given. */
export const appendTimeout = (command: string, args: Array<Arg>, timeout: DurationInput | undefined): void => {
  if (timeout !== undefined) args.push("TIMEOUT", millisOf(command, "timeout", timeout))
}

const sortPropertyFields: FieldsOf<SortProperty> = { by: "value", order: "value" }

/** Properties to sort by, as arguments. */
export const sortArgs = (command: string, field: string, given: OneOrMore<SortProperty>): Array<Arg> => {
  const list = Array.isArray(given) ? neededList(command, field, given) : [given as SortProperty]
  const args: Array<Arg> = []
  for (const [i, item] of list.entries()) {
    const sort = optionsOf(command, item as SortProperty, sortPropertyFields)
    if (sort === undefined) throw invalid(command, `${field}[${i}]: expected an object, got undefined`)
    args.push(propertyArg(command, `${field}[${i}].by`, sort.by))
    if (sort.order !== undefined) args.push(keyword(command, `${field}[${i}].order`, sort.order, ["asc", "desc"]))
  }
  return args
}

/** Fields, some of them under other names, as arguments. */
export const fieldArgs = (
  command: string,
  field: string,
  given: ReadonlyArray<string | NamedField>
): Array<Arg> => {
  const args: Array<Arg> = []
  for (const [i, item] of neededList(command, field, given).entries()) {
    if (typeof item === "string") {
      args.push(textArg(command, `${field}[${i}]`, item))
    } else if (typeof item === "object" && item !== null) {
      args.push(
        textArg(command, `${field}[${i}].identifier`, item.identifier),
        "AS",
        textArg(command, `${field}[${i}].as`, item.as)
      )
    } else throw invalid(command, `${field}[${i}]: expected a field, got ${kindOf(item)}`)
  }
  return args
}

/** Appends a word, how many arguments follow, and these. */
export const appendCountedWord = (args: Array<Arg>, word: string, list: ReadonlyArray<Arg>): void => {
  args.push(word, list.length)
  appendAll(args, list)
}
