/**
 * The screen of `watch`, drawn from recorded states: it fits every size, nothing overlaps, no text of a server breaks
 * out of it.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Address from "../src/Address.ts"
import { printable, type Style, widthOf } from "../src/cli/lines.ts"
import { frame, plainEntry, statusLine } from "../src/cli/watchFrame.ts"
import { Recording, unasked, unseen } from "../src/internal/watching/recording.ts"
import type { State } from "../src/Topology.ts"

const plain: Style = { hasColors: false, hasUnicode: true }
const start = Date.UTC(2026, 0, 31, 12, 0, 0)

const address = (text: string): Address.Address => Address.parse(text, 6379) as Address.Address

const stateOf = (primary: string | undefined, epoch: number, more: Partial<State> = {}): State => ({
  group: "mymaster",
  primary: primary === undefined ? undefined : address(primary),
  epoch,
  isProvisional: false,
  replicas: ["10.0.0.1:6379", "10.0.0.2:6379", "10.0.0.3:6379"].filter((each) => each !== primary).map((each) => ({
    address: address(each),
    flags: new Set(["slave"]),
    isHealthy: true,
    isLinkUp: true,
    offset: 1000,
    priority: 100,
    label: undefined
  })),
  sentinels: ["10.0.1.1:26379", "10.0.1.2:26379", "10.0.1.3:26379"].map((each) => ({
    address: address(each),
    isReachable: true,
    epoch,
    isSubscribed: true,
    distanceMillis: 1
  })),
  fence: undefined,
  isIsolated: false,
  lastChange: undefined,
  ...more
})

/** A recording of a group that fails over 10 seconds after its start, with the fence closed from 9 to 10 seconds. */
const recorded = (group = "mymaster", until = 20): Recording => {
  const recording = new Recording({
    group,
    time: { now: () => start, of: (at) => at },
    startedAt: start,
    bucketMillis: 1000,
    pauseMillis: 250
  })
  recording.onState(stateOf("10.0.0.1:6379", 4), start)
  recording.startProbe(start)
  for (let second = 1; second <= until; second++) {
    const now = start + second * 1000
    const primary = second < 10 ? "10.0.0.1:6379" : "10.0.0.2:6379"
    if (second === 9) {
      recording.onEvent({
        from: "10.0.1.1:26379",
        name: "+selected-slave",
        detail: "slave 10.0.0.2:6379 10.0.0.2 6379 @ mymaster 10.0.0.1 6379",
        subject: address("10.0.0.2:6379")
      }, now)
      const fence = { since: now, from: "10.0.1.1:26379", sign: "+selected-slave", candidate: address("10.0.0.2:6379") }
      recording.onState(stateOf("10.0.0.1:6379", 4, { fence }), now)
    }
    if (second === 10) recording.onState(stateOf("10.0.0.2:6379", 5), now)
    for (const node of ["10.0.0.1:6379", "10.0.0.2:6379", "10.0.0.3:6379"]) {
      recording.onNode({
        ...unseen(node),
        role: node === primary ? "primary" : "replica",
        isReachable: true,
        answeredAt: now,
        follows: node === primary ? undefined : primary,
        isLinkUp: node === primary ? undefined : true,
        offset: 1_000_000 + second * 1000,
        clients: 12,
        version: "Redis 7.0.15",
        writesPerSecond: second === 9 ? 0 : 1204
      }, now)
    }
    for (const sentinel of ["10.0.1.1:26379", "10.0.1.2:26379", "10.0.1.3:26379"]) {
      recording.onSentinel({
        ...unasked(sentinel),
        isReachable: true,
        askedAt: now,
        answeredAt: now,
        isMonitoring: true,
        names: primary,
        epoch: second < 10 ? 4 : 5
      }, now)
    }
    for (let i = 0; second !== 9 && i < 10; i++) recording.onAcknowledged(now + 100 * i)
  }
  return recording
}

const at = (second: number): number => start + second * 1000

describe("the screen of watch", () => {
  it("fits every size", () => {
    const recording = recorded()
    recording.onState(stateOf("10.0.0.2:6379", 5, { isIsolated: true }), at(20))
    for (let columns = 1; columns <= 130; columns += 4) {
      for (let rows = 1; rows <= 45; rows += 6) {
        const lines = frame(recording, at(20), { columns, rows }, plain)
        assert.strictEqual(lines.length, rows)
        for (const line of lines) assert.isAtMost(widthOf(line), columns)
      }
    }
  })

  it("shows the group, the fence, the nodes and the last minute on 80 columns", () => {
    const text = frame(recorded(), at(20), { columns: 80, rows: 30 }, plain).join("\n")
    assert.match(text, /^mymaster  primary 10\.0\.0\.2:6379  epoch 5 +\d\d:\d\d:20$/m)
    assert.match(text, /^fence    open; last closed for 1\.0 s at \d\d:\d\d:09 \(\+selected-slave\)$/m)
    assert.match(text, /^writes   1,204\/s; probe paused for 1\.1 s at most, 0 lost, 0 failed, 190 written$/m)
    assert.match(text, /^NODE +ROLE +LAG +WRITES\/S +CLIENTS +SERVER +STATE$/m)
    assert.match(text, /^10\.0\.0\.2:6379 +primary +1,204 +12 +Redis 7\.0\.15 +ok$/m)
    assert.match(text, /^10\.0\.0\.1:6379 +replica +0 B +12 +Redis 7\.0\.15 +ok$/m)
    assert.match(text, /^writes\/s +█{8}▁█{11}$/m)
    assert.match(text, /^fence +·+██·{10}$/m)
    assert.match(text, /^moved +·+◆·{10}$/m)
    assert.match(text, /the primary moved from 10\.0\.0\.1:6379 to 10\.0\.0\.2:6379, epoch 5/)
    assert.match(text, /first write at 10\.0\.0\.2:6379 after a pause of 1100 ms/)
    assert.match(text, /^q quits$/m)
  })

  it("leaves out columns where there is no room, the least important first", () => {
    const text = frame(recorded(), at(20), { columns: 44, rows: 30 }, plain).join("\n")
    assert.match(text, /^NODE +ROLE +LAG +WRITES\/S +STATE$/m)
    assert.match(text, /^10\.0\.0\.1:6379 +replica +0 B +ok$/m)
    assert.match(text, /^writes\/s +█/m)
    assert.match(text, /^fence    open; last closed for 1\.0 s at ?\n {9}\d\d:\d\d:09 \(\+selected-slave\)$/m)
    assert.match(frame(recorded(), at(20), { columns: 36, rows: 30 }, plain).join("\n"), /^NODE +ROLE +LAG +STATE$/m)
  })

  it("shows why the fence is closed, and for how long", () => {
    const text = frame(recorded("mymaster", 9), at(9) + 320, { columns: 110, rows: 30 }, plain).join("\n")
    assert.match(
      text,
      /^fence    closed for 320 ms: \+selected-slave, promotes 10\.0\.0\.2:6379, by 10\.0\.1\.1:26379$/m
    )
    assert.match(text, /probe pauses for 420 ms now/)
  })

  it("shows nodes that do not answer, have no link, or say something else than the sentinels", () => {
    const recording = recorded()
    const seen = { ...unseen(""), isReachable: true, answeredAt: at(20) }
    recording.onNode({ ...seen, address: "10.0.0.2:6379", isReachable: false, answeredAt: at(17) }, at(20))
    recording.onNode({ ...seen, address: "10.0.0.1:6379", role: "primary" }, at(20))
    recording.onNode(
      { ...seen, address: "10.0.0.3:6379", role: "replica", isLinkUp: false, follows: "10.0.0.9:1" },
      at(20)
    )
    const text = frame(recording, at(20), { columns: 100, rows: 30 }, plain).join("\n")
    assert.match(text, /^10\.0\.0\.2:6379 +primary .*no answer for 3\.0 s$/m)
    assert.match(text, /^10\.0\.0\.1:6379 +replica .*says it is a primary$/m)
    assert.match(text, /^10\.0\.0\.3:6379 +replica .*no link to 10\.0\.0\.9:1$/m)
  })

  it("shows sentinels that do not answer, do not monitor the group, or name another primary", () => {
    const recording = recorded()
    const [first, second, third] = Array.from(recording.sentinels.values())
    recording.onSentinel({ ...first!, isReachable: false, problem: "no answer in time" }, at(22))
    recording.onSentinel({ ...second!, askedAt: at(22), answeredAt: at(22), isMonitoring: false }, at(22))
    recording.onSentinel({ ...third!, askedAt: at(22), answeredAt: at(22), names: "10.0.0.3:6379" }, at(22))
    const shown = () => frame(recording, at(23), { columns: 90, rows: 40 }, plain).join("\n")
    assert.match(shown(), /^10\.0\.1\.1:26379 +no answer for 3\.0 s$/m)
    assert.match(shown(), /^10\.0\.1\.2:26379 +1 ms +does not monitor mymaster$/m)
    assert.match(shown(), /^10\.0\.1\.3:26379 +5 +1 ms +names 10\.0\.0\.3:6379$/m)
    assert.include(
      statusLine(recording, at(23)),
      "1 of 3 sentinels monitor it (1 without an answer, 1 does not, 1 of them names another primary)"
    )
    recording.onSentinel({ ...third!, askedAt: at(23), answeredAt: at(23), isMonitoring: false }, at(23))
    assert.match(shown(), /^fence +open, but most sentinels do not monitor the group/m)
  })

  it("shows a group of which nothing is known", () => {
    const recording = new Recording({
      group: "mymaster",
      time: { now: () => start, of: (at) => at },
      startedAt: start,
      bucketMillis: 1000,
      pauseMillis: 250
    })
    const text = frame(recording, start, { columns: 80, rows: 24 }, plain).join("\n")
    assert.match(text, /^mymaster  no primary is known/m)
    assert.match(text, /^no sentinel is known$/m)
  })

  it("has colours only where the terminal has them, and ASCII only where it has no more", () => {
    const size = { columns: 80, rows: 30 }
    assert.include(frame(recorded(), at(20), size, { ...plain, hasColors: true }).join("\n"), "\u001b[32m")
    assert.notInclude(frame(recorded(), at(20), size, plain).join("\n"), "\u001b")
    const ascii = frame(recorded(), at(20), size, { hasColors: false, hasUnicode: false }).join("\n")
    // oxlint-disable-next-line no-control-regex
    assert.match(ascii, /^[\u0020-\u007e\n]*$/)
    assert.match(ascii, /^fence +\.+##\.+$/m)
  })

  it("lets no text of a server break out of its line", () => {
    const hostile = "a\u001b[2J\r\nb\u202e字\u{1f600}"
    const recording = recorded(hostile)
    recording.onEvent({ from: "10.0.1.1:26379", name: "+tilt", detail: hostile, subject: undefined }, at(20))
    recording.onNode({ ...unseen("10.0.0.2:6379"), isReachable: true, problem: hostile, role: "primary" }, at(20))
    const lines = frame(recording, at(20), { columns: 80, rows: 30 }, plain)
    assert.strictEqual(lines.length, 30)
    // oxlint-disable-next-line no-control-regex
    for (const line of [...lines, statusLine(recording, at(20)), plainEntry(recording.entries.at(-1)!)]) {
      // oxlint-disable-next-line no-control-regex
      assert.notMatch(line, /[\u0000-\u001f\u007f-\u009f\u202e]/)
    }
    assert.strictEqual(widthOf(printable("字")), 2)
  })
})

describe("the lines of watch", () => {
  it("tell the state and what happens", () => {
    const recording = recorded()
    assert.match(
      statusLine(recording, at(20)),
      /^\d\d:\d\d:20\.000  primary 10\.0\.0\.2:6379 epoch 5, fence open, 1,204 writes\/s, 2 of 2 replicas healthy, 3 of 3 sentinels monitor it, probe 190 written 0 failed 0 lost$/
    )
    const event = recording.entries.find(({ kind }) => kind === "sentinel")!
    assert.match(plainEntry(event), /^\d\d:\d\d:09\.000  \+selected-slave 10\.0\.0\.2:6379  10\.0\.1\.1:26379$/)
  })
})

describe("a recording", () => {
  it("has one entry for the same event of several sentinels, and another one when it happens again", () => {
    const recording = recorded()
    const before = recording.entries.length
    const event = { name: "+sdown", detail: "", subject: address("10.0.0.3:6379") }
    for (const from of ["a", "b", "c"]) recording.onEvent({ ...event, from }, at(21))
    assert.deepStrictEqual(recording.entries.slice(before).map(({ from, text }) => [text, from]), [
      ["+sdown 10.0.0.3:6379", ["a", "b", "c"]]
    ])
    recording.onEvent({ ...event, from: "a" }, at(22))
    recording.onEvent({ ...event, from: "b" }, at(40))
    assert.strictEqual(recording.entries.length, before + 3)
  })

  it("does not grow without end", () => {
    const recording = recorded()
    for (let i = 0; i < 5000; i++) {
      recording.note({ at: at(i), kind: "node", text: String(i) })
      recording.onAcknowledged(at(20 + i))
      recording.onChecked(at(20 + i), "10.0.0.2:6379", 1, [{ value: String(i), at: at(20 + i) }])
    }
    assert.isAtMost(recording.entries.length, 1000)
    assert.isAtMost(recording.buckets.length, 1200)
    assert.isAtMost(recording.pauses.length, 200)
    assert.isAtMost(recording.lost.length, 100)
    assert.strictEqual(recording.probe?.lost, 5000)
  })
})
