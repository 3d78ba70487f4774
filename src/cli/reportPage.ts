/**
 * A report of the doctor as a page: the topology as a picture, and the findings. Pure.
 */
import type { ExaminedNode, Finding, Report, Verdict } from "../Doctor.ts"
import type { Block, Page, PageFinding, Tone, TopologyPicture, TopologyProblem } from "../internal/pictures/types.ts"
import { summaryOf } from "./reportText.ts"

const tones: Readonly<Record<Verdict, Tone>> = {
  healthy: "good",
  warnings: "notice",
  problems: "bad",
  "not-examined": "bad"
}

const toneOf = ({ severity }: Finding): "bad" | "notice" => severity === "problem" ? "bad" : "notice"

const sentence = (title: string): string => title.charAt(0).toUpperCase() + title.slice(1)

const problemsAt = (report: Report, address: string): ReadonlyArray<TopologyProblem> =>
  report.findings.filter(({ where }) => where.includes(address))
    .map((finding) => ({ text: finding.title, tone: toneOf(finding) }))

const nodeLinks = (report: Report): TopologyPicture["links"] => {
  const primary = report.nodes.find(({ role }) => role === "primary")
  return primary === undefined ?
    [] :
    report.nodes.filter(({ role }) => role === "replica").map((node: ExaminedNode) => ({
      from: primary.address,
      to: node.address,
      kind: "replication" as const,
      ...(node.isLinkUp === true ? {} : { tone: "bad" as const, text: node.isReachable ? "link down" : "no answer" })
    }))
}

/** The group as a picture. */
export const topologyOf = (report: Report): TopologyPicture => {
  const informed = report.sentinels.filter(({ primary }) => primary !== undefined)
  return {
    group: report.group,
    epoch: informed[0]?.epoch,
    quorum: informed[0]?.quorum,
    nodes: report.nodes.map((node) => ({
      address: node.address,
      role: node.role,
      isReachable: node.isReachable,
      lagBytes: node.lagBytes,
      facts: node.version === undefined ? [] : [node.version],
      problems: problemsAt(report, node.address)
    })),
    sentinels: report.sentinels.map((sentinel) => ({
      address: sentinel.address,
      isReachable: sentinel.isReachable,
      facts: sentinel.version === undefined ? [] : [sentinel.version],
      problems: problemsAt(report, sentinel.address)
    })),
    links: [
      ...nodeLinks(report),
      ...informed.filter(({ primary }) => report.nodes.some(({ address }) => address === primary)).map(
        ({ address, primary }) => ({ from: address, to: primary!, kind: "names" as const })
      )
    ]
  }
}

const findingOf = (finding: Finding): PageFinding => ({
  tone: toneOf(finding),
  severity: finding.severity,
  title: sentence(finding.title),
  code: finding.code,
  seen: [finding.saw],
  why: finding.why,
  mend: finding.mend
})

/** The report as a page. `made` names the program. */
export const pageOf = (report: Report, made: string): Page => {
  const blocks: ReadonlyArray<Block> = [
    { _tag: "Topology", topology: topologyOf(report) },
    ...(report.findings.length === 0
      ? []
      : [
        { _tag: "Heading" as const, text: "Findings" },
        { _tag: "Findings" as const, findings: report.findings.map(findingOf) }
      ]),
    ...(report.leftOut.length === 0 ? [] : [
      { _tag: "Heading" as const, text: "Not examined" },
      {
        _tag: "Table" as const,
        table: {
          caption: "What could not be examined",
          columns: [{ name: "Server" }, { name: "What" }, { name: "Why" }],
          rows: report.leftOut.map(({ what, where, why }) => [where, what, why])
        }
      }
    ])
  ]
  return {
    title: `Group ${report.group}`,
    summary: summaryOf(report, false),
    tone: tones[report.verdict],
    made: `${made}, examined in ${Math.round(report.durationMillis)} ms`,
    blocks
  }
}
