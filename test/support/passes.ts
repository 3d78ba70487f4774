/** Simulated deployments that keep every promise, one scenario or a hundred seeds. */
import { assert, it } from "@effect/vitest"
import { check } from "../../simulation/Checker.ts"
import type { History } from "../../simulation/History.ts"
import { report } from "../../simulation/Report.ts"
import { generate, type Scenario } from "../../simulation/Scenario.ts"
import { run } from "../../simulation/World.ts"

/** Runs a scenario, and fails with a report if it breaks a promise. */
export const passes = async (scenario: Scenario): Promise<History> => {
  const history = await run(scenario)
  const [violation] = check(history)
  if (violation !== undefined) assert.fail(report(history, violation))
  return history
}

/** A test of a hundred seeds. Each hundred has a file of its own, so that they run side by side. */
export const hundredPass = (from: number): void =>
  it(`seeds ${from} to ${from + 99} keep every promise`, async () => {
    for (let seed = from; seed < from + 100; seed++) {
      const history = await passes(generate(seed))
      assert.isAtLeast(history.calls.length, 500)
      // Where all that happens is planned, one failover is enough: what is asked for then is that nothing is lost.
      assert.isAtLeast(history.scenario.faults.length, history.scenario.planned === true ? 1 : 3)
    }
  }, 600_000)
