/**
 * Optimistic transactions: clients that read a counter and accounts under WATCH and write what they computed, while
 * others change them; and what must be true of the data.
 *
 * The counter is the length of the ledger, to which each transaction adds what it had read: its position.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { commands } from "../../src/index.ts"
import type { History, Party, Stage } from "../History.ts"
import { Dice, pausesOf } from "../Scenario.ts"
import type { Broken } from "../Violation.ts"

export const counter = "ledgers"
export const ledger = "ledger"
export const accounts: ReadonlyArray<string> = ["account0", "account1", "account2"]
/** What an account has that nobody has used yet. */
const opening = 100

/** Transfers an amount, again and again, while the workload lasts. */
export const transferrer = (stage: Stage, party: Party, worker: number): Effect.Effect<void> =>
  Effect.gen(function*() {
    const dice = new Dice(stage.scenario.seed * 1009 + worker)
    for (const [i, pause] of pausesOf(stage.scenario, dice, 25).entries()) {
      const id = (worker * 1000 + i + 1) * 10
      const [from, to] = dice.chance(0.5) ? [accounts[0]!, accounts[1]!] : [accounts[1]!, accounts[2]!]
      const amount = dice.int(1, 30)
      const thinking = dice.chance(0.3) ? dice.int(1, 40) : 0
      yield* transfer(stage, party, worker, id, from, to, amount, thinking)
      yield* Effect.sleep(pause)
    }
  })

const transfer = (
  stage: Stage,
  party: Party,
  worker: number,
  id: number,
  from: string,
  to: string,
  amount: number,
  thinking: number
): Effect.Effect<void> =>
  Effect.suspend(() => {
    const call = stage.call(party, worker, { id, kind: "watch", key: ledger, write: true, patience })
    return party.primary.watch([counter, from, to], (watched) =>
      Effect.gen(function*() {
        const [count, paying, receiving] = yield* watched.mget([counter, from, to])
        if (thinking > 0) yield* Effect.sleep(thinking)
        const position = Number(count ?? 0)
        return [
          commands.set(counter, position + 1),
          commands.set(from, Number(paying ?? opening) - amount),
          commands.set(to, Number(receiving ?? opening) + amount),
          commands.rpush(ledger, `e${id}:${position}`)
        ]
      })).pipe(
        Effect.onExit((exit) =>
          Effect.sync(() => {
            stage.ended(call, Exit.isSuccess(exit) ? { tag: "ok", value: exit.value[3] } : stage.outcomeOf(exit))
          })
        ),
        Effect.exit,
        Effect.asVoid
      )
  })

/** How much longer than one command all attempts may take, in milliseconds. */
const patience = 60_000

/** Each transaction wrote what follows from what is there, at most once. */
export const checkTransfers = (history: History, broken: Broken): void => {
  const promise = "a watch is never applied to data that changed"
  const list = history.final.get(ledger)
  if (!Array.isArray(list)) return
  for (const [i, entry] of list.entries()) {
    const [, id, position] = /^e(\d+):(\d+)$/.exec(String(entry)) ?? []
    if (Number(position) === i) continue
    broken(
      promise,
      `the transaction of #${id} read ${position} and became number ${i} of the ledger`,
      Infinity,
      history.calls.find((call) => call.id === Number(id))
    )
    break
  }
  const count = Number(history.final.get(counter) ?? 0)
  if (count !== list.length) broken(promise, `${counter} is ${count}, but the ledger has ${list.length}`, Infinity)
  const values = accounts.map((name) => history.final.get(name)).map((value) =>
    value === null ? opening : Number(value)
  )
  const sum = values.reduce((a, b) => a + b, 0)
  if (sum !== accounts.length * opening) broken(promise, `the accounts have ${values.join(", ")}`, Infinity)
  if (history.scenario.planned !== true) return
  for (const call of history.calls) {
    if (call.kind !== "watch" || call.outcome?.tag !== "ok") continue
    if (!list.some((entry) => String(entry).startsWith(`e${call.id}:`))) {
      broken(
        "no acknowledged write is lost in a planned failover",
        `watch #${call.id} is not in the ledger`,
        call.end,
        call
      )
    }
  }
}
