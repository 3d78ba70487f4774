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
 * `--client TEXT` selects the clients whose name contains a text. `--outage` is in seconds. `--html FILE` writes a page
 * with a timeline of each fault: the writes of each client, acknowledged, failed and lost.
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
import { execFileSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { optionsOf } from "../scripts/options.ts"
import { chosenPrograms, versionOf } from "../test/support/servers.ts"
import { runWork } from "./applications/run.ts"
import type { Size } from "./applications/work.ts"
import { type Driver, hasPeers, ioredis, nodeRedis, ours } from "./clients.ts"
import { type Fault, faults } from "./faults.ts"
import { play, type Result } from "./play.ts"
import { recordingOf } from "./recording.ts"
import { type Failed, type Reported, reportPage } from "./report.ts"

const options = optionsOf(
  "npm run chaos -- [--peers] [--short] [--work] [--entries N] [--failovers N] [--outage SECONDS] [--only FAULT] [--client NAME] [--runs 1] [--html FILE]",
  {
    peers: { type: "boolean", default: false },
    short: { type: "boolean", default: false },
    work: { type: "boolean", default: false },
    entries: { type: "string" },
    failovers: { type: "string" },
    outage: { type: "string" },
    only: { type: "string", default: "" },
    client: { type: "string", default: "" },
    runs: { type: "string", default: "1" },
    html: { type: "string" }
  }
)

if (options.html !== undefined) {
  if (options.work) {
    console.error("--html draws faults; --work has no timelines.")
    process.exit(2)
  }
  // Fails now, not after all runs, if it cannot be written.
  writeFileSync(options.html, "")
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
const reported: Array<Reported> = []
const withoutResult: Array<Failed> = []
const { product, version } = versionOf(chosenPrograms().server)
const server = `${product === "redis" ? "Redis" : "Valkey"} ${version}`

const once = (fault: Fault, driver: Driver): Effect.Effect<void> =>
  Effect.map(Effect.exit(Effect.scoped(play(fault, driver))), (exit) => {
    const isOurs = driver.name.startsWith("ours")
    if (Exit.isFailure(exit)) {
      const { message } = Cause.squash(exit.cause) as Error
      line(fault.name, driver.name, `no result: ${message}`)
      withoutResult.push({ fault: fault.name, client: driver.name, message })
      if (isOurs) failures++
      return
    }
    const result = exit.value
    const { verdict } = result
    all.push(result)
    const cells = [
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
    ]
    line(...cells)
    if (options.html !== undefined) {
      reported.push({ recording: recordingOf(result, server), cells, broken: broken(result) })
    }
    for (const what of broken(result)) {
      if (isOurs) failures++
      console.log(`  BROKEN: ${what}`)
    }
  })

const columns = [
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
]

const everything = Effect.gen(function*() {
  line(...columns)
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
      if (options.html !== undefined) {
        const args = process.argv.slice(2).map((arg) => /\s/.test(arg) ? `"${arg}"` : arg).join(" ")
        const made = `npm run chaos -- ${args}; ${server}, ${new Date().toISOString()}`
        writeFileSync(options.html, reportPage(reported, withoutResult, columns, made))
      }
    }
    if (options.work || options.short) yield* work
    console.log(failures === 0 ? "Every promise of this library was kept." : `${failures} promises were broken.`)
    // Abandoned clients of other libraries keep timers.
    process.exit(failures === 0 ? 0 : 1)
  })
)
