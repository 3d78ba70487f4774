/**
 * Dead letters that a failover loses together with the group: they are written again once, and those that survive, were
 * trimmed or were taken out by somebody are not.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { type Command, Errors, RedisClient } from "../src/index.ts"
import { movesOf } from "../src/internal/client/moves.ts"
import { consumeWith } from "../src/internal/streams/consume.ts"
import type { ConsumerEvent } from "../src/internal/streams/consumerEvents.ts"
import { type ConsumerOptions, consumerSettings } from "../src/internal/streams/consumerOptions.ts"
import * as Testing from "../src/testing/index.ts"
import {
  add,
  begin,
  clientReplacing,
  codec,
  consume,
  pendingCount,
  replacing,
  runAbout,
  until,
  whileTimePasses
} from "./support/consumers.ts"
import { failureOf } from "./support/exit.ts"
import { live, moved, type Redis } from "./support/group.ts"

const deadLetter = { key: "dead", maxDeliveries: 1 }
const options: Partial<ConsumerOptions> = { deadLetter, inspectInterval: "20 millis" }
const refuse = () => Effect.fail("refused")

const lostReply = Effect.fail(new Errors.AmbiguousOutcome({ command: "EVAL", cause: "the reply is lost" }))

const isMove = ({ args }: Command.Any): boolean => args.includes("dead") && String(args[0]).includes("XPENDING")

/** The client, which loses the reply of the first script that moves an entry. */
const losingReply = (redis: Redis): Redis => {
  let isLost = false
  return clientReplacing(redis, {
    run: runAbout(redis, (command, reply) => {
      if (isLost || !isMove(command)) return reply
      isLost = true
      return Effect.andThen(reply, lostReply)
    })
  })
}

const letters = (redis: Redis) => whileTimePasses(redis.xrange("dead", "-", "+"))

const quiet = (redis: Redis) => until(Effect.map(pendingCount(redis), (count) => count === 0))

/** The primary dies; the replicas know of nothing that is younger than the lag. */
const lose = Effect.gen(function*() {
  const control = yield* Testing.Deployment
  yield* control.kill(yield* control.primary)
})

/** The primary dies when what happens at the moment is over, and the group moves. */
const loseAndMove = Effect.gen(function*() {
  yield* whileTimePasses(Effect.sleep("100 millis"))
  yield* lose
  yield* until(moved)
})

/** Commands that wait for the next primary come before whatever the consumer does there. */
const firstAtNext = (command: Effect.Effect<unknown, Errors.RedisError>) =>
  Effect.andThen(
    whileTimePasses(Effect.sleep("100 millis")),
    Effect.forkScoped(Effect.retry(command, { times: 20 }), { startImmediately: true })
  )

const late = live({}, { lag: "1 second" })

describe("dead letters whose reply is lost", () => {
  it.effect("one that is lost with its group is written again once", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* begin(redis)
      const [first] = yield* whileTimePasses(add(redis, 1))
      yield* whileTimePasses(Effect.sleep("2 seconds"))
      const { stop, told } = yield* consume(losingReply(redis), options, refuse)
      yield* until(Effect.sync(() => told("DeadLettered").length === 1))
      assert.isNull(told("DeadLettered")[0]!.deadLetterId)
      yield* loseAndMove
      yield* until(Effect.sync(() => told("DeadLettered").length === 2))
      yield* whileTimePasses(Effect.sleep("5 seconds"))
      yield* stop
      const written = yield* letters(redis)
      assert.deepStrictEqual(written.map(({ fields }) => fields["dead-letter.id"]), [first])
      assert.strictEqual(told("DeadLettered").at(-1)!.deadLetterId, written[0]!.id)
      assert.lengthOf(told("DeadLettered"), 2)
    }).pipe(Effect.provide(late)))

  it.effect("one that survives is not written again, though its entry was a dead letter itself", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* begin(redis)
      yield* whileTimePasses(redis.xadd("orders", "*", { "dead-letter.id": "9-9", "dead-letter.group": "x", n: 1 }))
      const { stop, told } = yield* consume(losingReply(redis), options, refuse)
      yield* until(Effect.sync(() => told("DeadLettered").length === 1))
      yield* whileTimePasses(Effect.sleep("1 second"))
      yield* lose
      yield* until(moved)
      yield* whileTimePasses(Effect.sleep("5 seconds"))
      yield* stop
      assert.lengthOf(yield* letters(redis), 1)
      assert.lengthOf(told("DeadLettered"), 1)
    }).pipe(Effect.provide(live())))

  it.effect("the letter of another group does not count as that of this one", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* begin(redis)
      const [first] = yield* whileTimePasses(add(redis, 1))
      const of = (group: string, stream: string) => ({
        "dead-letter.reason": "x",
        "dead-letter.id": first!,
        "dead-letter.stream": stream,
        "dead-letter.group": group,
        "dead-letter.consumer": "c",
        "dead-letter.deliveries": 1,
        "dead-letter.time": 1,
        n: 0
      })
      yield* whileTimePasses(redis.xadd("dead", "*", of("other", "orders")))
      yield* whileTimePasses(redis.xadd("dead", "*", of("g", "bills")))
      yield* whileTimePasses(Effect.sleep("2 seconds"))
      const { stop, told } = yield* consume(losingReply(redis), options, refuse)
      yield* until(Effect.sync(() => told("DeadLettered").length === 1))
      yield* loseAndMove
      yield* whileTimePasses(Effect.sleep("5 seconds"))
      yield* stop
      assert.lengthOf(yield* letters(redis), 3)
      assert.lengthOf(told("DeadLettered"), 2)
    }).pipe(Effect.provide(late)))

  it.effect("one whose reply comes after the move is looked for as well", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* begin(redis)
      const [first] = yield* whileTimePasses(add(redis, 1))
      yield* whileTimePasses(Effect.sleep("2 seconds"))
      let isWritten = false
      const slow = clientReplacing(redis, {
        run: runAbout(redis, (command, reply) => {
          if (!isMove(command) || isWritten) return reply
          isWritten = true
          return Effect.tap(reply, Effect.sleep("20 seconds"))
        })
      })
      const { stop, told } = yield* consume(slow, options, refuse)
      yield* until(Effect.sync(() => isWritten))
      yield* quiet(redis)
      yield* loseAndMove
      yield* until(Effect.sync(() => told("DeadLettered").length === 2))
      yield* stop
      assert.deepStrictEqual((yield* letters(redis)).map(({ fields }) => fields["dead-letter.id"]), [first])
    }).pipe(Effect.provide(late)))

  it.effect("one that is written again is not written a third time", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 2))
      yield* whileTimePasses(Effect.sleep("2 seconds"))
      let lost = 0
      const client = clientReplacing(redis, {
        reserve: Effect.map(redis.reserve, (reserved) =>
          replacing(reserved, {
            run: runAbout(reserved, (command, reply) => {
              if (lost === 1 || command.args[0] !== "dead" || command.args[1] !== "*") return reply
              lost++
              return Effect.andThen(reply, lostReply)
            })
          }))
      })
      const { stop, told } = yield* consume(client, options, refuse)
      yield* until(Effect.sync(() => told("DeadLettered").length === 2))
      yield* loseAndMove
      yield* until(Effect.sync(() => told("DeadLettered").length === 4))
      yield* whileTimePasses(Effect.sleep("5 seconds"))
      yield* stop
      assert.strictEqual(lost, 1)
      const written = yield* letters(redis)
      assert.deepStrictEqual(written.map(({ fields }) => fields["n"]), ["0", "1"])
      assert.deepStrictEqual(
        told("DeadLettered").slice(2).map(({ deadLetterId }) => deadLetterId),
        written.map(({ id }) => id)
      )
    }).pipe(Effect.provide(late)))
})

describe("dead letters that are lost with their group", () => {
  it.effect("entries that are deleted once they are handled are deleted with the new letter", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 1))
      const big = Array.from({ length: 9000 }, (_, i) => [`f${i}`, "x"] as const)
      yield* whileTimePasses(redis.xadd("orders", "*", big))
      yield* whileTimePasses(Effect.sleep("2 seconds"))
      const { stop, told } = yield* consume(redis, { ...options, acknowledged: "delete" }, refuse)
      yield* until(Effect.sync(() => told("DeadLettered").length === 2))
      yield* until(Effect.map(redis.xlen("orders"), (n) => n === 0))
      yield* loseAndMove
      yield* until(Effect.sync(() => told("DeadLettered").length === 4))
      yield* stop
      const written = yield* letters(redis)
      assert.deepStrictEqual(
        told("DeadLettered").slice(2).map(({ deadLetterId }) => deadLetterId),
        written.map(({ id }) => id)
      )
      assert.lengthOf(written, 2)
      assert.strictEqual(Object.keys(written[1]!.fields).length, 9007)
      assert.strictEqual(yield* whileTimePasses(redis.xlen("orders")), 0)
    }).pipe(Effect.provide(late)))

  it.effect("nothing is written for an entry that is lost as well", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 1))
      yield* whileTimePasses(Effect.sleep("2 seconds"))
      const { fiber, stop, told } = yield* consume(redis, { ...options, acknowledged: "delete" }, ({ value }) =>
        value.n === 0 ? Effect.void : Effect.fail("refused"))
      yield* whileTimePasses(add(redis, 1, 1))
      yield* until(Effect.sync(() =>
        told("DeadLettered").length === 1
      ))
      yield* loseAndMove
      yield* until(Effect.sync(() => told("GroupRecreated").length === 1))
      yield* whileTimePasses(Effect.sleep("5 seconds"))
      assert.isUndefined(fiber.pollUnsafe())
      yield* stop
      assert.lengthOf(yield* letters(redis), 0)
      assert.lengthOf(told("DeadLettered"), 1)
    }).pipe(Effect.provide(late)))

  it.effect("letters of others that come first at the new primary do not hide them", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* begin(redis)
      const [first] = yield* whileTimePasses(add(redis, 1))
      yield* whileTimePasses(redis.xadd("dead", "*", { n: "old" }))
      yield* whileTimePasses(Effect.sleep("2 seconds"))
      const { stop, told } = yield* consume(redis, options, refuse)
      yield* until(Effect.sync(() => told("DeadLettered").length === 1))
      yield* whileTimePasses(Effect.sleep("100 millis"))
      yield* lose
      yield* firstAtNext(redis.xadd("dead", "*", { n: "another" }))
      yield* until(moved)
      yield* until(Effect.sync(() => told("DeadLettered").length === 2))
      yield* stop
      const written = yield* letters(redis)
      assert.deepStrictEqual(written.map(({ fields }) => fields["dead-letter.id"]), [undefined, undefined, first])
    }).pipe(Effect.provide(late)))

  it.effect("a consumer that stops right after the move writes them first", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* begin(redis)
      const [first] = yield* whileTimePasses(add(redis, 1))
      yield* whileTimePasses(Effect.sleep("2 seconds"))
      const { stop, told } = yield* consume(redis, options, refuse)
      yield* until(Effect.sync(() => told("DeadLettered").length === 1))
      yield* whileTimePasses(Effect.sleep("100 millis"))
      const before = movesOf(redis)
      yield* lose
      yield* until(Effect.sync(() => movesOf(redis) !== before))
      yield* stop
      assert.deepStrictEqual((yield* letters(redis)).map(({ fields }) => fields["dead-letter.id"]), [first])
      assert.lengthOf(told("DeadLettered"), 2)
    }).pipe(Effect.provide(late)))

  it.effect("a key of another type ends the consumer, and deletes no entry", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 1))
      yield* whileTimePasses(Effect.sleep("2 seconds"))
      const { fiber, told } = yield* consume(redis, { ...options, acknowledged: "delete" }, refuse)
      yield* until(Effect.sync(() => told("DeadLettered").length === 1))
      yield* whileTimePasses(Effect.sleep("100 millis"))
      yield* lose
      yield* firstAtNext(redis.set("dead", "text"))
      yield* until(moved)
      const error = failureOf(yield* whileTimePasses(Fiber.await(fiber)))
      assert.strictEqual(error._tag === "ReplyError" && error.code, "WRONGTYPE")
      assert.strictEqual(yield* whileTimePasses(redis.xlen("orders")), 1)
      assert.lengthOf(told("DeadLettered"), 1)
    }).pipe(Effect.provide(late)))

  it.effect("keys of any bytes", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* begin(redis)
      const key = Uint8Array.of(0xff, 0, 0x0d, 0x0a, 0xfe)
      const dead = Uint8Array.of(0xfe, 0x7b, 0, 0x22)
      yield* whileTimePasses(redis.xadd(key, "*", [[Uint8Array.of(0xff, 0), Uint8Array.of(0xc0)], ["n", 1]]))
      yield* whileTimePasses(Effect.sleep("2 seconds"))
      const events: Array<ConsumerEvent> = []
      const settings = consumerSettings("consume", {
        group: "g",
        consumer: "c",
        inspectInterval: "20 millis",
        deadLetter: { key: dead, maxDeliveries: 1 },
        onEvent: (event) => Effect.sync(() => void events.push(event))
      })
      const count = () => events.filter(({ _tag }) => _tag === "DeadLettered").length
      const fiber = yield* Effect.forkScoped(consumeWith(redis, { key, label: "bytes", codec }, settings, refuse))
      yield* until(Effect.sync(() => count() === 1))
      yield* loseAndMove
      yield* until(Effect.sync(() => count() === 2))
      // The letter survives the next move.
      yield* whileTimePasses(Effect.sleep("3 seconds"))
      yield* whileTimePasses(Effect.flatMap(Testing.Deployment, (control) => control.failover))
      yield* whileTimePasses(Effect.sleep("5 seconds"))
      yield* whileTimePasses(Fiber.interrupt(fiber))
      assert.strictEqual(count(), 2)
      assert.strictEqual(yield* whileTimePasses(redis.xlen(dead)), 1)
    }).pipe(Effect.provide(late)))

  for (const [many, again] of [[250, 250], [1200, 1000]] as const) {
    it.effect(`${again} of ${many} are written again, in their order`, () =>
      Effect.gen(function*() {
        const redis = yield* RedisClient.RedisClient
        yield* begin(redis)
        const ids = yield* whileTimePasses(add(redis, many))
        yield* whileTimePasses(Effect.sleep("25 seconds"))
        // More events at once than it keeps are dropped.
        const { stop } = yield* consume(redis, { ...options, concurrency: 50 }, refuse)
        const length = Effect.orElseSucceed(redis.xlen("dead"), () => 0)
        yield* until(Effect.map(length, (n) => n === many))
        yield* loseAndMove
        yield* until(Effect.map(length, (n) => n === again))
        yield* whileTimePasses(Effect.sleep("3 seconds"))
        yield* stop
        const written = yield* letters(redis)
        assert.deepStrictEqual(written.map(({ fields }) => fields["dead-letter.id"]), ids.slice(many - again))
      }).pipe(Effect.provide(live({}, { lag: "20 seconds" }))), 60_000)
  }
})

describe("dead letters that are not lost", () => {
  it.effect("those that were trimmed are not written again", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 350))
      const { stop, told } = yield* consume(
        redis,
        { ...options, concurrency: 50, deadLetter: { ...deadLetter, maxLength: 10 } },
        refuse
      )
      yield* until(Effect.sync(() => told("DeadLettered").length === 350))
      yield* whileTimePasses(Effect.sleep("1 second"))
      const before = yield* letters(redis)
      assert.isBelow(before.length, 350)
      yield* lose
      yield* until(moved)
      yield* whileTimePasses(Effect.sleep("5 seconds"))
      yield* stop
      assert.deepStrictEqual(yield* letters(redis), before)
      assert.lengthOf(told("DeadLettered"), 350)
    }).pipe(Effect.provide(live())))

  it.effect("those that somebody has taken out one by one are not written again", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 3))
      const { stop, told } = yield* consume(redis, options, refuse)
      yield* until(Effect.sync(() => told("DeadLettered").length === 3))
      const [, second] = yield* letters(redis)
      yield* whileTimePasses(redis.xdel("dead", second!.id))
      yield* whileTimePasses(Effect.sleep("1 second"))
      yield* lose
      yield* until(moved)
      yield* whileTimePasses(Effect.sleep("5 seconds"))
      yield* stop
      assert.deepStrictEqual((yield* letters(redis)).map(({ fields }) => fields["n"]), ["0", "2"])
      assert.lengthOf(told("DeadLettered"), 3)
    }).pipe(Effect.provide(live())))

  it.effect("without a move nothing is written again, though somebody deletes them all", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 2))
      const { stop, told } = yield* consume(redis, options, refuse)
      yield* until(Effect.sync(() => told("DeadLettered").length === 2))
      yield* whileTimePasses(redis.del("dead"))
      yield* whileTimePasses(Effect.sleep("10 seconds"))
      const control = yield* Testing.Deployment
      yield* control.disconnect(yield* control.primary)
      yield* whileTimePasses(Effect.sleep("10 seconds"))
      yield* stop
      assert.strictEqual(yield* whileTimePasses(redis.exists("dead")), 0)
      assert.lengthOf(told("DeadLettered"), 2)
    }).pipe(Effect.provide(live())))
})
