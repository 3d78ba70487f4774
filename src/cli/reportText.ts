/**
 * A report of the doctor as text for a terminal. Pure.
 */
import type { ExaminedNode, ExaminedSentinel, Finding, Report, Verdict } from "../Doctor.ts"

const width = 100

/** Breaks a text into lines at its spaces; a word that is longer stays whole, to be copied. */
const wrapped = (text: string, indent: string, first = indent): string => {
  const lines: Array<string> = []
  let line = first
  let isEmpty = true
  for (const word of text.split(" ")) {
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line)
      line = indent
      isEmpty = true
    }
    line += isEmpty ? word : ` ${word}`
    isEmpty = false
  }
  return [...lines, line].join("\n")
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`

/** What a report comes to, in a sentence. */
export const summaryOf = (report: Report, hasGroup = true): string => {
  const problems = report.findings.filter(({ severity }) => severity === "problem").length
  const warnings = report.findings.length - problems
  const words: Readonly<Record<Verdict, string>> = {
    healthy: "healthy",
    warnings: counted(warnings, "warning"),
    problems: [counted(problems, "problem"), ...(warnings === 0 ? [] : [counted(warnings, "warning")])].join(", "),
    "not-examined": "it could not be examined"
  }
  const text = words[report.verdict]
  return hasGroup ? `Group ${report.group}: ${text}` : text[0]!.toUpperCase() + text.slice(1)
}

const rows = (lines: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
  const widths: Array<number> = []
  for (const line of lines) line.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)))
  return lines.map((line) => `  ${line.map((cell, i) => cell.padEnd(widths[i]!)).join("  ").trimEnd()}`)
}

const nodeRow = (node: ExaminedNode): ReadonlyArray<string> => [
  node.address,
  node.role,
  node.version ?? "",
  node.failure !== undefined
    ? `no answer: ${node.failure}`
    : node.isLinkUp === false
    ? "link down"
    : node.lagBytes === undefined
    ? ""
    : `${node.lagBytes} bytes behind`
]

const sentinelRow = (sentinel: ExaminedSentinel): ReadonlyArray<string> => [
  sentinel.address,
  "sentinel",
  sentinel.version ?? "",
  sentinel.failure !== undefined
    ? `no answer: ${sentinel.failure}`
    : sentinel.primary === undefined
    ? "does not know the group"
    : `primary ${sentinel.primary}, epoch ${sentinel.epoch}, quorum ${sentinel.quorum}`
]

const colours = { problem: "\x1b[1;31m", warning: "\x1b[1;33m", good: "\x1b[1;32m", faint: "\x1b[2m", none: "\x1b[0m" }

const findingText = (finding: Finding, paint: (colour: keyof typeof colours, text: string) => string): string => {
  const steps = finding.mend.flatMap(({ lines, text }, i) => [
    wrapped(text, "            ", `    ${i === 0 ? "Mend" : "    "} ${i + 1}. `),
    ...lines.map((line) => `              ${line}`)
  ])
  return [
    `${paint(finding.severity, finding.severity.toUpperCase())}  ${finding.title}  ${
      paint("faint", `[${finding.code}]`)
    }`,
    wrapped(finding.saw, "         ", "    Saw  "),
    wrapped(finding.why, "         ", "    Why  "),
    ...steps
  ].join("\n")
}

/** The report as text, with colours for a terminal that shows them. */
export const textOf = (report: Report, isTerminal: boolean): string => {
  const hasColour = isTerminal && (process.env["NO_COLOR"] ?? "") === ""
  const paint = (colour: keyof typeof colours, text: string): string =>
    hasColour ? `${colours[colour]}${text}${colours.none}` : text
  const bad = report.findings[0]?.severity ?? (report.verdict === "not-examined" ? "problem" : "good")
  const servers = [...report.nodes.map(nodeRow), ...report.sentinels.map(sentinelRow)]
  return [
    `${paint(bad, summaryOf(report))}  ${paint("faint", `(examined in ${Math.round(report.durationMillis)} ms)`)}`,
    ["", ...rows(servers)].join("\n"),
    ...report.findings.map((finding) => `\n${findingText(finding, paint)}`),
    ...(report.leftOut.length === 0
      ? []
      : [
        "\nNot examined",
        ...report.leftOut.map(({ what, where, why }) => wrapped(`${where}: ${what}: ${why}`, "    ", "  "))
      ])
  ].join("\n")
}
