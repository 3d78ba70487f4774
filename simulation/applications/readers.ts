/**
 * Readers of a stream as it grows: they begin somewhere, are slow, and begin again where they were; and what must be true
 * of the entries that they got.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { RedisClient } from "../../src/index.ts"
import type { History, Party, Read, Reader, Stage } from "../History.ts"
import { Dice } from "../Scenario.ts"
import type { Broken } from "../Violation.ts"
import { goingOn } from "./damage.ts"
import { groups, stream } from "./groups.ts"

/** Reads until `drained`, and begins again in between, after what it has. */
export const reader = (stage: Stage, party: Party, number: number, drained: Effect.Effect<void>): Effect.Effect<void> =>
  Effect.gen(function*() {
    const dice = new Dice(stage.scenario.seed * 1009 + 950 + number)
    let from: string = dice.chance(0.7) ? "start" : "now"
    for (;;) {
      const slowness = dice.chance(0.3) ? dice.int(1, 20) : 0
      const pageSize = dice.pick([1, 7, 256])
      let made: Reader | undefined
      let isLast = false
      const reading = Effect.suspend(() => {
        // One whose request was damaged goes on after what it has, and is another reader.
        if (made !== undefined) {
          made.isLast = false
          from = viewOf(made.items).at(-1)?.entry ?? from
        }
        const own: Reader = { client: party.name, number, from, isLast, items: [] }
        made = own
        stage.readers.push(own)
        return Stream.runForEach(stream.read({ from, pageSize }), (item) => {
          const at = stage.now()
          if (item._tag === "Entry") own.items.push({ at, entry: item.id, job: item.value.job, after: undefined })
          else if (item._tag === "Rewound") {
            own.items.push({ at, entry: undefined, job: undefined, after: item.resumedAfter })
          } else own.items.push({ at, entry: undefined, job: undefined, after: undefined })
          return slowness === 0 ? Effect.void : Effect.sleep(slowness)
        })
      })
      const fiber = yield* goingOn(stage, party, `reader ${number} of ${party.name}`, reading).pipe(
        Effect.provideService(RedisClient.RedisClient, party.primary),
        Effect.forkChild({ startImmediately: true })
      )
      const millis = dice.int(300, 3000)
      isLast = dice.chance(0.3) || stage.now() + millis > stage.end()
      if (made !== undefined) made.isLast = isLast
      if (isLast) yield* drained
      else yield* Effect.sleep(millis)
      yield* Fiber.interrupt(fiber)
      if (isLast) return
      const last = viewOf(made?.items ?? []).at(-1)
      if (last !== undefined) from = last.entry!
    }
  })

/** What a reader has of the stream: without what it was told to be lost. */
const viewOf = (items: ReadonlyArray<Read>): ReadonlyArray<Read> => {
  let view: Array<Read> = []
  for (const item of items) {
    if (item.entry !== undefined) view.push(item)
    else if (item.after !== undefined) {
      const { after } = item
      view = view.filter(({ entry }) => compare(entry!, after) <= 0)
    }
  }
  return view
}

const compare = (a: string, b: string): number => {
  const [x, y] = [a, b].map((id) => id.split("-").map(Number) as [number, number])
  return x![0] - y![0] || x![1] - y![1]
}

/** Waits until each reader has the last entry of the stream, for half a minute at most. */
export const awaitReaders = (stage: Stage): Effect.Effect<void> =>
  Effect.gen(function*() {
    const { entries, ids } = stage.leftOver.get(groups.name) ?? {}
    const last = entries?.at(-1)
    const until = stage.now() + 30_000
    while (stage.now() < until && last !== undefined) {
      if (
        stage.readers.every(({ from, isLast, items }) =>
          !isLast || viewOf(items).at(-1)?.job === last || from === ids?.at(-1) ||
          // It may have begun after the last entry.
          (from === "now" && items.length === 0)
        )
      ) return
      yield* Effect.sleep(500)
    }
  })

/** Entries come in their order, and what a reader has in the end is the stream, from where it began. */
export const checkReaders = (history: History, broken: Broken): void => {
  const promise = "a reader of a stream misses nothing untold"
  const { entries, ids } = history.leftOver.get(groups.name) ?? {}
  if (entries === undefined || ids === undefined) return
  for (const { client, isLast, number } of history.readers) {
    // What an earlier one got may be lost since.
    if (!isLast) continue
    const who = `reader ${number} of ${client}`
    let items: Array<Read> = []
    let from = ""
    let floor = "0-0"
    for (const run of history.readers.filter((run) => run.client === client && run.number === number)) {
      let last = ""
      for (const { after, at, entry } of run.items) {
        if (entry === undefined) last = after ?? last
        else {
          if (last !== "" && compare(entry, last) <= 0) {
            return broken(promise, `${who} got ${entry} after ${last}`, at)
          }
          last = entry
        }
      }
      if (run.from === "start" || run.from === "now") {
        items = []
        from = run.from
      }
      // One that goes on after an id that the server lacks cannot know what else was new before it, and says so.
      const first = run.items[0]
      if (run.from !== from && first?.entry === undefined && first?.after !== undefined) floor = first.after
      for (const { after } of run.items) if (after !== undefined && compare(after, floor) < 0) floor = after
      items.push(...run.items)
    }
    // What was trimmed or deleted is told, and nobody does that here.
    const view = viewOf(items)
    const has = view.filter(({ entry }) => compare(entry!, floor) > 0).map(({ job }) => job!)
    const first = from === "start" ? floor : view[0]?.entry
    const expected = first === undefined ?
      [] :
      entries.filter((_, i) => compare(ids[i]!, floor) > 0 && (from === "start" || compare(ids[i]!, first) >= 0))
    const i = Array.from({ length: Math.max(has.length, expected.length) }, (_, i) => i).find((i) =>
      has[i] !== expected[i]
    )
    if (i === undefined) continue
    return broken(
      promise,
      `${who} has ${has[i] ?? "nothing"} where the stream has ${expected[i] ?? "nothing"}, as its entry ${i + 1}`,
      items.find(({ job }) => job !== undefined && job === has[i])?.at ?? Infinity
    )
  }
}
