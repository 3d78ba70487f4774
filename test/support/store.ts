/**
 * An in-memory server of strings that refuses, closes or stays silent when a test
 * tells it to, and records what it executed.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type Client, Connector, type Errors, Sentinel } from "../../src/index.ts"
import { Requests } from "../../src/testing/Reply.ts"

/** The effect of a rule on a request: the server executes it, or gives this answer; CLOSE ends the connection. */
export type Verdict = undefined | string

export interface Store {
  readonly dial: Connector.Dial
  /** The executed requests, with their connections. */
  readonly executed: Array<readonly [connection: number, command: string]>
  /** All requests, executed or not. */
  readonly received: Array<readonly [connection: number, command: string]>
  readonly data: Map<string, string>
  /** Sends bytes on a connection without a request. */
  readonly send: (connection: number, text: string) => void
  /** Ends a connection. */
  readonly close: (connection: number) => void
}

const bulk = (text: string | undefined): string =>
  text === undefined ? "$-1\r\n" : `$${Buffer.byteLength(text)}\r\n${text}\r\n`

export const store = (
  rule: (command: string, nth: number, connection: number) => Verdict = () => undefined
): Store => {
  const executed: Array<readonly [number, string]> = []
  const received: Array<readonly [number, string]> = []
  const data = new Map<string, string>()
  let connections = 0
  const answers: Array<(reply: string) => void> = []
  let nth = 0
  const handshake = (args: ReadonlyArray<string>): string | undefined => {
    const name = args[0]!.toUpperCase()
    if (name === "ROLE") return "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"
    if (name === "PING") return "+PONG\r\n"
    if (name === "CLIENT" && args[1]!.toUpperCase() === "ID") return ":1\r\n"
    if (name === "CLIENT" && args[1]!.toUpperCase() === "SETINFO") return "+OK\r\n"
    return undefined
  }
  const execute = (args: ReadonlyArray<string>): string => {
    const [name, key = "", value = ""] = args
    switch (name!.toUpperCase()) {
      case "SET":
        data.set(key, value)
        return "+OK\r\n"
      case "GET":
        return bulk(data.get(key))
      case "INCR":
        data.set(key, String(BigInt(data.get(key) ?? "0") + 1n))
        return `:${data.get(key)}\r\n`
      case "SELECT":
      case "WATCH":
      case "CLIENT":
        return "+OK\r\n"
      case "MULTI":
        return "+OK\r\n"
      case "EXEC":
        return "*1\r\n+OK\r\n"
      default:
        return `:${args.length - 1}\r\n`
    }
  }
  const dial: Connector.Dial = () =>
    Effect.sync((): Connector.Transport => {
      const connection = connections++
      let handler: Connector.Handler | undefined
      let open = true
      const answer = (reply: string): void =>
        queueMicrotask(() => {
          if (!open) return
          if (reply !== "CLOSE" && reply !== "") handler?.data(Buffer.from(reply.replace(/CLOSE$/, "")))
          if (!reply.endsWith("CLOSE") || !open) return
          open = false
          handler?.closed(new Error("closed by the test"))
        })
      answers[connection] = answer
      let ended = false
      const parser = new Requests((args) => {
        if (!open || ended) return
        const shaken = handshake(args)
        if (shaken !== undefined) return answer(shaken)
        const command = args.join(" ")
        received.push([connection, command])
        const verdict = rule(command, nth++, connection)
        if (verdict !== undefined) {
          ended = verdict.endsWith("CLOSE")
          return answer(verdict)
        }
        executed.push([connection, command])
        answer(execute(args))
      })
      return {
        start: (h) => {
          handler = h
        },
        write: (chunks) => {
          for (const chunk of chunks) parser.feed(typeof chunk === "string" ? Buffer.from(chunk) : chunk)
          return true
        },
        destroy: () => {
          open = false
        }
      }
    })
  return {
    dial,
    executed,
    received,
    data,
    send: (connection, text) => answers[connection]!(text),
    close: (connection) => answers[connection]!("CLOSE")
  }
}

/** A client of the store. */
export const clientOf = (
  { dial }: Store,
  options: Sentinel.NodeOptions = {}
): Effect.Effect<Client.PrimaryClient, Errors.InvalidOption, Scope.Scope> =>
  Effect.gen(function*() {
    const sentinel = yield* Sentinel.makeStatic({
      primary: "10.0.0.1:6379",
      node: { protocol: 2, pingInterval: "1 hour", stallTimeout: "1 hour", ...options }
    })
    return yield* sentinel.primaryFor("group")
  }).pipe(Effect.provideService(Connector.Connector, dial))
