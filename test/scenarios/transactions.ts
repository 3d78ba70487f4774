/**
 * Scenarios of transactions under WATCH and of commands that wait: a failover in the
 * middle of either. Part of the scenarios in scenarios.ts.
 */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { Address, type Client, commands, Sentinel } from "../../src/index.ts"
import { failureOf } from "../support/exit.ts"
import type { Scenario } from "./scenarios.ts"
import { type Stage, until } from "./stage.ts"

const node: Sentinel.NodeOptions = { stallTimeout: "500 millis", connectTimeout: "1 second" }

const clientsOf = (stage: Stage) =>
  stage.within(
    Effect.gen(function*() {
      const sentinel = yield* Sentinel.make({ sentinels: stage.sentinels, node })
      const topology = yield* sentinel.topology(stage.group)
      yield* until(
        Effect.map(
          topology.current,
          ({ sentinels }) => sentinels.filter((s) => s.isReachable).length === stage.sentinels.length
        )
      )
      return { redis: yield* sentinel.primaryFor(stage.group), topology }
    })
  )

/** 32 fibers add one to a counter, again and again, until they are stopped; counts what became of it. */
const counting = (stage: Stage, redis: Client.PrimaryClient) => {
  const load = {
    added: 0,
    ambiguous: 0,
    others: [] as Array<string>,
    runs: 0,
    stopped: false,
    byFiber: new Map<number, number>()
  }
  const adder = (fiber: number) =>
    Effect.gen(function*() {
      while (!load.stopped) {
        const exit = yield* Effect.exit(redis.watch("n", (watched) =>
          Effect.gen(function*() {
            load.runs++
            const n = Number(yield* watched.get("n"))
            return [commands.set("n", n + 1)]
          })))
        if (Exit.isSuccess(exit)) {
          load.added++
          load.byFiber.set(fiber, (load.byFiber.get(fiber) ?? 0) + 1)
        } else if (failureOf(exit)._tag === "AmbiguousOutcome") load.ambiguous++
        else load.others.push(failureOf(exit)._tag)
        yield* Effect.sleep(stage.real ? "1 millis" : "20 millis")
      }
    })
  const run = Effect.forEach(Array.from({ length: 32 }, (_, i) => i), adder, {
    concurrency: "unbounded",
    discard: true
  })
  return { load, run }
}

export const transactions: Readonly<Record<string, Scenario>> = {
  "a counter of 32 fibers under WATCH, through a planned failover: no increment is lost or comes twice": (stage) =>
    Effect.gen(function*() {
      const { redis, topology } = yield* clientsOf(stage)
      yield* redis.set("n", 0)
      const { load, run } = counting(stage, redis)
      const running = yield* Effect.forkScoped(run)
      yield* until(Effect.sync(() => load.added > 200))
      yield* stage.failover
      yield* until(
        Effect.map(
          topology.current,
          ({ primary }) => primary !== undefined && Address.format(primary) !== stage.nodes[0]
        )
      )
      const moved = load.added
      yield* until(Effect.sync(() => load.added > moved + 200))
      load.stopped = true
      yield* Fiber.join(running)
      const n = Number(yield* redis.get("n"))
      if (stage.real) {
        console.log(
          `watch: ${load.added} added in ${load.runs} runs of the body, ${load.ambiguous} ambiguous, the counter is ${n}`
        )
      }
      assert.deepStrictEqual(load.others, [])
      assert.isAtLeast(n, load.added)
      assert.isAtMost(n, load.added + load.ambiguous)
      assert.strictEqual(load.byFiber.size, 32)
    }),

  "commands that wait are interrupted all through a failover: no client is left waiting, and none takes anything": (
    stage
  ) =>
    Effect.gen(function*() {
      const { redis, topology } = yield* clientsOf(stage)
      yield* redis.set("a", "1")
      let interrupted = 0
      let stopped = false
      const running = yield* Effect.forkScoped(
        Effect.forEach(Array.from({ length: 16 }, (_, i) => i), (i) =>
          Effect.gen(function*() {
            while (!stopped) {
              yield* Effect.timeoutOption(redis.blpop([`q${i}`], "Infinity"), `${5 + i} millis`)
              interrupted++
            }
          }), { concurrency: "unbounded", discard: true })
      )
      yield* until(Effect.sync(() => interrupted > 300))
      yield* stage.failover
      yield* until(
        Effect.map(
          topology.current,
          ({ primary }) => primary !== undefined && Address.format(primary) !== stage.nodes[0]
        )
      )
      const before = interrupted
      yield* until(Effect.sync(() => interrupted > before + 300))
      stopped = true
      yield* Fiber.join(running)
      yield* until(Effect.map(redis.info("clients"), ({ clients }) => clients.blocked_clients === 0))
      for (let i = 0; i < 16; i++) yield* redis.rpush(`q${i}`, "job")
      for (let i = 0; i < 16; i++) assert.deepStrictEqual(yield* redis.lrange(`q${i}`, 0, -1), ["job"])
    })
}
