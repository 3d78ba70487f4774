/**
 * The commands on JSON documents (JSON.*). How values and paths are written and read is in
 * jsonValues.ts.
 */
import * as Command from "../../Command.ts"
import { define, own as make } from "../../Command.ts"
import type { Arg, Key } from "../../Command.ts"
import type { NotWith } from "../../commands/options.ts"
import { InvalidCommand } from "../../Errors.ts"
import { allButLast, appendAll, argv, arrayOf, keysOf, keyword, type OneOrMore, optionsOf } from "../commands/args.ts"
import { kindOf } from "../common/values.ts"
import { integerArg, numberArg } from "./args.ts"
import {
  bool,
  type Encodable,
  isJsonPath,
  type Json,
  jsonArg,
  jsonArgs,
  jsonOrNull,
  jsonsOrNull,
  type Matches,
  matches,
  newNumber,
  newNumbers,
  pathArg,
  type as typeName,
  types
} from "./jsonValues.ts"

export type { Encodable, Json, JsonPath, Matches } from "./jsonValues.ts"

/** A command of one of two definitions, by the syntax of its path. */
const byPath = <P extends string, A, M extends Command.Mode>(
  path: P | undefined,
  all: Command.Spec<unknown, M, unknown>,
  one: Command.Spec<unknown, M, unknown>,
  args: Array<Arg>
): Command.Command<Matches<P, A>, M> => make(isJsonPath(path) ? all : one, args) as Command.Command<Matches<P, A>, M>

/** A key, and a path if there is one. */
const at = (command: string, key: Key, path: string | undefined): Array<Arg> =>
  path === undefined ? argv(key) : argv(key, pathArg(command, path))

/** A text to append. Throws `InvalidCommand` for anything else: the server refuses JSON of another type. */
const textOf = (command: string, text: string): string => {
  if (typeof text === "string") return text
  throw new InvalidCommand({ command, detail: `text: expected a text, got ${kindOf(text)}` })
}

const JSON_GET = define({ words: ["JSON.GET"], mode: "read", keys: 1, decode: jsonOrNull })
/**
 * JSON.GET returns what is at a path, parsed; without a path the whole document. A path in JSONPath, such as `$.name`,
 * gives an array of all matches, which may be empty; one in the older syntax, such as `.name`, gives the first match.
 * Several paths give an object with what each of them gives. The result is `null` if the key does not exist. Numbers
 * beyond 2^53 lose digits: `getText` returns the text. Fails with ERR for a path in the older syntax without a match,
 * and with WRONGTYPE if the key holds another type.
 *
 * **Example** (A document, and a part of it)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { RedisClient } from "effect-redis-sentinel"
 * import * as Json from "effect-redis-sentinel/modules/Json"
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   yield* redis.run(Json.set("user:1", "$", { name: "Ada", languages: ["en", "fr"] }))
 *   const [user, languages] = yield* redis.pipeline([Json.get("user:1"), Json.get("user:1", "$.languages[*]")])
 *   return { user, languages } // { name: "Ada", ... }, ["en", "fr"]
 * })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/json.get/
 * @since 0.1.0
 * @category json
 */
export const get = (key: Key, ...paths: Array<string>) =>
  make(JSON_GET, appendAll(argv(key), paths.map((path) => pathArg(JSON_GET.name, path))))

/**
 * How JSON.GET writes the text that it returns.
 *
 * @since 0.1.0
 * @category models
 */
export interface TextFormat {
  /** What stands before each level of a line. Default: nothing. */
  readonly indent?: string | undefined
  /** What ends a line. Default: nothing. */
  readonly newline?: string | undefined
  /** What stands between a name and its value. Default: nothing. */
  readonly space?: string | undefined
}

const JSON_GET_TEXT = define({ words: ["JSON.GET"], mode: "read", keys: 1, decode: Command.stringOrNull })
const textFormatFields = { indent: "value", newline: "value", space: "value" } as const

/**
 * JSON.GET returns what is at one or more paths as the JSON text that the server sends, in the format that it is asked
 * for; `null` if the key does not exist. Errors are those of `get`.
 *
 * @see https://redis.io/docs/latest/commands/json.get/
 * @since 0.1.0
 * @category json
 */
export const getText = (key: Key, paths: ReadonlyArray<string> = [], format?: TextFormat | undefined) => {
  const { name } = JSON_GET_TEXT
  const given = optionsOf(name, format, textFormatFields)
  const args = argv(key)
  if (given?.indent !== undefined) args.push("INDENT", given.indent)
  if (given?.newline !== undefined) args.push("NEWLINE", given.newline)
  if (given?.space !== undefined) args.push("SPACE", given.space)
  return make(JSON_GET_TEXT, appendAll(args, arrayOf(name, "paths", paths).map((path) => pathArg(name, path))))
}

const JSON_MGET = define({ words: ["JSON.MGET"], mode: "read", keys: allButLast, decode: jsonsOrNull })
/**
 * JSON.MGET returns what is at the same path of several documents, in the order of the keys: for a path in JSONPath an
 * array of matches for each, for one in the older syntax the first match. `null` for a key that does not exist, that
 * holds another type, or that has no match of a path in the older syntax.
 *
 * @see https://redis.io/docs/latest/commands/json.mget/
 * @since 0.1.0
 * @category json
 */
export const mget = (keys: OneOrMore<Key>, path: string) =>
  make(JSON_MGET, appendAll(argv(), keysOf(JSON_MGET.name, keys), pathArg(JSON_MGET.name, path)))

/**
 * Options of JSON.SET.
 *
 * @since 0.1.0
 * @category models
 */
export interface SetOptions {
  /** Whether it only adds (`"nx"`) or only replaces (`"xx"`). Default: both. */
  readonly when?: "nx" | "xx" | undefined
  /**
   * The type in which arrays of numbers with fractions are kept: with less memory, and less exact (FPHA). Default: the
   * server chooses. Needs Redis 8.8.
   */
  readonly fpha?: "bf16" | "fp16" | "fp32" | "fp64" | undefined
}

const JSON_SET = define({ words: ["JSON.SET"], mode: "write", keys: 1, decode: Command.okOrNull })
const setFields = { when: "value", fpha: "value" } as const

/**
 * JSON.SET writes a value to a path: it replaces each match, or adds a field to the objects before the last part of the
 * path. A new document is written to `$`. The result is `"OK"`, or `null` if `when` was not met or the path cannot be
 * created. Fails with ERR for a new document that is not written to `$`, and with `InvalidCommand` for what JSON cannot
 * say.
 *
 * @see https://redis.io/docs/latest/commands/json.set/
 * @since 0.1.0
 * @category json
 */
export const set = (key: Key, path: string, value: Encodable, options?: SetOptions | undefined) => {
  const { name } = JSON_SET
  const args = argv(key, pathArg(name, path), jsonArg(name, "value", value))
  const given = optionsOf(name, options, setFields)
  if (given?.when !== undefined) args.push(keyword(name, "when", given.when, ["nx", "xx"]))
  if (given?.fpha !== undefined) {
    args.push("FPHA", keyword(name, "fpha", given.fpha, ["bf16", "fp16", "fp32", "fp64"]))
  }
  return make(JSON_SET, args)
}

const JSON_MSET = define({
  words: ["JSON.MSET"],
  mode: "write",
  keys: (args) => args.filter((_, i) => i % 3 === 0) as ReadonlyArray<Key>,
  decode: Command.ok
})
/**
 * JSON.MSET writes several values, each to a path of a document, all or none, and returns `"OK"`. Fails with ERR if one
 * of them cannot be written. Needs RedisJSON 2.6.
 *
 * @see https://redis.io/docs/latest/commands/json.mset/
 * @since 0.1.0
 * @category json
 */
export const mset = (entries: ReadonlyArray<readonly [key: Key, path: string, value: Encodable]>) => {
  const { name } = JSON_MSET
  const args = argv()
  arrayOf(name, "entries", entries).forEach((entry, i) => {
    const [key, path, value] = arrayOf(name, `entries[${i}]`, entry) as typeof entry
    args.push(key, pathArg(name, path), jsonArg(name, `entries[${i}]`, value))
  })
  if (args.length === 0) throw new InvalidCommand({ command: name, detail: "entries: at least one is needed" })
  return make(JSON_MSET, args)
}

const JSON_MERGE = define({ words: ["JSON.MERGE"], mode: "write", keys: 1, decode: Command.okOrNull })
/**
 * JSON.MERGE changes what is at a path as RFC 7396 says: fields of the value are added or replaced, those that are null
 * are deleted, and arrays are replaced. The result is `"OK"`, or `null` if the path cannot be created. Needs RedisJSON
 * 2.6.
 *
 * @see https://redis.io/docs/latest/commands/json.merge/
 * @since 0.1.0
 * @category json
 */
export const merge = (key: Key, path: string, value: Encodable) =>
  make(JSON_MERGE, argv(key, pathArg(JSON_MERGE.name, path), jsonArg(JSON_MERGE.name, "value", value)))

const JSON_DEL = define({ words: ["JSON.DEL"], mode: "write", keys: 1, decode: Command.int })
/**
 * JSON.DEL deletes what is at a path, and returns how many values it deleted; without a path, or with `$`, the document.
 * A missing key or path gives 0.
 *
 * @see https://redis.io/docs/latest/commands/json.del/
 * @since 0.1.0
 * @category json
 */
export const del = (key: Key, path?: string | undefined) => make(JSON_DEL, at(JSON_DEL.name, key, path))

const JSON_FORGET = define({ words: ["JSON.FORGET"], mode: "write", keys: 1, decode: Command.int })
/**
 * JSON.FORGET deletes what is at a path, and returns how many values it deleted, as JSON.DEL does.
 *
 * @deprecated another name of JSON.DEL: use `del`.
 * @see https://redis.io/docs/latest/commands/json.forget/
 * @since 0.1.0
 * @category json
 */
export const forget = (key: Key, path?: string | undefined) => make(JSON_FORGET, at(JSON_FORGET.name, key, path))

const JSON_CLEAR = define({ words: ["JSON.CLEAR"], mode: "write", keys: 1, decode: Command.int })
/**
 * JSON.CLEAR empties the arrays and objects at a path and sets its numbers to 0, and returns how many values it changed;
 * without a path, the document. Fails with ERR if the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/json.clear/
 * @since 0.1.0
 * @category json
 */
export const clear = (key: Key, path?: string | undefined) => make(JSON_CLEAR, at(JSON_CLEAR.name, key, path))

const JSON_TYPE = define({ words: ["JSON.TYPE"], mode: "read", keys: 1, decode: types })
const JSON_TYPE_ONE = define({ words: ["JSON.TYPE"], mode: "read", keys: 1, decode: typeName })
/**
 * JSON.TYPE returns the type of what is at a path, of the document without one: `"object"`, `"array"`, `"string"`,
 * `"integer"`, `"number"`, `"boolean"` or `"null"`. For a path in JSONPath it returns an array with the type of each
 * match, which is empty if the key does not exist; otherwise the type of the first match, or `null`.
 *
 * @see https://redis.io/docs/latest/commands/json.type/
 * @since 0.1.0
 * @category json
 */
export const type = <const P extends string = ".">(
  key: Key,
  path?: P | undefined
): Command.Command<Matches<P, string>, "read"> =>
  byPath<P, string, "read">(path, JSON_TYPE, JSON_TYPE_ONE, at(JSON_TYPE.name, key, path))

const JSON_NUMINCRBY = define({ words: ["JSON.NUMINCRBY"], mode: "write", keys: 1, decode: newNumbers })
const JSON_NUMINCRBY_ONE = define({ words: ["JSON.NUMINCRBY"], mode: "write", keys: 1, decode: newNumber })
/**
 * JSON.NUMINCRBY adds to the numbers at a path, and returns the new ones. For a path in JSONPath it returns an array with
 * an element for each match, `null` for one that is not a number; otherwise the new number. Fails with ERR if the key
 * does not exist.
 *
 * @see https://redis.io/docs/latest/commands/json.numincrby/
 * @since 0.1.0
 * @category json
 */
export const numincrby = <const P extends string>(
  key: Key,
  path: P,
  increment: number
): Command.Command<Matches<P, number>, "write"> =>
  byPath<P, number, "write">(
    path,
    JSON_NUMINCRBY,
    JSON_NUMINCRBY_ONE,
    argv(
      key,
      pathArg(JSON_NUMINCRBY.name, path),
      numberArg(JSON_NUMINCRBY.name, "increment", increment, -Number.MAX_VALUE, Number.MAX_VALUE)
    )
  )

const JSON_NUMMULTBY = define({ words: ["JSON.NUMMULTBY"], mode: "write", keys: 1, decode: newNumbers })
const JSON_NUMMULTBY_ONE = define({ words: ["JSON.NUMMULTBY"], mode: "write", keys: 1, decode: newNumber })
/**
 * JSON.NUMMULTBY multiplies the numbers at a path, and returns what JSON.NUMINCRBY returns. Fails with ERR if the key does
 * not exist.
 *
 * @deprecated since RedisJSON 2.0, without a replacement.
 * @see https://redis.io/docs/latest/commands/json.nummultby/
 * @since 0.1.0
 * @category json
 */
export const nummultby = <const P extends string>(
  key: Key,
  path: P,
  factor: number
): Command.Command<Matches<P, number>, "write"> =>
  byPath<P, number, "write">(
    path,
    JSON_NUMMULTBY,
    JSON_NUMMULTBY_ONE,
    argv(
      key,
      pathArg(JSON_NUMMULTBY.name, path),
      numberArg(JSON_NUMMULTBY.name, "factor", factor, -Number.MAX_VALUE, Number.MAX_VALUE)
    )
  )

const JSON_NUMPOWBY = define({ words: ["JSON.NUMPOWBY"], mode: "write", keys: 1, decode: newNumbers })
const JSON_NUMPOWBY_ONE = define({ words: ["JSON.NUMPOWBY"], mode: "write", keys: 1, decode: newNumber })
/**
 * JSON.NUMPOWBY raises the numbers at a path to a power, and returns what JSON.NUMINCRBY returns. Fails with ERR if the
 * key does not exist. It has no page in the documentation of Redis.
 *
 * @see https://redis.io/docs/latest/commands/json.numpowby/
 * @since 0.1.0
 * @category json
 */
export const numpowby = <const P extends string>(
  key: Key,
  path: P,
  exponent: number
): Command.Command<Matches<P, number>, "write"> =>
  byPath<P, number, "write">(
    path,
    JSON_NUMPOWBY,
    JSON_NUMPOWBY_ONE,
    argv(
      key,
      pathArg(JSON_NUMPOWBY.name, path),
      numberArg(JSON_NUMPOWBY.name, "exponent", exponent, -Number.MAX_VALUE, Number.MAX_VALUE)
    )
  )

const JSON_TOGGLE = define({ words: ["JSON.TOGGLE"], mode: "write", keys: 1, decode: matches(bool) })
const JSON_TOGGLE_ONE = define({ words: ["JSON.TOGGLE"], mode: "write", keys: 1, decode: Command.nullable(bool) })
/**
 * JSON.TOGGLE turns the booleans at a path around, and returns the new ones. For a path in JSONPath it returns an array
 * with an element for each match, `null` for one that is not a boolean; otherwise the new boolean. Fails with ERR if the
 * key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/json.toggle/
 * @since 0.1.0
 * @category json
 */
export const toggle = <const P extends string>(key: Key, path: P): Command.Command<Matches<P, boolean>, "write"> =>
  byPath<P, boolean, "write">(path, JSON_TOGGLE, JSON_TOGGLE_ONE, at(JSON_TOGGLE.name, key, path))

const JSON_STRAPPEND = define({ words: ["JSON.STRAPPEND"], mode: "write", keys: 1, decode: matches(Command.int) })
const JSON_STRAPPEND_ONE = define({
  words: ["JSON.STRAPPEND"],
  mode: "write",
  keys: 1,
  decode: Command.nullable(Command.int)
})
/**
 * JSON.STRAPPEND appends a text to the texts at a path, and returns their new lengths. For a path in JSONPath it returns an
 * array with an element for each match, `null` for one that is not a text; otherwise the new length. Fails with ERR if
 * the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/json.strappend/
 * @since 0.1.0
 * @category json
 */
export const strappend = <const P extends string>(
  key: Key,
  path: P,
  text: string
): Command.Command<Matches<P, number>, "write"> =>
  byPath<P, number, "write">(
    path,
    JSON_STRAPPEND,
    JSON_STRAPPEND_ONE,
    argv(
      key,
      pathArg(JSON_STRAPPEND.name, path),
      jsonArg(JSON_STRAPPEND.name, "text", textOf(JSON_STRAPPEND.name, text))
    )
  )

const JSON_STRLEN = define({ words: ["JSON.STRLEN"], mode: "read", keys: 1, decode: matches(Command.int) })
const JSON_STRLEN_ONE = define({ words: ["JSON.STRLEN"], mode: "read", keys: 1, decode: Command.nullable(Command.int) })
/**
 * JSON.STRLEN returns the lengths of the texts at a path, or of the document without one. For a path in JSONPath it returns
 * an array with an element for each match, `null` for one that is not a text; otherwise the length, or `null` if the key
 * does not exist.
 *
 * @see https://redis.io/docs/latest/commands/json.strlen/
 * @since 0.1.0
 * @category json
 */
export const strlen = <const P extends string = ".">(
  key: Key,
  path?: P | undefined
): Command.Command<Matches<P, number>, "read"> =>
  byPath<P, number, "read">(path, JSON_STRLEN, JSON_STRLEN_ONE, at(JSON_STRLEN.name, key, path))

const JSON_OBJKEYS = define({ words: ["JSON.OBJKEYS"], mode: "read", keys: 1, decode: matches(Command.words) })
const JSON_OBJKEYS_ONE = define({
  words: ["JSON.OBJKEYS"],
  mode: "read",
  keys: 1,
  decode: Command.nullable(Command.words)
})
/**
 * JSON.OBJKEYS returns the names of the fields of the objects at a path, or of the document without one. For a path in
 * JSONPath it returns an array with an array for each match, `null` for one that is not an object; otherwise the names of
 * the first match, or `null`.
 *
 * @see https://redis.io/docs/latest/commands/json.objkeys/
 * @since 0.1.0
 * @category json
 */
export const objkeys = <const P extends string = ".">(
  key: Key,
  path?: P | undefined
): Command.Command<Matches<P, Array<string>>, "read"> =>
  byPath<P, Array<string>, "read">(path, JSON_OBJKEYS, JSON_OBJKEYS_ONE, at(JSON_OBJKEYS.name, key, path))

const JSON_OBJLEN = define({ words: ["JSON.OBJLEN"], mode: "read", keys: 1, decode: matches(Command.int) })
const JSON_OBJLEN_ONE = define({ words: ["JSON.OBJLEN"], mode: "read", keys: 1, decode: Command.nullable(Command.int) })
/**
 * JSON.OBJLEN returns how many fields the objects at a path have, or the document without one. For a path in JSONPath it
 * returns an array with an element for each match, `null` for one that is not an object; otherwise the number of the
 * first match, or `null`.
 *
 * @see https://redis.io/docs/latest/commands/json.objlen/
 * @since 0.1.0
 * @category json
 */
export const objlen = <const P extends string = ".">(
  key: Key,
  path?: P | undefined
): Command.Command<Matches<P, number>, "read"> =>
  byPath<P, number, "read">(path, JSON_OBJLEN, JSON_OBJLEN_ONE, at(JSON_OBJLEN.name, key, path))

const JSON_ARRAPPEND = define({ words: ["JSON.ARRAPPEND"], mode: "write", keys: 1, decode: matches(Command.int) })
const JSON_ARRAPPEND_ONE = define({
  words: ["JSON.ARRAPPEND"],
  mode: "write",
  keys: 1,
  decode: Command.nullable(Command.int)
})
/**
 * JSON.ARRAPPEND appends values to the arrays at a path, and returns their new lengths. For a path in JSONPath it returns an
 * array with an element for each match, `null` for one that is not an array; otherwise the new length. Fails with ERR if
 * the key does not exist.
 *
 * **Example** (Two elements)
 *
 * ```ts
 * import * as Json from "effect-redis-sentinel/modules/Json"
 *
 * export const append = Json.arrappend("user:1", "$.languages", ["de", "it"]) // [4]
 * ```
 *
 * @see https://redis.io/docs/latest/commands/json.arrappend/
 * @since 0.1.0
 * @category json
 */
export const arrappend = <const P extends string>(
  key: Key,
  path: P,
  values: ReadonlyArray<Encodable>
): Command.Command<Matches<P, number>, "write"> =>
  byPath<P, number, "write">(
    path,
    JSON_ARRAPPEND,
    JSON_ARRAPPEND_ONE,
    appendAll(argv(key, pathArg(JSON_ARRAPPEND.name, path)), jsonArgs(JSON_ARRAPPEND.name, values))
  )

/**
 * Which elements JSON.ARRINDEX looks at. Offsets count from 0; negative ones count from the
 * end.
 *
 * @since 0.1.0
 * @category models
 */
export type ArrindexOptions = {
  /** The first element. Default 0. */
  readonly start: number
  /** The element after the last one; 0 is the end. Default 0. */
  readonly stop?: number | undefined
} | {
  /** The first element: needed with `stop`. */
  readonly start?: undefined
  /** Not without `start`. */
  readonly stop?: NotWith<"an absent start"> | undefined
}

const arrindexFields = { start: "value", stop: "value" } as const

const range = (command: string, options: ArrindexOptions | undefined): Array<Arg> => {
  const given = optionsOf(command, options, arrindexFields)
  if (given === undefined) return []
  const { start, stop } = given
  if (start === undefined) {
    if (stop === undefined) return []
    throw new InvalidCommand({ command, detail: "stop: not with an absent start" })
  }
  const args = argv(integerArg(command, "start", start, Number.MIN_SAFE_INTEGER))
  if (stop !== undefined) args.push(integerArg(command, "stop", stop, Number.MIN_SAFE_INTEGER))
  return args
}

const JSON_ARRINDEX = define({ words: ["JSON.ARRINDEX"], mode: "read", keys: 1, decode: matches(Command.int) })
const JSON_ARRINDEX_ONE = define({
  words: ["JSON.ARRINDEX"],
  mode: "read",
  keys: 1,
  decode: Command.nullable(Command.int)
})
/**
 * JSON.ARRINDEX returns where a value is first in the arrays at a path, -1 where it is not. For a path in JSONPath it
 * returns an array with an element for each match, `null` for one that is not an array; otherwise the offset. Fails with
 * ERR if the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/json.arrindex/
 * @since 0.1.0
 * @category json
 */
export const arrindex = <const P extends string>(
  key: Key,
  path: P,
  value: Encodable,
  options?: ArrindexOptions | undefined
): Command.Command<Matches<P, number>, "read"> =>
  byPath<P, number, "read">(
    path,
    JSON_ARRINDEX,
    JSON_ARRINDEX_ONE,
    appendAll(
      argv(key, pathArg(JSON_ARRINDEX.name, path), jsonArg(JSON_ARRINDEX.name, "value", value)),
      range(JSON_ARRINDEX.name, options)
    )
  )

const JSON_ARRINSERT = define({ words: ["JSON.ARRINSERT"], mode: "write", keys: 1, decode: matches(Command.int) })
const JSON_ARRINSERT_ONE = define({
  words: ["JSON.ARRINSERT"],
  mode: "write",
  keys: 1,
  decode: Command.nullable(Command.int)
})
/**
 * JSON.ARRINSERT inserts values into the arrays at a path, before the element at `index`, and returns their new lengths.
 * Index 0 is the beginning; negative ones count from the end. For a path in JSONPath it returns an array with an element
 * for each match, `null` for one that is not an array; otherwise the new length. Fails with ERR if the key does not exist
 * or the index is out of range.
 *
 * @see https://redis.io/docs/latest/commands/json.arrinsert/
 * @since 0.1.0
 * @category json
 */
export const arrinsert = <const P extends string>(
  key: Key,
  path: P,
  index: number,
  values: ReadonlyArray<Encodable>
): Command.Command<Matches<P, number>, "write"> =>
  byPath<P, number, "write">(
    path,
    JSON_ARRINSERT,
    JSON_ARRINSERT_ONE,
    appendAll(
      argv(
        key,
        pathArg(JSON_ARRINSERT.name, path),
        integerArg(JSON_ARRINSERT.name, "index", index, Number.MIN_SAFE_INTEGER)
      ),
      jsonArgs(JSON_ARRINSERT.name, values)
    )
  )

const JSON_ARRLEN = define({ words: ["JSON.ARRLEN"], mode: "read", keys: 1, decode: matches(Command.int) })
const JSON_ARRLEN_ONE = define({ words: ["JSON.ARRLEN"], mode: "read", keys: 1, decode: Command.nullable(Command.int) })
/**
 * JSON.ARRLEN returns the lengths of the arrays at a path, or of the document without one. For a path in JSONPath it returns
 * an array with an element for each match, `null` for one that is not an array; otherwise the length, or `null` if the
 * key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/json.arrlen/
 * @since 0.1.0
 * @category json
 */
export const arrlen = <const P extends string = ".">(
  key: Key,
  path?: P | undefined
): Command.Command<Matches<P, number>, "read"> =>
  byPath<P, number, "read">(path, JSON_ARRLEN, JSON_ARRLEN_ONE, at(JSON_ARRLEN.name, key, path))

const JSON_ARRPOP = define({ words: ["JSON.ARRPOP"], mode: "write", keys: 1, decode: jsonsOrNull })
const JSON_ARRPOP_ONE = define({ words: ["JSON.ARRPOP"], mode: "write", keys: 1, decode: jsonOrNull })
/**
 * JSON.ARRPOP removes an element from the arrays at a path, or from the document without one, and returns it: the last one,
 * or the one at `index`, which counts from the end if it is negative. For a path in JSONPath it returns an array with an
 * element for each match, `null` for one that is empty or not an array; otherwise the element, or `null`. Fails with ERR
 * if the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/json.arrpop/
 * @since 0.1.0
 * @category json
 */
export const arrpop = <const P extends string = ".">(
  key: Key,
  path?: P | undefined,
  index?: number | undefined
): Command.Command<Matches<P, Json>, "write"> =>
  byPath<P, Json, "write">(
    path,
    JSON_ARRPOP,
    JSON_ARRPOP_ONE,
    index === undefined
      ? at(JSON_ARRPOP.name, key, path)
      : argv(
        key,
        path === undefined ? "." : pathArg(JSON_ARRPOP.name, path),
        integerArg(JSON_ARRPOP.name, "index", index, Number.MIN_SAFE_INTEGER)
      )
  )

const JSON_ARRTRIM = define({ words: ["JSON.ARRTRIM"], mode: "write", keys: 1, decode: matches(Command.int) })
const JSON_ARRTRIM_ONE = define({
  words: ["JSON.ARRTRIM"],
  mode: "write",
  keys: 1,
  decode: Command.nullable(Command.int)
})
/**
 * JSON.ARRTRIM keeps the elements of the arrays at a path from `start` to `stop`, both inclusive, and returns their new
 * lengths. For a path in JSONPath it returns an array with an element for each match, `null` for one that is not an
 * array; otherwise the new length. Fails with ERR if the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/json.arrtrim/
 * @since 0.1.0
 * @category json
 */
export const arrtrim = <const P extends string>(
  key: Key,
  path: P,
  start: number,
  stop: number
): Command.Command<Matches<P, number>, "write"> =>
  byPath<P, number, "write">(
    path,
    JSON_ARRTRIM,
    JSON_ARRTRIM_ONE,
    argv(
      key,
      pathArg(JSON_ARRTRIM.name, path),
      integerArg(JSON_ARRTRIM.name, "start", start, Number.MIN_SAFE_INTEGER),
      integerArg(JSON_ARRTRIM.name, "stop", stop, Number.MIN_SAFE_INTEGER)
    )
  )

const JSON_RESP = define({ words: ["JSON.RESP"], mode: "read", keys: 1, decode: Command.native })
/**
 * JSON.RESP returns what is at a path, or the document without one, as values of the protocol: an array begins with `"["`,
 * an object with `"{"`. `null` if the key does not exist.
 *
 * @deprecated since RedisJSON 2.6: `get` returns values.
 * @see https://redis.io/docs/latest/commands/json.resp/
 * @since 0.1.0
 * @category json
 */
export const resp = (key: Key, path?: string | undefined) => make(JSON_RESP, at(JSON_RESP.name, key, path))

const JSON_DEBUG_MEMORY = define({
  words: ["JSON.DEBUG", "MEMORY"],
  mode: "read",
  keys: 1,
  decode: matches(Command.int)
})
const JSON_DEBUG_MEMORY_ONE = define({
  words: ["JSON.DEBUG", "MEMORY"],
  mode: "read",
  keys: 1,
  decode: Command.nullable(Command.int)
})
/**
 * JSON.DEBUG MEMORY returns how many bytes of memory the values at a path take, or the document without one. For a path in
 * JSONPath it returns an array with an element for each match; otherwise the number, 0 if the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/json.debug-memory/
 * @since 0.1.0
 * @category json
 */
export const debugMemory = <const P extends string = ".">(
  key: Key,
  path?: P | undefined
): Command.Command<Matches<P, number>, "read"> =>
  byPath<P, number, "read">(path, JSON_DEBUG_MEMORY, JSON_DEBUG_MEMORY_ONE, at(JSON_DEBUG_MEMORY.name, key, path))
