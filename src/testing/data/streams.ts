/**
 * The commands of a server in memory on streams and their entries. Reads that may wait are in
 * streamReads.ts, the commands on groups in streamGroups.ts, descriptions in streamInfo.ts.
 */
import { nullArray, ok, type Reply } from "../Reply.ts"
import { type Id, idOf, maxHalf, maxId, millisOf, printId, sequenceOf } from "../StreamId.ts"
import { type Named, type StreamItem, StreamValue } from "../StreamValue.ts"
import { big, fail, first, group, int, type Scene, syntaxError } from "./command.ts"
import {
  badId,
  bound,
  countedIds,
  entryReply,
  half,
  read,
  type References,
  referencesOf,
  strictId
} from "./streamArgs.ts"

const define = group("stream")

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
  readonly references: References
  /** The producer that names the entry, and the name; without one, the content is the name. */
  readonly named: { readonly producer: string; readonly name: string | undefined } | undefined
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
  let references: References = "keepref"
  let named: AddRequest["named"]
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
    else if (referencesOf(option) !== undefined) references = referencesOf(option)!
    else if (adds && option === "idmp" && left >= 2) named = { producer: args[++i]!, name: args[++i]! }
    else if (adds && option === "idmpauto" && left > 0) named = { producer: args[++i]!, name: undefined }
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
  return {
    trim,
    references,
    named,
    limit: isLimited ? limit : trim?.approximate === true ? 10_000 : 0,
    noMkstream,
    at: i
  }
}

const trimStream = (stream: StreamValue, { limit, references, trim }: AddRequest): number => {
  if (trim === undefined) return 0
  const { threshold } = trim
  const goes = trim.strategy === "maxlen"
    ? (_: StreamItem, left: number): boolean => BigInt(left) > threshold
    : ({ id }: StreamItem): boolean => id < threshold
  if (references === "keepref") {
    return stream.trim((entry, left) => left > 0 && goes(entry, left), trim.approximate, limit)
  }
  let removed = 0
  for (const entry of stream.entries.slice()) {
    if (!goes(entry, stream.entries.length) || (limit > 0 && removed >= limit)) break
    if (references === "acked" && stream.isReferenced(entry.id)) continue
    stream.dropReferences(entry.id)
    stream.remove(entry.id)
    removed++
  }
  return removed
}

/** The names of a producer's entries that are still remembered. */
const namesOf = (stream: StreamValue, producer: string, now: number): Named => {
  const named = stream.producers.get(producer) ?? new Map()
  for (const [name, { at }] of named) if (now - at >= stream.idempotence.millis) named.delete(name)
  stream.producers.set(producer, named)
  return named
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
  const names = request.named === undefined ? undefined : namesOf(stream, request.named.producer, now)
  const name = request.named?.name ?? JSON.stringify(fields)
  if (names !== undefined) {
    if (text !== "*") return fail("IDMP/IDMPAUTO can be used only with auto-generated IDs")
    const known = names.get(name)
    if (known !== undefined) return printId(known.id)
  }
  const clock = idOf(BigInt(Math.floor(now)), 0n)
  const id = text === "*" ? (clock > stream.lastId ? clock : stream.lastId + 1n) : newId(text, stream.lastId)
  if (id === undefined) return fail("Elements are too large to be stored")
  if (id <= stream.lastId) {
    return fail("The ID specified in XADD is equal or smaller than the target stream top item")
  }
  stream.add(id, fields)
  if (names !== undefined) {
    names.set(name, { id, at: now })
    if (names.size > stream.idempotence.size) names.delete(names.keys().next().value!)
  }
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
  scene.db.note()
  return ok
}

/** What XDELEX and XACKDEL say of an entry: 1 if it was deleted, 2 if groups still refer to it, -1 if there is none. */
export const deleteEntry = (stream: StreamValue, id: Id, references: References): number => {
  if (references === "acked" && stream.get(id) !== undefined && stream.isReferenced(id)) return 2
  if (references === "delref") stream.dropReferences(id)
  return stream.delete(id) ? 1 : -1
}

const deleteEach = (scene: Scene, args: ReadonlyArray<string>): Reply => {
  const references = referencesOf(args[2])
  const { end, ids } = countedIds(args, references === undefined ? 2 : 3)
  if (end !== args.length) return syntaxError()
  const stream = read(scene, args[1]!)
  if (stream === undefined) return ids.map(() => -1)
  const replies = ids.map((id) => deleteEntry(stream, id, references ?? "keepref"))
  if (replies.includes(1)) scene.db.settle(args[1]!)
  return replies
}

const configure = (scene: Scene, args: ReadonlyArray<string>): Reply => {
  let seconds: number | undefined
  let size: number | undefined
  for (let i = 2; i < args.length; i += 2) {
    const option = args[i]!.toUpperCase()
    const value = args[i + 1]
    if (option === "IDMP-DURATION" && value !== undefined) {
      seconds = int(value)
      if (seconds < 1 || seconds > 86_400) return fail("invalid duration")
    } else if (option === "IDMP-MAXSIZE" && value !== undefined) {
      size = int(value)
      if (size < 1 || size > 10_000) return fail("invalid maxsize")
    } else return syntaxError()
  }
  if (seconds === undefined && size === undefined) return syntaxError()
  const stream = read(scene, args[1]!)
  if (stream === undefined) return fail("no such key")
  stream.idempotence = {
    millis: seconds === undefined ? stream.idempotence.millis : seconds * 1000,
    size: size ?? stream.idempotence.size
  }
  stream.producers.clear()
  scene.db.note()
  return ok
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
  define("xdelex", -5, "write fast", first, deleteEach),
  define("xcfgset", -2, "write fast", first, configure),
  define("xsetid", -3, "write denyoom fast", first, setId)
]
