/** Scenes of the connection, and of what a server knows of its clients. */
import * as Effect from "effect/Effect"
import { anywhere, c, eventually, fits, is, Live, result } from "./scene.ts"

export const connection = [
  anywhere(
    "the connection",
    is(c.ping(), "PONG"),
    is(c.ping("hello"), "hello"),
    is(c.echo("hällo"), "hällo"),
    is(c.clientGetname(), null),
    Effect.gen(function*() {
      const id = yield* result(c.clientId())
      yield* fits(c.clientId(), (again) => again === id && id > 0)
      yield* fits(c.clientInfo(), (info) => info.id === id)
      yield* fits(c.clientList({ ids: [id] }), (list) => list.length === 1 && list[0]!.id === id)
      yield* fits(c.clientList(), (list) => list.some((client) => client.id === id))
      yield* is(c.clientUnblock(id), false)
    })
  ),
  anywhere(
    "a connection that waits",
    Effect.gen(function*() {
      const { client, other } = yield* Live
      const reserved = yield* other.reserve
      const id = yield* reserved.clientId()
      yield* Effect.all([
        Effect.flip(reserved.blpop("none", "60 seconds")),
        Effect.repeat(client.clientUnblock(id, "error"), { until: (isDone) => isDone })
      ], { concurrency: 2 })
      yield* Effect.all([
        reserved.blpop("none", "60 seconds"),
        eventually(is(c.clientUnblock(id), true))
      ], { concurrency: 2 })
      yield* is(c.clientKill({ id }), 1)
      yield* is(c.clientKill({ id }), 0)
    })
  ),
  anywhere(
    "a pause",
    is(c.clientPause("100 seconds", "write"), "OK"),
    is(c.clientUnpause(), "OK")
  )
]
