/**
 * What the conformance tests talk with: a connection that gives replies as they are on the wire, and a pair of a node in
 * memory and a real server.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Net from "node:net"
import { encodeCommand } from "../../src/Resp.ts"
import * as Testing from "../../src/testing/index.ts"
import { server } from "../support/processes.ts"
import type { Seen } from "./differences.ts"

/** One reply at a position, and where it ends; undefined if it is not complete. */
const parse = (text: string, at: number): readonly [Seen, number] | undefined => {
  const end = text.indexOf("\r\n", at)
  if (end === -1) return undefined
  const type = text[at]!
  const line = text.slice(at + 1, end)
  const next = end + 2
  if (type === "$" || type === "=" || type === "!") {
    const length = Number(line)
    if (length < 0) return [[`${type}-1`, ""], next]
    if (text.length < next + length + 2) return undefined
    return [[type, text.slice(next, next + length)], next + length + 2]
  }
  if (type === "*" || type === "~" || type === "%" || type === ">") {
    const length = Number(line)
    if (length < 0) return [[`${type}-1`, ""], next]
    const items: Array<Seen> = []
    let position = next
    for (let i = 0; i < length * (type === "%" ? 2 : 1); i++) {
      const item = parse(text, position)
      if (item === undefined) return undefined
      items.push(item[0])
      position = item[1]
    }
    return [[type, items], position]
  }
  return [[type, line], next]
}

/** A connection. Its words and replies are text with a character for each byte. */
export class Talk {
  private readonly socket: Net.Socket
  private text = ""
  closed = false
  private waiting: (() => void) | undefined

  constructor(port: number) {
    this.socket = Net.connect({ port, host: "127.0.0.1", noDelay: true })
    this.socket.on("data", (chunk: Buffer) => {
      this.text += chunk.toString("latin1")
      this.waiting?.()
    })
    this.socket.on("close", () => {
      this.closed = true
      this.waiting?.()
    })
    this.socket.on("error", () => {})
  }
  send(...args: ReadonlyArray<string>): void {
    this.socket.write(encodeCommand(args.map((a) => Buffer.from(a, "latin1"))))
  }
  raw(text: string): void {
    this.socket.write(text, "latin1")
  }
  /** The next reply; "closed" once the connection is. */
  async next(): Promise<Seen> {
    for (;;) {
      const reply = parse(this.text, 0)
      if (reply !== undefined) {
        this.text = this.text.slice(reply[1])
        return reply[0]
      }
      if (this.closed) return ["closed", ""]
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no reply; so far ${JSON.stringify(this.text)}`)), 5000)
        this.waiting = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }
  async ask(...args: ReadonlyArray<string>): Promise<Seen> {
    this.send(...args)
    return this.next()
  }
  end(): void {
    this.socket.destroy()
  }
}

/** A node in memory and a real server, each on a port, with more lines for the server's configuration. */
export const pair = (
  config: ReadonlyArray<string>
): Effect.Effect<{ readonly memory: number; readonly real: number }, never, Scope.Scope> =>
  Effect.gen(function*() {
    const deployment = yield* Effect.orDie(Testing.make({ replicas: 0, sentinels: 0, tcp: true }))
    const real = yield* server({ config: ["enable-debug-command yes", ...config] })
    return { memory: Number(deployment.nodes[0]!.split(":")[1]), real: real.port }
  })

/** A node in memory and a real server as they are by default. */
export const both = pair([])
