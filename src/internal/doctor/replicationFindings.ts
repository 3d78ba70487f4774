/**
 * Findings about replication: roles, links, lag, who can be promoted, and whether nodes can follow each other. Pure.
 */
import * as Redacted from "effect/Redacted"
import type { ListedReplica, NodeSeen } from "./seen.ts"
import type { Finding } from "./types.ts"
import { bytesText, cli, finding, isIp, listed, nodeName, placeText, step, type View } from "./view.ts"

const isPlace = (node: NodeSeen, host: string, port: number): boolean => nodeName(node) === placeText({ host, port })

// -----------------------------------------------------------------------------
// Roles
// -----------------------------------------------------------------------------

const roles = (view: View): ReadonlyArray<Finding> => {
  const { informed, primary } = view
  const found: Array<Finding> = []
  const ids = new Map(view.answering.map((node) => [node.info["run_id"] ?? nodeName(node), node]))
  const wrong = Array.from(ids.values()).filter((node) =>
    node === primary ? node.role === "replica" : node.role === "primary" && node.listedBy.length > 0
  )
  if (wrong.length > 0) {
    found.push(finding("role-conflict", {
      where: wrong.map(nodeName),
      saw: wrong.map((node) =>
        `${nodeName(node)} says that it is a ${node.role}, and the sentinels say ${
          node === primary ? "primary" : "replica"
        }`
      ).join("; "),
      mend: [
        step(
          "Wait 10 seconds and examine again: sentinels correct roles, and a failover that has just ended is not complete."
        ),
        step(
          "If it stays, let no client write to it, and check that the sentinels reach it and may run SLAVEOF there. Then " +
            "correct it by hand, knowing that what only it has is lost.",
          ...wrong.flatMap((node) =>
            node === primary || primary === undefined
              ? [cli(nodeName(node), "ROLE")]
              : [cli(nodeName(node), "REPLICAOF", primary.announced.host, String(primary.announced.port))]
          )
        )
      ]
    }))
  }
  if (primary === undefined || informed.length === 0) return found
  const listings = view.replicas.flatMap((node) => view.listings(node))
  if (view.replicas.length === 0 && primary.followers.length === 0) {
    found.push(finding("no-replicas", {
      where: [nodeName(primary)],
      saw: `The sentinels know no replica of ${nodeName(primary)}${
        primary.failure === undefined ? ", and it says that it has none" : ""
      }.`,
      mend: [
        step(
          "Start a node on another machine with these lines; sentinels find it within 10 seconds.",
          `replicaof ${primary.announced.host} ${primary.announced.port}`,
          "masterauth PASSWORD"
        )
      ]
    }))
    return found
  }
  const zero = view.replicas.filter((node) =>
    node.config["replica-priority"] === "0" ||
    (node.config["replica-priority"] === undefined && view.listings(node).some(({ replica }) => replica.priority === 0))
  )
  const isCandidate = (node: NodeSeen): boolean =>
    !zero.includes(node) &&
    view.listings(node).some(({ replica: { flags, isLinkUp } }) =>
      !flags.has("s_down") && !flags.has("disconnected") && (isLinkUp || node.follows?.isLinkUp === true)
    )
  // A sentinel that has just found a replica does not know its link yet.
  const candidates = view.replicas.filter(isCandidate)
  if (listings.length > 0 && candidates.length === 0) {
    found.push(finding("no-candidate", {
      where: view.replicas.map(nodeName),
      saw: view.replicas.map((node) =>
        `${nodeName(node)}: ${
          zero.includes(node) ? "priority 0" : whyNot(view.listings(node).map(({ replica }) => replica))
        }`
      ).join("; "),
      mend: [
        step("Repair the replicas that are down or have lost their primary."),
        step(
          "Let a replica be promoted, and write it into its file as well.",
          "replica-priority 100",
          ...zero.map((node) => cli(nodeName(node), "CONFIG", "SET", "replica-priority", "100"))
        )
      ]
    }))
  } else if (zero.length > 0) {
    found.push(finding("replica-priority-zero", {
      where: zero.map(nodeName),
      saw: `${listed(zero.map(nodeName))} ${zero.length === 1 ? "has" : "have"} replica-priority 0; ${
        candidates.length === 1 ? "1 replica" : `${candidates.length} replicas`
      } can be promoted.`,
      mend: [
        step(
          "If it is not on purpose, set another priority, and write it into its file as well.",
          "replica-priority 100",
          ...zero.map((node) => cli(nodeName(node), "CONFIG", "SET", "replica-priority", "100"))
        ),
        step("If it is, accept the finding.", "--ignore replica-priority-zero")
      ]
    }))
  }
  return found
}

/** Why a replica is no candidate, as sentinels see it. */
const whyNot = (replicas: ReadonlyArray<ListedReplica>): string =>
  replicas.every(({ flags }) => flags.has("s_down"))
    ? "down"
    : replicas.every(({ flags }) => flags.has("s_down") || flags.has("disconnected"))
    ? "no sentinel is connected to it"
    : "its link to the primary is down"

// -----------------------------------------------------------------------------
// Links
// -----------------------------------------------------------------------------

const longestLagSeconds = 10
const leastBacklog = 1024 ** 2

const links = (view: View): ReadonlyArray<Finding> => {
  const { primary } = view
  const found: Array<Finding> = []
  const down = view.replicas.flatMap((node) => {
    if (node.failure === undefined) {
      if (node.role !== "replica" || node.follows === undefined || node.follows.isLinkUp) return []
      const seconds = Number(node.info["master_link_down_since_seconds"])
      const isSyncing = node.info["master_sync_in_progress"] === "1"
      return [{
        name: nodeName(node),
        host: node.follows.host,
        port: node.follows.port,
        says: `${nodeName(node)}: its link to ${placeText(node.follows)} is ${isSyncing ? "synchronising" : "down"}${
          seconds >= 0 ? ` for ${seconds} s` : ""
        }`
      }]
    }
    const listing = view.listings(node).find(({ replica }) =>
      !replica.isLinkUp && !replica.flags.has("s_down") && replica.linkDownMillis > 0
    )
    return listing === undefined || primary === undefined ? [] : [{
      name: nodeName(node),
      host: primary.announced.host,
      port: primary.announced.port,
      says: `${nodeName(node)}: ${listing.by} says that its link is down for ${
        Math.round(listing.replica.linkDownMillis / 1000)
      } s`
    }]
  })
  if (down.length > 0) {
    found.push(finding("replica-link-down", {
      where: down.map(({ name }) => name),
      saw: down.map(({ says }) => says).join("; "),
      mend: [
        step(
          "Check from the machine of the replica that it reaches its primary, and that the password is right.",
          ...down.map(({ host, port }) => `redis-cli -h ${host} -p ${port} PING`)
        ),
        step(
          "If the primary has a password, give it to the replica, and write it into its file as well.",
          ...down.map(({ name }) => cli(name, "CONFIG", "SET", "masterauth", "PASSWORD"))
        ),
        step("Look for the reason in the log of the replica: the lines with MASTER <-> REPLICA sync.")
      ]
    }))
  }
  const offset = Number(primary?.info["master_repl_offset"])
  const backlog = Math.max(leastBacklog, Number(primary?.config["repl-backlog-size"] ?? 0))
  const late = (primary?.followers ?? []).filter(({ lagSeconds, offset: own, state }) =>
    state === "online" && (lagSeconds > longestLagSeconds || offset - own > backlog)
  )
  if (late.length > 0) {
    found.push(finding("replica-lag", {
      where: late.map(placeText),
      saw: late.map((replica) =>
        `${placeText(replica)} is ${
          bytesText(Math.max(0, offset - replica.offset))
        } behind, and last reported ${replica.lagSeconds} s ago`
      ).join("; "),
      mend: [
        step(
          "Look for what slows it down: its machine, the network, slow commands.",
          ...late.flatMap((replica) => [
            cli(placeText(replica), "SLOWLOG", "GET", "10"),
            cli(placeText(replica), "INFO", "replication")
          ])
        ),
        step(
          "Give the primary a backlog for what it writes in a minute, so that a replica that returns need not copy all.",
          "repl-backlog-size 64mb"
        )
      ]
    }))
  }
  const isFollower = (node: NodeSeen): boolean =>
    (primary?.followers ?? []).some(({ host, port }) => isPlace(node, host, port))
  const other = primary === undefined || primary.role !== "primary" || primary.failure !== undefined
    ? []
    : view.replicas.filter((node) => {
      const { follows } = node
      if (node.role !== "replica" || follows === undefined || isFollower(node)) return false
      const { host, port } = follows
      if (isPlace(primary, host, port)) return false
      const target = view.answering.find((other) => isPlace(other, host, port))
      // Another spelling of the primary.
      if (target !== undefined) return target.info["run_id"] !== primary.info["run_id"]
      return port !== primary.announced.port || (isIp(host) && isIp(primary.announced.host))
    })
  if (other.length > 0) {
    found.push(finding("replica-follows-another", {
      where: other.map(nodeName),
      saw: other.map((node) =>
        `${nodeName(node)} follows ${placeText(node.follows!)}, and the primary is ${nodeName(primary!)}`
      ).join("; "),
      mend: [
        step(
          "Wait 10 seconds and examine again: sentinels point replicas to the primary. If it stays, do it by hand.",
          ...other.map((node) =>
            cli(nodeName(node), "REPLICAOF", primary!.announced.host, String(primary!.announced.port))
          )
        )
      ]
    }))
  }
  const writable = view.replicas.filter(({ config, role }) =>
    role === "replica" && config["replica-read-only"] === "no"
  )
  if (writable.length > 0) {
    found.push(finding("replica-writable", {
      where: writable.map(nodeName),
      saw: `replica-read-only is no at ${listed(writable.map(nodeName))}.`,
      mend: [
        step(
          "Let replicas refuse writes, and write it into their files as well.",
          "replica-read-only yes",
          ...writable.map((node) => cli(nodeName(node), "CONFIG", "SET", "replica-read-only", "yes"))
        )
      ]
    }))
  }
  return found
}

// -----------------------------------------------------------------------------
// Logins of replicas
// -----------------------------------------------------------------------------

const logins = ({ answering, nodes }: View): ReadonlyArray<Finding> => {
  const found: Array<Finding> = []
  const secretOf = (node: NodeSeen): string | undefined =>
    node.requirepass === undefined ? undefined : Redacted.value(node.requirepass)
  const known = answering.filter(({ masterauth }) => masterauth !== undefined)
  /** The passwords of the others. */
  const othersOf = (node: NodeSeen): ReadonlyArray<string> =>
    answering.filter((other) => other !== node).flatMap((other) => secretOf(other) ?? []).filter((secret) =>
      secret !== ""
    )
  const needs = (node: NodeSeen): boolean =>
    othersOf(node).length > 0 || (answering.length === 1 && nodes.length > 1 && (secretOf(node) ?? "") !== "")
  const missing = known.filter((node) => Redacted.value(node.masterauth!) === "" && needs(node))
  const remedy = (wrong: ReadonlyArray<NodeSeen>) =>
    step(
      "Set the password of the group, at run time and in the file.",
      "masterauth PASSWORD",
      ...wrong.map((node) => cli(nodeName(node), "CONFIG", "SET", "masterauth", "PASSWORD"))
    )
  if (missing.length > 0) {
    found.push(finding("masterauth-missing", {
      where: missing.map(nodeName),
      saw: missing.map((node) => `${nodeName(node)}, which is a ${node.role ?? "node"}, has no masterauth`).join("; "),
      mend: [remedy(missing)]
    }))
  }
  const wrong = known.filter((node) => {
    const own = Redacted.value(node.masterauth!)
    const others = othersOf(node)
    // With a masteruser it is the password of that user.
    return own !== "" && (node.config["masteruser"] ?? "") === "" && others.length > 0 && !others.includes(own)
  })
  if (wrong.length > 0) {
    found.push(finding("masterauth-wrong", {
      where: wrong.map(nodeName),
      saw: `masterauth of ${listed(wrong.map(nodeName))} is another password than requirepass of the other nodes.`,
      mend: [remedy(wrong)]
    }))
  }
  return found
}

/** What is wrong with replication. */
export const replicationFindings = (view: View): ReadonlyArray<Finding> => [
  ...roles(view),
  ...links(view),
  ...logins(view)
]
