/**
 * A script that 32 callers run through failovers, planned ones and kills of the
 * primary by turns. The servers say how often it was loaded.
 */
import type { Server } from "../../test/support/processes.ts"
import { sleep, until } from "../faults.ts"
import { ask } from "../witness.ts"
import { type Report, sum, Tally } from "./report.ts"
import { strange, type Work } from "./work.ts"

const callers = 32
const lua = "return redis.call('INCRBY', KEYS[1], ARGV[1])"

interface Loads {
  readonly loads: number
  readonly evals: number
  /** Calls by digest that failed: the server did not know the script. */
  readonly unknown: number
}

const loadsOn = async (node: Server): Promise<Loads> => {
  const text = String((await ask(node.port, [["INFO", "commandstats"]], { millis: 2000 }))?.[0])
  const of = (command: string, field: string): number =>
    Number(new RegExp(`^cmdstat_${command}:.*\\b${field}=(\\d+)`, "m").exec(text)?.[1] ?? 0)
  return { loads: of("script\\|load", "calls"), evals: of("eval", "calls"), unknown: of("evalsha", "failed_calls") }
}

export const scripts: Work = {
  name: "scripts",
  deployment: {},
  play: async (stage, driver, { failovers }): Promise<Report> => {
    const client = await driver.scripts(stage.place, "total", lua)
    const errors = new Tally()
    let calls = 0
    let stopped = false
    let waiting = 0
    const running = Array.from({ length: callers }, async () => {
      while (!stopped) {
        waiting++
        const ending = await client.call()
        waiting--
        if (ending.ok) calls++
        else errors.add(ending.tag)
        await sleep(1)
      }
    })
    const total = { loads: 0, evals: 0, unknown: 0 }
    const count = async (node: Server): Promise<void> => {
      const { evals, loads, unknown } = await loadsOn(node)
      total.loads += loads
      total.evals += evals
      total.unknown += unknown
    }
    try {
      await until("the first calls", 20_000, async () => calls > 200)
      for (let i = 0; i < failovers; i++) {
        // A killed process forgets what it has counted.
        if (i % 2 === 1) await stage.killPrimary(count)
        else await stage.planned()
        await stage.tidy()
        const before = calls
        await until("calls after a failover", 30_000, async () => calls > before + 200).catch(() => {})
      }
      stopped = true
      await Promise.race([Promise.all(running), sleep(25_000)])
      for (const node of stage.nodes) await count(node)
      const epochs = failovers + 1
      const missing = Array.from(errors.counts).filter(([tag]) => tag.includes("NOSCRIPT"))
        .reduce((n, [, count]) => n + count, 0)
      const failed = Array.from(errors.counts.values()).reduce((a, b) => a + b, 0)
      const broken = [...strange(driver, errors.counts.keys())]
      if (driver.isOurs) {
        if (missing > 0) broken.push(`${missing} callers got NOSCRIPT`)
        if (total.loads + total.evals > epochs) {
          broken.push(`the script was sent ${total.loads + total.evals} times in ${epochs} epochs`)
        }
        if (waiting > 0) broken.push(`${waiting} calls never ended`)
      }
      return {
        facts: [
          sum("failovers", failovers),
          sum("calls", calls),
          sum("errors", failed),
          sum("NOSCRIPT at a caller", missing),
          sum("SCRIPT LOAD", total.loads),
          sum("EVAL", total.evals),
          sum("NOSCRIPT from a server", total.unknown),
          sum("calls that never ended", waiting)
        ],
        told: errors.counts,
        broken
      }
    } finally {
      stopped = true
      await Promise.race([client.close(), sleep(2000)])
    }
  }
}
