/**
 * Random subscriptions on one connection, with faults: every subscriber has each message that was published on its
 * channels while it was established, in order, or a gap in its place; in the end the server has exactly the wanted names.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { Connector, RedisClient } from "../src/index.ts"
import type { Gap, Message, Undecodable } from "../src/PubSub.ts"
import * as Testing from "../src/testing/index.ts"
import { timePassing } from "./support/time.ts"

const address = "10.0.0.1:6379"
const whileTimePasses = timePassing("5 millis")
const channels = ["a", "b", "c", "d", "e"]

/** A pseudo-random sequence (mulberry32). */
const randomOf = (seed: number) => (below: number): number => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) % below
}

interface Model {
  readonly names: ReadonlyArray<string>
  readonly scope: Scope.Closeable
  /** The number of the next message on each of its channels; undefined before the first one, or after a gap. */
  readonly next: Map<string, number | undefined>
  /** The first message of each channel has at most this number: the server had acknowledged the channel before. */
  readonly atMost: Map<string, number>
  isEstablished: boolean
  gaps: number
}

const play = (seed: number, protocol: 2 | 3) =>
  Effect.gen(function*() {
    const random = randomOf(seed)
    const control = yield* Testing.make({
      replicas: 0,
      sentinels: 0,
      seed,
      latency: { min: "0 millis", max: "8 millis" }
    })
    const redis = yield* RedisClient.make({ address, protocol }).pipe(
      Effect.provideService(Connector.Connector, control.network.dialer("c"))
    )
    const node = control.node(address)
    const published = new Map(channels.map((channel) => [channel, 0]))
    const publish = (channel: string): void => {
      const number = published.get(channel)!
      published.set(channel, number + 1)
      node.publish(channel, `${number}`)
    }
    const problems: Array<string> = []
    const live = new Set<Model>()
    const onItem = (model: Model, item: Message | Undecodable | Gap): void => {
      if (item._tag === "Gap") {
        model.gaps++
        for (const name of model.names) model.next.set(name, undefined)
        model.atMost.clear()
        return
      }
      const { channel, payload } = item as Message
      if (payload === "") return
      const number = Number(payload)
      const next = model.next.get(channel)
      if (!model.names.includes(channel)) problems.push(`${channel} was not asked for`)
      if (next === undefined ? number > (model.atMost.get(channel) ?? Infinity) : next !== number) {
        problems.push(`${channel}: ${number} in place of ${next ?? model.atMost.get(channel)}`)
      }
      model.next.set(channel, number + 1)
    }
    const join = Effect.gen(function*() {
      const names = channels.filter(() => random(3) === 0)
      if (names.length === 0) names.push("a")
      const scope = yield* Scope.make()
      const model: Model = { names, scope, next: new Map(), atMost: new Map(), isEstablished: false, gaps: 0 }
      const fiber = yield* Effect.forkScoped(
        Effect.gen(function*() {
          const stream = yield* redis.subscription({ channels: names })
          // From now on nothing may be missing.
          model.isEstablished = true
          for (const name of names) model.atMost.set(name, published.get(name)!)
          live.add(model)
          yield* Effect.forkIn(Stream.runForEach(stream, (item) => Effect.sync(() => onItem(model, item))), scope)
        }).pipe(Scope.provide(scope)),
        { startImmediately: true }
      )
      // Some lose patience.
      if (random(4) === 0) {
        yield* TestClock.adjust(`${random(20)} millis`)
        yield* Fiber.interrupt(fiber)
        if (!model.isEstablished) yield* Scope.close(scope, Exit.void)
      }
    })
    const leave = Effect.suspend(() => {
      const all = Array.from(live)
      if (all.length === 0) return Effect.void
      const model = all[random(all.length)]!
      live.delete(model)
      return Scope.close(model.scope, Exit.void)
    })
    for (let step = 0; step < 120; step++) {
      const what = random(20)
      if (what < 5) yield* join
      else if (what < 9) yield* leave
      else if (what < 10) yield* control.disconnect(address)
      else if (what < 11) yield* control.refuse(address, random(2) === 0)
      else publish(channels[random(channels.length)]!)
      yield* TestClock.adjust(`${random(12)} millis`)
    }
    yield* control.refuse(address, false)
    yield* TestClock.adjust("10 seconds")
    // Everybody who is there has everything from now on.
    for (const channel of channels) publish(channel)
    yield* TestClock.adjust("1 second")
    for (const model of live) {
      for (const name of model.names) {
        if (model.next.get(name) !== published.get(name)) problems.push(`${name}: the last message is missing`)
      }
    }
    const wanted = new Set(Array.from(live).flatMap((model) => model.names))
    const has = channels.filter((channel) => node.publish(channel, "") > 0)
    assert.deepStrictEqual(has, channels.filter((channel) => wanted.has(channel)), `seed ${seed}`)
    assert.deepStrictEqual(problems, [], `seed ${seed}`)
    const count = live.size
    for (const model of live) yield* Scope.close(model.scope, Exit.void)
    yield* TestClock.adjust("1 second")
    assert.strictEqual(control.network.connections(address, "c"), 0, `seed ${seed}`)
    return count
  }).pipe(Effect.scoped)

describe("subscriptions that come and go while connections are lost", () => {
  for (const protocol of [2, 3] as const) {
    it.effect(`are told every hole (RESP${protocol})`, () =>
      Effect.gen(function*() {
        let subscribers = 0
        for (let seed = 1; seed <= 40; seed++) {
          subscribers += yield* whileTimePasses(play(seed * 2 + protocol, protocol))
        }
        assert.isAbove(subscribers, 40)
      }), 60_000)
  }
})
