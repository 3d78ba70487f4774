/**
 * The list commands, those that wait included. Timeouts are in seconds, as
 * Redis takes them; 0 waits without end.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import type { Arg, Key } from "../Command.ts"
import {
  allButLast,
  argv,
  around,
  firstIsTimeout,
  firstWait,
  lastIsTimeout,
  lastWait,
  listed,
  numkeys,
  optional,
  type Several,
  several,
  word
} from "../internal/commands/args.ts"

const { define, own: make } = Command

/** An end of a list. @since 0.1.0 @category models */
export type Side = "left" | "right"

const LPUSH = define({ words: ["LPUSH"], mode: "write", keys: 1, decode: Command.int })
/** Prepends elements. The new length. */
export const lpush = (key: Key, ...elements: Several<Arg>) => make(LPUSH, several(argv(key), elements))

const LPUSHX = define({ words: ["LPUSHX"], mode: "write", keys: 1, decode: Command.int })
/** Prepends elements, if the list exists. The new length. */
export const lpushx = (key: Key, ...elements: Several<Arg>) => make(LPUSHX, several(argv(key), elements))

const RPUSH = define({ words: ["RPUSH"], mode: "write", keys: 1, decode: Command.int })
/** Appends elements. The new length. */
export const rpush = (key: Key, ...elements: Several<Arg>) => make(RPUSH, several(argv(key), elements))

const RPUSHX = define({ words: ["RPUSHX"], mode: "write", keys: 1, decode: Command.int })
/** Appends elements, if the list exists. The new length. */
export const rpushx = (key: Key, ...elements: Several<Arg>) => make(RPUSHX, several(argv(key), elements))

const LPOP = define({ words: ["LPOP"], mode: "write", keys: 1, decode: Command.stringOrNull })
/** Takes the first element, or null. */
export const lpop = (key: Key) => make(LPOP, argv(key))

const LPOP_COUNT = define({ words: ["LPOP"], mode: "write", keys: 1, decode: Command.stringsOrNull })
/** Takes up to that many first elements; null where the key does not exist. */
export const lpopCount = (key: Key, count: number) => make(LPOP_COUNT, argv(key, count))

const RPOP = define({ words: ["RPOP"], mode: "write", keys: 1, decode: Command.stringOrNull })
/** Takes the last element, or null. */
export const rpop = (key: Key) => make(RPOP, argv(key))

const RPOP_COUNT = define({ words: ["RPOP"], mode: "write", keys: 1, decode: Command.stringsOrNull })
/** Takes up to that many last elements; null where the key does not exist. */
export const rpopCount = (key: Key, count: number) => make(RPOP_COUNT, argv(key, count))

const LLEN = define({ words: ["LLEN"], mode: "read", keys: 1, decode: Command.int })
/** The length. */
export const llen = (key: Key) => make(LLEN, argv(key))

const LRANGE = define({ words: ["LRANGE"], mode: "read", keys: 1, decode: Command.strings })
/** The elements between two indices, both inclusive; negative ones count from the end. */
export const lrange = (key: Key, start: number, stop: number) => make(LRANGE, argv(key, start, stop))

const LINDEX = define({ words: ["LINDEX"], mode: "read", keys: 1, decode: Command.stringOrNull })
/** The element at an index, or null. */
export const lindex = (key: Key, index: number) => make(LINDEX, argv(key, index))

const LINSERT = define({ words: ["LINSERT"], mode: "write", keys: 1, decode: Command.int })
/** Inserts an element beside another. The new length; -1 without the other, 0 without the key. */
export const linsert = (key: Key, where: "before" | "after", pivot: Arg, element: Arg) =>
  make(LINSERT, argv(key, word("LINSERT", "where", where, ["before", "after"]), pivot, element))

const LSET = define({ words: ["LSET"], mode: "write", keys: 1, decode: Command.ok })
/** Replaces the element at an index. */
export const lset = (key: Key, index: number, element: Arg) => make(LSET, argv(key, index, element))

const LREM = define({ words: ["LREM"], mode: "write", keys: 1, decode: Command.int })
/** Removes elements: from the head (count > 0), the tail (< 0), or all (0). How many. */
export const lrem = (key: Key, count: number, element: Arg) => make(LREM, argv(key, count, element))

const LTRIM = define({ words: ["LTRIM"], mode: "write", keys: 1, decode: Command.ok })
/** Keeps the elements between two indices. */
export const ltrim = (key: Key, start: number, stop: number) => make(LTRIM, argv(key, start, stop))

/**
 * Options of LPOS.
 *
 * @since 0.1.0
 * @category models
 */
export interface LposOptions {
  /** Which match to begin with: 1 for the first, -1 for the last. */
  readonly rank?: number | undefined
  /** How many elements to look at; 0 for all. */
  readonly maxlen?: number | undefined
}

const lposArgs = (key: Key, element: Arg, given: LposOptions | undefined): Array<Arg> => {
  const options = optional("LPOS", given)
  const args: Array<Arg> = [key, element]
  if (options?.rank !== undefined) args.push("RANK", options.rank)
  if (options?.maxlen !== undefined) args.push("MAXLEN", options.maxlen)
  return args
}

const LPOS = define({ words: ["LPOS"], mode: "read", keys: 1, decode: Command.intOrNull })
/** The index of an element, or null. */
export const lpos = (key: Key, element: Arg, options?: LposOptions | undefined) =>
  make(LPOS, lposArgs(key, element, options))

const LPOS_COUNT = define({ words: ["LPOS"], mode: "read", keys: 1, decode: Command.ints })
/** The indices of an element, up to a count; 0 for all. */
export const lposCount = (key: Key, element: Arg, count: number, options?: LposOptions | undefined) =>
  make(LPOS_COUNT, around(argv(), lposArgs(key, element, options), "COUNT", count))

const end = (command: string, field: string, side: Side): string => word(command, field, side, ["left", "right"])

const LMOVE = define({ words: ["LMOVE"], mode: "write", keys: 2, decode: Command.stringOrNull })
/** Moves an element from an end of a list to an end of another. */
export const lmove = (source: Key, destination: Key, from: Side, to: Side) =>
  make(LMOVE, argv(source, destination, end("LMOVE", "from", from), end("LMOVE", "to", to)))

/**
 * What a pop from several lists gives: which key, and its elements.
 *
 * @since 0.1.0
 * @category models
 */
export interface Popped<A = string> {
  readonly key: A
  readonly elements: Array<A>
}

const popped = Command.custom<Popped | null, Popped<Uint8Array> | null>((value, bytes) => {
  if (value === null) return null
  const reply = Command.list(value)
  const key = Command.bulkString(reply[0] ?? null, bytes)
  return { key, elements: Command.strings(reply[1] ?? null, bytes) } as Popped & Popped<Uint8Array>
})

const LMPOP = define({ words: ["LMPOP"], mode: "write", keys: numkeys(0), decode: popped })
/** Takes elements from the first list that has any. Redis 7.0. */
export const lmpop = (keys: ReadonlyArray<Key>, side: Side, count?: number | undefined) =>
  make(LMPOP, [
    listed("LMPOP", "keys", keys).length,
    ...keys,
    end("LMPOP", "side", side),
    ...(count === undefined ? [] : ["COUNT", count])
  ])

const keyAndElement = Command.nullable(Command.strings) as Command.Decode<
  [key: string, element: string] | null,
  [key: Uint8Array, element: Uint8Array] | null
>

const BLPOP = define({
  words: ["BLPOP"],
  mode: "write",
  keys: allButLast,
  blocks: lastIsTimeout,
  withBlockingMillis: lastWait,
  decode: keyAndElement
})
/** Takes the first element of the first list that has any, waiting for one. Null after the timeout. */
export const blpop = (keys: ReadonlyArray<Key>, timeoutSeconds: number) =>
  make(BLPOP, around(argv(), listed("BLPOP", "keys", keys), timeoutSeconds))

const BRPOP = define({
  words: ["BRPOP"],
  mode: "write",
  keys: allButLast,
  blocks: lastIsTimeout,
  withBlockingMillis: lastWait,
  decode: keyAndElement
})
/** Takes the last element of the first list that has any, waiting for one. Null after the timeout. */
export const brpop = (keys: ReadonlyArray<Key>, timeoutSeconds: number) =>
  make(BRPOP, around(argv(), listed("BRPOP", "keys", keys), timeoutSeconds))

const BLMOVE = define({
  words: ["BLMOVE"],
  mode: "write",
  keys: 2,
  blocks: lastIsTimeout,
  withBlockingMillis: lastWait,
  decode: Command.stringOrNull
})
/** LMOVE that waits for an element. Null after the timeout. */
export const blmove = (source: Key, destination: Key, from: Side, to: Side, timeoutSeconds: number) =>
  make(BLMOVE, argv(source, destination, end("BLMOVE", "from", from), end("BLMOVE", "to", to), timeoutSeconds))

const BLMPOP = define({
  words: ["BLMPOP"],
  mode: "write",
  keys: numkeys(1),
  blocks: firstIsTimeout,
  withBlockingMillis: firstWait,
  decode: popped
})
/** LMPOP that waits for an element. Null after the timeout. Redis 7.0. */
export const blmpop = (keys: ReadonlyArray<Key>, side: Side, timeoutSeconds: number, count?: number | undefined) =>
  make(BLMPOP, [
    timeoutSeconds,
    listed("LMPOP", "keys", keys).length,
    ...keys,
    end("LMPOP", "side", side),
    ...(count === undefined ? [] : ["COUNT", count])
  ])
