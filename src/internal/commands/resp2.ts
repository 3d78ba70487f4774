/**
 * Replies in the shape that RESP2 gives them, whatever the session speaks.
 *
 * RESP3 has other types, which `flat` writes as RESP2 does; and a few commands give a
 * reply of another structure in RESP3, which `restructured` undoes by the command's name.
 */
import { Buffer } from "node:buffer"
import * as Resp from "../../Resp.ts"
import { NumeralReply } from "../resp/values.ts"

/** Commands that have pairs in RESP3 where RESP2 has their elements in turn. */
const pairing: ReadonlySet<string> = new Set([
  "HRANDFIELD",
  "ZDIFF",
  "ZINTER",
  "ZPOPMAX",
  "ZPOPMIN",
  "ZRANDMEMBER",
  "ZRANGE",
  "ZRANGEBYSCORE",
  "ZREVRANGE",
  "ZREVRANGEBYSCORE",
  "ZUNION"
])

/** Commands that have a map in RESP3 where RESP2 has pairs. */
const mapping: ReadonlySet<string> = new Set(["XREAD", "XREADGROUP"])

const restructured = (name: string, value: Resp.Value): Resp.Value => {
  if (mapping.has(name) && value instanceof Resp.MapReply) {
    const pairs: Array<Resp.Value> = []
    for (let i = 0; i + 1 < value.flat.length; i += 2) pairs.push([value.flat[i]!, value.flat[i + 1]!])
    return pairs
  }
  return pairing.has(name) && Array.isArray(value) && value.every(Array.isArray) ? value.flat() : value
}

/** A reply with the types of RESP2: arrays, strings, integers and null, with errors as they are. */
const flat = (value: Resp.Value | NumeralReply, bytes: boolean): unknown => {
  if (typeof value === "boolean") return value ? 1 : 0
  if (value instanceof NumeralReply) return bytes ? Buffer.from(value.text) : value.text
  const items = Array.isArray(value)
    ? value
    : value instanceof Resp.MapReply
    ? value.flat
    : value instanceof Resp.SetReply
    ? value.values
    : undefined
  return items === undefined ? value : items.map((item) => flat(item, bytes))
}

/** Decodes the reply of the command with this name to its RESP2 shape. */
export const decodeAsResp2 = (name: string) => (value: Resp.Value, bytes: boolean): unknown =>
  flat(restructured(name, value), bytes)
