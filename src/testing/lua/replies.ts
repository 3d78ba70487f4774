/**
 * Replies of commands as values of Lua, and what a script returns as a reply.
 */
import {
  BigNumber,
  Double,
  Failure,
  Fields,
  Members,
  nullArray,
  type Protocol,
  Push,
  type Reply,
  Several,
  Simple,
  Verbatim
} from "../Reply.ts"
import { toInt64 } from "./numbers.ts"
import { listOf, Table, tableOf, type Value } from "./values.ts"

/** The error of a failed command, as `redis.pcall` gives it. */
export const errorTable = (text: string): Table => tableOf({ err: text })

/** The reply of a command, as a script that speaks this version of RESP gets it. */
export const toLua = (reply: Reply, protocol: Protocol): Value => {
  switch (typeof reply) {
    case "string":
    case "number":
      return reply
    case "bigint":
      return Number(reply)
    case "boolean":
      return protocol === 3 ? reply : reply ? 1 : 0
  }
  if (reply === null || reply === nullArray) return protocol === 3 ? undefined : false
  if (reply instanceof Simple) return tableOf({ ok: reply.text })
  if (reply instanceof Failure) {
    const table = errorTable(reply.text)
    table.set("ignore_error_stats_update", true)
    return table
  }
  const list = (items: ReadonlyArray<Reply>): Table => listOf(items.map((item) => toLua(item, protocol)))
  if (reply instanceof Push) return list(reply.values)
  if (reply instanceof Several) return list(reply.replies)
  if (protocol === 2) {
    if (reply instanceof Double || reply instanceof Verbatim || reply instanceof BigNumber) return reply.text
    if (reply instanceof Fields) return list(reply.flat)
    if (reply instanceof Members) return list(reply.values)
    return list(reply)
  }
  if (reply instanceof Double) return tableOf({ double: reply.value })
  if (reply instanceof BigNumber) return tableOf({ big_number: reply.text })
  if (reply instanceof Verbatim) {
    return tableOf({ verbatim_string: tableOf({ string: reply.text, format: reply.format }) })
  }
  if (reply instanceof Fields) {
    const map = new Table()
    for (let i = 0; i + 1 < reply.flat.length; i += 2) {
      map.set(toLua(reply.flat[i]!, 3), toLua(reply.flat[i + 1]!, 3))
    }
    return tableOf({ map })
  }
  if (reply instanceof Members) {
    const set = new Table()
    for (const member of reply.values) set.set(toLua(member, 3), true)
    return tableOf({ set })
  }
  return list(reply)
}

/** A text up to its first zero byte, as C has it. */
export const upToZero = (text: string): string => text.split("\0")[0]!

/** An error reply of one line. */
export const failure = (text: string): Failure =>
  new Failure(upToZero(text).replace(/[\r\n]+$/, "").replace(/[\r\n]/g, " "))

/** How deep the tables in a reply may be nested. */
const maxNesting = 1000

/** What a script returns, as a reply. `protocol` is the version of RESP that the script speaks. */
export const toReply = (value: Value, protocol: Protocol, level = 0): Reply => {
  switch (typeof value) {
    case "string":
      return value
    case "number":
      return toInt64(value)
    case "boolean":
      return protocol === 3 ? value : value ? 1 : null
  }
  if (!(value instanceof Table)) return null
  if (level >= maxNesting) return new Failure("ERR reached lua stack limit")
  const nested = (item: Value): Reply => toReply(item, protocol, level + 1)
  const err = value.get("err")
  if (typeof err === "string") return failure(err)
  const ok = value.get("ok")
  if (typeof ok === "string") return new Simple(upToZero(ok).replace(/[\r\n]/g, " "))
  const double = value.get("double")
  if (typeof double === "number") return new Double(double)
  const big = value.get("big_number")
  if (typeof big === "string") return new BigNumber(big.replace(/[\r\n]/g, " "))
  const verbatim = value.get("verbatim_string")
  if (verbatim instanceof Table) {
    const format = verbatim.get("format")
    const text = verbatim.get("string")
    if (typeof format === "string" && typeof text === "string") {
      return new Verbatim(text, upToZero(format).slice(0, 3).padEnd(3))
    }
  }
  const map = value.get("map")
  if (map instanceof Table) return new Fields(map.entries().flatMap(([key, item]) => [nested(key), nested(item)]))
  const set = value.get("set")
  if (set instanceof Table) return new Members(set.entries().map(([key]) => nested(key)))
  const items: Array<Reply> = []
  for (let i = 1;; i++) {
    const item = value.get(i)
    if (item === undefined) return items
    items.push(nested(item))
  }
}
