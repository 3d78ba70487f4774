/**
 * What telemetry costs: a build before it and this build without a tracer, in turns in one process, and this build with
 * one in a process of its own, since a tracer changes what the engine makes of the code; on the same server, round by
 * round, with new processes for each order in which they start. Prints the processor time of one command, the median over
 * the rounds, and the median of the ratios to the build before. The processor time says what the client does, however busy
 * the machine is.
 *
 *   npm run bench:telemetry -- --before FOLDER [--now FOLDER] [--rounds 360] [--commands 4000] [--only TEXT]
 *
 * The folders have an index.js (a `dist`) or an index.ts (a `src`); FOLDER of --now is `dist` by
 * default. With the same build twice the ratio shows how far the machine can be trusted.
 */
import { fork, spawn } from "node:child_process"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import * as Net from "node:net"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import * as Url from "node:url"
import { endWith, optionsOf } from "../scripts/options.ts"

const keys = Array.from({ length: 100 }, (_, i) => `key:${i}`)
const value = "v".repeat(64)

/** The operations, how many run at the same time, and how many commands each has. */
const workloads = {
  "GET, 1 in flight": { inflight: 1, commands: 1, of: ({ redis }) => (i) => redis.get(keys[i % 100]) },
  "GET, 100 in flight": { inflight: 100, commands: 1, of: ({ redis }) => (i) => redis.get(keys[i % 100]) },
  "SET, 100 in flight": { inflight: 100, commands: 1, of: ({ redis }) => (i) => redis.set(keys[i % 100], value) },
  "pipelines of 100 SETs": {
    inflight: 4,
    commands: 100,
    of: ({ commands, redis }) => {
      const sets = keys.map((key) => commands.set(key, value))
      return () => redis.pipeline(sets)
    }
  }
}

/** Makes the clients of a process, in their order, and measures one of them for each message. */
const work = async (port, clients) => {
  const Effect = await import("effect/Effect")
  const Scope = await import("effect/Scope")
  const Tracer = await import("effect/Tracer")
  const scope = Effect.runSync(Scope.make())
  const tracer = Tracer.make({ span: (options) => new Tracer.NativeSpan(options) })
  const made = new Map()
  for (const { folder, how, name } of clients) {
    const entry = ["index.js", "index.ts"].map((file) => resolve(folder, file)).find((file) => existsSync(file))
    const { commands, RedisClient } = await import(Url.pathToFileURL(entry).href)
    const redis = await Effect.runPromise(Scope.provide(RedisClient.make({ address: `127.0.0.1:${port}` }), scope))
    const run = (effect) =>
      Effect.runPromise(how === "traced" ? Effect.provideService(effect, Tracer.Tracer, tracer) : effect)
    made.set(name, { commands, redis, run })
  }
  process.on("message", async ({ count, name, title }) => {
    const { commands: each, inflight, of } = workloads[title]
    const { commands, redis, run } = made.get(name)
    const operation = of({ commands, redis })
    let left = Math.ceil(count / each)
    const operations = left
    const worker = Effect.gen(function*() {
      while (left-- > 0) yield* operation(left)
    })
    const began = process.cpuUsage()
    await run(Effect.all(Array.from({ length: inflight }, () => worker), { concurrency: "unbounded", discard: true }))
    const { system, user } = process.cpuUsage(began)
    process.send({ micros: (user + system) / (operations * each) })
  })
  process.send("ready")
}

const median = (list) => list.toSorted((a, b) => a - b)[Math.floor((list.length - 1) / 2)]

/** Every order of a list. */
const ordersOf = (list) =>
  list.length < 2
    ? [list]
    : list.flatMap((first) => ordersOf(list.filter((each) => each !== first)).map((others) => [first, ...others]))

const freePort = () =>
  new Promise((done) => {
    const server = Net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address()
      server.close(() => done(port))
    })
  })

/** Runs a number of rounds on new processes, which start in an order. Gives `each` what every command cost. */
const session = async (clients, order, titles, rounds, count, each) => {
  const dir = mkdtempSync(join(tmpdir(), "effect-redis-sentinel-bench-"))
  const port = await freePort()
  const server = spawn("redis-server", ["--port", String(port), "--save", "", "--dir", dir], { stdio: "ignore" })
  const children = new Map()
  const answer = (child) =>
    new Promise((done, fail) => {
      child.once("message", done)
      child.once("exit", () => fail(new Error("a client has ended")))
    }).finally(() => child.removeAllListeners())
  try {
    const processes = Map.groupBy(order.map((name) => ({ name, ...clients[name] })), ({ how }) => how)
    for (const together of processes.values()) {
      const child = fork(import.meta.filename, ["client", String(port), JSON.stringify(together)])
      for (const { name } of together) children.set(name, child)
      await answer(child)
    }
    const ask = async (name, title) => {
      children.get(name).send({ name, title, count })
      return (await answer(children.get(name))).micros
    }
    const orders = ordersOf(order)
    for (const title of titles) {
      for (let i = 0; i < 5; i++) for (const name of order) await ask(name, title)
      for (let round = 0; round < rounds; round++) {
        const costs = {}
        for (const name of orders[round % orders.length]) costs[name] = await ask(name, title)
        each(title, costs)
      }
    }
  } finally {
    for (const child of new Set(children.values())) child.kill()
    server.kill()
    rmSync(dir, { recursive: true, force: true })
  }
}

const measure = async () => {
  const usage =
    "npm run bench:telemetry -- --before FOLDER [--now FOLDER] [--rounds 360] [--commands 4000] [--only TEXT]"
  const values = optionsOf(usage, {
    before: { type: "string" },
    now: { type: "string", default: join(import.meta.dirname, "../dist") },
    rounds: { type: "string", default: "360" },
    commands: { type: "string", default: "4000" },
    only: { type: "string", default: "" }
  })
  if (values.before === undefined) endWith("--before FOLDER is missing: the build before", usage)
  const clients = {
    before: { folder: values.before, how: "" },
    off: { folder: values.now, how: "" },
    on: { folder: values.now, how: "traced" }
  }
  const names = Object.keys(clients)
  const titles = Object.keys(workloads).filter((each) => each.includes(values.only))
  const found = new Map(titles.map((title) => [title, []]))
  // What starts first is slower for as long as it runs, so each order of starts has its own processes.
  const orders = ordersOf(names)
  const each = Math.max(1, Math.round(Number(values.rounds) / orders.length))
  for (const order of orders) {
    await session(clients, order, titles, each, Number(values.commands), (title, costs) => found.get(title).push(costs))
  }
  console.log(
    `${"µs of a processor".padEnd(24)}${names.map((name) => name.padStart(9)).join("")}  off/before  on/before`
  )
  for (const [title, rounds] of found) {
    const ratio = (name) => median(rounds.map((costs) => costs[name] / costs.before)).toFixed(3)
    const columns = names.map((name) => median(rounds.map((costs) => costs[name])).toFixed(2).padStart(9)).join("")
    console.log(`${title.padEnd(24)}${columns}${ratio("off").padStart(12)}${ratio("on").padStart(11)}`)
  }
}

if (process.argv[2] === "client") await work(process.argv[3], JSON.parse(process.argv[4]))
else await measure()
