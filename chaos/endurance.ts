/**
 * Many failovers in one process, on real servers. Compares memory, timers,
 * sockets and fibers after the tenth failover with those at the end: nothing may
 * grow.
 *
 *   node --expose-gc chaos/endurance.ts [--failovers 200]
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as References from "effect/References"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { optionsOf } from "../scripts/options.ts"
import { Sentinel } from "../src/index.ts"
import { deployment, type Server } from "../test/support/processes.ts"
import { sleep, until } from "./faults.ts"
import { ask, Witness } from "./witness.ts"

const options = optionsOf("npm run endurance -- [--failovers 200]", {
  failovers: { type: "string", default: "200" }
})
const count = Number(options.failovers)
const gc = (globalThis as { gc?: () => void }).gc
if (gc === undefined) throw new Error("run it with --expose-gc")

const main = async (scope: Scope.Scope): Promise<void> => {
  /** Counts the live fibers. */
  let alive = 0
  const counting: Metric.FiberRuntimeMetricsService = {
    recordFiberStart: () => void alive++,
    recordFiberEnd: () => void alive--
  }
  const context = Context.empty().pipe(
    Context.add(References.MinimumLogLevel, "None" as const),
    Context.add(Metric.FiberRuntimeMetrics, counting)
  )
  const run = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>): Promise<A> =>
    Effect.runPromiseWith(context)(Scope.provide(effect, scope))

  const d = await Effect.runPromise(Scope.provide(deployment(), scope))
  const witness = new Witness(d, { password: undefined, sentinelPassword: undefined, tls: undefined })
  const sentinel = await run(Sentinel.make({ sentinels: d.sentinelAddresses }))
  const redis = await run(sentinel.primaryFor(d.group))
  const replica = await run(
    sentinel.replicaFor(d.group, { replicaSelection: "round-robin", maxLag: { bytes: 1_000_000 } })
  )
  let heard = 0
  await run(
    Effect.forkScoped(Stream.runForEach(redis.subscribe({ channels: ["news"] }), () => Effect.sync(() => heard++)))
  )
  const topology = await run(sentinel.topology(d.group))
  let changes = 0
  await run(Effect.forkScoped(Stream.runForEach(topology.changes, () => Effect.sync(() => changes++))))

  let stop = false
  let writes = 0
  let failed = 0
  const writers = Array.from({ length: 8 }, async (_, w) => {
    for (let i = 0; !stop; i++) {
      const exits = await Promise.all([
        Effect.runPromiseExitWith(context)(redis.set(`w${w}`, i)),
        Effect.runPromiseExitWith(context)(replica.get(`w${w}`))
      ])
      writes++
      failed += exits.filter(Exit.isFailure).length
      await sleep(2)
    }
  })

  /** Samples several moments, and counts only what is there at each of them. */
  const census = async (): Promise<Record<string, number>> => {
    const samples: Array<Record<string, number>> = []
    for (let i = 0; i < 8; i++) {
      samples.push(await sample())
      await sleep(130)
    }
    return Object.fromEntries(
      Object.keys(samples[0]!).map((name) => [name, Math.min(...samples.map((each) => each[name]!))])
    )
  }

  const sample = async (): Promise<Record<string, number>> => {
    const subscriptions = await Promise.all(d.sentinels.map(async (s) => {
      const reply = await ask(s.port, [["CLIENT", "LIST"]])
      const ours = String(reply?.[0]).split("\n").filter((l) => l.includes("lib-name") || l.includes("name="))
      return ours.filter((l) => /cmd=(psubscribe|subscribe|ping|sentinel)/.test(l)).length
    }))
    for (let i = 0; i < 5; i++) {
      gc()
      await sleep(20)
    }
    const resources = process.getActiveResourcesInfo()
    return {
      heapKiB: Math.round(process.memoryUsage().heapUsed / 1024),
      sockets: resources.filter((r) => r.startsWith("TCP")).length,
      timers: resources.filter((r) => r === "Timeout").length,
      fibers: alive,
      sentinelConnections: subscriptions.reduce((a, b) => a + b, 0)
    }
  }

  /** Fails over, and makes the old primary a replica at once instead of waiting for the sentinels to do it. */
  const failOver = async (): Promise<void> => {
    let old: Server | undefined
    await until("order", 30_000, async () => (old = await witness.settled()) !== undefined)
    await until(
      "a sentinel that begins",
      30_000,
      async () => (await ask(d.sentinels[0]!.port, [["SENTINEL", "FAILOVER", d.group]]))?.[0] === "OK"
    )
    let next: number | undefined
    await until("the report", 30_000, async () => {
      next = await witness.named(d.sentinels[0]!)
      return next !== undefined && next !== old!.port
    })
    await ask(old!.port, [["REPLICAOF", "127.0.0.1", String(next)], ["CLIENT", "KILL", "TYPE", "normal"]])
    await until("order", 30_000, async () => (await witness.settled()) !== undefined)
    witness.sightings.length = 0
  }

  let tenth: Record<string, number> = {}
  for (let i = 1; i <= count; i++) {
    await failOver()
    if (i === 10 || i === count || i % 50 === 0) {
      await sleep(2000)
      const now = await census()
      if (i === 10) tenth = now
      console.log(
        `after ${i} failovers: ${JSON.stringify(now)}; ${writes} writes, ${failed} failed, epoch ${
          (await run(topology.current)).epoch
        }`
      )
      if (i === count) {
        const grown = Object.keys(now).filter((name) =>
          // The size of the heap varies; a leak of a kilobyte per failover would still show.
          now[name]! > tenth[name]! + (name === "heapKiB" ? count : name === "timers" || name === "fibers" ? 4 : 1)
        )
        console.log(grown.length === 0 ? "Nothing has grown." : `Grown: ${grown.join(", ")}`)
        process.exitCode = grown.length === 0 ? 0 : 1
      }
    }
  }
  stop = true
  await Promise.all(writers)
  witness.stop()
}

NodeRuntime.runMain(Effect.scoped(Effect.flatMap(Effect.scope, (scope) => Effect.promise(() => main(scope)))))
