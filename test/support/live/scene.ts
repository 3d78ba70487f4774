/**
 * Scenes: calls of commands on a real server, each with the result that it must have. Every scene runs in RESP2 and in
 * RESP3, for text and for bytes, on a server without data, and must go the same way each time.
 *
 * This file says what a scene is and runs one; the scenes are in the other files of this folder, by family, and
 * test/integration/replies.test.ts runs them all.
 */
import { assert } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { type Client, Command, commands, type Errors } from "../../../src/index.ts"

/** What the steps of a scene run on. */
export class Live extends Context.Service<Live, {
  readonly redis: Pick<Client.PrimaryClient, "run">
  /** The client itself, and another one of the same server. */
  readonly client: Client.PrimaryClient
  readonly other: Client.PrimaryClient
  /** Whether the strings of results are bytes. */
  readonly bytes: boolean
  /** What each step has shown: equal in all runs. */
  readonly seen: Array<readonly [constructor: string, result: unknown]>
  /** The constructors whose commands had a result that was checked. */
  readonly covered: Set<string>
}>()("test/Live") {}

/** A command went another way than a scene says. */
export class Unexpected extends Data.TaggedError("Unexpected")<{ readonly message: string }> {}

/** A step of a scene. */
export type Step = Effect.Effect<unknown, unknown, Live | Scope.Scope>

export interface Scene {
  readonly name: string
  readonly steps: ReadonlyArray<Step>
  /** Commands, by their words, without which the server skips the scene. */
  readonly needs: ReadonlyArray<string>
  /** Option words, as `SET IFEQ`, without which the server skips the scene. */
  readonly options: ReadonlyArray<string>
}

/** A scene, for servers that have everything that it needs. */
export const scene = (
  name: string,
  needs: { readonly commands?: ReadonlyArray<string>; readonly options?: ReadonlyArray<string> },
  ...steps: ReadonlyArray<Step>
): Scene => ({ name, needs: needs.commands ?? [], options: needs.options ?? [], steps })

/** A scene for every server. */
export const anywhere = (name: string, ...steps: ReadonlyArray<Step>): Scene => scene(name, {}, ...steps)

const constructors = new WeakMap<Command.Any, string>()

const named = <A extends object>(namespace: A, prefix = ""): A =>
  Object.fromEntries(
    Object.entries(namespace).map(([name, value]) => [
      name,
      typeof value !== "function" ? value : (...args: ReadonlyArray<unknown>) => {
        const command = value(...args)
        if (typeof command === "object" && command !== null && "spec" in command) {
          constructors.set(command, prefix + name)
        }
        return command
      }
    ])
  ) as A

/** The constructors of commands. A scene uses these, so that it is known which of them have run. */
export const c: typeof commands = named(commands)

/** The constructors of the commands of sentinels. */
export const s: typeof commands.sentinel = named(commands.sentinel, "sentinel.")

/** A result with text in place of bytes, however deep. */
const asText = (value: unknown): unknown =>
  value instanceof Uint8Array
    ? new TextDecoder().decode(value)
    : Array.isArray(value)
    ? value.map(asText)
    : value instanceof Map
    ? new Map(Array.from(value, ([k, v]) => [asText(k), asText(v)]))
    : value instanceof Set
    ? new Set(Array.from(value, asText))
    : typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype
    ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, asText(v)]))
    : value

/** What is the same of two results whose values may differ: their types, and the names of their fields. */
const shapeOf = (value: unknown): unknown =>
  Array.isArray(value)
    ? "array"
    : typeof value === "object" && value !== null
    ? Object.getPrototypeOf(value) === Object.prototype
      ? Object.entries(value).map(([name, v]) => `${name}: ${v === null ? "null" : typeof v}`).sort()
      : value.constructor.name
    : typeof value

const nameOf = (command: Command.Any): string => {
  const name = constructors.get(command)
  if (name === undefined) throw new Error("scenes make commands with `c` and `s` of test/support/live/scene.ts")
  return name
}

const labelOf = (command: Command.Any): string =>
  `${nameOf(command)}: ${
    [...command.spec.words, ...command.args.map((arg) => typeof arg === "object" ? "<bytes>" : String(arg))].join(" ")
  }`.slice(0, 300)

const execute = <A>(command: Command.Command<A, any, any>): Effect.Effect<A, Errors.RedisError, Live> =>
  Effect.gen(function*() {
    const { bytes, redis } = yield* Live
    const result = yield* redis.run<any, any>(bytes ? Command.bytes(command) : command)
    return (bytes ? asText(result) : result) as A
  })

const reported = <A>(command: Command.Any, effect: Effect.Effect<A, Errors.RedisError, Live>) =>
  Effect.mapError(effect, (error) => new Unexpected({ message: `${labelOf(command)}\n${error.message}` }))

/** An assertion that fails is an error, so that a step can be tried again. */
const holds = (assertion: () => void): Effect.Effect<void, Unexpected> =>
  Effect.try({ try: assertion, catch: (error) => new Unexpected({ message: (error as Error).message }) })

const record = (command: Command.Any, result: unknown): Effect.Effect<void, never, Live> =>
  Effect.map(Live, ({ covered, seen }) => {
    covered.add(nameOf(command))
    seen.push([nameOf(command), result])
  })

/** The command has this result. */
export const is = <A>(command: Command.Command<A, any, any>, expected: NoInfer<A>): Step =>
  Effect.gen(function*() {
    const { bytes } = yield* Live
    const result = yield* reported(command, execute(command))
    yield* holds(() => assert.deepStrictEqual(result, bytes ? asText(expected) : expected, labelOf(command)))
    yield* record(command, result)
  })

/** The command has a result of which this is true, and the same fields in all runs. */
export const fits = <A>(command: Command.Command<A, any, any>, test: (result: A) => boolean): Step =>
  Effect.gen(function*() {
    const result = yield* reported(command, execute(command))
    yield* holds(() => assert.isTrue(test(result), `${labelOf(command)}\nhas the result ${show(result)}`))
    yield* record(command, shapeOf(result))
  })

/** The command fails with an error of this tag, and of this code if the server refuses it. */
export const fails = (command: Command.Any, tag: Errors.RedisError["_tag"], code?: string): Step =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(execute(command)) as Effect.Effect<Errors.RedisError, unknown, Live>
    yield* holds(() =>
      assert.deepStrictEqual([error._tag, "code" in error ? error.code : undefined], [tag, code], labelOf(command))
    )
  })

/** Gives the result of a command: strings are text in all runs. What it shows is not compared. */
export const result = <A>(command: Command.Command<A, any, any>): Effect.Effect<A, Unexpected, Live> =>
  reported(command, execute(command))

/** Gives the bytes that a command gives in text, too. */
export const bytesOf = (
  command: Command.Command<Uint8Array | null, any, any>
): Effect.Effect<Uint8Array, Unexpected, Live> =>
  reported(
    command,
    Effect.gen(function*() {
      const { covered, redis } = yield* Live
      const bytes = yield* redis.run<any, any>(command)
      assert.instanceOf(bytes, Uint8Array, labelOf(command))
      covered.add(nameOf(command))
      return bytes
    })
  )

/** Runs commands that prepare a scene. */
export const given = (...list: ReadonlyArray<Command.Any>): Step =>
  Effect.forEach(list, (command) => reported(command, execute(command)), { discard: true })

/** Tries a step until it succeeds: for what becomes true at some time. */
export const eventually = (step: Step): Step => Effect.retry(step, Schedule.spaced("1 millis"))

/** Runs steps on one reserved connection. */
export const onReserved = (...steps: ReadonlyArray<Step>): Step =>
  Effect.scoped(Effect.gen(function*() {
    const live = yield* Live
    const redis = yield* live.client.reserve
    yield* Effect.provideService(Effect.forEach(steps, (step) => step, { discard: true }), Live, { ...live, redis })
  }))

const show = (value: unknown): string =>
  JSON.stringify(value, (_, v) => typeof v === "bigint" ? `${v}n` : v)?.slice(0, 2000) ?? String(value)
