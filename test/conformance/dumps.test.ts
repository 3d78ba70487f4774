/**
 * Dumps: a node in memory and a real server restore each other's, of each type and in each encoding, and have the same
 * data afterwards. The errors of DUMP and RESTORE are in scripts.ts.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { RdbReader } from "../../src/testing/data/rdb.ts"
import { readStream } from "../../src/testing/data/streamDump.ts"
import type { Failure } from "../../src/testing/Reply.ts"
import { chosenPrograms, versionOf } from "../support/servers.ts"
import { type Seen, withoutTimes } from "./differences.ts"
import { both, Talk } from "./wire.ts"

const chosen = versionOf(chosenPrograms().server).name

/** Values in all encodings, compressed strings and compact collections among them. */
const fill: ReadonlyArray<ReadonlyArray<string>> = [
  ...Array.from({ length: 250 }, (_, i) => [
    "XADD",
    "stream",
    `${1000 + i * 7}-${i}`,
    ...(i % 5 === 0 ? ["x", "y".repeat(i), "n", String(i * 1000)] : ["f", String(-i), "g", `text ${i}`])
  ]),
  ["XDEL", "stream", "1007-1", "1700-100"],
  ["XGROUP", "CREATE", "stream", "g", "0"],
  ["XGROUP", "CREATE", "stream", "12", "5-1", "ENTRIESREAD", "3"],
  ["XREADGROUP", "GROUP", "g", "c", "COUNT", "20", "STREAMS", "stream", ">"],
  ["XREADGROUP", "GROUP", "g", "d", "COUNT", "3", "STREAMS", "stream", ">"],
  ["XCLAIM", "stream", "g", "e", "0", "1014-2", "TIME", "1700000000000", "RETRYCOUNT", "70000", "JUSTID"],
  ["XGROUP", "CREATE", "empty", "g", "0", "MKSTREAM"],
  ["RPUSH", "list", "a", "1", "-5000", "x".repeat(9000), "70000", "123456789012345", "-9223372036854775808"],
  ["SADD", "small integers", "1", "-300"],
  ["SADD", "integers", "1", "-70000", "5000000000"],
  ["SADD", "set", "a", "b", "12"],
  ["SADD", "large set", ...Array.from({ length: 600 }, (_, i) => `m${i}`)],
  ["HSET", "hash", "f", "v", "n", "-129", "long", "z".repeat(60), "longer", "q".repeat(5000)],
  ["HSET", "small hash", "f", "v", "n", "4095", "long", "z".repeat(60)],
  ["ZADD", "sorted set", "1.5", "a", "-2", "b", "3", "12", "inf", "i"],
  ["ZADD", "large sorted set", ...Array.from({ length: 200 }, (_, i) => [String(i / 4), `m${i}`]).flat()],
  ["SET", "string", "abc".repeat(100)],
  ["SET", "bytes", "\0\xff\r\n"],
  ["SET", "integer", "-70000"]
]

const look: ReadonlyArray<ReadonlyArray<string>> = [
  ["XINFO", "STREAM", "stream", "FULL", "COUNT", "0"],
  ["XINFO", "GROUPS", "stream"],
  ["XPENDING", "stream", "g"],
  ["XREVRANGE", "stream", "+", "-"],
  ["XINFO", "STREAM", "empty", "FULL"],
  ["LRANGE", "list", "0", "-1"],
  ["SORT", "small integers", "ALPHA"],
  ["SORT", "integers", "ALPHA"],
  ["SORT", "set", "ALPHA"],
  ["SORT", "large set", "ALPHA"],
  ["HMGET", "hash", "f", "n", "long", "longer"],
  ["HMGET", "small hash", "f", "n", "long"],
  ["ZRANGE", "sorted set", "0", "-1"],
  ["ZRANGE", "large sorted set", "0", "-1"],
  ["GET", "string"],
  ["GET", "bytes"],
  ["GET", "integer"]
]

const keys = Array.from(new Set(fill.map(([command, key, third]) => (command === "XGROUP" ? third! : key!))))
  .filter((key) => key !== "GROUP")

/** A reply without moments, and without what Redis has from 7.2 on. */
const comparable = (reply: Seen): Seen => {
  const [type, value] = withoutTimes(reply)
  if (typeof value === "string") return [type, value]
  const at = value.findIndex(([, name]) => name === "active-time")
  const kept = at === -1 ? value : value.filter((_, i) => i !== at && i !== at + 1)
  return [type, kept.map(comparable)]
}

describe("dumps", () => {
  it.live("each restores what the other dumps", () =>
    Effect.scoped(Effect.gen(function*() {
      const ports = yield* both
      yield* Effect.promise(async () => {
        const [memory, real] = [new Talk(ports.memory), new Talk(ports.real)]
        for (const talk of [memory, real]) for (const command of fill) await talk.ask(...command)
        const agree = async (): Promise<void> => {
          for (const command of look) {
            assert.deepStrictEqual(
              comparable(await memory.ask(...command)),
              comparable(await real.ask(...command)),
              command.join(" ")
            )
          }
        }
        await agree()
        for (const [from, to] of [[memory, real], [real, memory], [memory, memory]] as const) {
          for (const key of keys) {
            const [, dump] = await from.ask("DUMP", key)
            const restored = await to.ask("RESTORE", key, "0", dump as string, "REPLACE")
            // As Redis 7.0, a node in memory refuses dumps of a later format.
            const isLater = from === real && chosen !== "redis-7.0"
            assert.deepStrictEqual(
              restored,
              isLater ? ["-", "ERR DUMP payload version or checksum are wrong"] : ["+", "OK"],
              key
            )
          }
          await agree()
        }
        memory.end()
        real.end()
      })
    })), 60_000)

  it.live.skipIf(chosen !== "redis-8.0")(
    "each restores hashes whose fields expire",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const ports = yield* both
        yield* Effect.promise(async () => {
          const [memory, real] = [new Talk(ports.memory), new Talk(ports.real)]
          for (const [key, value] of [["small", "2"], ["large", "q".repeat(700)]] as const) {
            const say = async (...args: ReadonlyArray<string>): Promise<ReadonlyArray<Seen>> => [
              await memory.ask(...args),
              await real.ask(...args)
            ]
            await say("HSET", key, "a", "1", "b", value, "c", "3")
            await say("HPEXPIREAT", key, "4100000000123", "FIELDS", "1", "a")
            await say("HPEXPIREAT", key, "4000000000000", "FIELDS", "1", "b")
            for (const [from, to] of [[memory, real], [real, memory], [memory, memory]] as const) {
              const [, dump] = await from.ask("DUMP", key)
              assert.deepStrictEqual(await to.ask("RESTORE", key, "0", dump as string, "REPLACE"), ["+", "OK"])
              const expected: Seen = ["*", [[":", "4100000000123"], [":", "4000000000000"], [":", "-1"]]]
              assert.deepStrictEqual(await say("HPEXPIRETIME", key, "FIELDS", "3", "a", "b", "c"), [expected, expected])
              const values: Seen = ["*", [["$", "1"], ["$", value], ["$", "3"]]]
              assert.deepStrictEqual(await say("HMGET", key, "a", "b", "c"), [values, values])
            }
          }
          memory.end()
          real.end()
        })
      })),
    30_000
  )

  it.live("broken dumps of streams are refused", () =>
    Effect.scoped(Effect.gen(function*() {
      const ports = yield* both
      yield* Effect.promise(async () => {
        for (const port of [ports.memory, ports.real]) {
          const talk = new Talk(port)
          for (const command of fill.slice(200)) await talk.ask(...command)
          const [, dump] = await talk.ask("DUMP", "stream")
          const body = (dump as string).slice(1, -10)
          talk.end()
          let refused = 0
          for (let at = 0; at < body.length; at += 3) {
            for (const broken of [body.slice(0, at), `${body.slice(0, at)}\xff${body.slice(at + 1)}`]) {
              try {
                readStream(new RdbReader(broken), chosen !== "redis-7.0" && port === ports.real)
              } catch (error) {
                assert.strictEqual((error as Failure).text, "ERR Bad data format")
                refused++
              }
            }
          }
          assert.isAbove(refused, body.length / 3)
        }
      })
    })), 30_000)
})
