/** What the simulation demands of subscriptions, scripts, transactions, groups, queues and readers: planted violations. */
import { assert, describe, it } from "@effect/vitest"
import { check } from "../simulation/Checker.ts"
import type { Call, Execution, Handled, Heard, History } from "../simulation/History.ts"
import { report } from "../simulation/Report.ts"
import { generate, type Scenario } from "../simulation/Scenario.ts"
import { shrink } from "../simulation/Shrink.ts"
import { run } from "../simulation/World.ts"

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
