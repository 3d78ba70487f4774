/**
 * What operations tell a tracer and the metrics, compared by name with OpenTelemetry's
 * conventions, and over failovers, lost connections and refusals.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Metric from "effect/Metric"
import * as References from "effect/References"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Tracer from "effect/Tracer"
import { Address, commands, Metrics, RedisClient, Telemetry } from "../src/index.ts"
import { ClientTelemetry } from "../src/internal/telemetry/clientTelemetry.ts"
import { peerOf, serverAttributes, type ServerIdentity } from "../src/internal/telemetry/peers.ts"
import * as RedisQueue from "../src/RedisQueue.ts"
import * as RedisStream from "../src/RedisStream.ts"
import * as Script from "../src/Script.ts"
import * as Testing from "../src/testing/index.ts"
import { failureOf } from "./support/exit.ts"
import { fenced, inSteps, live, liveWithReplicas } from "./support/group.ts"
import { clientOf, store } from "./support/store.ts"
import {
  assertConventional,
  assertProcesses,
  attributesOf,
  durationAttributes,
  Recorder,
  withMetrics
} from "./support/telemetry.ts"

const { ready, until, whileTimePasses } = inSteps("2 millis")

const double = Script.make({
  name: "double",
  keys: ["key"],
  args: {},
  result: Schema.Int,
  lua: "return redis.call('INCRBY', KEYS[1], redis.call('GET', KEYS[1]))"
})

const nameless = Script.make({ keys: [], args: {}, result: Schema.Int, lua: "return 7" })

/** A client of one server, with database 3. */
const fixed = RedisClient.layer({ address: "10.0.0.1:6379", database: 3 }).pipe(Layer.provideMerge(Testing.layer()))

/** Runs a program with a client while time passes, and gives its spans. */
const recorded = <E, R>(
  program: (redis: RedisClient.RedisClient["Service"], recorder: Recorder) => Effect.Effect<unknown, E, R>
) =>
  Effect.gen(function*() {
    const recorder = new Recorder()
    const redis = yield* RedisClient.RedisClient
    yield* whileTimePasses(recorder.during(Effect.suspend(() => program(redis, recorder))))
    for (const span of recorder.spans) assertConventional(span)
    return recorder
  })

describe("spans", () => {
  it.effect("of a command: its name, the server, the node, the database", () =>
    Effect.gen(function*() {
      const recorder = yield* recorded((redis) => redis.set("k", "secret"))
      assert.deepStrictEqual(recorder.attributesOf("SET"), {
        "db.system.name": "redis",
        "db.namespace": "0",
        "db.operation.name": "SET",
        "server.address": "mymaster",
        "network.peer.address": "10.0.0.1",
        "network.peer.port": 6379
      })
    }).pipe(Effect.provide(live())))

  it.effect("of a client of one server: what was configured is the server", () =>
    Effect.gen(function*() {
      const recorder = yield* recorded((redis) => Effect.andThen(redis.get("k"), redis.configGet("maxmemory")))
      const attributes = recorder.attributesOf("GET")
      assert.strictEqual(attributes["server.address"], "10.0.0.1")
      assert.strictEqual(attributes["server.port"], 6379)
      assert.strictEqual(attributes["db.namespace"], "3")
      recorder.attributesOf("CONFIG GET")
    }).pipe(Effect.provide(fixed)))

  it.effect("of a pipeline and a transaction: one, with the size of the batch", () =>
    Effect.gen(function*() {
      const recorder = yield* recorded((redis) =>
        Effect.gen(function*() {
          yield* redis.pipeline([commands.set("a", "1"), commands.get("a")])
          yield* redis.pipeline([commands.get("a"), commands.get("b"), commands.get("c")])
          yield* redis.transaction([commands.incr("a"), commands.incr("a")])
          yield* redis.transaction([commands.incr("a"), commands.get("a")])
          yield* redis.pipeline([])
        })
      )
      assert.deepStrictEqual(
        recorder.spans.map((span) => [span.name, attributesOf(span)["db.operation.batch.size"]]),
        [["PIPELINE", 2], ["PIPELINE GET", 3], ["MULTI INCR", 2], ["MULTI", 2], ["PIPELINE", 0]]
      )
    }).pipe(Effect.provide(live())))

  it.effect("of a batch of one command: those of the command, without a size", () =>
    Effect.gen(function*() {
      const recorder = yield* recorded((redis) =>
        Effect.andThen(redis.pipeline([commands.get("a")]), redis.transaction([commands.set("a", "1")]))
      )
      assert.deepStrictEqual(recorder.names, ["GET", "SET"])
      for (const span of recorder.spans) assert.notProperty(attributesOf(span), "db.operation.batch.size")
    }).pipe(Effect.provide(live())))

  it.effect("of scripts and functions: the name, or the digest", () =>
    Effect.gen(function*() {
      const recorder = yield* recorded((redis) =>
        Effect.gen(function*() {
          yield* redis.set("k", "2")
          yield* redis.script(double)({ key: "k" })
          yield* redis.script(nameless)({})
          yield* Effect.ignore(redis.send("FCALL", "transfer", "0"))
        })
      )
      const procedures = recorder.spans.flatMap((span) => attributesOf(span)["db.stored_procedure.name"] ?? [])
      assert.deepStrictEqual(procedures, ["double", nameless.sha1, "transfer"])
      assert.deepStrictEqual(recorder.names, ["SET", "EVALSHA", "EVALSHA", "FCALL"])
      // The server lacked the script at first: that is one span, too.
      assert.deepStrictEqual(recorder.named("EVALSHA")[0]!.events.map(([name]) => name), ["redis.sent_again"])
    }).pipe(Effect.provide(live())))

  it.effect("of what fails: the code of the server's error, or the tag of the client's", () =>
    Effect.gen(function*() {
      const recorder = yield* recorded((redis) =>
        Effect.gen(function*() {
          yield* redis.set("k", "v")
          yield* Effect.ignore(redis.lpush("k", "v"))
          yield* Effect.ignore(redis.pipelineResults([commands.get("k"), commands.incr("k"), commands.llen("k")]))
          yield* Effect.ignore(redis.eval("return redis.error_reply('{1} payload')", [], []))
        })
      )
      const failure = (name: string) => {
        const { "db.response.status_code": code, "error.type": type } = recorder.attributesOf(name)
        return [type, code]
      }
      assert.deepStrictEqual(failure("LPUSH"), ["WRONGTYPE", "WRONGTYPE"])
      assert.deepStrictEqual(failure("PIPELINE"), ["ERR", "ERR"])
      // A script's error may begin with anything.
      assert.deepStrictEqual(failure("EVAL"), ["_OTHER", "_OTHER"])
      const { status } = recorder.named("LPUSH")[0]!
      assert.isTrue(status._tag === "Ended" && Exit.isFailure(status.exit))
    }).pipe(Effect.provide(live())))

  it.effect("are children of the span around them, and end before the fiber goes on", () =>
    Effect.gen(function*() {
      const recorder = new Recorder()
      const redis = yield* RedisClient.RedisClient
      yield* whileTimePasses(recorder.during(Effect.withSpan(
        Effect.gen(function*() {
          yield* redis.set("k", "1")
          assert.strictEqual(recorder.named("SET")[0]!.status._tag, "Ended")
          yield* redis.get("k")
        }),
        "request"
      )))
      const [request, ...others] = recorder.spans
      assert.strictEqual(request!.name, "request")
      assert.strictEqual(others.length, 2)
      for (const span of others) {
        assert.strictEqual(span.traceId, request!.traceId)
        assert.strictEqual(span.parent._tag === "Some" ? span.parent.value.spanId : undefined, request!.spanId)
      }
    }).pipe(Effect.provide(live())))

  it.effect("have no text of the command, unless it is asked for, and then without values", () =>
    Effect.gen(function*() {
      const secret = "a payload"
      const program = (redis: RedisClient.RedisClient["Service"]) =>
        Effect.gen(function*() {
          yield* redis.hset("user:1", { name: secret, mail: secret })
          yield* redis.pipeline([commands.set("a b", secret), commands.get("c")])
          yield* redis.pipeline(Array.from({ length: 500 }, () => commands.set("k", secret)))
          yield* redis.pipeline(Array.from({ length: 500 }, (_, i) => commands.set(`k${i}`, secret)))
          yield* redis.run(commands.set(new TextEncoder().encode("bytes"), secret))
          yield* redis.rpush("list", ...Array.from({ length: 100 }, () => secret))
          yield* redis.set("x".repeat(5000), secret)
        })
      const texts = (attributes: Telemetry.Attributes) =>
        Effect.map(
          recorded((redis) => Effect.provideService(program(redis), Telemetry.SetAttributes, attributes)),
          ({ spans }) => spans.map((span) => attributesOf(span)["db.query.text"] as string)
        )
      assert.isTrue((yield* texts({})).every((text) => text === undefined))
      const masked = yield* texts({ "db.query.text": true })
      assert.deepStrictEqual(masked.slice(0, 3), ["HSET ? ? ? ? ?", "SET ? ?; GET ?", "SET ? ?"])
      assert.strictEqual(masked[4], "SET ? ?")
      const keys = yield* texts({ "db.query.text": "keys" })
      assert.deepStrictEqual(keys.slice(0, 3), ["HSET user:1 ? ? ? ?", "SET \"a b\" ?; GET c", "SET k ?"])
      assert.match(keys[3]!, /^SET k0 \?; SET k1 \?; .*\.\.\.$/)
      assert.strictEqual(keys[4], "SET bytes ?")
      assert.match(keys[5]!, /^RPUSH list (\? ){31}\.\.\.$/)
      assert.match(keys[6]!, /^SET x{64}\.\.\. \?$/)
      for (const text of [...masked, ...keys]) {
        assert.notInclude(text, secret)
        assert.isAtMost(text.length, 1100)
      }
    }).pipe(Effect.provide(live())))

  it.effect("of a command that is sent by its words: the name and the text of its constructor", () =>
    Effect.gen(function*() {
      const recorder = yield* recorded((redis) =>
        Effect.gen(function*() {
          yield* redis.configGet("maxmemory")
          yield* redis.send("CONFIG GET", "maxmemory")
          yield* redis.send("config", "get", "maxmemory")
          yield* redis.set("k", "1")
          yield* redis.send("object encoding", "k")
          yield* redis.send("OBJECT", "ENCODING", "k")
        }).pipe(Effect.provideService(Telemetry.SetAttributes, { "db.query.text": "keys" }))
      )
      assert.deepStrictEqual(
        recorder.spans.map((span) => [span.name, attributesOf(span)["db.query.text"]]),
        [
          ["CONFIG GET", "CONFIG GET ?"],
          ["CONFIG GET", "CONFIG GET ?"],
          ["CONFIG GET", "CONFIG GET ?"],
          ["SET", "SET k ?"],
          ["OBJECT ENCODING", "OBJECT ENCODING k"],
          ["OBJECT ENCODING", "OBJECT ENCODING k"]
        ]
      )
    }).pipe(Effect.provide(live())))

  it.effect("have the attributes that were chosen", () =>
    Effect.gen(function*() {
      const recorder = yield* recorded((redis) =>
        Effect.provideService(redis.script(double)({ key: "none" }).pipe(Effect.ignore), Telemetry.SetAttributes, {
          "db.namespace": false,
          "db.stored_procedure.name": false,
          "network.peer.address": false,
          "server.address": false
        })
      )
      assert.hasAllKeys(recorder.attributesOf("EVALSHA"), [
        "db.system.name",
        "db.operation.name",
        "db.response.status_code",
        "error.type"
      ])
    }).pipe(Effect.provide(live())))

  it.effect("are of the operations that a predicate wants, there or where the client was made", () =>
    Effect.gen(function*() {
      const program = (redis: RedisClient.RedisClient["Service"]) =>
        Effect.gen(function*() {
          yield* redis.ping()
          yield* redis.get("a")
          yield* Effect.withSpan(redis.get("b"), "GET", { kind: "client", attributes: around })
          yield* redis.pipeline([commands.set("a", "1"), commands.get("a")])
        })
      const around = { "db.system.name": "redis", "db.operation.name": "GET" }
      const names = (wanted: ((operation: Telemetry.Operation) => boolean) | undefined) =>
        Effect.map(
          recorded((redis) =>
            wanted === undefined
              ? program(redis)
              : Effect.provideService(program(redis), Telemetry.TracedOperations, wanted)
          ),
          (recorder) => recorder.names
        )
      // Where the client was made: no PING.
      assert.deepStrictEqual(yield* names(undefined), ["GET", "GET", "GET", "PIPELINE"])
      assert.deepStrictEqual(yield* names(({ hasParent }) => hasParent), ["GET", "GET"])
      assert.deepStrictEqual(yield* names(({ kind }) => kind === "pipeline"), ["GET", "PIPELINE"])
      assert.deepStrictEqual(
        yield* names(({ commands }) => commands.some((c) => c.spec.mode === "write")),
        ["GET", "PIPELINE"]
      )
      assert.deepStrictEqual(
        yield* names(() => {
          throw new Error("a fault of the predicate")
        }),
        ["GET"]
      )
    }).pipe(
      Effect.provide(
        live().pipe(Layer.provide(Layer.succeed(Telemetry.TracedOperations, ({ name }) => name !== "PING")))
      )
    ))

  it.effect("are none where there is no tracer, or where tracing is off", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const recorder = new Recorder()
      yield* whileTimePasses(Effect.withSpan(
        Effect.gen(function*() {
          yield* redis.get("a")
          yield* redis.pipeline([commands.get("a"), commands.get("b")])
        }),
        "request"
      ))
      yield* whileTimePasses(
        recorder.during(redis.get("a")).pipe(Effect.provideService(References.TracerEnabled, false))
      )
      assert.deepStrictEqual(recorder.names, [])
    }).pipe(Effect.provide(live())))

  it.effect("are not described if they are not sampled", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const recorder = new Recorder()
      const parent = Tracer.externalSpan({ traceId: "t", spanId: "s", sampled: false })
      yield* whileTimePasses(recorder.during(Effect.withParentSpan(redis.get("a"), parent)))
      const [span] = recorder.spans
      assert.isFalse(span!.sampled)
      assert.strictEqual(span!.status._tag, "Ended")
      assert.strictEqual(span!.attributes.size, 0)
    }).pipe(Effect.provide(live())))

  it.effect("of a tracer that throws cost no outcome and no connection", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const fault = (): never => {
        throw new Error("a fault of the tracer")
      }
      class Faulty extends Tracer.NativeSpan {
        override end = fault
        override event = fault
      }
      yield* ready(redis)
      const control = yield* Testing.Deployment
      for (const span of [fault, (options: ConstructorParameters<typeof Faulty>[0]) => new Faulty(options)]) {
        const traced = Effect.provideService(redis.incr("n"), Tracer.Tracer, Tracer.make({ span }))
        yield* whileTimePasses(traced)
        yield* whileTimePasses(Effect.all([traced, traced, redis.incr("n")], { concurrency: "unbounded" }))
      }
      assert.strictEqual(control.node(yield* control.primary).peek("n"), "8")
    }).pipe(Effect.provide(live())))
})

describe("spans of what is made of commands", () => {
  it.effect("a handler of a stream and one of a queue: kind consumer, their commands within", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const recorder = new Recorder()
      const stream = RedisStream.make({ key: "orders", schema: Schema.Struct({ n: Schema.Int }) })
      const queue = RedisQueue.make({ key: "mails", schema: Schema.Int })
      yield* whileTimePasses(Effect.all([stream.add({ n: 1 }), queue.push(2)]))
      const latch = Semaphore.makeUnsafe(2)
      yield* latch.take(2)
      const handled = (name: string) => Effect.andThen(redis.incr(name), latch.release(1))
      const consumers = yield* Effect.forkChild(
        recorder.during(Effect.all([
          stream.consume({ group: "g", consumer: "c", from: "0" }, () => handled("streams")),
          queue.consume({}, () => handled("queues"))
        ], { concurrency: "unbounded" })),
        { startImmediately: true }
      )
      yield* whileTimePasses(latch.take(2))
      yield* whileTimePasses(Fiber.interrupt(consumers))
      for (const [span, destination] of [["process orders g", "orders"], ["process mails", "mails"]] as const) {
        const [processed, ...others] = recorder.named(span)
        assert.strictEqual(others.length, 0, recorder.names.join())
        assertProcesses(processed!, destination)
        const within = recorder.spans.filter(({ parent }) =>
          parent._tag === "Some" && parent.value.spanId === processed!.spanId
        )
        assert.deepStrictEqual(within.map(({ name }) => name), ["INCR"])
      }
      for (const span of recorder.spans) if (span.kind === "client") assertConventional(span)
    }).pipe(Effect.provide(live())))

  it.effect("a handler that fails: the tag of its error, or the class of its defect", () =>
    Effect.gen(function*() {
      const recorder = new Recorder()
      const stream = RedisStream.make({ key: "orders", schema: Schema.Struct({ n: Schema.Int }) })
      const queue = RedisQueue.make({ key: "mails", schema: Schema.Int })
      yield* whileTimePasses(Effect.all([stream.add({ n: 1 }), queue.push(2)]))
      const consumers = yield* Effect.forkChild(
        recorder.during(Effect.all([
          stream.consume(
            { group: "g", consumer: "c", from: "0", retry: { times: 1 } },
            () => Effect.fail({ _tag: "Refused", message: "a secret" })
          ),
          queue.consume({ retry: { times: 1 } }, () => Effect.die(new RangeError("a secret")))
        ], { concurrency: "unbounded" })),
        { startImmediately: true }
      )
      const ended = (name: string) => recorder.named(name).find(({ status }) => status._tag === "Ended")
      yield* until(Effect.sync(() => ended("process orders g") !== undefined && ended("process mails") !== undefined))
      yield* whileTimePasses(Fiber.interrupt(consumers))
      for (
        const [span, destination, type] of [
          ["process orders g", "orders", "Refused"],
          ["process mails", "mails", "RangeError"]
        ] as const
      ) {
        assertProcesses(ended(span)!, destination)
        assert.strictEqual(attributesOf(ended(span)!)["error.type"], type)
      }
    }).pipe(Effect.provide(live())))

  it.effect("an optimistic transaction: each of its attempts", () =>
    Effect.gen(function*() {
      let attempts = 0
      const recorder = yield* recorded((redis) =>
        redis.watch("k", (watched) =>
          Effect.gen(function*() {
            yield* watched.get("k")
            if (attempts++ === 0) yield* Effect.withTracerEnabled(redis.set("k", "other"), false)
            return [commands.set("k", "1"), commands.get("k")]
          }))
      )
      assert.deepStrictEqual(recorder.names, ["WATCH", "GET", "MULTI", "WATCH", "GET", "MULTI"])
      const [aborted, executed] = recorder.named("MULTI").map(attributesOf)
      assert.strictEqual(aborted!["error.type"], "TransactionAborted")
      assert.notProperty(executed, "error.type")
    }).pipe(Effect.provide(live())))
})

describe("one span covers the attempts", () => {
  it.effect("a write that a failover holds: held, released, moved", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const control = yield* Testing.Deployment
      const recorder = new Recorder()
      yield* ready(redis)
      yield* control.failover
      yield* until(fenced)
      yield* whileTimePasses(recorder.during(redis.set("k", "1")))
      const events = recorder.eventsOf("SET").filter(([event]) => event !== "redis.waiting")
      assert.deepStrictEqual(events.map(([name]) => name), ["redis.held", "redis.released"])
      assert.deepStrictEqual(events[0]![1], { "redis.reason": "failover" })
      const [host] = (yield* control.primary).split(":")
      assert.strictEqual(recorder.attributesOf("SET")["network.peer.address"], host)
      for (const span of recorder.spans) assertConventional(span)
    }).pipe(Effect.provide(live())))

  it.effect("a read whose connection is lost is sent again, elsewhere", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const control = yield* Testing.Deployment
      const recorder = new Recorder()
      yield* ready(redis)
      const before = yield* control.primary
      yield* control.hang(before)
      const reads = yield* Effect.forkChild(
        recorder.during(Effect.all([
          redis.get("a"),
          redis.pipeline([commands.get("a"), commands.get("b")]),
          redis.transaction([commands.get("a"), commands.get("b")])
        ], { concurrency: "unbounded" })),
        { startImmediately: true }
      )
      yield* TestClock.adjust("5 millis")
      yield* control.kill(before)
      yield* whileTimePasses(Fiber.join(reads))
      for (const name of ["GET", "PIPELINE GET", "MULTI GET"]) {
        const events = recorder.eventsOf(name).filter(([event]) => event !== "redis.waiting")
        assert.deepStrictEqual(events.map(([event]) => event), ["redis.sent_again", "redis.moved"], name)
        assert.deepStrictEqual(events[0]![1], { "error.type": "ConnectionLost" })
        const [host, port] = (yield* control.primary).split(":")
        assert.deepStrictEqual(events[1]![1], { "network.peer.address": host, "network.peer.port": Number(port) })
        assert.strictEqual(recorder.attributesOf(name)["network.peer.address"], host)
      }
    }).pipe(Effect.provide(live({ node: { commandTimeout: "60 seconds" } }))))

  it.effect("a command that a server refuses is sent again, with the code of the refusal", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const control = yield* Testing.Deployment
      const recorder = new Recorder()
      yield* whileTimePasses(redis.ping())
      const primary = yield* control.primary
      yield* control.load(primary)
      const running = yield* Effect.forkChild(
        recorder.during(Effect.all([redis.get("a"), redis.pipeline([commands.get("a"), commands.get("b")])], {
          concurrency: "unbounded"
        })),
        { startImmediately: true }
      )
      yield* whileTimePasses(Effect.sleep("50 millis"))
      yield* control.load(primary, false)
      yield* whileTimePasses(Fiber.join(running))
      for (const name of ["GET", "PIPELINE GET"]) {
        const again = recorder.eventsOf(name).filter(([event]) => event === "redis.sent_again")
        assert.isAtLeast(again.length, 1)
        assert.deepStrictEqual(again[0]![1], { "db.response.status_code": "LOADING", "error.type": "LOADING" })
      }
    }).pipe(Effect.provide(live())))

  it.effect("a command that is sent again without end has a bounded number of events", () =>
    Effect.gen(function*() {
      let sent = 0
      const server = store((command) => {
        if (!command.startsWith("GET")) return undefined
        sent++
        return "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n"
      })
      const redis = yield* clientOf(server)
      const recorder = new Recorder()
      const running = yield* Effect.forkChild(
        recorder.during(Effect.exit(redis.run(commands.get("a"), { timeout: "1 minute" }))),
        { startImmediately: true }
      )
      for (let i = 0; i < 310; i++) yield* TestClock.adjust("200 millis")
      yield* Fiber.join(running)
      assert.isAbove(sent, 200)
      assert.strictEqual(recorder.named("GET")[0]!.events.length, 128)
      assertConventional(recorder.named("GET")[0]!)
    }))

  it.effect("a command that waits at the server for longer than a turn", () =>
    Effect.gen(function*() {
      const recorder = yield* recorded((redis) =>
        Effect.all([
          redis.blpop("list", "20 seconds"),
          Effect.delay(redis.rpush("list", "v"), "12 seconds")
        ], { concurrency: "unbounded" })
      )
      assert.deepStrictEqual(recorder.names, ["BLPOP", "RPUSH"])
      assert.deepStrictEqual(recorder.eventsOf("BLPOP"), [])
      const { status } = recorder.named("BLPOP")[0]!
      if (status._tag !== "Ended") return assert.fail("it has not ended")
      assert.isAtLeast(Number(status.endTime - status.startTime), 12e9)
      assert.strictEqual(recorder.attributesOf("BLPOP")["network.peer.address"], "10.0.0.1")
    }).pipe(Effect.provide(live())))

  it.effect("a command that never gets an answer, and one that is interrupted", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const control = yield* Testing.Deployment
      const recorder = new Recorder()
      yield* ready(redis)
      const primary = yield* control.primary
      yield* control.partition("client", primary)
      const exit = yield* whileTimePasses(
        recorder.during(Effect.exit(redis.run(commands.set("k", "1"), { timeout: "20 millis" })))
      )
      assert.strictEqual(failureOf(exit)._tag, "AmbiguousOutcome")
      assert.strictEqual(recorder.attributesOf("SET")["error.type"], "AmbiguousOutcome")
      assert.notProperty(recorder.attributesOf("SET"), "db.response.status_code")
      const interrupted = Effect.all([
        Effect.timeoutOption(redis.get("k"), "5 millis"),
        Effect.timeoutOption(redis.pipeline([commands.get("k"), commands.get("j")]), "5 millis"),
        Effect.timeoutOption(redis.blpop("list", "1 second"), "5 millis"),
        Effect.timeoutOption(Stream.runDrain(redis.scanStream()), "5 millis")
      ], { concurrency: "unbounded" })
      yield* whileTimePasses(recorder.during(interrupted))
      for (const name of ["GET", "PIPELINE GET", "BLPOP", "SCAN"]) {
        assert.notProperty(recorder.attributesOf(name), "error.type")
        const { status } = recorder.named(name)[0]!
        assert.isTrue(status._tag === "Ended" && Exit.isFailure(status.exit), name)
      }
    }).pipe(Effect.provide(live())))

  it.effect("a read that a late replica does not answer: another node is asked as well", () =>
    Effect.gen(function*() {
      const replica = yield* RedisClient.RedisReplica
      const control = yield* Testing.Deployment
      const recorder = new Recorder()
      yield* whileTimePasses(replica.get("a"))
      yield* control.hang("10.0.0.2:6379")
      yield* whileTimePasses(recorder.during(Effect.all([replica.get("a"), replica.get("b"), replica.get("c")])))
      const hedged = recorder.spans.filter((span) => span.events.some(([name]) => name === "redis.hedged"))
      assert.isAtLeast(hedged.length, 1)
      assert.deepStrictEqual(hedged[0]!.events.map(([name]) => name), ["redis.hedged", "redis.moved"])
      assert.notStrictEqual(attributesOf(hedged[0]!)["network.peer.address"], "10.0.0.2")
      for (const span of recorder.spans) assertConventional(span)
    }).pipe(Effect.provide(liveWithReplicas({}, {}, { replicaSelection: "round-robin" }))))
})

describe("db.client.operation.duration", () => {
  const seriesOf = (
    snapshots: ReadonlyArray<Metric.Metric.Snapshot>
  ): Array<readonly [name: string | undefined, error: string | undefined, count: number]> =>
    snapshots.map(({ attributes, state }) => {
      const { "db.operation.name": name, "error.type": error } = attributes as Record<string, string>
      return [name, error, (state as Metric.HistogramState).count] as const
    })

  it.effect("in seconds, with the buckets and the attributes of the conventions", () =>
    withMetrics((read) =>
      Effect.gen(function*() {
        const control = yield* Testing.Deployment
        yield* control.slow("10.0.0.1:6379", { latency: "100 millis" })
        yield* recorded((redis) =>
          Effect.gen(function*() {
            yield* redis.set("k", "v")
            yield* redis.get("k")
            yield* redis.get("k")
            yield* Effect.ignore(redis.llen("k"))
            yield* redis.pipeline([commands.get("k"), commands.get("k")])
            yield* Effect.timeoutOption(redis.get("k"), "1 millis")
          })
        )
        const snapshots = read("db.client.operation.duration")
        assert.sameDeepMembers(seriesOf(snapshots), [
          ["SET", undefined, 1],
          ["GET", undefined, 2],
          ["LLEN", "WRONGTYPE", 1],
          ["PIPELINE GET", undefined, 1]
        ])
        for (const { attributes, state } of snapshots) {
          const { unit, ...others } = attributes as Record<string, string>
          assert.strictEqual(unit, "s")
          for (const name in others) assert.isTrue(durationAttributes.has(name), name)
          const { buckets, max, min } = state as Metric.HistogramState
          assert.deepStrictEqual(
            buckets.map(([boundary]) => boundary).filter((boundary) => boundary !== Infinity),
            [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]
          )
          assert.isAbove(min, 0.1)
          assert.isBelow(max, 1)
        }
      }).pipe(Effect.provide(live()))
    ))

  it.effect("is not measured without a tracer, unless that is asked for", () =>
    withMetrics((read) =>
      Effect.gen(function*() {
        const use = Effect.gen(function*() {
          const redis = yield* RedisClient.RedisClient
          yield* whileTimePasses(redis.get("k"))
          yield* whileTimePasses(redis.pipeline([commands.get("k"), commands.set("k", "1")]))
        })
        yield* Effect.provide(use, live(), { local: true })
        assert.deepStrictEqual(read("db.client.operation.duration"), [])
        yield* Effect.provide(
          Effect.provideService(use, Telemetry.MeasuredOperations, ({ kind }) => kind === "command"),
          live().pipe(Layer.provide(Layer.succeed(Telemetry.MeasuredWithoutTracer, true))),
          { local: true }
        )
        assert.deepStrictEqual(seriesOf(read("db.client.operation.duration")), [["GET", undefined, 1]])
      })
    ))

  it.effect("keeps the names of operations where nodes get other addresses all the time", () =>
    withMetrics((read) =>
      Effect.withFiber((fiber) => {
        const telemetry = new ClientTelemetry({ server: { group: "g" }, database: 0 }, fiber.context)
        for (let node = 0; node < 600; node++) {
          const address = { host: `10.1.${node >> 8}.${node & 255}`, port: 6379 }
          for (const command of [commands.get("k"), commands.set("k", "1")]) {
            const trace = telemetry.begin(fiber, command)!
            trace.sent({ address, addressText: Address.format(address), remote: undefined })
            trace.end(Exit.void)
          }
        }
        const series = seriesOf(read("db.client.operation.duration"))
        assert.strictEqual(series.length, 802)
        assert.deepStrictEqual(new Set(series.map(([name]) => name)), new Set(["GET", "SET"]))
        assert.strictEqual(series.reduce((sum, [, , count]) => sum + count, 0), 1200)
        return Effect.void
      }).pipe(Effect.provideService(Tracer.Tracer, new Recorder().tracer))
    ))

  it.effect("has a bounded number of series", () =>
    withMetrics((read) =>
      Effect.gen(function*() {
        yield* recorded((redis) =>
          Effect.forEach(Array.from({ length: 1100 }, (_, i) => i), (i) => Effect.ignore(redis.send(`X${i}`)), {
            concurrency: "unbounded"
          })
        )
        const series = seriesOf(read("db.client.operation.duration"))
        assert.strictEqual(series.length, 1001)
        assert.deepStrictEqual(series.find(([name]) => name === "_OTHER"), ["_OTHER", undefined, 100])
      }).pipe(Effect.provide(live()))
    ))
})

describe("attributes that are chosen anew for each operation", () => {
  it.effect("make no more series, and what is no choice changes no outcome", () =>
    withMetrics((read) =>
      Effect.gen(function*() {
        yield* recorded((redis) =>
          Effect.gen(function*() {
            yield* Effect.forEach(Array.from({ length: 1100 }, (_, i) => i), (i) =>
              Effect.provideService(
                Effect.ignore(redis.send(`X${i % 2 === 0 ? i : "ODD"}`)),
                Telemetry.SetAttributes,
                { "db.namespace": i % 3 === 0, "db.query.text": true }
              ), { concurrency: "unbounded" })
            yield* Effect.forEach(
              Array.from({ length: 1100 }, (_, i) => i),
              (i) => Effect.provideService(Effect.ignore(redis.send(`Y${i}`)), Telemetry.SetAttributes, {}),
              {
                concurrency: "unbounded"
              }
            )
            for (const wrong of [null, 5, "x"]) {
              assert.strictEqual(
                yield* Effect.provideService(redis.ping(), Telemetry.SetAttributes, wrong as never),
                "PONG"
              )
            }
          })
        )
        // Beyond the limit there is one more for each choice.
        assert.isAtMost(read("db.client.operation.duration").length, 1003)
      }).pipe(Effect.provide(live()))
    ))
})

describe("db.client.connection.*", () => {
  /** The values of the pool `mymaster/0`, by the name of the metric and the state. */
  const valuesOf = (snapshots: ReadonlyArray<Metric.Metric.Snapshot>): Record<string, number> =>
    Object.fromEntries(snapshots.flatMap(({ attributes, id, state }) => {
      const { "db.client.connection.pool.name": pool, "db.client.connection.state": name, unit, ...others } =
        attributes as Record<string, string>
      assert.deepStrictEqual(others, {})
      assert.include(["s", "{connection}", "{request}", "{timeout}"], unit)
      if (pool !== "mymaster/0") return []
      const key = `${id.replace("db.client.connection.", "")}${name === undefined ? "" : ` ${name}`}`
      return [[key, Number((state as { readonly count: number }).count)]]
    }))

  it.effect("by the conventions: what is open and in use, who waits, and for how long", () =>
    withMetrics((read) =>
      Effect.gen(function*() {
        const values = () => valuesOf(read("db.client.connection."))
        const scope = yield* Scope.make()
        const layer = live({ node: { maxReserved: 1, maxBlocking: 2, reserveTimeout: "20 millis" } })
        const services = yield* Scope.provide(whileTimePasses(Layer.build(layer)), scope)
        yield* Effect.gen(function*() {
          const redis = yield* RedisClient.RedisClient
          yield* whileTimePasses(redis.ping())
          assert.deepStrictEqual(values(), {
            "count used": 1,
            "create_time": 1,
            "idle.max": 3,
            "idle.min": 0,
            "max": 4
          })
          const own = yield* Scope.make()
          yield* Scope.provide(whileTimePasses(redis.reserve), own)
          assert.include(values(), { "count used": 2, "count idle": 0, "create_time": 2, "wait_time": 1 })
          const second = yield* Effect.forkChild(Effect.scoped(redis.reserve), { startImmediately: true })
          assert.strictEqual(values()["pending_requests"], 1)
          assert.strictEqual(failureOf(yield* whileTimePasses(Fiber.await(second)))._tag, "ReserveTimeout")
          assert.include(values(), { "pending_requests": 0, "timeouts": 1, "wait_time": 1 })
          yield* Scope.close(own, Exit.void)
          assert.include(values(), { "count used": 1, "count idle": 1, "use_time": 1 })
        }).pipe(Effect.provide(services))
        yield* whileTimePasses(Scope.close(scope, Exit.void))
        assert.include(values(), { "count used": 0, "count idle": 0, "max": 0, "idle.max": 0, "pending_requests": 0 })
      })
    ))
})

describe("the attributes of nodes", () => {
  const identity = (address: string): ServerIdentity => {
    const server = Address.parse(address, 6379)
    return typeof server === "string" ? assert.fail(server) : { server, database: 0 }
  }

  it("of what the client was made for", () => {
    assert.deepStrictEqual(serverAttributes({ server: { group: "g" }, database: 0 }), { "server.address": "g" })
    assert.deepStrictEqual(serverAttributes(identity("/run/redis.sock")), { "server.address": "/run/redis.sock" })
    assert.deepStrictEqual(serverAttributes(identity("[::1]:7000")), { "server.address": "::1", "server.port": 7000 })
  })

  it("of who answers: the address in the network, where it is known", () => {
    const peer = (address: string, remote: string | undefined) => {
      const parsed = Address.parse(address, 6379) as Address.Address
      return peerOf({ address: parsed, addressText: Address.format(parsed), remote }).attributes
    }
    const local = { "network.peer.address": "127.0.0.1", "network.peer.port": 7000 }
    assert.deepStrictEqual(peer("localhost:7000", "127.0.0.1:7000"), local)
    assert.deepStrictEqual(peer("localhost:7000", "[::1]:7000"), { ...local, "network.peer.address": "::1" })
    assert.deepStrictEqual(peer("127.0.0.1:7000", undefined), local)
    assert.deepStrictEqual(peer("/run/redis.sock", undefined), { "network.peer.address": "/run/redis.sock" })
  })
})

// Last, since the names are those of the process.
describe("the names of pools", () => {
  it("are bounded", () => {
    const names = Array.from({ length: 1500 }, (_, i) => `mymaster at 10.1.${i >> 8}.${i & 255}:6379/0`)
    const known = Metrics.poolOf(names[0]!)
    assert.isBelow(new Set(names.map(Metrics.poolOf)).size, 1002)
    assert.strictEqual(Metrics.poolOf(names[0]!), known)
    assert.strictEqual(Metrics.poolOf(names[1499]!), Metrics.poolOf("_OTHER"))
  })
})
