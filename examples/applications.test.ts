/** Runs the examples in memory, through a planned failover: what they promise holds. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as accounts from "./accounts.ts"
import * as mails from "./mails.ts"
import * as news from "./news.ts"
import * as orders from "./orders.ts"
import * as service from "./service.ts"
import { type Example, withFailover } from "./setting.ts"
import * as tokens from "./tokens.ts"
import * as watchedPassword from "./watchedPassword.ts"

/** Moves the clock until the example has ended. */
const run = <A, E>(example: Example<A, E>) =>
  Effect.gen(function*() {
    const running = yield* Effect.forkChild(withFailover(example))
    while (running.pollUnsafe() === undefined) yield* TestClock.adjust("20 millis")
    const result = yield* Fiber.join(running)
    assert.notStrictEqual(result.movedFrom, result.movedTo)
    return result
  })

describe("examples", () => {
  it.effect("accounts: the sum of the balances stays as it was", () =>
    Effect.gen(function*() {
      const { refused, sum, transfers } = yield* run(accounts.example)
      assert.strictEqual(sum, 800)
      assert.isAbove(transfers, 100)
      assert.isAbove(refused, 0)
    }))

  it.effect("news: messages come in order, and what is missing is told", () =>
    Effect.gen(function*() {
      const { dropped, gaps, outOfOrder, published, received } = yield* run(news.example)
      assert.strictEqual(outOfOrder, 0)
      assert.strictEqual(gaps, 1)
      assert.isAtMost(received, published)
      assert.isAbove(received, 100)
      assert.isAbove(dropped, 0)
    }))

  it.effect("orders: each is processed, and the poisoned one is a dead letter", () =>
    Effect.gen(function*() {
      const { added, dead, pending, stored, unprocessed } = yield* run(orders.example)
      assert.strictEqual(unprocessed, 0)
      assert.strictEqual(pending, 0)
      assert.strictEqual(dead, 1)
      assert.isAbove(added, 100)
      assert.isAtLeast(stored, added)
    }))

  it.effect("mails: each is sent, also those of the worker that stopped", () =>
    Effect.gen(function*() {
      const { dead, pushed, unsent, waiting } = yield* run(mails.example)
      assert.strictEqual(unsent, 0)
      assert.strictEqual(waiting + dead, 0)
      assert.isAbove(pushed, 100)
    }))

  it.effect("tokens: a minute of tokens that live for 5 seconds, on one session", () =>
    Effect.gen(function*() {
      const running = yield* Effect.forkChild(tokens.example)
      while (running.pollUnsafe() === undefined) yield* TestClock.adjust("200 millis")
      const { failures, rotated, sessionAfter, sessionBefore, unavailable, writes } = yield* Fiber.join(running)
      assert.strictEqual(failures, 0)
      assert.strictEqual(writes, 60)
      assert.isAtLeast(rotated, 15)
      assert.strictEqual(unavailable, 1)
      assert.strictEqual(sessionAfter, sessionBefore)
    }))

  it.live("watchedPassword: another password in the file, and the same session", () =>
    Effect.gen(function*() {
      const { sessionAfter, sessionBefore } = yield* watchedPassword.example
      assert.strictEqual(sessionAfter, sessionBefore)
    }))

  it.effect("service: sessions, cache, limiter and queue go on", () =>
    Effect.gen(function*() {
      const { accepted, login, lost, order, product } = yield* run(service.example)
      assert.strictEqual(lost, 0)
      assert.isAbove(accepted, 100)
      assert.strictEqual(order.ok, accepted)
      assert.strictEqual(login.ok, 4)
      assert.isAbove(product.ok, 100)
      assert.strictEqual(login.unauthorized + order.unauthorized + product.unauthorized, 0)
    }))
})
