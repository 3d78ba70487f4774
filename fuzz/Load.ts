/**
 * Everything that a client does against hostile servers, and the checks of its
 * outcomes: every operation ends in time, with a result or with one of the
 * library's own errors, whose message is short, printable and without a secret.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Address from "../src/Address.ts"
import { Connector } from "../src/Connector.ts"
import { type Client, Command, commands, Errors, RedisClient, Sentinel } from "../src/index.ts"
import type { Carrier } from "./Carriers.ts"
import type { Chance } from "./Chance.ts"
import { group, secret } from "./Hostile.ts"

const tags: ReadonlySet<string> = new Set(
  Object.entries(Errors).filter(([name, value]) => typeof value === "function" && /^[A-Z]/.test(name)).map(([name]) =>
    name
  )
)

/** The longest acceptable message, in characters: longer ones fill logs. */
const longestMessage = 16_384

/** A description of the problem, if an outcome breaks a promise. */
export const wrongWith = (exit: Exit.Exit<unknown, unknown>): string | undefined => {
  if (Exit.isSuccess(exit)) return undefined
  for (const reason of exit.cause.reasons) {
    if (reason._tag !== "Fail") return `not a typed failure: ${Cause.pretty(exit.cause)}`
    const failure = reason.error as { readonly _tag?: unknown; readonly message?: unknown }
    if (typeof failure !== "object" || failure === null || !tags.has(String(failure._tag))) {
      return `an error of no known kind: ${String(failure)}`
    }
    const message = failure.message
    if (typeof message !== "string") return `${String(failure._tag)} has no message`
    if (message.length > longestMessage) return `${String(failure._tag)} has a message of ${message.length} characters`
    // eslint-disable-next-line no-control-regex
    if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(message)) {
      return `${String(failure._tag)} is not printable: ${JSON.stringify(message)}`
    }
    if (message.includes(secret)) return `${String(failure._tag)} tells the password: ${message}`
  }
  return undefined
}

const shown = (exit: Exit.Exit<unknown, unknown>): string =>
  Exit.isSuccess(exit)
    ? "ok"
    : exit.cause.reasons.map((reason) => reason._tag === "Fail" ? String(reason.error) : reason._tag).join(", ")

export interface Times {
  /** For commands, in milliseconds. */
  readonly timeout: number
  /** An operation that takes longer hangs. */
  readonly limit: number
}

type Run = Effect.Effect<unknown, unknown, Scope.Scope>

const keys = ["a", "b", "c"]

/** The problem of the first outcome that has one. */
const worst = (exits: ReadonlyArray<Exit.Exit<unknown, unknown>>): Effect.Effect<unknown, unknown> =>
  exits.find((exit) => wrongWith(exit) !== undefined) ?? Effect.void

/** One operation of a client that reads. */
const reading = (chance: Chance, redis: Client.ReplicaClient): Run => {
  const key = chance.pick(keys)
  switch (chance.below(18)) {
    case 0:
      return redis.mget(keys)
    case 1:
      return redis.hgetall(key)
    case 2:
      return redis.zrangeWithScores(key, 0, -1)
    case 3:
      return redis.role()
    case 4:
      return redis.info()
    case 5:
      return Stream.runDrain(Stream.take(redis.scanStream({ count: 10 }), 40))
    case 6:
      return Stream.runDrain(Stream.take(redis.hscanStream(key, { whenInterrupted: "restart" }), 40))
    case 7:
      return redis.bytes.get(key)
    case 8:
      return redis.pipelineResults(Array.from({ length: 1 + chance.below(100) }, () => commands.get(key)))
    case 9:
      return redis.transaction([commands.get(key), commands.mget(keys)])
    case 10:
      return Effect.scoped(
        Effect.flatMap(redis.reserve, (reserved) => Effect.andThen(reserved.watch(key), reserved.get(key)))
      )
    case 11:
      return redis.subscribe({ channels: ["news", "+switch-master"], patterns: ["*"] }).pipe(
        Stream.take(5),
        Stream.interruptWhen(Effect.sleep(150)),
        Stream.runDrain
      )
    case 12:
      return redis.bytes.subscribe({ channels: ["news"] }).pipe(
        Stream.take(3),
        Stream.interruptWhen(Effect.sleep(80)),
        Stream.runDrain
      )
    case 13:
      return redis.run(
        Command.raw(chance.pick(["GET", "TYPE", "MEMORY USAGE", "ZRANGE", "XREAD", "NOSUCH"]), [key], {
          mode: "read",
          resp: chance.pick([2, undefined])
        })
      )
    case 14:
      return redis.run(commands.get(key), { timeout: `${1 + chance.below(40)} millis` })
    case 15:
      return Effect.timeoutOption(redis.get(key), 1 + chance.below(20))
    default:
      return Effect.all(Array.from({ length: 1 + chance.below(100) }, () => Effect.exit(redis.get(key))), {
        concurrency: "unbounded"
      }).pipe(Effect.flatMap(worst))
  }
}

const writing = (chance: Chance, redis: Client.PrimaryClient): Run => {
  const key = chance.pick(keys)
  switch (chance.below(12)) {
    case 0:
      return redis.set(key, "v", { ttl: "10 seconds" })
    case 1:
      return redis.incr(key)
    case 2:
      return redis.repeatable(commands.incr(key))
    case 3:
      return redis.pipeline([commands.set(key, "v"), commands.incr(key), commands.get(key)])
    case 4:
      return redis.transactionResults(Array.from({ length: 1 + chance.below(8) }, () => commands.incr(key)))
    case 5:
      return redis.blpop(["list"], `${10 + chance.below(50)} millis`)
    case 6:
      return redis.send(chance.pick(["INCR", "OBJECT FREQ", "publish"]), key, "x")
    case 7:
      return redis.set(key, "v").pipe(
        RedisClient.withReplicas({ replicas: 1, timeout: "20 millis" }),
        Effect.provideService(RedisClient.RedisClient, redis)
      )
    case 8:
      return redis.offset
    case 9:
      return Effect.scoped(
        Effect.flatMap(
          redis.reserve,
          (reserved) => Effect.andThen(reserved.watch(key), reserved.transaction([commands.incr(key)]))
        )
      )
    default:
      return Effect.all(Array.from({ length: 1 + chance.below(100) }, () => Effect.exit(redis.set(key, "v"))), {
        concurrency: "unbounded"
      }).pipe(Effect.flatMap(worst))
  }
}

const asking = (chance: Chance, sentinel: Sentinel.Service): Run => {
  switch (chance.below(9)) {
    case 0:
      return sentinel.discoverPrimary(group)
    case 1:
      return sentinel.discoverReplicas(group)
    case 2:
      return sentinel.ask(commands.sentinel.primary(group))
    case 3:
      return sentinel.ask(commands.sentinel.replicas(group))
    case 4:
      return sentinel.ask(commands.sentinel.sentinels(group))
    case 5:
      return sentinel.ask(commands.sentinel.primaries())
    case 6:
      return sentinel.ask(commands.sentinel.getPrimaryAddrByName(group))
    case 7:
      return Effect.flatMap(sentinel.topology(group), (topology) => Effect.timeoutOption(topology.current, 500))
    default:
      return sentinel.sentinels
  }
}

const choices = ["sticky", "round-robin", "random", "latency", "lag", { prefer: ["zone"] }] as const

/** Runs one case: a service, its clients and their operations. Returns the problem, if there is one. */
export const play = (
  chance: Chance,
  carrier: Carrier,
  times: Times,
  told: ((line: string) => void) | undefined
): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function*() {
    const wrong: Array<string> = []
    const timeout = `${times.timeout} millis` as const
    const node = {
      password: Redacted.make(secret),
      protocol: chance.is(0.3) ? 2 as const : 3 as const,
      commandTimeout: timeout,
      reserveTimeout: timeout,
      connectTimeout: timeout,
      stallTimeout: timeout,
      pingInterval: timeout,
      connections: 1 + chance.below(3),
      maxReserved: 4,
      repeatable: chance.is(0.3),
      limits: { maxBulkLength: 1 << 20, maxReplyBytes: 1 << 24 }
    }
    const schedule = Schedule.spaced("5 millis").pipe(Schedule.upTo({ duration: times.timeout }))
    const world = carrier.world
    const settle = (name: string, run: () => Run): Effect.Effect<void, never, Scope.Scope> =>
      Effect.suspend(run).pipe(
        Effect.scoped,
        Effect.exit,
        Effect.timeoutOption(times.limit),
        Effect.map((settled) => {
          const problem = Option.isNone(settled)
            ? `nothing came of it within ${times.limit} ms`
            : wrongWith(settled.value)
          told?.(`${name}: ${Option.isNone(settled) ? "hangs" : shown(settled.value)}`)
          if (problem !== undefined) wrong.push(`${name}: ${problem}`)
        })
      )

    const scoped = Effect.gen(function*() {
      const clients: Array<Client.PrimaryClient> = []
      const replicas: Array<Client.ReplicaClient> = []
      let sentinel: Sentinel.Service | undefined
      if (chance.is(0.25)) {
        const server = chance.pick(world.servers.filter((s) => s.kind !== "sentinel"))
        clients.push(yield* RedisClient.make({ ...node, schedule, address: server.place }))
      } else {
        const sentinels = world.of("sentinel").map(({ place }) => place)
        sentinel = chance.is(0.1)
          ? yield* Sentinel.makeStatic({
            primary: world.of("primary")[0]!.place,
            replicas: world.of("replica").map(({ place }) => place),
            node,
            schedule
          })
          : yield* Sentinel.make({
            sentinels,
            timeout: `${times.timeout / 2} millis`,
            headStart: "5 millis",
            sentinel: { password: Redacted.make(secret), limits: node.limits },
            node,
            schedule,
            maxWriteHold: chance.pick(["0 millis", "50 millis", timeout]),
            follow: chance.pick(["sentinels", "promotion"]),
            whenIsolated: chance.pick(["allow", "hold", "fail"]),
            label: ({ address }) => Address.format(address)
          })
        clients.push(yield* sentinel.primaryFor(group))
        replicas.push(
          yield* sentinel.replicaFor(group, {
            replicaSelection: chance.pick(choices),
            fallbackToPrimary: chance.pick([true, "when-none", false]),
            maxLag: chance.is(0.3) ? { bytes: 10_000 } : undefined,
            measureInterval: "20 millis"
          })
        )
      }
      const rounds = 12 + chance.below(20)
      const lanes = Array.from({ length: 4 }, (_, lane) => {
        const own = chance.fork()
        return Effect.gen(function*() {
          for (let i = 0; i < rounds; i++) {
            const roll = own.below(10)
            const name = `lane ${lane}, ${i}`
            yield* settle(name, () => {
              if (roll < 2 && sentinel !== undefined) return asking(own, sentinel)
              const replica = replicas[0]
              if (roll < 5 && replica !== undefined) {
                return roll === 2
                  ? replica.afterOffset({ epoch: own.below(3), offset: own.below(2000) }).get("a")
                  : reading(own, replica)
              }
              return roll < 7 ? reading(own, clients[0]! as unknown as Client.ReplicaClient) : writing(own, clients[0]!)
            })
            if (own.is(0.2)) yield* Effect.sleep(own.below(60))
          }
        })
      })
      yield* Effect.all(lanes, { concurrency: "unbounded", discard: true })
    })
    const exit = yield* Effect.exit(Effect.scoped(scoped).pipe(Effect.provideService(Connector, carrier.dial)))
    const problem = wrongWith(exit)
    if (problem !== undefined) wrong.push(`the case itself: ${problem}`)
    return wrong
  })
