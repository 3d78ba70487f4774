/**
 * Scripts against a node in memory and a real server: those of Effect's own stores, scripts that do not end, and dumps
 * of functions that each restores from the other.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import * as Testing from "../../src/testing/index.ts"
import { server } from "../support/processes.ts"
import type { Seen } from "./differences.ts"
import { pair, Talk } from "./wire.ts"

const persistence = Path.join(import.meta.dirname, "../../node_modules/effect/src/persistence")

interface Script {
  readonly name: string
  readonly text: string
  readonly keys: number
}

/** The scripts of Effect's stores, as they are in its sources. */
const scriptsOf = (file: string): ReadonlyArray<Script> => {
  const source = Fs.readFileSync(Path.join(persistence, file), "utf8")
  const parts = new Map(
    Array.from(
      source.matchAll(/^const (\w+) = (?:`([^`]*)`|(\d+)$)/gm),
      ([, name, text, number]) => [name!, text ?? number!] as const
    )
  )
  return Array.from(
    source.matchAll(/const (\w+) = Redis\.script\([\s\S]*?\{([\s\S]*?)lua: `([^`]*)`([\s\S]*?)\n\)/g),
    ([, name, before, text, after]) => ({
      name: name!,
      text: text!.replace(/\$\{(\w+)\}/g, (_, part: string) => parts.get(part) ?? assert.fail(`no ${part} in ${file}`)),
      keys: Number(/numberOfKeys: (\d+)/.exec(before! + after!)?.[1] ?? 5)
    })
  )
}

/** The replies are the same, but for the time that passes between both. */
const isSame = ([type, value]: Seen, [otherType, other]: Seen): boolean =>
  type === otherType &&
  (typeof value === "string" || typeof other === "string"
    ? value === other || Math.abs(Number(value) - Number(other)) < (Number(value) > 1e14 ? 5_000_000 : 5000)
    : value.length === other.length && value.every((item, i) => isSame(item, other[i]!)))

const both = (
  config: ReadonlyArray<string>,
  use: (memory: Talk, real: Talk, ports: {
    readonly memory: number
    readonly real: number
  }) => Promise<void>
) =>
  Effect.scoped(Effect.gen(function*() {
    const ports = yield* pair(config)
    yield* Effect.promise(async () => {
      const [memory, real] = [new Talk(ports.memory), new Talk(ports.real)]
      try {
        await use(memory, real, ports)
      } finally {
        memory.end()
        real.end()
      }
    })
  }))

describe("scripts", () => {
  for (const file of ["PersistedQueue.ts", "RateLimiter.ts", "CircuitBreaker.ts", "Persistence.ts"]) {
    it.live(`those of ${file} answer as on a real server`, () =>
      both([], async (memory, real) => {
        const scripts = scriptsOf(file)
        let compared = 0
        let errors = 0
        const ask = async (...args: ReadonlyArray<string>): Promise<void> => {
          const [ours, theirs] = await Promise.all([memory.ask(...args), real.ask(...args)])
          compared++
          if (ours[0] === "-") errors++
          // The words of errors differ between servers; lua.ts compares them.
          const [a, b] = [ours, theirs].map(([type, value]): Seen =>
            type === "-" ? [type, String(value).split(" ")[0]!] : [type, value]
          ) as [Seen, Seen]
          assert.isTrue(
            isSame(a, b),
            `${args.join(" ").slice(0, 300)}\n${JSON.stringify(ours)}\n${JSON.stringify(theirs)}`
          )
        }
        const values = ["90000", "100000", "60000", "75000", "70000.5", "id", "[]", "80000"]
        for (let round = 0; round < 30; round++) {
          for (const [i, { keys, name, text }] of scripts.entries()) {
            const names = Array.from({ length: keys }, (_, k) => `${name}:${k}`)
            const args = Array.from({ length: 12 }, (_, k) =>
              values[(round * 7 + i * 3 + k * (round % 5)) % values.length]!)
            await ask("EVAL", text, String(keys), ...names, ...args)
            // What expires at once has expired on both, whichever is the faster.
            await new Promise((resolve) =>
              setTimeout(resolve, 5)
            )
          }
          if (round % 6 === 5) {
            await ask("FLUSHALL")
          }
        }
        assert.isTrue(file === "Persistence.ts" || scripts.length > 2, String(scripts.length))
        assert.isTrue(scripts.length === 0 || errors < compared, `${errors} of ${compared} are errors`)
      }), 60_000)
  }

  it.live("that do not end make a server busy", () =>
    Effect.scoped(Effect.gen(function*() {
      const control = yield* Effect.orDie(Testing.make({ replicas: 0, sentinels: 0, tcp: true }))
      const address = control.nodes[0]!
      control.node(address).maxScriptInstructions = 100_000
      const { port: realPort } = yield* server()
      const talk = async (port: number): Promise<ReadonlyArray<unknown>> => {
        const admin = new Talk(port)
        const said: Array<unknown> = []
        await admin.ask("CONFIG", "SET", "busy-reply-threshold", "20")
        const begin = async (talk: Talk, ...args: ReadonlyArray<string>): Promise<void> => {
          talk.send(...args)
          while (String((await admin.ask("PING"))[1]).startsWith("PONG")) await new Promise((r) => setTimeout(r, 2))
        }
        const ask = async (...args: ReadonlyArray<string>): Promise<void> => {
          said.push([args.join(" "), await admin.ask(...args)])
        }
        const first = new Talk(port)
        await begin(first, "EVAL", "local n = 0\nwhile true do n = n + 1 end", "0")
        await ask("GET", "a")
        await ask("ECHO", "a")
        await ask("MULTI")
        await ask("GET", "a")
        await ask("EXEC")
        await ask("EVAL", "return 1", "0")
        await ask("FUNCTION", "KILL")
        await ask("FUNCTION", "STATS")
        await ask("SCRIPT", "KILL")
        said.push(await first.next())
        await ask("SCRIPT", "KILL")
        await ask("GET", "a")
        // In a transaction, the others of it are executed once it is killed.
        await first.ask("MULTI")
        await first.ask("SET", "a", "1")
        await first.ask("EVAL", "while true do pcall(function() while true do end end) end", "0")
        await first.ask("INCR", "a")
        await begin(first, "EXEC")
        await ask("SCRIPT", "KILL")
        said.push(await first.next())
        await ask("GET", "a")
        await ask(
          "FUNCTION",
          "LOAD",
          "#!lua name=l\nredis.register_function('loop', function()\nwhile true do end end)"
        )
        await begin(first, "FCALL", "loop", "0")
        said.push(JSON.stringify(await admin.ask("FUNCTION", "STATS")).replace(/"duration_ms"\],\[":","\d+"\]/, ""))
        await ask("GET", "a")
        await ask("SCRIPT", "KILL")
        await ask("FUNCTION", "KILL")
        said.push(await first.next())
        await begin(first, "EVAL", "redis.call('SET', 'a', 5) while true do end", "0")
        await ask("GET", "a")
        await ask("SCRIPT", "KILL")
        await ask("SHUTDOWN", "NOSAVE")
        said.push(await first.next())
        first.end()
        admin.end()
        return said
      }
      const plain = (said: ReadonlyArray<unknown>): unknown =>
        JSON.parse(
          JSON.stringify(said).replaceAll("Valkey is busy", "Redis is busy").replace(
            /by user with (SCRIPT|FUNCTION) KILL\.+/g,
            "by user"
          )
            .replace(/ script: (\w+, )?on (@\w+):\d+/g, " script: on $2")
        )
      const theirs = yield* Effect.promise(() => talk(realPort))
      const ours = yield* Effect.promise(() => talk(Number(address.split(":")[1])))
      assert.deepStrictEqual(plain(ours), plain(theirs))
    })), 60_000)

  it.live("each restores the functions that the other dumps", () =>
    both([], async (memory, real) => {
      const code = (name: string): string =>
        `#!lua name=${name}\n${"-- a comment that can be compressed\n".repeat(20)}` +
        `redis.register_function('${name}', function(keys, args) return args[1] end)`
      for (const talk of [memory, real]) {
        for (const name of ["one", "two"]) assert.strictEqual((await talk.ask("FUNCTION", "LOAD", code(name)))[0], "$")
      }
      const dumped = await memory.ask("FUNCTION", "DUMP")
      assert.deepStrictEqual(await real.ask("FUNCTION", "RESTORE", dumped[1] as string, "FLUSH"), ["+", "OK"])
      assert.deepStrictEqual(await real.ask("FCALL", "two", "0", "x"), ["$", "x"])
      const [, theirs] = await real.ask("FUNCTION", "DUMP")
      const restored = await memory.ask("FUNCTION", "RESTORE", theirs as string, "REPLACE")
      const isLater = (theirs as string).charCodeAt(theirs.length - 10) > 10
      assert.deepStrictEqual(
        restored,
        isLater ? ["-", "ERR DUMP payload version or checksum are wrong"] : ["+", "OK"]
      )
      assert.deepStrictEqual(await memory.ask("FCALL", "one", "0", "y"), ["$", "y"])
      assert.deepStrictEqual(
        await memory.ask("FUNCTION", "RESTORE", dumped[1] as string),
        ["-", "ERR Library one already exists"]
      )
    }))
})
