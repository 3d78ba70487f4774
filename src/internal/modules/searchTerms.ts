/**
 * The commands on the words of search (FT.*): dictionaries, synonyms, and suggestions for
 * what a person begins to write.
 */
import * as Command from "../../Command.ts"
import { define, own as make } from "../../Command.ts"
import type { Arg, Key } from "../../Command.ts"
import { appendVariadic, argv, arrayOf, type FieldsOf, optionsOf, type Variadic } from "../commands/args.ts"
import { appendFlag, integerArg, numberArg, textArg } from "./args.ts"
import { neededList } from "./searchOptions.ts"
import { numeric } from "./searchReplies.ts"

const FT_DICTADD = define({ words: ["FT.DICTADD"], mode: "write", decode: Command.int })
/**
 * FT.DICTADD adds words to a dictionary, and returns how many of them are new. A missing dictionary is created.
 *
 * @see https://redis.io/docs/latest/commands/ft.dictadd/
 * @since 0.1.0
 * @category search
 */
export const dictadd = (dictionary: string, ...terms: Variadic<string>) =>
  make(
    FT_DICTADD,
    appendVariadic(FT_DICTADD.name, "terms", argv(textArg(FT_DICTADD.name, "dictionary", dictionary)), terms)
  )

const FT_DICTDEL = define({ words: ["FT.DICTDEL"], mode: "write", decode: Command.int })
/**
 * FT.DICTDEL removes words from a dictionary, and returns how many of them were in it.
 *
 * @see https://redis.io/docs/latest/commands/ft.dictdel/
 * @since 0.1.0
 * @category search
 */
export const dictdel = (dictionary: string, ...terms: Variadic<string>) =>
  make(
    FT_DICTDEL,
    appendVariadic(FT_DICTDEL.name, "terms", argv(textArg(FT_DICTDEL.name, "dictionary", dictionary)), terms)
  )

const FT_DICTDUMP = define({ words: ["FT.DICTDUMP"], mode: "read", decode: Command.strings })
/**
 * FT.DICTDUMP returns all words of a dictionary, in no particular order.
 *
 * @see https://redis.io/docs/latest/commands/ft.dictdump/
 * @since 0.1.0
 * @category search
 */
export const dictdump = (dictionary: string) =>
  make(FT_DICTDUMP, argv(textArg(FT_DICTDUMP.name, "dictionary", dictionary)))

/**
 * Options of FT.SYNUPDATE.
 *
 * @since 0.1.0
 * @category models
 */
export interface SynupdateOptions {
  /** Whether documents that are there already are left out. Default false. */
  readonly skipinitialscan?: boolean | undefined
}

const FT_SYNUPDATE = define({ words: ["FT.SYNUPDATE"], mode: "write", decode: Command.ok })
const synupdateFields: FieldsOf<SynupdateOptions> = { skipinitialscan: "flag" }

/**
 * FT.SYNUPDATE adds words to a group of synonyms of an index, and returns `"OK"`: each of them finds documents with any
 * of them. A missing group is created.
 *
 * @see https://redis.io/docs/latest/commands/ft.synupdate/
 * @since 0.1.0
 * @category search
 */
export const synupdate = (
  index: string,
  group: string,
  terms: ReadonlyArray<string>,
  options?: SynupdateOptions | undefined
) => {
  const { name } = FT_SYNUPDATE
  const args = argv(textArg(name, "index", index), textArg(name, "group", group))
  appendFlag(args, "SKIPINITIALSCAN", optionsOf(name, options, synupdateFields)?.skipinitialscan)
  return make(FT_SYNUPDATE, appendVariadic(name, "terms", args, [neededList(name, "terms", terms)]))
}

const FT_SYNDUMP = define({ words: ["FT.SYNDUMP"], mode: "read", decode: Command.recordOf(Command.words) })
/**
 * FT.SYNDUMP returns the groups of synonyms of an index that each word is in, as a record by word.
 *
 * @see https://redis.io/docs/latest/commands/ft.syndump/
 * @since 0.1.0
 * @category search
 */
export const syndump = (index: string) => make(FT_SYNDUMP, argv(textArg(FT_SYNDUMP.name, "index", index)))

/**
 * Options of FT.SUGADD.
 *
 * @since 0.1.0
 * @category models
 */
export interface SugaddOptions {
  /** Whether the score is added to that of a suggestion that is there. Default false: it replaces it. */
  readonly incr?: boolean | undefined
  /** What is returned with the suggestion. */
  readonly payload?: Arg | undefined
}

const FT_SUGADD = define({ words: ["FT.SUGADD"], mode: "write", keys: 1, decode: Command.int })
const sugaddFields: FieldsOf<SugaddOptions> = { incr: "flag", payload: "value" }

/**
 * FT.SUGADD adds a suggestion, and returns how many there are. Those with a greater score come first. A missing key is
 * created.
 *
 * @see https://redis.io/docs/latest/commands/ft.sugadd/
 * @since 0.1.0
 * @category search
 */
export const sugadd = (key: Key, suggestion: string, score: number, options?: SugaddOptions | undefined) => {
  const { name } = FT_SUGADD
  const args = argv(key, textArg(name, "suggestion", suggestion), numberArg(name, "score", score, 0, Number.MAX_VALUE))
  const given = optionsOf(name, options, sugaddFields)
  appendFlag(args, "INCR", given?.incr)
  if (given?.payload !== undefined) args.push("PAYLOAD", given.payload)
  return make(FT_SUGADD, args)
}

/**
 * Options of FT.SUGGET.
 *
 * @since 0.1.0
 * @category models
 */
export interface SuggetOptions {
  /** Whether one letter may be wrong. Default false. */
  readonly fuzzy?: boolean | undefined
  /** How many suggestions are returned at most. Default 5. */
  readonly max?: number | undefined
}

const suggetFields: FieldsOf<SuggetOptions> = { fuzzy: "flag", max: "value" }

const suggetArgs = (
  command: string,
  key: Key,
  prefix: string,
  given: SuggetOptions | undefined,
  ...words: Array<string>
): Array<Arg> => {
  const options = optionsOf(command, given, suggetFields)
  const args = argv(key, textArg(command, "prefix", prefix))
  appendFlag(args, "FUZZY", options?.fuzzy)
  args.push(...words)
  if (options?.max !== undefined) args.push("MAX", integerArg(command, "max", options.max, 1))
  return args
}

/** Null, which older servers send for none, is an empty array. */
const suggestions = Command.custom<Array<string>, Array<Uint8Array>>((value, bytes) =>
  value === null ? [] : Command.strings(value, bytes)
)

const FT_SUGGET = define({ words: ["FT.SUGGET"], mode: "read", keys: 1, decode: suggestions })
/**
 * FT.SUGGET returns suggestions that begin with a text, the best first. A missing key gives `[]`.
 *
 * @see https://redis.io/docs/latest/commands/ft.sugget/
 * @since 0.1.0
 * @category search
 */
export const sugget = (key: Key, prefix: string, options?: SuggetOptions | undefined) =>
  make(FT_SUGGET, suggetArgs(FT_SUGGET.name, key, prefix, options))

/**
 * What can be returned with a suggestion: its score and its payload.
 *
 * @since 0.1.0
 * @category models
 */
export type SuggestionDetail = "score" | "payload"

/**
 * A suggestion, with what was asked for.
 *
 * @since 0.1.0
 * @category models
 */
export type Suggestion<Ds extends ReadonlyArray<SuggestionDetail>, A = string> =
  & {
    /** The suggestion. */
    readonly suggestion: A
  }
  & ("score" extends Ds[number] ? {
      /** How well it fits, which is not the score that it was added with. */
      readonly score: number
    }
    : {})
  & ("payload" extends Ds[number] ? {
      /** Its payload, or `null`. */
      readonly payload: A | null
    }
    : {})

const detailed = (details: ReadonlyArray<SuggestionDetail>): Command.Decode<Array<any>, Array<any>> =>
  Command.custom<Array<any>>((reply, bytes) => {
    if (reply === null) return []
    const items = Command.list(reply)
    const hasScore = details.includes("score")
    const hasPayload = details.includes("payload")
    const width = 1 + (hasScore ? 1 : 0) + (hasPayload ? 1 : 0)
    if (items.length % width !== 0) throw new Command.Mismatch(`suggestions of ${width} elements`, reply)
    const out: Array<unknown> = []
    for (let i = 0; i < items.length;) {
      const suggestion = Command.bulkString(items[i++]!, bytes)
      const score = hasScore ? { score: numeric(items[i++]!) } : {}
      const payload = hasPayload ? items[i++]! : null
      out.push({
        suggestion,
        ...score,
        ...(hasPayload ? { payload: payload === null ? null : Command.bulkString(payload, bytes) } : {})
      })
    }
    return out
  })

/**
 * FT.SUGGET returns suggestions that begin with a text with their scores (WITHSCORES), their payloads (WITHPAYLOADS), or
 * both, the best first. A missing key gives `[]`.
 *
 * @see https://redis.io/docs/latest/commands/ft.sugget/
 * @since 0.1.0
 * @category search
 */
export const suggetWith = <const Ds extends ReadonlyArray<SuggestionDetail>>(
  key: Key,
  prefix: string,
  details: Ds,
  options?: SuggetOptions | undefined
): Command.Command<Array<Suggestion<Ds>>, "read", Array<Suggestion<Ds, Uint8Array>>> => {
  const list = arrayOf<SuggestionDetail>(FT_SUGGET.name, "details", details)
  const words = [
    ...(list.includes("score") ? ["WITHSCORES"] : []),
    ...(list.includes("payload") ? ["WITHPAYLOADS"] : [])
  ]
  return Command.withDecode(
    make(FT_SUGGET, suggetArgs(FT_SUGGET.name, key, prefix, options, ...words)),
    detailed(list)
  )
}

const FT_SUGDEL = define({ words: ["FT.SUGDEL"], mode: "write", keys: 1, decode: Command.flag })
/**
 * FT.SUGDEL removes a suggestion, and returns whether it was there.
 *
 * @see https://redis.io/docs/latest/commands/ft.sugdel/
 * @since 0.1.0
 * @category search
 */
export const sugdel = (key: Key, suggestion: string) =>
  make(FT_SUGDEL, argv(key, textArg(FT_SUGDEL.name, "suggestion", suggestion)))

const FT_SUGLEN = define({ words: ["FT.SUGLEN"], mode: "read", keys: 1, decode: Command.int })
/**
 * FT.SUGLEN returns how many suggestions there are, 0 if the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/ft.suglen/
 * @since 0.1.0
 * @category search
 */
export const suglen = (key: Key) => make(FT_SUGLEN, argv(key))
