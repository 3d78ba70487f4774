/**
 * Sample calls of the commands of src/commands/cluster.ts and clusterSlots.ts, and what those are that servers flag neither `readonly` nor
 * `write`.
 */
import { commands as c } from "../../../src/index.ts"
import { asks, type Unflagged } from "./unflagged.ts"

const id = "24cf41718b20f7f05901743dffc40bc9b15db339"

export const cluster = {
  clusterInfo: [c.clusterInfo()],
  clusterNodes: [c.clusterNodes()],
  clusterReplicas: [c.clusterReplicas(id)],
  clusterShards: [c.clusterShards()],
  clusterSlots: [c.clusterSlots()],
  clusterLinks: [c.clusterLinks()],
  clusterMyid: [c.clusterMyid()],
  clusterMyshardid: [c.clusterMyshardid()],
  clusterKeyslot: [c.clusterKeyslot("k")],
  clusterCountkeysinslot: [c.clusterCountkeysinslot(7629)],
  clusterGetkeysinslot: [c.clusterGetkeysinslot(7629, 10)],
  clusterCountFailureReports: [c.clusterCountFailureReports(id)],
  clusterSlotStats: [
    c.clusterSlotStats({ slots: { start: 0, end: 16_383 } }),
    c.clusterSlotStats({ orderBy: "key-count" }),
    ...(["asc", "desc"] as const).map((order) => c.clusterSlotStats({ orderBy: "cpu-usec", limit: 5, order }))
  ],
  clusterGetslotmigrations: [c.clusterGetslotmigrations()],
  clusterMigrationStatus: [c.clusterMigrationStatus(), c.clusterMigrationStatus(id)],
  clusterscan: [c.clusterscan("0"), c.clusterscan("0", { match: "a*", count: 10, type: "hash", slot: 7 })]
}

export const unflagged: Readonly<Record<string, Unflagged>> = {
  "CLUSTER INFO": asks,
  "CLUSTER NODES": asks,
  "CLUSTER REPLICAS": asks,
  "CLUSTER SHARDS": asks,
  "CLUSTER SLOTS": asks,
  "CLUSTER LINKS": asks,
  "CLUSTER MYID": asks,
  "CLUSTER MYSHARDID": asks,
  "CLUSTER KEYSLOT": asks,
  "CLUSTER COUNTKEYSINSLOT": asks,
  "CLUSTER GETKEYSINSLOT": asks,
  "CLUSTER COUNT-FAILURE-REPORTS": asks,
  "CLUSTER SLOT-STATS": asks,
  "CLUSTER GETSLOTMIGRATIONS": asks,
  "CLUSTER MIGRATION STATUS": asks
}
