/**
 * Runs commands that block at the server (BLPOP, ...): on a reserved connection, in
 * turns, until the server has a result or the command's own timeout is over.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Command from "../../Command.ts"
import { ConnectionLost, ProtocolError, type RedisError, type ReserveTimeout } from "../../Errors.ts"
import type * as Resp from "../../Resp.ts"
import { refusals, temporaryRefusals } from "../common/passing.ts"
import { type ExecutionContext, millisOf } from "./executionContext.ts"
import { readsFromNow, withLastIds } from "./lastIds.ts"
import { type Dispatcher, runCommand } from "./operation.ts"
import type { ReservedConnection, ReserveWithin } from "./reserved.ts"
import { runTransaction } from "./transaction.ts"
import { BlockingTurn, type RunningTurns } from "./unblocking.ts"
import { invalidity } from "./validity.ts"

/**
 * How long one turn lasts at most, in milliseconds: then the command is sent
 * again. So a connection that is dead is noticed, and where there are more
 * blocking commands than connections they take turns. A turn that the server has
 * ended has taken nothing.
 */
const blockingTurnMillis = 5000
/** Clocks differ. A turn that ends sooner than this before its end was ended by something else, in milliseconds. */
const blockingEarlyMillis = 50
/** How long the pause is before a turn that has failed is repeated, in milliseconds. */
export const blockingRetryMillis = 10

/** The result of a turn after which another one follows. */
export const anotherTurn = Symbol("another turn")

/** A server ends a blocking command with these words because it has become a replica: nothing was taken. */
const forcedUnblock = "UNBLOCKED force unblock"

/** Whether a command was written, and its connection ended without its reply. */
const isReplyLost = (error: RedisError): boolean => {
  const cause = error._tag === "AmbiguousOutcome" ? error.cause : undefined
  return cause instanceof ConnectionLost || cause instanceof ProtocolError
}

/** One run of a blocking command: its time over all of its turns. */
class BlockingRun<A, B> {
  command: Command.Command<A, any, B>
  /** Whether it reads from now on: the ids of that moment are asked for before its first turn. */
  isFromNow: boolean
  /** The command's arguments with another time; undefined if it cannot be sent again for the rest of its time. */
  readonly withBlockingMillis: Command.Spec["withBlockingMillis"]
  readonly began: number
  readonly until: number
  /** How long each turn may take beside its blocking, in milliseconds. */
  readonly timeoutMillis: number
  /** Why there was no connection for a turn. */
  refusal: ReserveTimeout | undefined = undefined
  private isFirst = true

  constructor(command: Command.Command<A, any, B>, now: number, timeoutMillis: number) {
    this.command = command
    this.withBlockingMillis = command.spec.withBlockingMillis
    this.began = now
    this.until = now + command.spec.blockingMillis!(command.args)
    this.isFromNow = this.until - now > blockingTurnMillis && readsFromNow(command)
    this.timeoutMillis = timeoutMillis
  }

  /** The command for the turn that begins now. */
  next(now: number, clock: () => number): Command.Command<A | typeof anotherTurn> {
    const { command, isFirst, withBlockingMillis } = this
    const remaining = this.until - now
    const turnMillis = Command.isDivisible(command) ? blockingTurnMillis : Infinity
    this.isFirst = false
    // What fits in one turn is sent as it is.
    if (withBlockingMillis === undefined || (isFirst && remaining <= turnMillis)) {
      return command as Command.Command<any>
    }
    const millis = Math.max(1, Math.min(remaining, turnMillis))
    const decode = (value: Resp.Value, bytes: boolean): A | typeof anotherTurn => {
      const hasAnotherTurn = millis < remaining && clock() - now >= millis - blockingEarlyMillis &&
        Command.cameToNothing(command, value)
      return hasAnotherTurn ? anotherTurn : command.spec.decode(value, bytes) as A
    }
    return Command.withArgs(Command.withDecode(command, decode), withBlockingMillis(command.args, millis))
  }
}

/** What a runner of blocking commands needs of its client. */
export interface BlockingClient {
  /** Runs commands that turn out not to block. */
  readonly dispatcher: Dispatcher
  /** Whether another attempt may lead to another node. */
  readonly canRelocate: boolean
  /** A reserved connection, if there is one within so many milliseconds. */
  readonly reserveWithin: ReserveWithin
  readonly turns: RunningTurns
}

export class BlockingCommands {
  private readonly execution: ExecutionContext
  private readonly client: BlockingClient

  constructor(execution: ExecutionContext, client: BlockingClient) {
    this.execution = execution
    this.client = client
  }

  /** Waits until servers have ended the commands that were interrupted, but for those on connections of owners. */
  get waitsEnded(): Effect.Effect<void> {
    return this.client.turns.waitsEnded
  }

  /**
   * Runs a blocking command on a connection of its own. When the server ends it
   * without having executed it, the rest of its time goes on at the next one.
   */
  run<A, B>(
    command: Command.Command<A, any, B>,
    timeout: Duration.Input | undefined
  ): Effect.Effect<A, RedisError> {
    return this.runTurns(this.client.dispatcher, command, timeout, (run) => {
      const { repeat } = this.execution.withRepeat(command)
      let failingSince: number | undefined
      const canRetry = (error: RedisError): boolean => {
        if (run.withBlockingMillis === undefined || !(this.tookNothing(error) || (repeat && isReplyLost(error)))) {
          return false
        }
        const now = this.execution.timer.now()
        failingSince ??= now
        if (now - failingSince >= run.timeoutMillis) return false
        this.execution.count("repeated")
        return true
      }
      return Effect.scoped(
        Effect.flatMap(
          this.reserveFor(run),
          (reserved): Effect.Effect<A | typeof anotherTurn, RedisError> =>
            reserved === undefined
              ? this.runWithoutBlocking(run)
              : Effect.matchEffect(this.runTurn(reserved, run, false), {
                onSuccess: (result) => {
                  failingSince = undefined
                  return Effect.succeed(result)
                },
                onFailure: (error) => canRetry(error) ? this.afterPause : Effect.fail(error)
              })
        )
      )
    })
  }

  /** Runs a blocking command on a reserved connection, whose loss ends it. */
  runOn<A, B>(
    reserved: ReservedConnection,
    command: Command.Command<A, any, B>,
    timeout: Duration.Input | undefined
  ): Effect.Effect<A, RedisError> {
    return this.runTurns(reserved, command, timeout, (run) => {
      let busySince: number | undefined
      return Effect.catchIf(
        Effect.tap(this.runTurn(reserved, run, true), () => Effect.sync(() => void (busySince = undefined))),
        (error: RedisError) => {
          if (
            run.withBlockingMillis === undefined || error._tag !== "ReplyError" || !temporaryRefusals.has(error.code)
          ) return false
          const now = this.execution.timer.now()
          busySince ??= now
          return now - busySince < run.timeoutMillis
        },
        () => {
          this.execution.count("repeated")
          return this.afterPause
        }
      )
    })
  }

  private readonly afterPause: Effect.Effect<typeof anotherTurn, RedisError> = Effect.suspend(() =>
    Effect.as(this.execution.untilClosed(Effect.sleep(blockingRetryMillis)), anotherTurn)
  )

  /** Runs turns until one has a result. */
  private runTurns<A, B>(
    owner: Dispatcher,
    command: Command.Command<A, any, B>,
    timeout: Duration.Input | undefined,
    turnOf: (run: BlockingRun<A, B>) => Effect.Effect<A | typeof anotherTurn, RedisError>
  ): Effect.Effect<A, RedisError> {
    return Effect.suspend(() => {
      const invalid = invalidity(command, false)
      if (invalid !== undefined) return Effect.fail(invalid)
      const { timeoutMillis, timer } = this.execution
      const run = new BlockingRun(command, timer.now(), timeout === undefined ? timeoutMillis : millisOf(timeout))
      if (run.until === run.began) return runCommand(owner, command, timeout)
      const turn = turnOf(run)
      const loop: Effect.Effect<A, RedisError> = Effect.flatMap(
        turn,
        (result) => result === anotherTurn ? loop : Effect.succeed(result as A)
      )
      return this.execution.telemetry.asOne(command, loop)
    })
  }

  /**
   * A reserved connection. Where all are taken, one is waited for as long as the
   * command would block at the server; undefined if there is none by then. The
   * time for connecting does not count as blocking.
   */
  private reserveFor(
    run: BlockingRun<any, any>
  ): Effect.Effect<ReservedConnection | undefined, RedisError, Scope.Scope> {
    return Effect.suspend(() =>
      Effect.catchTag(
        this.client.reserveWithin("blocking", (isFull) => {
          const remaining = run.until - this.execution.timer.now()
          return isFull ? Math.max(1, remaining) : Math.max(run.timeoutMillis, remaining)
        }),
        "ReserveTimeout",
        (error) => {
          run.refusal = error
          return Effect.undefined
        }
      )
    )
  }

  /** The time was up before there was a connection. In a transaction the server answers at once. */
  private runWithoutBlocking<A, B>(run: BlockingRun<A, B>): Effect.Effect<A, RedisError> {
    return run.withBlockingMillis === undefined
      ? Effect.fail(run.refusal!)
      : Effect.flatMap(
        runTransaction(this.client.dispatcher, [run.command]),
        ({ failures, values }) => failures?.get(0) ?? Effect.succeed(values[0] as A)
      )
  }

  /**
   * One turn. Another one follows if it has no result, or was ended from here with nothing
   * taken. An interruption ends it at the server; nobody waits for that.
   */
  private runTurn<A, B>(
    reserved: ReservedConnection,
    run: BlockingRun<A, B>,
    isOwned: boolean
  ): Effect.Effect<A | typeof anotherTurn, RedisError> {
    return Effect.suspend(() => {
      // What ends an earlier command on this connection must not end this one.
      const { settling } = reserved.connection
      if (settling !== undefined) return Effect.andThen(settling, this.runTurn(reserved, run, isOwned))
      if (run.isFromNow) {
        return Effect.flatMap(withLastIds(reserved, run.command), (command) => {
          run.isFromNow = false
          run.command = command
          return this.runTurn(reserved, run, isOwned)
        })
      }
      const { timer } = this.execution
      const command = run.next(timer.now(), () => timer.now())
      const { turns } = this.client
      const isRepeated = run.withBlockingMillis !== undefined && run.command.spec.mode === "write"
      const turn = new BlockingTurn(reserved, run.command, { isOwned, isRepeated })
      return Effect.catchIf(
        turns.run(turn, command, run.timeoutMillis),
        (error) => turn.tookNothing(error),
        () => {
          this.execution.count("repeated")
          return Effect.succeed(anotherTurn)
        }
      )
    })
  }

  /** Whether a turn ended without having taken anything, and not at a user's wish. */
  private tookNothing(error: RedisError): boolean {
    if (error._tag === "ConnectionLost" || error._tag === "ProtocolError") return true
    if (error._tag !== "ReplyError") return false
    if (error.detail.startsWith(forcedUnblock) || temporaryRefusals.has(error.code)) return true
    return refusals.has(error.code) && (this.client.canRelocate || error.code === "LOADING")
  }
}
