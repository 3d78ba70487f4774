/**
 * The commands of a server in memory on the groups of streams and on pending entries. XREADGROUP is
 * in streamReads.ts.
 */
import { Failure, nullArray, ok, type Reply } from "../Reply.ts"
import { type Consumer, countDelivery, maxDeliveries, type Pending, StreamGroup } from "../StreamGroup.ts"
import { type Id, printId } from "../StreamId.ts"
import { StreamValue } from "../StreamValue.ts"
import { big, container, fail, first, group as groupOfCommands, int, type Scene, syntaxError } from "./command.ts"
import {
  bound,
  countedIds,
  entryReply,
  looseId,
  parseId,
  read,
  readGroup,
  referencesOf,
  strictId
} from "./streamArgs.ts"
import { claimCommand, setIdCommand } from "./streamReads.ts"
import { deleteEntry } from "./streams.ts"

const define = groupOfCommands("stream")

// -----------------------------------------------------------------------------
// XGROUP
// -----------------------------------------------------------------------------

const badSubcommand = (args: ReadonlyArray<string>): never =>
  fail(`unknown subcommand or wrong number of arguments for '${args[1]!.slice(0, 128)}'. Try XGROUP HELP.`)

const noKey =
  "The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically."

/** MKSTREAM and ENTRIESREAD. */
const groupOptions = (
  args: ReadonlyArray<string>,
  mayCreate: boolean
): { readonly mkstream: boolean; readonly entriesRead: bigint } => {
  let mkstream = false
  let entriesRead = -1n
  for (let i = 5; i < args.length; i++) {
    const option = args[i]!.toUpperCase()
    if (mayCreate && option === "MKSTREAM") mkstream = true
    else if (option === "ENTRIESREAD" && i + 1 < args.length) {
      entriesRead = big(args[++i]!)
      if (entriesRead < -1n) return fail("value for ENTRIESREAD must be positive or -1")
    } else return badSubcommand(args)
  }
  return { mkstream, entriesRead }
}

const createGroup = (scene: Scene, args: ReadonlyArray<string>): Reply => {
  const { entriesRead, mkstream } = groupOptions(args, true)
  const [, , key, name, text] = args as [string, string, string, string, string]
  const found = read(scene, key)
  if (found === undefined && !mkstream) return fail(noKey)
  if (args.length > 8) return badSubcommand(args)
  const id = text === "$" ? found?.lastId ?? 0n : strictId(text)
  const stream = found ?? new StreamValue()
  if (found === undefined) scene.db.put(key, "stream", stream)
  if (stream.groups.has(name)) throw new Failure("BUSYGROUP Consumer Group name already exists")
  stream.groups.set(name, new StreamGroup(id, entriesRead))
  scene.db.note()
  return ok
}

/** The stream and the group that a subcommand of XGROUP needs. */
const existing = (scene: Scene, args: ReadonlyArray<string>): readonly [StreamValue, StreamGroup | undefined] => {
  const stream = read(scene, args[2]!)
  return stream === undefined ? fail(noKey) : [stream, stream.groups.get(args[3]!)]
}

const existingGroup = (scene: Scene, args: ReadonlyArray<string>): readonly [StreamValue, StreamGroup] => {
  const [stream, group] = existing(scene, args)
  if (group === undefined) throw new Failure(`NOGROUP No such consumer group '${args[3]}' for key name '${args[2]}'`)
  return [stream, group]
}

const xgroup = container("stream", "xgroup", "write", {
  create: [-5, createGroup],
  setid: [-5, (scene, args) => {
    const { entriesRead } = groupOptions(args, false)
    const [stream, group] = existingGroup(scene, args)
    if (args.length > 7) return badSubcommand(args)
    group.lastId = args[4] === "$" ? stream.lastId : looseId(args[4]!)
    group.entriesRead = entriesRead
    scene.db.note()
    return ok
  }],
  destroy: [4, (scene, args) => {
    const [stream] = existing(scene, args)
    if (!stream.groups.delete(args[3]!)) return 0
    scene.db.note(true)
    return 1
  }],
  createconsumer: [5, (scene, args) => {
    const [, group] = existingGroup(scene, args)
    if (group.create(args[4]!, scene.now) === undefined) return 0
    scene.db.note()
    return 1
  }],
  delconsumer: [5, (scene, args) => {
    const [, group] = existingGroup(scene, args)
    if (!group.consumers.has(args[4]!)) return 0
    scene.db.note()
    return group.delete(args[4]!)
  }]
})

// -----------------------------------------------------------------------------
// Acknowledging, and giving back
// -----------------------------------------------------------------------------

const acknowledge = (scene: Scene, args: ReadonlyArray<string>): Reply => {
  const group = read(scene, args[1]!)?.groups.get(args[2]!)
  if (group === undefined) return 0
  const ids = args.slice(3).map((text) => strictId(text))
  const acknowledged = ids.filter((id) => group.pending.delete(id)).length
  if (acknowledged > 0) scene.db.note()
  return acknowledged
}

const acknowledgeAndDelete = (scene: Scene, args: ReadonlyArray<string>): Reply => {
  const references = referencesOf(args[3])
  const { end, ids } = countedIds(args, references === undefined ? 3 : 4)
  if (end !== args.length) return syntaxError()
  const stream = read(scene, args[1]!)
  const group = stream?.groups.get(args[2]!)
  if (stream === undefined || group === undefined) return ids.map(() => -1)
  const replies = ids.map((id) => {
    const wasPending = group.pending.delete(id)
    if (references === "delref") stream.dropReferences(id)
    return wasPending ? Math.abs(deleteEntry(stream, id, references ?? "keepref")) : -1
  })
  if (replies.includes(1) || replies.includes(2)) scene.db.settle(args[1]!)
  return replies
}

const giveBack = (scene: Scene, args: ReadonlyArray<string>): Reply => {
  const mode = args[3]!.toUpperCase()
  if (!["SILENT", "FAIL", "FATAL"].includes(mode)) return syntaxError()
  const { end, ids } = countedIds(args, 4)
  let retryCount: bigint | undefined
  let force = false
  for (let i = end; i < args.length; i++) {
    const option = args[i]!.toUpperCase()
    if (option === "RETRYCOUNT" && i + 1 < args.length) retryCount = big(args[++i]!)
    else if (option === "FORCE") force = true
    else return syntaxError()
  }
  const { group, stream } = readGroup(scene, args[1]!, args[2]!)
  let given = 0
  for (const id of ids) {
    const before = group.pending.get(id)
    if (before === undefined && !(force && stream.get(id) !== undefined)) continue
    const counted = before?.deliveries ?? 0n
    const least = mode === "SILENT" && counted > 0n ? counted - 1n : counted
    const deliveries = retryCount ?? (mode === "FATAL" ? maxDeliveries : least)
    // What was given back first is claimed first.
    group.pending.delete(id)
    group.pending.set(id, { id, consumer: undefined, deliveredAt: 0, deliveries })
    given++
  }
  if (given > 0) scene.db.note()
  return given
}

// -----------------------------------------------------------------------------
// XPENDING
// -----------------------------------------------------------------------------

const listPending = (scene: Scene, args: ReadonlyArray<string>): Reply => {
  if (args.length !== 3 && (args.length < 6 || args.length > 9)) return syntaxError()
  if (args.length === 3) return summarise(readGroup(scene, args[1]!, args[2]!).group)
  let at = 3
  let minIdle = 0
  if (args[3]!.toUpperCase() === "IDLE") {
    minIdle = int(args[4]!)
    if (args.length < 8) return syntaxError()
    at = 5
  }
  const count = Math.max(0, int(args[at + 2]!))
  const [start, end] = [bound(args[at]!, true), bound(args[at + 1]!, false)]
  const name = args[at + 3]
  const { group } = readGroup(scene, args[1]!, args[2]!)
  const consumer = name === undefined ? undefined : group.consumers.get(name)
  if (name !== undefined && consumer === undefined) return []
  return group.ordered(consumer)
    .filter(({ deliveredAt, id }) => id >= start && id <= end && (minIdle === 0 || scene.now - deliveredAt >= minIdle))
    .slice(0, count)
    .map(({ consumer, deliveredAt, deliveries, id }) => [
      printId(id),
      consumer?.name ?? "",
      consumer === undefined ? -1 : Math.max(0, Math.floor(scene.now - deliveredAt)),
      deliveries
    ])
}

const summarise = (group: StreamGroup): Reply => {
  const pending = group.ordered()
  if (pending.length === 0) return [0, null, null, nullArray]
  const consumers = group.orderedConsumers.flatMap((consumer) => {
    const count = group.countOf(consumer)
    return count === 0 ? [] : [[consumer.name, String(count)]]
  })
  return [pending.length, printId(pending[0]!.id), printId(pending[pending.length - 1]!.id), consumers]
}

// -----------------------------------------------------------------------------
// Claiming
// -----------------------------------------------------------------------------

/** Claims for a consumer, which is made at the first claim. */
class Claims {
  readonly claimed: Array<Reply> = []
  readonly commands: Array<ReadonlyArray<string>> = []
  private readonly scene: Scene
  private readonly args: ReadonlyArray<string>
  private readonly stream: StreamValue
  readonly group: StreamGroup
  private readonly minIdle: number
  private readonly justId: boolean

  constructor(scene: Scene, args: ReadonlyArray<string>, minIdle: number, justId: boolean) {
    const { group, stream } = readGroup(scene, args[1]!, args[2]!)
    this.scene = scene
    this.args = args
    this.stream = stream
    this.group = group
    this.minIdle = minIdle
    this.justId = justId
  }

  private get consumer(): Consumer {
    const name = this.args[3]!
    this.group.create(name, this.scene.now)
    const consumer = this.group.consumers.get(name)!
    consumer.seenAt = this.scene.now
    return consumer
  }

  private pass(pending: Pending): void {
    this.commands.push(claimCommand(this.args[1]!, this.args[2]!, this.group, pending))
    this.scene.db.note()
  }

  /** Drops a pending entry that is no longer in the stream. Gives whether it is not. */
  isGone(id: Id): boolean {
    if (this.stream.get(id) !== undefined) return false
    const pending = this.group.pending.get(id)
    if (pending !== undefined) {
      this.pass(pending)
      this.group.pending.delete(id)
    }
    return true
  }

  /** Claims an entry, unless it was delivered not long ago. */
  claim(pending: Pending, deliveredAt: number, deliveries: bigint | undefined): void {
    if (pending.consumer !== undefined && this.minIdle > 0 && this.scene.now - pending.deliveredAt < this.minIdle) {
      return
    }
    const consumer = this.consumer
    pending.consumer = consumer
    pending.deliveredAt = deliveredAt
    if (deliveries !== undefined) pending.deliveries = deliveries
    else if (!this.justId) countDelivery(pending)
    consumer.activeAt = this.scene.now
    this.claimed.push(this.justId ? printId(pending.id) : entryReply(this.stream.get(pending.id)!))
    this.pass(pending)
  }
}

/** The options of XCLAIM that an id is not. */
const claimOptions = (args: ReadonlyArray<string>, at: number, now: number) => {
  const options = {
    force: false,
    justId: false,
    deliveredAt: -1,
    retryCount: undefined as bigint | undefined,
    lastId: 0n
  }
  for (let i = at; i < args.length; i++) {
    const option = args[i]!.toUpperCase()
    const value = args[i + 1]
    if (option === "FORCE") options.force = true
    else if (option === "JUSTID") options.justId = true
    else if (option === "IDLE" && value !== undefined) {
      options.deliveredAt = now - int(args[++i]!, "Invalid IDLE option argument for XCLAIM")
    } else if (option === "TIME" && value !== undefined) {
      options.deliveredAt = int(args[++i]!, "Invalid TIME option argument for XCLAIM")
    } else if (option === "RETRYCOUNT" && value !== undefined) {
      options.retryCount = big(args[++i]!, "Invalid RETRYCOUNT option argument for XCLAIM")
    } else if (option === "LASTID" && value !== undefined) options.lastId = strictId(args[++i]!)
    else return fail(`Unrecognized XCLAIM option '${args[i]}'`)
  }
  return options
}

const claim = (scene: Scene, args: ReadonlyArray<string>): Reply => {
  const { now } = scene
  readGroup(scene, args[1]!, args[2]!)
  const minIdle = Math.max(0, int(args[4]!, "Invalid min-idle-time argument for XCLAIM"))
  const ids: Array<Id> = []
  for (let i = 5; i < args.length; i++) {
    const id = parseId(args[i]!)
    if (id === undefined) break
    ids.push(id)
  }
  const { deliveredAt, force, justId, lastId, retryCount } = claimOptions(args, 5 + ids.length, now)
  const claims = new Claims(scene, args, minIdle, justId)
  const { group } = claims
  let isMoved = false
  if (lastId > group.lastId) {
    group.lastId = lastId
    isMoved = true
  }
  const at = deliveredAt < 0 || deliveredAt > now ? now : deliveredAt
  for (const id of ids) {
    if (claims.isGone(id)) continue
    const before = group.pending.get(id)
    if (before === undefined && !force) continue
    const pending = before ?? { id, consumer: undefined, deliveredAt: now, deliveries: 1n }
    group.pending.set(id, pending)
    claims.claim(pending, at, retryCount !== undefined && retryCount >= 0n ? retryCount : undefined)
  }
  if (isMoved && claims.commands.length === 0) {
    claims.commands.push(setIdCommand(args[1]!, args[2]!, group))
    scene.db.note()
  }
  scene.propagate?.(claims.commands)
  return claims.claimed
}

const maxClaims = Number((1n << 63n) - 1n) / 16

const autoClaim = (scene: Scene, args: ReadonlyArray<string>): Reply => {
  const minIdle = Math.max(0, int(args[4]!, "Invalid min-idle-time argument for XAUTOCLAIM"))
  const start = bound(args[5]!, true)
  let count = 100
  let justId = false
  for (let i = 6; i < args.length; i++) {
    const option = args[i]!.toUpperCase()
    if (option === "COUNT" && i + 1 < args.length) {
      count = int(args[++i]!, "COUNT must be > 0")
      if (count < 1 || count >= maxClaims) return fail("COUNT must be > 0")
    } else if (option === "JUSTID") justId = true
    else return syntaxError()
  }
  const claims = new Claims(scene, args, minIdle, justId)
  const deleted: Array<Reply> = []
  const all = claims.group.ordered().filter(({ id }) => id >= start)
  let at = 0
  for (; at < all.length && at < count * 10 && claims.claimed.length + deleted.length < count; at++) {
    const pending = all[at]!
    if (claims.isGone(pending.id)) deleted.push(printId(pending.id))
    else claims.claim(pending, scene.now, undefined)
  }
  scene.propagate?.(claims.commands)
  const next = all[at]
  return [next === undefined ? "0-0" : printId(next.id), claims.claimed, deleted]
}

export const streamGroups = [
  xgroup,
  define("xack", -4, "write fast", first, acknowledge),
  define("xackdel", -6, "write fast", first, acknowledgeAndDelete),
  define("xnack", -7, "write fast", first, giveBack),
  define("xpending", -3, "read", first, listPending),
  define("xclaim", -6, "write fast", first, claim),
  define("xautoclaim", -6, "write fast", first, autoClaim)
]
