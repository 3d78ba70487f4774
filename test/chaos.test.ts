/**
 * How the harness of chaos/ judges messages: which are lost, and which of these were told by a gap; and what it records of
 * a run for pictures.
 */
import { assert, describe, it } from "@effect/vitest"
import { lossesOf } from "../chaos/applications/messages.ts"
import type { Result } from "../chaos/play.ts"
import { recordingOf, timelineOfAll, timelineOfOne } from "../chaos/recording.ts"
import { reportPage } from "../chaos/report.ts"

const gap = undefined

describe("the judgement of messages", () => {
  it("finds nothing where everything came in order, with or without gaps", () => {
    assert.deepStrictEqual(lossesOf([0, 1, 2], [0, 1, 2]), { lost: 0, untold: 0, disorder: 0 })
    assert.deepStrictEqual(lossesOf([0, 1, 2], [0, gap, 1, 2, gap]), { lost: 0, untold: 0, disorder: 0 })
  })

  it("counts a loss as told only if a gap stands between the messages around it", () => {
    assert.deepStrictEqual(lossesOf([0, 1, 2, 3], [0, gap, 3]), { lost: 2, untold: 0, disorder: 0 })
    assert.deepStrictEqual(lossesOf([0, 1, 2, 3], [0, 3, gap]), { lost: 2, untold: 2, disorder: 0 })
    assert.deepStrictEqual(lossesOf([0, 1, 2, 3], [gap, 0, 3]), { lost: 2, untold: 2, disorder: 0 })
    assert.deepStrictEqual(lossesOf([0, 1, 2, 3], [0, gap, 1, 3]), { lost: 1, untold: 1, disorder: 0 })
  })

  it("counts losses before the first message and after the last one", () => {
    assert.deepStrictEqual(lossesOf([0, 1, 2], [1]), { lost: 2, untold: 2, disorder: 0 })
    assert.deepStrictEqual(lossesOf([0, 1, 2], [gap, 1, gap]), { lost: 2, untold: 0, disorder: 0 })
    assert.deepStrictEqual(lossesOf([0, 1], []), { lost: 2, untold: 2, disorder: 0 })
    assert.deepStrictEqual(lossesOf([0, 1], [gap]), { lost: 2, untold: 0, disorder: 0 })
  })

  it("asks nothing of messages that were not acknowledged", () => {
    assert.deepStrictEqual(lossesOf([0, 3], [0, 2, 3]), { lost: 0, untold: 0, disorder: 0 })
  })

  it("counts messages that come again, or after a later one", () => {
    assert.deepStrictEqual(lossesOf([0, 1, 2], [0, 2, 1]), { lost: 0, untold: 0, disorder: 1 })
    assert.deepStrictEqual(lossesOf([0, 1], [0, 1, 1, 0]), { lost: 0, untold: 0, disorder: 2 })
  })
})

/** A run of one client: it writes every 10 ms, and not between 200 and 900 ms after the fault. */
const result: Result = {
  fault: { name: "planned failover", moves: true, strike: async () => {} },
  client: "ours",
  begin: 5000,
  settledAt: 6500,
  servers: undefined,
  afterReport: undefined,
  afterRole: undefined,
  readPause: 0,
  lateMillis: 0,
  accusations: [],
  fences: [{ from: 1000, to: 1500 }, { from: 5180, to: 5890 }, { from: 6400, to: undefined }],
  sightings: [
    { at: 4000, what: "+selected-slave slave of an earlier failover" },
    { at: 5010, what: "+sdown slave 127.0.0.1:3 127.0.0.1 3 @ mymaster 127.0.0.1 1" },
    { at: 5020, what: "+try-failover master mymaster 127.0.0.1 1" },
    { at: 5080, what: "+selected-slave slave 127.0.0.1:2 127.0.0.1 2 @ mymaster 127.0.0.1 1" },
    { at: 5085, what: "+selected-slave slave 127.0.0.1:2 127.0.0.1 2 @ mymaster 127.0.0.1 1" },
    { at: 5870, what: "ROLE" },
    { at: 5880, what: "REPORTED" },
    { at: 5881, what: "+switch-master mymaster 127.0.0.1 1 127.0.0.1 2" }
  ],
  verdict: {
    acknowledged: 0,
    pause: 700,
    pauseFrom: 5200,
    errors: new Map(),
    readErrors: new Map(),
    reads: 0,
    readPauseAfter: () => 0,
    unresolved: 0,
    missing: 2,
    excess: 0,
    firstAfter: (at) => at + 20,
    times: {
      kept: Array.from({ length: 300 }, (_, i) => 3500 + i * 10).filter((at) => at < 5200 || at >= 5900),
      lost: [5190, 5199],
      failed: [5210]
    }
  }
}

describe("the recording of a run", () => {
  const recording = recordingOf(result, "Redis 7.0.15")

  it("has all writes in parts of time, from one second before the fault on", () => {
    assert.deepStrictEqual([recording.fromMillis, recording.eachMillis], [-1000, 50])
    const at = (millis: number): ReadonlyArray<number> => {
      const i = (millis - recording.fromMillis) / recording.eachMillis
      return [recording.acknowledged[i]!, recording.failed[i]!, recording.lost[i]!]
    }
    assert.deepStrictEqual([at(-1000), at(150), at(200), at(850), at(900)], [
      [5, 0, 0],
      [5, 0, 2],
      [0, 1, 0],
      [0, 0, 0],
      [5, 0, 0]
    ])
  })

  it("has the first of each event since the fault, and what the client and the servers did for how long", () => {
    assert.deepStrictEqual(recording.events.map(({ atMillis, text }) => `${atMillis} ${text}`), [
      "0 planned failover",
      "20 +try-failover",
      "80 +selected-slave 127.0.0.1:2",
      "881 +switch-master to 127.0.0.1:2",
      "870 a replica says it is a primary",
      "880 a sentinel names the new primary",
      "900 first write at the new primary",
      "1500 all nodes follow the new primary"
    ])
    assert.deepStrictEqual(recording.spans, [
      { kind: "failover", fromMillis: 20, toMillis: 880 },
      { kind: "fence", fromMillis: 180, toMillis: 890 },
      { kind: "fence", fromMillis: 1400, toMillis: undefined },
      { kind: "pause", fromMillis: 200, toMillis: 900 }
    ])
    assert.deepStrictEqual(JSON.parse(JSON.stringify(recording)).events, recording.events)
  })

  it("gives a lane to each client, and to each run of one", () => {
    const timeline = timelineOfAll([recording, recording, { ...recording, client: "other", lost: [0], failed: [0] }])
    assert.deepStrictEqual(timeline.lanes.map(({ name, result, tone }) => `${name}: ${result}: ${tone}`), [
      "ours: 2 lost, 1 failed, longest pause 700 ms: bad",
      "ours, run 2: 2 lost, 1 failed, longest pause 700 ms: bad",
      "other: 0 lost, 0 failed, longest pause 700 ms: good"
    ])
    assert.lengthOf(timeline.events.filter(({ kind }) => kind === "fault"), 1)
    assert.strictEqual(timeline.counts.filter(({ lane }) => lane === "ours").reduce((n, { lost }) => n + lost, 0), 2)
    assert.deepStrictEqual(timelineOfOne(recording).lanes, [timeline.lanes[0]!])
  })

  it("is on a page that says which promises were broken", () => {
    const cells = ["planned failover", "ours", "100"]
    const page = (broken: ReadonlyArray<string>) =>
      reportPage(
        [{ recording, cells, broken }, { recording: { ...recording, client: "ioredis" }, cells, broken: ["theirs"] }],
        [{ fault: "a kill", client: "ioredis", message: "it <hung>" }],
        ["fault", "client", "writes"],
        "today"
      )
    assert.include(page([]), "This library kept every promise.")
    assert.include(page([]), "a kill, ioredis: no result: it &lt;hung&gt;")
    assert.notInclude(page([]), "theirs")
    assert.include(page(["2 acknowledged writes are missing"]), "This library broke a promise.")
    assert.include(
      page(["2 acknowledged writes are missing"]),
      "planned failover, ours: 2 acknowledged writes are missing"
    )
  })
})
