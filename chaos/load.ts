/**
 * The work of clients during a fault: writers of unique keys and of counters, and
 * readers. Afterwards it compares what the clients were told with the data of the
 * new primary.
 */
import type { Server } from "../test/support/processes.ts"
import type { Handle } from "./clients.ts"
import { ask, type Credentials } from "./witness.ts"

const writers = 32
const readers = 16
/** A writer increments its counter once in this many writes. */
const countEvery = 8

export interface Verdict {
  readonly acknowledged: number
  /** The longest time without an acknowledged write, in milliseconds, and when it began. */
  readonly pause: number
  readonly pauseFrom: number
  readonly errors: ReadonlyMap<string, number>
  readonly readErrors: ReadonlyMap<string, number>
  readonly reads: number
  /** The longest time without a successful read after a time, in milliseconds. */
  readonly readPauseAfter: (at: number) => number
  readonly unresolved: number
  readonly missing: number
  /** How far the counters exceed the increments that were acknowledged or may have been executed. */
  readonly excess: number
  /** When the first write after a time was acknowledged. */
  readonly firstAfter: (at: number) => number | undefined
  /** When each write was acknowledged that the primary has, and each that is missing; and when one failed. */
  readonly times: {
    readonly kept: ReadonlyArray<number>
    readonly lost: ReadonlyArray<number>
    readonly failed: ReadonlyArray<number>
  }
}

export class Load {
  private stopped = false
  /** Each acknowledged write: its time, and the number of its key by writer. */
  private readonly times: Array<number> = []
  private readonly begun: Array<number> = []
  private readonly keys: Array<number> = []
  private readonly failures: Array<number> = []
  private readonly certain = new Array<number>(writers).fill(0)
  private readonly possible = new Array<number>(writers).fill(0)
  private readonly errors = new Map<string, number>()
  private readonly readErrors = new Map<string, number>()
  private reads = 0
  /** When each read succeeded. */
  private readonly readTimes: Array<number> = []
  private pending = 0
  private readonly running: Array<Promise<void>> = []
  private readonly handle: Handle
  private readonly paceMillis: number

  /** A writer rests for `paceMillis` after each write; 0 is as fast as the client can. */
  constructor(handle: Handle, paceMillis: number) {
    this.handle = handle
    this.paceMillis = paceMillis
    for (let w = 0; w < writers; w++) this.running.push(this.write(w))
    for (let r = 0; r < readers; r++) this.running.push(this.read())
  }

  get acknowledged(): number {
    return this.times.length
  }

  /** The keys of at most `most` writes that were acknowledged after a time. */
  acknowledgedAfter(at: number, most: number): ReadonlyArray<string> {
    const from = this.times.findIndex((time) => time >= at)
    return from === -1 ? [] : this.keys.slice(from, from + most).map((number) => `w:${number}`)
  }

  private async write(writer: number): Promise<void> {
    for (let i = 0; !this.stopped; i++) {
      const counts = i % countEvery === countEvery - 1
      const number = i * writers + writer
      const began = performance.now()
      this.pending++
      const ending = counts
        ? await this.handle.incr(`counter:${writer}`)
        : await this.handle.set(`w:${number}`, String(number))
      this.pending--
      if (ending.ok) {
        if (counts) this.certain[writer]!++
        else {
          this.times.push(performance.now())
          this.begun.push(began)
          this.keys.push(number)
        }
      } else {
        this.failures.push(performance.now())
        this.errors.set(ending.tag, (this.errors.get(ending.tag) ?? 0) + 1)
        if (counts && ending.mayBeExecuted) this.possible[writer]!++
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      if (this.paceMillis > 0) await new Promise((resolve) => setTimeout(resolve, this.paceMillis))
    }
  }

  private async read(): Promise<void> {
    while (!this.stopped) {
      const number = this.keys[Math.floor(Math.random() * this.keys.length)] ?? 0
      this.pending++
      const ending = await this.handle.get(`w:${number}`)
      this.pending--
      this.reads++
      if (ending.ok) this.readTimes.push(performance.now())
      else this.readErrors.set(ending.tag, (this.readErrors.get(ending.tag) ?? 0) + 1)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  /** Stops the work, waits for pending operations, and compares with the primary's data. */
  async finish(primary: Server, credentials: Credentials): Promise<Verdict> {
    this.stopped = true
    await Promise.race([
      Promise.all(this.running),
      new Promise((resolve) => setTimeout(resolve, 25_000).unref())
    ])
    const kept: Array<number> = []
    const lost: Array<number> = []
    for (let i = 0; i < this.keys.length; i += 5000) {
      const slice = this.keys.slice(i, i + 5000)
      const reply = await ask(primary.port, [["MGET", ...slice.map((n) => `w:${n}`)]], { ...credentials, millis: 5000 })
      const values = reply?.[0]
      if (!Array.isArray(values)) throw new Error("the primary does not answer")
      values.forEach((value, j) => {
        const times = value === String(slice[j]) ? kept : lost
        times.push(this.times[i + j]!)
      })
    }
    let excess = 0
    const counters = await ask(
      primary.port,
      [["MGET", ...Array.from({ length: writers }, (_, w) => `counter:${w}`)]],
      { ...credentials, millis: 5000 }
    )
    ;(counters![0] as ReadonlyArray<string | null>).forEach((value, w) => {
      const count = Number(value ?? 0)
      excess += Math.max(0, count - this.certain[w]! - this.possible[w]!)
    })
    let pause = 0
    let pauseFrom = this.times[0] ?? 0
    for (let i = 1; i < this.times.length; i++) {
      const gap = this.times[i]! - this.times[i - 1]!
      if (gap > pause) {
        pause = gap
        pauseFrom = this.times[i - 1]!
      }
    }
    return {
      acknowledged: this.times.length,
      pause,
      pauseFrom,
      errors: this.errors,
      readErrors: this.readErrors,
      reads: this.reads,
      readPauseAfter: (at) => {
        const times = [at, ...this.readTimes.filter((time) => time >= at)]
        return times.reduce((longest, time, i) => i === 0 ? longest : Math.max(longest, time - times[i - 1]!), 0)
      },
      unresolved: this.pending,
      missing: lost.length,
      excess,
      firstAfter: (at) => this.times.find((time) => time >= at),
      times: { kept, lost, failed: this.failures }
    }
  }
}
