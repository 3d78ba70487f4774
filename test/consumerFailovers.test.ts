/**
 * Consumers of groups through failovers and outages in memory: every acknowledged entry is processed at least once, what
 * comes twice is told, groups that are lost are made again, and nothing is silently dead.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { Address, Errors, RedisClient } from "../src/index.ts"
import { compareIds } from "../src/internal/streams/ids.ts"
import type { ConsumerEvent } from "../src/RedisStream.ts"
import * as Testing from "../src/testing/index.ts"
import {
  add,
  begin,
  clientReplacing,
  consume,
  pendingCount,
  replacing,
  runAbout,
  servers,
  until,
  whileTimePasses
} from "./support/consumers.ts"
import { live, moved, type Redis, stateOf } from "./support/group.ts"

/** Adds entries until it is told to stop, and gives the ids that were acknowledged. */
const producing = (redis: Redis) =>
  Effect.gen(function*() {
    const added: Array<string> = []
    let n = 0
    let goesOn = true
    yield* Effect.forkScoped(
      Effect.gen(function*() {
        while (goesOn) {
          const exit = yield* Effect.exit(redis.xadd("orders", "*", { n: n++ }))
          if (Exit.isSuccess(exit)) added.push(exit.value)
          yield* Effect.sleep("5 millis")
        }
      })
    )
    return { added, stop: Effect.sync(() => void (goesOn = false)) }
  })

/** Several consumers, and how often each entry was processed. */
const crew = (redis: Redis, count: number, options: Parameters<typeof consume>[1] = {}) =>
  Effect.gen(function*() {
    const processed = new Map<string, number>()
    const consumers = yield* Effect.forEach(Array.from({ length: count }, (_, i) => i), (i) =>
      consume(redis, {
        consumer: `c${i}`,
        concurrency: 4,
        minIdle: "2 seconds",
        claimInterval: "500 millis",
        ...options
      }, ({ id }) =>
        Effect.andThen(
          Effect.sleep("10 millis"),
          Effect.sync(() => void processed.set(id, (processed.get(id) ?? 0) + 1))
        )))
    return {
      processed,
      consumers,
      events: Effect.sync(() => consumers.flatMap(({ events }) => events)),
      stop: whileTimePasses(
        Effect.forEach(consumers, ({ interrupt }) => interrupt, { concurrency: "unbounded", discard: true })
      )
    }
  })

/** Those of the acknowledged entries that the stream has, and nobody has processed. */
const unprocessed = (redis: Redis, added: ReadonlyArray<string>, processed: ReadonlyMap<string, number>) =>
  Effect.map(whileTimePasses(redis.xrange("orders", "-", "+")), (entries) => {
    const present = new Set(entries.map(({ id }) => id))
    return added.filter((id) => !processed.has(id) && present.has(id))
  })

const quiet = (redis: Redis) =>
  until(Effect.map(
    redis.xinfoGroups("orders").pipe(Effect.orElseSucceed(() => [])),
    ([group]) => group !== undefined && group.pending === 0 && group.lag === 0
  ))

describe.each(servers)("consumers and failovers %s", (_, on) => {
  it.effect("a planned failover: every entry is processed, and none is lost", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      const control = yield* Testing.Deployment
      yield* begin(redis)
      const producer = yield* producing(redis)
      const { events, processed, stop } = yield* crew(redis, 3)
      yield* until(Effect.sync(() => processed.size > 100))
      yield* control.failover
      yield* until(moved)
      const before = processed.size
      yield* until(Effect.sync(() => processed.size > before + 100))
      yield* producer.stop
      yield* quiet(redis)
      yield* stop
      assert.deepStrictEqual(producer.added.filter((id) => !processed.has(id)), [])
      assert.isFalse((yield* events).some(({ _tag }) => _tag === "GroupRecreated"))
    }).pipe(Effect.provide(live({}, { latency: "1 milli" }))))

  it.effect("a dead primary whose replicas are late: what comes again is told, and nothing is skipped", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      const control = yield* Testing.Deployment
      yield* begin(redis)
      const producer = yield* producing(redis)
      const { events, processed, stop } = yield* crew(redis, 3)
      yield* until(Effect.sync(() => processed.size > 100))
      yield* control.kill(yield* control.primary)
      yield* until(moved)
      const before = processed.size
      yield* until(Effect.sync(() => processed.size > before + 100))
      yield* producer.stop
      yield* quiet(redis)
      yield* stop
      assert.deepStrictEqual(yield* unprocessed(redis, producer.added, processed), [])
      const told = (yield* events).filter(({ _tag }) => _tag === "Redelivered" || _tag === "AcknowledgedAgain")
      assert.isAbove(told.length, 0)
      const twice = Array.from(processed.values()).reduce((sum, count) => sum + count - 1, 0)
      assert.isAtMost(twice, (yield* events).filter(({ _tag }) => _tag === "Redelivered" || _tag === "Claimed").length)
    }).pipe(Effect.provide(live({}, { lag: { min: "50 millis", max: "200 millis" } }))))

  it.effect("each entry that is processed again is told", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      const control = yield* Testing.Deployment
      yield* begin(redis)
      yield* whileTimePasses(redis.xgroupCreate("orders", "g", "0", { mkstream: true }))
      yield* whileTimePasses(add(redis, 600))
      yield* whileTimePasses(Effect.sleep("2 seconds"))
      const { events, processed, stop } = yield* crew(redis, 3)
      yield* until(Effect.sync(() => processed.size > 100))
      // The replicas know little of what was delivered.
      yield* control.kill(yield* control.primary)
      yield* until(moved)
      yield* quiet(redis)
      yield* stop
      const twice = Array.from(processed).flatMap(([id, times]) => times > 1 ? [id] : [])
      assert.isAbove(twice.length, 0)
      const told = new Set((yield* events).flatMap((event) => {
        if (event._tag === "Claimed") return event.ids
        return event._tag === "ClaimLost" || event._tag === "Redelivered" ? [event.id] : []
      }))
      const moves = (yield* events).flatMap((event) => event._tag === "GroupMoved" ? [event.lastDeliveredId] : [])
      const isTold = (id: string): boolean => told.has(id) || moves.some((last) => compareIds(id, last) > 0)
      assert.deepStrictEqual(twice.filter((id) => !isTold(id)), [])
      assert.strictEqual(moves.length, 3)
    }).pipe(Effect.provide(live({}, { lag: "200 millis" }))))

  it.effect("a move that leaves the epoch as it is, is told: sentinels are told to monitor another node", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      const control = yield* Testing.Deployment
      yield* begin(redis)
      const seen: Array<number> = []
      yield* whileTimePasses(redis.xgroupCreate("orders", "g", "0", { mkstream: true }))
      yield* whileTimePasses(add(redis, 8))
      yield* whileTimePasses(Effect.sleep("2 seconds"))
      const { stop, told } = yield* consume(redis, {}, ({ value }) => Effect.sync(() => void seen.push(value.n)))
      yield* until(Effect.sync(() => seen.length === 8))
      // The new primary knows of no delivery.
      const old = yield* control.primary
      const next = control.nodes.find((node) => node !== old)!
      control.node(next).promote()
      for (const address of control.sentinels) yield* control.reassign(address, next)
      yield* until(Effect.map(stateOf, ({ primary }) => Address.format(primary!) === next))
      assert.strictEqual((yield* stateOf).epoch, 0)
      yield* until(Effect.sync(() => told("GroupMoved").length > 0))
      yield* quiet(redis)
      yield* stop
      const [first] = yield* whileTimePasses(redis.xrange("orders", "-", "+"))
      const moves = told("GroupMoved")
      assert.lengthOf(moves, 1)
      assert.isBelow(compareIds(moves[0]!.lastDeliveredId, first!.id), 0)
      assert.deepStrictEqual(seen, [0, 1, 2, 3, 4, 5, 6, 7])
    }).pipe(Effect.provide(live({}, { lag: "1 second" }))))

  it.effect("acknowledgements that the old primary took with it are repeated", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      const control = yield* Testing.Deployment
      yield* begin(redis)
      const seen: Array<number> = []
      const { stop, told } = yield* consume(redis, { concurrency: 3 }, ({ value }) =>
        Effect.andThen(
          value.n < 3 ? Effect.sleep("2 seconds") : Effect.void,
          Effect.sync(() => void seen.push(value.n))
        ))
      yield* whileTimePasses(add(redis, 3))
      yield* until(Effect.sync(() => seen.length === 3))
      yield* until(Effect.map(pendingCount(redis), (count) => count === 0))
      // The replicas have the deliveries, and lack the acknowledgements.
      yield* control.kill(yield* control.primary)
      yield* until(moved)
      yield* quiet(redis)
      yield* until(Effect.sync(() => told("Redelivered").length + told("AcknowledgedAgain").length > 0))
      yield* stop
      assert.deepStrictEqual(seen, [0, 1, 2])
      const again = told("AcknowledgedAgain").reduce((sum, { count }) => sum + count, 0)
      const outcomes = told("Redelivered").map(({ outcome }) => outcome)
      assert.deepStrictEqual(outcomes, Array.from({ length: 3 - again }, () => "acknowledged"))
    }).pipe(Effect.provide(live({}, { lag: "1 second" }))))

  it.effect("acknowledgements that are repeated are told, though the reply is lost", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      const control = yield* Testing.Deployment
      yield* begin(redis)
      let losses = 0
      const client = clientReplacing(redis, {
        reserve: Effect.map(redis.reserve, (reserved) =>
          replacing(reserved, {
            run: runAbout(reserved, ({ spec: { name } }, reply) =>
              name === "XACK" && losses++ === 0
                ? Effect.andThen(reply, Effect.fail(new Errors.AmbiguousOutcome({ command: "XACK", cause: "lost" })))
                : reply)
          }))
      })
      let running = 0
      const { stop, told } = yield* consume(client, { concurrency: 3, stopTimeout: "0 millis" }, ({ value }) =>
        Effect.suspend(() => {
          running++
          return value.n < 3 ? Effect.sleep("2 seconds") : Effect.never
        }))
      yield* whileTimePasses(add(redis, 6))
      // The consumer has no room to look for what is pending.
      yield* until(Effect.sync(() =>
        running === 6
      ))
      yield* until(Effect.map(pendingCount(redis), (count) =>
        count === 3))
      // The replicas have the deliveries, and lack the acknowledgements.
      yield* control.kill(yield* control.primary)
      yield* until(moved)
      yield* until(Effect.sync(() => told("AcknowledgedAgain").length > 0))
      yield* stop
      assert.strictEqual(losses, 1)
      assert.deepStrictEqual(told("AcknowledgedAgain"), [{ _tag: "AcknowledgedAgain", count: 3 }])
    }).pipe(Effect.provide(live({}, { lag: "1 second" }))))

  it.effect("entries that the new primary delivers again are not processed again by the consumer that had them", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      const control = yield* Testing.Deployment
      yield* begin(redis)
      const seen: Array<number> = []
      yield* whileTimePasses(add(redis, 8))
      yield* whileTimePasses(redis.xgroupCreate("orders", "g", "0"))
      yield* whileTimePasses(Effect.sleep("2 seconds"))
      const { stop, told } = yield* consume(
        redis,
        { concurrency: 4 },
        ({ value }) =>
          Effect.andThen(
            value.n < 6 ? Effect.void : Effect.sleep("10 seconds"),
            Effect.sync(() => void seen.push(value.n))
          )
      )
      yield* until(Effect.sync(() => seen.length === 6))
      // The replicas know of no delivery.
      yield* control.kill(yield* control.primary)
      yield* until(moved)
      yield* until(Effect.sync(() => told("Redelivered").length === 8))
      yield* quiet(redis)
      yield* stop
      assert.deepStrictEqual(seen.sort(), [0, 1, 2, 3, 4, 5, 6, 7])
      const outcomes = told("Redelivered").map(({ outcome }) => outcome).sort()
      assert.deepStrictEqual(outcomes.slice(0, 6), Array.from({ length: 6 }, () => "acknowledged"))
      assert.deepStrictEqual(outcomes.slice(6), ["skipped", "skipped"])
    }).pipe(Effect.provide(live({}, { lag: "1 second" }))))

  it.effect("a dead letter that a failover loses is written again", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      const control = yield* Testing.Deployment
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 1))
      yield* whileTimePasses(redis.xgroupCreate("orders", "g", "0"))
      yield* whileTimePasses(Effect.sleep("2 seconds"))
      const { stop, told } = yield* consume(
        redis,
        { deadLetter: { key: "dead", maxDeliveries: 1 } },
        () => Effect.fail("refused")
      )
      yield* until(Effect.sync(() => told("DeadLettered").length === 1))
      // The replicas know of no dead letter.
      yield* control.kill(yield* control.primary)
      yield* until(moved)
      yield* until(Effect.map(redis.xlen("dead").pipe(Effect.orElseSucceed(() => 0)), (n) => n === 1))
      yield* quiet(redis)
      yield* stop
      assert.lengthOf(told("DeadLettered"), 2)
    }).pipe(Effect.provide(live({}, { lag: "1 second" }))))

  it.effect("a dead letter that a failover loses with its group is written again", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      const control = yield* Testing.Deployment
      yield* begin(redis)
      const [first] = yield* whileTimePasses(add(redis, 2))
      yield* whileTimePasses(Effect.sleep("2 seconds"))
      const { stop, told } = yield* consume(
        redis,
        { deadLetter: { key: "dead", maxDeliveries: 1 }, inspectInterval: "20 millis" },
        ({ value }) => value.n === 0 ? Effect.fail("refused") : Effect.void
      )
      yield* until(Effect.sync(() => told("DeadLettered").length === 1))
      yield* quiet(redis)
      yield* whileTimePasses(Effect.sleep("200 millis"))
      // The replicas know of no group and no dead letter, and the consumer knows that all was acknowledged.
      yield* control.kill(yield* control.primary)
      yield* until(moved)
      yield* until(Effect.sync(() => told("GroupRecreated").length === 1))
      yield* quiet(redis)
      yield* whileTimePasses(Effect.sleep("3 seconds"))
      yield* stop
      const [letter] = yield* whileTimePasses(redis.xrange("dead", "-", "+"))
      assert.strictEqual(letter?.fields["dead-letter.id"], first)
      assert.strictEqual(letter!.fields["n"], "0")
      assert.deepStrictEqual(
        told("DeadLettered").map(({ deadLetterId, id }) => ({ deadLetterId, id })).slice(1),
        [{ deadLetterId: letter!.id, id: first }]
      )
      assert.lengthOf(yield* whileTimePasses(redis.xrange("dead", "-", "+")), 1)
    }).pipe(Effect.provide(live({}, { lag: "1 second" }))))

  it.effect("a dead letter that somebody has deleted stays deleted through a failover", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      const control = yield* Testing.Deployment
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 1))
      const { stop, told } = yield* consume(
        redis,
        { deadLetter: { key: "dead", maxDeliveries: 1 } },
        () => Effect.fail("refused")
      )
      yield* until(Effect.sync(() => told("DeadLettered").length === 1))
      yield* quiet(redis)
      yield* whileTimePasses(redis.xtrim("dead", { strategy: "maxlen", threshold: 0 }))
      yield* whileTimePasses(Effect.sleep("1 second"))
      yield* control.kill(yield* control.primary)
      yield* until(moved)
      yield* whileTimePasses(Effect.sleep("5 seconds"))
      yield* stop
      assert.lengthOf(told("DeadLettered"), 1)
      assert.strictEqual(yield* whileTimePasses(redis.xlen("dead")), 0)
    }).pipe(Effect.provide(live())))

  it.effect("a group that is lost is made again where nothing is skipped", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      const seen: Array<number> = []
      yield* whileTimePasses(add(redis, 10))
      const { stop, told } = yield* consume(redis, { inspectInterval: "100 millis" }, ({ value }) =>
        Effect.sync(() =>
          void seen.push(value.n)
        ))
      yield* until(Effect.sync(() => seen.length === 10))
      yield* whileTimePasses(Effect.sleep("1 second"))
      // Another consumer has an entry that it never finishes.
      const [held] = (yield* whileTimePasses(
        Effect.andThen(Effect.forkScoped(Effect.andThen(Effect.sleep("5 millis"), add(redis, 1, 10))), Effect.void)
          .pipe(
            Effect.andThen(redis.xreadgroup("g", "other", { orders: ">" }, { count: 1, block: "1 second" }))
          )
      ))?.get("orders") ?? []
      yield* whileTimePasses(Effect.sleep("1 second"))
      yield* whileTimePasses(add(redis, 5, 11))
      yield* until(Effect.sync(() => seen.length >= (held === undefined ? 16 : 15)))
      yield* whileTimePasses(redis.xgroupDestroy("orders", "g"))
      yield* whileTimePasses(add(redis, 5, 16))
      yield* until(Effect.sync(() => new Set(seen).size === 21))
      yield* quiet(redis)
      yield* stop
      assert.strictEqual(new Set(seen).size, 21)
      // Nothing that this consumer had finished was processed again.
      assert.strictEqual(seen.length, 21)
      assert.strictEqual(told("GroupRecreated").length, 1)
      assert.isFalse(told("GroupRecreated")[0]!.streamMissing)
    }).pipe(Effect.provide(live())))

  it.effect("a stream that is deleted begins anew, and its ids may be used again", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      const seen: Array<number> = []
      for (const n of [1, 2, 3]) yield* whileTimePasses(redis.xadd("orders", `${n}-0`, { n }))
      const { stop, told } = yield* consume(redis, { inspectInterval: "100 millis" }, ({ value }) =>
        Effect.sync(() =>
          void seen.push(value.n)
        ))
      yield* until(Effect.sync(() => seen.length === 3))
      yield* whileTimePasses(Effect.sleep("1 second"))
      yield* whileTimePasses(redis.del("orders"))
      yield* until(Effect.sync(() => told("GroupRecreated").length === 1))
      for (const n of [1, 2]) yield* whileTimePasses(redis.xadd("orders", `${n}-0`, { n }))
      yield* until(Effect.sync(() => seen.length === 5))
      yield* quiet(redis)
      yield* stop
      assert.deepStrictEqual(seen, [1, 2, 3, 1, 2])
      assert.deepStrictEqual(told("GroupRecreated"), [{ _tag: "GroupRecreated", from: "0-0", streamMissing: true }])
    }).pipe(Effect.provide(live())))

  it.effect("goes on after everything was stopped for long", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      const control = yield* Testing.Deployment
      yield* begin(redis)
      const seen: Array<number> = []
      yield* whileTimePasses(add(redis, 1))
      const { fiber, stop, told } = yield* consume(redis, {}, ({ value }) => Effect.sync(() => void seen.push(value.n)))
      yield* until(Effect.sync(() => seen.length === 1))
      const all = [...control.nodes, ...control.sentinels]
      for (const address of all) yield* control.kill(address)
      yield* whileTimePasses(Effect.sleep("1 minute"))
      assert.strictEqual(fiber.pollUnsafe(), undefined)
      for (const address of all) yield* control.restart(address)
      yield* whileTimePasses(Effect.retry(add(redis, 1, 1), { times: 20 }))
      yield* until(Effect.sync(() => seen.includes(1)))
      yield* until(Effect.map(pendingCount(redis), (count) => count === 0))
      yield* stop
      assert.strictEqual(told("Outage").length, told("Recovered").length)
      assert.isAtLeast(told("Outage").length, 1)
    }).pipe(Effect.provide(live())))

  for (const seed of [3, 5]) {
    it.effect(
      `faults of all kinds, handlers that fail, consumers that stop and start (seed ${seed})`,
      () =>
        Effect.gen(function*() {
          const redis = on(yield* RedisClient.RedisClient)
          const control = yield* Testing.Deployment
          yield* begin(redis)
          const random = numbers(seed)
          const processed = new Map<string, number>()
          const events: Array<ConsumerEvent> = []
          let goesOn = true
          const member = (name: string) =>
            Effect.gen(function*() {
              for (let life = 0; goesOn; life++) {
                const { events: told, fiber, interrupt } = yield* consume(redis, {
                  consumer: name,
                  concurrency: 1 + Math.floor(random() * 6),
                  prefetch: Math.floor(random() * 4),
                  minIdle: "3 seconds",
                  claimInterval: "500 millis",
                  inspectInterval: "1 second",
                  stopTimeout: "500 millis",
                  deleteConsumer: random() < 0.5,
                  retry: { times: 1 },
                  deadLetter: { key: "dead", maxDeliveries: 1000 },
                  remember: random() < 0.3 ? 3 : 1000
                }, ({ id }) =>
                  Effect.suspend(() => {
                    const luck = random()
                    const work = Effect.andThen(
                      Effect.sleep(luck < 0.02 ? "5 seconds" : "20 millis"),
                      Effect.sync(() => void processed.set(id, (processed.get(id) ?? 0) + 1))
                    )
                    return luck < 0.9 ? work : luck < 0.95 ? Effect.fail("later") : Effect.die("never")
                  }))
                yield* Effect.raceFirst(
                  Effect.sleep(`${1 + Math.floor(random() * 20)} seconds`),
                  until(Effect.sync(() => !goesOn))
                )
                assert.strictEqual(fiber.pollUnsafe(), undefined)
                if (goesOn) yield* interrupt
                events.push(...told)
              }
            })
          const members = yield* Effect.forEach(["a", "b", "c"], (name) => Effect.forkScoped(member(name)))
          const producer = yield* producing(redis)
          yield* whileTimePasses(Effect.gen(function*() {
            for (let fault = 0; fault < 8; fault++) {
              yield* Effect.sleep(`${Math.floor(random() * 3000)} millis`)
              const node = control.nodes[Math.floor(random() * control.nodes.length)]!
              const primary = yield* control.primary
              const kind = Math.floor(random() * 6)
              if (kind === 0) yield* control.failover
              if (kind === 1) {
                yield* control.kill(primary)
                yield* Effect.sleep("3 seconds")
                yield* control.restart(primary, { keepData: random() < 0.5 })
              }
              if (kind === 2) yield* control.disconnect(primary)
              if (kind === 3) {
                yield* control.hang(node)
                yield* Effect.sleep("4 seconds")
                yield* control.resume(node)
              }
              if (kind === 4) {
                yield* control.partition("client", node)
                yield* Effect.sleep("3 seconds")
                yield* control.heal()
              }
              if (kind === 5) {
                yield* Effect.ignore(random() < 0.5 ? redis.xgroupDestroy("orders", "g") : redis.del("orders"))
              }
            }
            yield* Effect.sleep("10 seconds")
          }))
          yield* producer.stop
          yield* quiet(redis)
          goesOn = false
          yield* whileTimePasses(Effect.forEach(members, (fiber) => Fiber.join(fiber), { discard: true }))
          assert.isAbove(processed.size, 500)
          assert.deepStrictEqual(yield* unprocessed(redis, producer.added, processed), [])
          assert.strictEqual(yield* whileTimePasses(redis.xlen("dead")), 0)
        }).pipe(Effect.provide(live({}, { lag: { min: "1 milli", max: "100 millis" }, latency: "1 milli", seed }))),
      60_000
    )
  }
})

/** Numbers from 0 to 1, the same for the same seed. */
const numbers = (seed: number): () => number => {
  let state = seed
  return () => {
    state = Math.imul(state ^ (state >>> 15), state | 1)
    state ^= state + Math.imul(state ^ (state >>> 7), state | 61)
    state = (state + 0x6d2b79f5) | 0
    return ((state ^ (state >>> 14)) >>> 0) / 2 ** 32
  }
}
