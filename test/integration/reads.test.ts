/**
 * Reads of real replicas while the group changes: what they go on through, and
 * what they are never told. Nothing here is held against the clock; how long
 * reads pause is measured by `npm run chaos`.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { type Client, commands, type Errors, RedisClient, Sentinel } from "../../src/index.ts"
import { failureOf } from "../support/exit.ts"
import { type Deployment, deployment, type Server } from "../support/processes.ts"

const until = <E, R>(condition: Effect.Effect<boolean, E, R>): Effect.Effect<void, unknown, R> =>
  condition.pipe(
    Effect.flatMap((yes) => yes ? Effect.void : Effect.fail("not yet" as const)),
    Effect.retry(Schedule.spaced("20 millis").pipe(Schedule.upTo({ duration: "25 seconds" })))
  )

const on = <A, E>(server: Server, f: (redis: Client.PrimaryClient) => Effect.Effect<A, E>) =>
  Effect.scoped(Effect.flatMap(RedisClient.make({ address: server.address }), f))

interface Reads {
  count: number
  readonly values: Set<string | null>
  readonly failed: Array<Errors.RedisError>
  stopped: boolean
}

/** Eight readers, until they are stopped. */
const reading = (replica: Pick<Client.ReplicaClient, "get">) =>
  Effect.gen(function*() {
    const reads: Reads = { count: 0, values: new Set(), failed: [], stopped: false }
    const fiber = yield* Effect.forkChild(
      Effect.forEach(Array.from({ length: 8 }), () =>
        Effect.gen(function*() {
          while (!reads.stopped) {
            const exit = yield* Effect.exit(replica.get("a"))
            if (Exit.isSuccess(exit)) {
              reads.count++
              reads.values.add(exit.value)
            } else reads.failed.push(failureOf(exit))
            yield* Effect.sleep("2 millis")
          }
        }), { concurrency: "unbounded", discard: true }),
      { startImmediately: true }
    )
    /** Ends once so many more reads have succeeded. */
    const more = (n: number) =>
      Effect.suspend(() => {
        const goal = reads.count + n
        return until(Effect.sync(() => reads.count >= goal))
      })
    const stop = Effect.suspend(() => {
      reads.stopped = true
      return Effect.as(Fiber.join(fiber), reads)
    })
    return { reads, more, stop }
  })

const policies: ReadonlyArray<Sentinel.ReplicaOptions> = [
  { replicaSelection: "sticky" },
  { replicaSelection: "sticky", fallbackToPrimary: false },
  { replicaSelection: "round-robin" },
  { replicaSelection: "round-robin", fallbackToPrimary: false },
  { replicaSelection: "lag", connections: 2 }
]

/** A value that every replica has, and a client of each policy, which has read. */
const prepared = (d: Deployment, options: Partial<Sentinel.Options> = {}) =>
  Effect.gen(function*() {
    const sentinel = yield* Sentinel.make({ sentinels: d.sentinelAddresses, ...options })
    const redis = yield* sentinel.primaryFor(d.group)
    yield* redis.set("a", "1")
    for (const replica of d.replicas) yield* until(on(replica, (r) => Effect.map(r.get("a"), (v) => v === "1")))
    const clients = yield* Effect.forEach(policies, (policy) => sentinel.replicaFor(d.group, policy))
    for (const client of clients) assert.strictEqual(yield* client.get("a"), "1")
    return { sentinel, redis, clients }
  })

const linkIsDown = (server: Server) =>
  on(
    server,
    (redis) => Effect.map(redis.info("replication"), ({ replication }) => replication.master_link_status === "down")
  )

describe("reads", () => {
  it.live(
    "go on when the primary is dead and nothing is promoted; clients that begin then read too",
    () =>
      Effect.scoped(
        Effect.gen(function*() {
          const d = yield* deployment()
          const { clients } = yield* prepared(d)
          const readers = yield* Effect.forEach(clients, reading)
          for (const sentinel of d.sentinels.slice(1)) yield* sentinel.kill
          yield* d.primary.kill
          for (const replica of d.replicas) yield* until(linkIsDown(replica))
          const [witness] = d.sentinels
          yield* until(on(witness!, (redis) =>
            Effect.map(redis.run(commands.sentinel.primary(d.group)), (p) =>
              p.isSubjectivelyDown)))
          // By now it has told that the replicas have no link.
          yield* until(on(witness!, (redis) =>
            Effect.map(redis.run(commands.sentinel.replicas(d.group)), (list) =>
              list.every((r) =>
                !r.isLinkUp
              ))))
          for (const { more } of readers) {
            yield* more(500)
          }
          const late = yield* Sentinel.make({ sentinels: [witness!.address] })
          const fixed = yield* Sentinel.makeStatic({
            primary: d.primary.address,
            replicas: d.replicas.map((r) =>
              r.address
            )
          })
          for (const policy of policies) {
            for (const service of [late, fixed]) {
              const replica = yield* service.replicaFor(d.group, policy)
              for (let i = 0; i < 10; i++) {
                assert.strictEqual(yield* replica.get("a"), "1")
              }
            }
          }
          yield* witness!.kill
          for (const { more } of readers) {
            yield* more(500)
          }
          for (const { stop } of readers) {
            const { failed, values } = yield* stop
            assert.deepStrictEqual(
              failed.map((error) =>
                error.message
              ),
              []
            )
            assert.deepStrictEqual(Array.from(values), ["1"])
          }
        })
      ),
    60_000
  )

  for (const follow of ["sentinels", "promotion"] as const) {
    it.live(`continue through the death of the primary and the promotion of a replica, ${follow}`, () =>
      Effect.scoped(
        Effect.gen(function*() {
          // Patient sentinels and a replica more: on a busy machine there is one failover, and one that follows it.
          const d = yield* deployment({ replicas: 3, downAfterMillis: 2000 })
          const { clients, redis } = yield* prepared(d, { follow })
          const readers = yield* Effect.forEach(clients, reading)
          yield* d.primary.kill
          yield* until(Effect.map(Effect.exit(redis.set("b", "2")), Exit.isSuccess))
          const [promoted] = yield* Effect.filter(d.replicas, (replica) =>
            on(replica, (r) => Effect.map(r.role(), (role) => role.role === "primary")))
          assert.isDefined(promoted)
          // They are back at the one that follows it.
          for (const client of clients) {
            yield* until(Effect.map(client.role(), (role) =>
              role.role === "replica" && role.link === "connected"))
          }
          for (const { more } of readers) yield* more(100)
          for (const { stop } of readers) {
            const { failed, values } = yield* stop
            assert.deepStrictEqual(failed.map((error) => error.message), [])
            assert.deepStrictEqual(Array.from(values), ["1"])
          }
        })
      ), 60_000)
  }

  it.live("continue when a replica is stopped, whatever the sentinels think of it", () =>
    Effect.scoped(
      Effect.gen(function*() {
        // Neither they nor the watchdog have noticed when this is over.
        const d = yield* deployment({ downAfterMillis: 60_000 })
        const { clients } = yield* prepared(d, { node: { stallTimeout: "60 seconds", commandTimeout: "40 seconds" } })
        for (const stopped of d.replicas) {
          const readers = yield* Effect.forEach(clients, reading)
          yield* stopped.signal("SIGSTOP")
          // Each of them, since one that has to wait for the stopped one does not go on.
          for (const { more } of readers) yield* more(1000)
          for (const { stop } of readers) assert.deepStrictEqual((yield* stop).failed, [])
          yield* stopped.signal("SIGCONT")
          yield* until(on(stopped, (r) => Effect.map(r.ping(), () => true)))
        }
      })
    ), 90_000)

  it.live("continue when all sentinels forget the replicas", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const d = yield* deployment()
        const { clients } = yield* prepared(d)
        const readers = yield* Effect.forEach(clients, reading)
        for (const { more } of readers) yield* more(50)
        for (const sentinel of d.sentinels) {
          assert.strictEqual(yield* on(sentinel, (r) => r.run(commands.sentinel.reset(d.group))), 1)
        }
        const listed = Effect.map(
          Effect.forEach(
            d.sentinels,
            (s) => on(s, (r) => Effect.map(r.run(commands.sentinel.replicas(d.group)), (list) => list.length))
          ),
          (counts) => Math.min(...counts)
        )
        let rounds = 0
        while ((yield* listed) < d.replicas.length) {
          for (const { more } of readers) yield* more(20)
          rounds++
        }
        assert.isAbove(rounds, 0)
        for (const { stop } of readers) assert.deepStrictEqual((yield* stop).failed, [])
      })
    ), 60_000)
})

describe("scans of 5,000 keys", () => {
  for (const isInfoDenied of [false, true]) {
    it.live(
      `give every element, whatever the selection${isInfoDenied ? ", if INFO is denied" : ""}`,
      () =>
        Effect.scoped(
          Effect.gen(function*() {
            const d = yield* deployment()
            const admin = yield* RedisClient.make({ address: d.primary.address })
            const keys = Array.from({ length: 5000 }, (_, i) => `key:${i}`)
            yield* admin.mset(Object.fromEntries(keys.map((key) => [key, "1"])))
            for (const server of [d.primary, ...d.replicas]) {
              yield* on(
                server,
                (r) =>
                  r.send(
                    "ACL",
                    "SETUSER",
                    "app",
                    "on",
                    ">app-secret",
                    "~*",
                    "+@all",
                    ...(isInfoDenied ? ["-info"] : [])
                  )
              )
              yield* until(on(server, (r) => Effect.map(r.dbsize(), (n) => n === keys.length)))
            }
            const node = { username: "app", password: Redacted.make("app-secret") }
            const sentinel = yield* Sentinel.make({ sentinels: d.sentinelAddresses, node })
            const redis = yield* sentinel.primaryFor(d.group)
            const offset = yield* redis.offset
            for (
              const policy of [
                { replicaSelection: "sticky" },
                { replicaSelection: "sticky", connections: 3 },
                { replicaSelection: "round-robin" },
                { replicaSelection: "round-robin", connections: 2 },
                { replicaSelection: "random" },
                { replicaSelection: "lag" }
              ] satisfies ReadonlyArray<Sentinel.ReplicaOptions>
            ) {
              const replica = yield* sentinel.replicaFor(d.group, policy)
              // Several at once, so that the connections change hands.
              const found = yield* Effect.forEach(
                [replica, replica, replica.afterOffset(offset), replica.afterOffset(offset), redis],
                (client) => Stream.runCollect(client.scanStream({ count: 100 })),
                { concurrency: "unbounded" }
              )
              for (const each of found) {
                const all = new Set(each)
                assert.strictEqual(keys.filter((key) => !all.has(key)).length, 0, JSON.stringify(policy))
              }
              const restarting = yield* Stream.runCollect(
                replica.scanStream({ count: 100, whenInterrupted: "restart" })
              )
              assert.strictEqual(new Set(restarting).size, keys.length)
            }
          })
        ),
      60_000
    )
  }
})

describe("after an offset", () => {
  it.live("a lost history is not read after a failover, not even from the primary", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const d = yield* deployment()
        const { clients, redis } = yield* prepared(d)
        // The replicas hear no more of it.
        for (const replica of d.replicas) yield* replica.signal("SIGSTOP")
        yield* redis.set("a", "lost")
        const offset = yield* redis.offset
        yield* d.primary.kill
        for (const replica of d.replicas) yield* replica.signal("SIGCONT")
        yield* until(Effect.map(Effect.exit(redis.set("b", "x".repeat(10_000))), Exit.isSuccess))
        for (const client of clients) {
          const own = client.afterOffset(offset)
          for (const read of [own.get("a"), own.pipeline([commands.get("a")]), Stream.runCollect(own.scanStream())]) {
            assert.strictEqual(
              failureOf(yield* Effect.exit(read as Effect.Effect<unknown, Errors.RedisError>))._tag,
              "EpochPassed"
            )
          }
        }
      })
    ), 60_000)
})
