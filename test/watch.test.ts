/**
 * Transactions that depend on what was read (`redis.watch`): what is executed, when it
 * starts over, and what becomes of the connection; timeouts of pipelines and transactions.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import type * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { type Client, Command, commands, Connector, Errors, RedisClient, Sentinel } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"
import { failureOf } from "./support/exit.ts"
import { timePassing } from "./support/time.ts"

const address = "10.0.0.1:6379"
const whileTimePasses = timePassing("5 millis")

/** A client of one server in memory, and that server. */
const one = (options: RedisClient.Options = {}, latency?: "1 millis") =>
  Effect.gen(function*() {
    const control = yield* Testing.make({ replicas: 0, sentinels: 0, latency })
    const redis = yield* RedisClient.make({ address, ...options }).pipe(
      Effect.provideService(Connector.Connector, control.network.dial)
    )
    return { control, redis }
  })

/** A client of a group's primary. */
const primary = (deployment: Testing.Deployment["Service"], options: Sentinel.NodeOptions = {}) =>
  Effect.gen(function*() {
    const sentinel = yield* Sentinel.make({ sentinels: deployment.sentinels, node: options })
    const topology = yield* sentinel.topology("mymaster")
    const moved = Effect.gen(function*() {
      while ((yield* topology.current).epoch === 0) yield* Effect.sleep("5 millis")
    })
    return { moved, redis: yield* sentinel.primaryFor("mymaster"), sentinel, topology }
  }).pipe(Effect.provideService(Connector.Connector, deployment.network.dial))

const increment = (redis: Client.PrimaryClient, options?: Client.WatchOptions) =>
  redis.watch("n", (watched) =>
    Effect.gen(function*() {
      const n = Number(yield* watched.get("n"))
      return [commands.set("n", n + 1)]
    }), options)

/** Whether a reserved connection of the server is open, and free: the next user gets it without a dial. */
const dialsOfNextUser = (control: Testing.Deployment["Service"], redis: Client.PrimaryClient) =>
  Effect.gen(function*() {
    const before = control.network.dials(address)
    yield* Effect.scoped(Effect.flatMap(redis.reserve, (reserved) => reserved.ping()))
    return control.network.dials(address) - before
  })

describe("redis.watch", () => {
  it.effect("executes what the body gives, and gives the results as a tuple", () =>
    Effect.gen(function*() {
      const { redis } = yield* one()
      yield* redis.set("n", 41)
      const results = yield* redis.watch(["n", "m"], (watched) =>
        Effect.gen(function*() {
          const n = Number(yield* watched.get("n"))
          assert.strictEqual(watched.epoch, 0)
          return [commands.set("n", n + 1), commands.rpush("log", "a", "b")]
        }))
      assert.deepStrictEqual(results, ["OK", 2])
      assert.strictEqual(yield* redis.get("n"), "42")
    }))

  it.effect("gives a value beside the results; for an empty list nothing is executed", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* one()
      const take = redis.watch("n", (watched) =>
        Effect.gen(function*() {
          const n = Number(yield* watched.get("n"))
          if (n === 0) return { commands: [], value: "empty" }
          return { commands: [commands.decr("n"), commands.get("n")], value: n }
        }))
      assert.deepStrictEqual(yield* take, { results: [], value: "empty" })
      yield* redis.set("n", 2)
      assert.deepStrictEqual(yield* take, { results: [1, "1"], value: 2 })
      assert.deepStrictEqual(yield* redis.watch("n", () => Effect.succeed([])), [])
      yield* TestClock.adjust("10 millis")
      assert.strictEqual(yield* dialsOfNextUser(control, redis), 0)
    }))

  it.effect("starts over when a key changes, and runs the body again", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* one()
      let runs = 0
      const results = yield* whileTimePasses(redis.watch(["other", "n"], (watched) =>
        Effect.gen(function*() {
          const n = Number(yield* watched.get("n"))
          if (++runs <= 3) yield* redis.incrby("n", 10)
          return [commands.set("n", n + 1)]
        })))
      assert.deepStrictEqual(results, ["OK"])
      assert.strictEqual(runs, 4)
      assert.strictEqual(yield* redis.get("n"), "31")
      assert.strictEqual(control.network.dials(address), 2)
    }))

  it.effect("also for a key that the body watches", () =>
    Effect.gen(function*() {
      const { redis } = yield* one()
      yield* redis.mset({ pointer: "b", b: "1" })
      let runs = 0
      yield* whileTimePasses(redis.watch("pointer", (watched) =>
        Effect.gen(function*() {
          const target = (yield* watched.get("pointer"))!
          yield* watched.watch(target)
          const value = Number(yield* watched.get(target))
          if (++runs === 1) yield* redis.set("b", "5")
          return [commands.set(target, value + 1)]
        })))
      assert.strictEqual(yield* redis.get("b"), "6")
    }))

  it.effect("fails with TransactionAborted when the schedule ends", () =>
    Effect.gen(function*() {
      const { redis } = yield* one()
      let runs = 0
      const contended = (options?: Client.WatchOptions) =>
        redis.watch("n", () =>
          Effect.as(
            redis.incr("n"),
            (runs++, [commands.set("n", 0), commands.get("n")])
          ), options)
      const inputs: Array<string> = []
      const schedule = Schedule.recurs(2).pipe(
        Schedule.setInputType<Errors.TransactionAborted | Errors.ConnectionError | Errors.ReplyError>(),
        Schedule.tap(({ input }) => Effect.sync(() => void inputs.push(input._tag)))
      )
      const error = failureOf(yield* Effect.exit(contended({ schedule })))
      assert.deepStrictEqual(error, new Errors.TransactionAborted({ commands: ["SET", "GET"] }))
      assert.strictEqual(runs, 3)
      assert.deepStrictEqual(inputs, ["TransactionAborted", "TransactionAborted"])
      // By default, for as long as a command may take.
      const [took, exit] = yield* whileTimePasses(Effect.timed(Effect.exit(contended())))
      assert.strictEqual(failureOf(exit)._tag, "TransactionAborted")
      assert.isAtLeast(Duration.toMillis(took), 9_800)
      assert.isBelow(Duration.toMillis(took), 10_300)
    }))

  it.effect("the errors, the defects and the requirements of the body are those of watch", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* one()
      class Poor {
        readonly _tag = "Poor"
      }
      const failing = redis.watch("n", (watched) => Effect.andThen(watched.get("n"), Effect.fail(new Poor())))
      const error: Poor | Errors.RedisError = failureOf(yield* Effect.exit(failing))
      assert.instanceOf(error, Poor)
      const dying = yield* Effect.exit(redis.watch("n", () => Effect.die("bug")))
      assert.isTrue(Exit.isFailure(dying) && Cause.hasDies(dying.cause))
      const throwing = yield* Effect.exit(redis.watch("n", () => {
        throw new Error("bug")
      }))
      assert.isTrue(Exit.isFailure(throwing) && Cause.hasDies(throwing.cause))
      const asking: Effect.Effect<[number], Errors.RedisError, RedisClient.RedisClient> = redis.watch(
        "n",
        () => Effect.as(RedisClient.RedisClient, [commands.incr("n")])
      )
      assert.deepStrictEqual(yield* Effect.provideService(asking, RedisClient.RedisClient, redis), [1])
      yield* TestClock.adjust("10 millis")
      assert.strictEqual(yield* dialsOfNextUser(control, redis), 0)
      assert.strictEqual(control.network.dials(address), 2)
    }))

  it.effect("an error among the results is of a transaction that was executed: it is not run again", () =>
    Effect.gen(function*() {
      const { redis } = yield* one()
      let runs = 0
      for (
        const text of ["READONLY x", "BUSY x", "WRONGTYPE x", "READONLY You can't write against a read only replica."]
      ) {
        const exit = yield* Effect.exit(redis.watch("n", () =>
          Effect.sync(() => {
            runs++
            return [commands.incr("n"), Command.raw("EVAL", [`return redis.error_reply("${text}")`, 0])]
          })))
        assert.strictEqual(failureOf(exit)._tag, "ReplyError")
      }
      assert.strictEqual(runs, 4)
      assert.strictEqual(yield* redis.get("n"), "4")
    }))

  it.effect("a lost connection before EXEC: nothing was executed, and it starts over", () =>
    Effect.gen(function*() {
      for (const how of ["in the body", "in a body that goes on", "in a body that wraps the error"] as const) {
        const { control, redis } = yield* one()
        let runs = 0
        const results = yield* whileTimePasses(redis.watch("n", (watched) =>
          Effect.gen(function*() {
            const n = Number(yield* watched.get("n"))
            if (++runs === 1) {
              yield* control.disconnect(address)
              yield* Effect.sleep("20 millis")
              const read = watched.get("n")
              if (how === "in the body") yield* read
              else if (how === "in a body that wraps the error") yield* Effect.orDie(read)
              else yield* Effect.ignore(read)
            }
            return [commands.incrby("n", n + 1)]
          })))
        assert.deepStrictEqual(results, [1], how)
        assert.strictEqual(runs, 2, how)
        assert.strictEqual(control.node(address).peek("n"), "1", how)
      }
    }))

  it.effect("a lost connection, when the schedule has ended: the error says so", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* one()
      const exit = yield* whileTimePasses(Effect.exit(
        redis.watch("n", (watched) =>
          control.disconnect(address).pipe(
            Effect.andThen(Effect.sleep("20 millis")),
            Effect.andThen(watched.get("n")),
            Effect.as([commands.incr("n")])
          ), { schedule: Schedule.recurs(1) })
      ))
      assert.strictEqual(failureOf(exit)._tag, "ConnectionLost")
      assert.isUndefined(control.node(address).peek("n"))
    }))

  it.effect("EXEC was written and its reply never came: ambiguous, and not run again", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* one()
      let runs = 0
      const exit = yield* whileTimePasses(Effect.exit(redis.watch("n", (watched) =>
        Effect.gen(function*() {
          runs++
          yield* watched.get("n")
          yield* control.cut({ address, direction: "reply", after: 0 })
          return [commands.incr("n")]
        }))))
      assert.strictEqual(failureOf(exit)._tag, "AmbiguousOutcome")
      assert.strictEqual(runs, 1)
    }))

  it.effect("after a failover in the body it watches and reads again at the new primary", () =>
    Effect.gen(function*() {
      for (const writesAgain of [true, false]) {
        const deployment = yield* Testing.make()
        const { moved, redis } = yield* primary(deployment)
        yield* whileTimePasses(redis.set("n", 1))
        yield* TestClock.adjust("1 second")
        const epochs: Array<number> = []
        const results = yield* whileTimePasses(redis.watch("n", (watched) =>
          Effect.gen(function*() {
            const n = Number(yield* watched.get("n"))
            epochs.push(watched.epoch)
            if (epochs.length === 1) {
              yield* deployment.failover
              yield* moved
              // Another client has written at the new primary.
              if (writesAgain) yield* redis.set("n", 10)
            }
            return [commands.set("n", n + 1), commands.get("n")]
          })))
        assert.deepStrictEqual(results, ["OK", writesAgain ? "11" : "2"])
        assert.deepStrictEqual(epochs, [0, 1])
      }
    }))

  it.effect("a transaction that waits for the end of a failover is not executed at the new primary without its watch", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.make()
      const { redis, topology } = yield* primary(deployment)
      yield* whileTimePasses(redis.set("n", 1))
      yield* TestClock.adjust("1 second")
      let runs = 0
      const results = yield* whileTimePasses(redis.watch("n", (watched) =>
        Effect.gen(function*() {
          const n = Number(yield* watched.get("n"))
          if (++runs === 1) {
            yield* deployment.failover
            while ((yield* topology.current).fence === undefined) yield* Effect.sleep("1 millis")
          }
          return [commands.set("n", n + 1)]
        })))
      assert.deepStrictEqual(results, ["OK"])
      assert.strictEqual(runs, 2)
      assert.strictEqual(deployment.node(yield* deployment.primary).peek("n"), "2")
    }))

  it.effect("32 fibers and one counter: each adds one, and no one is left behind", () =>
    Effect.gen(function*() {
      for (const maxReserved of [1, 4, 32]) {
        const { control, redis } = yield* one({ maxReserved })
        const [took] = yield* whileTimePasses(Effect.timed(
          Effect.all(Array.from({ length: 32 }, () => increment(redis)), { concurrency: "unbounded", discard: true })
        ))
        assert.strictEqual(control.node(address).peek("n"), "32")
        assert.isBelow(Duration.toMillis(took), 5000)
        assert.isAtMost(control.network.connections(address), maxReserved + 1)
      }
    }))

  it.effect("callers of one client that are in each other's way take turns: few bodies run in vain", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* one({ maxReserved: 32 }, "1 millis")
      let bodies = 0
      const increments = Effect.replicateEffect(
        redis.watch("n", (watched) =>
          Effect.gen(function*() {
            bodies++
            return [commands.set("n", Number(yield* watched.get("n")) + 1)]
          })),
        10,
        { discard: true }
      )
      yield* whileTimePasses(
        Effect.all(Array.from({ length: 32 }, () => increments), { concurrency: "unbounded", discard: true })
      )
      assert.strictEqual(control.node(address).peek("n"), "320")
      assert.isBelow(bodies, 1.2 * 320)
    }))

  it.effect("a body that takes long does not stop the others, and an interrupted one gives its turn away", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* one({ maxReserved: 8 })
      let runs = 0
      const slow = yield* Effect.forkChild(
        redis.watch("n", (watched) =>
          Effect.gen(function*() {
            const n = Number(yield* watched.get("n"))
            // The first run is in the way of another caller; the second one has the turn, and never ends.
            if (++runs === 1) yield* redis.incr("n")
            else return yield* Effect.never
            return [commands.set("n", n + 1)]
          }))
      )
      yield* whileTimePasses(Effect.gen(function*() {
        while (runs < 2) yield* Effect.sleep("5 millis")
        yield* Effect.all([increment(redis), increment(redis)], { concurrency: "unbounded" })
        assert.strictEqual(control.node(address).peek("n"), "3")
        yield* Fiber.interrupt(slow)
        // Nobody has the turn any more, so nobody waits.
        const [took] = yield* Effect.timed(increment(redis))
        assert.isBelow(Duration.toMillis(took), 100)
        assert.strictEqual(control.node(address).peek("n"), "4")
      }))
    }))

  it.effect("where all reserved connections are taken it fails with ReserveTimeout, also in a body", () =>
    Effect.gen(function*() {
      const { redis } = yield* one({ maxReserved: 1, reserveTimeout: "1 second" })
      const exit = yield* whileTimePasses(
        Effect.exit(redis.watch("a", () => Effect.as(redis.watch("b", () => Effect.succeed([commands.incr("b")])), [])))
      )
      assert.strictEqual(failureOf(exit)._tag, "ReserveTimeout")
    }))

  it.effect("in the body of another one it has a connection of its own", () =>
    Effect.gen(function*() {
      const { redis } = yield* one()
      const results = yield* redis.watch("a", () =>
        Effect.gen(function*() {
          const [inner] = yield* redis.watch("b", () => Effect.succeed([commands.incr("b")]))
          return [commands.incrby("a", inner + 10)]
        }))
      assert.deepStrictEqual(results, [11])
    }))

  it.effect("inside withReplicas it stays on that connection", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* one()
      const use = (lose: boolean) =>
        Effect.gen(function*() {
          const within = yield* RedisClient.RedisClient
          const results = yield* within.watch("n", (watched) =>
            Effect.gen(function*() {
              yield* watched.get("n")
              if (lose) {
                yield* control.disconnect(address)
                yield* Effect.sleep("20 millis")
              }
              return [commands.incr("n")]
            }))
          // Nothing is watched any more.
          yield* within.watch("n", () => Effect.succeed([]))
          yield* redis.set("n", 5)
          return [...results, ...yield* within.transaction([commands.get("n")])]
        }).pipe(
          RedisClient.withReplicas({ replicas: 0, timeout: "1 second" }),
          Effect.provideService(RedisClient.RedisClient, redis)
        )
      assert.deepStrictEqual(yield* whileTimePasses(use(false)), [1, "5"])
      assert.strictEqual(control.network.dials(address), 2)
      const [took, exit] = yield* whileTimePasses(Effect.timed(Effect.exit(use(true))))
      assert.strictEqual(failureOf(exit)._tag, "ConnectionLost")
      assert.isBelow(Duration.toMillis(took), 1000)
    }))
})

describe("the timeout of redis.watch", () => {
  it.effect("is for everything: connecting, the body, pauses", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* one({ maxReserved: 1, reserveTimeout: "1 minute" })
      const late = (effect: Effect.Effect<unknown, unknown>) =>
        Effect.gen(function*() {
          const [took, exit] = yield* whileTimePasses(Effect.timed(Effect.exit(effect)))
          const error = failureOf(exit) as Errors.RedisError
          assert.strictEqual(error._tag, "DeadlineExceeded")
          assert.isAtLeast(Math.ceil(Duration.toMillis(took)), 1000)
          assert.isBelow(Duration.toMillis(took), 1050)
          return error as Errors.DeadlineExceeded
        })
      yield* late(redis.watch("n", () => Effect.never, { timeout: "1 second" }))
      const error = yield* late(redis.watch("n", () => Effect.as(redis.incr("n"), [commands.set("n", 0)]), {
        timeout: "1 second"
      }))
      assert.strictEqual((error.cause as Errors.RedisError)._tag, "TransactionAborted")
      yield* late(redis.watch("n", () => Effect.as(redis.incr("n"), [commands.set("n", 0)]), {
        schedule: Schedule.spaced("1 minute"),
        timeout: "1 second"
      }))
      const scope = yield* Scope.make()
      yield* Scope.provide(redis.reserve, scope)
      yield* late(redis.watch("n", () => Effect.succeed([commands.incr("n")]), { timeout: "1 second" }))
      yield* Scope.close(scope, Exit.void)
      yield* control.kill(address)
      yield* late(redis.watch("n", () => Effect.succeed([commands.incr("n")]), { timeout: "1 second" }))
    }))

  it.effect("of a transaction that was sent makes it ambiguous", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* one()
      const [took, exit] = yield* whileTimePasses(Effect.timed(Effect.exit(
        redis.watch("n", () => Effect.as(control.hang(address), [commands.incr("n")]), { timeout: "1 second" })
      )))
      assert.strictEqual(failureOf(exit)._tag, "AmbiguousOutcome")
      assert.isBelow(Duration.toMillis(took), 1050)
    }))

  it.effect("is no shorter for the body because commandTimeout is", () =>
    Effect.gen(function*() {
      const { redis } = yield* one({ commandTimeout: "1 second" })
      const results = yield* whileTimePasses(
        redis.watch("n", () => Effect.as(Effect.sleep("20 seconds"), [commands.incr("n")]), { timeout: "Infinity" })
      )
      assert.deepStrictEqual(results, [1])
    }))
})

describe("the connection of redis.watch", () => {
  it.effect("is given back clean after an interruption in the body, wherever it happens", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* one({ maxReserved: 1 })
      yield* Effect.scoped(redis.reserve)
      for (const where of ["before a read", "in a read", "at once"] as const) {
        const begun = yield* Deferred.make<void>()
        const fiber = yield* Effect.forkChild(
          redis.watch("n", (watched) =>
            Effect.gen(function*() {
              if (where === "before a read") {
                yield* Deferred.succeed(begun, undefined)
                return yield* Effect.never
              }
              yield* Deferred.succeed(begun, undefined)
              yield* watched.get("n")
              return yield* Effect.never
            })),
          { startImmediately: true }
        )
        if (where !== "at once") yield* Deferred.await(begun)
        yield* Fiber.interrupt(fiber)
        yield* whileTimePasses(Effect.scoped(
          Effect.gen(function*() {
            const reserved = yield* redis.reserve
            yield* redis.incr("n")
            assert.deepStrictEqual(yield* reserved.transaction([commands.ping()]), ["PONG"], where)
          })
        ))
      }
      assert.strictEqual(control.network.dials(address), 2)
    }))

  it.effect("an interruption does not wait for the server", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* one()
      const begun = yield* Deferred.make<void>()
      const fiber = yield* Effect.forkChild(
        redis.watch("n", () => Effect.andThen(Deferred.succeed(begun, undefined), Effect.never)),
        { startImmediately: true }
      )
      yield* Deferred.await(begun)
      yield* control.hang(address)
      // No time passes.
      yield* Fiber.interrupt(fiber)
      yield* whileTimePasses(Effect.sleep("2 seconds"))
      // The server did not answer UNWATCH in time: another connection takes the place of this one.
      assert.strictEqual(control.network.dials(address), 3)
    }))

  it.effect("cannot be used after the body, nor after the end", () =>
    Effect.gen(function*() {
      const { redis } = yield* one({ maxReserved: 1 })
      let escaped: Client.WatchClient | undefined
      const latch = yield* Latch.make()
      const child = yield* redis.watch("n", (watched) =>
        Effect.gen(function*() {
          escaped = watched
          const fiber = yield* Effect.forkDetach(Effect.exit(Effect.andThen(latch.await, watched.get("n"))))
          return { commands: [commands.incr("n")], value: fiber }
        }))
      yield* latch.open
      assert.strictEqual(failureOf(yield* Fiber.join(child.value))._tag, "ClientClosed")
      const uses: ReadonlyArray<Effect.Effect<unknown, Errors.RedisError>> = [
        escaped!.get("n"),
        escaped!.bytes.get("n"),
        escaped!.send("GET", "n"),
        escaped!.run(commands.get("n")),
        escaped!.watch("n"),
        escaped!.pipeline([commands.get("n")]),
        escaped!.pipelineResults([commands.get("n")]),
        Stream.runDrain(escaped!.scanStream())
      ]
      for (const use of uses) assert.strictEqual(failureOf(yield* Effect.exit(use))._tag, "ClientClosed")
    }))

  it.effect("refuses in the body what would forget the keys, change the session, or write", () =>
    Effect.gen(function*() {
      const { redis } = yield* one()
      const refusals = yield* redis.watch("n", (watched) =>
        Effect.gen(function*() {
          const all = watched as unknown as Client.ReservedClient<"write"> & Client.Methods<"write" | "read">
          const uses: ReadonlyArray<Effect.Effect<unknown, Errors.RedisError>> = [
            all.set("n", "1"),
            all.send("UNWATCH"),
            all.send(["UNWATCH"], { mode: "read" }),
            all.send("RESET"),
            all.send("DISCARD"),
            all.send(["EXEC"], { mode: "read" }),
            all.send("SELECT", 1),
            all.run(Command.raw("UNWATCH", [])),
            all.transaction([commands.get("n")] as never),
            all.transactionResults([commands.get("n")] as never),
            all.pipeline([Command.raw("UNWATCH", [])] as never),
            all.pipeline([commands.incr("n")] as never)
          ]
          return {
            commands: [],
            value: yield* Effect.forEach(uses, (use) => Effect.map(Effect.exit(use), failureOf))
          }
        }))
      assert.deepStrictEqual(
        refusals.value.map((error) => error._tag),
        refusals.value.map(() => "InvalidCommand")
      )
      assert.include(refusals.value[0]!.message, "the client of the body of `watch` only reads")
    }))
})

describe("the arguments of redis.watch", () => {
  it.effect("are checked: keys, body, options, and what the body gives", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* one()
      const call = redis.watch as (...args: Array<unknown>) => Effect.Effect<unknown, Errors.RedisError>
      const body = () => Effect.succeed([commands.incr("n")])
      const wrong: ReadonlyArray<readonly [string, ReadonlyArray<unknown>]> = [
        ["keys: expected an array, got undefined", []],
        ["keys: expected at least one key", [[], body]],
        ["keys[1]: expected a string or bytes, got 1", [["a", 1], body]],
        ["body: expected a function, got an Effect", ["a", Effect.succeed([])]],
        ["options: expected an object", ["a", body, 5]],
        ["retries: unknown option", ["a", body, { retries: 5 }]],
        ["schedule: expected a Schedule, got a string", ["a", body, { schedule: "never" }]],
        ["timeout: 5 has no unit", ["a", body, { timeout: 5 }]],
        ["timeout: a duration cannot be negative", ["a", body, { timeout: "-1 second" }]],
        ["body: expected an Effect, got an array", ["a", () => []]],
        ["body: expected a list of commands", ["a", () => Effect.succeed("x")]],
        ["body: expected a list of commands", ["a", () => Effect.void]],
        ["commands: expected an array", ["a", () => Effect.succeed({ value: 1 })]],
        ["commands[1]", ["a", () => Effect.succeed([commands.incr("n"), "INCR"])]],
        ["out of the order of commands", ["a", () => Effect.succeed([Command.raw("SUBSCRIBE", ["x"])])]]
      ]
      for (const [detail, args] of wrong) {
        const error = failureOf(yield* whileTimePasses(Effect.exit(call(...args))))
        assert.strictEqual(error._tag, "InvalidCommand")
        assert.include(error.message, detail)
      }
      yield* TestClock.adjust("10 millis")
      assert.strictEqual(yield* dialsOfNextUser(control, redis), 0)
      assert.isUndefined(control.node(address).peek("n"))
    }))

  it.effect("keys may be bytes", () =>
    Effect.gen(function*() {
      const { redis } = yield* one()
      const key = new Uint8Array([0xff, 0x00])
      const results = yield* redis.watch([key], (watched) =>
        Effect.gen(function*() {
          assert.isNull(yield* watched.bytes.get(key))
          return [commands.set(key, "1"), Command.bytes(commands.get(key))]
        }))
      assert.deepStrictEqual(results, ["OK", new TextEncoder().encode("1")])
    }))
})

describe("a client of replicas", () => {
  it.effect("watches too, for reads that belong together", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.make()
      const { redis, sentinel } = yield* primary(deployment)
      const replica = yield* sentinel.replicaFor("mymaster").pipe(
        Effect.provideService(Connector.Connector, deployment.network.dial)
      )
      yield* whileTimePasses(redis.set("n", 1))
      yield* TestClock.adjust("1 second")
      const results = yield* whileTimePasses(
        replica.watch("n", (watched) => Effect.as(watched.get("n"), [commands.get("n")]))
      )
      assert.deepStrictEqual(results, ["1"])
      const exit = yield* whileTimePasses(
        Effect.exit(replica.watch("n", () => Effect.succeed([commands.incr("n")] as never)))
      )
      assert.include(failureOf(exit).message, "a client of replicas does not write")
    }))
})

describe("the timeout of pipelines and transactions", () => {
  const kinds = ["pipeline", "pipelineResults", "transaction", "transactionResults"] as const

  it.effect("replaces the client's, shorter or longer, on shared and on reserved connections", () =>
    Effect.gen(function*() {
      for (const kind of kinds) {
        for (const timeout of ["1 second", "20 seconds"] as const) {
          const { control, redis } = yield* one({ stallTimeout: "Infinity" })
          const reserved = yield* redis.reserve
          yield* redis.set("n", 0)
          yield* control.hang(address)
          for (const client of [redis, reserved]) {
            const [took, exit] = yield* whileTimePasses(
              Effect.timed(Effect.exit(
                client[kind]([commands.get("n"), commands.get("n")], { timeout }) as Effect.Effect<
                  ReadonlyArray<Result.Result<unknown, Errors.RedisError>>,
                  Errors.RedisError
                >
              ))
            )
            const limit = Duration.toMillis(Duration.fromInputUnsafe(timeout))
            assert.isAtLeast(Duration.toMillis(took), limit, kind)
            assert.isBelow(Duration.toMillis(took), limit + 50, kind)
            if (kind === "pipelineResults") {
              assert.deepStrictEqual(
                Exit.isSuccess(exit) &&
                  exit.value.map((result) => result._tag === "Failure" && result.failure._tag),
                ["DeadlineExceeded", "DeadlineExceeded"]
              )
            } else {
              const error = failureOf(exit) as Errors.DeadlineExceeded
              assert.strictEqual(error._tag, "DeadlineExceeded", kind)
              assert.strictEqual(error.timeoutMillis, limit)
            }
          }
        }
      }
    }))

  it.effect("a write that was sent is ambiguous then; one that waits for a connection was not executed", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* one()
      yield* redis.set("n", 0)
      yield* control.hang(address)
      for (const kind of ["pipeline", "transaction"] as const) {
        const exit = yield* whileTimePasses(
          Effect.exit(redis[kind]([commands.incr("n")], { timeout: "1 second" }))
        )
        assert.strictEqual(failureOf(exit)._tag, "AmbiguousOutcome", kind)
      }
      yield* control.kill(address)
      for (const kind of ["pipeline", "transaction"] as const) {
        const [took, exit] = yield* whileTimePasses(
          Effect.timed(Effect.exit(redis[kind]([commands.incr("n")], { timeout: "1 second" })))
        )
        assert.isTrue(Errors.isConnectionError(failureOf(exit)), kind)
        assert.isBelow(Duration.toMillis(took), 1050)
      }
    }))

  it.effect("counts for replicas, and for reads after an offset", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.make()
      const { redis, sentinel } = yield* primary(deployment)
      const replica = yield* sentinel.replicaFor("mymaster", { fallbackToPrimary: false }).pipe(
        Effect.provideService(Connector.Connector, deployment.network.dial)
      )
      yield* whileTimePasses(redis.set("n", 1))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* whileTimePasses(replica.pipeline([commands.get("n")])), ["1"])
      const offset = yield* whileTimePasses(redis.offset)
      const late = replica.afterOffset({ epoch: offset.epoch, offset: offset.offset + 1_000_000 })
      yield* deployment.hang("10.0.0.2:6379")
      yield* deployment.hang("10.0.0.3:6379")
      for (const client of [replica, late]) {
        for (const kind of ["pipeline", "transaction"] as const) {
          const [took, exit] = yield* whileTimePasses(
            Effect.timed(Effect.exit(client[kind]([commands.get("n")], { timeout: "1 second" })))
          )
          assert.isTrue(Exit.isFailure(exit))
          assert.isAtLeast(Duration.toMillis(took), 1000, kind)
          assert.isBelow(Duration.toMillis(took), 1050, kind)
        }
      }
    }).pipe(Effect.scoped))

  it.effect("is checked", () =>
    Effect.gen(function*() {
      const { redis } = yield* one()
      const wrong: ReadonlyArray<readonly [string, unknown]> = [
        ["timeout: 5 has no unit", { timeout: 5 }],
        ["timeout: expected a duration", { timeout: "soon" }],
        ["timeout: the duration must be greater than zero", { timeout: "0 millis" }],
        ["options: expected an object", "1 second"],
        ["retries: unknown option", { retries: 1 }]
      ]
      for (const kind of kinds) {
        const run = redis[kind] as Client.PrimaryClient["pipeline"]
        for (const [detail, options] of wrong) {
          const error = failureOf(yield* Effect.exit(run([commands.get("n")], options as never)))
          assert.strictEqual(error._tag, "InvalidCommand")
          assert.include(error.message, detail)
        }
        assert.strictEqual((yield* run([commands.get("n")], { timeout: "Infinity" })).length, 1)
      }
      const error = failureOf(yield* Effect.exit(redis.run(commands.get("n"), { retries: 1 } as never)))
      assert.include(error.message, "retries: unknown option")
    }))
})
