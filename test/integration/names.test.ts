/** Names of hosts: one that nobody answers for costs nobody else his answers. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Dns from "node:dns"
import type * as Net from "node:net"
import { RedisClient, Sentinel } from "../../src/index.ts"
import { Lookups } from "../../src/internal/transport/lookup.ts"
import { failureOf } from "../support/exit.ts"
import { server } from "../support/processes.ts"

describe("a name whose look-up hangs", () => {
  it.live("is looked up once, however often it is dialled, and other names are resolved meanwhile", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const { port } = yield* server()
        const asked: Array<string> = []
        const resolver: Net.LookupFunction = (name, options, found) => {
          asked.push(name)
          if (name === "hangs.example") return
          if (options.all === true) found(null, [{ address: "127.0.0.1", family: 4 }])
          else found(null, "127.0.0.1", 4)
        }
        const options = { resolver, connectTimeout: "50 millis", commandTimeout: "600 millis" } as const
        const hangs = yield* RedisClient.make({ ...options, address: `hangs.example:${port}` })
        const exits = yield* Effect.all(Array.from({ length: 20 }, () => Effect.exit(hangs.ping())), {
          concurrency: "unbounded"
        })
        for (const exit of exits) assert.strictEqual(failureOf(exit)._tag, "ConnectFailed")
        const good = yield* RedisClient.make({ ...options, address: `good.example:${port}` })
        assert.strictEqual(yield* good.ping(), "PONG")
        assert.deepStrictEqual(asked, ["hangs.example", "good.example"])
      })
    ))

  it.live("a Resolver of node:dns", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const { port } = yield* server()
        class Known extends Dns.Resolver {
          override resolve4 = ((name: string, found: (error: Error | null, addresses: Array<string>) => void) =>
            found(name === "redis.example" ? null : new Error("ENOTFOUND"), ["127.0.0.1"])) as Dns.Resolver["resolve4"]
          override resolve6 = ((_name: string, found: (error: Error | null, addresses: Array<string>) => void) =>
            found(Object.assign(new Error("ENODATA"), { code: "ENODATA" }), [])) as Dns.Resolver["resolve6"]
        }
        const redis = yield* RedisClient.make({ address: `redis.example:${port}`, resolver: new Known() })
        assert.strictEqual(yield* redis.ping(), "PONG")
      })
    ))

  it.live("a Resolver of node:dns/promises; an unknown name ends nothing", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const { port } = yield* server()
        class Known extends Dns.promises.Resolver {
          override resolve4 = ((name: string) =>
            name === "redis.example"
              ? Promise.resolve(["127.0.0.1"])
              : Promise.reject(new Error("ENOTFOUND"))) as Dns.promises.Resolver["resolve4"]
          override resolve6 = ((_name: string) =>
            Promise.reject(new Error("ENODATA"))) as Dns.promises.Resolver["resolve6"]
        }
        const options = { resolver: new Known(), commandTimeout: "100 millis" } as const
        const redis = yield* RedisClient.make({ ...options, address: `redis.example:${port}` })
        assert.strictEqual(yield* redis.ping(), "PONG")
        const other = yield* RedisClient.make({ ...options, address: `other.example:${port}` })
        assert.include(failureOf(yield* Effect.exit(other.ping())).message, "ENOTFOUND")
      })
    ))

  it.live("a function that gives one address instead of all, or addresses without a family", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const { port } = yield* server()
        for (
          const given of ["127.0.0.1", ["127.0.0.1"], [{ address: "127.0.0.1" }], [null, { address: "127.0.0.1" }]]
        ) {
          const resolver = ((_name, _options, found) =>
            void setImmediate(() => found(null, given as string))) as Net.LookupFunction
          const redis = yield* RedisClient.make({ address: `redis.example:${port}`, resolver })
          assert.strictEqual(yield* redis.ping(), "PONG")
        }
      })
    ))

  it.live("a function that gives invalid values, or fails, fails only the dial", () =>
    Effect.gen(function*() {
      const giving = (...answer: ReadonlyArray<unknown>) => (_name: unknown, _options: unknown, found: any) =>
        void setImmediate(() => found(...answer))
      const unreadable = new Proxy({}, {
        get: () => {
          throw new Error("unreadable")
        }
      })
      const cases: ReadonlyArray<readonly [resolver: unknown, says: string]> = [
        [giving(null), "no address found for redis.example"],
        [giving(null, []), "no address found for redis.example"],
        [giving(null, 5), "no address found for redis.example"],
        [giving(null, [null]), "no address found for redis.example"],
        [giving(null, [unreadable]), "no address found for redis.example"],
        [giving(null, [{ address: "nowhere", family: 4 }]), "no address found for redis.example"],
        [giving("no such name"), "no such name"],
        [giving({ code: 7 }), "the look-up failed"],
        [() => Promise.reject(new Error("a promise of nothing")), "a promise of nothing"],
        [() => {
          throw new Error("at once")
        }, "at once"]
      ]
      for (const [resolver, says] of cases) {
        const redis = yield* RedisClient.make({
          address: "redis.example:6379",
          resolver: resolver as Net.LookupFunction,
          commandTimeout: "50 millis"
        })
        const error = failureOf(yield* Effect.exit(redis.ping()))
        assert.strictEqual(error._tag, "ConnectFailed", says)
        assert.include(error.message, says)
      }
    }).pipe(Effect.scoped))

  it.live("an invalid resolver is refused", () =>
    Effect.gen(function*() {
      for (const resolver of ["8.8.8.8", {}, { resolve4: () => {} }, 7]) {
        const error = failureOf(
          yield* Effect.exit(
            Sentinel.make({ sentinels: ["a:1"], node: { resolver: resolver as unknown as Dns.Resolver } })
          )
        )
        assert.strictEqual(error._tag, "InvalidOption")
        assert.include(error.message, "node.resolver")
      }
    }).pipe(Effect.scoped))
})

describe("the system's threads", () => {
  it.live("a third is used if two hang, and no fourth", () =>
    Effect.gen(function*() {
      const asked: Array<string> = []
      const lookups = new Lookups((name, _options, found) => {
        asked.push(name)
        if (!name.startsWith("hangs")) found(null, "1.2.3.4", 4)
      }, true)
      const ask = (name: string) =>
        Effect.callback<unknown>((resume) => {
          lookups.lookup(name, { all: false }, (_error, address) => resume(Effect.succeed(address)))
        })
      yield* Effect.forkScoped(ask("hangs1"), { startImmediately: true })
      yield* Effect.forkScoped(ask("hangs2"), { startImmediately: true })
      // Whoever asks while nobody knows yet that they hang is not kept by them.
      assert.strictEqual(yield* ask("good"), "1.2.3.4")
      assert.strictEqual(yield* ask("better"), "1.2.3.4")
      yield* Effect.forkScoped(ask("hangs3"), { startImmediately: true })
      yield* Effect.forkScoped(ask("hangs4"), { startImmediately: true })
      yield* Effect.sleep("600 millis")
      assert.deepStrictEqual(asked, ["hangs1", "hangs2", "good", "better", "hangs3"])
    }).pipe(Effect.scoped, Effect.timeout("5 seconds")))

  it.live("at most two are used, and one by slow names", () =>
    Effect.gen(function*() {
      const open = new Map<string, Parameters<Net.LookupFunction>[2]>()
      const lookups = new Lookups((name, _options, found) => void open.set(name, found), true)
      const answers: Array<string> = []
      const ask = (name: string): void =>
        lookups.lookup(name, { all: false }, (_error, address) => void answers.push(`${name} ${String(address)}`))
      const answer = (name: string): void => {
        const found = open.get(name)!
        open.delete(name)
        found(null, "1.2.3.4", 4)
      }
      for (const name of ["slow1", "slow1", "slow2", "quick"]) ask(name)
      assert.deepStrictEqual(Array.from(open.keys()), ["slow1", "slow2"])
      // Both take too long: they are remembered.
      yield* Effect.sleep("600 millis")
      answer("slow1")
      answer("slow2")
      assert.deepStrictEqual(Array.from(open.keys()), ["quick"])
      answer("quick")
      assert.deepStrictEqual(answers, ["slow1 1.2.3.4", "slow1 1.2.3.4", "slow2 1.2.3.4", "quick 1.2.3.4"])
      for (const name of ["slow1", "slow2", "quick", "other"]) ask(name)
      assert.deepStrictEqual(Array.from(open.keys()), ["slow1", "quick"])
      answer("quick")
      assert.deepStrictEqual(Array.from(open.keys()), ["slow1", "other"])
      answer("slow1")
      assert.deepStrictEqual(Array.from(open.keys()), ["other", "slow2"])
    }))
})
