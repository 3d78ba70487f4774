/**
 * How the text of INFO is read: as a record of text for the library's own questions, and
 * by section with numbers as numbers for commands/info.ts.
 */
import * as Duration from "effect/Duration"
import * as Command from "../../Command.ts"
import { argv } from "./args.ts"

// -----------------------------------------------------------------------------
// For the library's own questions
// -----------------------------------------------------------------------------

/** The fields of INFO's reply, without the headings of its sections. */
const fieldsOfText = (text: string): Record<string, string> => {
  const out: Record<string, string> = {}
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":")
    if (colon > 0 && !line.startsWith("#")) out[line.slice(0, colon)] = line.slice(colon + 1).trim()
  }
  return out
}

const INFO = Command.define({
  words: ["INFO"],
  mode: "read",
  decode: Command.map(Command.word, fieldsOfText)
})

/** INFO with one section, whose fields stay text. */
export const infoFields = (section: string) => Command.own(INFO, argv(section))

// -----------------------------------------------------------------------------
// Values
// -----------------------------------------------------------------------------

/**
 * A value of INFO: a number, a text, or the parts of a line such as
 * `name=tcp,bind=*,port=6379`.
 *
 * @since 0.1.0
 * @category models
 */
export type InfoValue = string | number | InfoLine

/**
 * The parts of a line of INFO, by their names. A name that comes several times has all of
 * its values.
 *
 * @since 0.1.0
 * @category models
 */
export type InfoLine = Readonly<Record<string, string | number | ReadonlyArray<string>>>

/** Names of values that stay text though they may consist of digits: versions, ids, hosts, paths. */
const textNames =
  /(?:^|_)(?:version|sha1|build_id|run_id|replid2?|serial|host|ip|address|name|zone|executable|config_file|os)$/

const decimal = /^-?(?:0|[1-9]\d{0,15})(?:\.\d{1,20})?$/

const scalar = (name: string, text: string): string | number => {
  if (textNames.test(name) || !decimal.test(text)) return text
  const n = Number(text)
  // A whole number beyond 2^53 would be another one.
  return !text.includes(".") && !Number.isSafeInteger(n) ? text : n
}

/** What begins a part of a line. A path or a text does not begin so, whatever follows. */
const part = /^[A-Za-z][\w.|-]*=/

/** The parts of a line; undefined if it is another text. */
const partsOf = (text: string): ReadonlyArray<readonly [name: string, value: string]> | undefined => {
  if (!part.test(text)) return undefined
  const out: Array<readonly [string, string]> = []
  for (const piece of text.split(",")) {
    if (!part.test(piece)) return undefined
    const at = piece.indexOf("=")
    out.push([piece.slice(0, at), piece.slice(at + 1)])
  }
  return out
}

const lineOf = (parts: ReadonlyArray<readonly [name: string, value: string]>): InfoLine => {
  const values = new Map<string, string | number | ReadonlyArray<string>>()
  const texts = new Map<string, Array<string>>()
  for (const [name, text] of parts) {
    const all = texts.get(name)
    if (all === undefined) {
      texts.set(name, [text])
      values.set(name, scalar(name, text))
    } else {
      all.push(text)
      values.set(name, all)
    }
  }
  // It makes `__proto__` a field like any other.
  return Object.fromEntries(values)
}

const valueOf = (name: string, text: string): InfoValue => {
  if (textNames.test(name)) return text
  const parts = partsOf(text)
  return parts === undefined ? scalar(name, text) : lineOf(parts)
}

// -----------------------------------------------------------------------------
// Sections
// -----------------------------------------------------------------------------

/** The fields of a section in the order of the text; a name may come several times. */
type Lines = Array<readonly [name: string, text: string]>

const linesBySection = (text: string): ReadonlyMap<string, Lines> => {
  const sections = new Map<string, Lines>()
  let lines: Lines = []
  for (const raw of text.split("\n")) {
    const line = raw.trim()
    if (line.startsWith("#")) {
      const name = line.slice(1).trim().toLowerCase()
      lines = sections.get(name) ?? []
      sections.set(name, lines)
      continue
    }
    const colon = line.indexOf(":")
    if (colon > 0) lines.push([line.slice(0, colon), line.slice(colon + 1)])
  }
  return sections
}

/** The lines whose names begin with a prefix, by the rest of their names. */
const byName = (lines: Lines, prefix: string): Record<string, InfoValue> =>
  Object.fromEntries(
    lines.filter(([name]) => name.startsWith(prefix)).map(([name, text]) => [
      name.slice(prefix.length),
      valueOf(name, text)
    ])
  )

/** A text such as `[a|b]`. */
const words = (text: string | undefined): ReadonlyArray<string> =>
  (text ?? "").replace(/^\[/, "").replace(/\]$/, "").split("|").filter((word) => word !== "")

/**
 * A module, as INFO lists it.
 *
 * @since 0.1.0
 * @category models
 */
export interface InfoModule {
  /** Its name. */
  readonly name: string
  /** Its version. */
  readonly ver: number
  /** The version of the interface for modules that it was made for. */
  readonly api: number
  /** How many filters of commands it has. */
  readonly filters: number
  /** The modules that use it. */
  readonly usedby: ReadonlyArray<string>
  /** The modules that it uses. */
  readonly using: ReadonlyArray<string>
  /** What it can do, such as `handle-io-errors`. */
  readonly options: ReadonlyArray<string>
}

const moduleOf = (text: string): InfoModule => {
  const parts = new Map(partsOf(text))
  return {
    name: parts.get("name") ?? "",
    ver: Number(parts.get("ver") ?? 0),
    api: Number(parts.get("api") ?? 0),
    filters: Number(parts.get("filters") ?? 0),
    usedby: words(parts.get("usedby")),
    using: words(parts.get("using")),
    options: words(parts.get("options"))
  }
}

/** Percentiles are microseconds, with three decimal places. */
const percentilesOf = (text: string): Readonly<Record<string, Duration.Duration>> =>
  Object.fromEntries(
    (partsOf(text) ?? []).filter(([, value]) => decimal.test(value)).map(([name, value]) => [
      name,
      Duration.nanos(BigInt(Math.round(Number(value) * 1000)))
    ])
  )

const replica = /^slave\d+$/

const sectionOf = (name: string, lines: Lines): unknown => {
  switch (name) {
    case "modules":
      return lines.filter(([field]) => field === "module").map(([, text]) => moduleOf(text))
    case "commandstats":
      return byName(lines, "cmdstat_")
    case "errorstats":
      return byName(lines, "errorstat_")
    case "latencystats":
      return Object.fromEntries(
        lines.filter(([field]) => field.startsWith("latency_percentiles_usec_"))
          .map(([field, text]) => [field.slice("latency_percentiles_usec_".length), percentilesOf(text)])
      )
    case "replication":
      return {
        ...byName(lines.filter(([field]) => !replica.test(field)), ""),
        replicas: lines.filter(([field]) => replica.test(field)).map(([field, text]) => valueOf(field, text))
      }
    default:
      return byName(lines, "")
  }
}

/** The text of INFO by section. Throws a `Mismatch` if one of some sections is not there. */
export const sectionsOf = (text: string, wanted: ReadonlyArray<string>): Record<string, unknown> => {
  const sections = linesBySection(text)
  for (const name of wanted) if (!sections.has(name)) throw new Command.Mismatch(`a section ${name}`, text)
  return Object.fromEntries(Array.from(sections, ([name, lines]) => [name, sectionOf(name, lines)]))
}
