/**
 * A healthy deployment as the doctor sees it, to be changed by tests: three sentinels, a primary, two replicas.
 */
import * as Redacted from "effect/Redacted"
import type { Failure, GroupSeen, ListedReplica, NodeSeen, Seen, SentinelSeen } from "../../src/internal/doctor/seen.ts"

type Mutable<A> = { -readonly [K in keyof A]: A[K] }

/** Parts that tests change. */
export interface Draft {
  readonly sentinels: Array<Mutable<Omit<SentinelSeen, "group">> & { group: Mutable<GroupSeen> }>
  readonly nodes: Array<Mutable<NodeSeen>>
  hasNodePassword: boolean
}

export const at = 1_800_000_000_000

export const failure = (kind: Failure["kind"], detail: string, code = ""): Failure => ({ kind, detail, code })

const password = Redacted.make("secret-of-the-nodes")

const place = (i: number) => ({ host: `10.0.0.${i}`, port: 6379 })
const sentinelPlace = (i: number) => ({ host: `10.0.1.${i}`, port: 26379 })

const listing = (i: number): ListedReplica => ({
  ...place(i),
  runId: `run-${i}`,
  flags: new Set(["slave"]),
  priority: 100,
  isLinkUp: true,
  linkDownMillis: 0
})

const sentinel = (i: number): Draft["sentinels"][number] => ({
  address: `10.0.1.${i}:26379`,
  failure: undefined,
  user: "default",
  denied: [],
  unanswered: [],
  info: {
    redis_version: "8.0.2",
    run_id: `process-${i}`,
    sentinel_tilt: "0",
    connected_clients: "9",
    maxclients: "10000"
  },
  clock: { aheadMillis: 0, errorMillis: 1 },
  certificate: undefined,
  isGiven: true,
  announced: sentinelPlace(i),
  listedBy: [1, 2, 3].filter((n) => n !== i).map((n) => `10.0.1.${n}:26379`),
  id: `id-${i}`,
  isGroupUnknown: false,
  groups: [{ name: "mymaster", primary: place(1) }],
  config: { "resolve-hostnames": "no", "announce-hostnames": "no" },
  group: {
    primary: place(1),
    primaryRunId: "run-1",
    flags: new Set(["master"]),
    epoch: 3,
    quorum: 2,
    downAfterMillis: 5000,
    failoverTimeoutMillis: 60_000,
    otherSentinels: 2,
    peers: [1, 2, 3].filter((n) => n !== i).map((n) => ({
      ...sentinelPlace(n),
      id: `id-${n}`,
      flags: new Set(["sentinel"])
    })),
    replicas: [listing(2), listing(3)],
    noQuorum: undefined
  }
})

const node = (i: number): Mutable<NodeSeen> => ({
  address: `10.0.0.${i}:6379`,
  failure: undefined,
  user: "default",
  denied: [],
  unanswered: [],
  info: {
    redis_version: "8.0.2",
    run_id: `run-${i}`,
    role: i === 1 ? "master" : "slave",
    master_repl_offset: "10000000",
    slave_repl_offset: "10000000",
    min_slaves_good_slaves: "2",
    connected_clients: "100",
    maxclients: "10000",
    used_memory: "1000000",
    maxmemory: "4000000000",
    maxmemory_policy: "noeviction",
    loading: "0",
    rdb_last_bgsave_status: "ok",
    aof_last_write_status: "ok",
    aof_last_bgrewrite_status: "ok",
    config_file: "/etc/redis/redis.conf"
  },
  clock: { aheadMillis: i, errorMillis: 1 },
  certificate: undefined,
  announced: place(i),
  namedBy: i === 1 ? [1, 2, 3].map((n) => `10.0.1.${n}:26379`) : [],
  listedBy: i === 1 ? [] : [1, 2, 3].map((n) => `10.0.1.${n}:26379`),
  isSeenUp: true,
  role: i === 1 ? "primary" : "replica",
  followers: i === 1
    ? [2, 3].map((n) => ({ ...place(n), state: "online", offset: 10_000_000, lagSeconds: 0 }))
    : [],
  follows: i === 1 ? undefined : { ...place(1), isLinkUp: true },
  config: {
    bind: "* -::*",
    "protected-mode": "yes",
    masteruser: "",
    "min-replicas-to-write": "1",
    "min-replicas-max-lag": "5",
    appendonly: "yes",
    save: "",
    "replica-read-only": "yes",
    "replica-priority": "100",
    "repl-backlog-size": "67108864"
  },
  masterauth: password,
  requirepass: password,
  sentinelUsers: [{ user: "default", denied: [] }],
  replicationUsers: [{ user: "default", denied: [] }],
  missingCommands: []
})

/** A healthy deployment, after a change. */
export const seenWith = (change: (draft: Draft) => void = () => {}): Seen => {
  const draft: Draft = { sentinels: [1, 2, 3].map(sentinel), nodes: [1, 2, 3].map(node), hasNodePassword: true }
  change(draft)
  return { group: "mymaster", atMillis: at, ...draft }
}
