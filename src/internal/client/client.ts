/**
 * Clients on a runner: pipelines, transactions, scans, reserved connections and
 * subscriptions, and the checks of their arguments. The command methods are in
 * methods.ts.
 */
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type {
  Base,
  Offset,
  PrimaryClient,
  ReplicaClient,
  ReservedClient,
  RunOptions,
  ScanOptions,
  TextOrBytes,
  WatchClient
} from "../../Client.ts"
import * as Command from "../../Command.ts"
import * as commands from "../../commands/index.ts"
import { InvalidCommand, type RedisError, RoleMismatch } from "../../Errors.ts"
import type { MonitorOptions } from "../../MonitorStream.ts"
import type { Lists } from "../../PopStream.ts"
import { optionsOf as optionsWith } from "../commands/args.ts"
import { choiceProblem, durationOf, fieldsOf, integerProblem, isBytes, itemsOf, kindOf } from "../common/values.ts"
import {
  type BatchResult,
  type ClientRunner,
  firstFailure,
  type Reserved,
  type Runner,
  type ScanPosition
} from "../execution/types.ts"
import { after } from "../replicas/afterOffset.ts"
import { makeSubscriptions } from "../subscriptions/subscriptions.ts"
import type { SessionSource } from "./followedStream.ts"
import { makeKeyspace } from "./keyspace.ts"
import { argumentError, makeCall, makeCalls, makeMethods, makeValueMethods } from "./methods.ts"
import { makeMonitor } from "./monitor.ts"
import { withMoves } from "./moves.ts"
import { makePopStream, popRequestOf, type PopSource } from "./popStream.ts"
import { withWaiting, withWaitsEnded } from "./waiting.ts"
import { makeWatch, unwatch, watch, type Watching } from "./watch.ts"

const allResults = ({ failures, values }: BatchResult): Effect.Effect<any, RedisError> => {
  return failures === undefined ? Exit.succeed(values) : firstFailure(failures)
}

const allOutcomes = ({ failures, values }: BatchResult): Effect.Effect<any, RedisError> => {
  const results: Array<Result.Result<unknown, RedisError>> = new Array(values.length)
  for (let i = 0; i < values.length; i++) {
    const failure = failures?.get(i)
    if (failure === undefined) {
      results[i] = Result.succeed(values[i])
      continue
    }
    const error = Exit.isFailure(failure) ? Cause.findErrorOption(failure.cause) : Option.none()
    // A defect is no outcome of a command.
    if (Option.isNone(error)) return failure
    results[i] = Result.fail(error.value)
  }
  return Exit.succeed(results)
}

const invalid = (command: string, detail: string): Effect.Effect<never, InvalidCommand> =>
  Effect.fail(new InvalidCommand({ command, detail }))

/** A copy of a list of commands, which the caller may change afterwards. */
const commandsOf = (name: string, given: unknown): ReadonlyArray<Command.Any> | InvalidCommand => {
  const list = itemsOf(given)
  if (typeof list === "string") return new InvalidCommand({ command: name, detail: `commands: ${list}` })
  for (let i = 0; i < list.length; i++) {
    const problem = Command.problemOf(list[i])
    if (problem !== undefined) return new InvalidCommand({ command: name, detail: `commands[${i}]: ${problem}` })
  }
  return list as Array<Command.Any>
}

/** The timeout among options, as a Duration; undefined if there is none. */
const timeoutOf = (command: string, given: RunOptions | undefined): Duration.Duration | undefined | InvalidCommand => {
  if (given === undefined) return undefined
  const fields = fieldsOf(given)
  if (typeof fields === "string") return new InvalidCommand({ command, detail: `options: ${fields}` })
  try {
    optionsWith<RunOptions>(command, given, { timeout: "value" })
  } catch (error) {
    return argumentError(command, [given], error)
  }
  if (fields["timeout"] === undefined) return undefined
  const timeout = durationOf(fields["timeout"])
  return typeof timeout === "string" ? new InvalidCommand({ command, detail: `timeout: ${timeout}` }) : timeout
}

const collectionStreamFields = { match: "value", count: "value", whenInterrupted: "value" } as const
const scanStreamFields = { match: "value", count: "value", type: "value", whenInterrupted: "value" } as const

const scanOptionsOf = (
  command: string,
  given: unknown
): (ScanOptions & { readonly type?: string | undefined }) | InvalidCommand => {
  const fields = given === undefined ? {} : fieldsOf(given)
  if (typeof fields === "string") return new InvalidCommand({ command, detail: `options: ${fields}` })
  try {
    optionsWith(command, given as object | undefined, command === "SCAN" ? scanStreamFields : collectionStreamFields)
  } catch (error) {
    return argumentError(command, [given], error)
  }
  const { count, match, type, whenInterrupted } = fields
  const wrong = (field: string, problem: string | undefined): string | undefined =>
    problem === undefined ? undefined : `${field}: ${problem}`
  const text = (field: string, value: unknown): string | undefined =>
    value === undefined || typeof value === "string" ? undefined : `${field}: expected a string, got ${kindOf(value)}`
  const detail = text("match", match) ?? text("type", type) ??
    (count === undefined ? undefined : wrong("count", integerProblem(count, 1, Number.MAX_SAFE_INTEGER))) ??
    (whenInterrupted === undefined
      ? undefined
      : wrong("whenInterrupted", choiceProblem(whenInterrupted, ["fail", "restart"])))
  if (detail !== undefined) return new InvalidCommand({ command, detail })
  return { count, match, type, whenInterrupted } as ScanOptions & { readonly type?: string | undefined }
}

/** The name of a command as text; another value is refused as a name. */
const nameOf = (word: unknown): string => isBytes(word) ? new TextDecoder().decode(word) : word as string

const invalidWords = (problem: string): never => {
  throw new InvalidCommand({ command: "send", detail: `words: ${problem}` })
}

const ofReplicas = "a client of replicas does not write: use a client of the primary"
const ofWatch = "the client of the body of `watch` only reads: give this command back, to be executed"

/** The types forbid a write of a client that reads; callers may go around them. */
const writeRefused = (
  mode: Command.Mode,
  list: ReadonlyArray<Command.Any>,
  why: string
): InvalidCommand | undefined => {
  const write = mode === "write" ? undefined : list.find((command) => command.spec.mode === "write")
  return write === undefined ? undefined : new InvalidCommand({ command: write.spec.name, detail: why })
}

const make = (
  runner: Runner,
  target: string,
  mode: Command.Mode,
  more: Readonly<Record<string, unknown>> = {},
  whyNoWrites: string = ofReplicas
): Base<any> => {
  const refused = (list: ReadonlyArray<Command.Any>): InvalidCommand | undefined =>
    writeRefused(mode, list, whyNoWrites)
  const run = mode === "write"
    ? runner.run
    : (command: Command.Any, timeout?: Duration.Input | undefined): Effect.Effect<any, RedisError> => {
      const invalid = refused([command])
      return invalid === undefined ? runner.run(command, timeout) : Effect.fail(invalid)
    }
  const guarded = (
    name: string,
    many: Runner["runPipeline"],
    gather: (outcomes: BatchResult) => Effect.Effect<any, RedisError>
  ) =>
  (given: ReadonlyArray<Command.Any>, options?: RunOptions | undefined): Effect.Effect<any, RedisError> => {
    const list = commandsOf(name, given)
    if (list instanceof InvalidCommand) return Effect.fail(list)
    const timeout = timeoutOf(name, options)
    const invalid = timeout instanceof InvalidCommand ? timeout : refused(list)
    return invalid === undefined
      ? Effect.flatMap(many(list, timeout as Duration.Duration | undefined), gather)
      : Effect.fail(invalid)
  }

  const scan = (
    name: string,
    pageCommand: (
      cursor: string,
      options: ScanOptions & { readonly type?: string | undefined }
    ) => Command.Command<Command.Page<ReadonlyArray<unknown>>, "read", any>,
    given: ScanOptions | undefined
  ): Stream.Stream<any, RedisError> => {
    const options = scanOptionsOf(name, given)
    if (options instanceof InvalidCommand) return Stream.fail(options)
    const { whenInterrupted, ...ofPages } = options
    return Stream.suspend(() => {
      const position: ScanPosition = { server: undefined, given: 0 }
      const turn = (cursor: string): Effect.Effect<Command.Page<ReadonlyArray<unknown>>, RedisError> =>
        whenInterrupted === "restart"
          ? Effect.catchTag(runner.runScanPage(pageCommand(cursor, ofPages), position), "ScanInterrupted", () => {
            position.server = undefined
            position.connection = undefined
            return turn("0")
          })
          : runner.runScanPage(pageCommand(cursor, ofPages), position)
      return Stream.paginate(
        "0",
        (cursor: string) =>
          Effect.map(turn(cursor), ({ cursor: next, items }) => {
            position.given += items.length
            return [items, next === "0" ? Option.none<string>() : Option.some(next)] as const
          })
      )
    })
  }

  /** What a client has both for text and for bytes. */
  const repliesAs = (as: "text" | "bytes"): TextOrBytes<any> => {
    const shaped = <C extends Command.Any>(command: C): C => as === "bytes" ? Command.bytes(command) as C : command
    return {
      send: (first: unknown, ...others: Array<any>) => {
        let command: Command.Command<unknown, any>
        try {
          const words = Array.isArray(first) ? itemsOf(first) : undefined
          command = words === undefined
            ? Command.raw(first as string, others)
            : typeof words === "string"
            ? invalidWords(words)
            : Command.raw(nameOf(words[0]), words.slice(1) as Array<Command.Arg>, others[0])
        } catch (error) {
          return Effect.fail(argumentError("send", [first, ...others], error))
        }
        return mode === "read" && command.spec.mode === "write"
          ? invalid(
            command.spec.name,
            `${whyNoWrites}; if this command reads, send its words as an array, with { mode: "read" }`
          )
          : runner.run(shaped(command))
      },
      scanStream: (options) => scan("SCAN", (cursor, checked) => shaped(commands.scan(cursor, checked)), options),
      hscanStream: (key, options) =>
        scan("HSCAN", (cursor, checked) => shaped(commands.hscan(key, cursor, checked)), options),
      sscanStream: (key, options) =>
        scan("SSCAN", (cursor, checked) => shaped(commands.sscan(key, cursor, checked)), options),
      zscanStream: (key, options) =>
        scan("ZSCAN", (cursor, checked) => shaped(commands.zscan(key, cursor, checked)), options)
    }
  }

  const methods = makeMethods(run, "text")
  let bytes: Record<string, unknown> | undefined
  Object.defineProperty(methods, "bytes", {
    enumerable: true,
    get: () => bytes ??= Object.assign(makeMethods(run, "bytes"), repliesAs("bytes"), more)
  })
  const base: Omit<Base<any>, "bytes" | keyof TextOrBytes<any>> = {
    target,
    values: (values) => makeValueMethods(run, values),
    script: (script) => makeCall(run, script),
    functions: (library) => makeCalls(run, library),
    run: (command, options) => {
      const problem = Command.problemOf(command)
      if (problem !== undefined) return invalid("run", problem)
      const timeout = timeoutOf(command.spec.name, options)
      return timeout instanceof InvalidCommand ? Effect.fail(timeout) : run(command, timeout)
    },
    repeatable: (command) => {
      const problem = Command.problemOf(command)
      return problem === undefined ? run(Command.repeatable(command)) : invalid("repeatable", problem)
    },
    pipeline: guarded("pipeline", runner.runPipeline, allResults),
    pipelineResults: guarded("pipelineResults", runner.runPipeline, allOutcomes),
    transaction: guarded("transaction", runner.runTransaction, allResults),
    transactionResults: guarded("transactionResults", runner.runTransaction, allOutcomes)
  }
  return Object.assign(methods, base, repliesAs("text")) as unknown as Base<any>
}

/** The methods `watch` that stay on the connection of a reserved client, by that client. */
const watchesOnReserved = new WeakMap<object, unknown>()

/** The method `watch` of a client whose every command goes to one reserved connection. */
export const watchOnReserved = (reserved: object): PrimaryClient["watch"] =>
  watchesOnReserved.get(reserved) as PrimaryClient["watch"]

const fromExecutor = (executor: ClientRunner, mode: Command.Mode, database = 0): Base<any> => {
  const withWatch = (runner: Runner, epoch: number, base: Base<any>) =>
    Object.assign(base, { epoch, watch: (...keys: Array<Command.Key>) => runner.run(watch(keys)) })
  const watching = (reserve: Watching["reserve"], canReserveAgain: boolean) =>
    makeWatch({
      label: executor.label,
      commandTimeout: executor.commandTimeout,
      reserve,
      canReserveAgain,
      clientOn: (runner, epoch) =>
        withWatch(runner, epoch, make(runner, executor.label, "read", {}, ofWatch)) as unknown as WatchClient,
      commandsOf: (given) => {
        const list = commandsOf("watch", given)
        return list instanceof InvalidCommand ? list : writeRefused(mode, list, ofReplicas) ?? list
      },
      gather: allResults
    })
  const clientOn = (reserved: Reserved) => {
    const client = Object.assign(withWatch(reserved, reserved.connection.epoch, make(reserved, executor.label, mode)), {
      unwatch: reserved.run(unwatch)
    })
    watchesOnReserved.set(client, watching(Effect.succeed(reserved), false))
    return client as unknown as ReservedClient<any>
  }
  const reserve = Effect.map(executor.reserve, clientOn)
  const source: SessionSource = {
    label: executor.label,
    session: (prepare) => executor.session(prepare),
    untilClosed: executor.untilClosed
  }
  const monitorOptionsOf = (given: unknown): MonitorOptions | string => {
    const fields = given === undefined ? {} : fieldsOf(given)
    if (typeof fields === "string") return `options: ${fields}`
    const { capacity } = fields
    const problem = capacity === undefined || capacity === Infinity
      ? undefined
      : integerProblem(capacity, 1, Number.MAX_SAFE_INTEGER)
    return problem === undefined ? fields : `capacity: ${problem}`
  }
  const monitorAs = (as: "text" | "bytes") => (options?: MonitorOptions | undefined) => {
    const checked = monitorOptionsOf(options)
    return typeof checked === "string"
      ? Stream.fromEffect(invalid("MONITOR", checked))
      : makeMonitor(source, checked, as as "text")
  }
  const { bytes: bytesSubscriptions, ...subscriptions } = makeSubscriptions(executor)
  const popSource: PopSource = {
    label: executor.label,
    reserve: executor.reserveToWait,
    run: executor.run,
    untilClosed: executor.untilClosed
  }
  const popAs = (as: "text" | "bytes") => (lists: Lists, options?: unknown) => {
    const request = popRequestOf(lists, options, as)
    return request instanceof InvalidCommand ? Stream.fail(request) : makePopStream<unknown>(popSource, request)
  }
  const keyspaceAs = (as: "text" | "bytes") => (request: unknown, options?: unknown) =>
    makeKeyspace(
      {
        label: executor.label,
        database,
        askBeside: executor.askBeside,
        subscription: bytesSubscriptions.subscription
      },
      as,
      request,
      options
    )
  const bytes = {
    ...bytesSubscriptions,
    monitorStream: monitorAs("bytes"),
    keyspace: keyspaceAs("bytes"),
    ...(mode === "write" ? { popStream: popAs("bytes") } : {})
  }
  const client = Object.assign(make(executor, executor.label, mode, bytes), {
    reserve,
    watch: watching(executor.reserve, true),
    ...subscriptions,
    monitorStream: monitorAs("text"),
    keyspace: keyspaceAs("text"),
    ...(mode === "write" ? { popStream: popAs("text") } : {})
  })
  return withWaitsEnded(withWaiting(client, executor.reserveToWait, clientOn), executor.waitsEnded)
}

/**
 * A client that reads and writes, on an executor.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makePrimary = (executor: ClientRunner, database = 0): PrimaryClient => {
  const client = Object.assign(fromExecutor(executor, "write", database), {
    offset: Effect.flatMap(
      executor.run(commands.role()),
      (role): Effect.Effect<Offset, RedisError> =>
        role.role === "primary"
          ? Effect.succeed({ epoch: executor.epoch, offset: role.offset })
          : Effect.fail(new RoleMismatch({ address: executor.label, expected: "primary", actual: role.role }))
    )
  }) as unknown as PrimaryClient
  return withMoves(client, () => executor.moves)
}

const offsetOf = (given: unknown): Offset | InvalidCommand => {
  const fields = fieldsOf(given)
  const problem = typeof fields === "string"
    ? fields
    : ["epoch", "offset"].flatMap((field) => {
      const wrong = integerProblem(fields[field], 0, Number.MAX_SAFE_INTEGER)
      return wrong === undefined ? [] : [`${field}: ${wrong}`]
    })[0]
  return problem === undefined
    ? fields as unknown as Offset
    : new InvalidCommand({ command: "afterOffset", detail: problem })
}

/** Fails all commands, in place of the runner of a client that cannot be made. */
const refusing = (error: InvalidCommand): Runner => {
  const refuse = () => Effect.fail(error)
  return { run: refuse, runPipeline: refuse, runTransaction: refuse, runScanPage: refuse }
}

/**
 * A client that reads, on an executor; `primary` serves reads for which no replica is new enough.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeReplica = (
  executor: ClientRunner,
  primary?: ClientRunner | undefined,
  database = 0
): ReplicaClient => {
  const client = Object.assign(fromExecutor(executor, "read", database), {
    afterOffset: (offset: Offset) => {
      const given = offsetOf(offset)
      const runner = given instanceof InvalidCommand ? refusing(given) : after(executor, primary, given)
      return make(runner, executor.label, "read")
    }
  }) as unknown as ReplicaClient
  return withMoves(client, () => executor.moves)
}
