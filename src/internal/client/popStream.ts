/**
 * The Stream of elements that are popped from lists: how it waits for them, goes on after an outage, and loses none
 * when it is interrupted.
 *
 * How a blocking command runs is in internal/execution/blocking.ts.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Command from "../../Command.ts"
import { clientUnblock } from "../../commands/connection.ts"
import * as commands from "../../commands/index.ts"
import { type ConnectionError, type DeadlineExceeded, InvalidCommand, type RedisError } from "../../Errors.ts"
import * as Metrics from "../../Metrics.ts"
import type { CodecOptions, MaybeLost, Popped, Unreadable } from "../../PopStream.ts"
import { optionsOf } from "../commands/args.ts"
import { Outage } from "../common/outage.ts"
import { passes } from "../common/passing.ts"
import { Pauses } from "../common/pauses.ts"
import { monotonicMillis } from "../common/time.ts"
import { choiceProblem, fieldsOf, integerProblem, isBytes, itemsOf, kindOf } from "../common/values.ts"
import type { Reserved, Runner } from "../execution/types.ts"
import { type Codec, codecOf, decodeWith, Unfit } from "../values/codecs.ts"
import { lastCommandsMillis } from "./silence.ts"

/** How long the server waits for an element in one request. A Stream that ends in the worst case waits that long. */
const turn = "5 seconds"
/** How long the pauses are between requests to end a wait: the request may overtake the wait. */
const unblockPause = "50 millis"
/** For how long the end of a wait is waited for before its connection is closed instead. */
const endTimeout = "1 second"

/**
 * Where the Stream gets its elements.
 *
 * @since 0.1.0
 * @category models
 */
export interface PopSource {
  /** What it is bound to, for messages. */
  readonly label: string
  /** A connection of its own, until the Scope closes. Where all are taken it says so, and waits for its turn. */
  readonly reserve: (whenFull: () => void) => Effect.Effect<Reserved, ConnectionError | DeadlineExceeded, Scope.Scope>
  readonly run: Runner["run"]
  /** Runs an effect, but fails with `ClientClosed` as soon as the client is closed. */
  readonly untilClosed: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | RedisError, R>
}

/**
 * What is popped, and how.
 *
 * @since 0.1.0
 * @category models
 */
export interface PopRequest<out Item> {
  readonly lists: ReadonlyArray<Command.Key>
  readonly side: "left" | "right"
  readonly count: number
  /** The item of an element. */
  readonly itemOf: (key: Uint8Array, value: Uint8Array) => Item
}

type Pop = Effect.Effect<Taken | undefined, RedisError>

/** Elements that were removed from a list and not given to the reader. */
interface Taken {
  readonly key: Uint8Array
  readonly values: Array<Uint8Array>
}

const popFrom = (reserved: Reserved, { count, lists: keys, side }: PopRequest<unknown>): Pop => {
  return count > 1
    ? Effect.map(
      reserved.run(Command.bytes(commands.blmpop(keys, side, turn, count))),
      (popped) => popped === null ? undefined : { key: popped.key, values: popped.elements }
    )
    : Effect.map(
      reserved.run(Command.bytes(side === "left" ? commands.blpop(keys, turn) : commands.brpop(keys, turn))),
      (popped) => popped === null ? undefined : { key: popped[0], values: [popped[1]] }
    )
}

/**
 * Pops elements as the reader asks for them, for as long as the client lives.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makePopStream = <Item>(
  source: PopSource,
  request: PopRequest<Item>
): Stream.Stream<Item | MaybeLost, RedisError> => {
  /** Puts elements back where they were; again where that has no effect, as without a connection. */
  const putBack = ({ key, values }: Taken): Effect.Effect<unknown> =>
    Effect.suspend(() => {
      const [first, ...others] = values.reverse()
      if (first === undefined) return Effect.void
      // A command may have no time limit, or one that a failover exceeds.
      const push = source.run(
        (request.side === "left" ? commands.lpush : commands.rpush)(key, first, ...others),
        lastCommandsMillis
      )
      const pauses = new Pauses()
      const again = (error: RedisError, began: number): Effect.Effect<unknown> =>
        Effect.flatMap(monotonicMillis, (now) =>
          // One that may have been executed would put them there twice.
          error._tag !== "AmbiguousOutcome" && passes(error, true) && now - began < lastCommandsMillis
            ? Effect.andThen(pauses.wait, Effect.catch(push, (error) => again(error, began)))
            : Effect.andThen(
              Metric.update(Metrics.maybeLostElements, values.length),
              Effect.logWarning(
                `${source.label}: popStream ended with ${values.length} element(s) that it ${
                  error._tag === "AmbiguousOutcome" ? "may not have" : "has not"
                } put back: ${error.message}`
              )
            ))
      return Effect.flatMap(monotonicMillis, (began) => Effect.catch(push, (error) => again(error, began)))
    })

  /** Ends the wait at the server, and puts back what it has taken nevertheless. One that was not sent just ends. */
  const end = (reserved: Reserved, fiber: Fiber.Fiber<Taken | undefined, RedisError>): Effect.Effect<void> =>
    Effect.gen(function*() {
      const { connection } = reserved
      const waiting = Fiber.await(fiber)
      // Each answer is waited for: a request that comes later would end the next wait on this connection.
      const ask = Effect.suspend(() => {
        const other = reserved.sibling
        return connection.id === 0 || other === undefined
          ? Effect.void
          : Effect.ignore(other.call(clientUnblock(connection.id, "error")))
      })
      const ending: Effect.Effect<void> = Effect.suspend(() =>
        reserved.isUnsent ? Fiber.interrupt(fiber) : Effect.flatMap(
          Effect.andThen(ask, Effect.timeoutOption(waiting, unblockPause)),
          (exit) => Option.isSome(exit) ? Effect.void : ending
        )
      )
      const hasAnswer = Option.isSome(yield* Effect.timeoutOption(ending, endTimeout))
      if (!hasAnswer) {
        connection.close("the server did not end the command that waits on it")
        yield* Fiber.interrupt(fiber)
      }
      const ended = yield* waiting
      if (Exit.isSuccess(ended)) return ended.value === undefined ? undefined : yield* putBack(ended.value)
      const error = Cause.findErrorOption(ended.cause)
      if (hasAnswer && (Option.isNone(error) || error.value._tag !== "AmbiguousOutcome")) return
      yield* Metric.update(Metrics.maybeLostElements, request.count)
      yield* Effect.logWarning(
        `${source.label}: popStream ended without an answer of the server: at most ${request.count} element(s) may be lost`
      )
    })

  /** One request. Interruption waits until it is known what it has taken. */
  const popWith = (outage: Outage): Pop =>
    Effect.scoped(
      Effect.flatMap(outage.whileShort("maxBlocking", source.reserve), (reserved) =>
        Effect.uninterruptibleMask((restore) =>
          Effect.flatMap(
            Effect.forkDetach(Effect.interruptible(popFrom(reserved, request)), { startImmediately: true }),
            (fiber) =>
              Effect.onInterrupt(restore(Fiber.join(fiber)), () => end(reserved, fiber))
          )
        ))
    )

  return Stream.unwrap(Effect.gen(function*() {
    const outage = new Outage(`${source.label}: popStream`)
    const pop = popWith(outage)
    let held: Taken | undefined
    yield* Effect.addFinalizer(() => held === undefined ? Effect.void : putBack(held))
    const next: Effect.Effect<Item | MaybeLost, RedisError> = Effect.suspend(() => {
      const value = held?.values.shift()
      if (value !== undefined) return Effect.succeed(request.itemOf(held!.key, value))
      held = undefined
      return Effect.matchEffect(pop, {
        onSuccess: (taken) => {
          held = taken
          return Effect.andThen(outage.over, next)
        },
        onFailure: (error): Effect.Effect<Item | MaybeLost, RedisError> => {
          switch (error._tag) {
            case "AmbiguousOutcome":
              return Effect.as(
                Metric.update(Metrics.maybeLostElements, request.count),
                { _tag: "MaybeLost" as const, most: request.count, error }
              )
            default:
              return Effect.andThen(source.untilClosed(outage.wait(error)), next)
          }
        }
      })
    })
    return Stream.fromEffectRepeat(next)
  }))
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const itemWith = <A>(
  decode: (value: Uint8Array) => A
) =>
(key: Uint8Array, value: Uint8Array): Popped<A> | Unreadable => {
  try {
    return { _tag: "Popped", key: utf8.decode(key), value: decode(value) }
  } catch (error) {
    return { _tag: "Unreadable", key, value, issue: error instanceof Unfit ? error.issue : "it is not UTF-8" }
  }
}

/** Elements as text. */
const textItem: (key: Uint8Array, value: Uint8Array) => Popped | Unreadable = itemWith((value) => utf8.decode(value))

/** Elements as values of a codec. */
const codecItem = <A>(codec: Codec<A>): (key: Uint8Array, value: Uint8Array) => Popped<A> | Unreadable =>
  itemWith((value) => decodeWith(codec, value))

/** Elements as bytes. */
const bytesItem = (key: Uint8Array, value: Uint8Array): Popped<Uint8Array, Uint8Array> => ({
  _tag: "Popped",
  key,
  value
})

const fields = { side: "value", count: "value", codec: "value" } as const

/** What is asked for, checked and copied. */
export const popRequestOf = (
  lists: unknown,
  given: unknown,
  as: "text" | "bytes"
): PopRequest<unknown> | InvalidCommand => {
  const command = "popStream"
  const invalid = (field: string, problem: string): InvalidCommand =>
    new InvalidCommand({ command, detail: `${field}: ${problem}` })
  const isKey = (key: unknown): key is Command.Key => typeof key === "string" || isBytes(key)
  const keys = isKey(lists) ? [lists] : itemsOf(lists)
  if (typeof keys === "string") return invalid("lists", `expected a key or an array of keys, got ${kindOf(lists)}`)
  if (keys.length === 0) return invalid("lists", "at least one key is required")
  const wrong = keys.findIndex((key) => !isKey(key))
  if (wrong !== -1) return invalid(`lists[${wrong}]`, `expected a key as a string or bytes, got ${kindOf(keys[wrong])}`)
  const options = given === undefined ? {} : fieldsOf(given)
  if (typeof options === "string") return invalid("options", options)
  try {
    optionsOf(command, options as Partial<CodecOptions<unknown>>, fields)
    const { codec, count = 1, side = "left" } = options as unknown as Partial<CodecOptions<unknown>>
    const problem = integerProblem(count, 1, 10_000)
    if (problem !== undefined) return invalid("count", problem)
    const choice = choiceProblem(side, ["left", "right"])
    if (choice !== undefined) return invalid("side", choice)
    if (as === "bytes" && codec !== undefined) return invalid("codec", "bytes.popStream gives bytes: use popStream")
    return {
      lists: (keys as Array<Command.Key>).map((key) => typeof key === "string" ? key : new Uint8Array(key)),
      side,
      count,
      itemOf: as === "bytes" ? bytesItem : codec === undefined ? textItem : codecItem(codecOf(command, codec))
    }
  } catch (error) {
    if (error instanceof InvalidCommand) return error
    throw error
  }
}
