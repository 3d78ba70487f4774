/**
 * A sentinel in memory: the queries that clients make, and its view of one
 * group. When a failover happens, and what each sentinel learns when, is
 * driven by the deployment in `index.ts`.
 *
 * @since 0.1.0
 */
import type * as Address from "../Address.ts"
import { ErrorReply, MapReply, type Value } from "../Resp.ts"
import type { Network } from "./Network.ts"
import { Process, type RedisNode, type Session } from "./RedisNode.ts"

const error = (text: string): ErrorReply => new ErrorReply(text)

const noGroup = error("ERR No such master with that name")

/**
 * What a sentinel lies, for tests of clients that must not believe it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Lie {
  /** The primary's address that it gives, whatever it knows. */
  readonly primary?: { readonly host: string; readonly port: number } | undefined
  /** Whether it says that it does not know the group. */
  readonly unknownGroup?: boolean | undefined
}

/**
 * A sentinel in memory.
 *
 * @since 0.1.0
 * @category models
 */
export class SentinelNode extends Process {
  readonly group: string
  readonly quorum: number
  readonly id: string
  /** The node that it believes to be the primary. */
  primary: RedisNode
  nodes: ReadonlyArray<RedisNode>
  others: ReadonlyArray<SentinelNode> = []
  epoch = 0
  lie: Lie = {}
  /** Since when it has not heard from each node, in milliseconds on the Clock. */
  readonly silentSince = new Map<RedisNode, number>()
  readonly down = new Set<RedisNode>()
  /** How many requests it answered. */
  requests = 0

  constructor(
    network: Network,
    address: Address.Tcp,
    options: {
      readonly group: string
      readonly quorum: number
      readonly primary: RedisNode
      readonly nodes: ReadonlyArray<RedisNode>
      readonly id: string
    }
  ) {
    super(network, address)
    this.group = options.group
    this.quorum = options.quorum
    this.primary = options.primary
    this.nodes = options.nodes
    this.id = options.id
    this.serve = (session, args) => this.request(session, args)
  }

  protected override readonly mode: string = "sentinel"

  private request(session: Session, args: Array<string>): Value {
    this.requests++
    const name = (args[0] ?? "").toUpperCase()
    if (!session.authenticated && name !== "AUTH" && name !== "HELLO") return error("NOAUTH Authentication required.")
    if (name === "SENTINEL") return this.query(args)
    if (name === "ROLE") return ["sentinel", [this.group]]
    if (name === "SELECT") return error("ERR unknown command 'SELECT'")
    return this.common(session, name, args) ?? error(`ERR unknown command '${args[0]}'`)
  }

  private query(args: Array<string>): Value {
    const known = args[2] === this.group && this.lie.unknownGroup !== true
    switch ((args[1] ?? "").toUpperCase()) {
      case "GET-MASTER-ADDR-BY-NAME": {
        if (!known) return null
        const { host, port } = this.lie.primary ?? this.primary.address
        return [host, String(port)]
      }
      case "MASTER":
        return known ? this.describePrimary() : noGroup
      case "MASTERS":
        return [this.describePrimary()]
      case "REPLICAS":
      case "SLAVES":
        return known
          ? this.nodes.filter((n) => n !== this.primary).map((n) => this.describeReplica(n))
          : noGroup
      case "SENTINELS":
        return known ? this.others.map((s) => this.describeOther(s)) : noGroup
      case "MYID":
        return this.id
      case "CKQUORUM": {
        if (!known) return noGroup
        const usable = 1 + this.others.filter((s) => s.responsive).length
        return usable >= this.quorum
          ? `OK ${usable} usable Sentinels. Quorum and failover authorization can be reached`
          : error(`NOQUORUM ${usable} usable Sentinels. Not enough available Sentinels to reach the specified quorum`)
      }
      default:
        return error(`ERR unknown subcommand '${args[1]}'. Try SENTINEL HELP.`)
    }
  }

  private fields(
    node: Process,
    flags: ReadonlyArray<string>,
    more: Readonly<Record<string, string | number>>
  ): MapReply {
    const all: Record<string, string | number> = {
      name: node.shown,
      ip: node.address.host,
      port: node.address.port,
      runid: "",
      flags: flags.join(","),
      "link-pending-commands": 0,
      "last-ping-sent": 0,
      "last-ok-ping-reply": 0,
      "last-ping-reply": 0,
      ...more
    }
    return new MapReply(Object.entries(all).flatMap(([k, v]) => [k, String(v)]))
  }

  private flagsOf(node: RedisNode, kind: string): ReadonlyArray<string> {
    return this.down.has(node) ? [kind, "s_down", ...(node.running ? [] : ["disconnected"])] : [kind]
  }

  private describePrimary(): MapReply {
    return this.fields(this.primary, this.flagsOf(this.primary, "master"), {
      name: this.group,
      "config-epoch": this.epoch,
      "num-slaves": this.nodes.length - 1,
      "num-other-sentinels": this.others.length,
      quorum: this.quorum,
      "failover-timeout": 180_000,
      "parallel-syncs": 1
    })
  }

  private describeReplica(node: RedisNode): MapReply {
    return this.fields(node, this.flagsOf(node, "slave"), {
      "master-link-status": node.primary?.responsive === true ? "ok" : "err",
      "master-link-down-time": 0,
      "master-host": this.primary.address.host,
      "master-port": this.primary.address.port,
      "slave-priority": 100,
      "slave-repl-offset": node.offset
    })
  }

  private describeOther(other: SentinelNode): MapReply {
    return this.fields(other, ["sentinel"], {
      runid: other.id,
      "last-hello-message": 0,
      "voted-leader": "?",
      "voted-leader-epoch": 0
    })
  }
}
