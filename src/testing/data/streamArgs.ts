/**
 * What the commands on streams of a server in memory have in common: the ids that they take, and
 * how they find and print what they are about.
 */
import { Failure, type Reply } from "../Reply.ts"
import type { StreamGroup } from "../StreamGroup.ts"
import { type Id, idOf, maxHalf, maxId, printId } from "../StreamId.ts"
import type { StreamItem, StreamValue } from "../StreamValue.ts"
import { fail, int, type Scene, syntaxError } from "./command.ts"

export const badId = "Invalid stream ID specified as stream command argument"

/** A half of an id, as C reads an unsigned number: with a sign, and with spaces before it. */
export const half = (text: string): bigint | undefined => {
  const [, sign, digits] = /^[\t-\r ]*([+-]?)(\d+)$/.exec(text) ?? []
  if (digits === undefined) return undefined
  const n = BigInt(digits)
  return n > maxHalf ? undefined : sign === "-" ? BigInt.asUintN(64, -n) : n
}

/** An id, or undefined for other text. */
export const parseId = (text: string, missing = 0n): Id | undefined => {
  const at = text.indexOf("-")
  const millis = half(at === -1 ? text : text.slice(0, at))
  const sequence = at === -1 ? missing : half(text.slice(at + 1))
  return millis === undefined || sequence === undefined ? undefined : idOf(millis, sequence)
}

/** An id of an entry. */
export const strictId = (text: string, missing = 0n): Id => parseId(text, missing) ?? fail(badId)

/** An id, the lowest one (`-`), or the greatest one (`+`). */
export const looseId = (text: string, missing = 0n): Id =>
  text === "-" ? 0n : text === "+" ? maxId : strictId(text, missing)

/** The start or the end of a range: an id, one that is excluded, `-` or `+`. */
export const bound = (text: string, isStart: boolean): Id => {
  const missing = isStart ? 0n : maxHalf
  if (text.length > 1 && text.startsWith("(")) {
    const id = strictId(text.slice(1), missing)
    if (id === (isStart ? maxId : 0n)) return fail(`invalid ${isStart ? "start" : "end"} ID for the interval`)
    return isStart ? id + 1n : id - 1n
  }
  return looseId(text, missing)
}

/** What happens to pending references when an entry goes. */
export type References = "keepref" | "delref" | "acked"

export const referencesOf = (text: string | undefined): References | undefined => {
  const word = text?.toLowerCase()
  return word === "keepref" || word === "delref" || word === "acked" ? word : undefined
}

/** IDS, their number, and the ids, from a position on, and where they end. */
export const countedIds = (
  args: ReadonlyArray<string>,
  at: number
): { readonly ids: ReadonlyArray<Id>; readonly end: number } => {
  if (args[at]?.toUpperCase() !== "IDS" || args[at + 1] === undefined) return syntaxError()
  const count = int(args[at + 1]!)
  const end = at + 2 + count
  if (count < 1 || end > args.length) return fail("The `numids` parameter must match the number of arguments")
  return { ids: args.slice(at + 2, end).map((text) => strictId(text)), end }
}

export const entryReply = ({ fields, id }: StreamItem): Reply => [printId(id), fields]

export const read = ({ db, now }: Scene, key: string): StreamValue | undefined => db.read(key, "stream", now)

/** A stream and one of its groups. Fails with NOGROUP if there is none. */
export const readGroup = (
  scene: Scene,
  key: string,
  name: string,
  where = ""
): { readonly stream: StreamValue; readonly group: StreamGroup } => {
  const stream = read(scene, key)
  const group = stream?.groups.get(name)
  if (stream === undefined || group === undefined) {
    throw new Failure(`NOGROUP No such key '${key}' or consumer group '${name}'${where}`)
  }
  return { stream, group }
}
