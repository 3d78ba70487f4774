/**
 * What all parts of one client's execution share: its label, options, timer and
 * lifetime, and the counters of its operations. It holds no operation and no
 * connection.
 */
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Command from "../../Command.ts"
import { ClientClosed } from "../../Errors.ts"
import * as Metrics from "../../Metrics.ts"
import type { ExecutorOptions } from "../../Options.ts"
import * as Pool from "../../Pool.ts"
import type { DeadlineTimer } from "../common/deadlineTimer.ts"
import { ClientTelemetry } from "../telemetry/clientTelemetry.ts"
import type { ServerIdentity } from "../telemetry/peers.ts"
import { Scripts } from "./scripts.ts"

const defaultCommandTimeout = Duration.seconds(10)
const defaultMaxQueue = 100_000

export const millisOf = (input: Duration.Input): number => Duration.toMillis(Duration.fromInputUnsafe(input))

export class ExecutionContext {
  /** What the client is bound to, for messages. */
  readonly label: string
  /** The services that the client was made with. */
  readonly services: Context.Context<never>
  readonly runFork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
  readonly timer: DeadlineTimer
  /** How long one command may take, in milliseconds. */
  readonly timeoutMillis: number
  /** How long a reserved connection is waited for, in milliseconds. */
  readonly reserveTimeoutMillis: number
  /** How many commands may wait, in each place where they wait. */
  readonly maxQueue: number
  readonly scripts: Scripts
  readonly telemetry: ClientTelemetry
  /** What the client was made for, for telemetry. */
  readonly identity: ServerIdentity | undefined
  /** The name of the client's connections in metrics. */
  readonly poolName: string
  isClosed = false
  private readonly closing = Deferred.makeUnsafe<never, ClientClosed>()
  private readonly mayRepeat: ((command: Command.Any) => boolean) | undefined

  constructor(
    label: string,
    options: ExecutorOptions,
    services: Context.Context<never>,
    timer: DeadlineTimer,
    identity?: ServerIdentity | undefined
  ) {
    this.label = label
    this.services = services
    this.runFork = Effect.runForkWith(services)
    this.timer = timer
    this.timeoutMillis = millisOf(options.commandTimeout ?? defaultCommandTimeout)
    this.reserveTimeoutMillis = millisOf(options.reserveTimeout ?? Pool.defaultOptions.reserveTimeout)
    this.maxQueue = options.maxQueue ?? defaultMaxQueue
    this.scripts = new Scripts(label, services, () => timer.now())
    this.identity = identity
    this.poolName = `${label}/${identity?.database ?? 0}`
    this.telemetry = new ClientTelemetry(identity, services)
    const repeatable = options.repeatable ?? false
    this.mayRepeat = repeatable === false ? undefined : repeatable === true ? () => true : repeatable
  }

  /** Makes sure that a deadline is noticed. */
  arm(deadline: number): void {
    if (deadline < this.timer.at) this.timer.set(deadline)
  }

  /** The command, marked as repeatable if the client's options say so. */
  withRepeat(command: Command.Any): Command.Any {
    return this.mayRepeat !== undefined && !command.repeat && isAllowed(this.mayRepeat, command)
      ? Command.repeatable(command)
      : command
  }

  withRepeats(commands: ReadonlyArray<Command.Any>): ReadonlyArray<Command.Any> {
    return this.mayRepeat === undefined ? commands : commands.map((command) => this.withRepeat(command))
  }

  count(metric: "ambiguous" | "repeated"): void {
    const counter = metric === "ambiguous" ? Metrics.ambiguousWrites : Metrics.repeatedCommands
    counter.updateUnsafe(1, this.services)
  }

  /** Runs an effect until the client is closed: then it is interrupted, and the result is `ClientClosed`. */
  readonly untilClosed = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | ClientClosed, R> =>
    Effect.suspend(() =>
      this.isClosed
        ? Effect.fail(this.closedError())
        : Effect.raceFirst(effect, Deferred.await(this.closing))
    )

  closedError(): ClientClosed {
    return new ClientClosed({ target: this.label })
  }

  close(): void {
    this.isClosed = true
    this.timer.close()
    Deferred.doneUnsafe(this.closing, Exit.fail(this.closedError()))
  }
}

/** A user's function that throws, or gives something else than true, does not allow it. */
const isAllowed = (mayRepeat: (command: Command.Any) => boolean, command: Command.Any): boolean => {
  try {
    return mayRepeat(command) === true
  } catch {
    return false
  }
}
