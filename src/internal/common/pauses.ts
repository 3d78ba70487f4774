/**
 * The pauses between attempts at something that fails for a while: each is twice as long as the one before, up to a
 * limit, and jittered by a quarter. What is tried, and what is told of it, is where the attempts are.
 */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

/** In milliseconds. */
const first = 100

export class Pauses {
  private next = first
  private readonly longest: number

  /** `longest` is in milliseconds. */
  constructor(longest = 2000) {
    this.longest = longest
  }

  /** Whether there was no pause since the last success. */
  get isFirst(): boolean {
    return this.next === first
  }

  /** It has succeeded: the next pause is short. */
  reset(): void {
    this.next = first
  }

  /** Waits, and gives for how many milliseconds. */
  readonly wait: Effect.Effect<number> = Effect.suspend(() => {
    const { next } = this
    this.next = Math.min(next * 2, this.longest)
    return Effect.flatMap(Random.nextBetween(0.75, 1.25), (factor) => {
      const millis = Math.round(next * factor)
      return Effect.as(Effect.sleep(millis), millis)
    })
  })
}
