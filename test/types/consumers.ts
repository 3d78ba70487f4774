/**
 * Calls of consumers that must not compile, and, beside them, some that must. Each
 * `@ts-expect-error` says what the compiler's error must contain: test/typeErrors.test.ts
 * compiles this file without the directives, with TypeScript 7 and 5.9, and reads the
 * errors.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Errors, RedisClient } from "../../src/index.ts"
import * as RedisStream from "../../src/RedisStream.ts"

class Bank
  extends Context.Service<Bank, { readonly charge: (total: number) => Effect.Effect<void, "poor"> }>()("Bank")
{}

const orders = RedisStream.make({
  key: "orders",
  schema: Schema.Struct({ customer: Schema.String, total: Schema.Number })
})
const handler = (): Effect.Effect<void> => Effect.void
const who = { group: "g", consumer: "c" } as const

// What runs never succeeds, fails with errors of the library only, and needs what its handler needs.

const worker = orders.consume(
  who,
  ({ deliveries, id, value }) => Effect.flatMap(Bank, (bank) => bank.charge(value.total + deliveries + id.length))
)
void (worker satisfies Effect.Effect<never, Errors.RedisError, Bank | RedisClient.RedisClient>)

void orders.consume({
  ...who,
  from: "new",
  concurrency: 16,
  prefetch: 4,
  minIdle: "30 seconds",
  claimInterval: "Infinity",
  retry: { times: 3, schedule: Schedule.exponential("1 second") },
  deadLetter: { key: "dead", maxDeliveries: 3, maxLength: 1000, reason: () => "Failed" },
  acknowledged: "delete",
  remember: 100,
  stopTimeout: "0 millis",
  deleteConsumer: true,
  inspectInterval: { seconds: 1 },
  onEvent: (event) => event._tag === "Redelivered" ? Effect.log(event.outcome) : Effect.void
}, handler)

// @ts-expect-error: Property 'consumer' is missing
void orders.consume({ group: "g" }, handler)
// @ts-expect-error: Type 'number' is not assignable to type
void orders.consume({ ...who, minIdle: 1000 }, handler)
// @ts-expect-error: not assignable to type 'DurationInput
void orders.consume({ ...who, stopTimeout: "Infinity" }, handler)
// @ts-expect-error: 'count' does not exist in type 'ConsumerOptions'
void orders.consume({ ...who, count: 10 }, handler)
// @ts-expect-error: Property 'key' is missing
void orders.consume({ ...who, deadLetter: { maxDeliveries: 3 } }, handler)
// @ts-expect-error: Type '"remove"' is not assignable
void orders.consume({ ...who, acknowledged: "remove" }, handler)
// @ts-expect-error: Property 'customers' does not exist
void orders.consume(who, ({ value }) => Effect.log(value.customers))
// @ts-expect-error: Property 'ack' does not exist
void orders.consume(who, ({ ack }) => ack)
// @ts-expect-error: Type 'Promise<void>' is missing the following properties
void orders.consume(who, () => Promise.resolve())

// As a Stream.

void orders.entries(who).pipe(Stream.mapEffect(({ ack, value }) => Effect.as(ack, value.total)))
// @ts-expect-error: 'retry' does not exist
void orders.entries({ ...who, retry: { times: 1 } })
