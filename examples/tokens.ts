/**
 * Tokens of a token service, each of which is the password of a user for a while, as in the clouds. The client asks for
 * another one before its token expires; while the token service is down it goes on with the one that it has. Runs on a
 * server in memory.
 *
 *   node examples/tokens.ts
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Console, Context, Data, DateTime, Effect, Layer, Redacted, Stream } from "effect"
import { Credentials, RedisClient } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"

export class TokensUnavailable extends Data.TaggedError("TokensUnavailable")<{}> {}

/** What the application knows of its token service. */
export class Tokens extends Context.Service<Tokens, {
  readonly next: Effect.Effect<
    { readonly token: Redacted.Redacted; readonly expiresAt: DateTime.Utc },
    TokensUnavailable
  >
}>()("example/Tokens") {}

const credentials = Credentials.layer(
  Effect.gen(function*() {
    const tokens = yield* Tokens
    const { expiresAt, token } = yield* tokens.next
    return { username: "app", password: token, expiresAt }
  }),
  { refreshBefore: "2 seconds" }
)

/** The client of the application. */
export const live = Layer.unwrap(
  Effect.map(Credentials.Credentials, (credentials) => RedisClient.layer({ credentials }))
).pipe(Layer.provideMerge(credentials))

/** A token service with tokens for 5 seconds, which the server forgets when they expire. */
const tokenService = Layer.effect(
  Tokens,
  Effect.gen(function*() {
    const admin = yield* RedisClient.make()
    const scope = yield* Effect.scope
    let given = 0
    return {
      next: Effect.gen(function*() {
        given++
        if (given === 3) return yield* new TokensUnavailable()
        const token = Redacted.make(`token ${given}`)
        const now = yield* DateTime.now
        yield* Effect.orDie(admin.aclSetuser("app", ["on", "~*", "+@all", ["addPassword", token]]))
        yield* Effect.forkIn(
          Effect.delay(Effect.ignore(admin.aclSetuser("app", [["removePassword", token]])), "5 seconds"),
          scope
        )
        return { token, expiresAt: DateTime.add(now, { seconds: 5 }) }
      })
    }
  })
)

/** Writes for a minute. */
export const example = Effect.gen(function*() {
  const redis = yield* RedisClient.RedisClient
  const { events } = yield* Credentials.Credentials
  const seen = { writes: 0, failures: 0, rotated: 0, unavailable: 0 }
  yield* Effect.forkScoped(
    Stream.runForEach(events, (event) =>
      Effect.sync(() => {
        if (event._tag === "Rotated") seen.rotated++
        if (event._tag === "Unavailable") seen.unavailable++
      })),
    { startImmediately: true }
  )
  const sessionBefore = yield* redis.clientId()
  for (let second = 0; second < 60; second++) {
    yield* Effect.match(redis.incr("writes"), {
      onSuccess: () => seen.writes++,
      onFailure: () => seen.failures++
    })
    yield* Effect.sleep("1 second")
  }
  return { ...seen, sessionBefore, sessionAfter: yield* redis.clientId() }
}).pipe(
  Effect.scoped,
  Effect.provide(live.pipe(Layer.provide(tokenService), Layer.provide(Testing.layerRedis())))
)

if (import.meta.main) NodeRuntime.runMain(Effect.flatMap(example, (result) => Console.table(result)))
