/**
 * What runs beside the workers of a scenario: what people build on the commands. Each application is a file of
 * applications/, which also says what must be true of what it recorded. This file starts and ends them.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { Client } from "../src/index.ts"
import { groups, vandal } from "./applications/groups.ts"
import { consumer, drain, producer, type System } from "./applications/jobs.ts"
import { drainList, popper, pusher } from "./applications/pops.ts"
import { queues } from "./applications/queues.ts"
import { awaitReaders, reader } from "./applications/readers.ts"
import { caller, counter as counted, log } from "./applications/scripts.ts"
import { publisher, subscriber } from "./applications/subscriptions.ts"
import { accounts, counter, ledger, transferrer } from "./applications/transfers.ts"
import type { Party, Stage } from "./History.ts"
import type { Scenario } from "./Scenario.ts"

/** The applications of a scenario while they run. */
export interface Running {
  /** Waits until their work is over. */
  readonly work: Effect.Effect<void>
  /** Once everything is healthy again: waits until the consumers have nothing to do any more, and stops them. */
  readonly finish: Effect.Effect<void>
}

/** Starts the applications of a scenario in its first clients. */
export const beginApplications = (stage: Stage, parties: ReadonlyArray<Party>): Effect.Effect<Running> =>
  Effect.gen(function*() {
    const { group, pops, queue, readers, scripts, subscribers, transfers } = stage.scenario.applications ?? {}
    const drained = yield* Deferred.make<void>()
    const partyOf = (i: number): Party => parties[i % parties.length]!
    const numbered = (count: number | undefined, each: (party: Party, i: number) => Effect.Effect<void>) =>
      Effect.forEach(
        Array.from({ length: count ?? 0 }, (_, i) => i),
        (i) => Effect.forkChild(Effect.provideService(each(partyOf(i), i), Clock.Clock, partyOf(i).clock))
      )
    const working = [
      ...yield* numbered(subscribers, (party, i) => subscriber(stage, party, (i + 1) * 1000)),
      ...yield* numbered(
        subscribers === undefined ? 0 : parties.length,
        (party, i) => publisher(stage, party, 600 + i)
      ),
      ...yield* numbered(scripts, (party, i) => caller(stage, party, 680 + i)),
      ...yield* numbered(transfers, (party, i) => transferrer(stage, party, 620 + i)),
      ...yield* numbered(
        group === undefined && readers === undefined ? 0 : parties.length,
        (party, i) => producer(stage, groups, party, 640 + i)
      ),
      ...yield* numbered(group === undefined ? 0 : 1, (party) => vandal(stage, party)),
      ...yield* numbered(
        queue === undefined ? 0 : parties.length,
        (party, i) => producer(stage, queues, party, 650 + i)
      ),
      ...yield* numbered(pops === undefined ? 0 : parties.length, (party, i) => pusher(stage, party, 660 + i))
    ]
    const done = Deferred.await(drained)
    const systems: ReadonlyArray<System> = [
      ...group === undefined && readers === undefined ? [] : [groups],
      ...queue === undefined ? [] : [queues]
    ]
    const consuming = [
      ...yield* numbered(group, (party, i) => consumer(stage, groups, party, i, done)),
      ...yield* numbered(queue, (party, i) => consumer(stage, queues, party, i, done)),
      ...yield* numbered(readers, (party, i) => reader(stage, party, i, done)),
      ...yield* numbered(pops, (party, i) => popper(stage, party, i, done))
    ]
    return {
      work: Effect.forEach(working, (fiber) => Fiber.join(fiber), { discard: true }),
      finish: Effect.gen(function*() {
        for (const system of systems) yield* drain(stage, system, parties[0]!.primary)
        yield* awaitReaders(stage)
        if (pops !== undefined) yield* drainList(stage, parties[0]!)
        yield* Deferred.succeed(drained, undefined)
        for (const fiber of consuming) yield* Fiber.join(fiber)
      })
    }
  })

/** The data of the applications at the end. */
export const finalOf = (
  scenario: Scenario,
  redis: Client.PrimaryClient
): Effect.Effect<ReadonlyArray<readonly [key: string, value: ReadonlyArray<string> | number | null]>> =>
  Effect.gen(function*() {
    const { scripts, transfers } = scenario.applications ?? {}
    const lists = [...scripts === undefined ? [] : [log], ...transfers === undefined ? [] : [ledger]]
    const numbers = [
      ...scripts === undefined ? [] : [counted],
      ...transfers === undefined ? [] : [counter, ...accounts]
    ]
    return [
      ...yield* Effect.forEach(
        lists,
        (name) => Effect.map(Effect.orElseSucceed(redis.lrange(name, 0, -1), () => []), (list) => [name, list] as const)
      ),
      ...yield* Effect.forEach(
        numbers,
        (name) =>
          Effect.map(
            Effect.orElseSucceed(redis.get(name), () => null),
            (text) => [name, text === null ? null : Number(text)] as const
          )
      )
    ]
  })
