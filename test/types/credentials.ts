/**
 * Credentials and URLs: calls that must not compile, and, beside them, some that must. Each `@ts-expect-error` says what
 * the compiler's error must contain, as in options.ts.
 */
import * as Config from "effect/Config"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { Credentials, type Errors, RedisClient, Sentinel } from "../../src/index.ts"

declare const credentials: Credentials.Service
declare const token: Effect.Effect<Credentials.Credential, Error, Sentinel.Sentinel>

const password = Redacted.make("p")

export const right = [
  Credentials.make(Effect.succeed({ password })),
  Credentials.make(Stream.make({ username: "app", password, expiresAt: DateTime.makeUnsafe(0) })),
  RedisClient.make({ credentials }),
  Sentinel.make({ sentinels: ["a"], sentinel: { credentials }, node: { credentials } }),
  RedisClient.layerUrl("redis://a"),
  RedisClient.layerUrl(Redacted.make("redis://a"), { node: { credentials } }),
  RedisClient.layerReplicaUrl(Config.Redacted("REDIS_URL"), {}, { replicaSelection: "lag" })
]
export const needs: Layer.Layer<Credentials.Credentials, Errors.InvalidOption, Sentinel.Sentinel> = Credentials.layer(
  token
)
export const configured = RedisClient.layerConfig({ credentials: Config.succeed(credentials) })

// @ts-expect-error: Redacted
export const e1 = Credentials.make(Effect.succeed({ password: "p" }))
// @ts-expect-error: expiresAt
export const e2 = Credentials.make(Effect.succeed({ password, expiresAt: new Date() }))
// @ts-expect-error: string
export const e3 = Credentials.make("p")
// @ts-expect-error: number
export const e4 = Credentials.make(Effect.succeed({ password }), { refreshBefore: 5 })
// @ts-expect-error: events
export const e5 = RedisClient.make({ credentials: Effect.succeed({ password }) })
// @ts-expect-error: number
export const e6 = RedisClient.layerUrl(5)
// @ts-expect-error: sentinels
export const e7 = RedisClient.layerUrl("redis://a", { sentinels: ["a"] })
