/** What must and what must not compile. `npm run check` compiles it; the assertions run with the tests. */
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import type * as Effect from "effect/Effect"
import * as Eff from "effect/Effect"
import { type Client, Command, commands, Errors, type Sentinel } from "../src/index.ts"

type SuccessOf<E> = E extends Effect.Effect<infer A, any, any> ? A : never
type ErrorOf<E> = E extends Effect.Effect<any, infer X, any> ? X : never

declare const redis: Client.PrimaryClient
declare const replica: Client.ReplicaClient
declare const sentinel: Sentinel.Service

/** Compiled, never run. */
const compiled = (body: () => unknown): void => void body

describe("types", () => {
  it("errors: the unions, and how catchTag narrows", () => {
    expectTypeOf<Errors.PrimaryNotFound>().toExtend<Errors.ConnectionError>()
    expectTypeOf<Errors.ReplicaNotFound>().toExtend<Errors.ConnectionError>()
    expectTypeOf<Errors.ConnectionError>().toExtend<Errors.RedisError>()
    expectTypeOf<Errors.AmbiguousOutcome>().not.toExtend<Errors.ConnectionError>()
    compiled(() => {
      const caught = sentinel.discoverPrimary("g").pipe(
        Eff.catchTag("PrimaryNotFound", (error) => {
          expectTypeOf(error).toEqualTypeOf<Errors.PrimaryNotFound>()
          return Eff.succeed(error.reason)
        })
      )
      expectTypeOf<ErrorOf<typeof caught>>().toEqualTypeOf<
        Exclude<Errors.ConnectionError, Errors.PrimaryNotFound> | Errors.InvalidOption
      >()
      const reason = redis.get("k").pipe(
        Eff.catchReason("PrimaryNotFound", "GroupUnknown", (r) => {
          expectTypeOf(r).toEqualTypeOf<Errors.GroupUnknown>()
          return Eff.succeed(null)
        })
      )
      expectTypeOf<SuccessOf<typeof reason>>().toEqualTypeOf<string | null>()
      return caught
    })
    const error: Errors.RedisError = new Errors.QueueFull({ target: "t", limit: 1 })
    assert.isTrue(Errors.isConnectionError(error))
    assert.isFalse(Errors.isConnectionError(new Errors.ReplyError({ code: "ERR", detail: "ERR", command: "GET" })))
  })

  it("a replica's client has no writes", () => {
    compiled(() => {
      expectTypeOf<SuccessOf<ReturnType<typeof replica.get>>>().toEqualTypeOf<string | null>()
      expectTypeOf(replica).not.toHaveProperty("set")
      expectTypeOf(replica).not.toHaveProperty("publish")
      expectTypeOf(replica.bytes).not.toHaveProperty("set")
      expectTypeOf(redis).toHaveProperty("set")
      expectTypeOf<Command.Command<"OK" | null, "write">>().not.toExtend<Parameters<typeof replica.run>[0]>()
      expectTypeOf<readonly [Command.Command<number, "write">]>().not.toExtend<
        Parameters<typeof replica.pipeline>[0]
      >()
      return replica.pipeline([commands.get("a"), commands.mget(["b"])])
    })
  })

  it("pipelines and transactions give tuples", () => {
    compiled(() => {
      const list = [
        commands.incr("n"),
        commands.get("a"),
        Command.bytes(commands.get("b")),
        commands.hgetall("h")
      ] as const
      const pipeline = redis.pipeline(list)
      expectTypeOf<SuccessOf<typeof pipeline>>().toEqualTypeOf<
        [number, string | null, Uint8Array | null, Record<string, string>]
      >()
      const inline = redis.transaction([commands.incr("n"), commands.zscore("z", "m")])
      expectTypeOf<SuccessOf<typeof inline>>().toEqualTypeOf<[number, number | null]>()
      return pipeline
    })
  })

  it("bytes on request", () => {
    compiled(() => {
      expectTypeOf<SuccessOf<ReturnType<typeof redis.bytes.get>>>().toEqualTypeOf<Uint8Array | null>()
      expectTypeOf<SuccessOf<ReturnType<typeof redis.bytes.hgetall>>>().toEqualTypeOf<Record<string, Uint8Array>>()
      expectTypeOf<SuccessOf<ReturnType<typeof redis.bytes.incr>>>().toEqualTypeOf<number>()
    })
  })

  it("details of a search: those that the list has for sure are there, others may be missing", () => {
    compiled(() => {
      const search = { from: { member: "m" }, by: { radius: 1, unit: "km" } } as const
      const sure = redis.geosearchWith("k", search, ["distance", "hash"])
      expectTypeOf<keyof SuccessOf<typeof sure>[number]>().toEqualTypeOf<"member" | "distance" | "hash">()
      expectTypeOf<SuccessOf<typeof sure>[number]["distance"]>().toEqualTypeOf<number>()
      const wide = redis.geosearchWith("k", search, ["distance"] as ReadonlyArray<commands.GeoDetail>)
      expectTypeOf<SuccessOf<typeof wide>[number]["hash"]>().toEqualTypeOf<number | undefined>()
      const either = redis.geosearchWith("k", search, ["hash" as "hash" | "distance"])
      expectTypeOf<SuccessOf<typeof either>[number]["distance"]>().toEqualTypeOf<number | undefined>()
      const bytes = redis.bytes.geosearchWith("k", search, ["hash"])
      expectTypeOf<SuccessOf<typeof bytes>[number]["member"]>().toEqualTypeOf<Uint8Array>()
    })
  })
})
