/**
 * Calls of `redis.watch`, and of pipelines and transactions with options, that must not
 * compile, and some that must. test/typeErrors.test.ts reads this file as it reads options.ts.
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { type Client, commands, type Errors } from "../../src/index.ts"

declare const redis: Client.PrimaryClient
declare const replica: Client.ReplicaClient

class Poor {
  readonly _tag = "Poor"
}

// What compiles, and its types.

export const tuple: Effect.Effect<["OK" | null, number], Errors.RedisError> = redis.watch(
  "n",
  (watched) => Effect.map(watched.get("n"), (n) => [commands.set("n", n ?? "0"), commands.incr("n")])
)
export const generated: Effect.Effect<[] | ["OK" | null, number], Errors.RedisError | Poor, Client.PrimaryClient> =
  redis
    .watch(["n", new Uint8Array()], (watched) =>
      Effect.gen(function*() {
        const n = yield* watched.get("n")
        yield* watched.watch("other")
        if (n === "none") return yield* Effect.fail(new Poor())
        if (n === null) return []
        return [commands.set("n", n), commands.incr("n")]
      }))
export const valued: Effect.Effect<
  Client.WatchedValue<[], "none"> | Client.WatchedValue<[number], number>,
  Errors.RedisError
> = redis.watch("n", (watched) =>
  Effect.gen(function*() {
    const n = yield* watched.get("n")
    if (n === null) return { commands: [], value: "none" as const }
    return { commands: [commands.incr("n")], value: n.length }
  }))
export const many: Effect.Effect<ReadonlyArray<number>, Errors.RedisError> = redis.watch(
  "n",
  () => Effect.succeed(["a", "b"].map((key) => commands.incr(key))),
  { schedule: Schedule.recurs(3), timeout: "1 second" }
)
export const timed: Effect.Effect<[number], Errors.RedisError> = redis.transaction([commands.incr("n")], {
  timeout: "Infinity"
})

// What does not.

// @ts-expect-error: 'Command<number, "write", number>' is not assignable
void replica.watch("n", () => Effect.succeed([commands.incr("n")]))
// @ts-expect-error: Property 'set' does not exist on type 'WatchClient'
void redis.watch("n", (watched) => Effect.as(watched.set("n", "1"), []))
// @ts-expect-error: Property 'transaction' does not exist on type 'WatchClient'
void redis.watch("n", (watched) => Effect.as(watched.transaction([commands.get("n")]), []))
// @ts-expect-error: Property 'unwatch' does not exist on type 'WatchClient'
void redis.watch("n", (watched) => Effect.as(watched.unwatch, []))
// @ts-expect-error: Property 'reserve' does not exist on type 'WatchClient'
void redis.watch("n", (watched) => Effect.as(watched.reserve, []))
// @ts-expect-error: Type 'number' is not assignable to type
void redis.watch("n", () => Effect.succeed([commands.incr("n"), 5]))
// @ts-expect-error: Property 'value' is missing
void redis.watch("n", () => Effect.succeed({ commands: [commands.incr("n")] }))
// @ts-expect-error: Argument of type 'number' is not assignable to parameter of type
void redis.watch(5, () => Effect.succeed([]))
// @ts-expect-error: 'retries' does not exist in type 'WatchOptions'
void redis.watch("n", () => Effect.succeed([]), { retries: 5 })
// @ts-expect-error: 'number' is not assignable to type
void redis.watch("n", () => Effect.succeed([]), { timeout: 500 })
// @ts-expect-error: 'number' is not assignable to type
void redis.pipeline([commands.incr("n")], { timeout: 500 })
// @ts-expect-error: 'retries' does not exist in type 'RunOptions'
void redis.pipelineResults([commands.incr("n")], { retries: 5 })
// @ts-expect-error: 'number' is not assignable to type
void redis.transaction([commands.incr("n")], { timeout: 500 })
// @ts-expect-error: has no properties in common with type 'RunOptions'
void redis.transactionResults([commands.incr("n")], "1 second")
