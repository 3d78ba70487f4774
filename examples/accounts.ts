/**
 * Transfers between accounts, half of them by a Lua script and half by an optimistic transaction, while the group
 * fails over: the sum of all balances stays as it was.
 */
import { Data, Effect, Random, Schema } from "effect"
import { commands, RedisClient } from "../src/index.ts"
import * as Script from "../src/Script.ts"
import { runAsProgram } from "./setting.ts"

const accounts = 8
const keyOf = (account: number): string => `accounts:${account}`

class Insufficient extends Data.TaggedError("Insufficient")<{ readonly balance: number }> {}

/** The server runs it as a whole. */
const transfer = Script.make({
  name: "transfer",
  keys: ["from", "to"],
  args: { amount: Schema.Int },
  result: Schema.Boolean,
  lua: `
    if tonumber(redis.call("GET", KEYS[1]) or "0") < tonumber(ARGV[1]) then return false end
    redis.call("DECRBY", KEYS[1], ARGV[1])
    redis.call("INCRBY", KEYS[2], ARGV[1])
    return true
  `
})

/** The same without a script: read, decide, and write only if nothing has changed. */
const transferWatched = (from: string, to: string, amount: number) =>
  Effect.gen(function*() {
    const redis = yield* RedisClient.RedisClient
    yield* redis.watch(from, (watched) =>
      Effect.gen(function*() {
        const balance = Number(yield* watched.get(from))
        if (balance < amount) return yield* new Insufficient({ balance })
        return [commands.decrby(from, amount), commands.incrby(to, amount)]
      }))
  })

export const example = (interlude: Effect.Effect<void>) =>
  Effect.gen(function*() {
    const redis = yield* RedisClient.RedisClient
    const keys = Array.from({ length: accounts }, (_, i) => keyOf(i))
    yield* redis.pipeline(keys.map((key) => commands.set(key, 100)))

    const counts = { transfers: 0, refused: 0, ambiguous: 0 }
    const worker = (byScript: boolean) =>
      Effect.gen(function*() {
        const from = yield* Random.nextIntBetween(0, accounts)
        const to = (from + (yield* Random.nextIntBetween(1, accounts))) % accounts
        const amount = yield* Random.nextIntBetween(1, 30)
        if (byScript) {
          const moved = yield* redis.script(transfer)({ from: keyOf(from), to: keyOf(to), amount })
          if (!moved) return yield* new Insufficient({ balance: 0 })
        } else {
          yield* transferWatched(keyOf(from), keyOf(to), amount)
        }
        counts.transfers++
      }).pipe(
        Effect.catchTags({
          Insufficient: () => Effect.sync(() => void counts.refused++),
          // It was executed as a whole, or not at all.
          AmbiguousOutcome: () => Effect.sync(() => void counts.ambiguous++)
        }),
        Effect.andThen(Effect.sleep("5 millis")),
        Effect.forever
      )
    yield* Effect.raceFirst(
      Effect.all(Array.from({ length: 16 }, (_, i) => worker(i % 2 === 0)), {
        concurrency: "unbounded",
        discard: true
      }),
      Effect.sleep("500 millis").pipe(Effect.andThen(interlude), Effect.andThen(Effect.sleep("500 millis")))
    )
    const balances = yield* redis.mget(keys)
    yield* redis.del(keys)
    return { ...counts, sum: balances.reduce((sum, balance) => sum + Number(balance), 0) }
  })

runAsProgram(import.meta.main, example)
