/**
 * A counter that 32 callers increment by WATCH, GET, MULTI and EXEC through a
 * planned failover. The sum at the end is compared with what the callers were
 * told.
 */
import { sleep, until } from "../faults.ts"
import { ask } from "../witness.ts"
import { type Report, sum, Tally } from "./report.ts"
import { strange, type Work } from "./work.ts"

const callers = 32
const key = "counter"

export const counter: Work = {
  name: "counter",
  deployment: {},
  play: async (stage, driver, { short }): Promise<Report> => {
    const client = await driver.counter(stage.place, key, callers)
    const some = 50
    const errors = new Tally()
    let certain = 0
    let inDoubt = 0
    let waiting = 0
    let stopped = false
    const running = Array.from({ length: callers }, async (_, caller) => {
      while (!stopped) {
        waiting++
        const ending = await client.increment(caller)
        waiting--
        if (ending.ok) certain++
        else {
          errors.add(ending.tag)
          if (ending.mayBeExecuted) inDoubt++
          await sleep(5)
        }
      }
    })
    try {
      await until("the first increments", 60_000, async () => certain > some)
      await stage.planned()
      if (short) await stage.tidy()
      const primary = await stage.primary()
      const before = certain
      const goesOn = await until("increments afterwards", 30_000, async () => certain > before + some)
        .then(() => true, () => false)
      stopped = true
      await Promise.race([Promise.all(running), sleep(25_000)])
      const value = Number((await ask(primary.port, [["GET", key]]))?.[0])
      const lost = Math.max(0, certain - value)
      const excess = Math.max(0, value - certain - inDoubt)
      const broken = [...strange(driver, errors.counts.keys())]
      if (driver.isOurs) {
        if (lost > 0) broken.push(`${lost} acknowledged increments are missing`)
        if (excess > 0) broken.push(`${excess} increments more than were acknowledged or in doubt`)
        if (!goesOn) broken.push("no increments after the failover")
        if (waiting > 0) broken.push(`${waiting} increments never ended`)
      }
      return {
        facts: [
          sum("acknowledged", certain),
          sum("in doubt", inDoubt),
          sum("value", value),
          sum("lost", lost),
          sum("too many", excess),
          sum("increments that never ended", waiting)
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
