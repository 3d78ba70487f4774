/**
 * Shrinks a failing scenario while it still fails in the same way: first fewer
 * faults, then fewer workers and operations.
 */
import { check } from "./Checker.ts"
import type { History } from "./History.ts"
import type { Applications, Scenario } from "./Scenario.ts"
import type { Violation } from "./Violation.ts"
import { run } from "./World.ts"

export interface Shrunk {
  readonly history: History
  readonly violation: Violation
}

const without = (scenario: Scenario, name: keyof Scenario): Scenario => {
  const { [name]: _, ...rest } = scenario
  return rest as Scenario
}

/** The smallest failing scenario that was found, and its history. `find` gives the broken promise of a scenario. */
export const shrink = async (
  scenario: Scenario,
  violation: Violation,
  find: (history: History) => ReadonlyArray<Violation> = check
): Promise<Shrunk> => {
  const attempt = async (smaller: Scenario): Promise<Shrunk | undefined> => {
    const history = await run(smaller)
    const found = find(history).find((v) => v.promise === violation.promise)
    return found === undefined ? undefined : { history, violation: found }
  }
  let best: Shrunk = (await attempt(scenario))!
  const consider = async (smaller: Scenario): Promise<boolean> => {
    const found = await attempt(smaller)
    if (found === undefined) return false
    best = found
    return true
  }
  // Leaves out halves, then quarters, ..., then single faults.
  for (let size = Math.ceil(best.history.scenario.faults.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < best.history.scenario.faults.length;) {
      const { faults } = best.history.scenario
      const fewer = [...faults.slice(0, at), ...faults.slice(at + size)]
      if (!await consider({ ...best.history.scenario, faults: fewer })) at += size
    }
  }
  for (let again = true; again;) {
    again = false
    const now = best.history.scenario
    const applications = now.applications ?? {}
    const names = Object.keys(applications) as Array<keyof Applications>
    for (
      const smaller of [
        { ...now, clients: 1 },
        without(now, "consumers"),
        ...names.map((name) => {
          const { [name]: _, ...rest } = applications
          return Object.keys(rest).length === 0 ? without(now, "applications") : { ...now, applications: rest }
        }),
        ...names.filter((name) => applications[name]! > 1).map((name) => ({
          ...now,
          applications: { ...applications, [name]: applications[name]! - 1 }
        })),
        without(now, "born"),
        without(now, "farMillis"),
        without(now, "minimal"),
        { ...now, workers: Math.ceil(now.workers / 2), operations: Math.ceil(now.operations / 2) },
        { ...now, workers: now.workers - 1, operations: Math.ceil(now.operations * (now.workers - 1) / now.workers) },
        { ...now, replicas: now.replicas - 1 },
        { ...now, connections: 1 },
        { ...now, latencyMillis: [0, 0] as const },
        { ...now, lagMillis: [0, 0] as const }
      ]
    ) {
      if (JSON.stringify(smaller) === JSON.stringify(now) || smaller.workers < 1) continue
      // If reads are observed, a replica that dies must leave another one.
      if (smaller.replicas < (now.probed === true ? 2 : 1)) continue
      if (await consider(smaller)) {
        again = true
        break
      }
    }
  }
  return best
}
