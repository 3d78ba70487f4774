/**
 * Errors that scripts return with codes of the server's own refusals: the script has run, and does not run again.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { commands, RedisClient } from "../src/index.ts"
import * as Script from "../src/Script.ts"
import { failureOf } from "./support/exit.ts"
import { live } from "./support/group.ts"
import { timePassing } from "./support/time.ts"

const whileTimePasses = timePassing("20 millis")

const codes = ["BUSY", "TRYAGAIN", "CLUSTERDOWN", "NOREPLICAS", "READONLY", "LOADING", "MASTERDOWN"]

const counting = (code: string) => `redis.call('INCR', KEYS[1]) return redis.error_reply('${code} says the script')`

describe("a script that returns an error with a code of the server", () => {
  for (const code of codes) {
    it.effect(`runs once: ${code}`, () =>
      Effect.gen(function*() {
        const redis = yield* RedisClient.RedisClient
        const script = Script.make({ keys: ["counter"], result: Schema.Int, lua: counting(code) })
        const codeOf = (error: { readonly _tag: string }) => (error as { readonly code?: string }).code ?? error._tag
        const runs: ReadonlyArray<Effect.Effect<unknown, any, any>> = [
          redis.script(script)({ counter: "n" }),
          redis.eval(counting(code), ["n"]),
          redis.pipeline([script({ counter: "n" }), commands.incr("other")]),
          redis.reserve.pipe(Effect.flatMap((reserved) => reserved.run(script({ counter: "n" }))), Effect.scoped),
          redis.transaction([script({ counter: "n" }), commands.incr("other")])
        ]
        for (let i = 0; i < runs.length; i++) {
          const error = failureOf(yield* whileTimePasses(Effect.exit(runs[i]! as Effect.Effect<unknown, any>)))
          assert.strictEqual(codeOf(error.cause ?? error), code, `${i}`)
          assert.strictEqual(yield* redis.get("n"), `${i + 1}`)
        }
      }).pipe(Effect.provide(live({}, { replicas: 1 }))))
  }
})
