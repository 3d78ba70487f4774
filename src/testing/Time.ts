/**
 * Time for what runs in memory: timers on Effect's Clock, and chance from a
 * seed, so that TestClock moves a deployment and a seed repeats it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Alarm } from "../internal/Alarm.ts"

/**
 * A timer that was set.
 *
 * @since 0.1.0
 * @category models
 */
export interface Timer {
  readonly cancel: () => void
}

interface Pending {
  readonly at: number
  readonly serial: number
  run: (() => void) | undefined
}

const before = (a: Pending, b: Pending): boolean => a.at < b.at || (a.at === b.at && a.serial < b.serial)

/**
 * The time of a deployment.
 *
 * @since 0.1.0
 * @category models
 */
export class Time {
  private readonly alarm: Alarm
  private readonly heap: Array<Pending> = []
  private serial = 0
  /** The latest time that anybody was told: a timer may ring a little early, but time does not go back. */
  private latest = 0
  /** From 0 to 1, 1 excluded. */
  readonly random: () => number

  constructor(alarm: (ring: (now: number) => void) => Alarm, random: () => number) {
    this.alarm = alarm((now) => this.ring(now))
    this.random = random
  }

  /** In milliseconds on the Clock. */
  now(): number {
    const now = this.alarm.now()
    if (now > this.latest) this.latest = now
    return this.latest
  }

  /** Runs something later, in whole milliseconds; what is due at the same time runs in the order in which it was set. */
  later(millis: number, run: () => void): Timer {
    return this.at(this.now() + Math.max(0, Math.round(millis)), run)
  }

  /** Runs something at a time on the Clock, in milliseconds. */
  at(millis: number, run: () => void): Timer {
    const pending: Pending = { at: millis, serial: this.serial++, run }
    this.push(pending)
    this.alarm.set(this.heap[0]!.at)
    return {
      cancel: () => {
        pending.run = undefined
      }
    }
  }

  /** A number of a range, both ends included. */
  between(min: number, max: number): number {
    return min + this.random() * (max - min)
  }

  close(): void {
    this.heap.length = 0
    this.alarm.close()
  }

  private ring(now: number): void {
    if (now > this.latest) this.latest = now
    while (this.heap.length > 0 && this.heap[0]!.at <= now) {
      const run = this.pop().run
      run?.()
    }
    if (this.heap.length > 0) this.alarm.set(this.heap[0]!.at)
  }

  private push(item: Pending): void {
    const heap = this.heap
    let i = heap.length
    heap.push(item)
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!before(item, heap[parent]!)) break
      heap[i] = heap[parent]!
      i = parent
    }
    heap[i] = item
  }

  private pop(): Pending {
    const heap = this.heap
    const top = heap[0]!
    const last = heap.pop()!
    if (heap.length === 0) return top
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++
      if (!before(heap[child]!, last)) break
      heap[i] = heap[child]!
      i = child
    }
    heap[i] = last
    return top
  }
}

/**
 * A repeatable source of chance: the same seed gives the same numbers, from 0
 * to 1, 1 excluded.
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
 * The time of the surrounding fiber, until the Scope closes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (seed: number): Effect.Effect<Time, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.map(Effect.context<never>(), (context) => new Time((ring) => new Alarm(context, ring), seeded(seed))),
    (time) => Effect.sync(() => time.close())
  )
