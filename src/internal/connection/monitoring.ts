/**
 * MONITOR on one connection: how it is requested, and how a line that the server sends is read. internal/client/
 * decides what happens when the connection ends.
 *
 * Source: https://redis.io/docs/latest/commands/monitor/
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { Buffer } from "node:buffer"
import * as Command from "../../Command.ts"
import { ProtocolError, type ReplyError, type UnexpectedReply } from "../../Errors.ts"
import type { MonitoredCommand } from "../../MonitorStream.ts"
import * as Resp from "../../Resp.ts"
import type { Connection } from "./connection.ts"
import type { EndError } from "./types.ts"

const MONITOR = Command.define({ words: ["MONITOR"], mode: "read", decode: Command.ok })

/**
 * Asks for all commands that the server executes, and ends when the server has begun to send them. Each line goes to a
 * function, which may throw: then the connection ends.
 *
 * @since 0.1.0
 * @category constructors
 */
export const monitorOn = (
  connection: Connection,
  onLine: (line: string) => void
): Effect.Effect<void, EndError | ReplyError | UnexpectedReply> =>
  Effect.suspend(() => {
    connection.listenToMonitor(onLine)
    return Effect.asVoid(connection.call(Command.make(MONITOR, [])))
  })

/** When, in which database, for whom; what follows are the words in quotation marks. */
const head = /^(\d{1,15})\.(\d{6}) \[(\d{1,10}) (.*?)\] (?=")/

const escaped: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  a: "\u0007",
  b: "\b",
  "\"": "\"",
  "\\": "\\"
}

/** A part of a line, with a character for each of its bytes. */
const latin1 = (text: string): string => /^[\0-\x7f]*$/.test(text) ? text : Buffer.from(text, "utf8").toString("latin1")

/** Whether a quotation mark at a position ends its word: another word follows, or nothing. */
const endsWord = (line: string, at: number): boolean => at + 1 === line.length || line.startsWith(" \"", at + 1)

/**
 * The words of a line from a position on, with a character for each byte; undefined if they are not well formed. Valkey
 * 8.1 does not escape quotation marks and backslashes: what cannot be the end of a word or an escape is taken as it is.
 */
const wordsFrom = (line: string, start: number): ReadonlyArray<string> | undefined => {
  const words: Array<string> = []
  let at = start
  while (at < line.length) {
    if (line[at] !== "\"") return undefined
    at++
    let word = ""
    for (;;) {
      let end = at
      while (end < line.length && line[end] !== "\"" && line[end] !== "\\") end++
      if (end >= line.length) return undefined
      if (end > at) word += latin1(line.slice(at, end))
      at = end + 1
      if (line[end] === "\"") {
        if (endsWord(line, end)) break
        word += "\""
        continue
      }
      const code = line[at]
      const hex = code === "x" ? /^[\da-f]{2}/i.exec(line.slice(at + 1, at + 3))?.[0] : undefined
      if (hex !== undefined) {
        word += String.fromCharCode(Number.parseInt(hex, 16))
        at += 3
      } else if (code !== undefined && code in escaped && !(code === "\"" && at + 1 === line.length)) {
        word += escaped[code]
        at++
      } else word += "\\"
    }
    words.push(word)
    at++
  }
  return words
}

const read = <A>(line: string, wordOf: (latin1: string) => A): MonitoredCommand<A> => {
  const found = head.exec(line)
  const words = found === null ? undefined : wordsFrom(line, found[0].length)
  if (found === null || words === undefined || words.length === 0) {
    throw new ProtocolError({ detail: "a line that is not one of MONITOR", bytes: Resp.printable(line, 48) })
  }
  const [, seconds, micros, database, client] = found
  const millis = Number(seconds) * 1000 + Math.floor(Number(micros) / 1000)
  return {
    _tag: "MonitoredCommand",
    at: DateTime.makeUnsafe(Math.min(millis, 8_640_000_000_000_000)),
    micros: Number(micros),
    database: Number(database),
    client: client!,
    args: words.map(wordOf)
  }
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true })

/**
 * A line with its words as text. Throws a `ProtocolError` for a line that MONITOR does not send.
 *
 * @since 0.1.0
 * @category decoding
 */
export const textCommandOf = (line: string): MonitoredCommand =>
  read(line, (word) => /^[\0-\x7f]*$/.test(word) ? word : utf8.decode(Buffer.from(word, "latin1")))

/**
 * A line with its words as bytes. Throws a `ProtocolError` for a line that MONITOR does not send.
 *
 * @since 0.1.0
 * @category decoding
 */
export const bytesCommandOf = (line: string): MonitoredCommand<Uint8Array> =>
  read(line, (word) => new Uint8Array(Buffer.from(word, "latin1")))
