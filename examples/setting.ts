/**
 * Where the examples run: in memory, with a planned failover in the middle, or on real sentinels.
 *
 *   node examples/NAME.ts
 *   node examples/NAME.ts --sentinels host:port,host:port --group mymaster [--password TEXT]
 *   node examples/NAME.ts --url "redis+sentinel://user:password@host,host/mymaster?sentinelPassword=...&tls=true"
 *
 * What the examples do is in their own files.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Console, Effect, Layer, Redacted } from "effect"
import * as Path from "node:path"
import { optionsOf } from "../scripts/options.ts"
import { RedisClient, Sentinel } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"

/** A program that runs with a client; it runs `interlude` in its middle. What it gives is printed. */
export type Example<A, E> = (
  interlude: Effect.Effect<void>
) => Effect.Effect<A, E, RedisClient.RedisClient>

/** A deployment in memory, and a client of it. */
export const inMemory = RedisClient.layerPrimary("mymaster").pipe(
  Layer.provide(Sentinel.layer({ sentinels: ["10.0.1.1:26379"] })),
  Layer.provideMerge(Testing.layer({ group: "mymaster" }))
)

/** Runs an example in memory, with a planned failover in the middle. */
export const withFailover = <A, E>(example: Example<A, E>) =>
  Effect.gen(function*() {
    const deployment = yield* Testing.Deployment
    const before = yield* deployment.primary
    const result = yield* example(Effect.andThen(deployment.failover, Effect.sleep("3 seconds")))
    return { ...result, movedFrom: before, movedTo: yield* deployment.primary }
  }).pipe(Effect.provide(inMemory))

/** Runs an example as a program, if it is the file that was started. */
export const runAsProgram = <A extends object, E>(isMain: boolean, example: Example<A, E>): void => {
  if (!isMain) return
  const file = `examples/${Path.basename(process.argv[1] ?? "")}`
  const values = optionsOf(
    `node ${file} [--sentinels HOST:PORT,...] [--group mymaster] [--password TEXT] [--url URL]`,
    {
      sentinels: { type: "string" },
      group: { type: "string", default: "mymaster" },
      password: { type: "string" },
      url: { type: "string" }
    }
  )
  const { group, password, sentinels, url } = values
  const client = url !== undefined
    ? RedisClient.layerUrl(Redacted.make(url))
    : sentinels !== undefined
    ? RedisClient.layerPrimary(group).pipe(
      Layer.provide(Sentinel.layer({
        sentinels: sentinels.split(","),
        node: password === undefined ? {} : { password: Redacted.make(password) }
      }))
    )
    : undefined
  NodeRuntime.runMain(
    (client === undefined
      ? withFailover(example)
      : Effect.provide(example(Effect.sleep("3 seconds")), RedisClient.connectNow()(client))).pipe(
        Effect.flatMap((result) => Console.table(result))
      )
  )
}
