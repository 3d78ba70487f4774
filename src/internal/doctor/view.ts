/**
 * What several families of findings need to know of a deployment: which processes there are, which node is the primary,
 * how places and versions are written. Pure.
 */
import * as Net from "node:net"
import * as Address from "../../Address.ts"
import * as Resp from "../../Resp.ts"
import { catalogue, type Code } from "./catalogue.ts"
import type { Failure, GroupSeen, ListedReplica, NodeSeen, Place, Seen, SentinelSeen, ServerSeen } from "./seen.ts"
import type { Finding, Remedy } from "./types.ts"

/** A place as text, whatever a server gave. */
export const placeText = ({ host, port }: Place): string =>
  Address.format({ host: host === "" ? "(no host)" : Resp.printable(host, 255), port })

/** The name of a node in findings: the address that the sentinels announce. */
export const nodeName = (node: NodeSeen): string => placeText(node.announced)

/** Whether a host is the machine itself. */
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host.startsWith("127.") || host === "::1" || /^::ffff:127\./i.test(host)

/** The host of a server's address; undefined for a Unix socket. */
export const hostOf = (address: string): string | undefined =>
  address.startsWith("unix:") ? undefined : address.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1")

/** Whether nothing came back from a server, so that it may be down. */
export const isSilent = ({ kind }: Failure): boolean =>
  kind === "resolve" || kind === "dial" || kind === "handshake" || kind === "lost" || kind === "no-time" ||
  kind === "malformed-address"

/** The product and its version; undefined if INFO was denied. */
export const versionOf = (
  info: Readonly<Record<string, string>>
): { readonly product: string; readonly version: string } | undefined => {
  const valkey = info["valkey_version"]
  const version = valkey ?? info["redis_version"]
  if (version === undefined) return undefined
  return { product: valkey === undefined ? "Redis" : "Valkey", version: Resp.printable(version, 32) }
}

/** `Redis 7.0`, without what comes after the second number. */
export const releaseOf = (server: ServerSeen): string | undefined => {
  const found = versionOf(server.info)
  return found === undefined ? undefined : `${found.product} ${found.version.split(".").slice(0, 2).join(".")}`
}

/** A sentinel that monitors the group and said what it knows of it. */
export type Informed = SentinelSeen & { readonly group: GroupSeen }

/** A deployment, as findings look at it. */
export interface View {
  readonly seen: Seen
  readonly group: string
  readonly sentinels: ReadonlyArray<SentinelSeen>
  /** Those that said what they know of the group, each process once. */
  readonly informed: ReadonlyArray<Informed>
  /** How many sentinels there are, by what they and the sentinels themselves show. */
  readonly sentinelCount: number
  readonly nodes: ReadonlyArray<NodeSeen>
  /** Those that answered. */
  readonly answering: ReadonlyArray<NodeSeen>
  /** The node that most sentinels name as the primary; undefined if none is named. */
  readonly primary: NodeSeen | undefined
  readonly replicas: ReadonlyArray<NodeSeen>
  /** How many processes these are: one may be listed under two names. */
  readonly replicaCount: number
  /** What tells the process of a node from others: its run id, where that is known. */
  readonly identity: (node: NodeSeen) => string
  /** What the sentinels say of a node as a replica. */
  readonly listings: (node: NodeSeen) => ReadonlyArray<{ readonly by: string; readonly replica: ListedReplica }>
}

/** The sentinels, each process once: under several addresses it is known by the run id of its process. */
const processesOf = (sentinels: ReadonlyArray<SentinelSeen>): ReadonlyArray<SentinelSeen> => {
  const seen = new Set<string>()
  return sentinels.filter((sentinel) => {
    const key = sentinel.info["run_id"] ?? sentinel.address
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}

/** The entry that most others equal. */
export const mostCommon = <A>(items: ReadonlyArray<A>): A | undefined => {
  const counts = new Map<A, number>()
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1)
  return Array.from(counts).sort(([, a], [, b]) => b - a)[0]?.[0]
}

/** Looks at what was seen. */
export const viewOf = (seen: Seen): View => {
  const processes = processesOf(seen.sentinels)
  const informed = processes.filter((sentinel): sentinel is Informed => sentinel.group !== undefined)
  const named = mostCommon(informed.map(({ group }) => placeText(group.primary)))
  const primary = seen.nodes.find((node) => nodeName(node) === named)
  const ids = new Set([
    ...processes.flatMap(({ id }) => id === undefined ? [] : [id]),
    ...informed.flatMap(({ group }) => (group.peers ?? []).flatMap(({ id }) => id === "" ? [] : [id]))
  ])
  const replicas = seen.nodes.filter((node) => node !== primary && node.listedBy.length > 0)
  const listings: View["listings"] = (node) =>
    informed.flatMap(({ address, group }) =>
      (group.replicas ?? [])
        .filter((replica) => placeText(replica) === nodeName(node))
        .map((replica) => ({ by: address, replica }))
    )
  const identity = (node: NodeSeen): string =>
    node.info["run_id"] ?? listings(node).find(({ replica }) => replica.runId !== "")?.replica.runId ?? nodeName(node)
  return {
    seen,
    group: seen.group,
    sentinels: seen.sentinels,
    informed,
    sentinelCount: Math.max(ids.size, ...informed.map(({ group }) => group.otherSentinels + 1)),
    nodes: seen.nodes,
    answering: seen.nodes.filter(({ failure }) => failure === undefined),
    primary,
    replicas,
    replicaCount: new Set(replicas.map(identity)).size,
    identity,
    listings
  }
}

/** A finding of a code. */
export const finding = (
  code: Code,
  parts: { readonly where: ReadonlyArray<string>; readonly saw: string; readonly mend: ReadonlyArray<Remedy> }
): Finding => ({
  code,
  severity: catalogue[code].severity,
  where: Array.from(new Set(parts.where)),
  title: catalogue[code].title,
  saw: parts.saw,
  why: catalogue[code].why,
  mend: parts.mend
})

/** A step of a remedy. */
export const step = (text: string, ...lines: ReadonlyArray<string>): Remedy => ({ text, lines })

/** A word for a shell: names of groups come from servers, and rules have bars. */
const shellWord = (word: string): string => /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`

/** A command for a shell, at a server. */
export const cli = (address: string, ...words: ReadonlyArray<string>): string => {
  const port = /:(\d+)$/.exec(address)?.[1]
  const at = address.startsWith("unix:")
    ? ["-s", address.slice("unix:".length)]
    : ["-h", hostOf(address) ?? "", ...(port === undefined ? [] : ["-p", port])]
  return ["redis-cli", ...at, ...words].map(shellWord).join(" ")
}

/** `a, b and c`. */
export const listed = (items: ReadonlyArray<string>): string =>
  items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`

/** Whether a host is an IP address, and not a name. */
export const isIp = (host: string): boolean => Net.isIP(host) !== 0

/** A number of milliseconds for people. */
export const millisText = (millis: number): string =>
  millis < 1000 ? `${Math.round(millis)} ms` : `${Math.round(millis / 100) / 10} s`

/** A number of bytes for people. */
export const bytesText = (bytes: number): string =>
  bytes < 1024
    ? `${bytes} bytes`
    : bytes < 1024 ** 2
    ? `${Math.round(bytes / 102.4) / 10} KiB`
    : `${Math.round(bytes / 1024 ** 2 * 10) / 10} MiB`
