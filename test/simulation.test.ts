/** The seeds of the simulation that once failed, and the checker itself. Hundreds of other seeds are in test/seeds. */
import { assert, describe, it } from "@effect/vitest"
import { check } from "../simulation/Checker.ts"
import type { Call } from "../simulation/History.ts"
import { findViolation, type RegisterOperation } from "../simulation/Linearizability.ts"
import { report } from "../simulation/Report.ts"
import { generate, type Scenario } from "../simulation/Scenario.ts"
import { shrink } from "../simulation/Shrink.ts"
import { run } from "../simulation/World.ts"
import { known } from "./support/known.ts"
import { passes } from "./support/passes.ts"

describe("simulation", () => {
  it("the same seed gives the same history", async () => {
    for (const seed of [3, 7, 11, 19]) {
      const [a, b] = [await run(generate(seed)), await run(generate(seed))]
      assert.deepStrictEqual(a.calls, b.calls)
      assert.deepStrictEqual(a.events, b.events)
      assert.deepStrictEqual(a.executions, b.executions)
    }
  }, 120_000)

  for (const [name, scenario] of Object.entries(known)) it(name, () => passes(scenario))
})

describe("the checker", () => {
  const write = (begin: number, end: number, value: string): RegisterOperation => ({ begin, end, kind: "write", value })
  const read = (begin: number, end: number, value: string): RegisterOperation => ({ begin, end, kind: "read", value })

  it("knows what is linearizable", () => {
    assert.isUndefined(findViolation([]))
    assert.isUndefined(findViolation([write(0, 1, "a"), read(2, 3, "a")]))
    // What the register held before is found by the first read.
    assert.isUndefined(findViolation([read(0, 1, "x"), write(2, 3, "a"), read(4, 5, "a")]))
    assert.isUndefined(findViolation([write(0, 10, "a"), read(1, 2, "x"), read(3, 4, "a")]))
    // A write of which nothing was heard may take effect late, or never.
    assert.isUndefined(findViolation([write(0, 1, "a"), write(2, Infinity, "b"), read(3, 4, "a"), read(5, 6, "b")]))
    assert.isUndefined(findViolation([write(0, 1, "a"), write(2, Infinity, "b"), read(3, 4, "a")]))
  })

  it("knows what is not", () => {
    assert.isDefined(findViolation([write(0, 1, "a"), write(2, 3, "b"), read(4, 5, "a")]))
    assert.isDefined(findViolation([write(0, 1, "a"), read(2, 3, "b")]))
    assert.isDefined(findViolation([read(0, 1, "x"), read(2, 3, "y")]))
    assert.isDefined(findViolation([write(0, 10, "a"), read(1, 2, "a"), read(3, 4, "x")]))
    assert.isDefined(
      findViolation([write(0, 1, "a"), write(2, Infinity, "b"), read(3, 4, "b"), read(5, 6, "a")])
    )
  })

  it("finds each broken promise in a history that was tampered with", async () => {
    const history = await passes({ ...generate(3), faults: [] })
    const tampered = (change: (call: Call) => Partial<Call> | undefined): ReadonlyArray<string> => {
      let once = false
      const calls = history.calls.map((call) => {
        const changed = once ? undefined : change(call)
        if (changed === undefined) return call
        once = true
        return { ...call, ...changed }
      })
      assert.isTrue(once)
      return check({ ...history, calls }).map((v) => v.promise)
    }
    const done = (call: Call, kind: Call["kind"]): boolean => call.kind === kind && call.outcome?.tag === "ok"
    assert.include(
      tampered((c) => done(c, "set") ? { outcome: { tag: "unexecuted", error: "x" } } : undefined),
      "what was not executed was not executed"
    )
    assert.include(
      tampered((c) => done(c, "push") ? { id: 999_999_999 } : undefined),
      "what was acknowledged was executed"
    )
    assert.include(
      tampered((c) => done(c, "range") ? { outcome: { tag: "ok", value: "another's" } } : undefined),
      "a reply is that of its command"
    )
    assert.include(
      tampered((c) => done(c, "incr") ? { outcome: { tag: "unexecuted", error: "x" } } : undefined),
      "nothing is applied twice"
    )
    assert.include(
      tampered((c) => done(c, "get") ? { end: Infinity, outcome: undefined } : undefined),
      "an operation ends in time"
    )
    assert.include(
      tampered((c) => done(c, "set") ? { end: c.due + 1000 } : undefined),
      "an operation ends in time"
    )
    assert.include(
      tampered((c) => done(c, "set") ? { outcome: { tag: "defect", error: "x" } } : undefined),
      "an error is one of ours"
    )
    const push = history.executions.find((e) => e.name === "RPUSH" && e.id !== undefined)!
    assert.include(
      check({ ...history, executions: [...history.executions, push] }).map((v) => v.promise),
      "nothing is applied twice"
    )
    const calm = { ...history, scenario: { ...history.scenario, calm: true } }
    const [offer, pop] = (["push", "pop"] as const).map((kind): Call => ({
      ...history.calls.find((c) => c.outcome?.tag === "ok")!,
      kind,
      id: 77,
      key: "queue",
      reserved: undefined,
      batch: undefined,
      after: undefined,
      outcome: { tag: "ok", value: kind === "push" ? 1 : ["queue", "e77"] }
    }))
    const offered = (calls: ReadonlyArray<Call>, queue: ReadonlyArray<string>): ReadonlyArray<string> =>
      check({ ...calm, calls: [...history.calls, ...calls], final: new Map([...history.final, ["queue", queue]]) })
        .map((v) => v.promise)
    assert.notInclude(offered([offer!, pop!], []), "an element is taken once")
    assert.notInclude(offered([offer!, pop!], []), "no acknowledged write is lost in a planned failover")
    assert.include(offered([offer!, pop!, pop!], []), "an element is taken once")
    assert.include(offered([offer!, pop!], ["e77"]), "an element is taken once")
    assert.include(offered([offer!], []), "no acknowledged write is lost in a planned failover")
    const probed = (times: ReadonlyArray<number>, failed: ReadonlyArray<string> = []): ReadonlyArray<string> =>
      check({ ...history, probes: [{ client: "c0r", fault: "kill", limit: 50, from: 0, to: 100, times, failed }] })
        .map((v) => v.promise)
    assert.notInclude(probed([20, 60, 90]), "reads go on")
    assert.include(probed([20, 90]), "reads go on")
    assert.include(probed([]), "reads go on")
    assert.include(probed([20, 60, 90], ["x"]), "reads go on")
    assert.include(
      check({ ...history, leftovers: ["1 timers"] }).map((v) => v.promise),
      "nothing is left after the Scope"
    )
  })

  it("a failing scenario is shrunk, and reported in readable form", async () => {
    const scenario = generate(0)
    // Whoever waits until it is over takes its pauses for too long.
    const broken: Scenario = { ...scenario, workers: 2, operations: 40 }
    const history = await run(broken)
    const first = history.calls[0]!
    const { history: smaller, violation } = await shrink(broken, {
      promise: "an operation ends in time",
      text: "",
      at: first.begin,
      call: first
    }, (h) => [{ promise: "an operation ends in time", text: "for the test", at: 0, call: h.calls[0] }])
    assert.strictEqual(smaller.scenario.faults.length, 0)
    assert.strictEqual(smaller.scenario.workers, 1)
    const text = report(smaller, violation)
    assert.include(text, `seed ${scenario.seed}`)
    assert.include(text, "for the test")
  }, 60_000)
})
