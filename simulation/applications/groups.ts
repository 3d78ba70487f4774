/**
 * Jobs in a stream with a consumer group, and what must be true of their acknowledgements.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type Client, RedisClient } from "../../src/index.ts"
import * as RedisStream from "../../src/RedisStream.ts"
import type { History, Party, Stage } from "../History.ts"
import { Dice } from "../Scenario.ts"
import { type Broken, isError } from "../Violation.ts"
import { type Consuming, idleMillis, type System } from "./jobs.ts"

const key = "jobs"
const graveyard = "jobs:dead"
const group = "workers"

export const stream = RedisStream.make({ key, schema: Schema.Struct({ job: Schema.String }) })

/** Runs an Effect of the stream with a client. */
const using = <A, E>(redis: Client.PrimaryClient, effect: Effect.Effect<A, E, RedisClient.RedisClient>) =>
  Effect.provideService(effect, RedisClient.RedisClient, redis)

const entriesOf = (event: RedisStream.ConsumerEvent): ReadonlyArray<string> =>
  event._tag === "GroupRecreated" || event._tag === "GroupCreated"
    ? [`>${event.from}`]
    : event._tag === "GroupMoved"
    ? [`>${event.lastDeliveredId}`]
    : "ids" in event
    ? event.ids
    : "id" in event
    ? [event.id]
    : []

const consume = ({ concurrency, consumer, dice, handler, redis, tell }: Consuming): Effect.Effect<never, unknown> =>
  using(
    redis,
    stream.consume({
      group,
      consumer,
      concurrency,
      prefetch: dice.pick([0, 0, 3]),
      minIdle: `${idleMillis} millis`,
      claimInterval: "500 millis",
      inspectInterval: "1 second",
      stopTimeout: dice.pick(["0 millis", "100 millis", "5 seconds"]),
      deadLetter: { key: graveyard, maxDeliveries: groups.attempts },
      ...(dice.chance(0.3) ? { retry: { times: 1 } } : {}),
      onEvent: (event) => Effect.sync(() => tell(event._tag, entriesOf(event)))
    }, ({ deliveries, id, value }) => handler({ entry: id, job: value.job, isRepeated: deliveries > 1 }))
  )

export const groups: System = {
  name: key,
  attempts: 3,
  knowsRepetitions: true,
  add: (redis, job) =>
    Effect.provideService(stream.add({ job }), RedisClient.RedisClient, redis) as Effect.Effect<string>,
  consume,
  lookAt: (redis) =>
    Effect.gen(function*() {
      const entries = yield* redis.xrange(key, "-", "+")
      const dead = yield* redis.xrange(graveyard, "-", "+")
      const pending = yield* Effect.orElseSucceed(redis.xpendingRange(key, group, "-", "+", 10_000), () => [])
      return {
        ids: entries.map(({ id }) => id),
        entries: entries.map(({ fields }) => fields["job"] ?? ""),
        dead: dead.map(({ fields }) => fields["job"] ?? ""),
        pending: pending.map(({ id }) => id)
      }
    })
}

/** Deletes the group while it is in use, once, in some scenarios: a new primary may lack it as well. */
export const vandal = (stage: Stage, party: Party): Effect.Effect<void> =>
  Effect.gen(function*() {
    const dice = new Dice(stage.scenario.seed * 1009 + 690)
    if (!dice.chance(0.3)) return
    yield* Effect.sleep(dice.int(300, stage.scenario.duration))
    yield* Effect.exit(party.primary.xgroupDestroy(key, group))
  })

/** An entry is acknowledged after it was processed, or became a dead letter. */
export const checkAcknowledgements = (history: History, broken: Broken): void => {
  const processed = new Map<string, number>()
  for (const { end, entry, of, outcome } of history.handled) {
    if (of === key && outcome === "done") processed.set(entry, Math.min(end, processed.get(entry) ?? Infinity))
  }
  const dead = new Set<string>()
  for (const execution of history.executions) {
    const { args, at, name } = execution
    if (isError(execution)) continue
    if (name === "XADD" && args[1] === graveyard) dead.add(args[args.indexOf("dead-letter.id") + 1]!)
    if (name !== "XACK" || args[1] !== key) continue
    const early = args.slice(3).find((id) => !dead.has(id) && (processed.get(id) ?? Infinity) > at)
    if (early === undefined) continue
    broken(
      "an entry is acknowledged once it is processed",
      `${execution.client} acknowledged ${early}, which nobody had processed`,
      at
    )
    return
  }
}
