/**
 * Sample calls of the commands of src/commands/pubSub.ts, and what those are that servers flag neither `readonly` nor `write`.
 */
import { commands as c } from "../../../src/index.ts"
import { asks, type Unflagged } from "./unflagged.ts"

export const pubSub = {
  pubsubChannels: [c.pubsubChannels(), c.pubsubChannels("a*")],
  pubsubNumsub: [c.pubsubNumsub(), c.pubsubNumsub("a", "b")],
  pubsubNumpat: [c.pubsubNumpat()],
  pubsubShardchannels: [c.pubsubShardchannels(), c.pubsubShardchannels("a*")],
  pubsubShardnumsub: [c.pubsubShardnumsub(), c.pubsubShardnumsub("a", "b")]
}

export const unflagged: Readonly<Record<string, Unflagged>> = {
  "PUBLISH": { mode: "write", repeatable: false, why: "again, it sends the message twice" },
  "SPUBLISH": { mode: "write", repeatable: false, why: "again, it sends the message twice" },
  "PUBSUB CHANNELS": asks,
  "PUBSUB NUMSUB": asks,
  "PUBSUB NUMPAT": asks,
  "PUBSUB SHARDCHANNELS": asks,
  "PUBSUB SHARDNUMSUB": asks
}
