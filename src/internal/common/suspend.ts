/**
 * Suspends a fiber until a reply comes, as `Effect.callback` does, but without a
 * closure to resume it and without a finalizer to cancel it. It uses methods of
 * Effect's run loop that are not public. `isDirect` tries them once; if they do
 * not work as expected, `Effect.callback` takes their place.
 */
import * as Effect from "effect/Effect"
import * as Effectable from "effect/Effectable"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"

/** A suspended fiber, which continues with an effect. */
export interface Waiter {
  evaluate(effect: Effect.Effect<any, any>): void
}

/** The operation for which a fiber is suspended. */
export interface Suspended {
  /** The outcome, if it came before the fiber was suspended. */
  readonly settled: Exit.Exit<any, any> | undefined
  /** Set once the fiber is suspended: from then on `waiter.evaluate` resumes it. */
  suspended: boolean
  /** The fiber continues, with the outcome or because it was interrupted. */
  released(): void
}

/** An effect that starts an operation and waits for its outcome. */
export interface Suspending {
  begin(waiter: Waiter, fiber: Fiber.Fiber<unknown, unknown>): Suspended
}

interface RunLoop extends Waiter {
  yieldWith(released: () => void): Effect.Effect<any, any>
}

/**
 * The iterator of `yield*`, which is its own result object. It is a class: V8
 * soon moves object literals to the old generation, with everything they refer
 * to. With 1,000 commands in flight that cost a fifth of the throughput.
 */
class YieldOnce {
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
        const operation = this.begin(loop, fiber)
        if (operation.settled !== undefined) return operation.settled
        operation.suspended = true
        return loop.yieldWith(() => operation.released())
      }
      : function(fiber) {
        return Effect.callback((resume) => {
          const operation = this.begin({ evaluate: resume }, fiber)
          if (operation.settled !== undefined) return resume(operation.settled)
          operation.suspended = true
          return Effect.sync(() => operation.released())
        })
      }
  })

type Base = new() => Effect.Effect<any, any>

/** Makes a base class of effects that call their `begin` and wait for its outcome. */
export const makeBase = (direct: boolean): Base => {
  const Base = function() {} as unknown as Base
  Base.prototype = prototype(direct)
  Base.prototype[Symbol.iterator] = function() {
    return new YieldOnce(this) as unknown as Effect.EffectIterator<Effect.Effect<any, any>>
  }
  return Base
}

/** Whether the run loop has the methods that the direct way uses, and they work as expected. */
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
