/**
 * A deployment in memory with three faults, for `--demo`.
 */
import * as Effect from "effect/Effect"
import * as RedisClient from "../RedisClient.ts"
import * as Testing from "../testing/index.ts"

/** The settings that every node of a deployment should have. */
const settings: ReadonlyArray<readonly [name: string, value: string]> = [
  ["appendonly", "yes"],
  ["min-replicas-to-write", "1"],
  ["min-replicas-max-lag", "5"]
]

/**
 * Examines a deployment in memory with three faults: a replica that can never be promoted, a sentinel that is down, and a
 * node that keeps nothing on disk.
 */
export const demo = <A, E>(
  examine: (options: { readonly sentinels: ReadonlyArray<string>; readonly group: string }) => Effect.Effect<A, E>
) =>
  Effect.gen(function*() {
    const deployment = yield* Testing.Deployment
    yield* Effect.forEach(deployment.nodes, (address, i) =>
      Effect.scoped(Effect.gen(function*() {
        const node = yield* RedisClient.make({ address })
        for (const [name, value] of settings) yield* node.configSet({ [name]: value })
        if (i === 1) yield* node.configSet({ "replica-priority": 0 })
        if (i === 2) yield* node.configSet({ appendonly: "no" })
      })))
    yield* deployment.kill(deployment.sentinels[2]!)
    return yield* examine({ sentinels: deployment.sentinels, group: deployment.group })
  }).pipe(Effect.scoped, Effect.provide(Testing.layer({ downAfter: "5 seconds" })))
