/**
 * Published messages on the wire: however they are cut into chunks and mixed with replies, each comes once, in order,
 * with its bytes.
 */
import { assert, describe, it } from "@effect/vitest"
import { Buffer } from "node:buffer"
import * as Resp from "../src/Resp.ts"

const kinds = ["message", "pmessage", "smessage"] as const

/** A pseudo-random sequence (mulberry32). */
const randomOf = (seed: number) => (below: number): number => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) % below
}

const bulk = (bytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n")])

/** What arrives, in words: from where it is, or as a push message or a reply. */
const received = (chunks: ReadonlyArray<Uint8Array>, limits?: Resp.Limits): { all: Array<string>; direct: number } => {
  const all: Array<string> = []
  let direct = 0
  const hex = (value: unknown): string =>
    typeof value === "string" ? value : value instanceof Uint8Array ? Buffer.from(value).toString("hex") : String(value)
  const listOf = (value: Resp.Value): string => Array.isArray(value) ? value.map(hex).join(" ") : hex(value)
  const decoder = new Resp.Decoder({
    wantsBytes: () => true,
    onReply: (value) => void all.push(listOf(value)),
    onPush: (values) => void all.push(listOf(values))
  }, limits)
  decoder.bytesPushed = true
  decoder.onMessage = (kind, names, patternFrom, patternTo, channelFrom, channelTo, body, from, to) => {
    direct++
    all.push(
      [
        Buffer.from(kinds[kind]),
        ...(kind === 1 ? [names.subarray(patternFrom, patternTo)] : []),
        names.subarray(channelFrom, channelTo),
        body.subarray(from, to)
      ].map(hex).join(" ")
    )
  }
  for (const chunk of chunks) {
    // The memory of a chunk is used again.
    const memory = Buffer.from(chunk)
    decoder.feed(memory)
    memory.fill(0)
  }
  return { all, direct }
}

describe("published messages", () => {
  it("come once each, in order, with their bytes, in any chunks", () => {
    let direct = 0
    let total = 0
    for (let seed = 1; seed <= 300; seed++) {
      const random = randomOf(seed)
      const bytes = (most: number): Buffer => {
        const special = ["\r\n", "$7\r\nmessage\r\n", ">3\r\n", "*3\r\n$7\r\n"]
        const parts: Array<Buffer> = []
        for (let i = random(3); i > 0; i--) {
          parts.push(
            random(3) === 0
              ? Buffer.from(special[random(special.length)]!)
              : Buffer.from(Array.from({ length: random(most) }, () => random(256)))
          )
        }
        return Buffer.concat(parts)
      }
      const wire: Array<Buffer> = []
      const expected: Array<string> = []
      const array = random(2) === 0 ? ">" : "*"
      for (let i = 0; i < 20; i++) {
        switch (random(6)) {
          case 0: {
            const reply = bytes(20)
            wire.push(bulk(reply))
            expected.push(reply.toString("hex"))
            break
          }
          case 1: {
            const name = bytes(5)
            wire.push(Buffer.from(`${array}3\r\n`), bulk(Buffer.from("subscribe")), bulk(name), Buffer.from(":1\r\n"))
            expected.push(`${Buffer.from("subscribe").toString("hex")} ${name.toString("hex")} 1`)
            break
          }
          default: {
            const kind = kinds[random(3)]!
            const parts = [
              Buffer.from(kind),
              ...(kind === "pmessage" ? [bytes(9)] : []),
              bytes(20),
              bytes(random(10) === 0 ? 3000 : 40)
            ]
            wire.push(Buffer.from(`${array}${parts.length}\r\n`), ...parts.map(bulk))
            expected.push(parts.map((part) => part.toString("hex")).join(" "))
            total++
          }
        }
      }
      const whole = Buffer.concat(wire)
      const most = [1, 7, 50, 1000, whole.length][random(5)]!
      const chunks: Array<Buffer> = []
      for (let at = 0; at < whole.length;) {
        const length = 1 + random(most)
        chunks.push(whole.subarray(at, at + length))
        at += length
      }
      const result = received(chunks)
      direct += result.direct
      assert.deepStrictEqual(result.all, expected, `seed ${seed}`)
    }
    assert.isAbove(direct, total / 4)
    assert.isBelow(direct, total)
  })

  it("that are almost messages are none, and limits hold", () => {
    const other = [
      ">2\r\n$7\r\nmessage\r\n$1\r\nc\r\n",
      ">4\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nx\r\n$1\r\ny\r\n",
      ">3\r\n$8\r\npmessage\r\n$1\r\nc\r\n$1\r\nx\r\n",
      ">3\r\n$8\r\nxmessage\r\n$1\r\nc\r\n$1\r\nx\r\n",
      ">3\r\n$7\r\nmessagf\r\n$1\r\nc\r\n$1\r\nx\r\n",
      ">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n:123456\r\n"
    ]
    for (const text of other) assert.deepStrictEqual(received([Buffer.from(text)]).direct, 0, text)
    const long = Buffer.from(`>3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$20\r\n${"x".repeat(20)}\r\n`)
    assert.strictEqual(received([long]).direct, 1)
    assert.throws(() => received([long], { maxBulkLength: 19 }), /maxBulkLength/)
    assert.throws(() => received([Buffer.from(">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nxxxxx\r\n")]))
  })
})
