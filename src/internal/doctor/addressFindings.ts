/**
 * Findings about the addresses that sentinels announce: whether a client can dial them, and nodes that do not answer.
 * Pure.
 */
import type { Failure, NodeSeen } from "./seen.ts"
import type { Finding } from "./types.ts"
import { cli, finding, hostOf, isLoopback, isSilent, listed, nodeName, placeText, step, type View } from "./view.ts"

/** An announced address: of a node, or of a sentinel that others list. */
interface Announced {
  readonly name: string
  readonly what: "node" | "sentinel"
  readonly failure: Failure | undefined
  readonly isSeenUp: boolean
}

const announcedOf = ({ informed, nodes, sentinels }: View): ReadonlyArray<Announced> => [
  ...nodes.map((node): Announced => ({
    name: nodeName(node),
    what: "node",
    failure: node.failure,
    isSeenUp: node.isSeenUp
  })),
  ...sentinels.flatMap(({ announced, failure, isGiven }): ReadonlyArray<Announced> =>
    isGiven || announced === undefined ? [] : [{
      name: placeText(announced),
      what: "sentinel",
      failure,
      isSeenUp: informed.some(({ group }) =>
        (group.peers ?? []).some((peer) =>
          placeText(peer) === placeText(announced) && !peer.flags.has("s_down") && !peer.flags.has("disconnected")
        )
      )
    }]
  )
]

const announceLines = (what: "node" | "sentinel"): ReadonlyArray<string> =>
  what === "node"
    ? ["replica-announce-ip ADDRESS", "replica-announce-port PORT"]
    : ["sentinel announce-ip ADDRESS", "sentinel announce-port PORT"]

const loopback = (view: View): ReadonlyArray<Finding> => {
  const by = view.informed.flatMap(({ address, group }) => {
    const host = hostOf(address)
    if (host === undefined || isLoopback(host)) return []
    const places = [group.primary, ...(group.replicas ?? []), ...(group.peers ?? [])]
    return places.filter(({ host }) => isLoopback(host)).map((place) => ({ address, name: placeText(place) }))
  })
  if (by.length === 0) return []
  const names = Array.from(new Set(by.map(({ name }) => name)))
  return [finding("address-loopback", {
    where: names,
    saw: `${listed(Array.from(new Set(by.map(({ address }) => address))))} announce ${listed(names)}.`,
    mend: [
      step(
        "Monitor the primary by an address that all machines reach, at each sentinel; the same in replicaof of replicas.",
        `sentinel monitor ${view.group} ADDRESS PORT QUORUM`,
        "replicaof ADDRESS PORT"
      ),
      step(
        "If a server announces a loopback address by itself, set the one to announce.",
        ...announceLines("node"),
        ...announceLines("sentinel")
      )
    ]
  })]
}

const unresolvable = (announced: ReadonlyArray<Announced>): ReadonlyArray<Finding> => {
  const found = announced.filter(({ failure }) => failure?.kind === "resolve")
  return found.length === 0 ? [] : [finding("address-unresolvable", {
    where: found.map(({ name }) => name),
    saw: found.map(({ failure, name }) => `${name}: ${failure!.detail}`).join("; "),
    mend: [
      step(
        "Add the name to the DNS that clients use, and check it where they run.",
        ...found.map(({ name }) => `getent hosts ${hostOf(name)}`)
      ),
      step("Or let sentinels announce addresses.", "sentinel announce-hostnames no"),
      step("Or translate the name in the client.", natLine(found[0]!.name))
    ]
  })]
}

const natLine = (name: string): string => `natMap: { "${name}": "REACHABLE-HOST:PORT" }`

/** What a client would reach, and does not, while the sentinels do. */
const unreachable = (view: View, announced: ReadonlyArray<Announced>): ReadonlyArray<Finding> => {
  const found = announced.filter(({ failure, isSeenUp }) =>
    failure !== undefined && isSilent(failure) && failure.kind !== "resolve" && isSeenUp
  )
  if (found.length === 0) return []
  const downAfter = view.informed[0]?.group.downAfterMillis ?? 0
  return [finding("address-unreachable", {
    where: found.map(({ name }) => name),
    saw: `${found.map(({ failure, name }) => `${name}: ${failure!.detail}`).join("; ")}. The sentinels see ${
      found.length === 1 ? "it" : "them"
    } up.`,
    mend: [
      step(
        `If it has stopped within the last ${downAfter} ms, the sentinels do not know it yet: examine again.`
      ),
      ...Array.from(new Set(found.map(({ what }) => what))).map((what) =>
        step(`Announce an address that clients reach, in the file of the ${what}.`, ...announceLines(what))
      ),
      step(
        "Or translate the address: the option natMap of the client, or --nat of this command.",
        natLine(found[0]!.name),
        `--nat ${found[0]!.name}=REACHABLE-HOST:PORT`
      )
    ]
  })]
}

const down = (view: View): ReadonlyArray<Finding> => {
  const isCovered = (node: NodeSeen): boolean =>
    node.namedBy.length > 0 &&
    view.informed.some(({ group }) => group.flags.has("s_down") || group.flags.has("o_down"))
  const found = view.nodes.filter((node) =>
    node.failure !== undefined && isSilent(node.failure) && node.failure.kind !== "resolve" && !node.isSeenUp &&
    !isCovered(node)
  )
  return found.length === 0 ? [] : [finding("node-down", {
    where: found.map(nodeName),
    saw: `${found.map((node) => `${nodeName(node)}: ${node.failure!.detail}`).join("; ")}. The sentinels do not reach ${
      found.length === 1 ? "it" : "them"
    } either.`,
    mend: [
      step("Start the node again, or repair its network.", ...found.map((node) => cli(nodeName(node), "PING"))),
      step(
        "If it is gone for good, make the sentinels forget it: one after another, with at least 30 seconds between them.",
        ...view.informed.map(({ address }) => cli(address, "SENTINEL", "RESET", view.group))
      )
    ]
  })]
}

/** What is wrong with the addresses. */
export const addressFindings = (view: View): ReadonlyArray<Finding> => {
  const announced = announcedOf(view)
  return [...loopback(view), ...unresolvable(announced), ...unreachable(view, announced), ...down(view)]
}
