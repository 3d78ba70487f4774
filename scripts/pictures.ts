/**
 * Draws the handbook's pictures from the recorded runs in docs/pictures: `NAME.svg`, and `NAME-narrow.svg` for telephones.
 *
 *   node scripts/pictures.ts              draws them from the recordings
 *   node scripts/pictures.ts --record     plays the runs again on real processes first, with the other clients of bench/
 *   node scripts/pictures.ts --record --only kill
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { type Recording, timelineOfAll, timelineOfOne } from "../chaos/recording.ts"
import { drawTimeline } from "../src/internal/pictures/timeline.ts"
import { drawTopology } from "../src/internal/pictures/topology.ts"
import type { TopologyPicture } from "../src/internal/pictures/types.ts"
import { optionsOf } from "./options.ts"

export const folder = join(import.meta.dirname, "../docs/pictures")

/** The widths of a picture and of the one for telephones. */
const widths = { "": 960, "-narrow": 400 } as const

interface Picture {
  readonly name: string
  readonly draw: (width: number) => string
}

const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"))
const runs = (name: string): ReadonlyArray<Recording> => read(name) as ReadonlyArray<Recording>

const clientNames: Readonly<Record<string, string>> = {
  ours: "this library",
  "ours, promotion": "this library, follow: \"promotion\""
}

const named = (recordings: ReadonlyArray<Recording>): ReadonlyArray<Recording> =>
  recordings.map((recording) => ({ ...recording, client: clientNames[recording.client] ?? recording.client }))

const ours = (name: string): Recording => named(runs(name).filter(({ client }) => client === "ours"))[0]!

const pictures = (): ReadonlyArray<Picture> => [
  {
    name: "failover-planned",
    draw: (width) =>
      drawTimeline(
        timelineOfOne(ours("planned"), {
          title: "A planned failover under 32 writers: no write fails, none is lost",
          fromMillis: -400,
          toMillis: 2400
        }),
        { width }
      )
  },
  {
    name: "failover-kill",
    draw: (width) =>
      drawTimeline(
        timelineOfOne(ours("kill"), {
          title: "kill -9 of the primary under 32 writers",
          fromMillis: -400,
          toMillis: 3200
        }),
        { width }
      )
  },
  {
    name: "clients-planned",
    draw: (width) =>
      drawTimeline(
        timelineOfAll(named(runs("planned")), {
          title: "The same planned failover, for five clients",
          fromMillis: -1000
        }),
        { width }
      )
  },
  {
    name: "clients-kill",
    draw: (width) =>
      drawTimeline(
        timelineOfAll(named(runs("kill")), {
          title: "kill -9 of the primary, for five clients",
          fromMillis: -600,
          toMillis: 4500
        }),
        { width }
      )
  },
  {
    name: "topology",
    draw: (width) => drawTopology(read("topology") as TopologyPicture, { width })
  }
]

/** The files that belong into docs/pictures, with their contents. */
export const drawn = (): ReadonlyArray<{ readonly file: string; readonly svg: string }> =>
  pictures().flatMap(({ draw, name }) =>
    Object.entries(widths).map(([suffix, width]) => ({ file: `${name}${suffix}.svg`, svg: draw(width) }))
  )

/** JSON with lists of numbers in one line. */
const written = (value: unknown): string =>
  `${
    JSON.stringify(value, null, 1).replaceAll(
      /\[\s+(-?[\d.]+(?:,\s+-?[\d.]+)*)\s+\]/g,
      (_, numbers: string) => `[${numbers.replaceAll(/\s+/g, "")}]`
    )
  }\n`

/** An even load, of which the pictures show pauses and losses, and not the speed. */
const evenly = { paceMillis: 10, afterMillis: 2000 }

const record = (only: string): Effect.Effect<void> =>
  Effect.gen(function*() {
    const { faults } = yield* Effect.promise(() => import("../chaos/faults.ts"))
    const clients = yield* Effect.promise(() => import("../chaos/clients.ts"))
    const { play } = yield* Effect.promise(() => import("../chaos/play.ts"))
    const { recordingOf } = yield* Effect.promise(() => import("../chaos/recording.ts"))
    const { topologyDuringFailover } = yield* Effect.promise(() => import("./recordedTopology.ts"))
    const { chosenPrograms, versionOf } = yield* Effect.promise(() => import("../test/support/servers.ts"))
    const { product, version } = versionOf(chosenPrograms().server)
    const server = `${product === "redis" ? "Redis" : "Valkey"} ${version}`
    if (!clients.hasPeers) throw new Error("install the other clients first: npm ci in bench/")
    mkdirSync(folder, { recursive: true })
    const drivers = [
      clients.ours("ours"),
      clients.ours("ours, promotion", { follow: "promotion" }),
      clients.ioredis("ioredis", {}),
      clients.ioredis("ioredis, detector", { failoverDetector: true }),
      clients.nodeRedis
    ]
    const played = { planned: "planned failover", kill: "kill -9 of the primary" } as const
    for (const [name, faultName] of Object.entries(played)) {
      if (!name.includes(only)) continue
      const fault = faults.find((each) => each.name === faultName)!
      const recordings: Array<Recording> = []
      for (const driver of drivers) {
        console.log(`${faultName}, ${driver.name} ...`)
        recordings.push(recordingOf(yield* Effect.scoped(play(fault, driver, evenly)), server))
      }
      writeFileSync(join(folder, `${name}.json`), written(recordings))
    }
    if ("topology".includes(only)) {
      console.log("topology ...")
      writeFileSync(
        join(folder, "topology.json"),
        written(yield* Effect.scoped(topologyDuringFailover(server)))
      )
    }
  })

if (import.meta.main) {
  const options = optionsOf("node scripts/pictures.ts [--record] [--only NAME]", {
    record: { type: "boolean", default: false },
    only: { type: "string", default: "" }
  })
  NodeRuntime.runMain(Effect.gen(function*() {
    if (options.record) yield* record(options.only)
    for (const { file, svg } of drawn()) writeFileSync(join(folder, file), svg)
    // Other clients keep timers.
    process.exit(0)
  }))
}
