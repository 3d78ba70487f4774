/**
 * Runs clients against hostile servers, in memory and over sockets, until the
 * servers have given a number of replies. Prints each problem with the seed and
 * the number of the case that shows it, and compares the memory in use in the
 * second half with that in the first.
 *
 *   npm run fuzz -- [--seed 1] [--replies 1000000] [--only CASE]
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as References from "effect/References"
import { Worker } from "node:worker_threads"
import { optionsOf } from "../scripts/options.ts"
import { drive, VirtualClock } from "../simulation/Clock.ts"
import { type Carrier, memory, sockets } from "./Carriers.ts"
import { Chance, seedOf } from "./Chance.ts"
import { placed, plansOf } from "./Hostile.ts"
import { play, type Times } from "./Load.ts"

const values = optionsOf("npm run fuzz -- [--seed 1] [--replies 1000000] [--only CASE]", {
  seed: { type: "string", default: "1" },
  replies: { type: "string", default: "1000000" },
  only: { type: "string" }
})
const seed = Number(values.seed)
const wanted = Number(values.replies)
const only = values.only === undefined ? undefined : Number(values.only)
if (![seed, wanted, only ?? 0].every((n) => Number.isSafeInteger(n) && n >= 0)) {
  console.error("--seed, --replies and --only must be whole numbers")
  process.exit(1)
}
const gc = (globalThis as { gc?: () => void }).gc
if (gc === undefined) throw new Error("run it with --expose-gc")

/** One case in this many runs over sockets, in real time. */
const oneOverSockets = 8
const virtual: Times = { timeout: 400, limit: 60_000 }
const real: Times = { timeout: 60, limit: 10_000 }

let current = -1
let broken = 0
const failed = (index: number, what: string): void => {
  broken++
  process.exitCode = 1
  if (broken > 20) process.exit(1)
  console.log(`case ${index}: ${what}\n  npm run fuzz -- --seed ${seed} --only ${index}`)
}

process.on("uncaughtException", (error) => failed(current, `uncaught: ${error.stack ?? String(error)}`))
process.on("unhandledRejection", (error) => failed(current, `unhandled: ${String(error)}`))

/** Detects from outside an operation that blocks the event loop for ever. */
const progress = new Int32Array(new SharedArrayBuffer(8))
const watchdog = new Worker(
  `const { workerData } = require("node:worker_threads")
   const progress = new Int32Array(workerData.buffer)
   let before = -1
   setInterval(() => {
     const now = Atomics.load(progress, 0)
     if (now === before) {
       require("node:fs").writeSync(1, "case " + Atomics.load(progress, 1) + " hangs\\n  npm run fuzz -- --seed " + workerData.seed + " --only " + Atomics.load(progress, 1) + "\\n")
       process.kill(process.pid, "SIGKILL")
     }
     before = now
   }, 60000)`,
  { eval: true, workerData: { buffer: progress.buffer, seed } }
)
watchdog.unref()

const told = only === undefined ? undefined : (line: string) => console.log(`  ${line}`)

const inMemory = async (index: number, chance: Chance): Promise<number> => {
  const clock = new VirtualClock()
  const carrier = memory(clock, chance.fork(), placed(plansOf(chance)))
  const { fiber, stopped } = await drive(clock, seed, play(chance, carrier, virtual, told), 3_600_000)
  if (stopped !== undefined) {
    fiber.interruptUnsafe()
    failed(index, `it is ${stopped}`)
    return carrier.world.replies
  }
  for (const what of await Effect.runPromise(Fiber.join(fiber))) failed(index, what)
  if (carrier.open() !== 0) failed(index, `${carrier.open()} connections are left`)
  // Discards what the servers still send.
  while (clock.jump()) await new Promise<void>((resolve) => process.nextTick(resolve))
  if (carrier.open() !== 0) failed(index, `${carrier.open()} connections are left in the end`)
  return carrier.world.replies
}

const overSockets = (index: number, chance: Chance): Promise<number> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function*() {
        const carrier: Carrier = yield* sockets(chance.fork(), plansOf(chance))
        for (const what of yield* play(chance, carrier, real, told)) failed(index, what)
        if (carrier.open() !== 0) failed(index, `${carrier.open()} sockets are left`)
        return carrier.world.replies
      })
    ).pipe(Random.withSeed(seed), Effect.provideService(References.MinimumLogLevel, "None"))
  )

const run = async (index: number): Promise<number> => {
  current = index
  Atomics.store(progress, 1, index)
  Atomics.add(progress, 0, 1)
  const chance = new Chance(seedOf(seed, index))
  return index % oneOverSockets === oneOverSockets - 1 ? overSockets(index, chance) : inMemory(index, chance)
}

/** How many timers and sockets are left after closed ones have disappeared. */
const remaining = async (): Promise<number> => {
  let left = 0
  for (let turn = 0; turn < 200; turn++) {
    left = process.getActiveResourcesInfo().filter((name) => name === "Timeout" || name === "TCPSocketWrap").length
    if (left === 0) break
    await new Promise((resolve) => setImmediate(resolve))
  }
  return left
}

const mega = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MB`

if (only !== undefined) {
  console.log(`case ${only}: ${await run(only)} replies, ${broken} problems`)
} else {
  const began = Date.now()
  const held: Array<{ readonly at: number; readonly heap: number; readonly rss: number; readonly timers: number }> = []
  let replies = 0
  let next = wanted / 20
  let index = 0
  while (replies < wanted && broken < 20) {
    replies += await run(index++)
    if (replies < next) continue
    next += wanted / 20
    const timers = await remaining()
    gc()
    gc()
    const { heapUsed, rss } = process.memoryUsage()
    held.push({ at: replies, heap: heapUsed, rss, timers })
    if (process.env["CI"] === undefined) {
      console.log(
        `${String(replies).padStart(9)} replies, ${index} cases, ${Math.round((Date.now() - began) / 1000)} s: ` +
          `heap ${mega(heapUsed)}, RSS ${mega(rss)}, ${timers} timers and sockets`
      )
    }
  }
  const median = (numbers: Array<number>): number => numbers.sort((a, b) => a - b)[numbers.length >> 1] ?? 0
  // The first tenth warms up the compiler and the caches.
  const half = held.length >> 1
  const first = held.slice(Math.min(2, half - 1), half)
  const second = held.slice(half)
  const heap = [median(first.map((h) => h.heap)), median(second.map((h) => h.heap))] as const
  const rss = [median(first.map((h) => h.rss)), median(second.map((h) => h.rss))] as const
  console.log(
    `${replies} replies in ${index} cases, ${Math.round((Date.now() - began) / 1000)} s; ` +
      `heap ${mega(heap[0])} in the first half and ${mega(heap[1])} in the second, RSS ${mega(rss[0])} and ${
        mega(rss[1])
      }`
  )
  const left = await remaining()
  if (left > 0) failed(index, `${left} timers or sockets are left`)
  // A short run is not meaningful for memory.
  if (replies >= 100_000) {
    if (heap[1] > heap[0] * 1.1 + 4 * 1024 * 1024) failed(index, "the heap grows")
    if (rss[1] > rss[0] * 1.2 + 16 * 1024 * 1024) failed(index, "the resident memory grows")
  }
  console.log(broken === 0 ? "no problem found" : `${broken} problems found`)
}
await watchdog.terminate()
