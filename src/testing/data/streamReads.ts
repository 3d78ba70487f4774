/**
 * XREAD and XREADGROUP of a server in memory. The server itself lets them wait (RedisNode.ts).
 *
 * On replicas and after a failover is what XCLAIM and XGROUP SETID say there, which a primary sends
 * in place of XREADGROUP: entries that a consumer reads again count on the primary alone.
 */
import { Failure, Fields, nullArray, type Reply } from "../Reply.ts"
import { type Consumer, countDelivery, type Pending, type StreamGroup } from "../StreamGroup.ts"
import { type Id, maxId, printId } from "../StreamId.ts"
import type { StreamItem, StreamValue } from "../StreamValue.ts"
import { atLeast, fail, group, int, type Keys, type Scene, syntaxError } from "./command.ts"
import { entryReply, read, readGroup, strictId } from "./streamArgs.ts"

const define = group("stream")

/** A stream that a read asks for. */
interface Source {
  readonly key: string
  /** The id as it was given. */
  readonly text: string
}

/** The arguments of XREAD and XREADGROUP. */
interface ReadRequest {
  readonly sources: ReadonlyArray<Source>
  /** How many entries of each stream; 0: all. */
  readonly count: number
  /** How many entries of all streams. */
  readonly maxCount: number
  /** How many bytes. */
  readonly maxSize: number
  /** How long it waits, in milliseconds, 0: without end; undefined: it does not wait. */
  readonly millis: number | undefined
  readonly group: string
  readonly consumer: string
  readonly noack: boolean
  /** For how long entries were idle that it claims; undefined: it claims none. */
  readonly minIdle: number | undefined
}

const readRequest = (args: ReadonlyArray<string>, inGroup: boolean): ReadRequest => {
  let count = 0
  let maxCount = Infinity
  let maxSize = Infinity
  let millis: number | undefined
  let minIdle: number | undefined
  let noack = false
  let names: readonly [group: string, consumer: string] | undefined
  let sources: Array<Source> | undefined
  for (let i = 1; i < args.length && sources === undefined; i++) {
    const option = args[i]!.toUpperCase()
    const left = args.length - i - 1
    if (option === "BLOCK" && left > 0) {
      millis = int(args[++i]!, "timeout is not an integer or out of range")
      if (millis < 0) return fail("timeout is negative")
    } else if (option === "COUNT" && left > 0) count = Math.max(0, int(args[++i]!))
    else if (option === "MAXCOUNT" && left > 0) maxCount = atLeast(1, args[++i]!, "MAXCOUNT must be a positive integer")
    else if (option === "MAXSIZE" && left > 0) maxSize = atLeast(1, args[++i]!, "MAXSIZE must be a positive integer")
    else if (option === "CLAIM" && left > 0 && inGroup) minIdle = Math.max(0, int(args[++i]!))
    else if (option === "STREAMS" && left > 0) {
      if (left % 2 !== 0) {
        return fail("Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.")
      }
      const keys = args.slice(i + 1, i + 1 + left / 2)
      sources = keys.map((key, n) => ({ key, text: args[i + 1 + left / 2 + n]! }))
    } else if (!inGroup && (option === "NOACK" || (option === "GROUP" && left >= 2))) {
      return fail(`The ${option} option is only supported by XREADGROUP. You called XREAD instead.`)
    } else if (option === "GROUP" && left >= 2) names = [args[++i]!, args[++i]!]
    else if (option === "NOACK") noack = true
    else return syntaxError()
  }
  if (sources === undefined) return syntaxError()
  if (inGroup && names === undefined) return fail("Missing GROUP option for XREADGROUP")
  if (count > 0 && maxCount < count) return fail("MAXCOUNT must be greater than or equal to COUNT")
  const [group = "", consumer = ""] = names ?? []
  return { sources, count, maxCount, maxSize, millis, group, consumer, noack, minIdle }
}

const keysAfterStreams = (from: number): Keys => (args) => {
  const at = args.findIndex((arg, i) => i >= from && arg.toUpperCase() === "STREAMS") + 1
  return at === 0 ? [] : args.slice(at, at + Math.floor((args.length - at) / 2))
}

/** What a read gives of each stream, which is a map in RESP3. */
const readReply = (
  { protocol }: Scene,
  found: ReadonlyArray<readonly [key: string, entries: ReadonlyArray<Reply>]>
): Reply => protocol === 3 ? new Fields(found.flat()) : found

/** How much of a reply may still come. */
class Budget {
  private left: number
  private bytes: number
  private isEmpty = true
  private readonly perStream: number
  private leftOfStream = Infinity

  constructor({ count, maxCount, maxSize }: ReadRequest) {
    this.left = maxCount
    this.bytes = maxSize
    this.perStream = count === 0 ? Infinity : count
  }

  nextStream(): void {
    this.leftOfStream = this.perStream
  }

  /** Whether one more entry fits. */
  take(fields: ReadonlyArray<string>): boolean {
    const size = fields.reduce((sum, text) => sum + text.length, 0)
    if (this.left <= 0 || this.leftOfStream <= 0 || (!this.isEmpty && size > this.bytes)) return false
    this.left--
    this.leftOfStream--
    this.bytes -= size
    this.isEmpty = false
    return true
  }

  some(entries: ReadonlyArray<StreamItem>): ReadonlyArray<StreamItem> {
    const end = entries.findIndex(({ fields }) => !this.take(fields))
    return end === -1 ? entries : entries.slice(0, end)
  }
}

/** A read that may wait. */
export interface Read {
  /** How long it waits, in milliseconds, 0: without end; undefined: it does not wait. */
  readonly millis: number | undefined
  /** What there is; undefined while there is nothing. */
  readonly attempt: (scene: Scene) => Reply | undefined
  /** What there is of one stream, for a read that waits; undefined while there is nothing. */
  readonly again: (scene: Scene) => Reply | undefined
}

// -----------------------------------------------------------------------------
// XREAD
// -----------------------------------------------------------------------------

/** XREAD, with `$` standing for the ids that are the last ones now. */
export const openRead = (scene: Scene, args: ReadonlyArray<string>): Read => {
  const request = readRequest(args, false)
  const { millis, sources } = request
  const after = sources.map(({ key, text }) => {
    const stream = read(scene, key)
    if (text === "$") return stream?.lastId ?? 0n
    if (text === "+") return (stream?.entries.at(-1)?.id ?? 1n) - 1n
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
      const budget = new Budget(request)
      const found = sources.flatMap(({ key }, i) => {
        budget.nextStream()
        const entries = budget.some(read(scene, key)?.range(after[i]! + 1n, maxId) ?? [])
        return entries.length === 0 ? [] : [[key, entries.map(entryReply)] as const]
      })
      return found.length === 0 ? undefined : readReply(scene, found)
    },
    again: (scene) => {
      for (const [i, { key }] of sources.entries()) {
        const entry = scene.db.get(key, scene.now)
        const stream = entry?.kind === "stream" ? entry.value as StreamValue : undefined
        const entries = stream?.range(after[i]! + 1n, maxId) ?? []
        if (entries.length === 0) continue
        const budget = new Budget(request)
        budget.nextStream()
        return readReply(scene, [[key, budget.some(entries).map(entryReply)]])
      }
      return undefined
    }
  }
}

// -----------------------------------------------------------------------------
// XREADGROUP
// -----------------------------------------------------------------------------

/** The command by which replicas learn what is pending. */
export const claimCommand = (
  key: string,
  name: string,
  group: StreamGroup,
  pending: Pending
): ReadonlyArray<string> => [
  "XCLAIM",
  key,
  name,
  pending.consumer?.name ?? "",
  "0",
  printId(pending.id),
  "TIME",
  String(Math.floor(pending.deliveredAt)),
  "RETRYCOUNT",
  String(pending.deliveries),
  "FORCE",
  "JUSTID",
  "LASTID",
  printId(group.lastId)
]

/** The command by which replicas learn how far a group is. */
export const setIdCommand = (key: string, name: string, group: StreamGroup): ReadonlyArray<string> => [
  "XGROUP",
  "SETID",
  key,
  name,
  printId(group.lastId),
  "ENTRIESREAD",
  String(group.entriesRead)
]

/** What a consumer gets of one stream, and what replicas have to know of it. */
class Delivery {
  readonly replies: Array<Reply> = []
  readonly commands: Array<ReadonlyArray<string>> = []
  private readonly scene: Scene
  private readonly key: string
  private readonly request: ReadRequest
  private readonly stream: StreamValue
  private readonly group: StreamGroup
  private readonly consumer: Consumer
  private readonly budget: Budget

  constructor(
    scene: Scene,
    key: string,
    request: ReadRequest,
    stream: StreamValue,
    group: StreamGroup,
    budget: Budget
  ) {
    this.scene = scene
    this.key = key
    this.request = request
    this.stream = stream
    this.group = group
    this.budget = budget
    const created = group.create(request.consumer, scene.now)
    if (created !== undefined && request.noack) {
      this.commands.push(["XGROUP", "CREATECONSUMER", key, request.group, request.consumer])
    }
    if (created !== undefined) scene.db.note()
    this.consumer = group.consumers.get(request.consumer)!
    this.consumer.seenAt = scene.now
    budget.nextStream()
  }

  /** Its own pending entries after an id. */
  history(after: Id): void {
    for (const pending of this.group.ordered(this.consumer)) {
      if (pending.id <= after) continue
      const entry = this.stream.get(pending.id)
      if (!this.budget.take(entry?.fields ?? [])) break
      this.replies.push(entry === undefined ? [printId(pending.id), nullArray] : entryReply(entry))
      if (entry === undefined) continue
      pending.deliveredAt = this.scene.now
      countDelivery(pending)
    }
  }

  /** The pending entries of all consumers that were idle for long. */
  claim(minIdle: number): void {
    const { now } = this.scene
    const isDue = ({ consumer, deliveredAt }: Pending): boolean =>
      consumer === undefined || now - deliveredAt >= minIdle
    const due = this.group.ordered().filter(isDue).sort((a, b) => a.deliveredAt - b.deliveredAt)
    for (const pending of due) {
      const entry = this.stream.get(pending.id)
      if (entry === undefined) {
        this.pass(pending)
        this.group.pending.delete(pending.id)
        continue
      }
      if (!this.budget.take(entry.fields)) break
      this.replies.push([
        ...entryReply(entry) as Array<Reply>,
        Math.floor(now - pending.deliveredAt),
        pending.deliveries
      ])
      pending.consumer = this.consumer
      pending.deliveredAt = now
      countDelivery(pending)
      this.consumer.activeAt = now
      this.pass(pending)
    }
  }

  /** Entries that no consumer of the group has got. */
  fresh(): void {
    const { noack, minIdle } = this.request
    const entries = this.budget.some(this.stream.range(this.group.lastId + 1n, maxId))
    for (const entry of entries) {
      this.stream.advance(this.group, entry.id)
      const reply = entryReply(entry) as Array<Reply>
      this.replies.push(minIdle === undefined ? reply : [...reply, 0, 0])
      if (noack) this.scene.db.note()
      else this.pass(this.group.deliver(entry.id, this.consumer, this.scene.now))
    }
    if (entries.length > 0) this.commands.push(setIdCommand(this.key, this.request.group, this.group))
  }

  private pass(pending: Pending): void {
    this.commands.push(claimCommand(this.key, this.request.group, this.group, pending))
    this.scene.db.note()
  }
}

const whereRead = " in XREADGROUP with GROUP option"

/** XREADGROUP. */
export const openGroupRead = (scene: Scene, args: ReadonlyArray<string>): Read => {
  const request = readRequest(args, true)
  const { group: name, minIdle, sources } = request
  const after = sources.map(({ key, text }) => {
    readGroup(scene, key, name, whereRead)
    if (text === "$" || text === "+") {
      return fail(
        `The ${text} ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The ${text} ID would just return an empty result set.`
      )
    }
    return text === ">" ? undefined : strictId(text)
  })
  const isNew = (stream: StreamValue, group: StreamGroup): boolean => (stream.entries.at(-1)?.id ?? 0n) > group.lastId
  const isDue = (now: number, group: StreamGroup): boolean =>
    minIdle !== undefined &&
    Array.from(group.pending.values()).some(({ consumer, deliveredAt }) =>
      consumer === undefined || now - deliveredAt >= minIdle
    )
  return {
    millis: request.millis,
    attempt: (scene) => {
      const budget = new Budget(request)
      const commands: Array<ReadonlyArray<string>> = []
      const found = sources.flatMap(({ key }, i) => {
        const { group, stream } = readGroup(scene, key, name, whereRead)
        const from = after[i]
        if (from === undefined && !isNew(stream, group) && !isDue(scene.now, group)) return []
        const delivery = new Delivery(scene, key, request, stream, group, budget)
        if (from !== undefined) delivery.history(from)
        else {
          if (minIdle !== undefined) delivery.claim(minIdle)
          delivery.fresh()
        }
        commands.push(...delivery.commands)
        return from === undefined && delivery.replies.length === 0 ? [] : [[key, delivery.replies] as const]
      })
      scene.propagate?.(commands)
      return found.length === 0 ? undefined : readReply(scene, found)
    },
    again: (scene) => {
      scene.propagate?.([])
      for (const { key } of sources) {
        const entry = scene.db.get(key, scene.now)
        if (entry?.kind !== "stream") return new Failure("UNBLOCKED the stream key no longer exists")
        const stream = entry.value as StreamValue
        const group = stream.groups.get(name)
        if (group === undefined) {
          return new Failure("NOGROUP the consumer group this client was blocked on no longer exists")
        }
        if (!isNew(stream, group) && !isDue(scene.now, group)) continue
        const delivery = new Delivery(scene, key, request, stream, group, new Budget(request))
        if (minIdle !== undefined) delivery.claim(minIdle)
        delivery.fresh()
        scene.propagate?.(delivery.commands)
        return readReply(scene, [[key, delivery.replies]])
      }
      return undefined
    }
  }
}

export const streamReads = [
  define(
    "xread",
    -4,
    "read blocking",
    keysAfterStreams(1),
    (scene, args) => openRead(scene, args).attempt(scene) ?? nullArray
  ),
  define(
    "xreadgroup",
    -7,
    "write blocking",
    keysAfterStreams(4),
    (scene, args) => openGroupRead(scene, args).attempt(scene) ?? nullArray
  )
]
