/**
 * The PUBSUB commands: which channels have subscribers, and how many. Clients subscribe with
 * `subscribe` (Client.ts); PUBLISH is in server.ts.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Key } from "../Command.ts"
import { appendAny, argv, type Variadic } from "../internal/commands/args.ts"
import { pairwise } from "../internal/commands/decoders.ts"

const PUBSUB_CHANNELS = define({ words: ["PUBSUB", "CHANNELS"], mode: "read", decode: Command.strings })
/**
 * PUBSUB CHANNELS returns the channels that match a glob pattern, or all, and have a subscriber at this server.
 * Subscribers of patterns do not count.
 *
 * @see https://redis.io/docs/latest/commands/pubsub-channels/
 * @since 0.1.0
 * @category publish and subscribe
 */
export const pubsubChannels = (pattern?: string | undefined) =>
  make(PUBSUB_CHANNELS, pattern === undefined ? argv() : argv(pattern))

/**
 * How many subscribers a channel has.
 *
 * @since 0.1.0
 * @category models
 */
export interface ChannelSubscribers<A = string> {
  /** The channel. */
  readonly channel: A
  /** How many connections subscribe to it. */
  readonly subscribers: number
}

const subscribers = Command.custom<Array<ChannelSubscribers>, Array<ChannelSubscribers<Uint8Array>>>(
  (value, bytes) =>
    pairwise(Command.list(value), (channel, count) => ({
      channel: Command.bulkString(channel, bytes),
      subscribers: Command.integer(count)
    })) as Array<ChannelSubscribers>
)

const PUBSUB_NUMSUB = define({ words: ["PUBSUB", "NUMSUB"], mode: "read", decode: subscribers })
/**
 * PUBSUB NUMSUB returns how many subscribers channels have at this server, in the order of the channels. Subscribers
 * of patterns do not count.
 *
 * @see https://redis.io/docs/latest/commands/pubsub-numsub/
 * @since 0.1.0
 * @category publish and subscribe
 */
export const pubsubNumsub = (...channels: Variadic<Key>) => make(PUBSUB_NUMSUB, appendAny(argv(), channels))

const PUBSUB_NUMPAT = define({ words: ["PUBSUB", "NUMPAT"], mode: "read", decode: Command.int })
/**
 * PUBSUB NUMPAT returns how many different patterns have a subscriber at this server.
 *
 * @see https://redis.io/docs/latest/commands/pubsub-numpat/
 * @since 0.1.0
 * @category publish and subscribe
 */
export const pubsubNumpat = () => make(PUBSUB_NUMPAT, argv())

const PUBSUB_SHARDCHANNELS = define({ words: ["PUBSUB", "SHARDCHANNELS"], mode: "read", decode: Command.strings })
/**
 * PUBSUB SHARDCHANNELS returns the shard channels that match a glob pattern, or all, and have a subscriber at this
 * server. Needs Redis 7.0.
 *
 * @see https://redis.io/docs/latest/commands/pubsub-shardchannels/
 * @since 0.1.0
 * @category publish and subscribe
 */
export const pubsubShardchannels = (pattern?: string | undefined) =>
  make(PUBSUB_SHARDCHANNELS, pattern === undefined ? argv() : argv(pattern))

const PUBSUB_SHARDNUMSUB = define({ words: ["PUBSUB", "SHARDNUMSUB"], mode: "read", decode: subscribers })
/**
 * PUBSUB SHARDNUMSUB returns how many subscribers shard channels have at this server, in the order of the
 * channels. Needs Redis 7.0.
 *
 * @see https://redis.io/docs/latest/commands/pubsub-shardnumsub/
 * @since 0.1.0
 * @category publish and subscribe
 */
export const pubsubShardnumsub = (...channels: Variadic<Key>) => make(PUBSUB_SHARDNUMSUB, appendAny(argv(), channels))
