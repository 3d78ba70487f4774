/**
 * Subscriptions: calls that must not compile, and, beside them, those that must. test/typeErrors.test.ts reads the
 * errors.
 */
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import * as Channel from "../../src/Channel.ts"
import * as Codec from "../../src/Codec.ts"
import type { Client, Command, Errors } from "../../src/index.ts"
import type { Gap, Message, Misfit, Subscribed, Undecodable } from "../../src/PubSub.ts"

declare const redis: Client.PrimaryClient
declare const replica: Client.ReplicaClient
declare const flag: boolean

const User = Schema.Struct({ name: Schema.String })
const user = Channel.make({ name: "user", schema: User })
const users = Channel.pattern({ name: "user:*", schema: User })
const numbers = Channel.shard({ name: "numbers", codec: Codec.string(Schema.NumberFromString) })

// The items depend on what is asked for.

export const plain: Stream.Stream<Message | Undecodable | Gap, Errors.RedisError> = redis.subscribe({ channels: ["a"] })
export const withEvents: Stream.Stream<Message | Undecodable | Gap | Subscribed, Errors.RedisError> = redis.subscribe(
  { channels: ["a"] },
  { events: true }
)
export const maybeEvents: Stream.Stream<Message | Undecodable | Gap | Subscribed, Errors.RedisError> = replica
  .subscribe(
    { channels: ["a"] },
    { events: flag }
  )
export const acknowledged: Effect.Effect<
  Stream.Stream<Message<Uint8Array> | Gap, Errors.RedisError>,
  Errors.RedisError,
  Scope.Scope
> = redis.bytes.subscription({ patterns: ["a*"] }, { capacity: 10, whenFull: "wait" })
export const values: Stream.Stream<Message<string, { readonly name: string }> | Misfit | Gap, Errors.RedisError> = redis
  .subscribe(users)
export const strict: Stream.Stream<Message<string, number> | Gap, Errors.RedisError> = redis.subscribe(numbers, {
  whenMisfit: "fail"
})
export const publishes: Command.Command<number, "write"> = users.publish("user:1", { name: "Ada" })

// @ts-expect-error: Type 'Subscribed' is not assignable to type
export const hidden: Stream.Stream<Message | Undecodable | Gap, Errors.RedisError> = redis.subscribe({
  channels: ["a"]
}, { events: true })
// @ts-expect-error: Type 'Misfit' is not assignable to type
export const tolerant: Stream.Stream<Message<string, number> | Gap, Errors.RedisError> = redis.subscribe(numbers)
// @ts-expect-error: has no properties in common with type 'Channels'
void redis.subscribe(["a"])
// @ts-expect-error: 'channel' does not exist in type 'Channels'
void redis.subscribe({ channel: "a" })
// @ts-expect-error: '"drop"' is not assignable to type 'WhenFull
void redis.subscribe({ channels: ["a"] }, { whenFull: "drop" })
// @ts-expect-error: 'whenMisfit' does not exist in type 'SubscribeOptions
void redis.subscribe({ channels: ["a"] }, { whenMisfit: "item" })
// @ts-expect-error: No overload matches this call
void redis.subscription(user, { whenMisfit: "drop" })
// @ts-expect-error: has no properties in common with type 'Channels'
void redis.bytes.subscribe(user)
// @ts-expect-error: Object literal may only specify known properties
void redis.monitorStream({ whenFull: "wait" })
// @ts-expect-error: Type 'number' is not assignable to type 'string'
user.publish({ name: 1 })
// @ts-expect-error: Expected 2 arguments, but got 1
users.publish({ name: "Ada" })
// @ts-expect-error: Argument of type 'string' is not assignable to parameter of type 'number'
numbers.publish("1")
// @ts-expect-error: No overload matches this call
Channel.make({ name: "a" })
