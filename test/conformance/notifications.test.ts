/**
 * Compares the keyspace notifications of a node in memory with those of a real server, for each request of the
 * conformance scripts.
 */
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { chosenPrograms, versionOf } from "../support/servers.ts"
import { knownDifferences, notificationsOf, notifying } from "./notifications.ts"
import { both, Talk } from "./wire.ts"

const isLater = versionOf(chosenPrograms().server).name !== "redis-7.0"

/** Later servers make a consumer as soon as a command names it, and Valkey 9 reads all options of GETEX first. */
const comparable = (line: string, events: ReadonlyArray<string>): string =>
  events.filter((event) => !isLater || !(event.startsWith("xgroup-createconsumer ") || line.startsWith("GETEX"))).join(
    "|"
  )

let compared = 0

afterAll(() => console.log(`conformance: ${compared} keyspace notifications compared`))

describe("a node in memory publishes what Redis publishes", () => {
  it.live("for each request of the scripts", () =>
    Effect.scoped(Effect.gen(function*() {
      const { memory, real } = yield* both
      const problems: Array<string> = []
      for (const [name, script] of notifying) {
        const ours = yield* Effect.promise(() => notificationsOf(memory, script))
        const theirs = yield* Effect.promise(() => notificationsOf(real, script))
        theirs.forEach(({ events, line }, i) => {
          compared += events.length
          const own = ours[i]!.events
          if (comparable(line, own) !== comparable(line, events) && knownDifferences[line] === undefined) {
            problems.push(`${name}: ${line}\n    memory ${own.join(" | ")}\n    server ${events.join(" | ")}`)
          }
        })
      }
      assert.strictEqual(problems.length, 0, `\n${problems.join("\n")}\n`)
    })), 120_000)

  it.live(
    "for a key whose time is over, nobody looking for it, and for one who waits",
    () =>
      Effect.scoped(Effect.gen(function*() {
        for (const port of Object.values(yield* both)) {
          const events = yield* Effect.promise(async () => {
            const [control, listener, waiter] = [new Talk(port), new Talk(port), new Talk(port)]
            await control.ask("CONFIG", "SET", "notify-keyspace-events", "EA")
            await listener.ask("PSUBSCRIBE", "__keyevent@*__:*")
            waiter.send("BLMOVE", "from", "to", "LEFT", "RIGHT", "0")
            while (!String((await control.ask("INFO", "clients"))[1]).includes("blocked_clients:1")) {
              await new Promise((r) => setTimeout(r, 5))
            }
            await control.ask("RPUSH", "from", "x")
            await control.ask("PSETEX", "short", "50", "v")
            const seen: Array<string> = []
            while (!seen.includes("__keyevent@0__:expired short")) {
              const [, parts] = await listener.next()
              seen.push((parts as ReadonlyArray<readonly [string, string]>).slice(2).map(([, text]) => text).join(" "))
            }
            for (const talk of [control, listener, waiter]) talk.end()
            return seen.map((text) => text.slice("__keyevent@0__:".length))
          })
          assert.deepStrictEqual(
            events,
            ["rpush from", "rpush to", "lpop from", "del from", "set short", "expire short", "expired short"],
            String(port)
          )
        }
      })),
    30_000
  )

  it("at least 1,500", () => {
    assert.isAtLeast(compared, 1500)
  })
})
