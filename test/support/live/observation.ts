/** Scenes of what a server observes of itself: latency, slow calls, memory. */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { anywhere, c, fails, fits, given, is, Live, scene } from "./scene.ts"

/** Sends words that are not looked at. */
const send = (word: string, ...args: ReadonlyArray<string | number>) =>
  Effect.flatMap(Live, ({ client }) => client.send(word, ...args))

const isNow = (moment: DateTime.Utc): boolean => Math.abs(DateTime.toEpochMillis(moment) - Date.now()) < 60_000

/** Everything is slow, and every request and reply is large. */
const logged = [
  send("CONFIG", "SET", "slowlog-log-slower-than", 0, "slowlog-max-len", 128),
  is(c.slowlogReset(), "OK")
]

const notLogged = send("CONFIG", "SET", "slowlog-log-slower-than", -1)

export const observation = [
  anywhere(
    "latency",
    send("CONFIG", "SET", "latency-monitor-threshold", 1),
    send("EVAL", "local n = 0 for i = 1, 3000000 do n = n + i end return n", 0),
    fits(
      c.latencyLatest(),
      (events) =>
        events.some(({ at, event, latency, max }) =>
          event === "command" && isNow(at) && Duration.toMillis(latency) >= 1 &&
          Duration.isGreaterThanOrEqualTo(max, latency)
        )
    ),
    fits(
      c.latencyHistory("command"),
      (samples) =>
        samples.length > 0 && samples.every(({ at, latency }) => isNow(at) && Duration.toMillis(latency) >= 1)
    ),
    is(c.latencyHistory("none"), []),
    fits(c.latencyGraph("command"), (graph) => graph.includes("command - high")),
    fits(c.latencyDoctor(), (report) => report.includes("command")),
    is(c.latencyReset("command"), 1),
    is(c.latencyReset("none"), 0),
    fits(c.latencyReset(), (n) => n >= 0),
    fails(c.latencyGraph("command"), "ReplyError", "ERR"),
    send("CONFIG", "SET", "latency-monitor-threshold", 0)
  ),
  anywhere(
    "histograms of latency",
    send("CONFIG", "RESETSTAT"),
    given(c.set("k", "v"), c.get("k"), c.get("k")),
    fits(c.latencyHistogram("get", "set", "hget"), ({ get, hget, set }) => {
      const last = get?.buckets.at(-1)
      return hget === undefined && get?.calls === 2 && set?.calls === 1 && last?.calls === 2 &&
        Duration.toMillis(last.within) > 0
    }),
    fits(c.latencyHistogram("none"), (found) => Object.keys(found).length === 0)
  ),
  anywhere(
    "slow calls",
    ...logged,
    given(c.set("slow", "v")),
    fits(
      c.slowlogGet(1),
      ([call]) =>
        call !== undefined && call.args.join(" ") === "SET slow v" && isNow(call.at) && call.id > 0 &&
        Duration.toMillis(call.duration) < 1000 && /^127\.0\.0\.1:\d+$/.test(call.client) && call.clientName === ""
    ),
    fits(c.slowlogLen(), (n) => n >= 3),
    fits(c.slowlogGet("all"), (calls) => calls.length >= 4),
    fits(c.slowlogGet(), (calls) => calls.length >= 5),
    is(c.slowlogReset(), "OK"),
    notLogged,
    is(c.slowlogReset(), "OK"),
    is(c.slowlogLen(), 0),
    is(c.slowlogGet(), [])
  ),
  scene(
    "logs of commands",
    { commands: ["COMMANDLOG GET"] },
    ...logged,
    send("CONFIG", "SET", "commandlog-request-larger-than", 100, "commandlog-reply-larger-than", 100),
    is(c.commandlogReset("large-request"), "OK"),
    is(c.commandlogReset("large-reply"), "OK"),
    given(c.set("large", "v".repeat(120)), c.get("large")),
    fits(
      c.commandlogGet(1, "large-request"),
      ([call]) => call !== undefined && call.args[0] === "SET" && call.bytes > 120 && call.bytes < 300 && isNow(call.at)
    ),
    fits(
      c.commandlogGet("all", "large-reply"),
      (calls) => calls.some(({ args, bytes }) => args.join(" ") === "GET large" && bytes > 120 && bytes < 300)
    ),
    fits(c.commandlogGet(100, "slow"), (calls) => calls.some(({ args }) => args.join(" ") === "GET large")),
    is(c.commandlogLen("large-request"), 1),
    fits(c.commandlogLen("slow"), (n) => n > 3),
    is(c.commandlogReset("slow"), "OK"),
    notLogged,
    send("CONFIG", "SET", "commandlog-request-larger-than", -1, "commandlog-reply-larger-than", -1)
  ),
  anywhere(
    "memory",
    given(c.set("k", "v"), c.rpush("l", ...Array.from({ length: 50 }, () => "element"))),
    fits(c.memoryUsage("k"), (bytes) => bytes !== null && bytes > 10 && bytes < 1000),
    fits(c.memoryUsage("l", { samples: 0 }), (bytes) => bytes !== null && bytes > 300),
    is(c.memoryUsage("none"), null),
    is(c.memoryPurge(), "OK"),
    fits(c.memoryDoctor(), (report) => report.length > 10),
    fits(c.memoryMallocStats(), (report) => report.length > 10),
    fits(
      c.memoryStats(),
      (stats) =>
        stats.keysCount === 2 && stats.totalAllocated > 100_000 && stats.peakPercentage > 1 &&
        stats.databases.get(0)!.overheadHashtableMain > 0 &&
        stats.fields["keys.count"] === 2 && stats.allocatorFragmentationRatio > 0.1
    )
  ),
  anywhere(
    "how often a key is used",
    given(c.set("k", "v")),
    fails(c.objectFreq("k"), "ReplyError", "ERR"),
    send("CONFIG", "SET", "maxmemory-policy", "allkeys-lfu"),
    fits(c.objectFreq("k"), (n) => n !== null && n >= 0 && n <= 255),
    is(c.objectFreq("none"), null),
    send("CONFIG", "SET", "maxmemory-policy", "noeviction")
  )
]
