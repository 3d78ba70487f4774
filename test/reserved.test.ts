/**
 * Exclusive connections: whose they are, when they are used again, how long
 * they are waited for, and what becomes of commands that wait at the server.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { type Client, Command, commands, Connector, type Errors, RedisClient, Sentinel } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"
import { failureOf } from "./support/exit.ts"
import { timePassing } from "./support/time.ts"

const address = "10.0.0.1:6379"
const whileTimePasses = timePassing("10 millis")

/** Waits until something holds; time passes meanwhile. */
const until = (condition: () => boolean) =>
  whileTimePasses(
    Effect.gen(function*() {
      while (!condition()) yield* Effect.sleep("10 millis")
    })
  )

/** A client of one server in memory, and that server. */
const one = (options: RedisClient.Options = {}) =>
  Effect.gen(function*() {
    const control = yield* Testing.make({ replicas: 0, sentinels: 0 })
    const redis = yield* RedisClient.make({ address, ...options }).pipe(
      Effect.provideService(Connector.Connector, control.network.dial)
    )
    return { control, redis }
  })

/** How many connections to the server wait there. */
const blockedAt = (control: Testing.Deployment["Service"]): number => control.node(address).waiting

/** Another client of the same server. */
const another = (control: Testing.Deployment["Service"]) =>
  RedisClient.make({ address }).pipe(Effect.provideService(Connector.Connector, control.network.dial))

/** A client of a group's primary. */
const primary = (deployment: Testing.Deployment["Service"], options: Sentinel.NodeOptions = {}) =>
  Effect.gen(function*() {
    const sentinel = yield* Sentinel.make({ sentinels: deployment.sentinels, node: options })
    const topology = yield* sentinel.topology("mymaster")
    return { redis: yield* sentinel.primaryFor("mymaster"), sentinel, topology }
  }).pipe(Effect.provideService(Connector.Connector, deployment.network.dial))

describe("the owner of a reserved connection", () => {
  it.effect("one that is used after its Scope closed is refused, and does not affect the next owner", () =>
    Effect.gen(function*() {
      const { redis } = yield* one({ maxReserved: 1 })
      yield* redis.set("a", "1")
      const former = yield* Effect.scoped(redis.reserve)
      const uses: ReadonlyArray<readonly [string, Effect.Effect<unknown, Errors.RedisError>]> = [
        ["get", former.get("a")],
        ["set", former.set("a", "2")],
        ["bytes", former.bytes.get("a")],
        ["send", former.send("SELECT", 3)],
        ["run", former.run(commands.incr("n"))],
        ["repeatable", former.repeatable(commands.set("a", "2"))],
        ["watch", former.watch("b")],
        ["unwatch", former.unwatch],
        ["pipeline", former.pipeline([commands.set("a", "2"), commands.get("a")])],
        ["transaction", former.transaction([commands.set("a", "2")])],
        ["blpop", former.blpop(["q"], "1 second")],
        ["scan", Stream.runDrain(former.scanStream())]
      ]
      yield* Effect.scoped(
        Effect.gen(function*() {
          const reserved = yield* redis.reserve
          yield* reserved.watch("a")
          yield* redis.set("a", "changed")
          for (const [name, use] of uses) {
            const exit = yield* whileTimePasses(Effect.exit(use))
            assert.strictEqual(failureOf(exit)._tag, "ClientClosed", name)
          }
          assert.strictEqual(
            failureOf(yield* Effect.exit(reserved.transaction([commands.get("a")])))._tag,
            "TransactionAborted"
          )
          assert.strictEqual(yield* reserved.get("a"), "changed")
        })
      )
      assert.strictEqual(yield* redis.get("n"), null)
    }))

  it.effect("a Scope that closes everything at once ends the reserved connection before another owner gets it", () =>
    Effect.gen(function*() {
      const { redis } = yield* one({ maxReserved: 1 })
      const scope = yield* Scope.make("parallel")
      const former = yield* Scope.provide(redis.reserve, scope)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(failureOf(yield* Effect.exit(former.set("a", "2")))._tag, "ClientClosed")
    }))

  it.effect("a client that is used after its Scope closed is refused, whatever it does", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const { redis } = yield* one().pipe(Scope.provide(scope))
      yield* redis.ping()
      yield* Scope.close(scope, Exit.void)
      const uses: ReadonlyArray<Effect.Effect<unknown, Errors.RedisError, Scope.Scope>> = [
        redis.get("a"),
        redis.set("a", "1"),
        redis.pipeline([commands.get("a"), commands.set("a", "1")]),
        redis.transaction([commands.set("a", "1")]),
        redis.blpop(["q"], "Infinity"),
        redis.reserve,
        redis.offset,
        Stream.runDrain(redis.scanStream()),
        Stream.runDrain(redis.subscribe({ channels: ["c"] })),
        Stream.runDrain(redis.bytes.subscribe({ channels: ["c"] }))
      ]
      for (const use of uses) {
        // No time passes.
        assert.strictEqual(failureOf(yield* Effect.exit(Effect.scoped(use)))._tag, "ClientClosed")
      }
    }))
})

describe("a Sentinel service after its end", () => {
  it.effect("fails new and waiting callers with the reason; no caller is interrupted or left waiting", () =>
    Effect.gen(function*() {
      for (const state of ["unused", "used", "silent"] as const) {
        const control = yield* Testing.make()
        const scope = yield* Scope.make()
        const sentinel = yield* Sentinel.make({ sentinels: control.sentinels }).pipe(
          Effect.provideService(Connector.Connector, control.network.dial),
          Scope.provide(scope)
        )
        const topology = yield* sentinel.topology("mymaster").pipe(Scope.provide(scope))
        if (state === "used") yield* whileTimePasses(topology.current)
        if (state === "silent") yield* Effect.forEach(control.sentinels, control.hang)
        const asks: ReadonlyArray<
          readonly [string, Effect.Effect<unknown, Errors.RedisError | Errors.InvalidOption, Scope.Scope>]
        > = [
          ["ClientClosed", sentinel.discoverPrimary("mymaster")],
          ["ReplicaNotFound", sentinel.discoverReplicas("mymaster")],
          ["SentinelsUnreachable", sentinel.ask(commands.sentinel.primary("mymaster")) as Effect.Effect<never>],
          ["InvalidOption", sentinel.primaryFor("mymaster")],
          ["InvalidOption", sentinel.replicaFor("mymaster")],
          ["InvalidOption", sentinel.topology("mymaster")]
        ]
        const fork = (effect: Effect.Effect<unknown, unknown, Scope.Scope>) =>
          Effect.forkChild(Effect.exit(Effect.scoped(effect)), { startImmediately: true })
        const during = state === "silent" ? yield* Effect.forEach(asks.slice(0, 3), ([, ask]) => fork(ask)) : []
        const told = yield* Effect.forEach([Stream.runDrain(topology.changes), topology.current], fork)
        yield* TestClock.adjust("200 millis")
        yield* Scope.close(scope, Exit.void)
        // No time passes.
        for (const [i, fiber] of during.entries()) {
          assert.strictEqual((failureOf(yield* Fiber.join(fiber)) as { _tag: string })._tag, asks[i]![0], state)
        }
        for (const fiber of told) assert.isTrue(Exit.isSuccess(yield* Fiber.join(fiber)), state)
        for (const [tag, ask] of asks) {
          assert.strictEqual(failureOf(yield* Effect.exit(Effect.scoped(ask)))._tag, tag, state)
        }
        assert.strictEqual((yield* topology.current).group, "mymaster")
        yield* Stream.runDrain(topology.changes)
        assert.strictEqual(control.network.connections(undefined, "client"), 0, state)
      }
    }))
})

describe("when a connection is reused", () => {
  const dialsOf = (
    use: (reserved: Client.ReservedClient<any> & Client.Methods<any>, redis: Client.PrimaryClient) => Effect.Effect<
      unknown,
      Errors.RedisError
    >
  ) =>
    Effect.gen(function*() {
      const { control, redis } = yield* one()
      yield* redis.set("a", "1")
      yield* Effect.scoped(Effect.flatMap(redis.reserve, (reserved) => reserved.ping()))
      const before = control.network.dials(address)
      yield* Effect.scoped(Effect.flatMap(redis.reserve, (reserved) => Effect.exit(use(reserved, redis))))
      yield* Effect.scoped(Effect.flatMap(redis.reserve, (reserved) => reserved.ping()))
      return control.network.dials(address) - before
    }).pipe(Effect.scoped)

  it.effect("after WATCH: once EXEC or UNWATCH was answered", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* dialsOf((reserved) => reserved.watch("a")), 1)
      assert.strictEqual(
        yield* dialsOf((reserved) => Effect.andThen(reserved.watch("a"), reserved.transaction([commands.get("a")]))),
        0
      )
      assert.strictEqual(
        yield* dialsOf((reserved, redis) =>
          reserved.watch("a").pipe(
            Effect.andThen(redis.set("a", "2")),
            Effect.andThen(reserved.transaction([commands.get("a")]))
          )
        ),
        0
      )
      assert.strictEqual(
        yield* dialsOf((reserved) =>
          Effect.andThen(reserved.watch("a"), reserved.transaction([Command.raw("NOSUCHCOMMAND", [])]))
        ),
        0
      )
      assert.strictEqual(yield* dialsOf((reserved) => Effect.andThen(reserved.watch("a"), reserved.unwatch)), 0)
      assert.strictEqual(yield* dialsOf((reserved) => reserved.unwatch), 0)
    }))

  it.effect("not while a key is watched again, or if nothing was sent", () =>
    Effect.gen(function*() {
      assert.strictEqual(
        yield* dialsOf((reserved) =>
          reserved.watch("a").pipe(Effect.andThen(reserved.unwatch), Effect.andThen(reserved.watch("b")))
        ),
        1
      )
      assert.strictEqual(yield* dialsOf((reserved) => Effect.andThen(reserved.watch("a"), reserved.transaction([]))), 1)
      assert.strictEqual(
        yield* dialsOf((reserved) =>
          Effect.all([reserved.watch("a"), reserved.unwatch, reserved.watch("b")], { concurrency: "unbounded" })
        ),
        1
      )
      assert.strictEqual(yield* dialsOf((reserved) => Effect.andThen(reserved.send("SELECT", 1), reserved.unwatch)), 1)
    }))
})

describe("transactions where MULTI or EXEC is not allowed", () => {
  /** A client whose user may not run that command. */
  const without = (command: string) =>
    Effect.gen(function*() {
      const control = yield* Testing.make({ replicas: 0, sentinels: 0 })
      const admin = yield* another(control)
      yield* admin.send("ACL", "SETUSER", "app", "on", ">secret", "~*", "+@all", `-${command}`)
      const redis = yield* RedisClient.make({ address, username: "app", password: Redacted.make("secret") }).pipe(
        Effect.provideService(Connector.Connector, control.network.dial)
      )
      yield* redis.set("a", "1")
      return { control, redis }
    })

  it.effect("without EXEC nothing is executed, and later commands do not end up in MULTI", () =>
    Effect.gen(function*() {
      const { redis } = yield* without("exec")
      const error = failureOf(yield* Effect.exit(redis.transaction([commands.set("a", "2")])))
      assert.strictEqual(error._tag === "ReplyError" ? error.code : error._tag, "NOPERM")
      assert.strictEqual(yield* whileTimePasses(redis.get("a")), "1")
      const interrupted = yield* Effect.forkChild(redis.transaction([commands.set("a", "2")]))
      yield* Effect.yieldNow
      yield* Fiber.interrupt(interrupted)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* whileTimePasses(redis.get("a")), "1")
      yield* whileTimePasses(Effect.scoped(
        Effect.gen(function*() {
          const reserved = yield* redis.reserve
          assert.isTrue(Exit.isFailure(yield* Effect.exit(reserved.transaction([commands.get("a")]))))
          assert.strictEqual(failureOf(yield* Effect.exit(reserved.get("a")))._tag, "ConnectionLost")
        })
      ))
    }))

  it.effect("without MULTI the writes are executed one by one: the outcome is ambiguous", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* without("multi")
      const error = failureOf(yield* Effect.exit(redis.transaction([commands.set("a", "2")])))
      assert.strictEqual(error._tag, "AmbiguousOutcome")
      assert.include(String(error.cause), "NOPERM")
      assert.strictEqual(control.node(address).peek("a"), "2")
      const read = failureOf(yield* Effect.exit(redis.transaction([commands.get("a")])))
      assert.strictEqual(read._tag, "ReplyError")
    }))
})

/** It waits without end, and is not divided into turns. */
const hog = Command.make(
  Command.define({ words: ["BLPOP", "hog"], mode: "write", blockingMillis: () => Infinity, decode: Command.native }),
  [0]
)

describe("how long redis.reserve waits", () => {
  it.effect("for reserveTimeout, also if commandTimeout is shorter", () =>
    Effect.gen(function*() {
      const { redis } = yield* one({ maxReserved: 1, reserveTimeout: "10 seconds", commandTimeout: "1 second" })
      const scope = yield* Scope.make()
      yield* Scope.provide(redis.reserve, scope)
      const late = yield* Effect.forkChild(Effect.exit(Effect.scoped(redis.reserve)), { startImmediately: true })
      yield* TestClock.adjust("9990 millis")
      assert.isUndefined(late.pollUnsafe())
      yield* TestClock.adjust("10 millis")
      const error = failureOf(yield* Fiber.join(late))
      assert.strictEqual(error._tag, "ReserveTimeout")
      assert.include(error.message, "10000 ms")
      const inTime = yield* Effect.forkChild(
        Effect.scoped(Effect.flatMap(redis.reserve, (reserved) => reserved.ping())),
        {
          startImmediately: true
        }
      )
      yield* TestClock.adjust("8 seconds")
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(yield* Fiber.join(inTime), "PONG")
    }))

  it.effect("for an unreachable server no longer than commandTimeout", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* one({ reserveTimeout: "1 minute", commandTimeout: "1 second" })
      yield* redis.ping()
      yield* control.kill(address)
      const reserved = yield* Effect.forkChild(Effect.exit(Effect.scoped(redis.reserve)), { startImmediately: true })
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(
        failureOf(reserved.pollUnsafe() === undefined ? Exit.die("waits") : yield* Fiber.join(reserved))._tag,
        "ConnectFailed"
      )
    }))

  it.effect("closing the client ends every kind of waiting at once", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const { control, redis } = yield* one({ maxBlocking: 1, maxReserved: 1, reserveTimeout: "Infinity" }).pipe(
        Scope.provide(scope)
      )
      const others = yield* Scope.make()
      yield* Scope.provide(redis.reserve, others)
      yield* Effect.forkChild(redis.run(hog), { startImmediately: true })
      yield* until(() => blockedAt(control) === 1)
      const fibers = yield* Effect.forEach(
        [
          Effect.scoped(redis.reserve),
          redis.blpop(["q"], "Infinity"),
          redis.blpop(["q"], "60 seconds")
        ] as ReadonlyArray<
          Effect.Effect<unknown, Errors.RedisError>
        >,
        (effect) => Effect.forkChild(Effect.exit(effect), { startImmediately: true })
      )
      yield* TestClock.adjust("10 seconds")
      yield* Scope.close(scope, Exit.void)
      for (const fiber of fibers) assert.strictEqual(failureOf(yield* Fiber.join(fiber))._tag, "ClientClosed")
      assert.strictEqual(control.network.connections(), 0)
      yield* Scope.close(others, Exit.void)
    }))

  it.effect("also while the server is unreachable or silent", () =>
    Effect.gen(function*() {
      for (const state of ["refused", "silent"] as const) {
        const scope = yield* Scope.make()
        const { control, redis } = yield* one().pipe(Scope.provide(scope))
        yield* state === "refused" ? control.refuse(address) : control.hang(address)
        const fibers = yield* Effect.forEach(
          [Effect.scoped(redis.reserve), redis.blpop(["q"], "Infinity")] as ReadonlyArray<
            Effect.Effect<unknown, Errors.RedisError>
          >,
          (effect) => Effect.forkChild(Effect.exit(effect), { startImmediately: true })
        )
        yield* TestClock.adjust("1 second")
        yield* Scope.close(scope, Exit.void)
        for (const fiber of fibers) assert.strictEqual(failureOf(yield* Fiber.join(fiber))._tag, "ClientClosed", state)
        assert.strictEqual(control.network.connections(), 0)
      }
    }))
})

describe("commands that wait at the server", () => {
  it.effect("twenty consumers on sixteen connections: each gets its job, and redis.reserve a connection", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* one({ maxBlocking: 16, maxReserved: 1 })
      const other = yield* another(control)
      const consumers = yield* Effect.forEach(
        Array.from({ length: 20 }, (_, i) => i),
        (i) => Effect.forkChild(Effect.exit(redis.blpop([`q${i}`], "Infinity")), { startImmediately: true })
      )
      yield* whileTimePasses(Effect.sleep("30 seconds"))
      assert.isTrue(consumers.every((fiber) => fiber.pollUnsafe() === undefined))
      // 16 and one for everybody, and the other client's.
      assert.isAtMost(control.network.connections(address), 18)
      yield* whileTimePasses(Effect.scoped(Effect.flatMap(redis.reserve, (reserved) => reserved.ping())))
      // Those who came last get theirs while the others still wait.
      for (let i = 16; i < 20; i++) yield* other.rpush(`q${i}`, `job ${i}`)
      yield* whileTimePasses(Effect.forEach(consumers.slice(16), Fiber.join))
      for (let i = 0; i < 16; i++) yield* other.rpush(`q${i}`, `job ${i}`)
      const jobs = yield* whileTimePasses(Effect.forEach(consumers, Fiber.join))
      assert.deepStrictEqual(jobs, Array.from({ length: 20 }, (_, i) => Exit.succeed([`q${i}`, `job ${i}`])))
    }))

  it.effect("without a connection they wait for their own time, and give what the server would have given", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* one({ maxBlocking: 1, reserveTimeout: "1 second", commandTimeout: "1 second" })
      // It is not divided into turns: it has the only connection all the time.
      const first = yield* Effect.forkChild(redis.run(hog), { startImmediately: true })
      yield* until(() => blockedAt(control) === 1)
      for (
        const wait of [
          redis.blpop(["q"], "7 seconds"),
          redis.send("BRPOP", "q", "7"),
          redis.blmove("a", "b", "left", "left", "7 seconds")
        ]
      ) {
        const [took, result] = yield* whileTimePasses(Effect.timed(wait))
        assert.isNull(result)
        assert.isAtLeast(Duration.toMillis(took), 7000)
        assert.isBelow(Duration.toMillis(took), 7100)
      }
      // What lies there when their time is up is theirs.
      const pop = yield* Effect.forkChild(redis.blpop(["q"], "2 seconds"), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      yield* redis.rpush("q", "x")
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(pop), ["q", "x"])
      yield* Fiber.interrupt(first)
    }))

  it.effect("a long wait lasts for its time, on an exclusive connection or on the user's reserved one", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* one()
      const other = yield* another(control)
      const reserved = yield* redis.reserve
      const pop = Command.define({
        words: ["blpop"],
        mode: "write",
        decode: Command.custom((value) => value ?? "none")
      })
      const waits = [
        [redis.blpop(["never"], "12.5 seconds"), null],
        [reserved.blpop(["never"], "12.5 seconds"), null],
        [redis.bzpopmin(["never"], "12.5 seconds"), null],
        [redis.run(Command.make(pop, ["never", "12.5"])), "none"],
        [redis.send("BLPOP", "never", new TextEncoder().encode("12.5")), null]
      ] as const
      for (const [wait, nothing] of waits) {
        const [took, result] = yield* whileTimePasses(Effect.timed(wait as Effect.Effect<unknown, Errors.RedisError>))
        assert.strictEqual(result, nothing)
        assert.isAtLeast(Duration.toMillis(took), 12_500)
        assert.isBelow(Duration.toMillis(took), 12_600)
      }
      const late = yield* Effect.forkChild(reserved.blpop(["q"], "Infinity"), { startImmediately: true })
      yield* TestClock.adjust("1 minute")
      yield* other.rpush("q", "x")
      assert.deepStrictEqual(yield* Fiber.join(late), ["q", "x"])
      // The times that the server refuses are its to refuse.
      for (const time of [-1, "abc", ""]) {
        const error = failureOf(yield* Effect.exit(redis.send("BLPOP", "q", time)))
        assert.strictEqual(error._tag, "ReplyError")
      }
    }))

  it.effect("WAIT lasts for its time too, and ends as soon as there are enough replicas", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.make()
      const { redis } = yield* primary(deployment)
      yield* whileTimePasses(redis.set("a", "1"))
      const reserved = yield* whileTimePasses(redis.reserve)
      yield* whileTimePasses(reserved.set("a", "2"))
      const [enough, two] = yield* whileTimePasses(Effect.timed(reserved.wait(2, "Infinity")))
      assert.strictEqual(two, 2)
      assert.isBelow(Duration.toMillis(enough), 1000)
      const [took, n] = yield* whileTimePasses(Effect.timed(reserved.wait(3, "12 seconds")))
      assert.strictEqual(n, 2)
      assert.isAtLeast(Duration.toMillis(took), 12_000)
      assert.isBelow(Duration.toMillis(took), 12_100)
    }).pipe(Effect.scoped))

  it.effect("a repeatable wait continues after its connection was lost; any other is ambiguous", () =>
    Effect.gen(function*() {
      for (const end of ["lost", "corrupt"] as const) {
        const { control, redis } = yield* one()
        const other = yield* another(control)
        yield* redis.ping()
        const waits = yield* Effect.forEach(
          [
            redis.repeatable(commands.blpop(["q"], "Infinity")),
            redis.blpop(["p"], "Infinity"),
            redis.run(
              Command.make(Command.define({ words: ["BLPOP"], mode: "read", decode: Command.native }), ["r", 0])
            )
          ],
          (wait) =>
            Effect.forkChild(Effect.exit(wait as Effect.Effect<unknown, Errors.RedisError>), { startImmediately: true })
        )
        yield* until(() => blockedAt(control) === 3)
        if (end === "lost") yield* control.disconnect(address)
        else {
          for (let i = 0; i < 3; i++) yield* control.corrupt({ address, direction: "reply", after: 0 })
          yield* whileTimePasses(Effect.sleep("6 seconds"))
        }
        yield* until(() => blockedAt(control) === 2)
        for (const key of ["q", "p", "r"]) yield* whileTimePasses(other.rpush(key, "x"))
        const [repeatable, once, read] = yield* whileTimePasses(Effect.forEach(waits, Fiber.join))
        assert.deepStrictEqual(repeatable, Exit.succeed(["q", "x"]), end)
        assert.strictEqual(failureOf(once!)._tag, "AmbiguousOutcome", end)
        assert.deepStrictEqual(read, Exit.succeed(["r", "x"]), end)
      }
    }))

  it.effect("in a pipeline on a reserved connection it has its time, and so have the commands behind it", () =>
    Effect.gen(function*() {
      const { redis } = yield* one({ stallTimeout: "1 second", commandTimeout: "2 seconds" })
      const reserved = yield* redis.reserve
      const pipeline = reserved.pipeline([
        commands.set("a", "1"),
        commands.blpop(["never"], "7 seconds"),
        commands.blpop(["never"], "4 seconds"),
        commands.get("a")
      ])
      const [took, results] = yield* whileTimePasses(Effect.timed(pipeline))
      assert.deepStrictEqual(results, ["OK", null, null, "1"])
      assert.isAtLeast(Duration.toMillis(took), 11_000)
    }).pipe(Effect.scoped))

  it.effect("a wait that another client ends has ended", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* one()
      const other = yield* another(control)
      yield* redis.ping()
      const unblock = (how: "timeout" | "error") =>
        Effect.gen(function*() {
          const wait = yield* Effect.forkChild(Effect.exit(redis.blpop(["q"], "Infinity")), { startImmediately: true })
          yield* TestClock.adjust("2 seconds")
          const list = String(yield* other.send("CLIENT LIST"))
          const id = Number(/id=(\d+)[^\n]* cmd=blpop/.exec(list)![1])
          assert.isTrue(yield* other.clientUnblock(id, how))
          yield* TestClock.adjust("10 millis")
          assert.isDefined(wait.pollUnsafe())
          return yield* Fiber.join(wait)
        })
      assert.deepStrictEqual(yield* unblock("timeout"), Exit.succeed(null))
      const error = failureOf(yield* unblock("error"))
      assert.strictEqual(error._tag === "ReplyError" ? error.code : error._tag, "UNBLOCKED")
    }))

  it.effect("a wait that a fixed server will never accept is refused", () =>
    Effect.gen(function*() {
      const control = yield* Testing.make({ sentinels: 0, replicas: 1 })
      const redis = yield* RedisClient.make({ address: "10.0.0.2:6379" }).pipe(
        Effect.provideService(Connector.Connector, control.network.dial)
      )
      yield* TestClock.adjust("1 second")
      const error = failureOf(yield* whileTimePasses(Effect.exit(redis.blpop(["q"], "Infinity"))))
      assert.strictEqual(error._tag === "ReplyError" ? error.code : error._tag, "READONLY")
    }))

  for (
    const [name, wait] of [
      ["of the library's", (redis: Client.PrimaryClient) => redis.blpop(["queue"], "30 seconds")],
      ["by its name", (redis: Client.PrimaryClient) => redis.send("blpop", "queue", "30")],
      ["of the user's own", (redis: Client.PrimaryClient) =>
        redis.run(Command.make(
          Command.define({ words: ["BLPOP"], mode: "write", decode: Command.native }),
          ["queue", 30]
        ))]
    ] as const
  ) {
    it.effect(`continues at the new primary: a command ${name}`, () =>
      Effect.gen(function*() {
        const deployment = yield* Testing.make()
        const { redis, topology } = yield* primary(deployment)
        yield* whileTimePasses(redis.set("a", "1"))
        yield* until(() => deployment.sentinels.every((s) => deployment.network.connections(s) > 0))
        const waiting = yield* Effect.forkChild(Effect.exit(wait(redis)), { startImmediately: true })
        yield* TestClock.adjust("100 millis")
        yield* deployment.failover
        yield* whileTimePasses(
          Effect.gen(function*() {
            while ((yield* topology.current).epoch === 0) yield* Effect.sleep("10 millis")
          })
        )
        assert.isUndefined(waiting.pollUnsafe())
        yield* whileTimePasses(redis.rpush("queue", "x"))
        assert.deepStrictEqual(yield* whileTimePasses(Fiber.join(waiting)), Exit.succeed(["queue", "x"]))
      }).pipe(Effect.scoped))
  }

  it.effect("a second failover ends it at the old primary too, though the first came to nothing", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.make()
      const { redis, topology } = yield* primary(deployment)
      yield* whileTimePasses(redis.set("a", "1"))
      yield* until(() => deployment.sentinels.every((s) => deployment.network.connections(s) > 0))
      yield* TestClock.adjust("1 second")
      const waiting = yield* Effect.forkChild(Effect.exit(redis.blpop(["queue"], "Infinity")), {
        startImmediately: true
      })
      yield* TestClock.adjust("100 millis")
      const sentinel = deployment.sentinel(deployment.sentinels[0]!)
      const fenced = (closed: boolean) =>
        whileTimePasses(
          Effect.gen(function*() {
            while (((yield* topology.current).fence !== undefined) !== closed) yield* Effect.sleep("5 millis")
          })
        )
      yield* until(() => blockedAt(deployment) === 1)
      for (let i = 0; i < 2; i++) {
        sentinel.publish("+selected-slave", `slave 10.0.0.2:6379 10.0.0.2 6379 @ mymaster 10.0.0.1 6379`)
        yield* fenced(true)
        yield* whileTimePasses(Effect.sleep("20 millis"))
        assert.strictEqual(blockedAt(deployment), 0, `fence ${i + 1}`)
        sentinel.publish("-failover-abort-slave-timeout", `master mymaster 10.0.0.1 6379`)
        yield* fenced(false)
        yield* whileTimePasses(Effect.sleep("2 seconds"))
        if (i === 0) assert.strictEqual(blockedAt(deployment), 1)
      }
      assert.isUndefined(waiting.pollUnsafe())
      yield* Fiber.interrupt(waiting)
    }).pipe(Effect.scoped))
})

describe("a network that goes silent", () => {
  /** Dials as the network does; what was dialled so far can be made to carry nothing more. */
  const silencing = (dial: Connector.Dial) => {
    let silenced = new Set<{ silent: boolean }>()
    const wires = new Set<{ silent: boolean }>()
    const wrapped: Connector.Dial = (options) =>
      Effect.map(dial(options), (inner): Connector.Transport => {
        const wire = { silent: false }
        wires.add(wire)
        return {
          start: (handler) =>
            inner.start({
              ...handler,
              data: (chunk) => {
                if (!wire.silent) handler.data(chunk)
              },
              closed: (cause) => {
                if (!wire.silent) handler.closed(cause)
              }
            }),
          write: (chunks, ascii) => wire.silent || inner.write(chunks, ascii),
          // The server does not hear of the end either.
          destroy: () => {
            wires.delete(wire)
            if (!wire.silent) inner.destroy()
          }
        }
      })
    return {
      dial: wrapped,
      silence: (): void => {
        silenced = new Set(wires)
        for (const wire of silenced) wire.silent = true
      }
    }
  }
  const options = { address, stallTimeout: "1 second", pingInterval: "1 second" } as const

  for (const timeout of ["Infinity", "10 minutes"] as const) {
    it.effect(`a wait of ${timeout} gets its job some seconds later`, () =>
      Effect.gen(function*() {
        const control = yield* Testing.make({ replicas: 0, sentinels: 0 })
        const { dial, silence } = silencing(control.network.dial)
        const redis = yield* RedisClient.make(options).pipe(Effect.provideService(Connector.Connector, dial))
        const other = yield* another(control)
        yield* redis.ping()
        const reserved = yield* redis.reserve
        const jobs = yield* Effect.forEach(
          [redis.blpop(["q"], timeout), reserved.blpop(["p"], timeout)],
          (wait) => Effect.forkChild(Effect.exit(wait), { startImmediately: true })
        )
        yield* TestClock.adjust("100 millis")
        silence()
        yield* whileTimePasses(Effect.sleep("4 seconds"))
        yield* other.rpush("q", "job")
        yield* TestClock.adjust("10 millis")
        const [own, users] = jobs
        assert.deepStrictEqual(own!.pollUnsafe(), Exit.succeed(Exit.succeed(["q", "job"])))
        // A reserved connection does not go on elsewhere, but what was not taken is not ambiguous.
        assert.strictEqual(failureOf(yield* Fiber.join(users!))._tag, "ConnectionLost")
      }).pipe(Effect.scoped))
  }

  it.effect("an element that came during the silence may have been taken: ambiguous after some seconds", () =>
    Effect.gen(function*() {
      const control = yield* Testing.make({ replicas: 0, sentinels: 0 })
      const { dial, silence } = silencing(control.network.dial)
      const redis = yield* RedisClient.make(options).pipe(Effect.provideService(Connector.Connector, dial))
      const other = yield* another(control)
      const wait = yield* Effect.forkChild(Effect.exit(redis.blpop(["q"], "Infinity")), { startImmediately: true })
      yield* TestClock.adjust("100 millis")
      yield* until(() => blockedAt(control) === 1)
      silence()
      yield* other.rpush("q", "job")
      yield* TestClock.adjust("8 seconds")
      assert.isDefined(wait.pollUnsafe())
      assert.strictEqual(failureOf(yield* Fiber.join(wait))._tag, "AmbiguousOutcome")
      assert.strictEqual(yield* other.llen("q"), 0)
    }).pipe(Effect.scoped))

  it.effect("idle exclusive connections are not given to the next user, and a reserved one gets a PING", () =>
    Effect.gen(function*() {
      const control = yield* Testing.make({ replicas: 0, sentinels: 0 })
      const { dial, silence } = silencing(control.network.dial)
      const redis = yield* RedisClient.make({ ...options, pingInterval: "10 minutes" }).pipe(
        Effect.provideService(Connector.Connector, dial)
      )
      const held = yield* redis.reserve
      yield* Effect.scoped(Effect.flatMap(redis.reserve, (reserved) => reserved.ping()))
      silence()
      const stalled = yield* Effect.forkChild(redis.get("a"), { startImmediately: true })
      yield* TestClock.adjust("1100 millis")
      assert.isNull(yield* Fiber.join(stalled))
      // No time passes.
      yield* Effect.scoped(Effect.flatMap(redis.reserve, (reserved) => reserved.ping()))
      yield* TestClock.adjust("1100 millis")
      assert.strictEqual(failureOf(yield* Effect.exit(held.ping()))._tag, "ConnectionLost")
    }).pipe(Effect.scoped))
})

describe("notifications of a move", () => {
  it.effect("a repeatable write on a reserved connection that moves does not disturb other commands", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.make()
      const { redis, sentinel, topology } = yield* primary(deployment)
      const second = yield* sentinel.primaryFor("mymaster").pipe(
        Effect.provideService(Connector.Connector, deployment.network.dial)
      )
      yield* whileTimePasses(redis.set("a", "1"))
      yield* whileTimePasses(second.set("a", "1"))
      yield* until(() => deployment.sentinels.every((s) => deployment.network.connections(s) > 0))
      const reserved = yield* whileTimePasses(redis.reserve)
      yield* deployment.failover
      yield* TestClock.adjust("60 millis")
      // Written before the fence closes, and answered so late that the answer is kept.
      yield* deployment.slow(address, { requestTime: "600 millis" })
      const write = yield* Effect.forkChild(Effect.exit(reserved.repeatable(commands.set("late", "1"))), {
        startImmediately: true
      })
      yield* whileTimePasses(
        Effect.gen(function*() {
          while ((yield* topology.current).epoch === 0) yield* Effect.sleep("5 millis")
        })
      )
      const exit = yield* whileTimePasses(Fiber.join(write))
      if (Exit.isFailure(exit)) assert.isFalse(Cause.hasDies(exit.cause))
      assert.strictEqual(failureOf(exit)._tag, "AmbiguousOutcome")
      for (const client of [redis, second]) yield* whileTimePasses(client.set("after", "1"))
      assert.strictEqual(deployment.node(yield* deployment.primary).peek("after"), "1")
    }).pipe(Effect.scoped))
})

describe("the pool", () => {
  it.effect("is filled up after a fallback connection was replaced", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.make({ replicas: 1 })
      const replica = "10.0.0.2:6379"
      yield* deployment.kill(replica)
      const sentinel = yield* Sentinel.make({ sentinels: deployment.sentinels }).pipe(
        Effect.provideService(Connector.Connector, deployment.network.dial)
      )
      const redis = yield* sentinel.replicaFor("mymaster", { connections: 3, pingInterval: "1 hour" }).pipe(
        Effect.provideService(Connector.Connector, deployment.network.dial)
      )
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* whileTimePasses(redis.role())).role, "primary")
      yield* deployment.restart(replica)
      yield* whileTimePasses(Effect.sleep("15 seconds"))
      assert.strictEqual((yield* whileTimePasses(redis.role())).role, "replica")
      assert.strictEqual(deployment.network.connections(replica, "client"), 3)
    }).pipe(Effect.scoped))

  it.effect("restores a connection that could not be opened for a while, and serves meanwhile", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* one({ connections: 2 })
      yield* whileTimePasses(redis.set("a", "1"))
      yield* until(() => control.network.connections(address) === 2)
      yield* control.refuse(address)
      yield* control.cut({ address, direction: "reply", after: 1 })
      yield* whileTimePasses(redis.get("a"))
      yield* until(() => control.network.connections(address) === 1)
      yield* whileTimePasses(Effect.sleep("1 minute"))
      assert.strictEqual(yield* redis.get("a"), "1")
      yield* control.refuse(address, false)
      yield* whileTimePasses(Effect.sleep("3 seconds"))
      assert.strictEqual(control.network.connections(address), 2)
    }))

  it.effect("PINGs continue after a slow reply if stallTimeout is \"Infinity\"", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* one({
        stallTimeout: "Infinity",
        pingInterval: "1 second",
        commandTimeout: "Infinity"
      })
      yield* redis.ping()
      yield* control.hang(address)
      const slow = yield* Effect.forkChild(redis.get("a"), { startImmediately: true })
      yield* TestClock.adjust("20 seconds")
      assert.isUndefined(slow.pollUnsafe())
      yield* control.resume(address)
      yield* whileTimePasses(Fiber.join(slow))
      const other = yield* another(control)
      yield* TestClock.adjust("10 seconds")
      const list = String(yield* other.send("CLIENT LIST"))
      // The client's own connection was heard less than two intervals ago.
      assert.match(list.split("\n")[0]!, / idle=[01] /)
      assert.match(list.split("\n")[0]!, / cmd=ping /)
    }))
})
