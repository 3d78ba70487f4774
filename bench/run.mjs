/**
 * Compares this library with other clients. Each client runs in its own process;
 * they take turns on the same server, round by round, and each is warmed up until
 * two measurements agree. Prints operations per second and ratios.
 *
 *   npm run bench
 *   npm run bench -- --json FILE --only TEXT --clients "ours,ioredis auto" --rounds 3 --millis 1000
 *
 * The ratio is the median over the rounds of this library's rate to that of the
 * best other client in the same round.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import { execFileSync, fork, spawn } from "node:child_process"
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import * as Net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { optionsOf } from "../scripts/options.ts"
import { BIG, FIELDS, KEYS, VALUE, workloads } from "./workloads.mjs"

const options = optionsOf(
  `npm run bench -- [--only TEXT] [--clients "ours,ioredis auto"] [--rounds 3] [--millis 1000] [--json FILE]`,
  {
    json: { type: "string" },
    only: { type: "string", default: "" },
    clients: { type: "string", default: "ours,ioredis,ioredis auto,node-redis,valkey-glide,floor" },
    rounds: { type: "string", default: "3" },
    millis: { type: "string", default: "1000" }
  }
)
const rounds = Number(options.rounds)
const millis = Number(options.millis)
if (rounds * millis < 3000) {
  console.log("note: less than three seconds for each workload is enough for a first look only")
}

const here = import.meta.dirname
if (!existsSync(join(here, "node_modules"))) {
  console.log("Installing the other clients ...")
  execFileSync("npm", ["ci", "--no-fund", "--no-audit"], { cwd: here, stdio: ["ignore", "ignore", "inherit"] })
}

const freePort = () =>
  new Promise((resolve) => {
    const server = Net.createServer()
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })

const listening = async (port) => {
  for (;;) {
    const open = await new Promise((resolve) => {
      const socket = Net.connect({ host: "127.0.0.1", port })
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false))
      socket.once("connect", () => socket.destroy())
    })
    if (open) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const dir = mkdtempSync(join(tmpdir(), "effect-redis-sentinel-bench-"))
const servers = []
const start = async (binary, port, config) => {
  const file = join(dir, `${port}.conf`)
  writeFileSync(file, [`port ${port}`, "bind 127.0.0.1", `dir ${dir}`, ...config, ""].join("\n"))
  servers.push(spawn(binary, [file], { stdio: "ignore" }))
  await listening(port)
}

const fill = (port) =>
  new Promise((resolve, reject) => {
    const frame = (args) => `*${args.length}\r\n${args.map((a) => `$${a.length}\r\n${a}\r\n`).join("")}`
    const frames = [
      ...KEYS.map((key) => frame(["SET", key, VALUE])),
      frame(["RPUSH", "list", ...Array.from({ length: 5000 }, () => VALUE)]),
      frame(["HSET", "hash", ...FIELDS.flatMap((f) => [f, VALUE])]),
      frame(["SET", "big", BIG]),
      frame(["PING"])
    ]
    const socket = Net.connect({ host: "127.0.0.1", port })
    let text = ""
    socket.on("data", (chunk) => {
      text += chunk
      if (text.includes("PONG")) {
        socket.destroy()
        resolve()
      }
    })
    socket.once("error", reject)
    socket.write(frames.join(""))
  })

const names = options.clients.split(",")
const median = (list) => list.toSorted((a, b) => a - b)[Math.floor((list.length - 1) / 2)]

const children = new Map()
const ask = (name, job) =>
  new Promise((resolve, reject) => {
    const child = children.get(name)
    child.once("message", resolve)
    child.once("exit", () => reject(new Error(`${name} ended`)))
    child.send(job)
  }).finally(() => children.get(name).removeAllListeners("exit"))

/** Measures for a fifth of a second, at most ten times, until two results in a row differ by less than a tenth. */
const warmUp = async (name, job) => {
  let last = 0
  for (let i = 0; i < 10; i++) {
    const { done, millis: took } = await ask(name, { ...job, millis: 200 })
    const rate = done / took
    if (done === 0 || (last > 0 && Math.abs(rate - last) / last < 0.1)) return
    last = rate
  }
}

const measure = async () => {
  const port = await freePort()
  const sentinelPort = await freePort()
  await start("redis-server", port, ["save \"\"", "appendonly no"])
  await start("redis-sentinel", sentinelPort, [`sentinel monitor bench 127.0.0.1 ${port} 1`])
  await fill(port)
  for (const name of names) {
    const child = fork(join(here, "clients.mjs"), [name, String(port), String(sentinelPort), "bench"])
    children.set(name, child)
    await new Promise((resolve, reject) => {
      child.once("message", resolve)
      child.once("exit", (code) => reject(new Error(`${name} did not start (${code})`)))
    })
    child.removeAllListeners("exit")
  }

  const results = []
  const pad = (text, width) => String(text).padStart(width)
  console.log(
    `${"operations per second".padEnd(32)}${names.map((n) => pad(n, 14)).join("")}${pad("ratio", 8)}  best other`
  )
  for (const [title, workload] of Object.entries(workloads)) {
    if (!title.toLowerCase().includes(options.only.toLowerCase())) continue
    const job = { op: workload.op, inflight: workload.inflight, sentinel: workload.sentinel === true }
    const rates = Object.fromEntries(names.map((name) => [name, []]))
    for (let round = 0; round < rounds; round++) {
      // A different client is first in each round.
      const order = names.map((_, i) => names[(i + round) % names.length])
      for (const name of order) {
        await warmUp(name, job)
        const { done, millis: took } = await ask(name, { ...job, millis })
        if (done > 0) rates[name].push((done * (workload.count ?? 1) * 1000) / took)
      }
    }
    const others = names.filter((name) => name !== "ours" && name !== "floor" && rates[name].length > 0)
    const ratio = median(rates.ours.map((rate, round) => rate / Math.max(...others.map((name) => rates[name][round]))))
    const best = others.reduce((a, b) => (median(rates[b]) > median(rates[a]) ? b : a))
    results.push({ title, rates, ratio, best })
    const cells = names.map((name) => pad(rates[name].length === 0 ? "-" : Math.round(median(rates[name])), 14)).join(
      ""
    )
    console.log(`${title.padEnd(32)}${cells}${pad(ratio.toFixed(2), 8)}  ${best}`)
  }
  if (options.json !== undefined) writeFileSync(options.json, JSON.stringify({ rounds, millis, results }, null, 2))
}

/** Ends all processes, however the run ends. */
const end = Effect.sync(() => {
  for (const child of children.values()) child.kill("SIGKILL")
  for (const server of servers) server.kill("SIGKILL")
  rmSync(dir, { recursive: true, force: true })
})

NodeRuntime.runMain(Effect.ensuring(Effect.promise(measure), end))
