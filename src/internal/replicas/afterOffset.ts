/**
 * Reads that see everything up to an offset of the primary: they wait for a replica
 * that has it, and go to the primary after a while.
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

/** How long a replica is waited for before the primary is asked, in milliseconds. */
const replicaWaitMillis = 20
/** How long the pause is between two attempts, in milliseconds. */
const attemptInterval = 2

/**
 * Runs reads in one transaction with ROLE, so that the offset is of the same moment,
 * until a server has reached the offset. After a move no server can promise that:
 * the epoch is compared before and after each attempt.
 */
export const after = (executor: ClientRunner, primary: ClientRunner | undefined, offset: Offset): Runner => {
  const current = (): Effect.Effect<void, EpochPassed> => {
    const now = executor.epoch
    return now === 0 || now === offset.epoch
      ? Effect.void
      : Effect.fail(new EpochPassed({ target: executor.label, epoch: offset.epoch, now }))
  }
  /** Epoch 0 is unknown, or that of a group that has never moved: the write was made after a move that is not known here. */
  const isBehind = (): boolean => executor.epoch === 0 && offset.epoch > 0
  const inEpoch = <A>(effect: Effect.Effect<A, RedisError>): Effect.Effect<A, RedisError> =>
    Effect.suspend(current).pipe(Effect.andThen(effect), Effect.tap(() => current()))

  type Role = Command.Result<ReturnType<typeof commands.role>>
  const isReached = (role: Role, at: Connection | undefined): boolean =>
    // A node that is no longer the primary may have a higher offset, from writes that the group has lost.
    (role.role === "primary" && role.offset >= offset.offset && executor.isAtPrimary(at)) ||
    // Offsets of another history cannot be compared.
    (role.role === "replica" && role.offset >= offset.offset && !executor.followsOtherPrimary(role.primary))

  /** Whether the group's primary has less than was written: it will not get the rest. */
  const hasLost = (runner: ClientRunner, role: Role, at: Connection | undefined): boolean =>
    runner === primary && role.role === "primary" && role.offset < offset.offset && executor.isAtPrimary(at)
  const lost = Effect.suspend(() =>
    Effect.fail(new EpochPassed({ target: executor.label, epoch: offset.epoch, now: executor.epoch }))
  )

  /** Repeats an attempt, on the replicas and after a while on the primary, until it has a result. */
  const reach = <A>(attempt: (runner: ClientRunner) => Effect.Effect<A | undefined, RedisError>) =>
    Effect.gen(function*() {
      const clock = yield* Clock.Clock
      const until = monotonicMillisUnsafe(clock) + replicaWaitMillis
      while (true) {
        const late = monotonicMillisUnsafe(clock) >= until
        const result = yield* inEpoch(attempt(late && primary !== undefined ? primary : executor))
        if (result !== undefined && !isBehind()) return result
        yield* Effect.sleep(attemptInterval)
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

  const runTransaction = (
    list: ReadonlyArray<Command.Any>,
    limit: Duration.Input = executor.commandTimeout
  ): Effect.Effect<BatchResult, RedisError> =>
    within(
      reach((runner) =>
        Effect.flatMap(
          runner.runTransaction([commands.role(), ...list], limit),
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
   * Before the first page a server is asked for its offset, and the scan begins
   * there once it has reached the offset. A history does not get shorter, so the
   * other pages only have to be of the same server.
   */
  const runScanPage: Runner["runScanPage"] = (command, position) => {
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
          // Its server was lost in between: the caller has received nothing yet.
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
      runTransaction([command], timeout),
      ({ failures, values }) => failures === undefined ? Effect.succeed(values[0] as never) : failures.get(0)!
    )
  return {
    run,
    runPipeline: runTransaction,
    runTransaction,
    runScanPage
  }
}
