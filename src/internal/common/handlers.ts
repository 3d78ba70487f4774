/**
 * What the consumers of streams and of queues have in common: how a handler runs, when one that fails runs again, and
 * what is told of its failure. A defect is a failure like any other.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import { fieldsOf, integerProblem, kindOf } from "./values.ts"

/** When a handler that fails runs again, checked. */
export interface Retry {
  /** How often; undefined: as often as the schedule says. */
  readonly times: number | undefined
  /** After which pauses; undefined: none. */
  readonly schedule: Schedule.Schedule<any, any, never, any> | undefined
}

const isSchedule = (value: unknown): boolean => {
  try {
    return Schedule.isSchedule(value)
  } catch {
    return false
  }
}

/** Checks the option `retry`. `invalid` throws for a field and its problem. */
export const retryOf = (value: unknown, invalid: (field: string, problem: string) => never): Retry | undefined => {
  if (value === undefined) return undefined
  if (isSchedule(value)) return { times: undefined, schedule: value as Retry["schedule"] }
  const fields = typeof value === "object" && value !== null ? fieldsOf(value) : "no record"
  if (typeof fields === "string") {
    return invalid("retry", `expected a Schedule, or { times, schedule }, got ${kindOf(value)}`)
  }
  const { schedule, times, ...others } = fields
  const other = Object.keys(others).find((field) => others[field] !== undefined)
  if (other !== undefined) {
    return invalid(
      /^[\w-]{1,32}$/.test(other) ? `retry.${other}` : "retry",
      "unknown option; it has times, schedule"
    )
  }
  const problem = times === undefined ? undefined : integerProblem(times, 1, 1_000_000)
  if (problem !== undefined) return invalid("retry.times", problem)
  if (schedule !== undefined && !isSchedule(schedule)) {
    return invalid("retry.schedule", `expected a Schedule, got ${kindOf(schedule)}`)
  }
  return times === undefined && schedule === undefined
    ? invalid("retry", "times or schedule is needed")
    : { times: times as number | undefined, schedule: schedule as Retry["schedule"] }
}

/** The arguments of `Effect.retry`. */
export const retryOptions = (
  { schedule, times }: Retry
): { readonly times?: number; readonly schedule?: Schedule.Schedule<any, any, never, any> } => ({
  ...(times === undefined ? {} : { times }),
  ...(schedule === undefined ? {} : { schedule })
})

/** One run of a handler, which may throw, and may give something that is no Effect. */
export const running = <E, R>(handler: () => unknown): Effect.Effect<unknown, E, R> =>
  Effect.suspend(() => {
    const effect: unknown = handler()
    return Effect.isEffect(effect)
      ? effect as Effect.Effect<unknown, E, R>
      : Effect.die(new TypeError(`expected the handler to give an Effect, got ${kindOf(effect)}`))
  })

/** Who is told of the failures of a handler. */
export interface Watcher<E, R> {
  /** Of each failure. */
  readonly onFailure?: Effect.Effect<unknown> | undefined
  /** Before each run that follows a failure, with the number of failures until then. */
  readonly onRetry?: ((cause: Cause.Cause<E>, failures: number) => Effect.Effect<unknown, never, R>) | undefined
}

/**
 * Runs a handler, and again after failures, as `retry` says; its schedule gets the error or the defect. Ends as the last
 * run has ended. A defect is a failure like any other: what a bug in a handler costs is one entry's attempts, and never
 * the consumer.
 */
export const withRetry = <E, R, R2 = never>(
  handling: Effect.Effect<unknown, E, R>,
  retry: Retry | undefined,
  { onFailure, onRetry }: Watcher<E, R2>
): Effect.Effect<unknown, E, R | R2> => {
  if (retry === undefined && onFailure === undefined) return handling
  return Effect.suspend(() => {
    let failures = 0
    let last: Cause.Cause<E> = Cause.empty
    const once = Effect.catchCauseIf(
      handling,
      // A handler that interrupts itself has not failed.
      (cause) => !Cause.hasInterruptsOnly(cause),
      (cause): Effect.Effect<never, unknown> => {
        last = cause
        failures++
        const failure = Effect.fail(Cause.squash(cause))
        return onFailure === undefined ? failure : Effect.andThen(onFailure, failure)
      }
    )
    const attempt = Effect.suspend((): Effect.Effect<unknown, unknown, R | R2> =>
      failures === 0 || onRetry === undefined ? once : Effect.andThen(onRetry(last, failures), once)
    )
    const repeated = retry === undefined ? attempt : Effect.retry(attempt, retryOptions(retry))
    return Effect.catch(repeated, () => Effect.failCause(last))
  })
}

const nameOf = (error: unknown): string => {
  try {
    if (typeof error === "object" && error !== null) {
      const { _tag, name } = error as { readonly _tag?: unknown; readonly name?: unknown }
      if (typeof _tag === "string" && _tag !== "") return _tag
      if (error instanceof Error && typeof name === "string" && name !== "") return name
    }
    return "Error"
  } catch {
    return "Error"
  }
}

/** The tag or the class of what a handler failed with. Messages of errors may contain secrets. */
export const failureName = (cause: Cause.Cause<unknown>): string => {
  const failure = Cause.findError(cause)
  if (Result.isSuccess(failure)) return nameOf(failure.success)
  const defect = Cause.findDefect(cause)
  return Result.isSuccess(defect) ? nameOf(defect.success) : "Interrupted"
}

/** The longest reason, in characters. */
const longestReason = 200

/**
 * Why a handler failed, for events and dead letters: the tag or the class of its error, and of a defect also the first
 * line of its message, which the program itself has made. Not for logs.
 */
export const failureReason = (cause: Cause.Cause<unknown>): string => {
  const name = failureName(cause)
  const defect = Cause.findDefect(cause)
  if (Result.isSuccess(Cause.findError(cause)) || Result.isFailure(defect)) return name.slice(0, longestReason)
  try {
    const message = defect.success instanceof Error ? defect.success.message : defect.success
    const line = typeof message === "string" ? message.split("\n", 1)[0]! : ""
    return (line === "" ? name : `${name}: ${line}`).slice(0, longestReason)
  } catch {
    return name.slice(0, longestReason)
  }
}
