/**
 * A network in memory: servers listen at addresses, and the library dials them
 * through a `Connector` as it would dial sockets. It carries bytes and can cut,
 * hang and refuse; it knows nothing of Redis.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { Buffer } from "node:buffer"
import * as Address from "../Address.ts"
import type { Dial, Handler, Transport } from "../Connector.ts"
import { ConnectFailed } from "../Errors.ts"

/**
 * The server's side of a connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface Peer {
  readonly write: (bytes: Uint8Array) => void
  readonly close: () => void
}

/**
 * What a server does with its connections.
 *
 * @since 0.1.0
 * @category models
 */
export interface Listener {
  /** Whether it accepts a connection now. */
  readonly accepts: () => boolean
  /** Whether the connection is established but nobody ever answers it, as with a stopped process. */
  readonly connect: (peer: Peer) => {
    readonly data: (bytes: Uint8Array) => void
    readonly closed: () => void
  }
}

/**
 * How many bytes of a connection pass in either direction before it is cut.
 *
 * @since 0.1.0
 * @category models
 */
export interface Cut {
  readonly address: string
  readonly direction: "request" | "reply"
  readonly after: number
}

class Wire implements Transport {
  private handler: Handler | undefined = undefined
  private readonly early: Array<Uint8Array> = []
  private server: ReturnType<Listener["connect"]> | undefined = undefined
  private open = true
  private readonly network: Network
  readonly address: string

  constructor(network: Network, address: string) {
    this.network = network
    this.address = address
  }

  accept(listener: Listener): void {
    this.server = listener.connect({
      write: (bytes) => this.toClient(bytes),
      close: () => this.cut(new Error("read ECONNRESET"))
    })
  }

  // The client's side.

  readonly start = (handler: Handler): void => {
    this.handler = handler
    if (!this.open) return queueMicrotask(() => handler.closed(undefined))
    for (const bytes of this.early.splice(0)) handler.data(bytes)
  }

  readonly write = (chunks: ReadonlyArray<string | Uint8Array>): boolean => {
    if (!this.open) return true
    const bytes = Buffer.concat(chunks.map((c) => typeof c === "string" ? Buffer.from(c, "utf8") : c))
    const passed = this.network.passing(this, "request", bytes)
    queueMicrotask(() => {
      if (passed.bytes.length > 0 && this.open) this.server?.data(passed.bytes)
      if (passed.cut) this.cut(new Error("read ECONNRESET"))
    })
    return true
  }

  readonly destroy = (): void => {
    if (!this.open) return
    this.open = false
    this.handler = undefined
    this.network.forget(this)
    const server = this.server
    queueMicrotask(() => server?.closed())
  }

  // The server's side.

  toClient(bytes: Uint8Array): void {
    if (!this.open) return
    const passed = this.network.passing(this, "reply", bytes)
    queueMicrotask(() => {
      if (this.open && passed.bytes.length > 0) {
        if (this.handler === undefined) this.early.push(passed.bytes)
        else this.handler.data(passed.bytes)
      }
      if (passed.cut) this.cut(new Error("read ECONNRESET"))
    })
  }

  readonly close = (): void => this.cut(undefined)

  cut(cause: unknown): void {
    if (!this.open) return
    this.open = false
    this.network.forget(this)
    this.server?.closed()
    this.handler?.closed(cause)
  }
}

/**
 * Addresses, who listens at them, and what is connected.
 *
 * @since 0.1.0
 * @category models
 */
export class Network {
  private readonly listeners = new Map<string, Listener>()
  private readonly wires = new Set<Wire>()
  private cuts: Array<{ -readonly [K in keyof Cut]: Cut[K] }> = []
  private readonly dialled = new Map<string, number>()
  /** How long one dial takes, in milliseconds on the Clock. */
  latency = 0

  listen(address: string, listener: Listener): void {
    this.listeners.set(address, listener)
  }

  /** How many connections are open, to an address or in all. */
  connections(address?: string | undefined): number {
    let n = 0
    for (const wire of this.wires) if (address === undefined || wire.address === address) n++
    return n
  }

  /** How often an address was dialled. */
  dials(address: string): number {
    return this.dialled.get(address) ?? 0
  }

  /** Closes every connection to an address, as the server's operating system would. */
  closeAll(address: string): void {
    for (const wire of Array.from(this.wires)) if (wire.address === address) wire.close()
  }

  /** Cuts one connection to an address once so many more bytes have passed. */
  cutAfter(cut: Cut): void {
    this.cuts.push({ ...cut })
  }

  /** @internal */
  forget(wire: unknown): void {
    this.wires.delete(wire as Wire)
  }

  /** @internal */
  passing(
    wire: { readonly address: string },
    direction: Cut["direction"],
    bytes: Uint8Array
  ): { readonly bytes: Uint8Array; readonly cut: boolean } {
    const cut = this.cuts.find((c) => c.address === wire.address && c.direction === direction)
    if (cut === undefined) return { bytes, cut: false }
    if (bytes.length < cut.after) {
      cut.after -= bytes.length
      return { bytes, cut: false }
    }
    this.cuts = this.cuts.filter((c) => c !== cut)
    return { bytes: bytes.subarray(0, cut.after), cut: true }
  }

  /** The `Connector` of this network. */
  readonly dial: Dial = ({ address }) =>
    Effect.suspend(() => {
      const shown = Address.format(address)
      this.dialled.set(shown, this.dials(shown) + 1)
      const listener = this.listeners.get(shown)
      const connect = Effect.suspend(() => {
        if (listener === undefined || !listener.accepts()) {
          return Effect.fail(
            new ConnectFailed({
              address: shown,
              phase: "dial",
              detail: `connect ECONNREFUSED ${shown}`,
              cause: new Error("ECONNREFUSED")
            })
          )
        }
        const wire = new Wire(this, shown)
        this.wires.add(wire)
        wire.accept(listener)
        return Effect.succeed<Transport>(wire)
      })
      return this.latency === 0 ? connect : Effect.andThen(Effect.sleep(this.latency), connect)
    })
}
