/**
 * Plays one fault for one client on a deployment of its own, and gives what was measured. main.ts decides which faults and
 * clients, and prints; recording.ts makes data for pictures of it.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { type Deployment, deployment, tlsFiles } from "../test/support/processes.ts"
import type { Driver, Handle } from "./clients.ts"
import { type Fault, type Scene, sleep, until } from "./faults.ts"
import { Load, type Verdict } from "./load.ts"
import { type Credentials, type Sighting, Witness } from "./witness.ts"

export interface Result {
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
  /** When the fault began, when all nodes followed one primary again, and what was seen; times of `performance.now`. */
  readonly begin: number
  readonly settledAt: number
  readonly sightings: ReadonlyArray<Sighting>
  readonly fences: ReadonlyArray<{ readonly from: number; readonly to: number | undefined }>
}

export interface PlayOptions {
  /** For how long each writer rests after a write. Default 0: it writes as fast as the client can. */
  readonly paceMillis?: number | undefined
  /** For how long the work goes on once all is in order. Default 0. */
  readonly afterMillis?: number | undefined
}

export const play = (
  fault: Fault,
  driver: Driver,
  options: PlayOptions = {}
): Effect.Effect<Result, never, Scope.Scope> =>
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
    return yield* Effect.promise(() => measure(fault, driver, d, witness, credentials, handle, options))
  })

const measure = async (
  fault: Fault,
  driver: Driver,
  d: Deployment,
  witness: Witness,
  credentials: Credentials,
  handle: Handle,
  { afterMillis = 0, paceMillis = 0 }: PlayOptions
): Promise<Result> => {
  const accusations: Array<string> = []
  const load = new Load(handle, paceMillis)
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
  const settledAt = performance.now()
  const count = load.acknowledged
  await until("writes afterwards", 25_000, async () => load.acknowledged > count + 200).catch(() => {})
  await sleep(afterMillis)
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
    accusations,
    begin,
    settledAt,
    sightings: [...witness.sightings],
    fences: handle.fences?.() ?? []
  }
}
