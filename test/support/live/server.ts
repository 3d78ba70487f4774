/** Scenes of the server itself. */
import * as DateTime from "effect/DateTime"
import { anywhere, c, fits, given, is, scene } from "./scene.ts"

const isNow = (moment: DateTime.Utc): boolean => Math.abs(DateTime.toEpochMillis(moment) - Date.now()) < 60_000

export const server = [
  anywhere(
    "what it says of itself",
    fits(c.time(), ({ micros, moment }) => isNow(moment) && micros >= 0 && micros < 1_000_000),
    fits(c.lastsave(), (moment) => DateTime.toEpochMillis(moment) > Date.now() - 86_400_000),
    fits(c.role(), (role) => role.role === "primary" && role.offset >= 0 && role.replicas.length === 0),
    is(c.wait(0, "100 millis"), 0),
    is(c.wait(1, "10 millis"), 0)
  ),
  anywhere(
    "all keys",
    given(c.mset({ a: 1, b: 2 })),
    is(c.dbsize(), 2),
    is(c.flushdb(), "OK"),
    is(c.flushdb("async"), "OK"),
    is(c.flushall("sync"), "OK"),
    is(c.dbsize(), 0)
  ),
  scene(
    "the append-only file",
    { commands: ["WAITAOF"] },
    is(c.waitaof(0, 0, "100 millis"), { isLocal: false, replicas: 0 })
  )
]
