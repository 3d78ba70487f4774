/**
 * The XINFO commands, which describe streams, their groups, and the consumers of these.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg, Key } from "../Command.ts"
import { InvalidCommand } from "../Errors.ts"
import { argv, optionsOf } from "../internal/commands/args.ts"
import {
  deliveryCount,
  elapsed,
  entriesDecoder,
  entryDecoder,
  momentOrNull,
  ownerDecoder,
  type StreamEntry
} from "../internal/commands/streams.ts"
import { integerProblem } from "../internal/common/values.ts"

// -----------------------------------------------------------------------------
// Streams
// -----------------------------------------------------------------------------

/**
 * What XINFO STREAM says of a stream, in short and in full.
 *
 * @since 0.1.0
 * @category models
 */
export interface StreamCounters {
  /** How many entries there are. */
  readonly length: number
  /** How many blocks of entries its radix tree has. */
  readonly radixTreeKeys: number
  /** How many nodes its radix tree has. */
  readonly radixTreeNodes: number
  /** The id of the last entry that was added. */
  readonly lastGeneratedId: string
  /** The greatest id that was deleted; `"0-0"` if none was. */
  readonly maxDeletedEntryId: string
  /** How many entries were ever added. */
  readonly entriesAdded: number
  /** The id of the first entry; `"0-0"` if there is none. */
  readonly recordedFirstEntryId: string
  /** For how long the stream remembers the names of entries (`xcfgset`). From Redis 8.6. */
  readonly idmpDuration?: Duration.Duration
  /** How many names it remembers for each producer. From Redis 8.6. */
  readonly idmpMaxsize?: number
  /** How many producers it knows. From Redis 8.6. */
  readonly pidsTracked?: number
  /** How many names it remembers. From Redis 8.6. */
  readonly iidsTracked?: number
  /** How many entries were ever added with a name. From Redis 8.6. */
  readonly iidsAdded?: number
  /** How many entries were not added, since there was one of that name. From Redis 8.6. */
  readonly iidsDuplicates?: number
}

/**
 * What XINFO STREAM says of a stream.
 *
 * @since 0.1.0
 * @category models
 */
export interface StreamInfo<A = string> extends StreamCounters {
  /** How many groups it has. */
  readonly groups: number
  /** The first entry; `null` if there is none. */
  readonly firstEntry: StreamEntry<A> | null
  /** The last entry; `null` if there is none. */
  readonly lastEntry: StreamEntry<A> | null
}

const counters = {
  length: Command.int,
  radixTreeKeys: Command.int,
  radixTreeNodes: Command.int,
  lastGeneratedId: Command.word,
  maxDeletedEntryId: Command.word,
  entriesAdded: Command.int,
  recordedFirstEntryId: Command.word
}

const laterCounters = {
  idmpDuration: Command.map(Command.int, (seconds) => Duration.seconds(seconds)),
  idmpMaxsize: Command.int,
  pidsTracked: Command.int,
  iidsTracked: Command.int,
  iidsAdded: Command.int,
  iidsDuplicates: Command.int
}

const info: Command.Decode<StreamInfo, StreamInfo<Uint8Array>> = Command.fields({
  ...counters,
  groups: Command.int,
  firstEntry: Command.nullable(entryDecoder),
  lastEntry: Command.nullable(entryDecoder)
}, laterCounters)

const XINFO_STREAM = define({ words: ["XINFO", "STREAM"], mode: "read", keys: 1, decode: info })
/**
 * XINFO STREAM describes a stream: its length, its ids and counters, and its first and last entry. Fails with ERR if the
 * key does not exist, and with WRONGTYPE if it holds another type.
 *
 * @see https://redis.io/docs/latest/commands/xinfo-stream/
 * @since 0.1.0
 * @category streams
 */
export const xinfoStream = (key: Key) => make(XINFO_STREAM, argv(key))

/**
 * A pending entry, as XINFO STREAM in full lists those of a consumer.
 *
 * @since 0.1.0
 * @category models
 */
export interface PendingDelivery {
  /** Its id. */
  readonly id: string
  /** When it was delivered the last time. */
  readonly deliveredAt: DateTime.Utc | null
  /** How often it was delivered; Infinity if XNACK has marked it as fatal. */
  readonly deliveries: number
}

/**
 * A pending entry, as XINFO STREAM in full lists those of a group.
 *
 * @since 0.1.0
 * @category models
 */
export interface GroupPendingDelivery<A = string> extends PendingDelivery {
  /** The consumer that it was delivered to; `null` if XNACK has given it back. */
  readonly consumer: A | null
}

/**
 * A consumer, as XINFO STREAM describes it in full.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConsumerDetails<A = string> {
  /** Its name. */
  readonly name: A
  /** When it last tried to read or to claim; before Redis 7.2: when it last did. */
  readonly seenTime: DateTime.Utc | null
  /** When it last got or claimed an entry; `null` if it never did. From Redis 7.2. */
  readonly activeTime?: DateTime.Utc | null
  /** How many pending entries it has. */
  readonly pelCount: number
  /** Its pending entries, at most as many as `count` says. */
  readonly pending: Array<PendingDelivery>
}

/**
 * A group, as XINFO STREAM describes it in full.
 *
 * @since 0.1.0
 * @category models
 */
export interface GroupDetails<A = string> {
  /** Its name. */
  readonly name: A
  /** The id of the last entry that was delivered to it. */
  readonly lastDeliveredId: string
  /** How many entries it has read; `null` if the server does not know. */
  readonly entriesRead: number | null
  /** How many entries it has not read; `null` if the server does not know. */
  readonly lag: number | null
  /** How many pending entries it has. */
  readonly pelCount: number
  /** How many of these XNACK has given back. From Redis 8.8. */
  readonly nackedCount?: number
  /** Its pending entries, at most as many as `count` says. */
  readonly pending: Array<GroupPendingDelivery<A>>
  /** Its consumers. */
  readonly consumers: Array<ConsumerDetails<A>>
}

/**
 * What XINFO STREAM says of a stream in full.
 *
 * @since 0.1.0
 * @category models
 */
export interface StreamDetails<A = string> extends StreamCounters {
  /** The first entries, at most as many as `count` says. */
  readonly entries: Array<StreamEntry<A>>
  /** Its groups. */
  readonly groups: Array<GroupDetails<A>>
}

const consumerDetails: Command.Decode<ConsumerDetails, ConsumerDetails<Uint8Array>> = Command.fields({
  name: Command.string,
  seenTime: momentOrNull,
  pelCount: Command.int,
  pending: Command.array(Command.struct({ id: Command.word, deliveredAt: momentOrNull, deliveries: deliveryCount }))
}, { activeTime: momentOrNull })

const groupDetails: Command.Decode<GroupDetails, GroupDetails<Uint8Array>> = Command.fields({
  name: Command.string,
  lastDeliveredId: Command.word,
  entriesRead: Command.intOrNull,
  lag: Command.intOrNull,
  pelCount: Command.int,
  pending: Command.array(
    Command.struct({ id: Command.word, consumer: ownerDecoder, deliveredAt: momentOrNull, deliveries: deliveryCount })
  ),
  consumers: Command.array(consumerDetails)
}, { nackedCount: Command.int })

const details: Command.Decode<StreamDetails, StreamDetails<Uint8Array>> = Command.fields({
  ...counters,
  entries: entriesDecoder,
  groups: Command.array(groupDetails)
}, laterCounters)

const XINFO_STREAM_FULL = define({ words: ["XINFO", "STREAM"], mode: "read", keys: 1, decode: details })
const xinfoStreamFullFields = { count: "value" } as const

/**
 * XINFO STREAM with FULL describes a stream with its entries, its groups, their consumers and their pending entries.
 * `count` says how many entries, and pending entries of each, it lists at most; 0: all. Default: 10. Fails with ERR if
 * the key does not exist, and with WRONGTYPE if it holds another type.
 *
 * @see https://redis.io/docs/latest/commands/xinfo-stream/
 * @since 0.1.0
 * @category streams
 */
export const xinfoStreamFull = (key: Key, options?: {
  /** How many entries are listed at most; 0: all. Default: 10. */
  readonly count?: number | undefined
}) => {
  const count = optionsOf(XINFO_STREAM_FULL.name, options, xinfoStreamFullFields)?.count
  const args = argv(key, "FULL")
  if (count !== undefined) {
    const problem = integerProblem(count, 0, Number.MAX_SAFE_INTEGER)
    if (problem !== undefined) {
      throw new InvalidCommand({ command: XINFO_STREAM_FULL.name, detail: `count: ${problem}` })
    }
    args.push("COUNT", count)
  }
  return make(XINFO_STREAM_FULL, args)
}

// -----------------------------------------------------------------------------
// Groups and consumers
// -----------------------------------------------------------------------------

/**
 * A group, as XINFO GROUPS describes it.
 *
 * @since 0.1.0
 * @category models
 */
export interface GroupInfo<A = string> {
  /** Its name. */
  readonly name: A
  /** How many consumers it has. */
  readonly consumers: number
  /** How many pending entries it has. */
  readonly pending: number
  /** The id of the last entry that was delivered to it. */
  readonly lastDeliveredId: string
  /** How many entries it has read; `null` if the server does not know. */
  readonly entriesRead: number | null
  /** How many entries it has not read; `null` if the server does not know. */
  readonly lag: number | null
  /** How many of the pending entries XNACK has given back. From Redis 8.8. */
  readonly nackedCount?: number
}

const groupInfo: Command.Decode<GroupInfo, GroupInfo<Uint8Array>> = Command.fields({
  name: Command.string,
  consumers: Command.int,
  pending: Command.int,
  lastDeliveredId: Command.word,
  entriesRead: Command.intOrNull,
  lag: Command.intOrNull
}, { nackedCount: Command.int })

const XINFO_GROUPS = define({ words: ["XINFO", "GROUPS"], mode: "read", keys: 1, decode: Command.array(groupInfo) })
/**
 * XINFO GROUPS describes the groups of a stream. Their `lag` is unknown after some deletions of entries, until the group
 * has read the last entry. Fails with ERR if the key does not exist, and with WRONGTYPE if it holds another type.
 *
 * @see https://redis.io/docs/latest/commands/xinfo-groups/
 * @since 0.1.0
 * @category streams
 */
export const xinfoGroups = (key: Key) => make(XINFO_GROUPS, argv(key))

/**
 * A consumer, as XINFO CONSUMERS describes it.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConsumerInfo<A = string> {
  /** Its name. */
  readonly name: A
  /** How many pending entries it has. */
  readonly pending: number
  /** How long ago it last tried to read or to claim; before Redis 7.2: how long ago it last did. */
  readonly idle: Duration.Duration | null
  /** How long ago it last got or claimed an entry; `null` if it never did. From Redis 7.2. */
  readonly inactive?: Duration.Duration | null
}

const consumerInfo: Command.Decode<ConsumerInfo, ConsumerInfo<Uint8Array>> = Command.fields({
  name: Command.string,
  pending: Command.int,
  idle: elapsed
}, { inactive: elapsed })

const XINFO_CONSUMERS = define({
  words: ["XINFO", "CONSUMERS"],
  mode: "read",
  keys: 1,
  decode: Command.array(consumerInfo)
})
/**
 * XINFO CONSUMERS describes the consumers of a group. Fails with NOGROUP if there is no such group, with ERR if the key
 * does not exist, and with WRONGTYPE if it holds another type.
 *
 * @see https://redis.io/docs/latest/commands/xinfo-consumers/
 * @since 0.1.0
 * @category streams
 */
export const xinfoConsumers = (key: Key, group: Arg) => make(XINFO_CONSUMERS, argv(key, group))
