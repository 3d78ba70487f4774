/**
 * A rotation of passwords under load on real processes: nodes and sentinels have a user whose password changes again and
 * again, while writers, readers, commands that wait and a subscription work. Counts what failed, and whether a session
 * was opened anew.
 *
 *   node chaos/rotation.ts --seconds 60 --every 2000 --writers 32
 *
 * Exits with 1 if an operation failed, a server refused credentials, or a session is another one at the end.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { optionsOf } from "../scripts/options.ts"
import { Credentials, RedisClient, Sentinel } from "../src/index.ts"
import { deployment } from "../test/support/processes.ts"

export interface Rotation {
  readonly writers: number
  readonly everyMillis: number
  readonly rotations: number
}

export interface RotationReport {
  readonly rotations: number
  readonly writes: number
  readonly reads: number
  readonly popped: number
  readonly messages: number
  readonly gaps: number
  /** The messages of what failed. */
  readonly failures: ReadonlyArray<string>
  readonly refused: number
  readonly sessionsBefore: ReadonlyArray<string>
  readonly sessionsAfter: ReadonlyArray<string>
  /** The longest time from giving the credentials until all servers had accepted them, in milliseconds. */
  readonly slowestMillis: number
}

const user = "app"

/** Credentials that are given one after another. */
const driven = Effect.gen(function*() {
  const queue = yield* Queue.unbounded<Credentials.Credential>()
  const credentials = yield* Credentials.make(Stream.fromQueue(queue))
  const seen = { accepted: 0, refused: 0 }
  yield* Effect.forkScoped(
    Stream.runForEach(credentials.events, (event) =>
      Effect.sync(() => {
        if (event._tag === "Accepted") seen.accepted++
        if (event._tag === "Refused") seen.refused++
      })),
    { startImmediately: true }
  )
  const give = (password: string) => Queue.offer(queue, { username: user, password: Redacted.make(password) })
  return { credentials, seen, give }
})

/** Rotates the passwords of both tiers under load, and reports what the callers saw. */
export const rotateUnderLoad = (
  { everyMillis, rotations, writers }: Rotation
): Effect.Effect<RotationReport, unknown, Scope.Scope> =>
  Effect.gen(function*() {
    const { primary, replicas, sentinels } = yield* deployment()
    const servers = [primary, ...replicas, ...sentinels]
    const admins = yield* Effect.forEach(servers, ({ address }) => RedisClient.make({ address }))
    const allow = (password: string) =>
      Effect.forEach(
        admins,
        (admin) => admin.aclSetuser(user, ["on", "~*", "&*", "+@all", ["addPassword", Redacted.make(password)]]),
        { concurrency: "unbounded", discard: true }
      )
    const forget = (password: string) =>
      Effect.forEach(admins, (admin) => admin.aclSetuser(user, [["removePassword", Redacted.make(password)]]), {
        concurrency: "unbounded",
        discard: true
      })
    const sessions = Effect.map(
      Effect.forEach(
        admins,
        (admin, i) =>
          Effect.map(admin.clientList(), (clients) =>
            clients.filter((client) =>
              client.user === user
            ).map((client) => `${servers[i]!.address} ${client.id}`))
      ),
      (all) => all.flat().sort()
    )

    const ofNodes = yield* driven
    const ofSentinels = yield* driven
    yield* allow("first")
    yield* ofNodes.give("first")
    yield* ofSentinels.give("first")
    const service = yield* Sentinel.make({
      sentinels: sentinels.map(({ address }) => address),
      sentinel: { credentials: ofSentinels.credentials },
      node: { credentials: ofNodes.credentials }
    })
    const redis = yield* service.primaryFor("mymaster")
    const replica = yield* service.replicaFor("mymaster")

    const failures: Array<string> = []
    const seen = { writes: 0, reads: 0, popped: 0, messages: 0, gaps: 0 }
    const repeated = (effect: Effect.Effect<unknown, { readonly message: string }>, count: () => void) =>
      Effect.forkScoped(Effect.forever(
        Effect.matchEffect(effect, {
          onSuccess: () => Effect.sync(count),
          onFailure: (error) =>
            Effect.andThen(Effect.sync(() => failures.push(error.message)), Effect.sleep("10 millis"))
        })
      ))
    for (let i = 0; i < writers; i++) {
      yield* repeated(Effect.andThen(redis.incr(`counter ${i}`), Effect.sleep("1 millis")), () => seen.writes++)
    }
    for (let i = 0; i < 8; i++) {
      yield* repeated(Effect.andThen(replica.get("counter 0"), Effect.sleep("1 millis")), () => seen.reads++)
    }
    for (let i = 0; i < 4; i++) yield* repeated(redis.blpop(["list"], "30 seconds"), () => seen.popped++)
    const reserved = yield* redis.reserve
    yield* repeated(Effect.andThen(reserved.incr("reserved"), Effect.sleep("5 millis")), () => seen.writes++)
    const messages = yield* redis.subscription({ channels: ["news"] })
    yield* Effect.forkScoped(
      Stream.runForEach(
        messages,
        (item) => Effect.sync(() => void (item._tag === "Message" ? seen.messages++ : seen.gaps++))
      )
    )
    yield* repeated(
      Effect.all([redis.publish("news", "x"), redis.rpush("list", ["x"]), Effect.sleep("20 millis")]),
      () => {}
    )
    yield* Effect.sleep("500 millis")

    const sessionsBefore = yield* sessions
    let previous = "first"
    let slowestMillis = 0
    for (let i = 0; i < rotations; i++) {
      const next = `password ${i}`
      yield* allow(next)
      const before = { nodes: ofNodes.seen.accepted, sentinels: ofSentinels.seen.accepted }
      const began = performance.now()
      yield* ofNodes.give(next)
      yield* ofSentinels.give(next)
      // The primary and the replica that serves reads, and all sentinels.
      yield* Effect.repeat(Effect.sleep("2 millis"), {
        until: () => ofNodes.seen.accepted >= before.nodes + 2 && ofSentinels.seen.accepted >= before.sentinels + 3
      })
      const millis = performance.now() - began
      slowestMillis = Math.max(slowestMillis, millis)
      // Sessions on which a command waits log in when it ends, within the 5 seconds of its turn.
      if (i > 0) yield* forget(previous)
      previous = next
      yield* Effect.sleep(Math.max(1, everyMillis - millis))
    }
    const sessionsAfter = yield* sessions
    return {
      rotations,
      ...seen,
      failures,
      refused: ofNodes.seen.refused + ofSentinels.seen.refused,
      sessionsBefore,
      sessionsAfter,
      slowestMillis: Math.round(slowestMillis)
    }
  })

const main = Effect.gen(function*() {
  const values = optionsOf("node chaos/rotation.ts [--seconds 60] [--every 2000] [--writers 32]", {
    seconds: { type: "string", default: "60" },
    every: { type: "string", default: "2000" },
    writers: { type: "string", default: "32" }
  })
  const everyMillis = Number(values.every)
  const rotations = Math.round(Number(values.seconds) * 1000 / everyMillis)
  const report = yield* rotateUnderLoad({ writers: Number(values.writers), everyMillis, rotations })
  const { failures, sessionsAfter, sessionsBefore, ...counts } = report
  const opened = sessionsAfter.filter((session) => !sessionsBefore.includes(session))
  const ended = sessionsBefore.filter((session) => !sessionsAfter.includes(session))
  console.table({
    ...counts,
    failures: failures.length,
    sessions: sessionsBefore.length,
    opened: opened.length,
    ended: ended.length
  })
  for (const failure of new Set(failures)) console.log(failure)
  if (failures.length + opened.length + ended.length + counts.refused > 0) process.exitCode = 1
})

if (import.meta.main) NodeRuntime.runMain(Effect.scoped(main))
