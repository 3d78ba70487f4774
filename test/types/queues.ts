/**
 * Queues, pops and events of keys: calls that must not compile, and, beside them, some that must. Each
 * `@ts-expect-error` says what the compiler's error must contain, as in options.ts.
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Codec from "../../src/Codec.ts"
import type { Client } from "../../src/index.ts"
import * as RedisQueue from "../../src/RedisQueue.ts"

declare const redis: Client.PrimaryClient
declare const replica: Client.ReplicaClient

const Job = Schema.Struct({ id: Schema.Int })
const jobs = RedisQueue.make({ key: "jobs", schema: Job })
const texts = RedisQueue.make({ key: "texts" })

export const right = [
  jobs.push({ id: 1 }, { id: 2 }),
  texts.push("a"),
  jobs.consume({ retry: Schedule.recurs(3), concurrency: 2 }, (job) => Effect.log(job.id.toFixed())),
  jobs.consume(
    { retry: { times: 3, schedule: Schedule.exponential("1 second") } },
    (job) => Effect.log(job.id.toFixed())
  )
]
export const w1 = Stream.map(redis.popStream(["a", "b"]), (item) => item._tag === "Popped" ? item.value.length : 0)
export const w2 = Stream.map(
  redis.popStream("a", { codec: Codec.json(Job) }),
  (item) => item._tag === "Popped" ? item.value.id : 0
)
export const w3 = Stream.map(redis.bytes.popStream("a"), (item) => item._tag === "Popped" ? item.value.byteLength : 0)
export const w4 = Stream.map(
  redis.keyspace({ keys: "user:*", events: ["set", "del"] }),
  (item) => item._tag === "KeyEvent" ? item.event satisfies "set" | "del" : item
)

// @ts-expect-error: Expected at least 1 arguments
export const w5 = jobs.push()
// @ts-expect-error: is not assignable
export const w6 = jobs.push({ id: "1" })
// @ts-expect-error: is not assignable
export const w7 = texts.push({ id: 1 })
// @ts-expect-error: 'tries' does not exist in type
export const w8 = jobs.consume({ tries: 3 }, () => Effect.void)
// @ts-expect-error: is not assignable
export const w9 = jobs.take({ deadAfter: 30 })
// @ts-expect-error: No overload matches
export const w10 = RedisQueue.make({ key: "a", schema: Job, deadLetter: "b" })
// @ts-expect-error: No overload matches
export const w11 = RedisQueue.make({ key: "a", side: "top" })
// @ts-expect-error: is not assignable to parameter of type 'Lists'
export const w12 = redis.popStream([])
// @ts-expect-error: No overload matches
export const w13 = redis.popStream("a", { count: "2" })
// @ts-expect-error: 'codec' does not exist in type
export const w14 = redis.bytes.popStream("a", { codec: Codec.json(Job) })
// @ts-expect-error: is not assignable
export const w15 = redis.keyspace({ keys: "user:*", events: ["sett"] })
// @ts-expect-error: is not assignable
export const w16 = redis.keyspace({ keys: "user:*" }, { whenDisabled: "ignore" })
// @ts-expect-error: Property 'popStream' does not exist
export const w17 = replica.popStream("a")
// @ts-expect-error: is not assignable
export const w18 = replica.keyspace({ exactKeys: "abc" })
// @ts-expect-error: 'maxDeliverys' does not exist in type
export const w19 = jobs.take({ maxDeliverys: 3 })
// @ts-expect-error: is not assignable
export const w20 = jobs.deadLetters({ count: "10" })
export const w21 = Effect.map(
  jobs.deadLetters(),
  (letters) => letters.map((letter) => letter._tag === "DeadLetter" ? letter.value.id : letter.value.length)
)
