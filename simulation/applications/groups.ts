/**
 * Jobs in a stream with a consumer group, and what must be true of their acknowledgements.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { commands, RedisClient } from "../../src/index.ts"
import * as RedisStream from "../../src/RedisStream.ts"
import type { History } from "../History.ts"
import { type Broken, isError } from "../Violation.ts"
import { type Consuming, idleMillis, isPoison, type System } from "./jobs.ts"

const key = "jobs"
const graveyard = "jobs:dead"
const group = "workers"

export const stream = RedisStream.make({ key, schema: Schema.Struct({ job: Schema.String }) })

/** Consumes until it is interrupted. */
const consume = ({ consumer, handler, redis, stage }: Consuming): Effect.Effect<never> => {
  const one = (id: string, job: string, attempt: number) =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(handler({ entry: id, job, isRepeated: attempt > 1 }))
      if (Exit.isSuccess(exit)) yield* redis.xack(key, group, id)
      else if (attempt >= groups.attempts) {
        yield* redis.transaction([commands.xadd(graveyard, "*", { job }), commands.xack(key, group, id)])
      }
    })
  let claimed = 0
  const round = Effect.gen(function*() {
    if (stage.now() - claimed > 500) {
      claimed = stage.now()
      const idle = yield* redis.xpendingRange(key, group, "-", "+", 20, { minIdle: `${idleMillis} millis` })
      const mine = yield* redis.xclaim(key, group, consumer, `${idleMillis} millis`, idle.map(({ id }) => id))
      for (const { fields, id } of mine) {
        const told = idle.find((p) => p.id === id)!
        if (fields !== null) yield* one(id, fields["job"]!, told.deliveries + 1)
      }
    }
    const found = yield* redis.xreadgroup(group, consumer, { [key]: ">" }, { count: 5, block: "500 millis" })
    for (const { fields, id } of found?.get(key) ?? []) {
      if (fields !== null) yield* one(id, fields["job"]!, 1)
    }
  })
  return Effect.gen(function*() {
    for (;;) {
      const exit = yield* Effect.exit(round)
      if (Exit.isSuccess(exit)) continue
      yield* Effect.exit(redis.xgroupCreate(key, group, "0", { mkstream: true }))
      yield* Effect.sleep(50)
    }
  })
}

export const groups: System = {
  name: key,
  attempts: 5,
  add: (redis, job) =>
    Effect.provideService(stream.add({ job }), RedisClient.RedisClient, redis) as Effect.Effect<string>,
  consume,
  lookAt: (redis) =>
    Effect.gen(function*() {
      const entries = yield* redis.xrange(key, "-", "+")
      const dead = yield* redis.xrange(graveyard, "-", "+")
      const pending = yield* Effect.orElseSucceed(redis.xpendingRange(key, group, "-", "+", 10_000), () => [])
      return {
        entries: entries.map(({ fields }) => fields["job"] ?? ""),
        dead: dead.map(({ fields }) => fields["job"] ?? ""),
        pending: pending.map(({ id }) => id)
      }
    })
}

/** An entry is acknowledged after it was processed, or when it is dead. */
export const checkAcknowledgements = (history: History, broken: Broken): void => {
  const processed = new Map<string, number>()
  for (const { end, entry, job, of, outcome } of history.handled) {
    if (of !== key) continue
    const counts = outcome === "done" || (outcome === "failed" && isPoison(job))
    if (counts) processed.set(entry, Math.min(end, processed.get(entry) ?? Infinity))
  }
  for (const execution of history.executions) {
    if (execution.name !== "XACK" || execution.args[1] !== key || isError(execution)) continue
    const early = execution.args.slice(3).find((id) => (processed.get(id) ?? Infinity) > execution.at)
    if (early === undefined) continue
    broken(
      "an entry is acknowledged once it is processed",
      `${execution.client} acknowledged ${early}, which nobody had processed`,
      execution.at
    )
    return
  }
}
