/**
 * The faults: for each, how the deployment is set up, what is done to it, and
 * when it is healthy again. main.ts decides which clients meet a fault and what is
 * measured.
 */
import * as Effect from "effect/Effect"
import type { DeploymentOptions, Server } from "../test/support/processes.ts"
import { ask, type Credentials, type Witness } from "./witness.ts"

export interface Scene {
  readonly primary: Server
  readonly replicas: ReadonlyArray<Server>
  readonly sentinels: ReadonlyArray<Server>
  readonly group: string
  readonly witness: Witness
  readonly credentials: Credentials
  /** The keys of at most `most` writes that were acknowledged after a time. */
  readonly acknowledgedAfter: (at: number, most: number) => ReadonlyArray<string>
  /** Records that a client broke a promise. */
  readonly accuse: (what: string) => void
}

export interface Fault {
  readonly name: string
  readonly short?: boolean
  /** Whether acknowledged writes may be missing: replication is asynchronous, so a killed primary loses some. */
  readonly mayLose?: boolean
  readonly options?: DeploymentOptions
  /** Whether passwords and TLS are used. */
  readonly secure?: "passwords" | "tls"
  /** Whether the sentinels are down when the client starts. */
  readonly early?: boolean
  /** Whether the group has another primary afterwards. */
  readonly moves: boolean
  /** Whether it is about reads: it also runs with clients that read from several replicas. */
  readonly reads?: boolean
  readonly strike: (scene: Scene) => Promise<void>
}

export const sleep = (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis))

const run = (server: Server, what: "kill" | "restart"): Promise<void> => Effect.runPromise(server[what])
const signal = (server: Server, name: NodeJS.Signals): void => Effect.runSync(server.signal(name))

/** Waits until a condition holds, for at most `millis`. */
export const until = async (what: string, millis: number, condition: () => Promise<boolean>): Promise<void> => {
  const end = performance.now() + millis
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`it never came: ${what}`)
    await sleep(20)
  }
}

/** Starts a planned failover at the first sentinel that accepts it. */
const planned = async (scene: Scene): Promise<void> => {
  const { sentinelPassword: password, tls } = scene.credentials
  await until("a sentinel that begins a failover", 20_000, async () => {
    const reply = await ask(scene.sentinels[0]!.port, [["SENTINEL", "FAILOVER", scene.group]], { password, tls })
    return reply?.[0] === "OK"
  })
}

const moved = (scene: Scene, after: number): Promise<void> =>
  until("the end of the failover", 30_000, async () => scene.witness.first("+switch-master", after) !== undefined)

/** Nodes write to disk before they acknowledge a write. */
const durable = { config: ["appendonly yes", "appendfsync always", "save \"\""] }

export const faults: ReadonlyArray<Fault> = [
  {
    name: "planned failover",
    short: true,
    moves: true,
    strike: planned
  },
  {
    name: "kill -9 of the primary",
    short: true,
    reads: true,
    mayLose: true,
    moves: true,
    strike: (scene) => run(scene.primary, "kill")
  },
  {
    name: "SIGSTOP of the primary, 4 s",
    short: true,
    mayLose: true,
    moves: true,
    strike: async (scene) => {
      const begin = performance.now()
      signal(scene.primary, "SIGSTOP")
      await sleep(4000)
      signal(scene.primary, "SIGCONT")
      await sleep(500)
      // It still considers itself the primary. No write that the new primary acknowledged may be here.
      const reported = scene.witness.first("REPORTED", begin)
      const keys = reported === undefined ? [] : scene.acknowledgedAfter(reported, 5000)
      if (keys.length === 0) return
      const reply = await ask(scene.primary.port, [["ROLE"], ["EXISTS", ...keys]], {
        ...scene.credentials,
        millis: 2000
      })
      const role = reply?.[0]
      if (!Array.isArray(role) || role[0] !== "master") throw new Error("the old primary was demoted too soon to tell")
      if (reply![1] !== 0) scene.accuse(`${String(reply![1])} of ${keys.length} writes reached the old primary`)
    }
  },
  {
    name: "kill -9 of primary and first sentinel",
    mayLose: true,
    moves: true,
    strike: async (scene) => {
      await Promise.all([run(scene.primary, "kill"), run(scene.sentinels[0]!, "kill")])
    }
  },
  {
    name: "kill -9 of a replica",
    moves: false,
    strike: async (scene) => {
      await run(scene.replicas[0]!, "kill")
      await sleep(2000)
      await run(scene.replicas[0]!, "restart")
    }
  },
  {
    name: "SIGSTOP of a replica, 3 s",
    moves: false,
    reads: true,
    // One after the other: a client may read from the other replica.
    strike: async (scene) => {
      for (const replica of scene.replicas) {
        signal(replica, "SIGSTOP")
        await sleep(3000)
        signal(replica, "SIGCONT")
        await sleep(2000)
      }
    }
  },
  {
    name: "kill -9 of the primary, no quorum, 8 s",
    moves: false,
    reads: true,
    options: durable,
    strike: async (scene) => {
      for (const sentinel of scene.sentinels.slice(1)) await run(sentinel, "kill")
      await run(scene.primary, "kill")
      await sleep(8000)
      await run(scene.primary, "restart")
      for (const sentinel of scene.sentinels.slice(1)) await run(sentinel, "restart")
    }
  },
  {
    name: "SENTINEL RESET at all, 12 s",
    moves: false,
    reads: true,
    strike: async (scene) => {
      const { sentinelPassword: password, tls } = scene.credentials
      for (const sentinel of scene.sentinels) {
        await ask(sentinel.port, [["SENTINEL", "RESET", scene.group]], { password, tls })
      }
      await sleep(12_000)
    }
  },
  {
    name: "all sentinels down, 3 s",
    short: true,
    moves: false,
    strike: async (scene) => {
      for (const sentinel of scene.sentinels) await run(sentinel, "kill")
      await sleep(3000)
      for (const sentinel of scene.sentinels) await run(sentinel, "restart")
    }
  },
  ...[1, 2, 5].map((seconds): Fault => ({
    name: `sentinels restarted, planned failover ${seconds} s later`,
    short: seconds === 2,
    moves: true,
    strike: async (scene) => {
      await Promise.all(scene.sentinels.map((sentinel) => run(sentinel, "kill")))
      await sleep(300)
      await Promise.all(scene.sentinels.map((sentinel) => run(sentinel, "restart")))
      await sleep(seconds * 1000)
      await planned(scene)
    }
  })),
  {
    name: "restart within down-after",
    moves: false,
    options: { ...durable, downAfterMillis: 3000 },
    strike: async (scene) => {
      await run(scene.primary, "kill")
      await run(scene.primary, "restart")
    }
  },
  {
    name: "two planned failovers in a row",
    moves: true,
    strike: async (scene) => {
      const begin = performance.now()
      await planned(scene)
      await moved(scene, begin)
      const second = performance.now()
      await planned(scene)
      await moved(scene, second)
    }
  },
  {
    name: "client starts before any sentinel",
    moves: false,
    early: true,
    strike: async (scene) => {
      await sleep(1000)
      for (const sentinel of scene.sentinels) await run(sentinel, "restart")
    }
  },
  {
    name: "CLIENT KILL, 20 times",
    short: true,
    moves: false,
    // This kills the sentinels' own connections too, which must not make them fail over.
    options: { downAfterMillis: 5000 },
    strike: async (scene) => {
      for (let i = 0; i < 20; i++) {
        await ask(scene.primary.port, [["CLIENT", "KILL", "TYPE", "normal"]], scene.credentials)
        await sleep(50)
      }
    }
  },
  {
    name: "everything stops and returns",
    moves: false,
    options: durable,
    strike: async (scene) => {
      const all = [...scene.sentinels, scene.primary, ...scene.replicas]
      await Promise.all(all.map((server) => run(server, "kill")))
      await sleep(1500)
      for (const server of [scene.primary, ...scene.replicas, ...scene.sentinels]) await run(server, "restart")
    }
  },
  {
    name: "planned failover, with passwords",
    moves: true,
    secure: "passwords",
    strike: planned
  },
  {
    name: "planned failover, with TLS",
    moves: true,
    secure: "tls",
    strike: planned
  }
]
