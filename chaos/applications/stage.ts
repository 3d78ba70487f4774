/**
 * A deployment on which a client works, and what is done to it: the primary is
 * killed, a planned failover, an outage of everything. The witness sees the result;
 * no client is asked.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type Deployment, deployment, type DeploymentOptions, type Server } from "../../test/support/processes.ts"
import type { Place } from "../clients.ts"
import { sleep, until } from "../faults.ts"
import { ask, Witness } from "../witness.ts"

const open = { password: undefined, sentinelPassword: undefined, tls: undefined }

/** The longest time that servers may take to come in order, in milliseconds. */
const patience = 60_000

export interface Stage {
  readonly place: Place
  readonly nodes: ReadonlyArray<Server>
  /** The current primary, once all agree on it. */
  readonly primary: () => Promise<Server>
  /**
   * Kills the primary with SIGKILL, waits for another one, and starts the killed process again as it was. Returns when
   * the process had ended, as `performance.now` tells it.
   */
  readonly killPrimary: (before?: (primary: Server) => Promise<void>) => Promise<number>
  /** Runs `SENTINEL FAILOVER` and waits until the sentinels name another primary. */
  readonly planned: () => Promise<void>
  /**
   * Makes all nodes follow the primary that the sentinels name, and ends their connections: sooner than the sentinels
   * do it, which takes ten seconds.
   */
  readonly tidy: () => Promise<void>
  /** Kills every process, waits, and starts them all again. */
  readonly outage: (millis: number) => Promise<void>
}

const run = (effect: Effect.Effect<void>): Promise<void> => Effect.runPromise(effect)

export const stage = (options: DeploymentOptions): Effect.Effect<Stage, never, Scope.Scope> =>
  Effect.gen(function*() {
    // Longer than a busy machine keeps a process waiting.
    const d = yield* deployment({ downAfterMillis: 1000, ...options })
    const witness = yield* Effect.acquireRelease(
      Effect.sync(() => new Witness(d, open)),
      (witness) => Effect.sync(() => witness.stop())
    )
    return make(d, witness)
  })

const make = (d: Deployment, witness: Witness): Stage => {
  const { nodes } = witness
  /** The node that most sentinels name. */
  const named = async (): Promise<Server | undefined> => {
    const ports = await Promise.all(d.sentinels.map((sentinel) => witness.named(sentinel)))
    const counts = Map.groupBy(ports, (port) => port)
    const [port] = Array.from(counts).find(([, votes]) => votes.length > d.sentinels.length / 2) ?? []
    return nodes.find((node) => node.port === port)
  }
  const primary = async (): Promise<Server> => {
    let found: Server | undefined
    await until("one primary", patience, async () => (found = await witness.settled()) !== undefined)
    return found!
  }
  const anotherThan = (old: Server): Promise<void> =>
    until("another primary", patience, async () => {
      const next = await named()
      return next !== undefined && next !== old && await witness.roleOf(next) === "master"
    })
  const sentinelsSee = (what: string, flag: (flags: string) => boolean): Promise<void> =>
    until(what, patience, async () => {
      const reply = await ask(d.sentinels[0]!.port, [["SENTINEL", "REPLICAS", d.group]])
      const replicas = reply?.[0]
      return Array.isArray(replicas) && replicas.some((fields) => flag(String(fieldOf(fields, "flags"))))
    })
  return {
    place: { sentinels: d.sentinelAddresses, group: d.group, ...open },
    nodes,
    primary,
    killPrimary: async (before) => {
      const old = await primary()
      await before?.(old)
      await run(old.kill)
      const ended = performance.now()
      await anotherThan(old)
      await run(old.restart)
      return ended
    },
    planned: async () => {
      const old = await primary()
      await sentinelsSee("a replica to fail over to", (flags) => flags === "slave")
      await until("a sentinel that begins a failover", patience, async () => {
        // The one that led the last failover refuses until it has reconfigured all replicas.
        for (const sentinel of d.sentinels) {
          const reply = await ask(sentinel.port, [["SENTINEL", "FAILOVER", d.group]])
          if (reply?.[0] === "OK") return true
        }
        return false
      })
      await anotherThan(old)
    },
    tidy: async () => {
      const next = await named()
      if (next === undefined) throw new Error("the sentinels name no primary")
      for (const node of nodes) {
        if (node === next) continue
        await ask(node.port, [
          ["REPLICAOF", "127.0.0.1", String(next.port)],
          ["CLIENT", "KILL", "TYPE", "normal"]
        ])
      }
      await primary()
      await until("replicas in sync", patience, async () => {
        const reply = await ask(next.port, [["INFO", "replication"]])
        return String(reply?.[0]).split("state=online").length === nodes.length
      })
      await sentinelsSee("replicas without a flag", (flags) => flags === "slave")
    },
    outage: async (millis) => {
      const all = [...d.sentinels, ...nodes]
      await Promise.all(all.map((server) => run(server.kill)))
      await sleep(millis)
      for (const server of [...nodes, ...d.sentinels]) await run(server.restart)
    }
  }
}

const fieldOf = (fields: unknown, name: string): unknown => {
  if (!Array.isArray(fields)) return undefined
  const at = fields.indexOf(name)
  return at === -1 ? undefined : fields[at + 1]
}
