/**
 * `redis.watch`: reserves a connection, watches keys, runs the body, executes what it
 * gives, and starts over where nothing was executed. How a transaction reaches its
 * outcome is in internal/execution/transaction.ts.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import type { WatchClient, WatchOptions } from "../../Client.ts"
import * as Command from "../../Command.ts"
import {
  ClientClosed,
  type ConnectionError,
  DeadlineExceeded,
  InvalidCommand,
  type RedisError,
  type ReplyError,
  type TransactionAborted
} from "../../Errors.ts"
import { optionsOf } from "../commands/args.ts"
import { argumentError } from "../commands/methods.ts"
import { monotonicMillisUnsafe, steady, timeoutOrElse } from "../common/time.ts"
import { durationOf, fieldsOf, isBytes, itemsOf, kindOf } from "../common/values.ts"
import { refuses } from "../execution/operation.ts"
import type { BatchResult, Reserved, Runner } from "../execution/types.ts"
import { invalidity } from "../execution/validity.ts"
import { WatchTurns } from "./watchTurns.ts"

const watchSpec = Command.define({ words: ["WATCH"], mode: "read", keys: "all", decode: Command.ok })

export const watch = (keys: ReadonlyArray<Command.Key>) => Command.make(watchSpec, keys)

export const unwatch = Command.make(Command.define({ words: ["UNWATCH"], mode: "read", decode: Command.ok }), [])

/** How long the reply to UNWATCH is waited for before the connection is closed instead. */
const unwatchTimeout = Duration.seconds(1)

/** The longest pause before it starts over, and how long callers of one client wait for each other, in milliseconds. */
const longestPause = 100

/** Starts over after pauses that grow from 2 to 100 milliseconds, for so many milliseconds. */
const defaultSchedule = (millis: number): Schedule.Schedule<unknown> => {
  const pauses = Schedule.jittered(Schedule.min([Schedule.exponential("2 millis"), Schedule.spaced(longestPause)]))
  return millis === Infinity ? pauses : Schedule.upTo(pauses, { duration: Duration.millis(millis) })
}

/** The errors after which nothing was executed, and another attempt may succeed. */
type Obstacle = TransactionAborted | ConnectionError | ReplyError

/** An attempt has executed nothing, for this reason. `cause` is the outcome if it was the last attempt. */
class NothingExecuted {
  readonly reason: Obstacle
  readonly cause: Cause.Cause<unknown>
  constructor(reason: Obstacle, cause: Cause.Cause<unknown>) {
    this.reason = reason
    this.cause = cause
  }
}

/** What `watch` needs of its client. */
export interface Watching {
  readonly label: string
  /** How long one command may take, in milliseconds. */
  readonly commandTimeout: number
  readonly reserve: Effect.Effect<Reserved, RedisError, Scope.Scope>
  /** Whether `reserve` gives another connection after one was lost. */
  readonly canReserveAgain: boolean
  /** A client for the body, on a runner. */
  readonly clientOn: (runner: Runner, epoch: number) => WatchClient
  /** A checked copy of the commands to execute. */
  readonly commandsOf: (given: unknown) => ReadonlyArray<Command.Any> | InvalidCommand
  /** The results of a transaction, or its first error. */
  readonly gather: (outcomes: BatchResult) => Effect.Effect<ReadonlyArray<unknown>, RedisError>
}

/** The commands to execute, and whether a value comes with them. */
interface Plan {
  readonly commands: ReadonlyArray<Command.Any>
  readonly hasValue: boolean
  readonly value: unknown
}

interface Options {
  readonly schedule: Schedule.Schedule<unknown, Obstacle> | undefined
  readonly timeoutMillis: number
}

const invalid = (detail: string): InvalidCommand => new InvalidCommand({ command: "watch", detail })

const keysOf = (given: unknown): ReadonlyArray<Command.Key> | InvalidCommand => {
  const keys = typeof given === "string" || isBytes(given) ? [given] : itemsOf(given)
  if (typeof keys === "string") return invalid(`keys: ${keys}`)
  if (keys.length === 0) return invalid("keys: expected at least one key")
  const at = keys.findIndex((key) => typeof key !== "string" && !isBytes(key))
  return at === -1
    ? keys as ReadonlyArray<Command.Key>
    : invalid(`keys[${at}]: expected a string or bytes, got ${kindOf(keys[at])}`)
}

const checkedOptions = (given: WatchOptions | undefined): Options | InvalidCommand => {
  const fields = given === undefined ? {} : fieldsOf(given)
  if (typeof fields === "string") return invalid(`options: ${fields}`)
  try {
    optionsOf<WatchOptions>("watch", given, { schedule: "value", timeout: "value" })
  } catch (error) {
    return argumentError("watch", [given], error)
  }
  const { schedule, timeout } = fields
  if (schedule !== undefined && !Schedule.isSchedule(schedule)) {
    return invalid(`schedule: expected a Schedule, got ${kindOf(schedule)}`)
  }
  const duration = timeout === undefined ? Duration.infinity : durationOf(timeout)
  if (typeof duration === "string") return invalid(`timeout: ${duration}`)
  return { schedule: schedule as Options["schedule"], timeoutMillis: Duration.toMillis(duration) }
}

/** Runs the commands of the body: they may not change the session, and there are none after the body. */
class BodyRunner implements Runner {
  isOver = false
  private readonly label: string
  private readonly reserved: Reserved

  constructor(label: string, reserved: Reserved) {
    this.label = label
    this.reserved = reserved
  }

  private guarded<A>(
    commands: ReadonlyArray<Command.Any>,
    effect: Effect.Effect<A, RedisError>
  ): Effect.Effect<A, RedisError> {
    return Effect.suspend(() => {
      if (this.isOver) return Effect.fail(new ClientClosed({ target: this.label }))
      for (const command of commands) {
        const problem = command.spec === watchSpec ? undefined : invalidity(command, true)
        if (problem !== undefined) return Effect.fail(problem)
      }
      return effect
    })
  }

  readonly run: Runner["run"] = (command, timeout) => this.guarded([command], this.reserved.run(command, timeout))
  readonly runPipeline: Runner["runPipeline"] = (commands, timeout) =>
    this.guarded(commands, this.reserved.runPipeline(commands, timeout))
  readonly runTransaction: Runner["runTransaction"] = () =>
    Effect.fail(invalid("EXEC in the body would forget the watched keys: give the commands back, to be executed"))
  readonly runScanPage: Runner["runScanPage"] = (command, position) =>
    this.guarded([command], this.reserved.runScanPage(command, position))
}

/** The error, if the server has refused a command because of its own state. */
const refusalOf = (error: RedisError): ReplyError | undefined =>
  error?._tag === "ReplyError" && refuses(error.command, error.code, error.detail) ? error : undefined

/** Why EXEC has executed nothing, if another attempt may succeed. */
const abortionOf = (error: RedisError): Obstacle | undefined => {
  switch (error._tag) {
    case "TransactionAborted":
    // It was not written, or has only reads.
    case "ConnectionLost":
    case "ProtocolError":
      return error
    default:
      return refusalOf(error)
  }
}

/** Makes the method `watch` of a client. */
export const makeWatch = (client: Watching, turns = new WatchTurns()) =>
(
  givenKeys: unknown,
  body: (client: WatchClient) => Effect.Effect<unknown, unknown, unknown>,
  givenOptions?: WatchOptions | undefined
): Effect.Effect<unknown, unknown, unknown> => {
  const keys = keysOf(givenKeys)
  if (keys instanceof InvalidCommand) return Effect.fail(keys)
  if (typeof body !== "function") return Effect.fail(invalid(`body: expected a function, got ${kindOf(body)}`))
  const options = checkedOptions(givenOptions)
  if (options instanceof InvalidCommand) return Effect.fail(options)

  const planOf = (given: unknown): Plan | InvalidCommand => {
    const fields = Array.isArray(given) ? undefined : fieldsOf(given)
    if (typeof fields === "string") {
      return invalid(`body: expected a list of commands, or { commands, value }, got ${kindOf(given)}`)
    }
    const commands = client.commandsOf(fields === undefined ? given : fields["commands"])
    return commands instanceof InvalidCommand
      ? commands
      : { commands, hasValue: fields !== undefined, value: fields?.["value"] }
  }

  /** What the body gives, from its run on a reserved connection. */
  const runBody = (reserved: Reserved): Effect.Effect<Plan, unknown, unknown> =>
    Effect.suspend(() => {
      const runner = new BodyRunner(client.label, reserved)
      const effect = body(client.clientOn(runner, reserved.connection.epoch))
      if (!Effect.isEffect(effect)) return Effect.fail(invalid(`body: expected an Effect, got ${kindOf(effect)}`))
      return Effect.flatMap(
        Effect.onExit(effect, () => Effect.sync(() => void (runner.isOver = true))),
        (given): Effect.Effect<Plan, InvalidCommand> => {
          const plan = planOf(given)
          return plan instanceof InvalidCommand ? Effect.fail(plan) : Effect.succeed(plan)
        }
      )
    })

  return Effect.gen(function*() {
    const { timeoutMillis } = options
    const schedule = options.schedule ?? defaultSchedule(timeoutMillis === Infinity ? client.commandTimeout : Infinity)
    const clock = yield* Clock.Clock
    const until = monotonicMillisUnsafe(clock) + timeoutMillis
    const remaining = (): number => Math.max(1, until - monotonicMillisUnsafe(clock))
    let isLate = false
    let last: Obstacle | undefined

    const inTime = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | DeadlineExceeded, R> =>
      timeoutMillis === Infinity ? effect : timeoutOrElse(effect, {
        duration: Duration.millis(remaining()),
        orElse: () => {
          isLate = true
          return Effect.fail(new DeadlineExceeded({ command: "WATCH", timeoutMillis, cause: last }))
        }
      })

    /** Why nothing was executed before EXEC, if another attempt may succeed. */
    const obstacleOf = (reserved: Reserved, cause: Cause.Cause<unknown>): Obstacle | undefined => {
      if (isLate || Cause.hasInterrupts(cause)) return undefined
      const { ended } = reserved.connection
      if (ended !== undefined) return client.canReserveAgain ? ended : undefined
      const error = Cause.findErrorOption(cause)
      return Option.isSome(error) ? refusalOf(error.value as RedisError) : undefined
    }

    const execute = (reserved: Reserved, { commands, hasValue, value }: Plan) => {
      const valued = (results: ReadonlyArray<unknown>): unknown => hasValue ? { results, value } : results
      if (commands.length === 0) return Effect.succeed(valued([]))
      const limit = Math.min(client.commandTimeout, timeoutMillis === Infinity ? Infinity : remaining())
      return Effect.matchEffect(reserved.runTransaction(commands, Duration.millis(limit)), {
        // An error among the results is of a transaction that was executed.
        onSuccess: (outcomes) => Effect.map(client.gather(outcomes), valued),
        onFailure: (error) => {
          const reason = abortionOf(error)
          return reason === undefined || (reserved.connection.ended !== undefined && !client.canReserveAgain)
            ? Effect.fail(error)
            : Effect.succeed(new NothingExecuted(reason, Cause.fail(error)))
        }
      })
    }

    const attempt = Effect.suspend(() => {
      const scope = Scope.makeUnsafe()
      let reserved: Reserved | undefined
      const prepare = Scope.provide(client.reserve, scope).pipe(
        Effect.tap((given) => {
          reserved = given
          return given.run(watch(keys))
        }),
        Effect.flatMap(runBody)
      )
      return Effect.matchCauseEffect(Effect.suspend(() => inTime(prepare)), {
        onSuccess: (plan) => execute(reserved!, plan),
        onFailure: (cause): Effect.Effect<NothingExecuted, unknown> => {
          const reason = reserved === undefined ? undefined : obstacleOf(reserved, cause)
          return reason === undefined
            ? Effect.failCause(cause)
            : Effect.succeed(new NothingExecuted(reason, cause))
        }
      }).pipe(Effect.onExit((exit) => release(reserved, scope, exit)))
    })

    const place = turns.placeFor(keys)
    const patience = monotonicMillisUnsafe(clock) + client.commandTimeout
    const takeTurn = Effect.suspend(() =>
      inTime(place.take(longestPause, () => monotonicMillisUnsafe(clock) < patience))
    )
    const step = yield* Schedule.toStep(steady(schedule))
    const loop = Effect.gen(function*() {
      while (true) {
        if (place.isTaken) yield* takeTurn
        const outcome = yield* attempt
        if (!(outcome instanceof NothingExecuted)) return outcome
        const { cause, reason } = outcome
        last = reason
        const now = monotonicMillisUnsafe(clock)
        const next = yield* Pull.catchDone(step(now, reason), () => Effect.undefined)
        if (next === undefined) return yield* Effect.failCause(cause)
        // Callers of this client that are in each other's way take turns, which no pause could arrange better.
        const isInTheWay = reason._tag === "TransactionAborted"
        if (!isInTheWay || place.hasTurn || options.schedule !== undefined) yield* inTime(Effect.sleep(next[1]))
        if (isInTheWay) yield* takeTurn
      }
    })
    return yield* Effect.ensuring(loop, Effect.sync(() => place.leave()))
  })
}

/** Gives the connection back, once the server has forgotten the keys. Nobody waits for that. */
const release = (
  reserved: Reserved | undefined,
  scope: Scope.Closeable,
  exit: Exit.Exit<unknown, unknown>
): Effect.Effect<void> =>
  reserved === undefined || reserved.connection.ended !== undefined || !reserved.connection.watching
    ? Scope.close(scope, exit)
    : Effect.asVoid(
      Effect.forkDetach(
        Effect.andThen(Effect.ignore(reserved.run(unwatch, unwatchTimeout)), Scope.close(scope, Exit.void)),
        { startImmediately: true }
      )
    )
