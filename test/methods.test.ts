/** The command methods of clients: bound to their client, and made when they are read. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import type * as Command from "../src/Command.ts"
import { makePrimary } from "../src/internal/client/client.ts"
import { makeMethods } from "../src/internal/client/methods.ts"
import type { ClientRunner } from "../src/internal/execution/types.ts"

type Methods = Record<string, (...args: Array<unknown>) => Effect.Effect<unknown, unknown>>

const methodsOf = (name: string, as: "text" | "bytes" = "text") => {
  const run = (command: Command.Any) =>
    Effect.succeed([name, command.asBytes, command.spec.name, ...command.args].join(" "))
  return makeMethods(run, as) as Methods
}

describe("the methods of a client", () => {
  it.effect("stay with their client when they are taken out of it", () =>
    Effect.gen(function*() {
      const { get } = methodsOf("a")
      const { get: other } = methodsOf("b")
      assert.strictEqual(yield* get!("k"), "a false GET k")
      assert.strictEqual(yield* other!("k"), "b false GET k")
      assert.strictEqual(yield* methodsOf("c", "bytes")["get"]!("k"), "c true GET k")
    }))

  it("are made once, when they are first read", () => {
    const redis = methodsOf("a")
    assert.isFalse(Object.hasOwn(redis, "get"))
    assert.isTrue("get" in redis)
    assert.strictEqual(redis["get"], redis["get"])
    assert.isTrue(Object.hasOwn(redis, "get"))
  })

  it.effect("can be replaced, on a client and on an object that inherits from it", () =>
    Effect.gen(function*() {
      const redis = methodsOf("a")
      const double = Object.assign(Object.create(redis), { get: () => Effect.succeed("replaced") }) as Methods
      assert.strictEqual(yield* double["get"]!("k"), "replaced")
      assert.strictEqual(yield* double["ttl"]!("k"), "a false TTL k")
      assert.strictEqual(yield* redis["get"]!("k"), "a false GET k")
    }))
})

describe("the memory of a client", () => {
  it("is less than 10 KB, beyond its connection, and so is that of a client on a reserved one", () => {
    setFlagsFromString("--expose-gc")
    const gc: () => void = runInNewContext("gc")
    const runner = { label: "nowhere", run: () => Effect.void } as unknown as ClientRunner
    const reserving = {
      ...runner,
      reserve: Effect.succeed({ ...runner, connection: { epoch: 1 } }),
      reserveToWait: () => Effect.never,
      waitsEnded: Effect.void
    } as unknown as ClientRunner
    const client = makePrimary(reserving)
    /** The median of several measurements: what else this process frees or makes meanwhile disturbs single ones. */
    const bytesOf = (make: () => unknown): number => {
      const count = 2000
      const measured = Array.from({ length: 5 }, () => {
        const kept: Array<unknown> = Array.from({ length: count }, make)
        gc()
        const before = process.memoryUsage().heapUsed
        for (let i = 0; i < count; i++) kept[i] = [kept[i], make()]
        gc()
        return (process.memoryUsage().heapUsed - before) / count
      })
      return measured.toSorted((a, b) => a - b)[2]!
    }
    assert.isBelow(bytesOf(() => makePrimary(reserving)), 10_000)
    assert.isBelow(bytesOf(() => Effect.runSync(Effect.scoped(client.reserve))), 10_000)
  })
})
