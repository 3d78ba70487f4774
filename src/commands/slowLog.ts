/**
 * The SLOWLOG commands, and COMMANDLOG, in which Valkey keeps large requests and replies as well. Each server has
 * logs of its own.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg } from "../Command.ts"
import { InvalidCommand } from "../Errors.ts"
import { argv, keyword } from "../internal/commands/args.ts"
import { epochSeconds, micros } from "../internal/commands/timeDecoders.ts"
import { integerProblem } from "../internal/common/values.ts"

/**
 * A call in a log of the server.
 *
 * @since 0.1.0
 * @category models
 */
export interface LoggedCall<out A = string> {
  /** The number of the entry: each has a greater one than those before it, and a restart begins at 0. */
  readonly id: number
  /** When the call ended, to the second. */
  readonly at: DateTime.Utc
  /**
   * The words of the command and its arguments. The server shortens long arguments and long lists, and says so in
   * their place; it hides passwords.
   */
  readonly args: ReadonlyArray<A>
  /** The client's address, as `host:port`. */
  readonly client: string
  /** The name of the client's connection; empty if it has none. */
  readonly clientName: string
}

/**
 * A call that took long.
 *
 * @since 0.1.0
 * @category models
 */
export interface SlowCall<out A = string> extends LoggedCall<A> {
  /** How long the server was occupied with it, to the microsecond. */
  readonly duration: Duration.Duration
}

/**
 * A call whose request or reply was large.
 *
 * @since 0.1.0
 * @category models
 */
export interface LargeCall<out A = string> extends LoggedCall<A> {
  /** The size of the request, or of the reply. */
  readonly bytes: number
}

const slowCalls: Command.Decode<Array<SlowCall>, Array<SlowCall<Uint8Array>>> = Command.array(Command.struct({
  id: Command.int,
  at: epochSeconds,
  duration: micros,
  args: Command.strings,
  client: Command.word,
  clientName: Command.word
}))

const largeCalls: Command.Decode<Array<LargeCall>, Array<LargeCall<Uint8Array>>> = Command.array(Command.struct({
  id: Command.int,
  at: epochSeconds,
  bytes: Command.int,
  args: Command.strings,
  client: Command.word,
  clientName: Command.word
}))

/** How many entries: -1 stands for all of them. */
const countArg = (command: string, count: number | "all"): Arg => {
  if (count === "all") return -1
  const problem = integerProblem(count, 0, Number.MAX_SAFE_INTEGER)
  if (problem !== undefined) throw new InvalidCommand({ command, detail: `count: "all", or a number: ${problem}` })
  return count
}

const SLOWLOG_GET = define({ words: ["SLOWLOG", "GET"], mode: "read", decode: slowCalls })
/**
 * SLOWLOG GET returns the calls that took longer than the configuration `slowlog-log-slower-than`, from the latest
 * on: `count` of them, or `"all"`. Default 10.
 *
 * **Example** (What was slow)
 *
 * ```ts
 * import { Duration, Effect } from "effect"
 * import { RedisClient } from "effect-redis-sentinel"
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   for (const { args, duration } of yield* redis.slowlogGet(3)) {
 *     yield* Effect.log(`${args.join(" ")} took ${Duration.format(duration)}`)
 *   }
 * })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/slowlog-get/
 * @since 0.1.0
 * @category observation
 */
export const slowlogGet = (count?: number | "all" | undefined) =>
  make(SLOWLOG_GET, count === undefined ? argv() : argv(countArg(SLOWLOG_GET.name, count)))

const SLOWLOG_LEN = define({ words: ["SLOWLOG", "LEN"], mode: "read", decode: Command.int })
/**
 * SLOWLOG LEN returns how many calls are in the log.
 *
 * @see https://redis.io/docs/latest/commands/slowlog-len/
 * @since 0.1.0
 * @category observation
 */
export const slowlogLen = () => make(SLOWLOG_LEN, argv())

const SLOWLOG_RESET = define({ words: ["SLOWLOG", "RESET"], mode: "read", repeatable: false, decode: Command.ok })
/**
 * SLOWLOG RESET removes all calls from the log, and returns `"OK"`. It is not sent again if its reply is lost, and
 * fails with `AmbiguousOutcome`.
 *
 * @see https://redis.io/docs/latest/commands/slowlog-reset/
 * @since 0.1.0
 * @category observation
 */
export const slowlogReset = () => make(SLOWLOG_RESET, argv())

/**
 * A log of Valkey: of slow calls, of those with a large request, or of those with a large reply.
 *
 * @since 0.1.0
 * @category models
 */
export type CommandLog = "slow" | "large-request" | "large-reply"

const logs: ReadonlyArray<CommandLog> = ["slow", "large-request", "large-reply"]

const COMMANDLOG_GET = define({ words: ["COMMANDLOG", "GET"], mode: "read", decode: slowCalls })
const COMMANDLOG_GET_LARGE = define({ words: ["COMMANDLOG", "GET"], mode: "read", decode: largeCalls })
/**
 * COMMANDLOG GET returns the calls in a log, from the latest on: `count` of them, or `"all"`. The log `"slow"` is that
 * of SLOWLOG; in the others, a call has `bytes` in place of `duration`. Needs Valkey 8.1.
 *
 * @see https://valkey.io/commands/commandlog-get/
 * @since 0.1.0
 * @category observation
 */
export const commandlogGet: {
  (count: number | "all", log: "slow"): Command.Command<Array<SlowCall>, "read", Array<SlowCall<Uint8Array>>>
  (
    count: number | "all",
    log: "large-request" | "large-reply"
  ): Command.Command<Array<LargeCall>, "read", Array<LargeCall<Uint8Array>>>
} = (count: number | "all", log: CommandLog): any => {
  const args = argv(countArg(COMMANDLOG_GET.name, count), keyword(COMMANDLOG_GET.name, "log", log, logs))
  return log === "slow" ? make(COMMANDLOG_GET, args) : make(COMMANDLOG_GET_LARGE, args)
}

const COMMANDLOG_LEN = define({ words: ["COMMANDLOG", "LEN"], mode: "read", decode: Command.int })
/**
 * COMMANDLOG LEN returns how many calls are in a log. Needs Valkey 8.1.
 *
 * @see https://valkey.io/commands/commandlog-len/
 * @since 0.1.0
 * @category observation
 */
export const commandlogLen = (log: CommandLog) =>
  make(COMMANDLOG_LEN, argv(keyword(COMMANDLOG_LEN.name, "log", log, logs)))

const COMMANDLOG_RESET = define({ words: ["COMMANDLOG", "RESET"], mode: "read", repeatable: false, decode: Command.ok })
/**
 * COMMANDLOG RESET removes all calls from a log, and returns `"OK"`. It is not sent again if its reply is lost, and
 * fails with `AmbiguousOutcome`. Needs Valkey 8.1.
 *
 * @see https://valkey.io/commands/commandlog-reset/
 * @since 0.1.0
 * @category observation
 */
export const commandlogReset = (log: CommandLog) =>
  make(COMMANDLOG_RESET, argv(keyword(COMMANDLOG_RESET.name, "log", log, logs)))
