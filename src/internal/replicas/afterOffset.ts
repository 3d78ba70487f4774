/**
 * Reads that have seen everything up to an offset of the primary.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Offset } from "../../Client.ts"
import type * as Command from "../../Command.ts"
import * as commands from "../../commands/index.ts"
import { DeadlineExceeded, EpochPassed, type RedisError } from "../../Errors.ts"
import { monotonicMillisUnsafe, timeoutOrElse } from "../common/time.ts"
import type { Connection } from "../connection/connection.ts"
import type { BatchResult, ClientRunner, Runner } from "../execution/types.ts"

/** How long a replica is waited for before the primary is asked, in milliseconds, and how often it is asked. */
const patienceMillis = 20
const againMillis = 2

/**
 * Runs reads in one transaction with ROLE, so that the answer is of the same
 * moment, until that has come as far as it has to. Once the group has moved
 * nobody can promise that any more, whoever answers: it is asked before and
 * after.
 */
export const after = (executor: ClientRunner, primary: ClientRunner | undefined, offset: Offset): Runner => {
  const current = (): Effect.Effect<void, EpochPassed> => {
    const now = executor.epoch
    return now === 0 || now === offset.epoch
      ? Effect.void
      : Effect.fail(new EpochPassed({ target: executor.label, epoch: offset.epoch, now }))
  }
  /** 0 is what is not known, and the epoch of a group that has never moved: the write was made after a move. */
  const isBehind = (): boolean => executor.epoch === 0 && offset.epoch > 0
  const inEpoch = <A>(effect: Effect.Effect<A, RedisError>): Effect.Effect<A, RedisError> =>
    Effect.suspend(current).pipe(Effect.andThen(effect), Effect.tap(() => current()))

  type Role = Command.Result<ReturnType<typeof commands.role>>
  const isReached = (role: Role, at: Connection | undefined): boolean =>
    // A primary with less is one that was left, or has lost what it had; one that was left may have more.
    (role.role === "primary" && role.offset >= offset.offset && executor.isAtPrimary(at)) ||
    // The offsets of a history that was left say nothing of this one.
    (role.role === "replica" && role.offset >= offset.offset && !executor.isAstray(role.primary))

  /** The group's own primary has less than was written, and will not get it from anybody. */
  const hasLost = (runner: ClientRunner, role: Role, at: Connection | undefined): boolean =>
    runner === primary && role.role === "primary" && role.offset < offset.offset && executor.isAtPrimary(at)
  const lost = Effect.suspend(() =>
    Effect.fail(new EpochPassed({ target: executor.label, epoch: offset.epoch, now: executor.epoch }))
  )

  /** Tries at the replicas, and after a while at the primary, until something comes of it. */
  const reach = <A>(attempt: (runner: ClientRunner) => Effect.Effect<A | undefined, RedisError>) =>
    Effect.gen(function*() {
      const clock = yield* Clock.Clock
      const until = monotonicMillisUnsafe(clock) + patienceMillis
      while (true) {
        const late = monotonicMillisUnsafe(clock) >= until
        const result = yield* inEpoch(attempt(late && primary !== undefined ? primary : executor))
        if (result !== undefined && !isBehind()) return result
        yield* Effect.sleep(againMillis)
      }
    })

  const within = <A>(effect: Effect.Effect<A, RedisError>, command: string, limit: Duration.Input) =>
    timeoutOrElse(effect, {
      duration: Duration.fromInputUnsafe(limit),
      orElse: () =>
        Effect.fail(
          new DeadlineExceeded({ command, timeoutMillis: Duration.toMillis(Duration.fromInputUnsafe(limit)) })
        )
    })

  const atomic = (
    list: ReadonlyArray<Command.Any>,
    limit: Duration.Input = executor.commandTimeout
  ): Effect.Effect<BatchResult, RedisError> =>
    within(
      reach((runner) =>
        Effect.flatMap(
          runner.runTransaction([commands.role(), ...list]),
          ({ connection, failures, values }): Effect.Effect<BatchResult | undefined, RedisError> => {
            const denied = failures?.get(0)
            if (denied !== undefined) return denied
            if (hasLost(runner, values[0] as Role, connection)) return lost
            if (!isReached(values[0] as Role, connection)) return Effect.undefined
            const shifted = failures === undefined
              ? undefined
              : new Map(Array.from(failures, ([i, exit]) => [i - 1, exit] as const))
            return Effect.succeed({ values: values.slice(1), failures: shifted })
          }
        )
      ),
      list.length === 1 ? list[0]!.spec.name : "MULTI",
      limit
    )

  /**
   * The first page asks a server how far it is, and begins there once that is
   * far enough; a history does not get shorter, so the others only have to be
   * of the same server.
   */
  const page: Runner["runScanPage"] = (command, position) => {
    const forget = (): void => {
      position.server = undefined
      position.connection = undefined
    }
    const first = reach((runner) =>
      Effect.suspend(() => {
        forget()
        return Effect.flatMap(runner.runScanPage(commands.role(), position), (role) => {
          const at = position.connection
          if (!isReached(role, at)) {
            forget()
            return hasLost(runner, role, at) ? lost : Effect.undefined
          }
          position.runner = runner
          // Its server was lost in between: nothing was given yet.
          return Effect.catchTag(
            Effect.map(runner.runScanPage(command, position), (value) => ({ value })),
            "ScanInterrupted",
            () => Effect.undefined
          )
        })
      })
    )
    const any = Effect.suspend(() =>
      position.server === undefined
        ? Effect.map(first, ({ value }) => value)
        : inEpoch((position.runner ?? executor).runScanPage(command, position))
    )
    return within(any, command.spec.name, executor.commandTimeout)
  }

  const run: Runner["run"] = (command, timeout) =>
    Effect.flatMap(
      atomic([command], timeout),
      ({ failures, values }) => failures === undefined ? Effect.succeed(values[0] as never) : failures.get(0)!
    )
  return { run, runPipeline: (list) => atomic(list), runTransaction: (list) => atomic(list), runScanPage: page }
}
