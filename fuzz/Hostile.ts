/**
 * Hostile servers: nodes and sentinels that answer correctly often enough to pass
 * the handshake, and then send wrong answers. Carriers.ts transports their bytes.
 */
import type { Chance } from "./Chance.ts"

/** The server's end of a connection. */
export interface Peer {
  readonly write: (bytes: Buffer) => void
  readonly close: () => void
  readonly later: (millis: number, run: () => void) => void
}

export interface Place {
  readonly host: string
  readonly port: number
}

export interface Server {
  readonly kind: "primary" | "replica" | "sentinel"
  readonly place: Place
  /** The probability of a wrong reply. */
  readonly malice: number
  /** Whether it knows HELLO. */
  readonly isModern: boolean
}

/** The servers of a case; the carrier decides their addresses. */
export const plansOf = (chance: Chance): ReadonlyArray<Omit<Server, "place">> => {
  const malice = (): number => chance.pick([0, 0.01, 0.05, 0.2, 0.6, 1])
  const isModern = chance.is(0.8)
  const of = (kind: Server["kind"]) => ({ kind, malice: malice(), isModern })
  return [of("primary"), of("replica"), of("replica"), of("sentinel"), of("sentinel"), of("sentinel")]
}

/** The same servers at addresses in memory. */
export const placed = (plans: ReadonlyArray<Omit<Server, "place">>): ReadonlyArray<Server> =>
  plans.map((plan, i) => ({
    ...plan,
    place: { host: `10.0.${plan.kind === "sentinel" ? 1 : 0}.${i + 1}`, port: plan.kind === "sentinel" ? 26379 : 6379 }
  }))

export const group = "mymaster"
/** The password of every client. No message may contain it, although servers repeat it. */
export const secret = "hunter2-qJ7vX"

export class World {
  readonly servers: ReadonlyArray<Server>
  replies = 0
  private connections = 0
  constructor(servers: ReadonlyArray<Server>) {
    this.servers = servers
  }
  of(kind: Server["kind"]): ReadonlyArray<Server> {
    return this.servers.filter((server) => server.kind === kind)
  }
  nextId(): number {
    return ++this.connections
  }
}

// -----------------------------------------------------------------------------
// Values and bytes
// -----------------------------------------------------------------------------

class Raw {
  readonly bytes: string
  constructor(bytes: string) {
    this.bytes = bytes
  }
}

type Value = string | number | null | Raw | ReadonlyArray<Value> | { readonly pairs: ReadonlyArray<Value> }

const simple = (text: string): Raw => new Raw(`+${text}\r\n`)
const error = (text: string): Raw => new Raw(`-${text}\r\n`)
const ok = simple("OK")

/** One character for each byte. */
const encode = (value: Value, protocol: 2 | 3): string => {
  if (value instanceof Raw) return value.bytes
  if (value === null) return protocol === 3 ? "_\r\n" : "$-1\r\n"
  if (typeof value === "number") return `:${value}\r\n`
  if (typeof value === "string") return `$${value.length}\r\n${value}\r\n`
  if ("pairs" in value) {
    return (protocol === 3 ? `%${value.pairs.length >> 1}\r\n` : `*${value.pairs.length}\r\n`) +
      value.pairs.map((v) => encode(v, protocol)).join("")
  }
  return `*${value.length}\r\n${value.map((v) => encode(v, protocol)).join("")}`
}

const push = (items: ReadonlyArray<Value>, protocol: 2 | 3): string =>
  (protocol === 3 ? ">" : "*") + encode(items, protocol).slice(1)

const codes = [
  "READONLY",
  "LOADING",
  "MASTERDOWN",
  "NOREPLICAS",
  "TRYAGAIN",
  "CLUSTERDOWN",
  "BUSY",
  "MOVED 1 1.2.3.4:1",
  "ASK",
  "NOAUTH",
  "WRONGPASS",
  "NOPERM",
  "UNBLOCKED force unblock",
  "EXECABORT Transaction discarded because of: READONLY",
  "EXECABORT",
  "NOPROTO",
  "NOGOODSLAVE",
  "IDONTKNOW",
  "ERR unknown command 'HELLO', with args beginning with: 'AUTH'",
  "ERR max number of clients reached",
  "OOM",
  "MISCONF",
  "",
  " ",
  "\u0000",
  "__proto__"
]

const nastyText = (chance: Chance): string =>
  chance.pick([
    "",
    "\r\n",
    "\u001b[31mred\u001b[0m",
    "\u0000\u0001\u007f",
    "\xff\xfe\xc3(",
    "-1",
    "NaN",
    "1e400",
    "99999999999999999999",
    "__proto__",
    "constructor",
    "::1",
    "localhost",
    "10.0.0.1",
    "a".repeat(chance.below(3) === 0 ? 20_000 : 300),
    "%s%n",
    "inf",
    "\u2028".split("").map(() => "\xe2\x80\xa8").join("")
  ])

/** A value of any type, nested to some depth. */
const nasty = (chance: Chance, depth = 0): Value => {
  const roll = chance.below(depth > 4 ? 16 : 22)
  switch (roll) {
    case 0:
      return null
    case 1:
      return chance.pick([0, 1, -1, 2, Number.MAX_SAFE_INTEGER, -2_147_483_648, 65_536])
    case 2:
      return new Raw(
        `:${chance.pick(["9223372036854775807", "-9223372036854775808", "99999999999999999999", "", "x", "+1"])}\r\n`
      )
    case 3:
      return new Raw(`,${chance.pick(["inf", "-inf", "nan", "1e999", "3.14", "", "x", "-0"])}\r\n`)
    case 4:
      return new Raw(`(${chance.pick(["1", "9".repeat(400), "-1", "", "x"])}\r\n`)
    case 5:
      return new Raw(chance.pick(["#t\r\n", "#f\r\n", "#x\r\n", "_\r\n", "_x\r\n"]))
    case 6: {
      const text = nastyText(chance)
      return new Raw(`=${text.length + 4}\r\ntxt:${text}\r\n`)
    }
    case 7: {
      const text = `${chance.pick(codes)} ${nastyText(chance)}`
      return new Raw(`!${text.length}\r\n${text}\r\n`)
    }
    case 8:
    case 9:
      return error(`${chance.pick(codes)} ${nastyText(chance).replaceAll(/[\r\n]/g, "")}`)
    case 10:
      return simple(nastyText(chance).replaceAll(/[\r\n]/g, ""))
    case 11:
      return ok
    case 12:
      return simple("QUEUED")
    case 13:
    case 14:
    case 15:
      return nastyText(chance)
    case 16:
    case 17:
      return Array.from({ length: chance.below(5) }, () => nasty(chance, depth + 1))
    case 18:
      return { pairs: Array.from({ length: 2 * chance.below(4) }, () => nasty(chance, depth + 1)) }
    case 19: {
      const items = Array.from({ length: chance.below(4) }, () => encode(nasty(chance, depth + 1), 3))
      return new Raw(`~${items.length}\r\n${items.join("")}`)
    }
    case 20: {
      const inner = encode(nasty(chance, depth + 1), 3)
      return new Raw(`|1\r\n+ttl\r\n:1\r\n${inner}`)
    }
    default: {
      const inner = Array.from({ length: chance.below(3) }, () => encode(nasty(chance, depth + 1), 3)).join("")
      return new Raw(chance.is(0.7) ? `*?\r\n${inner}.\r\n` : `$?\r\n;3\r\nabc\r\n;0\r\n`)
    }
  }
}

/** The value with one part replaced by another value. */
const mutate = (chance: Chance, value: Value): Value => {
  if (value === null || typeof value !== "object" || value instanceof Raw) return nasty(chance)
  const items = "pairs" in value ? value.pairs : value
  if (items.length === 0 || chance.is(0.1)) return nasty(chance)
  const at = chance.below(items.length)
  const roll = chance.below(10)
  const changed = roll === 0
    ? items.filter((_, i) => i !== at)
    : roll === 1
    ? [...items, ...items]
    : items.map((item, i) => i === at ? mutate(chance, item) : item)
  return "pairs" in value ? { pairs: changed } : changed
}

/** Bytes that are not a reply, or a reply that never ends. */
const broken = (chance: Chance, honest: string): string => {
  switch (chance.below(9)) {
    case 0:
      return Array.from({ length: 1 + chance.below(60) }, () => String.fromCharCode(chance.below(256))).join("")
    case 1:
      return honest.slice(0, chance.below(honest.length + 1))
    case 2:
      return chance.pick([
        "$999999999999\r\n",
        "*2147483647\r\n",
        "$-5\r\n",
        "*-3\r\n",
        "%9007199254740993\r\n",
        "~99999999999999999999\r\n",
        "$536870913\r\nabc",
        ">0\r\n",
        "|0\r\n",
        "$1e3\r\n",
        "*+1\r\n",
        "$ 1\r\na\r\n"
      ])
    case 3:
      return "*1\r\n".repeat(chance.pick([10, 63, 64, 65, 5000]))
    case 4:
      return "|1\r\n+a\r\n".repeat(1 + chance.below(100))
    case 5:
      return `+${"x".repeat(chance.pick([1000, 70_000]))}`
    case 6:
      return "*?\r\n".repeat(1 + chance.below(80))
    case 7:
      return "$5\r\nabcdeXX"
    default: {
      // Changes one byte.
      const at = chance.below(honest.length + 1)
      return honest.slice(0, at) + String.fromCharCode(chance.below(256)) + honest.slice(at + 1)
    }
  }
}

// -----------------------------------------------------------------------------
// One connection
// -----------------------------------------------------------------------------

const absurdHosts = [
  "",
  " ",
  "0.0.0.0",
  "256.1.1.1",
  "::",
  "a\r\nb",
  "x".repeat(300),
  "\u001b[1m",
  "host name",
  "unix:/x",
  "?"
]
const absurdPorts = ["0", "-1", "65536", "99999999999", "", "NaN", "6379.5", "0x10", " 1"]

export class Conversation {
  private readonly server: Server
  private readonly world: World
  private readonly chance: Chance
  private readonly peer: Peer
  private protocol: 2 | 3 = 2
  private input = ""
  private open = true
  private queued: Array<ReadonlyArray<string>> | undefined = undefined
  private subscribed: Array<string> = []
  private readonly id: number

  constructor(server: Server, world: World, chance: Chance, peer: Peer) {
    this.server = server
    this.world = world
    this.chance = chance
    this.peer = peer
    this.id = world.nextId()
    // Sent before any request.
    if (chance.is(server.malice / 10)) this.send(encode(nasty(chance), 2))
    if (chance.is(server.malice / 20)) this.end()
  }

  data(chunk: Uint8Array): void {
    if (!this.open) return
    this.input += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString("latin1")
    let from = 0
    while (this.open) {
      const request = this.next(from)
      if (request === undefined) break
      from = request.end
      this.answer(request.words)
    }
    this.input = this.input.slice(from)
  }

  closed(): void {
    this.open = false
  }

  private next(from: number): { readonly words: ReadonlyArray<string>; readonly end: number } | undefined {
    const { input } = this
    let at = input.indexOf("\r\n", from)
    if (at === -1) return undefined
    const count = Number(input.slice(from + 1, at))
    at += 2
    const words: Array<string> = []
    for (let i = 0; i < count; i++) {
      const end = input.indexOf("\r\n", at)
      if (end === -1) return undefined
      const length = Number(input.slice(at + 1, end))
      if (input.length < end + 4 + length) return undefined
      words.push(input.slice(end + 2, end + 2 + length))
      at = end + 4 + length
    }
    return { words, end: at }
  }

  private send(bytes: string): void {
    if (this.open) this.peer.write(Buffer.from(bytes, "latin1"))
  }

  private end(): void {
    if (!this.open) return
    this.open = false
    this.peer.close()
  }

  private drip(bytes: string, pause: number): void {
    let at = 0
    const step = (): void => {
      if (!this.open || at >= bytes.length) return
      this.send(bytes[at++]!)
      this.peer.later(pause, step)
    }
    step()
  }

  private answer(words: ReadonlyArray<string>): void {
    const { chance, server } = this
    const value = this.honest(words)
    if (value === undefined) return
    this.world.replies++
    const word = (words[0] ?? "").toUpperCase()
    // Repeats what the client sent.
    if ((word === "HELLO" || word === "AUTH") && chance.is(server.malice / 4)) {
      this.send(encode(error(`${chance.pick(codes)} ${words.join(" ")}`), 2))
    } else if (chance.is(server.malice)) this.harm(value)
    else this.send(encode(value, this.protocol))
    if (server.kind === "sentinel" && this.subscribed.length > 0 && chance.is(0.3)) this.publish()
  }

  private harm(value: Value): void {
    const { chance } = this
    const honest = encode(value, this.protocol)
    switch (chance.below(20)) {
      case 0:
        return this.send(broken(chance, honest))
      case 1:
        this.send(broken(chance, honest))
        return this.end()
      case 2:
        this.send(honest)
        return this.end()
      case 3:
        return this.end()
      case 4:
        // No answer.
        return undefined
      case 5:
        return this.send(honest + honest)
      case 6:
        return this.drip(honest, 1 + chance.below(60))
      case 7:
        return this.peer.later(chance.below(400), () => this.send(honest))
      case 8:
        return this.send(push(["message", nastyText(chance), nastyText(chance)], 3) + honest)
      case 9:
        return this.send(push([chance.pick(["invalidate", "subscribe", "pmessage", "x"]), nasty(chance)], 3) + honest)
      case 10:
        return this.send(`|1\r\n+key\r\n${encode(nasty(chance), 3)}${honest}`)
      case 11:
      case 12:
        return this.send(encode(error(`${chance.pick(codes)} ${nastyText(chance).replaceAll(/[\r\n]/g, "")}`), 2))
      case 13:
        return this.send(encode(nasty(chance), this.protocol))
      default:
        return this.send(encode(mutate(chance, value), this.protocol))
    }
  }

  // ---------------------------------------------------------------------------
  // Correct answers

  private honest(words: ReadonlyArray<string>): Value | undefined {
    const name = words[0]?.toUpperCase() ?? ""
    if (this.queued !== undefined && name !== "EXEC" && name !== "DISCARD") {
      this.queued.push(words)
      return simple("QUEUED")
    }
    switch (name) {
      case "HELLO":
        if (!this.server.isModern) return error("ERR unknown command 'HELLO'")
        this.protocol = 3
        return {
          pairs: [
            "server",
            "redis",
            "version",
            "7.0.15",
            "proto",
            3,
            "id",
            this.id,
            "mode",
            "standalone",
            "role",
            this.server.kind === "replica" ? "replica" : "master",
            "modules",
            []
          ]
        }
      case "AUTH":
      case "SELECT":
      case "WATCH":
      case "UNWATCH":
        return ok
      case "CLIENT":
        return words[1]?.toUpperCase() === "ID" ? this.id : words[1]?.toUpperCase() === "UNBLOCK" ? 0 : ok
      case "PING":
        return this.subscribed.length > 0 && this.protocol === 2 ? ["pong", ""] : simple("PONG")
      case "ROLE":
        return this.role()
      case "INFO":
        return this.info()
      case "SENTINEL":
        return this.sentinel(words)
      case "SUBSCRIBE":
      case "PSUBSCRIBE":
      case "SSUBSCRIBE": {
        const names = words.slice(1)
        for (const channel of names) {
          this.subscribed.push(channel)
          this.send(push([name.toLowerCase(), channel, this.subscribed.length], this.protocol))
        }
        if (this.chance.is(0.7)) this.publish()
        return undefined
      }
      case "MULTI":
        this.queued = []
        return ok
      case "EXEC": {
        const queued = this.queued ?? []
        this.queued = undefined
        return this.chance.is(0.05) ? null : queued.map((each) => this.honest(each) ?? null)
      }
      case "SET":
      case "HMSET":
      case "MSET":
        return ok
      case "INCR":
      case "HSET":
      case "LPUSH":
      case "PUBLISH":
      case "WAIT":
      case "DEL":
        return 1
      case "GET":
        return this.chance.is(0.3) ? null : "value"
      case "MGET":
        return words.slice(1).map(() => "v")
      case "HGETALL":
        return { pairs: ["a", "1", "b", "2", "__proto__", "3"] }
      case "ZRANGE":
        return this.protocol === 3 ? [["a", new Raw(",1\r\n")], ["b", new Raw(",inf\r\n")]] : ["a", "1", "b", "inf"]
      case "BLPOP":
        return this.chance.is(0.5) ? null : ["list", "element"]
      case "SCAN":
      case "SSCAN":
        return [String(this.chance.is(0.7) ? this.chance.below(1000) + 1 : 0), ["k1", "k2"]]
      case "HSCAN":
      case "ZSCAN":
        return [String(this.chance.is(0.7) ? this.chance.below(1000) + 1 : 0), ["k1", "1"]]
      default:
        return this.chance.is(0.5) ? "whatever" : nasty(this.chance)
    }
  }

  private role(): Value {
    const primary = this.primary()
    switch (this.server.kind) {
      case "primary":
        return ["master", 1000, [["10.0.0.2", "6379", "900"]]]
      case "replica":
        return ["slave", primary.host, primary.port, "connected", 1000]
      case "sentinel":
        return ["sentinel", [group]]
    }
  }

  private info(): Value {
    const primary = this.primary()
    return this.server.kind === "replica"
      ? `# Replication\r\nrole:slave\r\nmaster_host:${primary.host}\r\nmaster_port:${primary.port}\r\n` +
        "master_link_status:up\r\nslave_repl_offset:1000\r\nslave_read_repl_offset:1000\r\nmaster_repl_offset:1000\r\n" +
        "run_id:abc\r\n"
      : "# Replication\r\nrole:master\r\nmaster_repl_offset:1000\r\nrun_id:def\r\nconnected_slaves:1\r\n"
  }

  private primary(): Place {
    return this.world.of("primary")[0]?.place ?? { host: "10.0.0.1", port: 6379 }
  }

  private place(): readonly [string, string] {
    const { chance } = this
    if (!chance.is(this.server.malice)) {
      const { host, port } = chance.is(0.9) ? this.primary() : chance.pick(this.world.servers).place
      return [host, String(port)]
    }
    return [
      chance.is(0.5) ? chance.pick(absurdHosts) : `10.9.${chance.below(256)}.${chance.below(256)}`,
      chance.is(0.5) ? chance.pick(absurdPorts) : "6379"
    ]
  }

  private sentinel(words: ReadonlyArray<string>): Value {
    const { chance } = this
    const lies = chance.is(this.server.malice)
    switch (words[1]?.toUpperCase()) {
      case "GET-MASTER-ADDR-BY-NAME":
        return [...this.place()]
      case "MASTER":
        return this.fields(this.place(), "master", lies)
      case "MASTERS":
        return Array.from({ length: lies ? chance.below(100) : 1 }, () => this.fields(this.place(), "master", lies))
      case "REPLICAS":
      case "SLAVES":
        return this.instances("replica", "slave", lies)
      case "SENTINELS":
        return this.instances("sentinel", "sentinel", lies)
      case "MYID":
        return "f".repeat(40)
      case "CKQUORUM":
        return simple("OK 3 usable Sentinels")
      default:
        return error("ERR Unknown sentinel subcommand")
    }
  }

  private instances(kind: Server["kind"], flag: string, lies: boolean): Value {
    const { chance } = this
    const own = this.world.of(kind).filter((s) => s !== this.server)
      .map(({ place }) => this.fields([place.host, String(place.port)], flag, lies))
    if (!lies) return own
    const length = chance.is(0.002) ? 50_000 : chance.below(100)
    // The same fields repeated, with other addresses.
    if (length > 100) {
      return new Raw(
        `*${length}\r\n` +
          Array.from(
            { length },
            (_, i) =>
              encode({ pairs: ["ip", `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, "port", "6379", "flags", flag] }, 2)
          )
            .join("")
      )
    }
    return [...own, ...Array.from({ length }, () => this.fields(this.place(), flag, true))]
  }

  private fields([host, port]: readonly [string, string], flag: string, lies: boolean): Value {
    const { chance } = this
    const fields: Array<Value> = [
      "name",
      flag === "master" ? group : `${host}:${port}`,
      "ip",
      host,
      "port",
      port,
      "runid",
      "e".repeat(40),
      "flags",
      lies
        ? chance.pick([flag, "", `${flag},s_down,o_down`, `${flag},failover_in_progress`, "x".repeat(1000), ","])
        : flag,
      "config-epoch",
      lies ? chance.pick(["0", "-1", "9007199254740991", "99999999999999999999", "NaN", "", "1e9"]) : "1",
      "num-slaves",
      lies ? "4294967296" : "1",
      "num-other-sentinels",
      lies ? chance.pick(["-5", "1e9", "x"]) : "2",
      "quorum",
      lies ? nastyText(chance) : "2",
      "master-link-status",
      lies ? nastyText(chance) : "ok",
      "master-host",
      this.primary().host,
      "master-port",
      String(this.primary().port),
      "slave-priority",
      "100",
      "slave-repl-offset",
      lies ? chance.pick(["-1", "1e99", ""]) : "1000",
      "replica-announced",
      "1"
    ]
    return { pairs: fields }
  }

  /** Publishes events to subscribers, correct and wrong ones. */
  private publish(): void {
    const { chance } = this
    const lies = chance.is(Math.max(0.3, this.server.malice))
    const channel = chance.pick([
      "+switch-master",
      "+selected-slave",
      "+promoted-slave",
      "-failover-abort-no-good-slave",
      "+failover-end",
      "+try-failover",
      "+elected-leader",
      "+sdown",
      "-sdown",
      "+odown",
      "+slave",
      "+sentinel",
      "+reset-master",
      "-monitor",
      "+tilt",
      "+config-update-from",
      "+role-change",
      lies ? nastyText(chance) : "news"
    ])
    const [host, port] = this.place()
    const [host2, port2] = this.place()
    const payload = lies && chance.is(0.5)
      ? nastyText(chance)
      : channel === "+switch-master"
      ? `${group} ${host} ${port} ${host2} ${port2}`
      : chance.is(0.5)
      ? `slave ${host}:${port} ${host} ${port} @ ${group} ${host2} ${port2}`
      : `master ${group} ${host} ${port}`
    const message: ReadonlyArray<Value> = chance.is(0.2)
      ? ["pmessage", "*", channel, payload]
      : lies && chance.is(0.2)
      ? ["message", nasty(chance), nasty(chance)]
      : ["message", channel, payload]
    this.send(push(message, this.protocol))
  }
}
