/**
 * A list as a queue, with four consumers that pop, or move items to a list of their
 * own, while every process is killed and started again after a time. Nodes write to
 * disk before they acknowledge, so what is lost was lost by the client.
 */
import { sleep, until } from "../faults.ts"
import { Adding } from "./adding.ts"
import { most, type Report, sum, Tally } from "./report.ts"
import { strange, type Work } from "./work.ts"

const key = "jobs"
const producers = 8
const workers = 4
/** The longest time after the outage until everything has to be done, in milliseconds. */
const bound = 60_000

const consuming = (how: "pops" | "queue"): Work => ({
  name: how,
  deployment: { config: ["appendonly yes", "appendfsync always", "save \"\""] },
  play: async (stage, driver, { entries, outageMillis, short }): Promise<Report> => {
    const items = Math.max(400, Math.floor(entries / 10))
    const told = new Tally()
    const handled = new Map<string, number>()
    const alive = new Set<number>()
    let doubts = 0
    let firstAfter: number | undefined
    let returned = Infinity
    const consumers = await driver[how](stage.place, {
      key,
      consumers: workers,
      handle: async (text, consumer) => {
        await sleep(1)
        handled.set(text, (handled.get(text) ?? 0) + 1)
        const now = performance.now()
        if (now < returned) return
        firstAfter ??= now
        alive.add(consumer)
      },
      maybeLost: (most) => {
        doubts += most
      },
      told: (what) => told.add(what)
    })
    const pusher = await driver.pusher(stage.place)
    const adding = new Adding(
      (number) => pusher.push(key, String(number)),
      producers,
      items * 0.75,
      (short ? 5000 : 12_000) / items
    )
    try {
      const before = await stage.primary()
      await until("half of the items", bound, async () => handled.size >= items / 2)
      await stage.outage(outageMillis)
      returned = performance.now()
      // Another primary may lack what was acknowledged.
      if (await stage.primary() !== before) throw new Error("the servers failed over when they returned")
      adding.limit = items
      const pushed = await until("all items", bound, async () => adding.acknowledged.size === items)
        .then(() => true, () => false)
      const left = (): number =>
        Array.from(adding.acknowledged.keys()).filter((number) => !handled.has(String(number))).length
      await until("everything handled", 30_000, async () => left() <= doubts).catch(() => {})
      // What is still under way may be all that is missing.
      await until("everything handled", 2000, async () => left() === 0).catch(() => {})
      adding.stop()
      const repeated = Array.from(handled.values()).reduce((n, times) => n + times - 1, 0)
      const broken = [...strange(driver, adding.errors.counts.keys())]
      if (driver.isOurs) {
        if (alive.size < workers) broken.push(`${workers - alive.size} consumers took nothing after the outage`)
        if (!pushed) broken.push("the producers did not finish")
        if (left() > doubts) broken.push(`${left()} acknowledged items were never handled, ${doubts} were told`)
      }
      for (const [what, count] of adding.errors.counts) told.add(`push: ${what}`, count)
      return {
        facts: [
          sum("acknowledged", adding.acknowledged.size),
          sum("lost", left()),
          sum("told as perhaps lost", doubts),
          sum("handled again", repeated),
          sum("consumers that stopped", workers - alive.size),
          sum("runs whose producers stopped", pushed ? 0 : 1),
          most("first item after the return, s", ((firstAfter ?? Infinity) - returned) / 1000)
        ],
        told: told.counts,
        broken
      }
    } finally {
      adding.stop()
      await Promise.race([Promise.all([consumers.close(), pusher.close()]), sleep(8000)])
    }
  }
})

export const pops = consuming("pops")
export const queue = consuming("queue")
