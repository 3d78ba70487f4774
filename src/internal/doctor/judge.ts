/**
 * The report on what was seen: all findings, the servers, and what could not be examined. Pure.
 */
import * as Resp from "../../Resp.ts"
import { accessFindings } from "./accessFindings.ts"
import { addressFindings } from "./addressFindings.ts"
import { replicationFindings } from "./replicationFindings.ts"
import type { NodeSeen, Seen, SentinelSeen } from "./seen.ts"
import { sentinelFindings } from "./sentinelFindings.ts"
import { serverFindings } from "./serverFindings.ts"
import type { ExaminedNode, ExaminedSentinel, Finding, LeftOut, Report, Verdict } from "./types.ts"
import { nodeName, placeText, versionOf, type View, viewOf } from "./view.ts"

/** All findings, problems first. */
export const findingsOf = (view: View): ReadonlyArray<Finding> => {
  const all = [
    ...sentinelFindings(view),
    ...addressFindings(view),
    ...accessFindings(view),
    ...replicationFindings(view),
    ...serverFindings(view)
  ]
  return [
    ...all.filter(({ severity }) => severity === "problem"),
    ...all.filter(({ severity }) => severity !== "problem")
  ]
}

const versionText = (info: NodeSeen["info"]): string | undefined => {
  const found = versionOf(info)
  return found === undefined ? undefined : `${found.product} ${found.version}`
}

const sentinelOf = ({ address, failure, group, info }: SentinelSeen): ExaminedSentinel => ({
  address,
  isReachable: failure === undefined,
  failure: failure?.detail,
  version: versionText(info),
  primary: group === undefined ? undefined : placeText(group.primary),
  epoch: group?.epoch,
  quorum: group?.quorum
})

const numberOf = (text: string | undefined): number | undefined => {
  const number = Number(text)
  return text === undefined || !Number.isSafeInteger(number) ? undefined : number
}

const nodeOf = (node: NodeSeen, { primary }: View): ExaminedNode => {
  const role = node.role ?? (node === primary ? "primary" : "replica")
  const offset = numberOf(node.info[role === "primary" ? "master_repl_offset" : "slave_repl_offset"])
  const ahead = numberOf(primary?.info["master_repl_offset"])
  return {
    address: nodeName(node),
    role,
    isReachable: node.failure === undefined,
    failure: node.failure?.detail,
    version: versionText(node.info),
    offset,
    lagBytes: role === "replica" && ahead !== undefined && offset !== undefined
      ? Math.max(0, ahead - offset)
      : undefined,
    isLinkUp: node.follows?.isLinkUp
  }
}

/** What was denied or could not be answered, and is no finding by itself. */
const leftOutOf = ({ nodes, sentinels }: View): ReadonlyArray<LeftOut> =>
  [
    ...sentinels.map((server) => ({ name: server.address, server })),
    ...nodes.map((server) => ({ name: nodeName(server), server }))
  ].flatMap(({ name, server }) => [
    ...server.denied.map((rule) => ({
      where: name,
      what: rule === "channels" ? "events of the sentinel" : rule.replaceAll("|", " ").toUpperCase(),
      why: `the user ${server.user ?? "of the session"} lacks ${rule === "channels" ? "allchannels" : `+${rule}`}`
    })),
    ...server.unanswered.map(({ what, why }) => ({ where: name, what, why }))
  ])

const verdictOf = (view: View, findings: ReadonlyArray<Finding>): Verdict =>
  view.informed.length === 0
    ? "not-examined"
    : findings.length === 0
    ? "healthy"
    : findings.some(({ severity }) => severity === "problem")
    ? "problems"
    : "warnings"

/** What servers say is in many texts: a report for a terminal contains none that moves the cursor or hides text. */
const cleaned = <A>(value: A): A => {
  if (typeof value === "string") return Resp.printable(value, 4000) as A
  if (Array.isArray(value)) return value.map(cleaned) as A
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, cleaned(field)])) as A
}

/** The report, without findings of the codes that are accepted. */
export const judge = (seen: Seen, durationMillis: number, accepted: ReadonlySet<string>): Report => {
  const view = viewOf(seen)
  const findings = findingsOf(view).filter(({ code }) => !accepted.has(code))
  const { primary } = view
  return cleaned<Report>({
    group: seen.group,
    verdict: verdictOf(view, findings),
    examinedAtMillis: seen.atMillis,
    durationMillis,
    findings,
    sentinels: seen.sentinels.map(sentinelOf),
    nodes: [
      ...(primary === undefined ? [] : [primary]),
      ...seen.nodes.filter((node) => node !== primary)
    ].map((node) => nodeOf(node, view)),
    leftOut: leftOutOf(view)
  })
}
