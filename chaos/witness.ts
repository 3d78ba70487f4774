/**
 * Observes a deployment from outside through raw sockets: when the sentinels name
 * another primary, when a replica reports the role of primary, and which events
 * the sentinels publish. It shares only the wire format with the clients under
 * test.
 */
import { readFileSync } from "node:fs"
import * as Net from "node:net"
import * as Tls from "node:tls"
import { Decoder, encodeCommand, type Value } from "../src/Resp.ts"
import type { Deployment, Server, TlsFiles } from "../test/support/processes.ts"

export interface Credentials {
  readonly password: string | undefined
  readonly sentinelPassword: string | undefined
  readonly tls: TlsFiles | undefined
}

const dial = (port: number, tls: TlsFiles | undefined): Net.Socket =>
  tls === undefined
    ? Net.connect({ port, host: "127.0.0.1", noDelay: true })
    : Tls.connect({ port, host: "127.0.0.1", ca: readFileSync(tls.ca), servername: "localhost" })

/** Sends questions to a server on a new connection. */
export const ask = (
  port: number,
  commands: ReadonlyArray<ReadonlyArray<string>>,
  options: { readonly password?: string | undefined; readonly tls?: TlsFiles | undefined; readonly millis?: number } =
    {}
): Promise<ReadonlyArray<Value> | undefined> =>
  new Promise((resolve) => {
    const all = options.password === undefined ? commands : [["AUTH", options.password], ...commands]
    const replies: Array<Value> = []
    const socket = dial(port, options.tls)
    const end = (result: ReadonlyArray<Value> | undefined): void => {
      socket.destroy()
      resolve(result)
    }
    const decoder = new Decoder({
      wantsBytes: () => false,
      onReply: (value) => {
        if (replies.push(value) === all.length) end(options.password === undefined ? replies : replies.slice(1))
      },
      onPush: () => {}
    })
    socket.on("data", (chunk) => decoder.feed(chunk))
    socket.on("error", () => end(undefined))
    socket.on("close", () => end(undefined))
    socket.setTimeout(options.millis ?? 500, () => end(undefined))
    socket.write(Buffer.concat(all.map((words) => Buffer.from(encodeCommand(words)))))
  })

export interface Sighting {
  readonly at: number
  readonly what: string
}

export class Witness {
  /** The published events and the observations, with times in milliseconds of `performance.now`. */
  readonly sightings: Array<Sighting> = []
  private stopped = false
  private readonly sockets: Array<Net.Socket> = []
  private readonly deployment: Deployment
  private readonly credentials: Credentials

  constructor(deployment: Deployment, credentials: Credentials) {
    this.deployment = deployment
    this.credentials = credentials
    for (const sentinel of deployment.sentinels) this.listen(sentinel)
  }

  private listen(sentinel: Server): void {
    if (this.stopped) return
    const socket = dial(sentinel.port, this.credentials.tls)
    this.sockets.push(socket)
    const decoder = new Decoder({
      wantsBytes: () => false,
      onReply: (value) => {
        if (Array.isArray(value) && value[0] === "pmessage") this.saw(`${value[2]} ${value[3]}`)
      },
      onPush: () => {}
    })
    socket.on("data", (chunk) => decoder.feed(chunk))
    socket.on("error", () => {})
    socket.on("close", () => setTimeout(() => this.listen(sentinel), 100).unref())
    const { sentinelPassword } = this.credentials
    if (sentinelPassword !== undefined) socket.write(encodeCommand(["AUTH", sentinelPassword]))
    socket.write(encodeCommand(["PSUBSCRIBE", "*"]))
  }

  saw(what: string): void {
    this.sightings.push({ at: performance.now(), what })
  }

  /** When an event or observation was first seen after a time. */
  first(beginning: string, after: number): number | undefined {
    return this.sightings.find((s) => s.at >= after && s.what.startsWith(beginning))?.at
  }

  get nodes(): ReadonlyArray<Server> {
    return [this.deployment.primary, ...this.deployment.replicas]
  }

  /** The primary's port, as a sentinel reports it. */
  async named(sentinel: Server): Promise<number | undefined> {
    const reply = await ask(
      sentinel.port,
      [["SENTINEL", "GET-MASTER-ADDR-BY-NAME", this.deployment.group]],
      { password: this.credentials.sentinelPassword, tls: this.credentials.tls, millis: 200 }
    )
    const address = reply?.[0]
    return Array.isArray(address) ? Number(address[1]) : undefined
  }

  async roleOf(node: Server): Promise<string | undefined> {
    const reply = await ask(node.port, [["ROLE"]], { ...this.credentials, millis: 200 })
    const role = reply?.[0]
    return Array.isArray(role) ? String(role[0]) : undefined
  }

  /** Records when a sentinel first names another primary, and when another node first reports the role of primary. */
  watchMove(): void {
    const begin = performance.now()
    void (async () => {
      const old = this.deployment.primary.port
      const current = await this.named(this.deployment.sentinels[1]!) ?? old
      const poll = async (what: string, check: () => Promise<boolean>): Promise<void> => {
        while (!this.stopped && this.first(what, begin) === undefined) {
          if (await check()) {
            if (this.first(what, begin) === undefined) this.saw(what)
            return
          }
          await new Promise((resolve) => setTimeout(resolve, 4))
        }
      }
      for (const sentinel of this.deployment.sentinels) {
        void poll("REPORTED", async () => {
          const port = await this.named(sentinel)
          return port !== undefined && port !== current
        })
      }
      for (const node of this.nodes) {
        if (node.port === current) continue
        void poll("ROLE", async () => (await this.roleOf(node)) === "master")
      }
    })()
  }

  /** The node that all answering sentinels name, that reports the role of primary, and that the other nodes follow. */
  async settled(): Promise<Server | undefined> {
    const named = await Promise.all(this.deployment.sentinels.map((s) => this.named(s)))
    const ports = new Set(named.filter((port) => port !== undefined))
    if (ports.size !== 1) return undefined
    const primary = this.nodes.find((node) => ports.has(node.port))
    if (primary === undefined) return undefined
    for (const node of this.nodes) {
      const role = await this.roleOf(node)
      // A stopped node has no role.
      if (role !== undefined && role !== (node === primary ? "master" : "slave")) return undefined
      if (node === primary && role === undefined) return undefined
    }
    return primary
  }

  stop(): void {
    this.stopped = true
    for (const socket of this.sockets) socket.destroy()
  }
}
