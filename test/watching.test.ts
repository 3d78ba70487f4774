/**
 * What `watch` and `failover` observe, on deployments in memory: nodes, events, fences, moves, the writes of a probe and
 * which of them are lost, and planned failovers from the plan to the report.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { Address, RedisClient, Sentinel } from "../src/index.ts"
import { type FailoverOptions, planFailover, runFailover, verdictOf } from "../src/internal/watching/failover.ts"
import { writesExecuted } from "../src/internal/watching/nodes.ts"
import { observe, until } from "../src/internal/watching/observe.ts"
import { failoverPage, summaryOf, timelineOf, topologyOf, watchPage } from "../src/internal/watching/pictured.ts"
import { probing } from "../src/internal/watching/probing.ts"
import { Recording } from "../src/internal/watching/recording.ts"
import { isUnmonitored, standingsOf, standingText } from "../src/internal/watching/standing.ts"
import { recordingTime } from "../src/internal/watching/time.ts"
import * as Testing from "../src/testing/index.ts"
import { sentinels } from "./support/group.ts"
import { timePassing } from "./support/time.ts"

const whileTimePasses = timePassing("2 millis")
const group = "mymaster"

const recordingOf = (bucketMillis = 1000) =>
  Effect.map(
    recordingTime,
    (time) => new Recording({ group, time, startedAt: time.now(), bucketMillis, pauseMillis: 50 })
  )

const service = (options: Partial<Sentinel.Options> = {}) => Sentinel.make({ sentinels, ...options })

/** Watches a group with a probe until the Scope closes. */
const watched = (options: Partial<Sentinel.Options> = {}) =>
  Effect.gen(function*() {
    const recording = yield* recordingOf()
    const sentinel = yield* service(options)
    const topology = yield* observe(sentinel, recording, { node: {}, sentinel: {}, intervalMillis: 100 })
    yield* Effect.forkScoped(probing(sentinel, topology, recording, { node: {}, key: "probe", everyMillis: 10 }))
    yield* until(recording, () => (recording.probe?.acknowledged ?? 0) > 5 && recording.nodes.size === 3)
    return recording
  })

const texts = (recording: Recording): string => recording.entries.map(({ text }) => text).join("\n")

const failoverOptions: FailoverOptions = {
  group,
  node: {},
  sentinel: {},
  key: "probe",
  everyMillis: 5,
  timeoutMillis: 10_000,
  coordinated: false,
  acceptLoss: false
}

/** Plans and runs a failover. */
const failedOver = (options: Partial<FailoverOptions> = {}, of: Partial<Sentinel.Options> = {}) =>
  Effect.gen(function*() {
    const recording = yield* recordingOf(50)
    const sentinel = yield* service(of)
    const chosen = { ...failoverOptions, ...options }
    const plan = yield* planFailover(sentinel, group, chosen)
    const report = yield* runFailover(sentinel, plan, recording, chosen)
    return { recording, report, plan }
  })

/** What a node has of the probe. */
const listed = (address: string) =>
  Effect.scoped(Effect.flatMap(RedisClient.make({ address }), (redis) => redis.lrange("probe", 0, -1)))

/** How often a sentinel was asked for a failover. */
const requests = Effect.map(Testing.Deployment, (deployment) => {
  let count = 0
  for (const address of deployment.sentinels) {
    deployment.sentinel(address).onEvent = (event) => {
      if (event === "+try-failover") count++
    }
  }
  return () => count
})

describe("the events of a topology", () => {
  it.effect("are those of all sentinels about the group, from the subscription on", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const sentinel = yield* service()
      const topology = yield* sentinel.topology(group)
      const seen: Array<string> = []
      const from = new Set<string>()
      yield* Effect.forkScoped(
        Stream.runForEach(topology.events, (event) =>
          Effect.sync(() => {
            seen.push(event.name)
            from.add(event.from)
          })),
        { startImmediately: true }
      )
      yield* whileTimePasses(topology.current)
      yield* whileTimePasses(Effect.sleep("100 millis"))
      yield* deployment.failover
      yield* whileTimePasses(Effect.sleep("3 seconds"))
      assert.includeMembers(seen, ["+try-failover", "+selected-slave", "+promoted-slave", "+switch-master"])
      assert.deepStrictEqual(Array.from(from).sort(), sentinels)
    }).pipe(Effect.scoped, Effect.provide(Testing.layer())))

  it.effect("end with the Scope, and name what they are about", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const events = yield* Effect.scoped(Effect.gen(function*() {
        const sentinel = yield* service()
        const topology = yield* sentinel.topology(group)
        const collected = yield* Effect.forkDetach(Stream.runCollect(topology.events), { startImmediately: true })
        yield* whileTimePasses(topology.current)
        yield* whileTimePasses(Effect.sleep("100 millis"))
        yield* deployment.kill(deployment.nodes[1]!)
        yield* whileTimePasses(Effect.sleep("1 second"))
        return collected
      }))
      const down = (yield* whileTimePasses(Fiber.join(events))).find(({ name }) => name === "+sdown")
      assert.deepStrictEqual(down?.subject, { host: "10.0.0.2", port: 6379 })
      assert.match(down?.detail ?? "", /^slave /)
    }).pipe(Effect.provide(Testing.layer())))
})

describe("watching a group", () => {
  it.effect("sees a primary that dies: its silence, the fence, the move, the pause, and that nothing is lost", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const recording = yield* whileTimePasses(watched())
      const first = recording.primary!
      yield* deployment.kill(first)
      yield* whileTimePasses(until(recording, () => recording.probe!.checks > 0))
      const [move] = recording.moves
      assert.strictEqual(move?.from, first)
      assert.strictEqual(move?.to, yield* deployment.primary)
      const [fence] = recording.fences
      assert.isAbove(fence!.to!, fence!.from)
      assert.strictEqual(fence?.candidate, move?.to)
      const pause = recording.pauses.at(-1)!
      assert.isAtMost(pause.from, fence!.from)
      assert.isAtLeast(pause.to, move!.at)
      assert.deepStrictEqual(recording.downs.map(({ node, wasPrimary }) => [node, wasPrimary]), [[first, true]])
      assert.deepStrictEqual(recording.lost, [])
      assert.match(
        texts(recording),
        /\+sdown[^]*\+selected-slave[^]*the fence closed[^]*the primary moved[^]*first write at/
      )
      yield* deployment.restart(first)
      yield* whileTimePasses(until(recording, () => recording.nodes.get(first)?.isReachable === true))
      assert.match(texts(recording), /answers again/)
    }).pipe(Effect.scoped, Effect.provide(Testing.layer())))

  it.effect("counts what a client without a fence loses, and names it", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const recording = yield* whileTimePasses(watched({ maxWriteHold: "0 millis" }))
      yield* deployment.failover
      yield* whileTimePasses(until(recording, () => recording.probe!.checks > 0))
      assert.isAbove(recording.lost.length, 0)
      assert.strictEqual(recording.probe?.lost, recording.lost.length)
      const there = yield* whileTimePasses(listed(yield* deployment.primary))
      for (const value of recording.lost) assert.notInclude(there, value)
    }).pipe(Effect.scoped, Effect.provide(Testing.layer())))

  it.effect("writes nothing without a probe, and lets the key of a probe expire", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const values = whileTimePasses(listed(deployment.nodes[0]!))
      yield* whileTimePasses(Effect.scoped(Effect.gen(function*() {
        const recording = yield* recordingOf()
        yield* observe(yield* service(), recording, { node: {}, sentinel: {}, intervalMillis: 100 })
        yield* Effect.sleep("1 second")
        assert.strictEqual(recording.nodes.get(recording.primary!)?.role, "primary")
      })))
      assert.deepStrictEqual(yield* values, [])
      yield* whileTimePasses(Effect.scoped(watched()))
      assert.isAbove((yield* values).length, 5)
      yield* timePassing("1 second")(Effect.sleep("70 seconds"))
      assert.deepStrictEqual(yield* values, [])
    }).pipe(Effect.provide(Testing.layer())))

  it.effect("knows the lag of replicas, and the writes that the primary executes", () =>
    Effect.gen(function*() {
      const recording = yield* whileTimePasses(watched())
      yield* whileTimePasses(Effect.sleep("500 millis"))
      const primary = recording.nodes.get(recording.primary!)!
      assert.approximately(primary.writesPerSecond!, 100, 30)
      assert.isAbove(recording.lagOf("10.0.0.2:6379")!, 0)
      assert.isUndefined(recording.lagOf(recording.primary!))
    }).pipe(Effect.scoped, Effect.provide(Testing.layer({ lag: "200 millis" }))))

  it.effect("tells which sentinels monitor the group, do not answer, or name another primary", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const [first, second, third] = deployment.sentinels as [string, string, string]
      const recording = yield* whileTimePasses(watched())
      const kinds = () => standingsOf(recording).map(({ kind }) => kind)
      const text = () => standingText(standingsOf(recording))
      yield* whileTimePasses(until(recording, () => kinds().every((kind) => kind === "agrees")))
      assert.strictEqual(text(), "3 of 3 sentinels monitor it")
      const page = () => JSON.stringify(watchPage(recording, recording.options.time.now(), "test"))

      yield* deployment.lie(first, { unknownGroup: true })
      yield* whileTimePasses(until(recording, () => kinds()[0] === "not-monitoring"))
      assert.strictEqual(text(), "2 of 3 sentinels monitor it (1 does not)")
      assert.isFalse(isUnmonitored(standingsOf(recording)))
      assert.include(page(), `"${first}","isReachable":true`)

      yield* deployment.lie(second, { primary: { host: "10.0.0.3", port: 6379 } })
      yield* whileTimePasses(until(recording, () => /sentinel \S+ names/.test(texts(recording))))
      assert.strictEqual(text(), "2 of 3 sentinels monitor it (1 does not, 1 of them names another primary)")
      assert.include(page(), `names ${deployment.nodes[2]}`)
      yield* deployment.lie(second, {})

      yield* deployment.hang(third)
      yield* whileTimePasses(until(recording, () => kinds()[2] === "silent"))
      yield* whileTimePasses(until(recording, () => kinds()[1] === "agrees"))
      assert.strictEqual(text(), "1 of 3 sentinels monitor it (1 without an answer, 1 does not)")
      yield* deployment.resume(third)
      yield* whileTimePasses(until(recording, () => kinds()[2] === "agrees"))

      yield* deployment.lie(second, { unknownGroup: true })
      yield* deployment.lie(third, { unknownGroup: true })
      yield* whileTimePasses(until(recording, () => text().startsWith("0 of 3")))
      assert.strictEqual(text(), "0 of 3 sentinels monitor it (3 do not)")
      assert.isTrue(isUnmonitored(standingsOf(recording)))
      assert.include(page(), "and 0 of 3 sentinels monitor it")
      assert.match(texts(recording), new RegExp(`sentinel ${first} does not monitor ${group}`))
    }).pipe(Effect.scoped, Effect.provide(Testing.layer())))

  it.effect("ends at once while a sentinel and the primary hang", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const fiber = yield* Effect.forkChild(Effect.scoped(Effect.andThen(watched(), Effect.never)))
      yield* whileTimePasses(Effect.sleep("500 millis"))
      yield* deployment.hang(deployment.sentinels[0]!)
      yield* deployment.hang(deployment.nodes[0]!)
      yield* whileTimePasses(Effect.sleep("100 millis"))
      const time = deployment.network.time.now()
      yield* whileTimePasses(Fiber.interrupt(fiber))
      assert.isAtMost(deployment.network.time.now() - time, 1000)
    }).pipe(Effect.provide(Testing.layer())))

  it("counts the calls of commands that write, without those that run other commands or failed", () => {
    assert.strictEqual(
      writesExecuted({
        set: { calls: 10, failed_calls: 2 },
        get: { calls: 100, failed_calls: 0 },
        "config|set": { calls: 7, failed_calls: 0 },
        exec: { calls: 5, failed_calls: 0 },
        evalsha: { calls: 3, failed_calls: 0 },
        "xgroup|create": { calls: 1, failed_calls: 0 },
        replconf: { calls: 50, failed_calls: 0 }
      }),
      9
    )
  })
})

describe("a planned failover", () => {
  it.effect("is asked for once, and reports the pause, the fence and that nothing was lost", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const asked = yield* requests
      const first = yield* deployment.primary
      const { recording, report } = yield* whileTimePasses(failedOver())
      assert.strictEqual(verdictOf(report), "moved")
      assert.strictEqual(asked(), 1)
      assert.strictEqual(report.plan.primary, first)
      assert.strictEqual(report.movedTo, yield* deployment.primary)
      assert.deepStrictEqual(report.readBack?.missing, [])
      assert.deepStrictEqual(report.readBack?.repeated, [])
      assert.isAbove(report.readBack!.looked, 100)
      assert.strictEqual(report.written.failed + report.written.ambiguous, 0)
      const [fence] = report.fences
      assert.isAtLeast(fence!.from, report.askedAt)
      assert.isAtLeast(report.pause.to - report.pause.from, fence!.to! - fence!.from - 10)
      assert.isAtLeast(report.firstWriteAt!, report.movedAt!)
      assert.deepStrictEqual(recording.entries.filter(({ kind }) => kind === "fault").length, 1)
    }).pipe(Effect.scoped, Effect.provide(Testing.layer())))

  it.effect("reports which acknowledged writes are missing", () =>
    Effect.gen(function*() {
      const { report } = yield* whileTimePasses(failedOver({}, { maxWriteHold: "0 millis" }))
      assert.strictEqual(verdictOf(report), "lost")
      assert.isAbove(report.readBack!.missing.length, 10)
      for (const { at } of report.readBack!.missing) assert.isAtLeast(at, report.askedAt)
    }).pipe(Effect.scoped, Effect.provide(Testing.layer())))

  it.effect("is refused with what to do about it, and nothing is asked for twice", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const asked = yield* requests
      const unknown = yield* whileTimePasses(
        Effect.flip(Effect.flatMap(service(), (sentinel) => planFailover(sentinel, "other", failoverOptions)))
      )
      assert.deepInclude(unknown, { _tag: "FailoverRefused", kind: "UNKNOWN-GROUP" })
      for (const replica of deployment.nodes.slice(1)) yield* deployment.kill(replica)
      yield* whileTimePasses(Effect.sleep("2 seconds"))
      const refused = yield* whileTimePasses(Effect.flip(failedOver()))
      assert.deepInclude(refused, { _tag: "FailoverRefused", kind: "NOGOODSLAVE" })
      assert.match(refused.message, /No failover was started: .*NOGOODSLAVE.*replica-priority/)
      assert.strictEqual(asked(), 0)
      for (const replica of deployment.nodes.slice(1)) yield* deployment.restart(replica)
      yield* whileTimePasses(Effect.sleep("12 seconds"))
      yield* deployment.failover
      const busy = yield* whileTimePasses(Effect.flip(failedOver()))
      assert.deepInclude(busy, { _tag: "FailoverRefused", kind: "INPROG" })
      assert.strictEqual(asked(), 1)
    }).pipe(Effect.scoped, Effect.provide(Testing.layer())))

  it.effect("asks a sentinel that monitors the group, where another one has dropped it", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      yield* deployment.lie(deployment.sentinels[0]!, { unknownGroup: true })
      const { plan, report } = yield* whileTimePasses(failedOver())
      assert.notStrictEqual(Address.format(plan.sentinel), deployment.sentinels[0])
      assert.deepStrictEqual([plan.monitoringSentinels, plan.knownSentinels], [2, 3])
      assert.strictEqual(verdictOf(report), "moved")
    }).pipe(Effect.scoped, Effect.provide(Testing.layer())))

  it.effect("is not asked for while a replica lags, unless a loss is accepted", () =>
    Effect.gen(function*() {
      const asked = yield* requests
      const redis = yield* Effect.flatMap(service(), (sentinel) => sentinel.primaryFor(group))
      const load = yield* Effect.forkChild(
        Effect.forever(Effect.andThen(Effect.orDie(redis.set("key", "value")), Effect.sleep("20 millis")))
      )
      const refused = yield* whileTimePasses(Effect.flip(failedOver()))
      assert.deepInclude(refused, { _tag: "FailoverRefused", kind: "NOT-READY" })
      assert.match(refused.message, /10\.0\.0\.2:6379: it is \d+ bytes behind for more than 250 ms/)
      assert.strictEqual(asked(), 0)
      const { plan, report } = yield* whileTimePasses(failedOver({ acceptLoss: true, key: "another" }))
      assert.strictEqual(asked(), 1)
      assert.isTrue(plan.candidates.every(({ notReady }) => notReady !== undefined))
      assert.strictEqual(verdictOf(report), "lost")
      yield* Fiber.interrupt(load)
    }).pipe(Effect.scoped, Effect.provide(Testing.layer({ lag: { min: "2 seconds", max: "2 seconds" } }))))

  it.effect("is not asked for where no sentinel answers, or the key is in use", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const asked = yield* requests
      const redis = yield* Effect.flatMap(service(), (sentinel) => sentinel.primaryFor(group))
      yield* whileTimePasses(redis.set("probe", "somebody's"))
      const used = yield* whileTimePasses(Effect.flip(failedOver()))
      assert.deepInclude(used, { _tag: "ProbeRefused", key: "probe" })
      assert.strictEqual(yield* whileTimePasses(redis.get("probe")), "somebody's")
      for (const sentinel of deployment.sentinels) yield* deployment.kill(sentinel)
      const alone = yield* whileTimePasses(Effect.flip(failedOver()))
      assert.deepInclude(alone, { _tag: "FailoverRefused", kind: "NO-SENTINEL" })
      assert.strictEqual(asked(), 0)
    }).pipe(Effect.scoped, Effect.provide(Testing.layer())))

  it.effect("is not asked for again where the answer never comes", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const asked = yield* requests
      const recording = yield* recordingOf(50)
      const sentinel = yield* service()
      const plan = yield* whileTimePasses(planFailover(sentinel, group, failoverOptions))
      const asking = deployment.sentinel(Address.format(plan.sentinel))
      const { onEvent } = asking
      asking.onEvent = (event, detail) => {
        if (event === "+try-failover") deployment.network.closeAll(asking.shown)
        onEvent?.(event, detail)
      }
      const report = yield* whileTimePasses(runFailover(sentinel, plan, recording, failoverOptions))
      assert.strictEqual(report.request, "unknown")
      assert.strictEqual(verdictOf(report), "moved")
      assert.strictEqual(asked(), 1)
    }).pipe(Effect.scoped, Effect.provide(Testing.layer())))

  it.effect("tells where another failover followed", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const recording = yield* recordingOf(50)
      const sentinel = yield* service()
      const plan = yield* whileTimePasses(planFailover(sentinel, group, failoverOptions))
      const fiber = yield* Effect.forkChild(
        runFailover(sentinel, plan, recording, { ...failoverOptions, timeoutMillis: 60_000 })
      )
      yield* whileTimePasses(until(recording, () => recording.movesSeen === 1))
      yield* deployment.kill(recording.primary!)
      const report = yield* whileTimePasses(Fiber.join(fiber))
      assert.strictEqual(report.moveCount, 2)
      assert.strictEqual(report.movedTo, yield* deployment.primary)
      assert.strictEqual(report.movedAt, recording.moves[0]?.at)
      assert.match(summaryOf(report), /2 times, in the end to 10\.0\.0\.\d:6379: another failover followed\. No/)
    }).pipe(Effect.scoped, Effect.provide(Testing.layer())))

  it.effect("says so where the group does not move in time", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const recording = yield* recordingOf(50)
      const sentinel = yield* service()
      const plan = yield* whileTimePasses(planFailover(sentinel, group, failoverOptions))
      const fiber = yield* Effect.forkChild(
        runFailover(sentinel, plan, recording, { ...failoverOptions, timeoutMillis: 3000 })
      )
      yield* whileTimePasses(until(recording, () => recording.entries.some(({ kind }) => kind === "fault")))
      for (const replica of deployment.nodes.slice(1)) yield* deployment.hang(replica)
      const report = yield* whileTimePasses(Fiber.join(fiber))
      assert.strictEqual(verdictOf(report), "not-moved")
      assert.isUndefined(report.readBack)
    }).pipe(Effect.scoped, Effect.provide(Testing.layer())))
})

describe("what pictures get", () => {
  it.effect("of a failover: fence, pause and writes on the axis of the request", () =>
    Effect.gen(function*() {
      const { recording, report } = yield* whileTimePasses(failedOver())
      const ends = report.firstWriteAt! + 1000
      const page = failoverPage(recording, report, ends, "now")
      assert.strictEqual(page.tone, "good")
      const timeline = timelineOf(recording, "x", { zeroAt: report.askedAt, fromAt: report.askedAt - 500, toAt: ends })
      const kinds = new Set(timeline.spans.map(({ kind }) => kind))
      assert.isTrue(kinds.has("fence") && kinds.has("pause"))
      assert.deepStrictEqual(timeline.events.filter(({ kind }) => kind === "fault").map(({ atMillis }) => atMillis), [
        0
      ])
      const lanes = new Set(timeline.lanes.map(({ name }) => name))
      for (const { lane } of [...timeline.events, ...timeline.spans, ...timeline.counts]) {
        assert.isTrue(lane === undefined || lanes.has(lane), lane)
      }
      const topology = topologyOf(recording)
      assert.deepStrictEqual(topology.nodes.filter(({ role }) => role === "primary").map(({ address }) => address), [
        report.movedTo
      ])
      assert.strictEqual(topology.sentinels.length, 3)
      assert.strictEqual(watchPage(recording, ends, "now").title, "mymaster, watched")
    }).pipe(Effect.scoped, Effect.provide(Testing.layer())))
})
