/**
 * Compares subscriptions with those of other clients: a million messages on 100 channels to 100 subscribers of one
 * client. Each client runs in its own process; they take turns on the same server, round by round. Every subscriber
 * checks that its messages come in order and that none is missing. Prints messages per second, the processor time of
 * the subscribing process for each message, and ratios.
 *
 *   npm run bench:pubsub
 *   npm run bench:pubsub -- --messages 1000000 --channels 100 --size 64 --rounds 5 --clients "ours,ioredis,node-redis"
 *
 * The ratio is the median over the rounds of the rate of this library to that of the best other client in the same
 * round. A script of the server publishes, so that the publisher costs the client nothing.
 */
import { fork, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Url from "node:url"
import { argumentsOf } from "../scripts/options.ts"
import { connected, freePort, host } from "./server.mjs"

const { positionals, values: options } = argumentsOf(
  `npm run bench:pubsub -- [--messages 1000000] [--channels 100] [--size 64] [--rounds 5] [--clients "ours,ioredis"]`,
  {
    messages: { type: "string", default: "1000000" },
    channels: { type: "string", default: "100" },
    size: { type: "string", default: "64" },
    rounds: { type: "string", default: "5" },
    clients: { type: "string", default: "ours,ioredis,node-redis" }
  },
  // A process that this program starts.
  (_, [first]) => first === "subscriber"
)
const messages = Number(options.messages)
const channels = Array.from({ length: Number(options.channels) }, (_, i) => `channel:${i}`)

// -----------------------------------------------------------------------------
// A subscribing process
// -----------------------------------------------------------------------------

/** When no message has come for so long, those that are missing are lost, in milliseconds. */
const patience = 30_000

/** Counts the messages of all channels; each begins with its number on its channel. */
const counting = (expected) => {
  let received = 0
  let wrong = 0
  let done
  const finished = new Promise((resolve) => {
    done = resolve
  })
  let before = 0
  const timer = setInterval(() => {
    if (received === before) done({ received, wrong })
    before = received
  }, patience)
  finished.then(() => clearInterval(timer))
  const subscribers = channels.map(() => {
    let next = 0
    return (payload) => {
      if (Number.parseInt(payload, 10) !== next++) wrong++
      if (++received === expected) done({ received, wrong })
    }
  })
  return { subscribers, finished }
}

const clients = {
  ioredis: async (port) => {
    const { Redis } = await import("ioredis")
    return async (subscribers) => {
      const redis = new Redis({ host, port })
      const listeners = new Map(channels.map((channel, i) => [channel, subscribers[i]]))
      redis.on("message", (channel, payload) => listeners.get(channel)(payload))
      await redis.subscribe(...channels)
      return () => redis.quit()
    }
  },
  "node-redis": async (port) => {
    const { createClient } = await import("redis")
    return async (subscribers) => {
      const redis = createClient({ url: `redis://${host}:${port}` })
      await redis.connect()
      await Promise.all(channels.map((channel, i) => redis.subscribe(channel, subscribers[i])))
      return () => redis.close()
    }
  },
  ours: async (port, build = "../dist") => {
    const Effect = await import("effect/Effect")
    const Exit = await import("effect/Exit")
    const Scope = await import("effect/Scope")
    const Stream = await import("effect/Stream")
    const folder = Url.pathToFileURL(`${join(import.meta.dirname, build)}/`)
    const { RedisClient } = await import(new URL("index.js", folder).href)
    return async (subscribers) => {
      const scope = Effect.runSync(Scope.make())
      await Effect.runPromise(
        Effect.gen(function*() {
          const redis = yield* RedisClient.make({ address: `${host}:${port}` })
          yield* Effect.forEach(
            channels,
            (channel, i) =>
              Effect.flatMap(
                redis.subscription({ channels: [channel] }, { capacity: Infinity }),
                (items) =>
                  Effect.forkScoped(
                    Stream.runForEach(
                      items,
                      (item) => Effect.sync(() => subscribers[i](item._tag === "Message" ? item.payload : item._tag))
                    )
                  )
              )
          )
        }).pipe(Scope.provide(scope))
      )
      return () => Effect.runPromise(Scope.close(scope, Exit.void))
    }
  }
}

const subscribing = async (name, port) => {
  const [of, build] = name.split(":")
  const connect = await clients[of](port, build)
  process.send("ready")
  let close
  process.on("message", async (job) => {
    if (job === "subscribe") {
      const { finished, subscribers } = counting(messages)
      close = await connect(subscribers)
      const before = process.cpuUsage()
      process.send("subscribed")
      const outcome = await finished
      const { system, user } = process.cpuUsage(before)
      process.send({ ...outcome, at: performance.timeOrigin + performance.now(), cpuMicros: user + system })
    } else if (job === "close") {
      await close()
      process.send("closed")
    } else process.exit(0)
  })
}

// -----------------------------------------------------------------------------
// The measurement
// -----------------------------------------------------------------------------

const script = `
local channels, size = tonumber(ARGV[3]), tonumber(ARGV[4])
for i = tonumber(ARGV[1]), tonumber(ARGV[2]) - 1 do
  local text = string.format('%d', math.floor(i / channels))
  redis.call('PUBLISH', 'channel:' .. (i % channels), text .. string.rep('.', size - #text))
end
return 1`

const median = (list) => list.toSorted((a, b) => a - b)[Math.floor((list.length - 1) / 2)]

const measure = async () => {
  const port = await freePort()
  const dir = mkdtempSync(join(tmpdir(), "effect-redis-sentinel-bench-"))
  const server = spawn(
    "redis-server",
    ["--port", String(port), "--bind", host, "--save", "", "--appendonly", "no", "--dir", dir].concat(
      // A client that is slower than the server must not be cut off.
      ["--client-output-buffer-limit", "pubsub 0 0 0"]
    ),
    { stdio: "ignore" }
  )
  const publisher = await connected(port)
  const names = options.clients.split(",")
  const children = new Map()
  const ask = (name, job) =>
    new Promise((resolve, reject) => {
      const child = children.get(name)
      const onExit = (code) => reject(new Error(`${name} ended (${code})`))
      child.once("exit", onExit)
      child.once("message", (message) => {
        child.off("exit", onExit)
        resolve(message)
      })
      if (job !== undefined) child.send(job)
    })
  try {
    for (const name of names) {
      children.set(name, fork(import.meta.filename, [...process.argv.slice(2), "subscriber", name, String(port)]))
      await ask(name)
    }
    const rates = Object.fromEntries(names.map((name) => [name, []]))
    const costs = Object.fromEntries(names.map((name) => [name, []]))
    const round = async (name) => {
      await ask(name, "subscribe")
      const list = await publisher.send("CLIENT", "LIST", "TYPE", "pubsub")
      const connections = list.split("\n").filter((line) => line.includes("fd=")).length
      if (connections !== 1) throw new Error(`${name} has ${connections} connections for its subscriptions`)
      const began = performance.timeOrigin + performance.now()
      const last = ask(name)
      const each = 10_000
      for (let i = 0; i < messages; i += each) {
        await publisher.send("EVAL", script, 0, i, Math.min(messages, i + each), channels.length, options.size)
      }
      const { at, cpuMicros, received, wrong } = await last
      if (received !== messages || wrong > 0) {
        throw new Error(`${name}: ${received} of ${messages} messages, ${wrong} out of order`)
      }
      await ask(name, "close")
      return { rate: (messages * 1000) / (at - began), cost: cpuMicros / messages }
    }
    // The first round warms up.
    for (let i = 0; i <= Number(options.rounds); i++) {
      for (let j = 0; j < names.length; j++) {
        const name = names[(i + j) % names.length]
        const { cost, rate } = await round(name)
        if (i === 0) continue
        rates[name].push(rate)
        costs[name].push(cost)
      }
    }
    console.log(`${messages} messages of ${options.size} bytes on ${channels.length} channels, one connection each`)
    console.log(`${"".padEnd(16)}${"messages/s".padStart(12)}${"µs CPU each".padStart(14)}   rounds`)
    for (const name of names) {
      console.log(
        name.padEnd(16) + Math.round(median(rates[name])).toLocaleString("en").padStart(12) +
          median(costs[name]).toFixed(2).padStart(14) + "   " +
          rates[name].map((rate) => Math.round(rate / 1000) + "k").join(" ")
      )
    }
    const others = names.slice(1)
    if (others.length === 0) return
    const ratio = (of, best) => median(of[names[0]].map((own, i) => own / best(...others.map((name) => of[name][i]))))
    console.log(
      `ratio to the best other: rate ${ratio(rates, Math.max).toFixed(2)}, CPU ${ratio(costs, Math.min).toFixed(2)}`
    )
  } finally {
    for (const child of children.values()) child.kill()
    publisher.end()
    server.kill()
    rmSync(dir, { recursive: true, force: true })
  }
}

if (positionals[0] === "subscriber") await subscribing(positionals[1], Number(positionals[2]))
else await measure()
