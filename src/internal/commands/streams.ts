/**
 * What the commands on streams have in common: the trimming of streams, where the
 * keys and the ids of reads are among the arguments, and how entries are decoded. The
 * commands are in commands/streams.ts.
 */
import * as Command from "../../Command.ts"
import type { Arg, Key } from "../../Command.ts"
import { InvalidCommand } from "../../Errors.ts"
import { integerProblem } from "../common/values.ts"
import { appendAll, appendPairs, arrayOf, keyword } from "./args.ts"

// -----------------------------------------------------------------------------
// Arguments
// -----------------------------------------------------------------------------

/**
 * What happens to the pending references that groups have to an entry when it is removed:
 * they stay (`"keepref"`), they are removed with it (`"delref"`), or the entry stays until
 * every group has acknowledged it (`"acked"`). Needs Redis 8.2.
 *
 * @since 0.1.0
 * @category models
 */
export type StreamReferences = "keepref" | "delref" | "acked"

/** The word for what happens to references. */
export const referencesWord = (command: string, references: StreamReferences): string =>
  keyword(command, "references", references, ["keepref", "delref", "acked"])

/** Appends COUNT, for which the server reads 0 differently from command to command. */
export const appendCount = (command: string, args: Array<Arg>, count: number | undefined): Array<Arg> => {
  if (count === undefined) return args
  const problem = integerProblem(count, 1, Number.MAX_SAFE_INTEGER)
  if (problem !== undefined) throw new InvalidCommand({ command, detail: `count: ${problem}` })
  args.push("COUNT", count)
  return args
}

/** An array of ids. Throws `InvalidCommand` for an empty one. */
const idsOf = (command: string, ids: ReadonlyArray<string>): ReadonlyArray<string> => {
  const list = arrayOf(command, "ids", ids)
  if (list.length === 0) throw new InvalidCommand({ command, detail: "ids: at least one is needed" })
  return list
}

/** Appends IDS, their number, and ids. */
export const appendIds = (command: string, args: Array<Arg>, ids: ReadonlyArray<string>): Array<Arg> => {
  const list = idsOf(command, ids)
  args.push("IDS", list.length)
  return appendAll(args, list)
}

/**
 * Streams, and for each the id after which it is read: by key, or in pairs.
 *
 * @since 0.1.0
 * @category models
 */
export type StreamIds = Readonly<Record<string, string>> | Iterable<readonly [key: Key, id: string]>

/** Appends STREAMS, the keys, and the ids. */
export const appendStreams = (command: string, args: Array<Arg>, streams: StreamIds): Array<Arg> => {
  const pairs = appendPairs(command, [], streams)
  args.push("STREAMS")
  for (let i = 0; i < pairs.length; i += 2) args.push(pairs[i]!)
  for (let i = 1; i < pairs.length; i += 2) args.push(pairs[i]!)
  return args
}

/** Finds the keys behind STREAMS, which comes after the argument at index `from`. */
export const streamKeys = (from: number) => (args: ReadonlyArray<Arg>): ReadonlyArray<Key> => {
  const at = args.indexOf("STREAMS", from) + 1
  return args.slice(at, at + (args.length - at) / 2) as ReadonlyArray<Key>
}

// -----------------------------------------------------------------------------
// Replies
// -----------------------------------------------------------------------------

/**
 * An entry of a stream.
 *
 * @since 0.1.0
 * @category models
 */
export interface StreamEntry<A = string> {
  /** Its id: milliseconds, a hyphen, and a sequence number. */
  readonly id: string
  /** Its fields. Of a field that it has twice, the last value. */
  readonly fields: Record<string, A>
}

const entry: Command.Decode<StreamEntry, StreamEntry<Uint8Array>> = Command.struct({
  id: Command.word,
  fields: Command.record
})

export const entriesDecoder: Command.Decode<Array<StreamEntry>, Array<StreamEntry<Uint8Array>>> = Command.array(entry)

/**
 * What became of an entry that XDELEX or XACKDEL was to remove: it is removed
 * (`"deleted"`), it stays since groups have not acknowledged it (`"referenced"`), or there
 * is none of that id (`"missing"`).
 *
 * @since 0.1.0
 * @category models
 */
export type StreamRemoval = "deleted" | "referenced" | "missing"

export const removals: Command.Decode<Array<StreamRemoval>> = Command.array(
  Command.custom<StreamRemoval>((value) => {
    if (value === 1) return "deleted"
    if (value === 2) return "referenced"
    if (value === -1) return "missing"
    throw new Command.Mismatch("1, 2 or -1", value)
  })
)
