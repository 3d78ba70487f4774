/** The Stream of executed commands on a real server: every byte, long commands, scripts, hidden passwords, a failover. */
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { commands, RedisClient, Sentinel } from "../../src/index.ts"
import type { MonitoredCommand } from "../../src/MonitorStream.ts"
import type { Gap } from "../../src/PubSub.ts"
import { deployment, server } from "../support/processes.ts"

/** Collects a Stream in a fiber, from the first command on that another client sends. */
const collected = <A>(
  stream: Stream.Stream<MonitoredCommand<A> | Gap, unknown>,
  ping: Effect.Effect<unknown, unknown>
) =>
  Effect.gen(function*() {
    const items: Array<MonitoredCommand<A> | Gap> = []
    yield* Effect.forkScoped(Stream.runForEach(stream, (item) => Effect.sync(() => void items.push(item))))
    while (items.length === 0) {
      yield* ping
      yield* Effect.sleep("5 millis")
    }
    return items
  })

describe("a monitor of a real server", () => {
  for (const protocol of [2, 3] as const) {
    it.live(`shows what it executes (RESP${protocol})`, () =>
      Effect.gen(function*() {
        const { address } = yield* server()
        const redis = yield* RedisClient.make({
          address,
          protocol,
          pingInterval: "50 millis",
          stallTimeout: "1 second"
        })
        const other = yield* RedisClient.make({ address, database: 3 })
        const text = yield* collected(redis.monitorStream(), other.ping())
        const bytes = yield* collected(redis.bytes.monitorStream(), other.ping())
        // Each side may have PINGs of its own.
        const since = text.length
        const all = Uint8Array.from({ length: 256 }, (_, i) => i)
        const long = "x".repeat(1_000_000)
        yield* other.set("k", all)
        yield* other.set("long", long)
        yield* other.set("text", "grüße \"\n")
        yield* other.send("EVAL", "return redis.call('set', KEYS[1], '1')", 1, "script")
        const third = yield* RedisClient.make({ address, username: "default", password: Redacted.make("secret") })
        yield* third.ping()
        // Longer than the interval of PINGs, which the server answers among the lines.
        yield* Effect.sleep("200 millis")
        yield* other.get("last")
        const isLast = (item: { readonly _tag: string; readonly args?: ReadonlyArray<unknown> } | undefined): boolean =>
          item?.args !== undefined && String(item.args[0]) === "GET"
        while (!text.some(isLast)) yield* Effect.sleep("5 millis")
        const shown = text.slice(since).flatMap((item) =>
          item._tag === "MonitoredCommand" && !/^(PING|HELLO|CLIENT|ROLE|INFO|SELECT)$/.test(item.args[0]!)
            ? [item]
            : []
        )
        const found = shown.filter(({ args }) => args[0] === "SET").map(({ args }) => args[2])
        assert.strictEqual(found.length, 3)
        assert.strictEqual(found[1], long)
        assert.strictEqual(found[2], "grüße \"\n")
        const script = shown.find(({ args }) => args[0] === "set")!
        assert.deepStrictEqual([script.client, script.database, script.args], ["lua", 3, ["set", "script", "1"]])
        const words = text.slice(since).flatMap((item) => item._tag === "Gap" ? [] : [item.args.join(" ")])
        assert.isTrue(words.some((line) => line.startsWith("HELLO 3 AUTH (redacted) (redacted)")))
        assert.isFalse(words.some((line) => line.includes("secret")))
        for (const { at, client, database, micros } of shown) {
          assert.isBelow(Math.abs(DateTime.toEpochMillis(at) - Date.now()), 60_000)
          assert.isTrue(client === "lua" || /^127\.0\.0\.1:\d+$/.test(client), client)
          assert.strictEqual(database, 3)
          assert.strictEqual(Math.floor(micros / 1000), DateTime.toEpochMillis(at) % 1000)
        }
        const exact = bytes.find((item) =>
          item._tag === "MonitoredCommand" && Buffer.from(item.args[0]!).toString() === "SET"
        ) as MonitoredCommand<Uint8Array>
        assert.deepStrictEqual(exact.args[2], all)
        assert.deepStrictEqual(text.filter(({ _tag }) => _tag === "Gap"), [])
      }).pipe(Effect.scoped), 30_000)
  }

  it.live("goes on after a lost connection, and on the new primary", () =>
    Effect.gen(function*() {
      const { group, sentinelAddresses } = yield* deployment({ replicas: 1, sentinels: 3 })
      const sentinel = yield* Sentinel.make({ sentinels: sentinelAddresses })
      const redis = yield* sentinel.primaryFor(group)
      const items = yield* collected(redis.monitorStream(), redis.ping())
      const gaps = (): ReadonlyArray<string> => items.flatMap((item) => item._tag === "Gap" ? [item.reason] : [])
      const until = (condition: () => boolean) =>
        Effect.gen(function*() {
          while (!condition()) {
            yield* Effect.ignore(redis.set("k", 1))
            yield* Effect.sleep("20 millis")
          }
        })
      const killed = yield* redis.send("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
      assert.isAbove(killed as number, 0)
      yield* until(() => gaps().length === 1 && items.at(-1)?._tag === "MonitoredCommand")
      assert.deepStrictEqual(gaps(), ["lost"])
      // The sentinels refuse it until all of them agree on the replica.
      const one = yield* RedisClient.make({ address: sentinelAddresses[0]! })
      yield* Effect.retry(one.run(commands.sentinel.failover(group)), Schedule.spaced("50 millis"))
      yield* until(() => gaps().length === 2 && items.at(-1)?._tag === "MonitoredCommand")
      assert.deepStrictEqual(gaps(), ["lost", "moved"])
    }).pipe(Effect.scoped), 60_000)
})
