/**
 * Credentials of both tiers that rotate while a scenario runs: a user whose passwords change at all servers, the last two
 * of which are valid.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Credentials, type Errors } from "../src/index.ts"
import { User } from "../src/testing/Acl.ts"
import type * as Testing from "../src/testing/index.ts"

/** How often the passwords change, and how often servers that were replaced get their user, in milliseconds. */
const everyMillis = 400
const stepMillis = 20

/** The user of the clients. */
export const rotatingUser = "app"

/** Credentials of nodes and of sentinels, which change until they are stopped, or the Scope closes. */
export const rotating = (
  control: Testing.Control
): Effect.Effect<
  {
    readonly node: Credentials.Service
    readonly sentinel: Credentials.Service
    readonly stop: Effect.Effect<void>
  },
  Errors.InvalidOption,
  Scope.Scope
> =>
  Effect.gen(function*() {
    const passwordOf = (version: number) => `password ${version}`
    const allow = (version: number): void => {
      const servers = [...control.nodes.map(control.node), ...control.sentinels.map(control.sentinel)]
      for (const { users } of servers) {
        let user = users.get(rotatingUser)
        if (user === undefined) {
          user = new User(rotatingUser)
          for (const rule of ["on", "~*", "&*", "+@all"]) user.apply(rule)
          users.set(rotatingUser, user)
        }
        for (const rule of ["resetpass", `>${passwordOf(version - 1)}`, `>${passwordOf(version)}`]) user.apply(rule)
      }
    }
    const queues = yield* Effect.all([
      Queue.unbounded<Credentials.Credential>(),
      Queue.unbounded<Credentials.Credential>()
    ])
    const give = (version: number) =>
      Effect.forEach(
        queues,
        (queue) => Queue.offer(queue, { username: rotatingUser, password: Redacted.make(passwordOf(version)) }),
        { discard: true }
      )
    const [node, sentinel] = yield* Effect.all([
      Credentials.make(Stream.fromQueue(queues[0])),
      Credentials.make(Stream.fromQueue(queues[1]))
    ])
    allow(1)
    yield* give(1)
    const fiber = yield* Effect.forkScoped(
      Effect.gen(function*() {
        for (let step = 1;; step++) {
          yield* Effect.sleep(stepMillis)
          const version = 1 + Math.floor(step * stepMillis / everyMillis)
          allow(version)
          if (step * stepMillis % everyMillis === 0) yield* give(version)
        }
      })
    )
    return { node, sentinel, stop: Fiber.interrupt(fiber) }
  })
