/**
 * TCP ports of 127.0.0.1 that lead to servers in memory, so that other clients and
 * `redis-cli` can connect to them. The faults of the network affect them, too.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import * as Net from "node:net"
import type { Network } from "./Network.ts"

/**
 * An open port of 127.0.0.1.
 *
 * @since 0.1.0
 * @category models
 */
export interface Port {
  /** The number of the port. */
  readonly number: number
  /** Connects the port to an address of a network; before, it accepts no connections. */
  readonly lead: (network: Network, address: string) => void
}

/**
 * Listens on a port of 127.0.0.1 (0: any free one) until the Scope closes, which also
 * closes its connections.
 *
 * @since 0.1.0
 * @category constructors
 */
export const open = (port: number): Effect.Effect<Port, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<{ readonly server: Net.Server; readonly sockets: Set<Net.Socket>; readonly port: Port }>(
      (resume) => {
        const sockets = new Set<Net.Socket>()
        let target: { readonly network: Network; readonly address: string } | undefined
        const server = Net.createServer({ noDelay: true }, (socket) => {
          sockets.add(socket)
          socket.on("close", () => sockets.delete(socket))
          socket.on("error", () => {})
          if (target === undefined) return socket.destroy()
          bridge(socket, target.network, target.address)
        })
        server.once("error", (error) => resume(Effect.die(error)))
        server.listen(port, "127.0.0.1", () => {
          const { port: number } = server.address() as Net.AddressInfo
          resume(Effect.succeed({
            server,
            sockets,
            port: {
              number,
              lead: (network, address) => {
                target = { network, address }
              }
            }
          }))
        })
      }
    ),
    ({ server, sockets }) =>
      Effect.callback<void>((resume) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resume(Effect.void))
      })
  ).pipe(Effect.map(({ port }) => port))

const bridge = (socket: Net.Socket, network: Network, address: string): void => {
  const colon = address.lastIndexOf(":")
  const party = `${socket.remoteAddress}:${socket.remotePort}`
  const dial = network.dialer(party)({
    address: { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) }
  })
  socket.pause()
  Effect.runCallback(dial, {
    onExit: (exit) => {
      if (Exit.isFailure(exit) || socket.destroyed) {
        if (Exit.isSuccess(exit)) exit.value.destroy()
        socket.destroy()
        return
      }
      const wire = exit.value
      wire.start({
        data: (chunk) => void socket.write(chunk),
        drain: () => {},
        closed: () => socket.end()
      })
      socket.on("data", (chunk) => void wire.write([chunk], false))
      socket.on("close", () => wire.destroy())
      socket.resume()
    }
  })
}
