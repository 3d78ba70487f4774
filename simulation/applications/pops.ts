/**
 * Elements that are popped from a list as a Stream: readers that are slow, are interrupted and begin again; and what must
 * be true of the elements.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Stream from "effect/Stream"
import { Metrics } from "../../src/index.ts"
import type { Execution, History, Party, Popping, Stage } from "../History.ts"
import { Dice, pausesOf } from "../Scenario.ts"
import { type Broken, isError } from "../Violation.ts"
import { goingOn } from "./damage.ts"

export const list = "elements"

/** Pushes elements, one after the other, while the workload lasts. */
export const pusher = (stage: Stage, party: Party, worker: number): Effect.Effect<void> =>
  Effect.gen(function*() {
    const dice = new Dice(stage.scenario.seed * 1009 + worker)
    for (const [i, pause] of pausesOf(stage.scenario, dice, 50).entries()) {
      const id = (worker * 1000 + i + 1) * 10
      const call = stage.call(party, worker, { id, kind: "push", key: list, write: true })
      yield* Effect.exit(stage.watched(call, party.primary.rpush(list, `e${id}`)))
      yield* Effect.sleep(pause)
    }
  })

/** Pops in one life after the other, until `drained`. */
export const popper = (stage: Stage, party: Party, number: number, drained: Effect.Effect<void>): Effect.Effect<void> =>
  Effect.gen(function*() {
    const dice = new Dice(stage.scenario.seed * 1009 + 900 + number)
    for (;;) {
      const popping: Popping = { client: party.name, number, begin: stage.now(), end: Infinity, items: [] }
      stage.poppings.push(popping)
      const slowness = dice.chance(0.3) ? dice.int(1, 60) : 0
      const popped = party.primary.popStream(list, { count: dice.chance(0.4) ? dice.int(2, 5) : 1 }).pipe(
        Stream.runForEach((item) => {
          const at = stage.now()
          if (item._tag === "Popped") popping.items.push({ at, element: item.value, lost: 0 })
          else if (item._tag === "MaybeLost") popping.items.push({ at, element: undefined, lost: item.most })
          return slowness === 0 ? Effect.void : Effect.sleep(slowness)
        })
      )
      const fiber = yield* Effect.forkChild(goingOn(stage, party, `${party.name}: popStream`, popped), {
        startImmediately: true
      })
      const millis = dice.int(200, 2000)
      const isLast = stage.now() + millis > stage.end()
      if (isLast) yield* drained
      else yield* Effect.sleep(millis)
      yield* Fiber.interrupt(fiber)
      popping.end = stage.now()
      if (isLast) return
      yield* Effect.sleep(dice.int(0, 300))
    }
  })

/** How many elements the client has said that may be lost, in all. */
export const lostElements: Effect.Effect<number> = Effect.map(
  Metric.value(Metrics.maybeLostElements),
  ({ count }) => Number(count)
)

/** Waits until the list is empty, for a minute at most. */
export const drainList = (stage: Stage, party: Party): Effect.Effect<void> =>
  Effect.gen(function*() {
    const until = stage.now() + 60_000
    while (stage.now() < until) {
      const length = yield* Effect.orElseSucceed(party.primary.llen(list), () => undefined)
      if (length === 0) return
      yield* Effect.sleep(500)
    }
    stage.complain(`elements of ${list} wait, and nobody pops them`)
  })

const removing = new Set(["BLPOP", "LPOP", "LMPOP", "BLMPOP"])

const elementsOf = ({ name, reply }: Execution): ReadonlyArray<string> => {
  if (!Array.isArray(reply)) return []
  return name.endsWith("MPOP") ? reply[1] as ReadonlyArray<string> : [String(reply[1])]
}

/** Each element that a server removed for a client was given to a reader once, or put back, or said to be lost. */
export const checkPops = (history: History, broken: Broken): void => {
  if (history.poppings.length === 0) return
  const promise = "what popStream loses is told"
  const counts = new Map<string, { popped: number; back: number; given: number; at: number }>()
  const of = (client: string, element: string, at: number) => {
    const key = `${client} ${element}`
    let count = counts.get(key)
    if (count === undefined) counts.set(key, count = { popped: 0, back: 0, given: 0, at })
    return count
  }
  for (const execution of history.executions) {
    if (isError(execution)) continue
    const { args, at, client, name } = execution
    if (removing.has(name) && args.includes(list)) {
      for (const element of elementsOf(execution)) of(client, element, at).popped++
    } else if (name === "LPUSH" && args[1] === list) {
      for (const element of args.slice(2)) of(client, element, at).back++
    }
  }
  for (const { client, items } of history.poppings) {
    for (const { at, element } of items) if (element !== undefined) of(client, element, at).given++
  }
  let lost = 0
  let first: string | undefined
  for (const [key, { at, back, given, popped }] of counts) {
    if (given + back > popped) {
      broken(promise, `${key} was given ${given} times and put back ${back} times, but removed ${popped} times`, at)
      return
    }
    lost += popped - back - given
    if (popped > back + given) first ??= key
  }
  if (history.scenario.planned === true || history.scenario.calm === true) {
    // What was pushed and is not given to anyone is lost as well.
    const given = new Set(history.poppings.flatMap(({ items }) => items.map(({ element }) => element)))
    const missing = history.calls.filter((call) =>
      call.kind === "push" && call.key === list && call.outcome?.tag === "ok" && !given.has(`e${call.id}`)
    )
    if (missing.length > history.lostElements) {
      const text = `${missing.length} were pushed and given to nobody, and ${history.lostElements} were told`
      broken(promise, text, missing[0]!.end, missing[0])
    }
  }
  if (lost > history.lostElements) {
    broken(promise, `${lost} were lost, ${first} first, and ${history.lostElements} were told`, Infinity)
  }
}
