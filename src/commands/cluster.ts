/**
 * The questions about Redis Cluster: what a node says of its cluster. Those about slots are in clusterSlots.ts. What
 * changes a cluster has no method (docs/commands.md). On a server without a cluster they fail with ERR.
 *
 * The client follows no redirects of a cluster: each of these asks the node that it is connected to.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import { argv } from "../internal/commands/args.ts"
import { emptyAsNull, parseNode, parseNodes, type SlotRange } from "../internal/commands/clusterNodes.ts"
import { fieldsOrNull } from "../internal/commands/combinators.ts"
import { epochMillis } from "../internal/commands/timeDecoders.ts"

export type { ClusterNode, SlotRange } from "../internal/commands/clusterNodes.ts"

/**
 * The result of CLUSTER INFO.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClusterInfo {
  /** `ok`, or `fail` if the node accepts no commands about keys. */
  readonly state: string
  /** How many of the 16,384 slots have a node. */
  readonly slotsAssigned: number
  /** Of them: those whose node is neither suspected nor down. */
  readonly slotsOk: number
  /** Of them: those whose node is suspected. */
  readonly slotsPfail: number
  /** Of them: those whose node is down. */
  readonly slotsFail: number
  /** How many nodes this one knows. */
  readonly knownNodes: number
  /** How many primaries have slots. */
  readonly size: number
  /** The epoch of the cluster. */
  readonly currentEpoch: number
  /** The epoch of this node. */
  readonly myEpoch: number
  /** How many messages this node has sent to others. */
  readonly messagesSent: number
  /** How many messages this node has received from others. */
  readonly messagesReceived: number
  /** Every field as the server writes it. */
  readonly fields: Readonly<Record<string, string>>
}

const clusterInfoOf = (text: string): ClusterInfo => {
  const fields = new Map<string, string>()
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":")
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trim())
  }
  const number = (name: string): number => {
    const field = fields.get(name)
    const n = field === undefined || field === "" ? NaN : Number(field)
    if (Number.isNaN(n)) throw new Command.Mismatch(`a number ${name}`, text)
    return n
  }
  const state = fields.get("cluster_state")
  if (state === undefined) throw new Command.Mismatch("a field cluster_state", text)
  return {
    state,
    slotsAssigned: number("cluster_slots_assigned"),
    slotsOk: number("cluster_slots_ok"),
    slotsPfail: number("cluster_slots_pfail"),
    slotsFail: number("cluster_slots_fail"),
    knownNodes: number("cluster_known_nodes"),
    size: number("cluster_size"),
    currentEpoch: number("cluster_current_epoch"),
    myEpoch: number("cluster_my_epoch"),
    messagesSent: number("cluster_stats_messages_sent"),
    messagesReceived: number("cluster_stats_messages_received"),
    fields: Object.fromEntries(fields)
  }
}

const CLUSTER_INFO = define({
  words: ["CLUSTER", "INFO"],
  mode: "read",
  decode: Command.map(Command.word, clusterInfoOf)
})
/**
 * CLUSTER INFO returns the state of the cluster as the node sees it.
 *
 * @see https://redis.io/docs/latest/commands/cluster-info/
 * @since 0.1.0
 * @category cluster
 */
export const clusterInfo = () => make(CLUSTER_INFO, argv())

const CLUSTER_NODES = define({
  words: ["CLUSTER", "NODES"],
  mode: "read",
  decode: Command.map(Command.word, parseNodes)
})
/**
 * CLUSTER NODES returns all nodes that the node knows, itself included.
 *
 * @see https://redis.io/docs/latest/commands/cluster-nodes/
 * @since 0.1.0
 * @category cluster
 */
export const clusterNodes = () => make(CLUSTER_NODES, argv())

const CLUSTER_REPLICAS = define({
  words: ["CLUSTER", "REPLICAS"],
  mode: "read",
  decode: Command.array(Command.map(Command.word, parseNode))
})
/**
 * CLUSTER REPLICAS returns the replicas of a primary, by its id. Fails with ERR if the node does not know it, or if it
 * is a replica.
 *
 * @see https://redis.io/docs/latest/commands/cluster-replicas/
 * @since 0.1.0
 * @category cluster
 */
export const clusterReplicas = (nodeId: string) => make(CLUSTER_REPLICAS, argv(nodeId))

/**
 * A node of a shard.
 *
 * @since 0.1.0
 * @category models
 */
export interface ShardNode {
  /** Its id. */
  readonly id: string
  /** What clients connect to, as the node is configured: its address or its name; `null` if it is unknown. */
  readonly endpoint: string | null
  /** Its address; empty while the node does not know its own. */
  readonly ip: string
  /** Its name; `null` if it announces none. */
  readonly hostname: string | null
  /** Its port without TLS; `null` if it has none. */
  readonly port: number | null
  /** Its port with TLS; `null` if it has none. */
  readonly tlsPort: number | null
  /** Whether it is the primary of the shard, or a replica. */
  readonly role: "primary" | "replica"
  /** Its replication offset, in bytes. */
  readonly replicationOffset: number
  /** `online`, `loading`, `fail` or `failed`. */
  readonly health: string
}

/**
 * A shard: a primary and its replicas, and their slots.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClusterShard {
  /** Its id; `null` if the server does not say. Needs Valkey 9.1. */
  readonly id: string | null
  /** Its slots. */
  readonly slots: ReadonlyArray<SlotRange>
  /** Its nodes. */
  readonly nodes: ReadonlyArray<ShardNode>
}

const shardNode: Command.Decode<ShardNode> = Command.map(
  fieldsOrNull({
    id: Command.word,
    ip: Command.word,
    role: Command.word,
    replicationOffset: Command.int,
    health: Command.word
  }, {
    endpoint: Command.wordOrNull,
    hostname: Command.word,
    port: Command.int,
    tlsPort: Command.int
  }),
  ({ endpoint, hostname, role, ...node }) => ({
    ...node,
    endpoint: emptyAsNull(endpoint),
    hostname: emptyAsNull(hostname),
    role: role === "master" ? "primary" : "replica"
  })
)

const slotPairs = Command.map(Command.ints, (flat) => {
  if (flat.length % 2 === 1) throw new Command.Mismatch("the first and the last slot of each range", flat)
  return Array.from({ length: flat.length / 2 }, (_, i) => ({ start: flat[2 * i]!, end: flat[2 * i + 1]! }))
})

const shard: Command.Decode<ClusterShard> = fieldsOrNull(
  { slots: slotPairs, nodes: Command.array(shardNode) },
  { id: Command.word }
)

const CLUSTER_SHARDS = define({ words: ["CLUSTER", "SHARDS"], mode: "read", decode: Command.array(shard) })
/**
 * CLUSTER SHARDS returns the shards of the cluster. Needs Redis 7.0.
 *
 * @see https://redis.io/docs/latest/commands/cluster-shards/
 * @since 0.1.0
 * @category cluster
 */
export const clusterShards = () => make(CLUSTER_SHARDS, argv())

/**
 * A range of slots with the nodes that have it.
 *
 * @since 0.1.0
 * @category models
 */
export interface SlotsOfNodes extends SlotRange {
  /** The primary, then its replicas. */
  readonly nodes: ReadonlyArray<{
    /** What clients connect to; `null` if it is unknown, which means the address that the reply came from. */
    readonly host: string | null
    /** The port. */
    readonly port: number
    /** The id of the node. */
    readonly id: string
    /** What else the node announces, such as `ip` and `hostname`. */
    readonly metadata: Readonly<Record<string, string>>
  }>
}

const slotNode: Command.Decode<SlotsOfNodes["nodes"][number]> = Command.map(
  Command.struct({
    host: Command.wordOrNull,
    port: Command.int,
    id: Command.word,
    metadata: Command.recordOf(Command.word)
  }),
  (node) => ({ ...node, host: emptyAsNull(node.host) })
)

const slotsOfNodes: Command.Decode<SlotsOfNodes> = Command.custom((value) => {
  const [start, end, ...nodes] = Command.list(value)
  if (start === undefined || end === undefined) throw new Command.Mismatch("a range of slots", value)
  return {
    start: Command.integer(start),
    end: Command.integer(end),
    nodes: nodes.map((node) => slotNode(node, false))
  }
})

const CLUSTER_SLOTS = define({ words: ["CLUSTER", "SLOTS"], mode: "read", decode: Command.array(slotsOfNodes) })
/**
 * CLUSTER SLOTS returns which nodes have which slots.
 *
 * @deprecated `clusterShards` replaces it.
 * @see https://redis.io/docs/latest/commands/cluster-slots/
 * @since 0.1.0
 * @category cluster
 */
export const clusterSlots = () => make(CLUSTER_SLOTS, argv())

/**
 * A connection between two nodes of a cluster.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClusterLink {
  /** Whether this node opened it (`to`), or the other one (`from`). */
  readonly direction: string
  /** The id of the other node. */
  readonly node: string
  /** When it was opened. */
  readonly createdAt: DateTime.Utc
  /** What the node waits for: `r` to read, `w` to write, or both. */
  readonly events: string
  /** How many bytes of memory its buffer takes. */
  readonly sendBufferAllocated: number
  /** How many bytes wait in its buffer. */
  readonly sendBufferUsed: number
}

const link: Command.Decode<ClusterLink> = Command.map(
  Command.fields({
    direction: Command.word,
    node: Command.word,
    createTime: epochMillis,
    events: Command.word,
    sendBufferAllocated: Command.int,
    sendBufferUsed: Command.int
  }),
  ({ createTime, ...one }) => ({ ...one, createdAt: createTime })
)

const CLUSTER_LINKS = define({ words: ["CLUSTER", "LINKS"], mode: "read", decode: Command.array(link) })
/**
 * CLUSTER LINKS returns the connections of the node to other nodes. Needs Redis 7.0.
 *
 * @see https://redis.io/docs/latest/commands/cluster-links/
 * @since 0.1.0
 * @category cluster
 */
export const clusterLinks = () => make(CLUSTER_LINKS, argv())

const CLUSTER_MYID = define({ words: ["CLUSTER", "MYID"], mode: "read", decode: Command.word })
/**
 * CLUSTER MYID returns the id of the node.
 *
 * @see https://redis.io/docs/latest/commands/cluster-myid/
 * @since 0.1.0
 * @category cluster
 */
export const clusterMyid = () => make(CLUSTER_MYID, argv())

const CLUSTER_MYSHARDID = define({ words: ["CLUSTER", "MYSHARDID"], mode: "read", decode: Command.word })
/**
 * CLUSTER MYSHARDID returns the id of the node's shard. Needs Redis 7.2.
 *
 * @see https://redis.io/docs/latest/commands/cluster-myshardid/
 * @since 0.1.0
 * @category cluster
 */
export const clusterMyshardid = () => make(CLUSTER_MYSHARDID, argv())

const CLUSTER_COUNT_FAILURE_REPORTS = define({
  words: ["CLUSTER", "COUNT-FAILURE-REPORTS"],
  mode: "read",
  decode: Command.int
})
/**
 * CLUSTER COUNT-FAILURE-REPORTS returns how many nodes report that a node is down, by its id. Fails with ERR if the
 * node does not know it.
 *
 * @see https://redis.io/docs/latest/commands/cluster-count-failure-reports/
 * @since 0.1.0
 * @category cluster
 */
export const clusterCountFailureReports = (nodeId: string) => make(CLUSTER_COUNT_FAILURE_REPORTS, argv(nodeId))
