/** What the simulation demands of subscriptions, scripts, transactions, groups, queues and readers: planted violations. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { goingOn, isCalled } from "../simulation/applications/damage.ts"
import { checkSubscriptions } from "../simulation/applications/subscriptions.ts"
import { check } from "../simulation/Checker.ts"
import type { Call, Execution, Handled, Heard, History } from "../simulation/History.ts"
import { report } from "../simulation/Report.ts"
import { generate, type Scenario } from "../simulation/Scenario.ts"
import { shrink } from "../simulation/Shrink.ts"
import { run } from "../simulation/World.ts"
import { Errors } from "../src/index.ts"

const scenario: Scenario = {
  ...generate(3),
  // Without flushes and with batches, as the numbers of the seed say.
  seed: 4,
  workers: 2,
  operations: 20,
  duration: 1500,
  calm: true,
  faults: [],
  applications: { subscribers: 2, scripts: 2, transfers: 2, group: 2, queue: 2, readers: 2, pops: 1 }
}

let ran: Promise<History> | undefined
const quiet = async (): Promise<History> => {
  const history = await (ran ??= run(scenario))
  const [violation] = check(history)
  if (violation !== undefined) assert.fail(report(history, violation))
  return history
}

const brokenIn = (history: History): ReadonlyArray<string> => check(history).map(({ promise }) => promise)

describe("the checks of applications", () => {
  it("a subscription", async () => {
    const promise = "a subscription keeps its order, and tells its gaps"
    const history = await quiet()
    const index = history.subscriptions.findIndex(({ items, opened }) => items.length > 5 && opened !== Infinity)
    const changed = (change: (items: ReadonlyArray<Heard>) => ReadonlyArray<Heard>): History => ({
      ...history,
      subscriptions: history.subscriptions.map((s, i) => i === index ? { ...s, items: [...change(s.items)] } : s)
    })
    const gapless = history.subscriptions[index]!.items.findIndex((item, i, all) =>
      i > 0 && item.payload !== undefined && all[i - 1]?.payload !== undefined && all[i + 1]?.payload !== undefined
    )
    assert.isAbove(gapless, 0)
    const at = gapless
    // One is missing, two are swapped, one comes twice, one was never published, one too many is told.
    assert.include(brokenIn(changed((items) => items.toSpliced(at, 1))), promise)
    assert.include(
      brokenIn(changed((items) => items.toSpliced(at, 2, items[at + 1]!, items[at]!))),
      promise
    )
    assert.include(brokenIn(changed((items) => items.toSpliced(at, 0, items[at]!))), promise)
    assert.include(
      brokenIn(changed((items) => items.toSpliced(at, 0, { ...items[at]!, payload: "p1" }))),
      promise
    )
    assert.include(
      brokenIn(changed((items) => items.toSpliced(at, 0, { at: items[at]!.at, payload: undefined, missed: 1 }))),
      promise
    )
    // What is missing where anything may be missing is told.
    assert.notInclude(
      brokenIn(changed((items) => items.toSpliced(at, 1, { at: items[at]!.at, payload: undefined }))),
      promise
    )
    // A second connection of a client is sent everything twice.
    const delivery = history.deliveries.find(({ client }) => client === history.subscriptions[index]!.client)!
    const again = Array.from({ length: 3 }, (_, i) => ({ ...delivery, session: 1000 + i }))
    assert.include(brokenIn({ ...history, deliveries: [...history.deliveries, ...again] }), promise)
  }, 120_000)

  it("a subscription begins with the request for its names, and has no hole after that", () => {
    /** What is wrong where its connection sent this, before and after it asked for its name, and it heard that. */
    const wrong = (before: ReadonlyArray<string>, after: ReadonlyArray<string>, heard: ReadonlyArray<string>) => {
      const place = { at: 10, client: "c0", node: "n0", session: 1 }
      const deliveries = [...before, "", ...after].map((payload, serial) =>
        ({ ...place, serial, kind: "message", name: "ch0", payload }) as const
      )
      const [request] = deliveries.splice(before.length, 1)
      const history = {
        scenario,
        calls: [],
        deliveries,
        executions: [{ ...place, serial: request!.serial, name: "SUBSCRIBE", args: ["SUBSCRIBE", "ch0"], reply: null }],
        subscriptions: [{
          client: "c0",
          number: 1,
          channels: ["ch0"],
          patterns: [],
          isAlone: true,
          begun: 5,
          opened: 10,
          closed: 20,
          items: heard.map((payload) => ({ at: 10, kind: "message", name: "ch0", payload }))
        }]
      }
      const texts: Array<string> = []
      checkSubscriptions(history as unknown as History, (_, text) => void texts.push(text))
      return texts.join()
    }
    assert.strictEqual(wrong([], ["a", "b", "c"], ["a", "b", "c"]), "")
    // All of it within one millisecond: what was sent before was for another subscription.
    assert.strictEqual(wrong(["x", "y"], ["a", "b", "c"], ["a", "b", "c"]), "")
    assert.strictEqual(wrong(["b"], ["a", "b", "c"], ["a", "b", "c"]), "")
    assert.include(wrong([], ["b", "a", "b", "c"], ["a", "b", "c"]), "out of order")
    assert.include(wrong(["x"], ["a", "b", "c"], ["x", "a", "b", "c"]), "which no node sent to it")
    assert.include(wrong(["x"], ["a", "b", "c"], ["a", "c"]), "1 are missing")
    assert.include(wrong(["x"], ["a", "b", "c", "d"], ["a", "d"]), "2 are missing")
    assert.include(wrong(["x"], ["a", "b", "c"], ["b", "a", "c"]), "out of order")
  })

  it("a stream that ends by itself is complained about, unless its request was damaged", async () => {
    const refused = new Errors.ReplyError({ code: "ERR", detail: "ERR syntax error", command: "XREAD" })
    const outcomeOf = async (first: Effect.Effect<unknown, unknown>, damaged = "c0 XREAD") => {
      const complaints: Array<string> = []
      let begun = 0
      const stage = {
        isDamaged: (party: string, word: string) => `${party} ${word}` === damaged,
        complain: (text: string) => void complaints.push(text)
      }
      const effect = Effect.suspend(() => begun++ === 0 ? first : Effect.fail("over"))
      await Effect.runPromise(goingOn(stage, { name: "c0" }, "it", effect))
      return { begun, complaint: complaints.join() }
    }
    // It begins again, and then ends for another reason.
    const again = await outcomeOf(Effect.fail(refused))
    assert.strictEqual(again.begun, 2)
    assert.include(again.complaint, "over")
    for (
      const [first, damaged] of [
        [Effect.fail(refused), ""],
        [Effect.fail(refused), "c1 XREAD"],
        [Effect.fail(refused), "c0 BLPOP"],
        [Effect.fail(new Errors.AmbiguousOutcome({ command: "XREAD", cause: "x" }))],
        [Effect.die(refused)],
        [Effect.void]
      ] as const
    ) {
      const { begun, complaint } = await outcomeOf(first, damaged)
      assert.strictEqual(begun, 1)
      assert.include(complaint, "it ended by itself")
    }
  })

  it("a request is damaged whose name has two words", () => {
    const words = ["*3", "$5", "XINFO", "$6", "STREAM", "$4", "jobs"]
    assert.isTrue(isCalled(words, "XINFO STREAM"))
    assert.isFalse(isCalled(words, "XINFO GROUPS"))
    assert.isFalse(isCalled(words, "XREAD"))
  })

  it("a script", async () => {
    const promise = "a script is loaded when it is missing, once"
    const history = await quiet()
    const script = history.calls.find((c) => c.kind === "script" && c.write && c.outcome?.tag === "ok")!
    const calls = (change: Partial<Call>): History => ({
      ...history,
      calls: history.calls.map((c) => c === script ? { ...c, ...change } : c)
    })
    assert.include(
      brokenIn(calls({ outcome: { tag: "rejected", error: "NOSCRIPT No matching script" }, batch: undefined })),
      promise
    )
    assert.include(
      brokenIn(calls({ outcome: { tag: "unexecuted", error: "x" } })),
      "what was not executed was not executed"
    )
    const load = history.executions.findLast((e) => e.name === "SCRIPT" && e.args[1]?.toUpperCase() === "LOAD")!
    const used = history.executions.findLastIndex((e) => e.session === load.session && e.node === load.node)
    const serial = history.executions[used]!.serial
    assert.include(
      brokenIn({ ...history, executions: history.executions.toSpliced(used, 0, { ...load, serial }) }),
      promise
    )
    const log = history.final.get("counts") as ReadonlyArray<string>
    assert.include(
      brokenIn({ ...history, final: new Map([...history.final, ["counts", [...log, log[0]!]]]) }),
      "nothing is applied twice"
    )
  }, 120_000)

  it("a transaction that watches", async () => {
    const promise = "a watch is never applied to data that changed"
    const history = await quiet()
    const final = (key: string, value: ReadonlyArray<string> | number): ReadonlyArray<string> =>
      brokenIn({ ...history, final: new Map([...history.final, [key, value]]) })
    const ledger = history.final.get("ledger") as ReadonlyArray<string>
    assert.isAbove(ledger.length, 2)
    assert.include(final("ledger", ledger.toSpliced(1, 1)), promise)
    assert.include(final("ledger", [...ledger, ledger.at(-1)!]), promise)
    assert.include(final("ledgers", ledger.length + 1), promise)
    assert.include(final("account0", 1_000_000), promise)
  }, 120_000)

  it("jobs in a stream and in a list", async () => {
    const history = await quiet()
    for (const  of of["jobs", "mails"]) {
      const once = (h: Handled): boolean => history.handled.filter(({ job }) => job === h.job).length === 1
      const done = history.handled.find((h) => h.of === of && h.outcome === "done" && once(h))!
      const handled = (change: (h: Handled) => Handled | undefined): History => ({
        ...history,
        handled: history.handled.map((h) => h.job === done.job ? change(h) : h).filter((h) => h !== undefined)
      })
      const lost = of === "jobs" ? "every job is processed" : "no acknowledged write is lost in a planned failover"
      assert.include(brokenIn(handled(() => undefined)), lost)
      assert.include(brokenIn(handled((h) => ({ ...h, outcome: "failed" }))), lost)
      assert.include(
        brokenIn({
          ...history,
          told: [],
          handled: [...history.handled, { ...done, isRepeated: false, begin: done.end + 1 }]
        }),
        "what comes twice is told"
      )
      assert.include(
        brokenIn({
          ...history,
          handled: [{ ...done, end: done.begin + 10 }, { ...done, isRepeated: true, begin: done.begin + 5 }]
        }),
        "a job has one handler at a time"
      )
      const leftOver = history.leftOver.get(of)!
      const left = (change: Partial<typeof leftOver>): ReadonlyArray<string> =>
        brokenIn({ ...history, leftOver: new Map([...history.leftOver, [of, { ...leftOver, ...change }]]) })
      assert.include(left({ pending: ["1-1"] }), "every job is processed")
      assert.include(left({ dead: [...leftOver.dead, done.job] }), "every job is processed")
      const life = history.lives.find((l) => l.of === of)!
      assert.include(
        brokenIn({ ...history, lives: history.lives.map((l) => l === life ? { ...l, failure: "x" } : l) }),
        "every job is processed"
      )
    }
    // A consumer has had an entry for a while when its handler begins: what is told meanwhile counts.
    const done = history.handled.find((h) => h.of === "jobs" && h.outcome === "done")!
    const given = history.executions.findLast((e) =>
      e.name === "XREADGROUP" && e.client === done.client && e.at <= done.begin &&
      JSON.stringify(e.reply).includes(done.entry)
    )!
    const twice = (toldAt: number): ReadonlyArray<string> =>
      brokenIn({
        ...history,
        handled: [
          { ...done, begin: given.at + 20, end: given.at + 20 },
          { ...done, consumer: "another", begin: given.at + 21, end: given.at + 21 }
        ],
        told: [{ at: toldAt, of: "jobs", consumer: "another", what: "Redelivered", entries: [done.entry] }]
      })
    assert.include(twice(given.at - 1), "what comes twice is told")
    assert.notInclude(twice(given.at + 10), "what comes twice is told")
    const ack = history.executions.find((e) => e.name === "XACK" && e.args[1] === "jobs")!
    const early: Execution = { ...ack, at: 0 }
    assert.include(
      brokenIn({ ...history, executions: [early, ...history.executions] }),
      "an entry is acknowledged once it is processed"
    )
  }, 120_000)

  it("readers of a stream, and elements that are popped", async () => {
    const history = await quiet()
    const promise = "a reader of a stream misses nothing untold"
    const index = history.readers.findIndex(({ isLast, items }) => isLast && items.length > 4)
    const changed = (change: (items: History["readers"][number]["items"]) => History["readers"][number]["items"]) =>
      brokenIn({
        ...history,
        readers: history.readers.map((r, i) => i === index ? { ...r, items: change(r.items) } : r)
      })
    assert.include(changed((items) => items.toSpliced(2, 1)), promise)
    assert.include(changed((items) => items.toSpliced(2, 2, items[3]!, items[2]!)), promise)
    assert.include(changed((items) => items.slice(0, -1)), promise)
    const lost = "what popStream loses is told"
    const popped = (change: (items: History["poppings"][number]["items"]) => History["poppings"][number]["items"]) =>
      brokenIn({ ...history, poppings: history.poppings.map((p) => ({ ...p, items: change(p.items) })) })
    assert.include(popped((items) => items.slice(1)), lost)
    assert.include(popped((items) => [...items, ...items.slice(0, 1)]), lost)
  }, 120_000)

  it("a failing scenario loses the applications that do not matter", async () => {
    const small: Scenario = { ...scenario, workers: 1, operations: 4, duration: 400 }
    const violation = { promise: "every job is processed", text: "for the test", at: 0, call: undefined } as const
    const { history } = await shrink(
      small,
      violation,
      (h) => h.scenario.applications?.transfers === undefined ? [] : [violation]
    )
    assert.deepStrictEqual(history.scenario.applications, { transfers: 1 })
  }, 240_000)
})
