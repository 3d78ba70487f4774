/** The example of an HTTP service, over HTTP and on real processes, through a planned failover. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { execFile } from "node:child_process"
import * as Path from "node:path"
import { promisify } from "node:util"
import { exampleOverHttp } from "../../examples/service.ts"
import { commands, RedisClient, Sentinel } from "../../src/index.ts"
import { deployment } from "../support/processes.ts"

it.live("a service on HttpApi goes on through a planned failover", () =>
  Effect.scoped(
    Effect.gen(function*() {
      const d = yield* deployment()
      const sentinels = Sentinel.layer({ sentinels: d.sentinelAddresses })
      const live = Layer.provideMerge(RedisClient.layerPrimary(d.group), sentinels)
      const result = yield* Effect.gen(function*() {
        const topology = yield* (yield* Sentinel.Sentinel).topology(d.group)
        const before = (yield* topology.current).epoch
        const failover = Effect.scoped(
          Effect.gen(function*() {
            const sentinel = yield* RedisClient.make({ address: d.sentinelAddresses[0]! })
            yield* sentinel.run(commands.sentinel.failover(d.group)).pipe(
              Effect.retry(Schedule.spaced("100 millis").pipe(Schedule.upTo({ duration: "10 seconds" })))
            )
            yield* topology.current.pipe(
              Effect.repeat({ until: ({ epoch }) => epoch > before, schedule: Schedule.spaced("20 millis") })
            )
          })
        )
        return yield* exampleOverHttp(Effect.orDie(failover))
      }).pipe(Effect.provide(live))
      console.table(result)
      assert.strictEqual(result.lost, 0)
      assert.isAbove(result.accepted, 100)
      assert.strictEqual(result.order.ok, result.accepted)
      assert.strictEqual(result.login.ok, 4)
      assert.isAbove(result.product.ok, 100)
      assert.strictEqual(result.login.unauthorized + result.order.unauthorized + result.product.unauthorized, 0)
    })
  ), 60_000)

it.live("its program takes the URL of a group", () =>
  Effect.scoped(
    Effect.gen(function*() {
      const d = yield* deployment()
      const file = Path.join(import.meta.dirname, "../../examples/service.ts")
      const url = `redis+sentinel://${d.sentinelAddresses.join(",")}/${d.group}`
      const { stdout } = yield* Effect.promise(() => promisify(execFile)(process.execPath, [file, "--url", url]))
      assert.match(stdout, /Listening on http:\/\/127\.0\.0\.1:\d+/)
      assert.match(stdout, /│ lost +│ +│ +│ +│ +│ +│ +│ 0 +│/)
    })
  ), 120_000)
