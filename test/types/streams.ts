/**
 * Uses of streams that must not compile, and, beside them, some that must. test/typeErrors.test.ts reads this file as it
 * reads options.ts.
 */
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type { Command, Errors, RedisClient } from "../../src/index.ts"
import * as RedisStream from "../../src/RedisStream.ts"

const schema = Schema.Struct({ customer: Schema.String, total: Schema.Number })
type Order = typeof schema.Type
const orders = RedisStream.make({ key: "orders", schema })
const numbers = RedisStream.make<number>({ key: "n", codec: { encode: String, decode: Number } })
declare const order: Order

// What adds give.

export const id: Effect.Effect<string, Errors.RedisError | Errors.Unsupported, RedisClient.RedisClient> = orders.add(
  order
)
export const command: Command.Command<string, "write"> = orders.commands.add(order, { id: "5-*" })
void orders.add(order, { trim: "none", idempotent: { producer: "shop", where: "available" } })
void orders.addMany([order], { idempotent: { producer: "shop", id: ({ customer }) => customer } })
// @ts-expect-error: 'string | null' is not assignable to type 'string'
export const skipped: Effect.Effect<string, unknown, any> = orders.add(order, { whenMissing: "skip" })
// @ts-expect-error: Property 'total' is missing
void orders.add({ customer: "Ada" })
// @ts-expect-error: is not assignable to type 'string'
void orders.addMany([{ customer: 5, total: 1 }])
// @ts-expect-error: Type '"maybe"' is not assignable to type
void orders.add(order, { whenMissing: "maybe" })
// @ts-expect-error: 'number' is not assignable to type
void orders.add(order, { id: 5 })
// @ts-expect-error: is not assignable to parameter of type 'Trim'
void orders.trim({ strategy: "maxlen", threshold: 1, limit: 5 })
// @ts-expect-error: 'number' is not assignable to type
void orders.trim({ strategy: "maxage", threshold: 5 })

// What reads give.

export const values: Stream.Stream<Order, Errors.RedisError, RedisClient.RedisClient> = orders.range({
  items: "values"
})
export const entries: Stream.Stream<RedisStream.Entry<number>, Errors.RedisError, RedisClient.RedisReplica> = numbers
  .replicas.read({ items: "entries" })
export const all = RedisStream.readAll({ orders, numbers }, { items: "values" })
export type All = typeof all extends Stream.Stream<
  | { readonly stream: "orders"; readonly value: Order }
  | { readonly stream: "numbers"; readonly value: number },
  Errors.RedisError,
  RedisClient.RedisClient
> ? true
  : never
export const isAll: All = true
// @ts-expect-error: is not assignable to type
export const wrong: Stream.Stream<Order, Errors.RedisError, RedisClient.RedisClient> = orders.read({ from: "now" })
// @ts-expect-error: 'number' is not assignable to type
void orders.read({ from: 5 })
// @ts-expect-error: '"some"' is not assignable to type 'Items
void orders.range({ items: "some" })

// Definitions.

// @ts-expect-error: not with
RedisStream.make({ key: "orders", schema, codec: { encode: String, decode: String } })
// @ts-expect-error: Type '"xml"' is not assignable to type
RedisStream.make({ key: "orders", schema, layout: "xml" })
