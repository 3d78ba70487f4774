/**
 * The names of the options and methods of other clients, as test/data/peers has them (scripts/peers.ts writes them), and
 * the names in the tables of a page of the handbook.
 */
import { readFileSync } from "node:fs"
import * as Path from "node:path"

const root = Path.join(import.meta.dirname, "../..")

/** Another client: names of the fields of its types of options, and of its methods. */
export interface Peer {
  readonly name: string
  readonly version: string
  readonly options: Readonly<Record<string, ReadonlyArray<string>>>
  readonly methods: ReadonlyArray<string>
}

/** The names of a client. */
export const readPeer = (name: string): Peer =>
  JSON.parse(readFileSync(Path.join(root, "test/data/peers", `${name}.json`), "utf8")) as Peer

/** The text of a page of the handbook, without its code. */
export const readPage = (name: string): string =>
  readFileSync(Path.join(root, "docs", `${name}.md`), "utf8").replaceAll(/^```[\s\S]*?^```$/gm, "")

/** A section of a page: its heading, and its text up to the next heading of the same or a higher level. */
export interface Section {
  readonly heading: string
  readonly text: string
}

/** The sections of a page with headings of a level, such as 2 for `##`. */
export const sectionsOf = (page: string, level: number): ReadonlyArray<Section> =>
  page.split(new RegExp(`^#{${level}} `, "m")).slice(1).map((part) => {
    const [heading, ...lines] = part.split("\n")
    const end = lines.findIndex((line) => new RegExp(`^#{1,${level}} `).test(line))
    return { heading: heading!, text: lines.slice(0, end === -1 ? undefined : end).join("\n") }
  })

/** The names in code in the first column of the tables of a text: `redis.set(key)` is `set`, `new Redis(...)` is `Redis`. */
export const namesInTables = (text: string): ReadonlyArray<string> =>
  text.split("\n").flatMap((line) => {
    const [, first] = /^\|((?:[^|\\]|\\.)*)\|/.exec(line) ?? []
    return Array.from((first ?? "").matchAll(/`([^`]+)`/g), ([, code]) =>
      code!.replace(/^new /, "").replace(/\(.*$/, "").replace(/^(?:Redis|NodeRedis)\.(?=\w)/, ""))
  })
