/**
 * A deployment in memory with three faults, for `--demo`.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type { SessionOptions } from "../Options.ts"
import * as RedisClient from "../RedisClient.ts"
import * as Testing from "../testing/index.ts"

/** The settings that every node of a deployment should have. */
const settings = { appendonly: "yes", "min-replicas-to-write": 1, "min-replicas-max-lag": 5 }

const password = Redacted.make("in-memory")

/**
 * Examines a deployment in memory with three faults: a primary that could not follow the next one, a replica that can
 * never be promoted, and a sentinel that is down.
 */
export const demo = <A, E>(
  examine: (options: {
    readonly sentinels: ReadonlyArray<string>
    readonly group: string
    readonly node: SessionOptions
  }) => Effect.Effect<A, E>
) =>
  Effect.gen(function*() {
    const deployment = yield* Testing.Deployment
    yield* Effect.forEach(deployment.nodes, (address, i) =>
      Effect.gen(function*() {
        const node = yield* RedisClient.make({ address, password })
        yield* node.configSet({
          ...settings,
          requirepass: password,
          masterauth: i === 0 ? Redacted.make("") : password
        })
        if (i === 1) yield* node.configSet("replica-priority", 0)
      })).pipe(Effect.scoped, Effect.orDie)
    yield* deployment.kill(deployment.sentinels[2]!)
    const { group, sentinels } = deployment
    return yield* examine({ sentinels, group, node: { password } })
  }).pipe(
    Effect.scoped,
    Effect.provide(Layer.orDie(Testing.layer({ downAfter: "5 seconds", password: Redacted.value(password) })))
  )
