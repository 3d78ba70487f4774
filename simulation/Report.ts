/**
 * Describes a failed run: its faults, the broken promise, and what happened around
 * that moment.
 */
import type { History } from "./History.ts"
import type { Violation } from "./Violation.ts"

/** How much time before and after the moment is shown, in milliseconds. */
const around = 400

export const report = (history: History, violation: Violation): string => {
  const { scenario } = history
  const lines: Array<readonly [at: number, text: string]> = []
  const end = Number.isFinite(violation.at) ? violation.at : Math.max(0, ...history.calls.map((c) => c.begin))
  const begin = Math.max(0, Math.min(end, violation.call?.begin ?? end) - around)
  for (const { at, text } of history.events) {
    if (text.startsWith("FAULT") || text.startsWith("      over") || (at >= begin && at <= end + around)) {
      lines.push([at, text])
    }
  }
  const key = violation.call?.key
  for (const call of history.calls) {
    if (call.begin > end + around || call.end < begin || (key !== undefined && call.key !== key)) continue
    lines.push([call.begin, `  ${call.client} w${call.worker} #${call.id} ${call.kind} ${call.key} ...`])
    lines.push([
      call.end,
      `  ${call.client} w${call.worker} #${call.id} ${call.kind} ${call.key} ${JSON.stringify(call.outcome)}`
    ])
  }
  for (const e of history.executions) {
    if (e.at < begin || e.at > end + around || (key !== undefined && !e.args.includes(key) && e.name !== "ROLE")) {
      continue
    }
    lines.push([
      e.at,
      `    ${e.node} (${e.isPrimary ? "primary" : "replica"}, reign ${e.reign}) for ${e.client}/${e.session}: ${
        e.args.join(" ").slice(0, 60)
      } -> ${JSON.stringify(e.reply, (_, value) => typeof value === "bigint" ? Number(value) : value)?.slice(0, 60)}`
    ])
  }
  lines.sort((a, b) => a[0] - b[0])
  const shown = lines.slice(0, 200).map(([at, text]) => `${String(Math.round(at)).padStart(8)} ${text}`)
  return [
    `seed ${scenario.seed}: ${violation.promise}`,
    `  ${violation.text}`,
    `scenario: ${JSON.stringify({ ...scenario, faults: undefined })}`,
    ...scenario.faults.map((fault) => `fault: ${JSON.stringify(fault)}`),
    "",
    ...shown
  ].join("\n")
}
