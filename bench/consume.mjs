/**
 * Compares the consumer of a group with the loops that one writes with other clients: XREADGROUP COUNT, a handler that
 * awaits, and XACK of the page. Each client runs in its own process; they take turns on the same server, round by round.
 * Every entry has to be handled once, and nothing may be pending afterwards. Prints entries per second, the processor
 * time of the consuming process for each entry, and ratios.
 *
 *   npm run bench:consume
 *   npm run bench:consume -- --entries 200000 --page 500 --rounds 5 --clients "ours,ioredis,node-redis"
 *
 * Each workload is measured by itself:
 *
 * - `in order`: one handler at a time
 * - `at once`: 64 handlers at a time; the loops of other clients run the handlers of a page at once
 *
 * Handlers end at once (`sync`), or when a microtask has passed (`async`). All clients make an object with a text and a
 * number of each entry. The ratio is the median over the rounds of the rate of this library to that of the best other
 * client in the same round. A client `ours:FOLDER` is another build of this library.
 */
import { execFileSync, fork, spawn } from "node:child_process"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Url from "node:url"
import { argumentsOf } from "../scripts/options.ts"
import { connected, freePort, host } from "./server.mjs"

const { positionals, values: options } = argumentsOf(
  `npm run bench:consume -- [--entries 200000] [--page 500] [--rounds 5] [--only TEXT] [--clients "ours,ioredis"]`,
  {
    entries: { type: "string", default: "200000" },
    page: { type: "string", default: "500" },
    rounds: { type: "string", default: "5" },
    only: { type: "string", default: "" },
    clients: { type: "string", default: "ours,ioredis,node-redis" }
  },
  // A process that this program starts.
  (_, [first]) => first === "consumer"
)
const entries = Number(options.entries)
const page = Number(options.page)
const [key, group] = ["orders", "billing"]
const workloads = [
  { name: "in order, sync", concurrency: 1, isAsync: false },
  { name: "in order, async", concurrency: 1, isAsync: true },
  { name: "at once, sync", concurrency: 64, isAsync: false },
  { name: "at once, async", concurrency: 64, isAsync: true }
].filter(({ name }) => name.includes(options.only))

// -----------------------------------------------------------------------------
// A consuming process
// -----------------------------------------------------------------------------

/** Counts the entries, and their totals. */
const counting = () => {
  let handled = 0
  let sum = 0
  let done
  const finished = new Promise((resolve) => {
    done = resolve
  })
  return {
    finished,
    handle: ({ customer, total }) => {
      if (customer.length === 0) throw new Error("an entry without a customer")
      sum += total
      if (++handled === entries) done(sum)
    }
  }
}

/** The loop of a worker: `read` gives a page, `ack` acknowledges it. */
const looping = ({ ack, close, read }) => async ({ concurrency, isAsync }, { finished, handle }) => {
  const handler = isAsync
    ? async (order) => {
      await undefined
      handle(order)
    }
    : async (order) => handle(order)
  for (let left = entries; left > 0;) {
    const orders = await read()
    if (concurrency === 1) { for (const { order } of orders) await handler(order) }
    else await Promise.all(orders.map(({ order }) => handler(order)))
    if (orders.length > 0) await ack(orders.map(({ id }) => id))
    left -= orders.length
  }
  return { sum: await finished, close }
}

const clients = {
  ioredis: async (port) => {
    const { Redis } = await import("ioredis")
    const redis = new Redis({ host, port })
    return looping({
      read: async () => {
        const reply = await redis.xreadgroup("GROUP", group, "a", "COUNT", page, "BLOCK", 1000, "STREAMS", key, ">")
        return (reply?.[0][1] ?? []).map(([id, fields]) => {
          const order = {}
          for (let i = 0; i < fields.length; i += 2) order[fields[i]] = fields[i + 1]
          return { id, order: { customer: order.customer, total: Number(order.total) } }
        })
      },
      ack: (ids) => redis.xack(key, group, ...ids),
      close: async () => {}
    })
  },
  "node-redis": async (port) => {
    const { createClient } = await import("redis")
    const redis = createClient({ url: `redis://${host}:${port}` })
    await redis.connect()
    return looping({
      read: async () => {
        const reply = await redis.xReadGroup(group, "a", { key, id: ">" }, { COUNT: page, BLOCK: 1000 })
        return (reply?.[0].messages ?? []).map(({ id, message }) => ({
          id,
          order: { customer: message.customer, total: Number(message.total) }
        }))
      },
      ack: (ids) => redis.xAck(key, group, ids),
      close: async () => {}
    })
  },
  ours: async (port, build = "../dist") => {
    const Effect = await import("effect/Effect")
    const Exit = await import("effect/Exit")
    const Fiber = await import("effect/Fiber")
    const Schema = await import("effect/Schema")
    const Scope = await import("effect/Scope")
    const folder = Url.pathToFileURL(`${join(import.meta.dirname, build)}/`)
    const { RedisClient } = await import(new URL("index.js", folder).href)
    const RedisStream = await import(new URL("RedisStream.js", folder).href)
    const scope = Effect.runSync(Scope.make())
    const redis = await Effect.runPromise(
      RedisClient.make({ address: `${host}:${port}` }).pipe(Scope.provide(scope))
    )
    process.once("disconnect", () => Effect.runPromise(Scope.close(scope, Exit.void)))
    const orders = RedisStream.make({
      key,
      schema: Schema.Struct({ customer: Schema.String, total: Schema.Number })
    })
    const tick = Effect.promise(async () => {})
    return async ({ concurrency, isAsync }, { finished, handle }) => {
      const handler = ({ value }) => {
        const handled = Effect.sync(() => handle(value))
        return isAsync ? Effect.andThen(tick, handled) : handled
      }
      const consumer = Effect.runFork(
        orders.consume({ group, consumer: "a", concurrency }, handler).pipe(
          Effect.provideService(RedisClient.RedisClient, redis)
        )
      )
      return { sum: await finished, close: () => Effect.runPromise(Fiber.interrupt(consumer)) }
    }
  }
}

const consuming = async (name, port) => {
  const [of, build] = name.split(":")
  const consume = await clients[of](port, build)
  process.send("ready")
  let close
  process.on("message", async (job) => {
    if (job === "close") {
      await close()
      return process.send("closed")
    }
    const before = process.cpuUsage()
    const began = performance.now()
    const outcome = await consume(job, counting())
    const millis = performance.now() - began
    const { system, user } = process.cpuUsage(before)
    close = outcome.close
    process.send({ sum: outcome.sum, millis, cpuMicros: user + system })
  })
}

// -----------------------------------------------------------------------------
// The measurement
// -----------------------------------------------------------------------------

const script = `
for i = tonumber(ARGV[1]), tonumber(ARGV[2]) - 1 do
  redis.call('XADD', KEYS[1], '*', 'customer', 'customer ' .. i, 'total', i % 1000)
end
return 1`

/** How many entries of the group are pending, from the first line of XPENDING that has a number. */
const pendingIn = (reply) => Number(/^:(\d+)/m.exec(reply)?.[1])

const median = (list) => list.toSorted((a, b) => a - b)[Math.floor((list.length - 1) / 2)]

const measure = async () => {
  if (!existsSync(join(import.meta.dirname, "node_modules"))) {
    console.log("Installing the other clients ...")
    execFileSync("npm", ["ci", "--no-fund", "--no-audit"], {
      cwd: import.meta.dirname,
      stdio: ["ignore", "ignore", "inherit"]
    })
  }
  const port = await freePort()
  const dir = mkdtempSync(join(tmpdir(), "effect-redis-sentinel-bench-"))
  const server = spawn(
    "redis-server",
    ["--port", String(port), "--bind", host, "--save", "", "--appendonly", "no", "--dir", dir],
    { stdio: "ignore" }
  )
  const control = await connected(port)
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
      children.set(name, fork(import.meta.filename, [...process.argv.slice(2), "consumer", name, String(port)]))
      await ask(name)
    }
    let expected = 0
    for (let i = 0; i < entries; i++) expected += i % 1000
    for (let i = 0; i < entries; i += 10_000) {
      await control.send("EVAL", script, 1, key, i, Math.min(entries, i + 10_000))
    }
    const round = async (name, workload) => {
      await control.send("XGROUP", "CREATE", key, group, "0")
      const { cpuMicros, millis, sum } = await ask(name, workload)
      if (sum !== expected) throw new Error(`${name}: the sum of the entries is ${sum}, not ${expected}`)
      await ask(name, "close")
      const pending = pendingIn(await control.send("XPENDING", key, group))
      if (pending !== 0) throw new Error(`${name}: ${pending} entries are pending`)
      await control.send("XGROUP", "DESTROY", key, group)
      return { rate: entries * 1000 / millis, cost: cpuMicros / entries }
    }
    console.log(`${entries} entries, in pages of ${page}`)
    for (const workload of workloads) {
      const rates = Object.fromEntries(names.map((name) => [name, []]))
      const costs = Object.fromEntries(names.map((name) => [name, []]))
      // The first round warms up.
      for (let i = 0; i <= Number(options.rounds); i++) {
        for (let j = 0; j < names.length; j++) {
          const name = names[(i + j) % names.length]
          const { cost, rate } = await round(name, workload)
          if (i === 0) continue
          rates[name].push(rate)
          costs[name].push(cost)
        }
      }
      console.log(`\n${workload.name.padEnd(16)}${"entries/s".padStart(12)}${"µs CPU each".padStart(14)}   rounds`)
      for (const name of names) {
        console.log(
          name.padEnd(16) + Math.round(median(rates[name])).toLocaleString("en").padStart(12) +
            median(costs[name]).toFixed(2).padStart(14) + "   " +
            rates[name].map((rate) => Math.round(rate / 1000) + "k").join(" ")
        )
      }
      const others = names.slice(1)
      if (others.length === 0) continue
      const ratio = (of, best) => median(of[names[0]].map((own, i) => own / best(...others.map((name) => of[name][i]))))
      console.log(
        `ratio to the best other: rate ${ratio(rates, Math.max).toFixed(2)}, CPU ${ratio(costs, Math.min).toFixed(2)}`
      )
    }
  } finally {
    for (const child of children.values()) child.kill()
    control.end()
    server.kill()
    rmSync(dir, { recursive: true, force: true })
  }
}

if (positionals[0] === "consumer") await consuming(positionals[1], Number(positionals[2]))
else await measure()
