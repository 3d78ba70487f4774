/**
 * The time and the randomness of a deployment in memory: timers on Effect's Clock, and
 * random numbers from a seed, so that TestClock moves a deployment and a seed repeats
 * it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { DeadlineTimer } from "../internal/common/deadlineTimer.ts"
import { type Item, PriorityQueue } from "../internal/common/priorityQueue.ts"

/**
 * A timer that was set with `Time.later` or `Time.at`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Timer {
  /** Cancels the timer. Without effect after it ran. */
  readonly cancel: () => void
}

interface Pending extends Item {
  run: (() => void) | undefined
}

/**
 * The time of a deployment.
 *
 * @since 0.1.0
 * @category models
 */
export class Time {
  private readonly alarm: DeadlineTimer
  private readonly agenda = new PriorityQueue<Pending>()
  private serial = 0
  private ringing = false
  /** The latest time that was given: a timer may ring a little early, but time does not go back. */
  private latest = 0
  /** Gives random numbers from 0 to 1, 1 excluded. */
  readonly random: () => number

  /** The difference to monotonic time: the time starts at the wall clock's, and does not follow its steps. */
  private readonly offset: number

  constructor(alarm: (ring: (now: number) => void) => DeadlineTimer, random: () => number) {
    this.alarm = alarm((now) => this.ring(now + this.offset))
    this.offset = this.alarm.clock.currentTimeMillisUnsafe() - this.alarm.now()
    this.random = random
  }

  /** The time in milliseconds since the Unix epoch. It starts at the Clock's time and advances monotonically. */
  now(): number {
    const now = this.alarm.now() + this.offset
    if (now > this.latest) this.latest = now
    return this.latest
  }

  /** Runs a function after `millis` milliseconds, rounded. Timers of the same time run in the order in which they were set. */
  later(millis: number, run: () => void): Timer {
    return this.at(this.now() + Math.max(0, Math.round(millis)), run)
  }

  /** Runs a function at a time, in milliseconds since the Unix epoch. */
  at(millis: number, run: () => void): Timer {
    const pending: Pending = { at: millis, serial: this.serial++, run }
    this.agenda.push(pending)
    // What is due while others ring comes after them, not in the middle of one.
    if (!this.ringing) this.alarm.set(this.agenda.peek()!.at - this.offset)
    return {
      cancel: () => {
        pending.run = undefined
      }
    }
  }

  /** Gives a random number from `min` to `max`. */
  between(min: number, max: number): number {
    return min + this.random() * (max - min)
  }

  /** Cancels all timers. */
  close(): void {
    this.agenda.clear()
    this.alarm.close()
  }

  private ring(now: number): void {
    if (now > this.latest) this.latest = now
    const agenda = this.agenda
    this.ringing = true
    while (agenda.size > 0 && agenda.peek()!.at <= now) {
      const run = agenda.pop().run
      run?.()
    }
    this.ringing = false
    if (agenda.size > 0) this.alarm.set(agenda.peek()!.at - this.offset)
  }
}

/**
 * Random numbers from 0 to 1, 1 excluded; the same seed gives the same sequence.
 *
 * @since 0.1.0
 * @category constructors
 */
export const seeded = (seed: number): () => number => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/**
 * Makes a `Time` on the Clock of the current fiber, which ends when the Scope closes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (seed: number): Effect.Effect<Time, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.map(
      Effect.context<never>(),
      (context) => new Time((ring) => new DeadlineTimer(context, ring), seeded(seed))
    ),
    (time) => Effect.sync(() => time.close())
  )
