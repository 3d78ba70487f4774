/**
 * Runs clients through faults on real processes: a primary, two replicas, three
 * sentinels, 32 writers, 16 readers of replicas. Prints what the clients lost.
 *
 *   npm run chaos                     runs every fault with this library
 *   npm run chaos -- --peers          also runs ioredis and node-redis
 *   npm run chaos -- --only TEXT --runs N
 *   npm run chaos -- --short          runs the faults that CI runs, and a little of each kind of work
 *   npm run chaos -- --work           runs the kinds of work of applications/run.ts in place of the faults
 *   npm run chaos -- --work --only workers --entries 100000 --failovers 20 --outage 30 --runs N
 *
 * `--client TEXT` selects the clients whose name contains a text. `--outage` is in seconds.
 *
 * "reads" is the longest time without a read of a replica from the fault on.
 *
 * Exits with 1 if this library broke a promise: an acknowledged write is
 * missing although the fault allows no loss, a counter exceeds the acknowledged
 * and ambiguous increments, an operation never ended, or an error is not one of
 * the library's own.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import { execFileSync } from "node:child_process"
import { join } from "node:path"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { parseArgs } from "node:util"
import { type Deployment, deployment, tlsFiles } from "../test/support/processes.ts"
import { runWork } from "./applications/run.ts"
import type { Size } from "./applications/work.ts"
import { type Driver, type Handle, hasPeers, ioredis, nodeRedis, ours } from "./clients.ts"
import { type Fault, faults, type Scene, sleep, until } from "./faults.ts"
import { Load, type Verdict } from "./load.ts"
import { type Credentials, Witness } from "./witness.ts"

const { values: options } = parseArgs({
  options: {
    peers: { type: "boolean", default: false },
    short: { type: "boolean", default: false },
    work: { type: "boolean", default: false },
    entries: { type: "string" },
    failovers: { type: "string" },
    outage: { type: "string" },
    only: { type: "string", default: "" },
    client: { type: "string", default: "" },
    runs: { type: "string", default: "1" }
  }
})

interface Result {
  readonly fault: Fault
  readonly client: string
  readonly verdict: Verdict
  /** The servers' own pause: from `+try-failover` until a sentinel first reported the new address. */
  readonly servers: number | undefined
  /** From a sentinel's first report of the new address to the first write acknowledged after it. */
  readonly afterReport: number | undefined
  /** The same, counted from when a replica first reported the role of primary. */
  readonly afterRole: number | undefined
  /** The longest time without a read from the fault on. */
  readonly readPause: number
  /** How old a sign of a failover may have been when it was read: the distance of a sentinel, and a standstill of this process. */
  readonly lateMillis: number
  readonly accusations: ReadonlyArray<string>
}

const play = (fault: Fault, driver: Driver): Effect.Effect<Result, never, Scope.Scope> =>
  Effect.gen(function*() {
    const tls = fault.secure === "tls" ? yield* tlsFiles : undefined
    const credentials: Credentials = {
      password: fault.secure === undefined ? undefined : "secret-of-nodes",
      sentinelPassword: fault.secure === undefined ? undefined : "secret-of-sentinels",
      tls
    }
    const d = yield* deployment({ ...fault.options, ...credentials })
    if (fault.early === true) { for (const sentinel of d.sentinels) yield* sentinel.kill }
    const witness = yield* Effect.acquireRelease(
      Effect.sync(() => new Witness(d, credentials)),
      (witness) => Effect.sync(() => witness.stop())
    )
    const handle = yield* Effect.acquireRelease(
      Effect.promise(() => driver.connect({ sentinels: d.sentinelAddresses, group: d.group, ...credentials })),
      (handle) => Effect.promise(() => handle.close())
    )
    return yield* Effect.promise(() => measure(fault, driver, d, witness, credentials, handle))
  })

const measure = async (
  fault: Fault,
  driver: Driver,
  d: Deployment,
  witness: Witness,
  credentials: Credentials,
  handle: Handle
): Promise<Result> => {
  const accusations: Array<string> = []
  const load = new Load(handle)
  const scene: Scene = {
    ...d,
    witness,
    credentials,
    acknowledgedAfter: (at, most) => load.acknowledgedAfter(at, most),
    accuse: (what) => accusations.push(what)
  }
  if (fault.early !== true) {
    await until("the first writes", 20_000, async () => load.acknowledged > 500)
    await sleep(500)
  }
  if (fault.moves) witness.watchMove()
  const begin = performance.now()
  const delays = monitorEventLoopDelay({ resolution: 5 })
  delays.enable()
  await fault.strike(scene)
  const report = (): number | undefined => witness.first("REPORTED", begin)
  if (fault.moves) await until("a sentinel's report", 30_000, async () => report() !== undefined)
  delays.disable()
  const lateMillis = delays.max / 1e6 + (await handle.distanceMillis?.() ?? 0)
  // The old primary keeps its role for ten seconds and more: a client that still writes to it loses those writes.
  let primary = await witness.settled()
  await until("the group in order", 60_000, async () => (primary = await witness.settled()) !== undefined)
  const count = load.acknowledged
  await until("writes afterwards", 25_000, async () => load.acknowledged > count + 200).catch(() => {})
  const verdict = await load.finish(primary!, credentials)
  const since = (at: number | undefined): number | undefined => {
    const first = at === undefined ? undefined : verdict.firstAfter(at)
    return first === undefined ? undefined : first - at!
  }
  const reported = report()
  const tried = witness.first("+try-failover", begin)
  return {
    fault,
    client: driver.name,
    verdict,
    servers: reported === undefined || tried === undefined ? undefined : reported - tried,
    afterReport: since(reported),
    afterRole: since(witness.first("ROLE", begin)),
    readPause: verdict.readPauseAfter(begin),
    lateMillis,
    accusations
  }
}

const counted = (map: ReadonlyMap<string, number>): string =>
  map.size === 0 ? "-" : Array.from(map, ([tag, n]) => `${tag} ${n}`).join(", ")

const shown = (millis: number | undefined): string => millis === undefined ? "-" : String(Math.round(millis))

const known = new Set([
  "AmbiguousOutcome",
  "DeadlineExceeded",
  "PrimaryNotFound",
  "ReplicaNotFound",
  "ConnectFailed",
  "ConnectionLost",
  "SentinelsIsolated"
])

/** Replies to writes that come with a sign of a failover are believed if the sign is no older (docs/failover.md). */
const promptMillis = 35

const broken = ({ accusations, client, fault, lateMillis, verdict }: Result): ReadonlyArray<string> => {
  if (!client.startsWith("ours")) return accusations
  const mayNotFail = Array.from(verdict.errors.keys()).filter((tag) =>
    tag !== "AmbiguousOutcome" || lateMillis <= promptMillis
  )
  const strange = [...verdict.errors.keys(), ...verdict.readErrors.keys()].filter((tag) => !known.has(tag))
  return [
    ...accusations,
    ...(verdict.missing > 0 && fault.mayLose !== true ? [`${verdict.missing} acknowledged writes are missing`] : []),
    ...(verdict.excess > 0 ? [`counters are ${verdict.excess} above what was acknowledged or in doubt`] : []),
    ...(verdict.unresolved > 0 ? [`${verdict.unresolved} operations never ended`] : []),
    ...strange.map((tag) => `an error is not one of the library's own: ${tag}`),
    // A planned failover must cause no error, unless its signs could come too late to believe replies to writes.
    ...(fault.name.includes("planned") && mayNotFail.length > 0 ? [`errors: ${mayNotFail.join(", ")}`] : [])
  ]
}

const drivers: Array<Driver> = [
  ours("ours"),
  ours("ours, promotion", { follow: "promotion" }),
  ours("ours, round-robin", {}, { replicaSelection: "round-robin" })
]
if (options.peers) {
  if (!hasPeers) {
    console.log("Installing the other clients ...")
    execFileSync("npm", ["ci", "--no-fund", "--no-audit"], {
      cwd: join(import.meta.dirname, "../bench"),
      stdio: ["ignore", "ignore", "inherit"]
    })
  }
  drivers.push(ioredis("ioredis", {}), ioredis("ioredis, detector", { failoverDetector: true }), nodeRedis)
}

const line = (...cells: ReadonlyArray<string>): void => {
  const widths = [38, 18, 9, 8, 8, 8, 8, 8, 8, 8]
  console.log(cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" "))
}

/** Selects by exact name, or by a part of the name if no name matches exactly. */
const chosen = ({ name }: Fault): boolean =>
  faults.some((f) => f.name === options.only) ? name === options.only : name.includes(options.only)

let failures = 0
const all: Array<Result> = []

const once = (fault: Fault, driver: Driver): Effect.Effect<void> =>
  Effect.map(Effect.exit(Effect.scoped(play(fault, driver))), (exit) => {
    const isOurs = driver.name.startsWith("ours")
    if (Exit.isFailure(exit)) {
      line(fault.name, driver.name, `no result: ${(Cause.squash(exit.cause) as Error).message}`)
      if (isOurs) failures++
      return
    }
    const result = exit.value
    const { verdict } = result
    all.push(result)
    line(
      fault.name,
      driver.name,
      String(verdict.acknowledged),
      shown(verdict.pause),
      shown(result.servers),
      shown(result.afterReport),
      shown(result.afterRole),
      shown(result.readPause),
      String(verdict.missing),
      String(verdict.excess),
      `${verdict.unresolved}; ${counted(verdict.errors)}; ${counted(verdict.readErrors)}; signs ${
        shown(result.lateMillis)
      } ms old`
    )
    for (const what of broken(result)) {
      if (isOurs) failures++
      console.log(`  BROKEN: ${what}`)
    }
  })

const everything = Effect.gen(function*() {
  line(
    "fault",
    "client",
    "writes",
    "pause",
    "servers",
    "report",
    "role",
    "reads",
    "missing",
    "excess",
    "unresolved; errors; read errors; age of signs"
  )
  for (const fault of faults) {
    if (!chosen(fault) || (options.short && fault.short !== true)) continue
    for (const driver of drivers) {
      if (!driver.name.includes(options.client)) continue
      // `follow` makes no difference if the group does not move.
      if (driver.name === "ours, promotion" && !fault.moves) continue
      // Their writers behave alike.
      if (driver.name === "ours, round-robin" && fault.reads !== true) continue
      for (let i = 0; i < Number(options.runs); i++) yield* once(fault, driver)
    }
  }
})

const summarize = (): void => {
  console.log()
  const median = (list: ReadonlyArray<number | undefined>): string =>
    shown(list.filter((n) => n !== undefined).sort((a, b) => a - b)[Math.floor(list.length / 2)])
  for (const [name, results] of Map.groupBy(all, (r) => `${r.fault.name}, ${r.client}`)) {
    const ratios = results.flatMap((r) => r.servers === undefined ? [] : [r.verdict.pause / r.servers])
    console.log(
      `${name}: median pause ${median(results.map((r) => r.verdict.pause))} ms` +
        (ratios.length === 0
          ? ""
          : `, ${ratios.sort((a, b) => a - b)[Math.floor(ratios.length / 2)]!.toFixed(2)} of the servers' own (most ${
            Math.max(...ratios).toFixed(2)
          })`) +
        `; first write ${median(results.map((r) => r.afterReport))} ms after the report, ${
          median(results.map((r) => r.afterRole))
        } ms after the role; without reads ${median(results.map((r) => r.readPause))} ms, ${
          shown(Math.max(...results.map((r) => r.readPause)))
        } at most; ${results.reduce((n, r) => n + r.verdict.missing, 0)} missing`
    )
  }
}

const size: Size = {
  entries: Number(options.entries ?? (options.short ? 2000 : 100_000)),
  failovers: Number(options.failovers ?? (options.short ? 2 : 20)),
  outageMillis: Number(options.outage ?? (options.short ? 2 : 30)) * 1000,
  short: options.short
}

const work = Effect.map(
  runWork({ only: options.only, client: options.client, peers: options.peers, runs: Number(options.runs), size }),
  (broken) => void (failures += broken)
)

NodeRuntime.runMain(
  Effect.gen(function*() {
    if (!options.work) {
      yield* everything
      if (Number(options.runs) > 1) summarize()
    }
    if (options.work || options.short) yield* work
    console.log(failures === 0 ? "Every promise of this library was kept." : `${failures} promises were broken.`)
    // Abandoned clients of other libraries keep timers.
    process.exit(failures === 0 ? 0 : 1)
  })
)
