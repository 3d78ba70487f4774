/**
 * The steps of aggregations: groups with what is made of them, sorting, expressions,
 * conditions. FT.AGGREGATE and FT.HYBRID take them.
 */
import type { Arg } from "../../Command.ts"
import type { NotWith } from "../../commands/options.ts"
import { InvalidCommand } from "../../Errors.ts"
import { appendAll, arrayOf, type FieldsOf, keyword, objectOf, type OneOrMore, optionsOf } from "../commands/args.ts"
import { kindOf } from "../common/values.ts"
import { appendFlag, integerArg, numberArg, textArg } from "./args.ts"
import {
  appendCountedWord,
  appendLimit,
  fieldArgs,
  type Limit,
  type NamedField,
  type Property,
  propertyArg,
  sortArgs,
  type SortProperty
} from "./searchOptions.ts"

/**
 * How many rows a group has.
 *
 * @since 0.1.0
 * @category models
 */
export interface CountReducer {
  /** COUNT. */
  readonly reduce: "count"
  /** The name of the result. */
  readonly as: string
}

/**
 * Something that is made of a property of all rows of a group.
 *
 * @since 0.1.0
 * @category models
 */
export interface PropertyReducer {
  /**
   * How many different values there are, exactly or about; their sum, the least, the greatest, the mean, the standard
   * deviation; or all different values as a list.
   */
  readonly reduce: "count_distinct" | "count_distinctish" | "sum" | "min" | "max" | "avg" | "stddev" | "tolist"
  /** The property. */
  readonly property: Property
  /** The name of the result. */
  readonly as: string
}

/**
 * The value below which a part of the values is.
 *
 * @since 0.1.0
 * @category models
 */
export interface QuantileReducer {
  /** QUANTILE. */
  readonly reduce: "quantile"
  /** The property. */
  readonly property: Property
  /** How large the part is, from 0 to 1: 0.5 for the median. */
  readonly quantile: number
  /** The name of the result. */
  readonly as: string
}

/**
 * The first value, in the order of the rows.
 *
 * @since 0.1.0
 * @category models
 */
export interface FirstReducer {
  /** FIRST_VALUE. */
  readonly reduce: "first_value"
  /** The property. */
  readonly property: Property
  /** Needed with `order`. */
  readonly by?: undefined
  /** Not without `by`. */
  readonly order?: NotWith<"an absent by"> | undefined
  /** The name of the result. */
  readonly as: string
}

/**
 * The first value, in the order of another property.
 *
 * @since 0.1.0
 * @category models
 */
export interface FirstByReducer {
  /** FIRST_VALUE. */
  readonly reduce: "first_value"
  /** The property. */
  readonly property: Property
  /** The property whose order counts. */
  readonly by: Property
  /** The direction. Default `"asc"`. */
  readonly order?: "asc" | "desc" | undefined
  /** The name of the result. */
  readonly as: string
}

/**
 * Some values, chosen by chance.
 *
 * @since 0.1.0
 * @category models
 */
export interface SampleReducer {
  /** RANDOM_SAMPLE. */
  readonly reduce: "random_sample"
  /** The property. */
  readonly property: Property
  /** How many values, at most 1,000. */
  readonly size: number
  /** The name of the result. */
  readonly as: string
}

/**
 * The rows of a group as records. Needs Redis 8.8.
 *
 * @since 0.1.0
 * @category models
 */
export interface CollectReducer {
  /** COLLECT. */
  readonly reduce: "collect"
  /** The properties that records have; `"*"` for all. */
  readonly fields: "*" | ReadonlyArray<Property>
  /** Whether each record comes once. Default false. */
  readonly distinct?: boolean | undefined
  /** How records are sorted. Default: not. */
  readonly sortby?: OneOrMore<SortProperty> | undefined
  /** Which of the records are kept. Default: all. */
  readonly limit?: Limit | undefined
  /** The name of the result. */
  readonly as: string
}

/**
 * Something that is made of the rows of a group.
 *
 * @since 0.1.0
 * @category models
 */
export type Reducer =
  | CountReducer
  | PropertyReducer
  | QuantileReducer
  | FirstReducer
  | FirstByReducer
  | SampleReducer
  | CollectReducer

/**
 * Rows become groups: one for all that have the same values, and all together without
 * properties.
 *
 * @since 0.1.0
 * @category models
 */
export interface GroupStep {
  /** GROUPBY. */
  readonly step: "groupby"
  /** The properties whose values make a group. */
  readonly properties: ReadonlyArray<Property>
  /** What is made of the rows of each group. */
  readonly reduce?: ReadonlyArray<Reducer> | undefined
}

/**
 * Rows are sorted.
 *
 * @since 0.1.0
 * @category models
 */
export interface SortStep {
  /** SORTBY. */
  readonly step: "sortby"
  /** The properties that they are sorted by. */
  readonly by: OneOrMore<SortProperty>
  /** How many of the first rows are kept. Default: all. */
  readonly max?: number | undefined
}

/**
 * Rows get another property.
 *
 * @since 0.1.0
 * @category models
 */
export interface ApplyStep {
  /** APPLY. */
  readonly step: "apply"
  /** What is computed, such as `"@price * 0.9"` or `"upper(@name)"`. */
  readonly expression: string
  /** The name of the property. */
  readonly as: string
}

/**
 * Only rows that fulfil a condition go on.
 *
 * @since 0.1.0
 * @category models
 */
export interface FilterStep {
  /** FILTER. */
  readonly step: "filter"
  /** The condition, such as `"@count > 5"`. */
  readonly expression: string
}

/**
 * Only some rows go on.
 *
 * @since 0.1.0
 * @category models
 */
export interface LimitStep extends Limit {
  /** LIMIT. */
  readonly step: "limit"
}

/**
 * Rows get fields of their documents.
 *
 * @since 0.1.0
 * @category models
 */
export interface LoadStep {
  /** LOAD. */
  readonly step: "load"
  /** The fields, or `"*"` for all. */
  readonly fields: "*" | ReadonlyArray<string | NamedField>
}

/**
 * A step of an aggregation.
 *
 * @since 0.1.0
 * @category models
 */
export type Step = GroupStep | SortStep | ApplyStep | FilterStep | LimitStep | LoadStep

const reducers = [
  "count",
  "count_distinct",
  "count_distinctish",
  "sum",
  "min",
  "max",
  "avg",
  "stddev",
  "tolist",
  "quantile",
  "first_value",
  "random_sample",
  "collect"
] as const

const reducerArgs = (command: string, at: string, reducer: Reducer): Array<Arg> => {
  switch (reducer.reduce) {
    case "count":
      return []
    case "quantile":
      return [
        propertyArg(command, `${at}.property`, reducer.property),
        numberArg(command, `${at}.quantile`, reducer.quantile, 0, 1)
      ]
    case "first_value": {
      const args: Array<Arg> = [propertyArg(command, `${at}.property`, reducer.property)]
      if (reducer.by !== undefined) args.push("BY", propertyArg(command, `${at}.by`, reducer.by))
      if (reducer.order !== undefined) {
        if (reducer.by === undefined) {
          throw new InvalidCommand({ command, detail: `${at}.order: not with an absent by` })
        }
        args.push(keyword(command, `${at}.order`, reducer.order as "asc" | "desc", ["asc", "desc"]))
      }
      return args
    }
    case "random_sample":
      return [
        propertyArg(command, `${at}.property`, reducer.property),
        integerArg(command, `${at}.size`, reducer.size, 1, 1000)
      ]
    case "collect": {
      const args: Array<Arg> = ["FIELDS"]
      if (reducer.fields === "*") args.push("*")
      else {
        const fields = arrayOf(command, `${at}.fields`, reducer.fields)
        if (fields.length === 0) throw new InvalidCommand({ command, detail: `${at}.fields: at least one is needed` })
        args.push(fields.length)
        appendAll(args, fields.map((field, i) => propertyArg(command, `${at}.fields[${i}]`, field)))
      }
      appendFlag(args, "DISTINCT", reducer.distinct)
      if (reducer.sortby !== undefined) {
        appendCountedWord(args, "SORTBY", sortArgs(command, `${at}.sortby`, reducer.sortby))
      }
      appendLimit(command, args, reducer.limit)
      return args
    }
    default:
      return [propertyArg(command, `${at}.property`, reducer.property)]
  }
}

const reducerFields: FieldsOf<Reducer> = {
  reduce: "value",
  as: "value",
  property: "value",
  quantile: "value",
  by: "value",
  order: "value",
  size: "value",
  fields: "value",
  distinct: "flag",
  sortby: "value",
  limit: "value"
}

const appendReducer = (command: string, args: Array<Arg>, at: string, given: Reducer): void => {
  const reducer = optionsOf(command, given, reducerFields, `${at}.`)
  if (reducer === undefined) throw new InvalidCommand({ command, detail: `${at}: expected an object, got undefined` })
  const word = keyword(command, `${at}.reduce`, reducer.reduce, reducers)
  args.push("REDUCE")
  appendCountedWord(args, word, reducerArgs(command, at, reducer))
  args.push("AS", textArg(command, `${at}.as`, reducer.as))
}

/** Appends fields to load: `"*"`, or a list. */
export const appendLoad = (
  command: string,
  args: Array<Arg>,
  field: string,
  given: "*" | ReadonlyArray<string | NamedField>
): void => {
  if (given === "*") args.push("LOAD", "*")
  else appendCountedWord(args, "LOAD", fieldArgs(command, field, given))
}

const stepFields: FieldsOf<Step> = {
  step: "value",
  properties: "value",
  reduce: "value",
  by: "value",
  max: "value",
  expression: "value",
  as: "value",
  offset: "value",
  count: "value",
  fields: "value"
}

/** Appends the steps of an aggregation, in their order. */
export const appendSteps = (command: string, args: Array<Arg>, steps: ReadonlyArray<Step> | undefined): void => {
  if (steps === undefined) return
  for (const [i, given] of arrayOf(command, "steps", steps).entries()) {
    const at = `steps[${i}]`
    const step = objectOf(command, given)
    switch (step?.step) {
      case "groupby": {
        const properties = arrayOf(command, `${at}.properties`, step.properties)
        appendCountedWord(
          args,
          "GROUPBY",
          properties.map((property, j) => propertyArg(command, `${at}.properties[${j}]`, property))
        )
        for (const [j, reducer] of arrayOf(command, `${at}.reduce`, step.reduce ?? []).entries()) {
          appendReducer(command, args, `${at}.reduce[${j}]`, reducer)
        }
        break
      }
      case "sortby":
        appendCountedWord(args, "SORTBY", sortArgs(command, `${at}.by`, step.by))
        if (step.max !== undefined) args.push("MAX", integerArg(command, `${at}.max`, step.max, 0))
        break
      case "apply":
        args.push(
          "APPLY",
          textArg(command, `${at}.expression`, step.expression),
          "AS",
          textArg(command, `${at}.as`, step.as)
        )
        break
      case "filter":
        args.push("FILTER", textArg(command, `${at}.expression`, step.expression))
        break
      case "limit":
        appendLimit(command, args, { offset: step.offset, count: step.count })
        break
      case "load":
        appendLoad(command, args, `${at}.fields`, step.fields)
        break
      default:
        throw new InvalidCommand({
          command,
          detail: `${at}: expected a step, such as { step: "groupby", ... }, got ${kindOf(given)}`
        })
    }
    optionsOf(command, step, stepFields, `${at}.`)
  }
}

/** The names of what COLLECT makes, which RESP2 sends as arrays. */
export const collectedNames = (steps: ReadonlyArray<Step> | undefined): ReadonlySet<string> =>
  new Set(
    (steps ?? []).flatMap((step) =>
      step.step === "groupby"
        ? (step.reduce ?? []).flatMap((reducer) => reducer.reduce === "collect" ? [reducer.as] : [])
        : []
    )
  )
