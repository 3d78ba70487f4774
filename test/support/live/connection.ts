/** Scenes of the connection, and of what a server knows of its clients. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { anywhere, c, eventually, fits, given, is, Live, onReserved, result, scene } from "./scene.ts"

/** Every property that a filter of Valkey 9.0 can have; the connections of the test match all of them. */
const properties = {
  user: "default",
  db: 0,
  ip: "127.0.0.1",
  maxage: "1 second",
  not: {
    id: [999_999],
    type: "pubsub",
    user: "absent",
    addr: "127.0.0.1:1",
    laddr: "127.0.0.1:1",
    ip: "127.0.0.2",
    name: "absent",
    flags: "x",
    libName: "absent",
    libVer: "absent",
    db: 3,
    capa: "r"
  }
} as const

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
      yield* fits(
        c.clientInfo(),
        (info) =>
          info.id === id && info.addr.startsWith("127.0.0.1:") && info.name === null && Duration.isDuration(info.age) &&
          Duration.toSeconds(info.idle) < 5 && info.flags.has("N") && info.db === 0 && info.sub === 0 &&
          info.multi === null && info.cmd === "client|info" && info.user === "default" && info.redir === null &&
          (info.resp === 2 || info.resp === 3) && info.totMem > 0 && info.fields["cmd"] === "client|info"
      )
      yield* is(c.clientGetredir(), -1)
      yield* is(c.clientTrackinginfo(), { flags: new Set(["off"]), redirect: -1, prefixes: [] })
      yield* fits(c.clientList({ ids: [id] }), (list) => list.length === 1 && list[0]!.id === id)
      yield* fits(c.clientList(), (list) => list.some((client) => client.id === id))
      yield* fits(c.clientList({ type: "normal" }), (list) => list.some((client) => client.id === id))
      yield* is(c.clientList({ type: "primary" }), [])
      yield* is(c.clientUnblock(id), false)
    })
  ),
  anywhere(
    "a session of one's own",
    onReserved(
      is(c.clientSetname("one"), "OK"),
      is(c.clientGetname(), "one"),
      fits(c.clientInfo(), ({ flags, name }) => name === "one" && flags.has("N")),
      is(c.clientNoEvict(true), "OK"),
      fits(c.clientInfo(), ({ flags }) => flags.has("e") && !flags.has("N")),
      is(c.clientNoEvict(false), "OK"),
      is(c.clientSetname(""), "OK"),
      is(c.clientGetname(), null)
    )
  ),
  scene(
    "a session that leaves the use of keys as it is",
    { commands: ["CLIENT NO-TOUCH"] },
    onReserved(
      is(c.clientNoTouch(true), "OK"),
      fits(
        c.clientInfo(),
        ({ flags, libName, libVer }) => flags.has("T") && libName === "effect-redis-sentinel" && libVer !== null
      ),
      is(c.clientNoTouch(false), "OK")
    )
  ),
  scene(
    "old connections",
    { options: ["CLIENT KILL MAXAGE"] },
    is(c.clientKill({ maxage: "10 hours" }), 0)
  ),
  scene(
    "connections by their properties",
    { options: ["CLIENT LIST USER"] },
    Effect.flatMap(Live, ({ other }) => other.ping()),
    fits(c.clientList({ user: "default" }), (list) => list.length > 0),
    fits(c.clientList({ user: "default", type: "normal", skipme: true }), (list) => list.length > 0),
    is(c.clientList({ addr: "127.0.0.1:1", laddr: "127.0.0.1:1" }), []),
    is(c.clientKill({ id: [999_998, 999_999] }), 0)
  ),
  scene(
    "connections by their other properties",
    { options: ["CLIENT LIST NOT-IP"] },
    given(c.aclSetuser("absent")),
    is(c.clientList({ ...properties, maxage: "10 hours" }), []),
    fits(c.clientList({ db: 0, not: properties.not }), (list) => list.length > 0 && list[0]!.capa !== null),
    is(c.clientList({ idle: "10 hours", flags: "N", capa: "r", name: "n", libName: "l", libVer: "1" }), []),
    is(c.clientKill({ db: 5, not: properties.not }), 0),
    given(c.aclDeluser("absent"))
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
