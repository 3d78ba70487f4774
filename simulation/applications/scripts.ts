/**
 * Scripts: clients that call them alone and in batches, on primaries and replicas, while an operator removes them from
 * the servers; and what must be true of the calls, of the loads and of the data.
 *
 * The counter is the length of the log, to which each call adds what it counted.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Script from "../../src/Script.ts"
import type { Call, Execution, History, Party, Stage } from "../History.ts"
import { Dice, pausesOf } from "../Scenario.ts"
import { type Broken, isError, show } from "../Violation.ts"

export const counter = "counted"
export const log = "counts"

const lua = `
local n = redis.call("INCR", KEYS[1])
redis.call("RPUSH", KEYS[2], ARGV[1] .. ":" .. n)
return n
`
const keys = ["counter", "log"] as const
const args = { tag: Schema.String }

const count = Script.make({ name: "count", keys, args, result: Schema.Int, lua })
const countAgain = Script.make({
  name: "again",
  keys,
  args,
  result: Schema.Int,
  lua: `-- again${lua}`,
  repeatable: true
})
const look = Script.make({
  name: "look",
  keys: ["counter"],
  args,
  result: Schema.Int,
  mode: "read",
  lua: `return tonumber(redis.call("GET", KEYS[1]) or "0") + 0 * string.len(ARGV[1])`
})

/** Calls scripts, again and again, while the workload lasts. */
export const caller = (stage: Stage, party: Party, worker: number): Effect.Effect<void> =>
  Effect.gen(function*() {
    const dice = new Dice(stage.scenario.seed * 1009 + worker)
    const flushes = flushesOf(stage.scenario.seed)
    const batches = batchesOf(stage.scenario.seed)
    for (const [i, pause] of pausesOf(stage.scenario, dice, 35).entries()) {
      const id = (worker * 1000 + i + 1) * 10
      const kind = dice.weighted({ one: 6, again: 2, look: 2, replica: 2, pipeline: batches, transaction: batches })
      if (flushes && dice.chance(0.05)) yield* Effect.exit(party.primary.scriptFlush())
      yield* act(stage, party, worker, id, kind)
      yield* Effect.sleep(pause)
    }
  })

const flushesOf = (seed: number): boolean => seed % 3 === 0
const batchesOf = (seed: number): number => seed % 2 === 0 ? 2 : 0

const inputOf = (id: number) => ({ counter, log, tag: `x${id}` })

const act = (
  stage: Stage,
  { name, primary, replica, ...party }: Party,
  worker: number,
  id: number,
  kind: "one" | "again" | "look" | "replica" | "pipeline" | "transaction"
): Effect.Effect<unknown> =>
  Effect.suspend((): Effect.Effect<unknown> => {
    const begin = (id: number, more: Partial<Call> = {}): Call =>
      stage.call({ name, primary, replica, ...party }, worker, {
        id,
        kind: "script",
        key: log,
        write: kind !== "look" && kind !== "replica",
        replica: kind === "replica",
        repeatable: kind === "again",
        ...(more.batch === undefined ? {} : { batch: more.batch })
      })
    switch (kind) {
      case "one":
        return Effect.exit(stage.watched(begin(id), primary.script(count)(inputOf(id))))
      case "again":
        return Effect.exit(stage.watched(begin(id), primary.script(countAgain)(inputOf(id))))
      case "look":
        return Effect.exit(stage.watched(begin(id), primary.script(look)({ counter, tag: `x${id}` })))
      case "replica":
        return Effect.exit(stage.watched(begin(id), replica.script(look)({ counter, tag: `x${id}` })))
      case "pipeline": {
        const calls = [0, 1].map((index) => begin(id + index, { batch: { id, index } }))
        return Effect.exit(Effect.onExit(
          primary.pipelineResults([count(inputOf(id)), count(inputOf(id + 1))]),
          (exit) =>
            Effect.sync(() =>
              calls.forEach((call, i) => {
                if (Exit.isFailure(exit)) return stage.ended(call, stage.outcomeOf(exit))
                const result = exit.value[i]!
                stage.ended(
                  call,
                  stage.outcomeOf(Result.isSuccess(result) ? Exit.succeed(result.success) : Exit.fail(result.failure))
                )
              })
            )
        ))
      }
      case "transaction": {
        const calls = [0, 1].map((index) => begin(id + index))
        return Effect.exit(Effect.onExit(
          primary.transaction([count(inputOf(id)), count(inputOf(id + 1))]),
          (exit) =>
            Effect.sync(() =>
              calls.forEach((call, i) =>
                stage.ended(call, Exit.isSuccess(exit) ? { tag: "ok", value: exit.value[i] } : stage.outcomeOf(exit))
              )
            )
        ))
      }
    }
  })

/** No caller hears that a script is missing; it is loaded where it is; and each call has counted once. */
export const checkScripts = (history: History, broken: Broken): void => {
  const promise = "a script is loaded when it is missing, once"
  const calls = history.calls.filter(({ kind }) => kind === "script")
  if (calls.length === 0) return
  const isFlushed = flushesOf(history.scenario.seed)
  for (const call of calls) {
    const { outcome } = call
    if (outcome?.tag !== "rejected" || !outcome.error.includes("NOSCRIPT")) continue
    // Somebody may remove a script after the other commands of a batch were executed.
    if (isFlushed && call.batch !== undefined) continue
    broken(promise, `the caller was told that it is missing: ${show(call)}`, call.end, call)
  }
  checkLoads(history, broken)
  const list = history.final.get(log)
  if (!Array.isArray(list)) return
  const times = new Map<string, number>()
  for (const [i, entry] of list.entries()) {
    const [id, n] = String(entry).split(":") as [string, string]
    times.set(id, (times.get(id) ?? 0) + 1)
    if (Number(n) !== i + 1) {
      broken("nothing is applied twice", `${id} counted ${n}, and is number ${i + 1} of the log`, Infinity)
      break
    }
  }
  for (const call of calls) {
    const n = times.get(`x${call.id}`) ?? 0
    if (n > 1 && !call.repeatable) broken("nothing is applied twice", `${n} times: ${show(call)}`, call.end, call)
    if (n === 0 && call.write && call.outcome?.tag === "ok" && history.scenario.planned === true) {
      broken("no acknowledged write is lost in a planned failover", `${show(call)} is not in the log`, call.end, call)
    }
  }
}

/** A script is loaded once on a connection, and, unless batches need it, once at a node, until the node lacks it again. */
const checkLoads = (history: History, broken: Broken): void => {
  const promise = "a script is loaded when it is missing, once"
  const isAlone = batchesOf(history.scenario.seed) === 0
  /** When a connection was last used. */
  const used = new Map<string, number>()
  for (const { node, serial, session } of history.executions) used.set(`${node} ${session}`, serial)
  const last = new Map<string, Execution>()
  const missed = new Map<string, number>()
  const flushed = new Map<string, number>()
  for (const execution of history.executions) {
    const { args, client, name, node, reply, serial, session } = execution
    if (isError(execution) && (reply as { error: string }).error.startsWith("NOSCRIPT")) {
      missed.set(`${client} ${node}`, serial)
    }
    if (name === "SCRIPT" && args[1]?.toUpperCase() === "FLUSH") flushed.set(node, execution.at)
    if (name !== "SCRIPT" || args[1]?.toUpperCase() !== "LOAD") continue
    for (const [place, isEach] of [[`${node} ${session}`, true], [`${client} ${node}`, isAlone]] as const) {
      const key = `${place} ${String(reply)}`
      const before = last.get(key)
      last.set(key, execution)
      if (!isEach || before === undefined || (missed.get(`${client} ${node}`) ?? -1) > before.serial) continue
      // What was sent before the script was removed may be refused after it was loaded again.
      if (execution.at - (flushed.get(node) ?? -Infinity) < 1000) continue
      // Its reply may have been lost with the connection.
      if (used.get(`${node} ${before.session}`)! < serial) continue
      broken(promise, `${client} loaded it at ${node} at ${before.at}, and again without need`, execution.at)
      return
    }
  }
}
