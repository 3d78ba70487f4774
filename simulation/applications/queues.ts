/** Jobs in a list, which each worker moves to a list of its own until it has acknowledged them. */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { type Client, RedisClient } from "../../src/index.ts"
import * as RedisQueue from "../../src/RedisQueue.ts"
import { idleMillis, type System } from "./jobs.ts"

const queue = RedisQueue.make({ key: "mails", deadLetters: "mails:dead" })

const using = <A, E>(redis: Client.PrimaryClient, effect: Effect.Effect<A, E, RedisClient.RedisClient>) =>
  Effect.provideService(effect, RedisClient.RedisClient, redis)

export const queues: System = {
  name: queue.key,
  attempts: 2,
  // A list does not say that an element was moved before.
  knowsRepetitions: false,
  add: (redis, job) => using(redis, queue.push(job)),
  consume: ({ concurrency, consumer, dice, handler, redis, tell }) =>
    using(
      redis,
      queue.consume({
        consumer,
        concurrency,
        deadAfter: `${idleMillis} millis`,
        stopTimeout: dice.pick(["10 millis", "100 millis", "5 seconds"]),
        retry: Schedule.recurs(queues.attempts - 1),
        // Deaths of workers are no fault of an element here.
        maxDeliveries: 1000,
        onEvent: (event) => Effect.sync(() => tell(event._tag, [String(event.value)]))
      }, (job, { isRedelivered }) => handler({ entry: job, job, isRepeated: isRedelivered }))
    ),
  lookAt: (redis) =>
    Effect.gen(function*() {
      const waiting = yield* redis.lrange(queue.key, 0, -1)
      const dead = yield* redis.lrange("mails:dead", 0, -1)
      const { workers } = yield* using(redis, queue.status)
      const taken = workers.filter(({ pending }) => pending > 0).map(({ name, pending }) => `${pending} of ${name}`)
      return { entries: waiting, dead, pending: [...waiting, ...taken] }
    })
}
