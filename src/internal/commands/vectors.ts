/**
 * Arguments and replies of the commands on vector sets, for commands/vectorSets.ts:
 * vectors, and what is returned of each element that a search finds.
 */
import * as Command from "../../Command.ts"
import type { Arg } from "../../Command.ts"
import { InvalidCommand } from "../../Errors.ts"
import * as Resp from "../../Resp.ts"
import { isBytes, kindOf } from "../common/values.ts"
import { appendAll, arrayOf, keyword } from "./args.ts"
import { bulkString, custom, type Decode, double, list, mismatch } from "./decoders.ts"
import type { Certain } from "./details.ts"

/**
 * A vector: numbers, which go over the wire as text (VALUES), a `Float32Array`, which goes
 * as bytes (FP32) and takes less than half as many, or such bytes: 32-bit floating point
 * numbers, the least significant byte of each first. The server keeps 32 bits of each
 * number, or fewer.
 *
 * @since 0.1.0
 * @category models
 */
export type Vector = ReadonlyArray<number> | Float32Array | Uint8Array

const refuse = (command: string, problem: string): never => {
  throw new InvalidCommand({ command, detail: `vector: ${problem}` })
}

/** 32-bit floating point numbers as bytes, the least significant byte of each first, whatever the machine's order is. */
const bytesOf = (numbers: Float32Array): Uint8Array => {
  const view = new DataView(new ArrayBuffer(numbers.length * 4))
  for (let i = 0; i < numbers.length; i++) view.setFloat32(i * 4, numbers[i]!, true)
  return new Uint8Array(view.buffer)
}

/** Appends a vector: FP32 and bytes, or VALUES, the number of its dimensions, and numbers. */
export const appendVector = (command: string, out: Array<Arg>, vector: Vector): void => {
  if (isBytes(vector)) {
    if (vector.length === 0 || vector.length % 4 !== 0) {
      refuse(command, `expected 4 bytes for each dimension, got ${vector.length} bytes`)
    }
    out.push("FP32", vector)
  } else if (vector instanceof Float32Array) {
    if (vector.length === 0) refuse(command, "at least one dimension is needed")
    out.push("FP32", bytesOf(vector))
  } else {
    const numbers = arrayOf(command, "vector", vector)
    if (numbers.length === 0) refuse(command, "at least one dimension is needed")
    for (const n of numbers) if (!Number.isFinite(n)) refuse(command, `expected finite numbers, got ${kindOf(n)}`)
    out.push("VALUES", numbers.length)
    appendAll(out, numbers)
  }
}

/**
 * What can be returned with an element that a search finds: its similarity to the query,
 * from 0 (opposite) to 1 (same direction), and its attributes.
 *
 * @since 0.1.0
 * @category models
 */
export type VectorDetail = "score" | "attributes"

/** All that a search can return of an element. */
interface VectorDetails<A> {
  /** How similar it is to the query: 1 for the same direction, 0.5 for a right angle, 0 for the opposite one. */
  readonly score: number
  /** Its attributes, as they were set, or `null` if it has none. */
  readonly attributes: A | null
}

/**
 * An element that a search found, with the details that were asked for. Where the type of
 * the list does not say which those are, each may be missing.
 *
 * @since 0.1.0
 * @category models
 */
export type VectorFound<Details extends ReadonlyArray<VectorDetail>, A = string> =
  & {
    /** The element. */
    readonly member: A
  }
  & Pick<VectorDetails<A>, Certain<Details>>
  & Partial<Pick<VectorDetails<A>, Exclude<Details[number], Certain<Details>>>>

/** Reads the elements that a search found: in RESP2 one after the other, in RESP3 a map, with a pair for two details. */
const found = <Details extends ReadonlyArray<VectorDetail>>(
  details: ReadonlySet<VectorDetail>
): Decode<Array<VectorFound<Details>>, Array<VectorFound<Details, Uint8Array>>> =>
  custom<Array<VectorFound<Details>>, Array<VectorFound<Details, Uint8Array>>>((value, bytes) => {
    const flat = value instanceof Resp.MapReply && details.size === 2
      ? value.flat.flatMap((item, i) => i % 2 === 0 ? [item] : list(item))
      : list(value)
    const size = details.size + 1
    if (flat.length % size !== 0) return mismatch(`elements with ${details.size} details`, value)
    const elements: Array<{ readonly member: unknown }> = []
    for (let i = 0; i < flat.length; i += size) {
      const attributes = flat[i + size - 1]!
      elements.push({
        member: bulkString(flat[i]!, bytes),
        ...(details.has("score") ? { score: double(flat[i + 1]!) } : {}),
        ...(details.has("attributes") ? { attributes: attributes === null ? null : bulkString(attributes, bytes) } : {})
      })
    }
    return elements as Array<VectorFound<Details>>
  })

/**
 * Makes a search that returns details: appends WITHSCORES and WITHATTRIBS to its arguments,
 * and reads them. Throws `InvalidCommand` for no details and for unknown ones.
 */
export const makeWithDetails = <M extends Command.Mode, const Details extends ReadonlyArray<VectorDetail>>(
  spec: Command.Spec<any, M, any>,
  args: Array<Arg>,
  details: Details
): Command.Command<Array<VectorFound<Details>>, M, Array<VectorFound<Details, Uint8Array>>> => {
  const all = new Set<VectorDetail>(arrayOf(spec.name, "details", details))
  for (const detail of all) keyword(spec.name, "details", detail, ["score", "attributes"])
  if (all.size === 0) throw new InvalidCommand({ command: spec.name, detail: "details: at least one is needed" })
  if (all.has("score")) args.push("WITHSCORES")
  if (all.has("attributes")) args.push("WITHATTRIBS")
  return Command.withDecode(Command.own(spec, args), found<Details>(all))
}
