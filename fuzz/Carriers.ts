/**
 * The transports between a client and hostile servers: in memory with virtual
 * time, or sockets on loopback. Each counts its open connections.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Net from "node:net"
import type { VirtualClock } from "../simulation/Clock.ts"
import * as Address from "../src/Address.ts"
import { type Dial, dialNode, type Handler, type Transport } from "../src/Connector.ts"
import { ConnectFailed } from "../src/Errors.ts"
import type { Chance } from "./Chance.ts"
import { Conversation, type Peer, type Place, type Server, World } from "./Hostile.ts"

export interface Carrier {
  readonly dial: Dial
  readonly world: World
  /** How many connections are open on the client's side. */
  readonly open: () => number
}

const failure = (address: Address.Address): ConnectFailed =>
  new ConnectFailed({ address: Address.format(address), phase: "dial", detail: "nobody listens" })

const keyOf = ({ host, port }: Place): string => `${host}:${port}`

/** In memory: bytes arrive in a later microtask, cut into pieces. */
export const memory = (clock: VirtualClock, chance: Chance, servers: ReadonlyArray<Server>): Carrier => {
  const world = new World(servers)
  const byPlace = new Map(servers.map((server) => [keyOf(server.place), server]))
  let open = 0
  const later = (millis: number, run: () => void): void =>
    void Effect.runFork(Effect.andThen(clock.sleep(Duration.millis(millis)), Effect.sync(run)))

  const dial: Dial = ({ address }) =>
    Effect.suspend(() => {
      const server = Address.isUnix(address) ? undefined : byPlace.get(keyOf(address))
      if (server === undefined || chance.is(server.malice / 10)) return Effect.fail(failure(address))
      open++
      let handler: Handler | undefined
      let ended = false
      const early: Array<() => void> = []
      const deliver = (run: (handler: Handler) => void): void => {
        queueMicrotask(() => {
          if (ended) return
          if (handler === undefined) early.push(() => handler !== undefined && !ended && run(handler))
          else run(handler)
        })
      }
      const peer: Peer = {
        write: (bytes) => {
          const at = chance.is(0.3) ? chance.below(bytes.length + 1) : 0
          for (const part of [bytes.subarray(0, at), bytes.subarray(at)]) {
            if (part.length > 0) deliver((h) => h.data(part))
          }
        },
        close: () =>
          deliver((h) => {
            ended = true
            open--
            h.closed(undefined)
          }),
        later
      }
      const conversation = new Conversation(server, world, chance.fork(), peer)
      const transport: Transport = {
        start: (h) => {
          handler = h
          queueMicrotask(() => {
            for (const run of early.splice(0)) run()
          })
        },
        write: (chunks, ascii) => {
          const bytes = Buffer.concat(
            chunks.map((c) => typeof c === "string" ? Buffer.from(c, ascii ? "latin1" : "utf8") : c)
          )
          queueMicrotask(() => conversation.data(bytes))
          return true
        },
        destroy: () => {
          if (ended) return
          ended = true
          open--
          conversation.closed()
        }
      }
      return Effect.succeed(transport)
    })
  return { dial, world, open: () => open }
}

/** On loopback. It dials nothing else, whatever the sentinels announce. */
export const sockets = (
  chance: Chance,
  plans: ReadonlyArray<Omit<Server, "place">>
): Effect.Effect<Carrier, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const servers: Array<Server> = []
      const listeners: Array<Net.Server> = []
      const accepted = new Set<Net.Socket>()
      const timers = new Set<NodeJS.Timeout>()
      const world = new World(servers)
      for (const plan of plans) {
        const listener = Net.createServer((socket) => {
          accepted.add(socket)
          const server = servers[listeners.indexOf(listener)]!
          const conversation = new Conversation(server, world, chance.fork(), {
            write: (bytes) => void (socket.writable && socket.write(bytes)),
            close: () => chance.is(0.5) ? socket.end() : socket.destroy(),
            later: (millis, run) => {
              const timer = setTimeout(() => {
                timers.delete(timer)
                run()
              }, millis)
              timers.add(timer)
            }
          })
          socket.on("data", (chunk) => conversation.data(chunk))
          socket.on("error", () => {})
          socket.on("close", () => {
            accepted.delete(socket)
            conversation.closed()
          })
        })
        listeners.push(listener)
        await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve))
        servers.push({ ...plan, place: { host: "127.0.0.1", port: (listener.address() as Net.AddressInfo).port } })
      }
      const known = new Set(servers.map((server) => keyOf(server.place)))
      let open = 0
      const dial: Dial = (options) =>
        Address.isUnix(options.address) || !known.has(keyOf(options.address))
          ? Effect.fail(failure(options.address))
          : Effect.map(dialNode(options), (transport) => {
            open++
            let ended = false
            const end = (): void => {
              if (!ended) open--
              ended = true
            }
            return {
              ...transport,
              start: (handler) =>
                transport.start({
                  ...handler,
                  closed: (cause) => {
                    end()
                    handler.closed(cause)
                  }
                }),
              destroy: () => {
                end()
                transport.destroy()
              }
            }
          })
      return { carrier: { dial, world, open: () => open }, listeners, accepted, timers }
    }),
    ({ accepted, listeners, timers }) =>
      Effect.promise(async () => {
        for (const timer of timers) clearTimeout(timer)
        for (const socket of accepted) socket.destroy()
        await Promise.all(listeners.map((listener) => new Promise((resolve) => listener.close(resolve))))
      })
  ).pipe(Effect.map(({ carrier }) => carrier))
