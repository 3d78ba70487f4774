/**
 * A network in memory: servers listen at addresses, and clients connect to them through
 * a `Connector`, as they would through sockets. It delivers bytes in order, and can
 * delay, hold, cut, corrupt and refuse them. It knows nothing of Redis.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { Buffer } from "node:buffer"
import * as Address from "../Address.ts"
import type { Dial, Handler, Transport } from "../Connector.ts"
import { ConnectFailed } from "../Errors.ts"
import type { Time } from "./Time.ts"

/**
 * The server's side of a connection in memory.
 *
 * @since 0.1.0
 * @category models
 */
export interface Peer {
  /** The party at the other end: the name of a client, or the address of a server. */
  readonly party: string
  /** Sends bytes, one per character of the string. */
  readonly write: (bytes: string) => void
  /** Closes the connection after what was written. */
  readonly close: () => void
}

/**
 * A server at an address of the network.
 *
 * @since 0.1.0
 * @category models
 */
export interface Listener {
  /** Whether it accepts a connection now. */
  readonly accepts: () => boolean
  /** Takes a new connection. */
  readonly connect: (peer: Peer) => {
    /** Receives bytes of the client. */
    readonly data: (bytes: Uint8Array) => void
    /** The connection ended; called once. */
    readonly closed: () => void
  }
}

/**
 * A direction of a connection: requests go from the client to the server, replies back.
 *
 * @since 0.1.0
 * @category models
 */
export type Direction = "request" | "reply"

/**
 * Where a fault happens: after the next `after` bytes that pass to or from an address,
 * on the connection that carries them.
 *
 * @since 0.1.0
 * @category models
 */
export interface Cut {
  /** The address of the server, as `host:port`. */
  readonly address: string
  /** Whether the fault happens in requests or in replies; only those count. */
  readonly direction: Direction
  /** How many more bytes pass before the fault. */
  readonly after: number
}

// One of each: a client that waits for its server to come back causes many.
const causes = { ECONNREFUSED: new Error("ECONNREFUSED"), ENOTFOUND: new Error("ENOTFOUND") } as const

interface Fault {
  readonly address: string
  readonly direction: Direction
  readonly kind: "cut" | "corrupt"
  after: number
}

/**
 * One direction between two parties: what is in transit, in order.
 *
 * @since 0.1.0
 * @category models
 */
export class Lane {
  readonly from: string
  readonly to: string
  private readonly network: Network
  private readonly queue: Array<{ due: number; readonly run: () => void }> = []
  private arrived = 0

  constructor(network: Network, from: string, to: string) {
    this.network = network
    this.from = from
    this.to = to
  }

  /**
   * Runs a function at the other end, after the latency and `more` milliseconds, and at
   * least `behind` milliseconds after what was sent before it.
   */
  send(run: () => void, more = 0, behind = 0): void {
    const delay = this.network.delay(this.from, this.to) + Math.round(more)
    const now = this.network.time.now()
    // Delivery is in order.
    const due = Math.max(now + delay, this.arrived + behind)
    this.arrived = due
    this.queue.push({ due, run })
    if (due <= now) queueMicrotask(() => this.flush())
    else this.network.time.at(due, () => this.flush())
  }

  /** Makes everything in transit due now. */
  hurry(): void {
    const now = this.arrived = this.network.time.now()
    for (const item of this.queue) item.due = Math.min(item.due, now)
    this.flush()
  }

  /** Delivers what is due, unless a partition blocks it. */
  flush(): void {
    const now = this.network.time.now()
    while (this.queue.length > 0 && this.queue[0]!.due <= now && this.network.passes(this.from, this.to)) {
      if (this.network.standsStill(this.to)) return
      this.queue.shift()!.run()
    }
  }
}

class Wire implements Transport {
  private handler: Handler | undefined = undefined
  private readonly early: Array<Uint8Array> = []
  private server: ReturnType<Listener["connect"]> | undefined = undefined
  private clientOpen = true
  private serverOpen = true
  /** Whether nothing passes any more, in either direction, though both sides have it open. */
  private silent = false
  /** Whether the client does not read, and what has arrived meanwhile. */
  private isPaused = false
  private unread: Array<() => void> = []
  private readonly network: Network
  readonly address: string
  readonly requests: Lane
  readonly replies: Lane
  get remote(): string {
    return this.address
  }

  constructor(network: Network, party: string, address: string) {
    this.network = network
    this.address = address
    this.requests = network.lane(party, address)
    this.replies = network.lane(address, party)
  }

  accept(listener: Listener): void {
    this.server = listener.connect({
      party: this.requests.from,
      write: (bytes) => this.reply(bytes),
      close: () => this.closeServer(undefined)
    })
  }

  // The client's side.

  readonly start = (handler: Handler): void => {
    this.handler = handler
    for (const bytes of this.early.splice(0)) handler.data(bytes)
    if (!this.clientOpen) queueMicrotask(() => handler.closed(undefined))
  }

  readonly write = (chunks: ReadonlyArray<string | Uint8Array>): boolean => {
    if (!this.clientOpen) return true
    const whole = chunks.length === 1 && typeof chunks[0] === "string"
      ? Buffer.from(chunks[0], "utf8")
      : Buffer.concat(chunks.map((c) => typeof c === "string" ? Buffer.from(c, "utf8") : c))
    const { bytes, cut } = this.network.passing(this.address, "request", whole, this.requests.from)
    this.requests.send(() => {
      if (this.silent) return
      if (this.serverOpen && bytes.length > 0) this.server!.data(bytes)
      // A client that does not read learns of the end when it writes.
      else if (!this.serverOpen) this.replies.send(() => this.endClient(new Error("write EPIPE")))
      if (cut) this.cut()
    })
    return true
  }

  readonly pause = (): void => {
    this.isPaused = true
  }

  readonly resume = (): void => {
    this.isPaused = false
    while (!this.isPaused && this.unread.length > 0) this.unread.shift()!()
  }

  /** Happens to the client when it reads. */
  private onRead(run: () => void): void {
    if (this.isPaused || this.unread.length > 0) this.unread.push(run)
    else run()
  }

  readonly caughtUp = (done: () => void): void => {
    this.network.handOut(this.requests.from)
    done()
  }

  readonly behind = (current: () => void): number => {
    const millis = this.network.unreadMillis(this.requests.from)
    if (millis === 0) return 0
    queueMicrotask(() => {
      this.network.handOut(this.requests.from)
      current()
    })
    return millis
  }

  readonly destroy = (): void => {
    if (!this.clientOpen) return
    this.clientOpen = false
    this.handler = undefined
    this.requests.send(() => {
      if (!this.silent) this.endServer()
    })
    this.forget()
  }

  // The server's side.

  private reply(text: string): void {
    if (!this.serverOpen) return
    const { bytes, cut } = this.network.passing(this.address, "reply", Buffer.from(text, "latin1"), this.requests.from)
    const apart = this.network.dripping(this.address)
    if (apart === 0) return this.replies.send(() => this.arrive(bytes, cut))
    for (let i = 0; i < bytes.length - 1; i++) {
      const byte = bytes.subarray(i, i + 1)
      this.replies.send(() => this.arrive(byte, false), 0, apart)
    }
    this.replies.send(() => this.arrive(bytes.subarray(-1), cut), 0, apart)
  }

  private arrive(bytes: Uint8Array, cut: boolean): void {
    if (this.silent) return
    if (bytes.length > 0) {
      this.onRead(() => {
        if (!this.clientOpen) return
        if (this.handler === undefined) this.early.push(bytes)
        else this.handler.data(bytes)
      })
    }
    if (cut) this.cut()
  }

  /** From now on nothing passes, and neither side is told. */
  silence(): void {
    this.silent = true
    if (!this.clientOpen) this.forget()
  }

  /** The server's operating system ends the connection; the client learns of it when it hears. */
  closeServer(cause: unknown): void {
    if (!this.serverOpen) return
    this.endServer()
    this.replies.send(() => {
      if (!this.silent) this.onRead(() => this.endClient(cause))
    })
  }

  /** Both sides lose the connection at once. */
  cut(): void {
    this.endServer()
    this.onRead(() => this.endClient(new Error("read ECONNRESET")))
  }

  private endServer(): void {
    if (!this.serverOpen) return
    this.serverOpen = false
    this.forget()
    this.server?.closed()
  }

  private endClient(cause: unknown): void {
    if (!this.clientOpen) return
    this.clientOpen = false
    this.forget()
    this.handler?.closed(cause)
  }

  private forget(): void {
    if (!this.clientOpen && (!this.serverOpen || this.silent)) this.network.forget(this)
  }

  /** Whether the client still has it open. */
  get open(): boolean {
    return this.clientOpen
  }
}

/**
 * The network of a deployment: servers at addresses, the connections to them, and the
 * faults of both.
 *
 * A party is the name of a client (`client`, unless it was made with `dialer`) or the
 * address of a server as `host:port`. `"*"` stands for all other parties.
 *
 * @since 0.1.0
 * @category models
 */
export class Network {
  /** The time of the deployment. */
  readonly time: Time
  private readonly listeners = new Map<string, Listener>()
  private readonly wires = new Set<Wire>()
  private readonly lanes = new Set<Lane>()
  private faults: Array<Fault> = []
  private readonly dialled = new Map<string, number>()
  private readonly blocked = new Set<string>()
  private readonly refused = new Set<string>()
  private readonly still = new Set<string>()
  /** The parties that stand still, or that read what arrived in that time, and since when. */
  private readonly unread = new Map<string, number>()
  private readonly names = new Map<string, string | undefined>()
  private readonly slowness = new Map<string, number>()
  private readonly drips = new Map<string, number>()
  private waiting: Array<() => void> = []
  /** The latency between any two parties, one way, in milliseconds: a range. Default 0. */
  latencyMillis: readonly [min: number, max: number] = [0, 0]
  private readonly listening: Array<() => void> = []
  /** Called for each connection attempt with the client's party and the server's address. */
  onDial: (party: string, address: string) => void = () => {}
  /** Called for each byte that is corrupted, with the client's party, what was sent at once, and where the byte is. */
  onCorrupt: (party: string, direction: Direction, bytes: Uint8Array, at: number) => void = () => {}

  constructor(time: Time) {
    this.time = time
  }

  /** Registers a function to run whenever a process or a partition changes. */
  onChange(run: () => void): void {
    this.listening.push(run)
  }

  /** Reports that a process changed. */
  changed(): void {
    for (const run of this.listening) run()
  }

  /** Makes a server listen at an address. */
  listen(address: string, listener: Listener): void {
    this.listeners.set(address, listener)
  }

  /** The server that listens at an address. */
  listener(address: string): Listener | undefined {
    return this.listeners.get(address)
  }

  /** How many connections are open: to one address or to all, from one party or from all. */
  connections(address?: string | undefined, party?: string | undefined): number {
    let n = 0
    for (const wire of this.wires) {
      if (!wire.open || (address !== undefined && wire.address !== address)) continue
      if (party === undefined || wire.requests.from === party) n++
    }
    return n
  }

  /** How many connection attempts there were to an address. */
  dials(address: string): number {
    return this.dialled.get(address) ?? 0
  }

  /** Closes every connection to an address, as the operating system of the server does when its process ends. */
  closeAll(address: string): void {
    for (const wire of Array.from(this.wires)) {
      if (wire.address === address) wire.closeServer(new Error("read ECONNRESET"))
    }
  }

  /** Breaks one connection in the middle of a request or a reply. */
  cutAfter(cut: Cut): void {
    this.faults.push({ ...cut, kind: "cut" })
  }

  /** Changes one byte of a request or a reply. */
  corruptAfter(cut: Cut): void {
    this.faults.push({ ...cut, kind: "corrupt" })
  }

  /** Blocks everything from one party to another. Connections stay open. */
  block(from: string, to: string): void {
    this.blocked.add(`${from} ${to}`)
    this.changed()
  }

  /** Ends a block. What was sent meanwhile arrives, in order. */
  unblock(from: string, to: string): void {
    this.blocked.delete(`${from} ${to}`)
    this.resume()
  }

  /** Ends all blocks. */
  unblockAll(): void {
    this.blocked.clear()
    this.resume()
  }

  /**
   * Makes a party stand still, as a busy process or one under a debugger: what arrives
   * for it is delivered only after `goOn`, or when it reads what has arrived
   * (`Transport.caughtUp`). Its timers go on.
   */
  standStill(party: string): void {
    this.still.add(party)
    if (!this.unread.has(party)) this.unread.set(party, this.time.now())
  }

  /** Ends `standStill`, and delivers what has arrived. */
  goOn(party: string): void {
    this.still.delete(party)
    for (const lane of Array.from(this.lanes)) if (lane.to === party) lane.flush()
    this.unread.delete(party)
  }

  /** For how long something may have been arriving for a party that it has not read, in milliseconds; 0 if nothing. @internal */
  unreadMillis(party: string): number {
    const since = this.unread.size > 0 ? this.unread.get(party) : undefined
    return since === undefined ? 0 : Math.max(1, this.time.now() - since)
  }

  /** @internal */
  standsStill(party: string): boolean {
    return this.still.size > 0 && this.still.has(party)
  }

  /** Delivers what has arrived for a party that stands still. @internal */
  handOut(party: string): void {
    if (!this.still.delete(party)) return
    for (const lane of Array.from(this.lanes)) if (lane.to === party) lane.flush()
    this.still.add(party)
  }

  private resume(): void {
    for (const lane of Array.from(this.lanes)) lane.flush()
    for (const retry of this.waiting.splice(0)) retry()
    this.changed()
  }

  /** Whether no block stops bytes from one party to another. */
  passes(from: string, to: string): boolean {
    if (this.blocked.size === 0) return true
    return !this.blocked.has(`${from} ${to}`) && !this.blocked.has(`${from} *`) && !this.blocked.has(`* ${to}`)
  }

  /** Whether no block stops bytes between two parties, in either direction. */
  reach(a: string, b: string): boolean {
    return this.passes(a, b) && this.passes(b, a)
  }

  /** Makes an address refuse new connections, or accept them again. */
  refuse(address: string, refused: boolean): void {
    if (refused) this.refused.add(address)
    else this.refused.delete(address)
  }

  /** Adds latency to both directions of an address, in milliseconds; 0 ends it. @internal */
  slow(address: string, millis: number): void {
    this.slowness.set(address, millis)
  }

  /** Makes the bytes that an address sends arrive one by one, `millis` milliseconds apart; 0 ends it. @internal */
  drip(address: string, millis: number): void {
    if (millis > 0) this.drips.set(address, millis)
    else if (this.drips.delete(address)) {
      for (const lane of Array.from(this.lanes)) if (lane.from === address) lane.hurry()
    }
  }

  /** @internal */
  dripping(address: string): number {
    return this.drips.size === 0 ? 0 : this.drips.get(address) ?? 0
  }

  /**
   * Makes the open connections to an address carry nothing any more, as behind a load
   * balancer that has forgotten them: both sides keep them open. New connections work.
   */
  silence(address: string): void {
    for (const wire of Array.from(this.wires)) if (wire.address === address) wire.silence()
  }

  /** Makes a host name resolve to a host; undefined removes the name. */
  name(name: string, host: string | undefined): void {
    this.names.set(name, host)
  }

  /** How long the next message takes, in milliseconds. @internal */
  delay(from: string, to: string): number {
    const [min, max] = this.latencyMillis
    const slow = this.slowness.size === 0 ? 0 : (this.slowness.get(from) ?? 0) + (this.slowness.get(to) ?? 0)
    return (max === 0 ? 0 : Math.round(this.time.between(min, max))) + slow
  }

  /** A new lane from one party to another; `leave` must follow. @internal */
  lane(from: string, to: string): Lane {
    const lane = new Lane(this, from, to)
    this.lanes.add(lane)
    return lane
  }

  /** @internal */
  leave(lane: Lane): void {
    this.lanes.delete(lane)
  }

  /** @internal */
  forget(wire: Wire): void {
    this.wires.delete(wire)
    this.lanes.delete(wire.requests)
    this.lanes.delete(wire.replies)
  }

  /** @internal */
  passing(
    address: string,
    direction: Direction,
    bytes: Uint8Array,
    party: string
  ): { readonly bytes: Uint8Array; readonly cut: boolean } {
    if (this.faults.length === 0) return { bytes, cut: false }
    const fault = this.faults.find((f) => f.address === address && f.direction === direction)
    if (fault === undefined) return { bytes, cut: false }
    if (bytes.length < fault.after || (fault.kind === "corrupt" && bytes.length === fault.after)) {
      fault.after -= bytes.length
      return { bytes, cut: false }
    }
    this.faults = this.faults.filter((f) => f !== fault)
    if (fault.kind === "cut") return { bytes: bytes.subarray(0, fault.after), cut: true }
    const corrupted = Uint8Array.from(bytes)
    corrupted[fault.after] = corrupted[fault.after]! ^ 0x55
    this.onCorrupt(party, direction, bytes, fault.after)
    return { bytes: corrupted, cut: false }
  }

  private failure(shown: string, phase: "dial" | "resolve", code: keyof typeof causes): ConnectFailed {
    return new ConnectFailed({
      address: shown,
      phase,
      detail: phase === "dial" ? `connect ${code} ${shown}` : `getaddrinfo ${code} ${shown}`,
      cause: causes[code]
    })
  }

  /** Dials for a party. */
  dialer(party: string): Dial {
    return ({ address }) =>
      Effect.callback<Transport, ConnectFailed>((resume) => {
        const shown = Address.format(address)
        let target = shown
        if (!Address.isUnix(address) && this.names.has(address.host)) {
          const host = this.names.get(address.host)
          if (host === undefined) return resume(Effect.fail(this.failure(shown, "resolve", "ENOTFOUND")))
          target = Address.format({ host, port: address.port })
        }
        this.dialled.set(target, this.dials(target) + 1)
        this.onDial(party, target)
        let given = false
        const arrive = (): void => {
          if (given) return
          // A lost packet is sent again: the dial goes on once both ways are open.
          if (!this.reach(party, target)) {
            this.waiting.push(arrive)
            return
          }
          const listener = this.listeners.get(target)
          if (listener === undefined || this.refused.has(target) || !listener.accepts()) {
            return resume(Effect.fail(this.failure(shown, "dial", "ECONNREFUSED")))
          }
          const wire = new Wire(this, party, target)
          this.wires.add(wire)
          wire.accept(listener)
          resume(Effect.succeed(wire))
        }
        const delay = this.delay(party, target) + this.delay(target, party)
        const timer = delay === 0 ? arrive() : this.time.later(delay, arrive)
        return Effect.sync(() => {
          given = true
          this.waiting = this.waiting.filter((w) => w !== arrive)
          if (timer !== undefined) timer.cancel()
        })
      })
  }

  /** The `Connector` of the party `client`. */
  readonly dial: Dial = (options) => this.dialer("client")(options)
}
