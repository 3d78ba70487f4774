/**
 * The commands on the consumer groups of streams: making and deleting groups and consumers, and
 * reading as a consumer. What happens to entries after they were read is in streamPendingEntries.ts.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg, Key } from "../Command.ts"
import { InvalidCommand } from "../Errors.ts"
import { argv, type FieldsOf, keysOf, type OneOrMore, optionsOf } from "../internal/commands/args.ts"
import {
  appendReadLimits,
  appendStreams,
  deliveredEntries,
  deliveryCount,
  elapsed,
  type StreamEntry,
  type StreamIds,
  streamKeys,
  type StreamReadLimits
} from "../internal/commands/streams.ts"
import { type DurationInput, elapsedMillisOf, type TimeoutInput, timeoutMillis } from "../internal/commands/time.ts"

export type { DeliveredStreamEntry } from "../internal/commands/streams.ts"

// -----------------------------------------------------------------------------
// Groups and consumers
// -----------------------------------------------------------------------------

/**
 * Options of XGROUP SETID, and some of those of XGROUP CREATE.
 *
 * @since 0.1.0
 * @category models
 */
export interface XgroupSetidOptions {
  /** How many entries of the stream the group has read; from it the server computes the lag. Default: unknown. */
  readonly entriesRead?: number | undefined
}

/**
 * Options of XGROUP CREATE.
 *
 * @since 0.1.0
 * @category models
 */
export interface XgroupCreateOptions extends XgroupSetidOptions {
  /** Whether a missing key is created as an empty stream. Default false. */
  readonly mkstream?: boolean | undefined
}

const appendEntriesRead = (args: Array<Arg>, entriesRead: number | undefined): Array<Arg> => {
  if (entriesRead !== undefined) args.push("ENTRIESREAD", entriesRead)
  return args
}

const XGROUP_CREATE = define({ words: ["XGROUP", "CREATE"], mode: "write", keys: 1, decode: Command.ok })
const xgroupCreateFields: FieldsOf<XgroupCreateOptions> = { mkstream: "flag", entriesRead: "value" }

/**
 * XGROUP CREATE makes a group of consumers, whose first read gives the entries after `id`: `"$"` stands for the last
 * entry of the stream, `"0"` for all. Fails with BUSYGROUP if the group exists, with ERR if the key does not exist and
 * `mkstream` is not set, and with WRONGTYPE if the key holds another type.
 *
 * **Example** (A group for all entries, whether the stream exists or not)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const billing = commands.xgroupCreate("orders", "billing", "0", { mkstream: true })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/xgroup-create/
 * @since 0.1.0
 * @category streams
 */
export const xgroupCreate = (key: Key, group: Arg, id: string, options?: XgroupCreateOptions | undefined) => {
  const given = optionsOf(XGROUP_CREATE.name, options, xgroupCreateFields)
  const args = argv(key, group, id)
  if (given?.mkstream === true) args.push("MKSTREAM")
  return make(XGROUP_CREATE, appendEntriesRead(args, given?.entriesRead))
}

const XGROUP_SETID = define({ words: ["XGROUP", "SETID"], mode: "write", keys: 1, decode: Command.ok })
const xgroupSetidFields: FieldsOf<XgroupSetidOptions> = { entriesRead: "value" }

/**
 * XGROUP SETID sets the id of the last entry that was delivered to a group: the next read gives the entries after it.
 * `"$"` stands for the last entry of the stream. Pending entries stay pending. Fails with NOGROUP if there is no such
 * group, with ERR if the key does not exist, and with WRONGTYPE if it holds another type.
 *
 * @see https://redis.io/docs/latest/commands/xgroup-setid/
 * @since 0.1.0
 * @category streams
 */
export const xgroupSetid = (key: Key, group: Arg, id: string, options?: XgroupSetidOptions | undefined) =>
  make(
    XGROUP_SETID,
    appendEntriesRead(argv(key, group, id), optionsOf(XGROUP_SETID.name, options, xgroupSetidFields)?.entriesRead)
  )

const XGROUP_DESTROY = define({ words: ["XGROUP", "DESTROY"], mode: "write", keys: 1, decode: Command.flag })
/**
 * XGROUP DESTROY deletes a group with its consumers and its pending entries, and returns whether there was one. A
 * consumer that waits in XREADGROUP fails with NOGROUP. Fails with ERR if the key does not exist, and with WRONGTYPE if
 * it holds another type.
 *
 * @see https://redis.io/docs/latest/commands/xgroup-destroy/
 * @since 0.1.0
 * @category streams
 */
export const xgroupDestroy = (key: Key, group: Arg) => make(XGROUP_DESTROY, argv(key, group))

const XGROUP_CREATECONSUMER = define({
  words: ["XGROUP", "CREATECONSUMER"],
  mode: "write",
  keys: 1,
  decode: Command.flag
})
/**
 * XGROUP CREATECONSUMER makes a consumer of a group, and returns whether it is new. XREADGROUP and XCLAIM make missing
 * consumers, too. Fails with NOGROUP if there is no such group, with ERR if the key does not exist, and with WRONGTYPE
 * if it holds another type.
 *
 * @see https://redis.io/docs/latest/commands/xgroup-createconsumer/
 * @since 0.1.0
 * @category streams
 */
export const xgroupCreateconsumer = (key: Key, group: Arg, consumer: Arg) =>
  make(XGROUP_CREATECONSUMER, argv(key, group, consumer))

const XGROUP_DELCONSUMER = define({ words: ["XGROUP", "DELCONSUMER"], mode: "write", keys: 1, decode: Command.int })
/**
 * XGROUP DELCONSUMER deletes a consumer of a group, and returns how many pending entries it had. These are lost to the
 * group: claim them before (`xautoclaim`). Fails with NOGROUP if there is no such group, with ERR if the key does not
 * exist, and with WRONGTYPE if it holds another type.
 *
 * @see https://redis.io/docs/latest/commands/xgroup-delconsumer/
 * @since 0.1.0
 * @category streams
 */
export const xgroupDelconsumer = (key: Key, group: Arg, consumer: Arg) =>
  make(XGROUP_DELCONSUMER, argv(key, group, consumer))

// -----------------------------------------------------------------------------
// Reading as a consumer
// -----------------------------------------------------------------------------

/**
 * Options of XREADGROUP.
 *
 * @since 0.1.0
 * @category models
 */
export interface XreadgroupOptions extends StreamReadLimits {
  /** How long it waits for a new entry if there is none; `"Infinity"`: without end. Default: it does not wait. */
  readonly block?: TimeoutInput | undefined
  /** Whether new entries count as acknowledged at once, so that they do not become pending. Default false. */
  readonly noack?: boolean | undefined
}

const appendBlock = (command: string, args: Array<Arg>, given: XreadgroupOptions | undefined): Array<Arg> => {
  if (given?.block !== undefined) args.push("BLOCK", timeoutMillis(command, given.block, "block"))
  return args
}

const appendNoack = (args: Array<Arg>, given: XreadgroupOptions | undefined): Array<Arg> => {
  if (given?.noack === true) args.push("NOACK")
  return args
}

/** Refuses ids that XREAD knows and XREADGROUP does not. */
const groupIds = (command: string, args: ReadonlyArray<Arg>): void => {
  const from = args.length - (args.length - args.lastIndexOf("STREAMS") - 1) / 2
  for (let i = from; i < args.length; i++) {
    if (args[i] === "$" || args[i] === "+") {
      throw new InvalidCommand({
        command,
        detail: `streams: "${args[i]}" has no meaning in a group; ">" reads new entries`
      })
    }
  }
}

const XREADGROUP = define({
  words: ["XREADGROUP"],
  mode: "write",
  keys: streamKeys(3),
  decode: Command.nullable(Command.mapOf(Command.word, deliveredEntries))
})
const xreadgroupFields: FieldsOf<XreadgroupOptions> = {
  block: "value",
  noack: "flag",
  count: "value",
  maxCount: "value",
  maxSize: "value"
}

/**
 * XREADGROUP reads streams as a consumer of a group, which is made if it is missing, and returns the entries as a `Map`
 * by stream; the result is `null` if there are none. The id `">"` gives entries that no consumer of the group has got.
 * They are pending from then on, until `xack`. With any other id the consumer gets its own pending entries after that
 * id again, such as all of them after `"0"`; `block` and `noack` have no effect then, and the `fields` of an entry that
 * has been deleted are `null`. With `block` it waits for a new entry, on a connection of its own. The keys of the `Map`
 * are text. Fails with NOGROUP if a key or its group does not exist, also while it waits, and with WRONGTYPE if a key
 * holds another type.
 *
 * **Example** (A consumer that begins with what it had not finished)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { RedisClient } from "effect-redis-sentinel"
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   let id = "0"
 *   while (true) {
 *     const read = yield* redis.xreadgroup("billing", "worker-1", { orders: id }, { count: 10, block: "30 seconds" })
 *     const entries = read?.get("orders") ?? []
 *     if (entries.length === 0) id = ">"
 *     for (const entry of entries) {
 *       if (entry.fields !== null) yield* Effect.log(entry.fields["item"])
 *       yield* redis.xack("orders", "billing", entry.id)
 *     }
 *   }
 * })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/xreadgroup/
 * @since 0.1.0
 * @category streams
 */
export const xreadgroup = (
  group: Arg,
  consumer: Arg,
  streams: StreamIds,
  options?: XreadgroupOptions | undefined
) => {
  const given = optionsOf(XREADGROUP.name, options, xreadgroupFields)
  const args = appendReadLimits(XREADGROUP.name, argv("GROUP", group, consumer), given)
  appendStreams(XREADGROUP.name, appendNoack(appendBlock(XREADGROUP.name, args, given), given), streams)
  groupIds(XREADGROUP.name, args)
  return make(XREADGROUP, args)
}

/**
 * An entry as XREADGROUP with CLAIM gives it to a consumer.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClaimedStreamEntry<A = string> extends StreamEntry<A> {
  /** How long ago it was delivered the last time; `null` for a new entry, which was not delivered before. */
  readonly idle: Duration.Duration | null
  /** How often it was delivered before: 0 for a new entry, Infinity for one that XNACK has marked as fatal. */
  readonly deliveries: number
}

const entryWithDelivery = Command.struct({
  id: Command.word,
  fields: Command.record,
  idle: elapsed,
  deliveries: deliveryCount
})

/** A new entry has zeros in place of the two, or nothing. */
const padded = <A, B>(inner: Command.Decode<A, B>) =>
  Command.custom<A, B>((value, bytes) =>
    inner(Array.isArray(value) && value.length === 2 ? [...value, 0, 0] : value, bytes)
  )

const withoutIdleIfNew = <A extends Pick<ClaimedStreamEntry, "idle" | "deliveries">>(entry: A): A =>
  entry.deliveries === 0 && entry.idle !== null && Duration.isZero(entry.idle) ? { ...entry, idle: null } : entry

const claimedEntry: Command.Decode<ClaimedStreamEntry, ClaimedStreamEntry<Uint8Array>> = Command.map(
  padded(entryWithDelivery),
  withoutIdleIfNew,
  withoutIdleIfNew
)

const XREADGROUP_CLAIM = define({
  words: ["XREADGROUP"],
  mode: "write",
  keys: streamKeys(3),
  decode: Command.nullable(Command.mapOf(Command.word, Command.array(claimedEntry)))
})
/**
 * XREADGROUP with CLAIM reads the entries that have been pending for at least `minIdle`, of any consumer of the group,
 * and then new ones, all of which belong to the consumer from then on. Those that were pending longest come first. Each
 * entry says how long it was idle and how often it was delivered before, so that one that nobody can process is found
 * out. It reads new entries only, so that it takes keys in place of ids; otherwise it is like `xreadgroup`. `noack`
 * does not apply to entries that were pending. Needs Redis 8.4.
 *
 * **Example** (New entries, and those that another consumer has had for a minute)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const next = commands.xreadgroupClaim("billing", "worker-1", "1 minute", "orders", { count: 10 })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/xreadgroup/
 * @since 0.1.0
 * @category streams
 */
export const xreadgroupClaim = (
  group: Arg,
  consumer: Arg,
  minIdle: DurationInput,
  keys: OneOrMore<Key>,
  options?: XreadgroupOptions | undefined
) => {
  const name = XREADGROUP_CLAIM.name
  const given = optionsOf(name, options, xreadgroupFields)
  const args = appendBlock(name, appendReadLimits(name, argv("GROUP", group, consumer), given), given)
  appendNoack(args, given).push("CLAIM", elapsedMillisOf(name, "minIdle", minIdle))
  return make(XREADGROUP_CLAIM, appendStreams(name, args, keysOf(name, keys).map((key) => [key, ">"] as const)))
}
