/**
 * Virtual time: a clock that stands still until no work is left, and then jumps to
 * the next timer. The same start gives the same events in the same order.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as References from "effect/References"
import * as Scheduler from "effect/Scheduler"
import { type Item, PriorityQueue } from "../src/internal/common/priorityQueue.ts"
import { monotonicMillisUnsafe } from "../src/internal/common/time.ts"

interface Sleeper extends Item {
  readonly clock: VirtualClock
  wake: (() => void) | undefined
}

/** The first time, in whole milliseconds like all others; it is not zero, like that of a real clock. */
const origin = 1_000_000

/** The time of all clocks, and the timers that wait. */
class Line {
  time = origin
  serial = 0
  readonly agenda = new PriorityQueue<Sleeper>()
}

export class VirtualClock implements Clock.Clock {
  private readonly line: Line
  /** The offset of the wall clock, which can be set independently of time. */
  private wrong = 0
  private stillUntil = 0

  constructor(line: Line = new Line()) {
    this.line = line
  }

  /** The clock of another process: it has the same time, but its own wall clock and its own standstills. */
  another(): VirtualClock {
    return new VirtualClock(this.line)
  }

  currentTimeMillisUnsafe(): number {
    return this.line.time + this.wrong
  }
  currentTimeNanosUnsafe(): bigint {
    return BigInt(Math.floor(this.currentTimeMillisUnsafe())) * 1_000_000n
  }
  monotonicTimeNanosUnsafe(): bigint {
    return BigInt(Math.floor(this.line.time)) * 1_000_000n
  }
  readonly currentTimeMillis = Effect.sync(() => this.currentTimeMillisUnsafe())
  readonly currentTimeNanos = Effect.sync(() => this.currentTimeNanosUnsafe())
  readonly monotonicTimeNanos = Effect.sync(() => this.monotonicTimeNanosUnsafe())

  /** Moves the wall clock by some milliseconds; monotonic time is not affected. */
  step(millis: number): void {
    this.wrong += millis
  }

  /** Stops all timers for a time, as a long turn of the process does; then they fire late, all at once. */
  standStill(millis: number): void {
    this.stillUntil = Math.max(this.stillUntil, this.line.time + millis)
  }

  sleep(duration: Duration.Duration): Effect.Effect<void> {
    return Effect.callback((resume) => {
      const millis = Duration.toMillis(duration)
      if (millis === Infinity) return undefined
      const sleeper: Sleeper = {
        at: Math.ceil(this.line.time + millis),
        serial: this.line.serial++,
        clock: this,
        wake: () => resume(Effect.void)
      }
      this.line.agenda.push(sleeper)
      return Effect.sync(() => {
        sleeper.wake = undefined
      })
    })
  }

  /** How many timers wait. */
  get sleepers(): number {
    return this.line.agenda.items.reduce((n, s) => s.wake === undefined ? n : n + 1, 0)
  }

  /** Jumps to the next timer, and fires all timers of that time. False if there is none. */
  jump(): boolean {
    const { agenda } = this.line
    while (agenda.peek() !== undefined && agenda.peek()!.wake === undefined) agenda.pop()
    const next = agenda.peek()
    if (next === undefined) return false
    this.line.time = next.at
    while (agenda.size > 0 && agenda.peek()!.at <= this.line.time) {
      const sleeper = agenda.pop()
      const { clock, wake } = sleeper
      if (wake === undefined) continue
      if (clock.stillUntil <= this.line.time) wake()
      else {
        const late: Sleeper = { at: clock.stillUntil, serial: this.line.serial++, clock, wake: () => sleeper.wake?.() }
        agenda.push(late)
      }
    }
    return true
  }
}

/** The outcome of a program: its fiber, or the reason why it did not end. */
export interface Driven<A, E> {
  readonly fiber: Fiber.Fiber<A, E>
  /** `stuck`: the program has not ended, but no timer waits. `endless`: it takes too long. */
  readonly stopped: "stuck" | "endless" | undefined
}

/** Node runs the next tick once no microtask is left, which is faster than a turn of its event loop. */
const settled = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve))

/** Runs a program in virtual time, for at most `millis` of it. */
export const drive = async <A, E>(
  clock: VirtualClock,
  seed: number,
  program: Effect.Effect<A, E>,
  limitMillis: number
): Promise<Driven<A, E>> => {
  const fiber = Effect.runFork(
    program.pipe(
      Random.withSeed(seed),
      Effect.provideService(References.MinimumLogLevel, "None"),
      Effect.provideService(Clock.Clock, clock),
      Effect.provideService(Scheduler.Scheduler, new Scheduler.MixedScheduler("sync"))
    )
  )
  const end = monotonicMillisUnsafe(clock) + limitMillis
  for (;;) {
    await settled()
    if (fiber.pollUnsafe() !== undefined) return { fiber, stopped: undefined }
    if (monotonicMillisUnsafe(clock) > end) return { fiber, stopped: "endless" }
    if (!clock.jump()) return { fiber, stopped: "stuck" }
  }
}
