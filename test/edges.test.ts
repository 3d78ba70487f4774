/**
 * Odd values at the edges: arguments that only look like bytes, names made to
 * be slow, text that begins with a mark.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { inspect } from "node:util"
import { runInNewContext } from "node:vm"
import { type Client, Command, commands, RedisClient } from "../src/index.ts"
import { chooseReplica } from "../src/internal/replicas/selection.ts"
import type { Candidate } from "../src/Options.ts"
import { failureOf } from "./support/exit.ts"
import { clientOf, store } from "./support/store.ts"

const taken = (): Uint8Array => {
  const bytes = new Uint8Array(8)
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
  return bytes
}

/** What claims to be bytes, and is none, or none any more. */
const lookalikes: ReadonlyArray<() => any> = [
  taken,
  () => new Proxy(new Uint8Array(3), {}),
  () => Object.create(Uint8Array.prototype)
]

describe("arguments", () => {
  it.effect("a value that only looks like bytes is refused everywhere", () =>
    Effect.gen(function*() {
      const server = store()
      const redis = yield* clientOf(server)
      for (const make of lookalikes) {
        for (
          const effect of [
            redis.set("k", make()),
            redis.get(make()),
            redis.mget([make()]),
            redis.send("SET", "k", make()),
            Effect.suspend(() => redis.run(Command.withArgs(commands.get("k"), [make()]))),
            Stream.runDrain((redis as Client.PrimaryClient).subscribe({ channels: [make()] })),
            Stream.runDrain((redis as Client.PrimaryClient).bytes.subscribe({ patterns: [make()] }))
          ]
        ) {
          assert.strictEqual(
            failureOf(yield* Effect.exit(effect as Effect.Effect<unknown, any>))._tag,
            "InvalidCommand"
          )
        }
      }
      assert.deepStrictEqual(server.received, [])
    }))

  it.effect("lists and bytes of the caller's own classes are copied correctly", () =>
    Effect.gen(function*() {
      const server = store()
      const redis = yield* clientOf(server)
      class Kept extends Array<Command.Arg> {
        override slice(): Kept {
          return this
        }
        static override get [Symbol.species](): ArrayConstructor {
          return Kept as unknown as ArrayConstructor
        }
      }
      class Long extends Uint8Array {
        override get length(): number {
          return 5000
        }
      }
      const kept = new Kept("k", "v")
      const spec = Command.define({ words: ["SET"], mode: "write", decode: Command.ok })
      const commands = [Command.make(spec, kept), Command.make(spec, ["l", new Long(8)])]
      kept[1] = "changed"
      for (const command of commands) yield* redis.run(command)
      assert.deepStrictEqual(server.received.map(([, command]) => command), ["SET k v", `SET l ${"\0".repeat(8)}`])
      const { proxy, revoke } = Proxy.revocable([] as Array<Command.Arg>, {})
      revoke()
      for (const make of [() => Command.make(spec, proxy), () => Command.withArgs(commands[0]!, proxy)]) {
        let thrown: unknown
        try {
          make()
        } catch (error) {
          thrown = error
        }
        assert.strictEqual((thrown as { readonly _tag?: string } | undefined)?._tag, "InvalidCommand")
      }
    }))

  it.effect("bytes of another realm, shared bytes and empty bytes are accepted", () =>
    Effect.gen(function*() {
      const server = store()
      const redis = yield* clientOf(server)
      const shared = new Uint8Array(new SharedArrayBuffer(2))
      shared.fill(98)
      for (const bytes of [runInNewContext("new Uint8Array([97])"), shared, new Uint8Array(0)]) {
        yield* redis.set("k", bytes)
      }
      assert.deepStrictEqual(server.received.map(([, command]) => command), ["SET k a", "SET k bb", "SET k "])
    }))

  it.effect("an invalid argument of CLIENT or SCRIPT is refused as an argument", () =>
    Effect.gen(function*() {
      const server = store()
      const redis = yield* clientOf(server)
      for (const word of ["CLIENT", "script"]) {
        const spec = Command.define({ words: [word], mode: "write", decode: Command.native })
        for (const arg of [Object.create(null), null, undefined, Symbol("x"), taken()] as ReadonlyArray<any>) {
          const command = Command.make(spec, [arg])
          for (const effect of [redis.run(command), redis.pipeline([command]), redis.transaction([command])]) {
            const error = failureOf(yield* Effect.exit(effect))
            assert.strictEqual(error._tag, "InvalidCommand")
            assert.include(error.message, "argument 1")
          }
        }
      }
      assert.deepStrictEqual(server.received, [])
    }))

  it.effect("a name designed to be slow is refused at once; long arguments after a name are not part of it", () =>
    Effect.gen(function*() {
      const server = store()
      const redis = yield* clientOf(server)
      // Tried in all ways of parting it, this would take longer than anybody waits.
      const name = `${"a".repeat(4000)}\u0001`
      assert.strictEqual(failureOf(yield* Effect.exit(redis.send(name)))._tag, "InvalidCommand")
      assert.strictEqual(failureOf(yield* Effect.exit(redis.send(`${"a ".repeat(2000)}\u0001`)))._tag, "InvalidCommand")
      yield* redis.send(` SET\t k  ${"v".repeat(3000)} `)
      assert.deepStrictEqual(server.received.map(([, command]) => command), [`SET k ${"v".repeat(3000)}`])
    }))
})

describe("what a server says of AUTH", () => {
  it.effect("is reported by its code alone, also on a reserved connection", () =>
    Effect.gen(function*() {
      const token = `t0ken-${"x".repeat(200)}`
      const says = [
        `-ERR no such user with ${token.slice(0, 40)}\r\n`,
        `-WRONGPASS ${token.slice(0, 40)}\r\n`,
        `-${token.slice(0, 40)} is wrong\r\n`
      ]
      for (const said of says) {
        const redis = yield* clientOf(store((command) => command.toUpperCase().startsWith("AUTH") ? said : undefined))
        const auth = Command.raw("Auth", [token])
        const reserved = yield* redis.reserve
        for (const effect of [reserved.run(auth), reserved.pipeline([auth]), reserved.send(`auth ${token}`)]) {
          const error = failureOf(yield* Effect.exit(effect))
          assert.strictEqual(error._tag, "ReplyError")
          assert.notInclude(`${error.message} ${JSON.stringify(error)} ${inspect(error, { depth: 8 })}`, "t0ken")
        }
      }
    }))
})

describe("functions of the caller's", () => {
  it("a selection function may change its candidates", () => {
    const list = Array.from({ length: 3 }, (_, i): Candidate => ({
      address: { host: `10.0.0.${i}`, port: 6379 },
      label: undefined,
      latencyMillis: i,
      lagBytes: 0,
      lagMillis: 0,
      priority: 100
    } as unknown as Candidate))
    const before = list.slice()
    const emptying: any = (candidates: Array<unknown>) => void (candidates.length = 0)
    assert.strictEqual(chooseReplica(emptying, list, 1, () => 0), before[1])
    const sorting: any = (candidates: Array<unknown>) => candidates.reverse()[0]
    assert.strictEqual(chooseReplica(sorting, list, 0, () => 0), before[2])
    assert.deepStrictEqual(list, before)
  })
})

describe("a reply that is nested", () => {
  it.effect("is decoded up to the deepest option; a deeper option is refused", () =>
    Effect.gen(function*() {
      const nested = `${"*1\r\n".repeat(1000)}:1\r\n`
      const server = store((command) =>
        command === "NEST" ? nested : command === "EXEC" ? `*2\r\n${nested.slice(4)}$1\r\na\r\n` : undefined
      )
      const redis = yield* clientOf(server, { limits: { maxDepth: 1000 } })
      const depthOf = (value: unknown): number => {
        let depth = 0
        for (let inner = value; Array.isArray(inner); inner = inner[0]) depth++
        return depth
      }
      assert.strictEqual(depthOf(yield* redis.send("NEST")), 1000)
      const [deep] = yield* redis.transaction([Command.raw("NEST", []), Command.bytes(commands.get("k"))])
      assert.strictEqual(depthOf(deep), 999)
      const error = failureOf(yield* Effect.exit(Effect.scoped(RedisClient.make({ limits: { maxDepth: 1001 } }))))
      assert.strictEqual(error.option, "limits.maxDepth")
    }))
})

describe("text that begins with a byte order mark", () => {
  const marked = "\uFEFFa"
  const bulk = (text: string) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`

  it.effect("keeps the mark beside bytes in one transaction, and as a field of bytes", () =>
    Effect.gen(function*() {
      const server = store((command) =>
        command === "EXEC"
          ? `*2\r\n${bulk(marked)}${bulk(marked)}`
          : command === "HGETALL h"
          ? `*4\r\n${bulk(marked)}${bulk("1")}${bulk("a")}${bulk("2")}`
          : undefined
      )
      const redis = yield* clientOf(server)
      const [text, bytes] = yield* redis.transaction([commands.get("k"), Command.bytes(commands.get("k"))])
      assert.strictEqual(text, marked)
      assert.deepStrictEqual(bytes && Buffer.from(bytes), Buffer.from(marked))
      assert.deepStrictEqual(Object.keys(yield* redis.bytes.hgetall("h")), [marked, "a"])
    }))
})
