/**
 * Servers on loopback that handle each connection as a test tells them to.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Net from "node:net"

export interface Listening {
  readonly address: string
  readonly port: number
  /** The number of connections so far. */
  readonly dials: number
}

/** Listens on a free port until the Scope closes; then its connections are cut. */
export const listening = (
  connection: (socket: Net.Socket, index: number) => void,
  options: Net.ServerOpts = {}
): Effect.Effect<Listening, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<Listening & { readonly close: Effect.Effect<void> }>((resume) => {
      const open = new Set<Net.Socket>()
      let dials = 0
      const server = Net.createServer(options, (socket) => {
        open.add(socket)
        socket.on("error", () => {})
        socket.on("close", () => open.delete(socket))
        connection(socket, dials++)
      })
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as Net.AddressInfo
        resume(Effect.succeed({
          address: `127.0.0.1:${port}`,
          port,
          get dials() {
            return dials
          },
          close: Effect.callback((resume) => {
            for (const socket of open) socket.destroy()
            server.close(() => resume(Effect.void))
          })
        }))
      })
    }),
    (listening) => listening.close
  )

/** Parses requests, and calls back with the words of each. */
export const requests = (socket: Net.Socket, each: (words: ReadonlyArray<string>) => void): void => {
  let rest = ""
  socket.on("data", (chunk) => {
    rest += chunk.toString("latin1")
    while (true) {
      const words: Array<string> = []
      let at = rest.indexOf("\r\n") + 2
      if (at === 1) return
      const count = Number(rest.slice(1, at - 2))
      for (let i = 0; i < count; i++) {
        const end = rest.indexOf("\r\n", at)
        if (end === -1) return
        const length = Number(rest.slice(at + 1, end))
        if (rest.length < end + 2 + length + 2) return
        words.push(rest.slice(end + 2, end + 2 + length))
        at = end + 2 + length + 2
      }
      rest = rest.slice(at)
      each(words)
    }
  })
}
