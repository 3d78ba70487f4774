/** The page of `npm run chaos -- --html FILE`: what each client lost at each fault, as a table and as timelines. */
import { drawPage } from "../src/internal/pictures/page.ts"
import type { Block } from "../src/internal/pictures/types.ts"
import { type Recording, timelineOfAll, timelineOfOne } from "./recording.ts"

/** What is said of one run beside its recording. */
export interface Reported {
  readonly recording: Recording
  /** The cells of its line in the table. */
  readonly cells: ReadonlyArray<string>
  readonly broken: ReadonlyArray<string>
}

export interface Failed {
  readonly fault: string
  readonly client: string
  readonly message: string
}

const sum = (counts: ReadonlyArray<number>): number => counts.reduce((total, count) => total + count, 0)

const columnsInWords =
  "Times are in milliseconds. writes: acknowledged ones. pause: the longest time without one. servers: what the " +
  "sentinels needed, from +try-failover until one of them named the new primary. report: from then until the first " +
  "write there. role: from when the new primary called itself one until the first write there. reads: the longest time " +
  "without a read of a replica. missing: acknowledged writes that were lost. excess: by how much counters exceed what was " +
  "acknowledged or in doubt. age of signs: how old what the sentinels published was when the client got it."

/** The text of the page. `columns` are those of `cells`. */
export const reportPage = (
  reported: ReadonlyArray<Reported>,
  failed: ReadonlyArray<Failed>,
  columns: ReadonlyArray<string>,
  made: string
): string => {
  const isOurs = ({ client }: { readonly client: string }): boolean => client.startsWith("ours")
  const broken = reported.filter(({ recording }) => isOurs(recording)).flatMap((run) =>
    run.broken.map((what) => `${run.recording.fault}, ${run.recording.client}: ${what}`)
  )
  const ended = failed.filter(isOurs)
  const wrong = broken.length + ended.length
  const faults = Array.from(Map.groupBy(reported, ({ recording }) => recording.fault))
  const lost = sum(reported.filter(({ recording }) => isOurs(recording)).flatMap(({ recording }) => recording.lost))
  return drawPage({
    title: "Faults on real processes",
    summary: wrong === 0
      ? "This library kept every promise."
      : `This library broke ${wrong === 1 ? "a promise" : `${wrong} promises`}.`,
    tone: wrong === 0 ? "good" : "bad",
    made,
    blocks: [
      {
        _tag: "Figures",
        figures: [
          { value: String(faults.length), label: faults.length === 1 ? "fault" : "faults" },
          { value: String(new Set(reported.map(({ recording }) => recording.client)).size), label: "clients" },
          {
            value: String(lost),
            label: "acknowledged writes that this library lost",
            tone: lost === 0 ? "good" : "notice"
          },
          { value: String(wrong), label: "broken promises", tone: wrong === 0 ? "good" : "bad" }
        ]
      },
      ...broken.map((text): Block => ({ _tag: "Text", text })),
      ...failed.map(({ client, fault, message }): Block => ({
        _tag: "Text",
        text: `${fault}, ${client}: no result: ${message}`
      })),
      ...faults.flatMap(([fault, runs]): ReadonlyArray<Block> => [
        { _tag: "Heading", text: fault },
        {
          _tag: "Timeline",
          timeline: runs.length === 1
            ? timelineOfOne(runs[0]!.recording)
            : timelineOfAll(runs.map(({ recording }) => recording), {
              title: "Writes of each client, from the fault on"
            })
        }
      ]),
      { _tag: "Heading", text: "All figures" },
      { _tag: "Text", text: columnsInWords },
      ...faults.map(([fault, runs]): Block => ({
        _tag: "Table",
        table: {
          caption: fault,
          // Its caption has the first cell.
          columns: columns.slice(1).map((name, i) => ({ name, isNumber: i > 0 && i < columns.length - 2 })),
          rows: runs.map(({ cells }) => cells.slice(1))
        }
      }))
    ]
  })
}
