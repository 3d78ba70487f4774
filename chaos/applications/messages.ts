/**
 * Messages on 100 channels, numbered in each, through a planned failover and a kill
 * of the primary. A message that was published and did not come is lost; it is
 * told if the subscriber saw a gap between the messages around it.
 */
import { sleep, until } from "../faults.ts"
import { most, type Report, sum, Tally } from "./report.ts"
import { strange, type Work } from "./work.ts"

const channels = Array.from({ length: 100 }, (_, i) => `channel:${i}`)

/** What one channel has received: numbers, and gaps as undefined. */
type Received = Array<number | undefined>

interface Losses {
  readonly lost: number
  readonly untold: number
  /** Numbers that came after a higher one, or again. */
  readonly disorder: number
}

/** Compares what was acknowledged on a channel, in ascending order, with what was received. */
export const lossesOf = (published: ReadonlyArray<number>, received: ReadonlyArray<number | undefined>): Losses => {
  const came = new Set(received.filter((item) => item !== undefined))
  const missing = published.filter((number) => !came.has(number))
  let disorder = 0
  /** The ranges of numbers in which a gap was told. */
  const gaps: Array<{ readonly from: number; readonly to: number }> = []
  let last = -1
  let open = false
  for (const item of received) {
    if (item === undefined) {
      open = true
      continue
    }
    if (item <= last) disorder++
    if (open) gaps.push({ from: last, to: item })
    open = false
    last = Math.max(last, item)
  }
  if (open) gaps.push({ from: last, to: Infinity })
  const untold = missing.filter((number) => !gaps.some(({ from, to }) => from < number && number < to)).length
  return { lost: missing.length, untold, disorder }
}

export const messages: Work = {
  name: "messages",
  deployment: {},
  play: async (stage, driver, { short }): Promise<Report> => {
    const errors = new Tally()
    const received = new Map<string, Received>(channels.map((channel) => [channel, []]))
    const published = new Map<string, Array<number>>(channels.map((channel) => [channel, []]))
    const arrivals: Array<number> = []
    let gaps = 0
    const subscriber = await driver.subscriber(stage.place, channels, {
      message: (channel, text) => {
        received.get(channel)!.push(Number(text))
        arrivals.push(performance.now())
      },
      gap: () => {
        gaps++
        for (const list of received.values()) list.push(undefined)
      }
    })
    const publisher = await driver.publisher(stage.place)
    let stopped = false
    let count = 0
    // A channel's messages go out one after the other, so that their order is known.
    const running = channels.map(async (channel) => {
      for (let number = 0; !stopped; number++) {
        const ending = await publisher.publish(channel, String(number))
        if (ending.ok) {
          published.get(channel)!.push(number)
          count++
        } else errors.add(ending.tag)
        await sleep(20)
      }
    })
    try {
      const goesOn = async (): Promise<boolean> => {
        const [sent, came] = [count, arrivals.length]
        return until("messages", 30_000, async () => count > sent + 500 && arrivals.length > came + 500)
          .then(() => true, () => false)
      }
      let alive = await goesOn()
      await stage.planned()
      if (short) await stage.tidy()
      await stage.primary()
      alive = await goesOn() && alive
      if (!short) {
        await stage.killPrimary()
        await stage.primary()
        alive = await goesOn() && alive
      }
      stopped = true
      await Promise.race([Promise.all(running), sleep(25_000)])
      // The last messages are under way.
      await sleep(1000)
      const losses = channels.map((channel) => lossesOf(published.get(channel)!, received.get(channel)!))
      const total = (of: keyof Losses): number => losses.reduce((n, each) => n + each[of], 0)
      const silence = arrivals.reduce((longest, at, i) => i === 0 ? 0 : Math.max(longest, at - arrivals[i - 1]!), 0)
      const broken = [...strange(driver, errors.counts.keys())]
      if (driver.isOurs) {
        if (total("untold") > 0) broken.push(`${total("untold")} messages were lost without a gap`)
        if (total("disorder") > 0) broken.push(`${total("disorder")} messages were out of order`)
        if (!alive) broken.push("no messages after a failover")
      }
      return {
        facts: [
          sum("published", count),
          sum("lost", total("lost")),
          sum("lost without a gap", total("untold")),
          sum("out of order or twice", total("disorder")),
          sum("gaps told", gaps),
          sum("runs that fell silent", alive ? 0 : 1),
          most("longest silence, s", silence / 1000)
        ],
        told: errors.counts,
        broken
      }
    } finally {
      stopped = true
      await Promise.race([Promise.all([subscriber.close(), publisher.close()]), sleep(2000)])
    }
  }
}
