/**
 * A TCP proxy in front of a server: it records the commands that go through, and can rewrite what the server says, in
 * texts of the same length.
 */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Net from "node:net"
import { type Listening, listening, requests } from "./tcp.ts"

export type Rewriting = (text: string) => string

/** Records the words of each command in `commands`. */
export const recordingProxy = (
  port: number,
  commands: Array<ReadonlyArray<string>> = [],
  rewrite: Rewriting = (text) => text
): Effect.Effect<Listening, never, Scope.Scope> =>
  listening((client) => {
    const server = Net.connect(port, "127.0.0.1")
    requests(client, (words) => void commands.push(words))
    client.on("data", (chunk) => void server.write(chunk))
    server.on("data", (chunk) => {
      const text = chunk.toString("latin1")
      const rewritten = rewrite(text)
      if (rewritten.length !== text.length) throw new Error("a rewritten text has another length")
      client.write(Buffer.from(rewritten, "latin1"))
    })
    for (const socket of [client, server]) {
      socket.on("error", () => {})
      socket.on("close", () => {
        client.destroy()
        server.destroy()
      })
    }
  })
