/**
 * The commands of a server in memory on streams and their entries, XREAD included.
 * Groups of consumers have no commands yet.
 */
import { Fields, nullArray, ok, type Reply } from "../Reply.ts"
import { type Id, idOf, maxId, millisOf, printId, sequenceOf, type StreamItem, StreamValue } from "../StreamValue.ts"
import { big, fail, first, group, int, type Keys, type Scene, syntaxError } from "./command.ts"

const define = group("stream")

const maxHalf = (1n << 64n) - 1n

const badId = "Invalid stream ID specified as stream command argument"

/** A half of an id, as C reads an unsigned number: with a sign, and with spaces before it. */
const half = (text: string): bigint | undefined => {
  const [, sign, digits] = /^[\t-\r ]*([+-]?)(\d+)$/.exec(text) ?? []
  if (digits === undefined) return undefined
  const n = BigInt(digits)
  return n > maxHalf ? undefined : sign === "-" ? BigInt.asUintN(64, -n) : n
}

const parseId = (text: string, missing: bigint): Id | undefined => {
  const at = text.indexOf("-")
  const millis = half(at === -1 ? text : text.slice(0, at))
  const sequence = at === -1 ? missing : half(text.slice(at + 1))
  return millis === undefined || sequence === undefined ? undefined : idOf(millis, sequence)
}

/** An id of an entry. */
const strictId = (text: string, missing = 0n): Id => parseId(text, missing) ?? fail(badId)

/** An id, the lowest one (`-`), or the greatest one (`+`). */
const looseId = (text: string, missing = 0n): Id => text === "-" ? 0n : text === "+" ? maxId : strictId(text, missing)

/** The start or the end of a range: an id, one that is excluded, `-` or `+`. */
export const bound = (text: string, isStart: boolean): Id => {
  const missing = isStart ? 0n : maxHalf
  if (text.length > 1 && text.startsWith("(")) {
    const id = strictId(text.slice(1), missing)
    if (id === (isStart ? maxId : 0n)) return fail(`invalid ${isStart ? "start" : "end"} ID for the interval`)
    return isStart ? id + 1n : id - 1n
  }
  return looseId(text, missing)
}

const entryReply = ({ fields, id }: StreamItem): Reply => [printId(id), fields]

export const read = ({ db, now }: Scene, key: string): StreamValue | undefined => db.read(key, "stream", now)

// -----------------------------------------------------------------------------
// Adding and trimming
// -----------------------------------------------------------------------------

interface Trim {
  readonly strategy: "maxlen" | "minid"
  readonly threshold: bigint
  readonly approximate: boolean
}

interface AddRequest {
  readonly trim: Trim | undefined
  readonly limit: number
  readonly noMkstream: boolean
  /** Where the options end: at the id of XADD. */
  readonly at: number
}

const addRequest = (args: ReadonlyArray<string>, adds: boolean): AddRequest => {
  let trim: Trim | undefined
  let limit = 0
  let isLimited = false
  let noMkstream = false
  let i = 2
  for (; i < args.length; i++) {
    const left = args.length - 1 - i
    const option = args[i]!.toLowerCase()
    if (adds && option === "*") break
    if ((option === "maxlen" || option === "minid") && left > 0) {
      if (trim !== undefined) {
        return fail("syntax error, MAXLEN and MINID options at the same time are not compatible")
      }
      const operator = left >= 2 && (args[i + 1] === "~" || args[i + 1] === "=") ? args[++i]! : "="
      const text = args[++i]!
      const threshold = option === "maxlen" ? big(text) : strictId(text)
      if (threshold < 0n) return fail("The MAXLEN argument must be >= 0.")
      trim = { strategy: option, threshold, approximate: operator === "~" }
    } else if (option === "limit" && left > 0) {
      limit = int(args[++i]!)
      if (limit < 0) return fail("The LIMIT argument must be >= 0.")
      isLimited = true
    } else if (adds && option === "nomkstream") noMkstream = true
    else if (adds) {
      newId(args[i]!, 0n)
      break
    } else return syntaxError()
  }
  if (limit > 0 && trim === undefined) {
    return fail("syntax error, LIMIT cannot be used without specifying a trimming strategy")
  }
  if (!adds && trim === undefined) return fail("syntax error, XTRIM must be called with a trimming strategy")
  if (isLimited && trim?.approximate !== true) {
    return fail("syntax error, LIMIT cannot be used without the special ~ option")
  }
  return { trim, limit: isLimited ? limit : trim?.approximate === true ? 10_000 : 0, noMkstream, at: i }
}

const trimStream = (stream: StreamValue, { limit, trim }: AddRequest): number => {
  if (trim === undefined) return 0
  const { threshold } = trim
  const goes = trim.strategy === "maxlen"
    ? (_: StreamItem, left: number): boolean => BigInt(left) > threshold
    : ({ id }: StreamItem): boolean => id < threshold
  return stream.trim((entry, left) => left > 0 && goes(entry, left), trim.approximate, limit)
}

/** The id that XADD is given, after the last one of the stream; undefined if there is none after it. */
const newId = (text: string, last: Id): Id | undefined => {
  if (!text.endsWith("-*")) return strictId(text)
  const millis = half(text.slice(0, -2)) ?? fail(badId)
  if (millis !== millisOf(last)) return idOf(millis, 0n)
  return sequenceOf(last) === maxHalf ? undefined : last + 1n
}

const add = (scene: Scene, args: ReadonlyArray<string>): Reply => {
  const request = addRequest(args, true)
  const text = args[request.at]
  const fields = args.slice(request.at + 1)
  if (text === undefined || fields.length < 2 || fields.length % 2 === 1) {
    return fail("wrong number of arguments for 'xadd' command")
  }
  if (text !== "*" && !text.endsWith("-*") && strictId(text) === 0n) {
    return fail("The ID specified in XADD must be greater than 0-0")
  }
  const { db, now } = scene
  const key = args[1]!
  const found = read(scene, key)
  if (found === undefined && request.noMkstream) return null
  const stream = found ?? new StreamValue()
  if (stream.lastId === maxId) {
    return fail("The stream has exhausted the last possible ID, unable to add more items")
  }
  const clock = idOf(BigInt(Math.floor(now)), 0n)
  const id = text === "*" ? (clock > stream.lastId ? clock : stream.lastId + 1n) : newId(text, stream.lastId)
  if (id === undefined) return fail("Elements are too large to be stored")
  if (id <= stream.lastId) {
    return fail("The ID specified in XADD is equal or smaller than the target stream top item")
  }
  stream.add(id, fields)
  trimStream(stream, request)
  if (found === undefined) db.put(key, "stream", stream)
  else db.settle(key)
  return printId(id)
}

const trim = (scene: Scene, args: ReadonlyArray<string>): Reply => {
  const request = addRequest(args, false)
  const stream = read(scene, args[1]!)
  if (stream === undefined) return 0
  const removed = trimStream(stream, request)
  if (removed > 0) scene.db.settle(args[1]!)
  return removed
}

const range = (name: string, isReverse: boolean) =>
  define(name, -4, "read", first, (scene, args) => {
    const start = bound(args[isReverse ? 3 : 2]!, true)
    const end = bound(args[isReverse ? 2 : 3]!, false)
    let count = -1
    for (let i = 4; i < args.length; i += 2) {
      if (args[i]!.toUpperCase() !== "COUNT" || i + 1 >= args.length) return syntaxError()
      count = Math.max(0, int(args[i + 1]!))
    }
    const stream = read(scene, args[1]!)
    if (stream === undefined) return []
    if (count === 0) return nullArray
    const found = stream.range(start, end)
    const ordered = isReverse ? found.toReversed() : found
    return (count < 0 ? ordered : ordered.slice(0, count)).map(entryReply)
  })

const setId = (scene: Scene, args: ReadonlyArray<string>): Reply => {
  const id = strictId(args[2]!)
  let added: bigint | undefined
  let maxDeleted = 0n
  for (let i = 3; i < args.length; i += 2) {
    const option = args[i]!.toUpperCase()
    const value = args[i + 1]
    if (option === "ENTRIESADDED" && value !== undefined) {
      added = big(value)
      if (added < 0n) return fail("entries_added must be positive")
    } else if (option === "MAXDELETEDID" && value !== undefined) {
      maxDeleted = strictId(value)
      if (id < maxDeleted) {
        return fail("The ID specified in XSETID is smaller than the provided max_deleted_entry_id")
      }
    } else return syntaxError()
  }
  const stream = read(scene, args[1]!)
  if (stream === undefined) return fail("no such key")
  const last = stream.entries.at(-1)
  if (last !== undefined) {
    if (id < last.id) return fail("The ID specified in XSETID is smaller than the target stream top item")
    if (added !== undefined && added < BigInt(stream.entries.length)) {
      return fail("The entries_added specified in XSETID is smaller than the target stream length")
    }
  }
  stream.lastId = id
  if (added !== undefined) stream.entriesAdded = added
  if (maxDeleted !== 0n) stream.maxDeletedId = maxDeleted
  scene.db.settle(args[1]!)
  return ok
}

// -----------------------------------------------------------------------------
// Reading what is new
// -----------------------------------------------------------------------------

/** A stream that a read asks for. */
interface Source {
  readonly key: string
  /** The id as it was given. */
  readonly text: string
}

/** The arguments of XREAD. */
interface ReadRequest {
  readonly sources: ReadonlyArray<Source>
  /** How many entries of each stream; 0: all. */
  readonly count: number
  /** How long it waits, in milliseconds, 0: without end; undefined: it does not wait. */
  readonly millis: number | undefined
}

const readRequest = (args: ReadonlyArray<string>): ReadRequest => {
  let count = 0
  let millis: number | undefined
  let sources: Array<Source> | undefined
  for (let i = 1; i < args.length && sources === undefined; i++) {
    const option = args[i]!.toUpperCase()
    const left = args.length - i - 1
    if (option === "BLOCK" && left > 0) {
      millis = int(args[++i]!, "timeout is not an integer or out of range")
      if (millis < 0) return fail("timeout is negative")
    } else if (option === "COUNT" && left > 0) count = Math.max(0, int(args[++i]!))
    else if (option === "STREAMS" && left > 0) {
      if (left % 2 !== 0) {
        return fail("Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.")
      }
      const keys = args.slice(i + 1, i + 1 + left / 2)
      sources = keys.map((key, n) => ({ key, text: args[i + 1 + left / 2 + n]! }))
    } else if (option === "NOACK" || (option === "GROUP" && left >= 2)) {
      return fail(`The ${option} option is only supported by XREADGROUP. You called XREAD instead.`)
    } else return syntaxError()
  }
  if (sources === undefined) return syntaxError()
  return { sources, count, millis }
}

const readKeys: Keys = (args) => {
  const at = args.findIndex((arg, i) => i > 0 && arg.toUpperCase() === "STREAMS") + 1
  return at === 0 ? [] : args.slice(at, at + Math.floor((args.length - at) / 2))
}

/** What a read gives of each stream, which is a map in RESP3. */
const readReply = (
  { protocol }: Scene,
  found: ReadonlyArray<readonly [key: string, entries: ReadonlyArray<Reply>]>
): Reply => protocol === 3 ? new Fields(found.flat()) : found

/** A read that may wait. */
export interface Read {
  /** How long it waits, in milliseconds, 0: without end; undefined: it does not wait. */
  readonly millis: number | undefined
  /** What there is; undefined while there is nothing. */
  readonly attempt: (scene: Scene) => Reply | undefined
}

/** XREAD, with `$` standing for the ids that are the last ones now. */
export const openRead = (scene: Scene, args: ReadonlyArray<string>): Read => {
  const { count, millis, sources } = readRequest(args)
  const after = sources.map(({ key, text }) => {
    const stream = read(scene, key)
    if (text === "$") return stream?.lastId ?? 0n
    if (text === ">") {
      return fail(
        "The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option."
      )
    }
    return strictId(text)
  })
  return {
    millis,
    attempt: (scene) => {
      const found = sources.flatMap(({ key }, i) => {
        const entries = read(scene, key)?.range(after[i]! + 1n, maxId) ?? []
        const some = count === 0 ? entries : entries.slice(0, count)
        return some.length === 0 ? [] : [[key, some.map(entryReply)] as const]
      })
      return found.length === 0 ? undefined : readReply(scene, found)
    }
  }
}

export const streams = [
  define("xadd", -5, "write denyoom fast", first, add),
  define("xlen", 2, "read fast", first, (scene, [, key]) => read(scene, key!)?.entries.length ?? 0),
  range("xrange", false),
  range("xrevrange", true),
  define("xdel", -3, "write fast", first, (scene, args) => {
    const stream = read(scene, args[1]!)
    if (stream === undefined) return 0
    const ids = args.slice(2).map((text) => strictId(text))
    const deleted = ids.filter((id) => stream.delete(id)).length
    if (deleted > 0) scene.db.settle(args[1]!)
    return deleted
  }),
  define("xtrim", -4, "write", first, trim),
  define("xsetid", -3, "write denyoom fast", first, setId),
  // The server itself lets it wait.
  define("xread", -4, "read blocking", readKeys, (scene, args) => openRead(scene, args).attempt(scene) ?? nullArray)
]
