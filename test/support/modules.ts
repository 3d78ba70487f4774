/**
 * The replies of modules that are kept as data (test/data/modules), as the values that a connection gives to a decoder:
 * they are written in the protocol first, and read by the client's own decoder of the wire.
 */
import * as Fs from "node:fs"
import * as Path from "node:path"
import { Resp } from "../../src/index.ts"

/** A reply as data. An object of one field is a simple string, a double, an integer, an error, bytes, a map or a set. */
export type ReplyData =
  | string
  | number
  | boolean
  | null
  | ReadonlyArray<ReplyData>
  | { readonly simple: string }
  | { readonly double: string }
  | { readonly integer: string }
  | { readonly error: string }
  | { readonly bytes: string }
  | { readonly map: ReadonlyArray<readonly [ReplyData, ReplyData]> }
  | { readonly set: ReadonlyArray<ReplyData> }

/** A reply in both protocols. */
interface ReplyCase {
  readonly both?: ReplyData
  readonly resp2?: ReplyData
  readonly resp3?: ReplyData
}

/** The replies of a module by name. */
export const replyCases = (module: string): Readonly<Record<string, ReplyCase>> =>
  JSON.parse(Fs.readFileSync(Path.join(import.meta.dirname, `../data/modules/${module}.json`), "utf8")).replies

const bulk = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n")])

const isList = (reply: ReplyData): reply is ReadonlyArray<ReplyData> => Array.isArray(reply)

const wire = (reply: ReplyData, protocol: 2 | 3): Buffer => {
  const line = (text: string): Buffer => Buffer.from(`${text}\r\n`)
  const many = (kind: string, count: number, items: ReadonlyArray<ReplyData>): Buffer =>
    Buffer.concat([line(`${kind}${count}`), ...items.map((item) => wire(item, protocol))])
  if (reply === null) return line(protocol === 2 ? "$-1" : "_")
  if (typeof reply === "number") return line(`:${reply}`)
  if (typeof reply === "string") return bulk(Buffer.from(reply))
  if (isList(reply)) return many("*", reply.length, reply)
  if (typeof reply === "object" && "simple" in reply) return line(`+${reply.simple}`)
  if (typeof reply === "object" && "integer" in reply) return line(`:${reply.integer}`)
  if (typeof reply === "object" && "error" in reply) return line(`-${reply.error}`)
  if (typeof reply === "object" && "bytes" in reply) return bulk(Buffer.from(reply.bytes, "hex"))
  if (protocol === 2) throw new Error(`not a reply of RESP2: ${JSON.stringify(reply)}`)
  if (typeof reply === "boolean") return line(reply ? "#t" : "#f")
  if ("double" in reply) return line(`,${reply.double}`)
  if ("set" in reply) return many("~", reply.set.length, reply.set)
  if ("map" in reply) return many("%", reply.map.length, reply.map.flat())
  throw new Error(`not a reply: ${JSON.stringify(reply)}`)
}

/** What the client's decoder of the wire gives for a reply, with bulk strings as text or as bytes. */
export const received = (reply: ReplyCase, protocol: 2 | 3, bytes: boolean): Resp.Value => {
  const data = reply.both !== undefined ? reply.both : protocol === 2 ? reply.resp2 : reply.resp3
  if (data === undefined) throw new Error(`no reply for RESP${protocol}`)
  const values: Array<Resp.Value> = []
  const decoder = new Resp.Decoder({
    wantsBytes: () => bytes,
    onReply: (value) => void values.push(value),
    onPush: () => {}
  })
  decoder.feed(wire(data, protocol))
  if (values.length !== 1) throw new Error(`${values.length} replies`)
  return values[0]!
}
