/**
 * Suspends a fiber for a reply without a closure to resume it by and without a
 * finalizer to cancel it by: what `Effect.callback` does, in the words of
 * Effect's run loop. Those words are not public; so they are tried out once,
 * and where they are not as expected, `Effect.callback` itself is used.
 */
import * as Effect from "effect/Effect"
import * as Effectable from "effect/Effectable"
import * as Exit from "effect/Exit"

/** Who goes on with an effect: a suspended fiber. */
export interface Waiter {
  evaluate(effect: Effect.Effect<any, any>): void
}

/** What a fiber is suspended for. */
export interface Suspended {
  /** What came before the fiber was suspended, if it did. */
  readonly settled: Exit.Exit<any, any> | undefined
  /** Set once its fiber is suspended: from then on it goes on by `waiter.evaluate`. */
  suspended: boolean
  /** Its fiber goes on: with what it waited for, or because it was interrupted. */
  released(): void
}

/** An effect that begins something and waits for it. */
export interface Suspending {
  begin(waiter: Waiter): Suspended
}

interface RunLoop extends Waiter {
  yieldWith(released: () => void): Effect.Effect<any, any>
}

/**
 * What `yield*` goes through: iterator and result in one, and no literal, which
 * V8 would soon allocate among the old objects together with all that hangs on
 * it. With 1,000 in flight that cost a fifth of the throughput.
 */
class Once {
  value: unknown
  done = false
  private begun = false
  constructor(effect: unknown) {
    this.value = effect
  }
  next(result: unknown): this {
    if (this.begun) {
      this.value = result
      this.done = true
    }
    this.begun = true
    return this
  }
  return(value: unknown): this {
    this.value = value
    this.done = true
    return this
  }
  throw(error: unknown): never {
    throw error
  }
}

const prototype = (direct: boolean): Effect.Effect<any, any> =>
  Effectable.Prototype<Effect.Effect<any, any> & Suspending>({
    label: "effect-redis-sentinel/Command",
    evaluate: direct
      ? function(fiber) {
        const loop = fiber as unknown as RunLoop
        const operation = this.begin(loop)
        if (operation.settled !== undefined) return operation.settled
        operation.suspended = true
        return loop.yieldWith(() => operation.released())
      }
      : function() {
        return Effect.callback((resume) => {
          const operation = this.begin({ evaluate: resume })
          if (operation.settled !== undefined) return resume(operation.settled)
          operation.suspended = true
          return Effect.sync(() => operation.released())
        })
      }
  })

type Base = new() => Effect.Effect<any, any>

/** A base class of effects whose `begin` is waited for. */
export const makeBase = (direct: boolean): Base => {
  const Base = function() {} as unknown as Base
  Base.prototype = prototype(direct)
  Base.prototype[Symbol.iterator] = function() {
    return new Once(this) as unknown as Effect.EffectIterator<Effect.Effect<any, any>>
  }
  return Base
}

/** Whether the run loop has what the direct way needs, and does with it what is expected. */
export const isDirect = (): boolean => {
  try {
    const events: Array<string> = []
    let waiter: Waiter | undefined
    class Probe extends makeBase(true) implements Suspending {
      begin(fiber: Waiter): Suspended {
        waiter = fiber
        return { settled: undefined, suspended: false, released: () => void events.push("released") }
      }
    }
    const fiber = Effect.runFork(new Probe())
    if (fiber.pollUnsafe() !== undefined) return false
    waiter!.evaluate(Exit.succeed("reply"))
    const exit = fiber.pollUnsafe()
    const interrupted = Effect.runFork(new Probe())
    interrupted.interruptUnsafe()
    return exit !== undefined && Exit.isSuccess(exit) && exit.value === "reply" &&
      interrupted.pollUnsafe() !== undefined && events.join() === "released,released"
  } catch {
    return false
  }
}
