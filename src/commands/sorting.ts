/**
 * SORT in its three forms: with a result, read-only, and into a list.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg, Key } from "../Command.ts"
import { InvalidCommand } from "../Errors.ts"
import { appendAll, argv, arrayOf, type FieldsOf, keyword, optionsOf } from "../internal/commands/args.ts"
import type { NotWith } from "./options.ts"

/**
 * Which elements SORT and SORT_RO return, and in which order. In a pattern, the element
 * takes the place of the first `*`; `->` and a name at its end take a field of a hash.
 *
 * @since 0.1.0
 * @category models
 */
export interface SortSelection {
  /** How many elements are skipped, and how many are returned at most; a negative count is all of them. */
  readonly limit?: readonly [offset: number, count: number] | undefined
  /** Patterns of the keys whose values are returned in place of each element; `"#"` is the element itself. */
  readonly get?: ReadonlyArray<string> | undefined
  /** Ascending or descending. Default `"asc"`. */
  readonly order?: "asc" | "desc" | undefined
}

/**
 * Options of SORT and SORT_RO that leave the elements in the order that they have.
 *
 * @since 0.1.0
 * @category models
 */
export interface SortUnsorted extends SortSelection {
  /** Does not sort: a sorted set is read in the order of its scores, or in reverse with `order: "desc"`. */
  readonly by: "nosort"
  /** Not with `by: "nosort"`: nothing is compared. */
  readonly alpha?: NotWith<"by: nosort"> | undefined
}

/**
 * Options of SORT and SORT_RO that compare the elements or their weights.
 *
 * @since 0.1.0
 * @category models
 */
export interface SortCompared extends SortSelection {
  /** The pattern of the keys whose values are the weights, with a `*`. Default: the elements themselves. */
  readonly by?: `${string}*${string}` | undefined
  /** Whether elements or weights are compared as text. Default false: as numbers. */
  readonly alpha?: boolean | undefined
}

/**
 * Options of SORT and SORT_RO.
 *
 * @since 0.1.0
 * @category models
 */
export type SortOptions = SortUnsorted | SortCompared

const sortFields: FieldsOf<SortOptions> = { by: "value", alpha: "flag", limit: "value", get: "value", order: "value" }

const sortArgs = (command: string, key: Key, given: SortOptions | undefined): Array<Arg> => {
  const options = optionsOf(command, given, sortFields)
  const args: Array<Arg> = [key]
  if (options?.by !== undefined) {
    if (options.by === "nosort" && (options.alpha ?? false) !== false) {
      throw new InvalidCommand({ command, detail: "alpha: not with by: nosort" })
    }
    if (typeof options.by !== "string" || (options.by !== "nosort" && !options.by.includes("*"))) {
      throw new InvalidCommand({ command, detail: "by: expected a pattern with a *, or \"nosort\"" })
    }
    args.push("BY", options.by)
  }
  if (options?.limit !== undefined) args.push("LIMIT", ...arrayOf(command, "limit", options.limit).slice(0, 2))
  for (const get of arrayOf(command, "get", options?.get ?? [])) args.push("GET", get)
  if (options?.order !== undefined) args.push(keyword(command, "order", options.order, ["asc", "desc"]))
  if (options?.alpha === true) args.push("ALPHA")
  return args
}

const SORT = define({ words: ["SORT"], mode: "write", keys: 1, decode: Command.stringsWithNulls })
/**
 * SORT returns the elements of a list, set or sorted set in sorted order; with `get`, the values that the patterns
 * name, `null` for each that does not exist. A missing key gives `[]`. It changes nothing, but the server counts
 * it as a write, since SORT may store: `sortRo` runs on replicas, too, and is sent again when a connection is
 * lost. Fails with ERR if an element is not a number and `alpha` is not `true`, and with WRONGTYPE if the key
 * holds another type.
 *
 * @see https://redis.io/docs/latest/commands/sort/
 * @since 0.1.0
 * @category keys
 */
export const sort = (key: Key, options?: SortOptions | undefined) => make(SORT, sortArgs(SORT.name, key, options))

const SORT_RO = define({ words: ["SORT_RO"], mode: "read", keys: 1, decode: Command.stringsWithNulls })
/**
 * SORT_RO returns the elements of a list, set or sorted set in sorted order; with `get`, the values that the
 * patterns name, `null` for each that does not exist. A missing key gives `[]`. Fails with ERR if an element is
 * not a number and `alpha` is not `true`, and with WRONGTYPE if the key holds another type. Needs Redis 7.0.
 *
 * **Example** (Names of users, the oldest first)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * // users: the ids; age:<id>: a number; user:<id>: a hash
 * export const names = commands.sortRo("users", { by: "age:*", order: "desc", get: ["user:*->name"], limit: [0, 10] })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/sort_ro/
 * @since 0.1.0
 * @category keys
 */
export const sortRo = (key: Key, options?: SortOptions | undefined) =>
  make(SORT_RO, sortArgs(SORT_RO.name, key, options))

const SORT_STORE = define({
  words: ["SORT"],
  mode: "write",
  keys: (args) => [args[0] as Key, args[args.length - 1] as Key],
  decode: Command.int
})
/**
 * SORT with STORE stores the elements of a list, set or sorted set in sorted order as a list at `destination`, and
 * returns its length. It replaces a value of any type there; an empty result deletes it. Fails with ERR if an
 * element is not a number and `alpha` is not `true`, and with WRONGTYPE if `key` holds another type.
 *
 * @see https://redis.io/docs/latest/commands/sort/
 * @since 0.1.0
 * @category keys
 */
export const sortStore = (key: Key, destination: Key, options?: SortOptions | undefined) =>
  make(SORT_STORE, appendAll(argv(), sortArgs(SORT_STORE.name, key, options), "STORE", destination))
