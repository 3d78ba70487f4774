/**
 * Records the times of the steps of failovers on real processes (a primary, two
 * replicas, three sentinels), and writes them to src/testing/timelines.ts. The
 * sentinels in memory draw their times from there.
 *
 *   node scripts/timelines.ts [--runs 6] [--print]
 *
 * `--print` shows every event of the first run of each kind.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { writeFileSync } from "node:fs"
import * as Net from "node:net"
import { join } from "node:path"
import { Decoder, encodeCommand, type Value } from "../src/Resp.ts"
import { type Deployment, deployment } from "../test/support/processes.ts"
import { chosenPrograms, versionOf } from "../test/support/servers.ts"
import { optionsOf } from "./options.ts"

const options = optionsOf("node scripts/timelines.ts [--runs 6] [--print]", {
  runs: { type: "string", default: "6" },
  print: { type: "boolean", default: false }
})

/** Opens a connection to a server, and calls back for each reply. */
const talk = (port: number, onValue: (value: Value) => void): Net.Socket => {
  const decoder = new Decoder({ wantsBytes: () => false, onReply: onValue, onPush: onValue })
  const socket = Net.connect({ port, host: "127.0.0.1", noDelay: true })
  socket.on("data", (chunk) => decoder.feed(chunk))
  socket.on("error", () => {})
  return socket
}

const ask = (port: number, ...args: ReadonlyArray<string>): Promise<Value> =>
  new Promise((resolve) => {
    const socket = talk(port, (value) => {
      socket.destroy()
      resolve(value)
    })
    socket.on("close", () => resolve(null))
    socket.setTimeout(200, () => socket.destroy())
    socket.write(encodeCommand(args))
  })

const sleep = (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis))

type Kind = "planned" | "kill" | "hang"

interface Heard {
  readonly at: number
  readonly sentinel: number
  readonly event: string
  readonly payload: string
}

const record = async (kind: Kind, d: Deployment): Promise<Readonly<Record<string, number>>> => {
  const heard: Array<Heard> = []
  let origin = 0
  const now = (): number => Math.round(performance.now() - origin)
  const sockets = d.sentinels.map((s, sentinel) => {
    const socket = talk(s.port, (value) => {
      if (!Array.isArray(value) || value[0] !== "pmessage") return
      heard.push({ at: now(), sentinel, event: String(value[2]), payload: String(value[3]) })
    })
    socket.write(encodeCommand(["PSUBSCRIBE", "*"]))
    return socket
  })
  const steps: Record<string, number> = {}
  const roleOf = async (port: number): Promise<string> => {
    const reply = await ask(port, "ROLE")
    return Array.isArray(reply) ? String(reply[0]) : "none"
  }
  let stop = false
  const until = async (name: string, condition: () => Promise<boolean>): Promise<void> => {
    while (!stop) {
      if (await condition()) {
        steps[name] ??= now()
        return
      }
      await sleep(2)
    }
  }
  await sleep(1500)
  origin = performance.now()
  if (kind === "planned") await ask(d.sentinels[0]!.port, "SENTINEL", "FAILOVER", d.group)
  else if (kind === "kill") Effect.runSync(d.primary.signal("SIGKILL"))
  else Effect.runSync(d.primary.signal("SIGSTOP"))
  const watches = [
    ...d.replicas.map((r) => until("role", async () => (await roleOf(r.port)) === "master")),
    ...d.sentinels.map((s) =>
      until("reported", async () => {
        const reply = await ask(s.port, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", d.group)
        return Array.isArray(reply) && reply[1] !== String(d.primary.port)
      })
    )
  ]
  const first = (event: string, sentinel?: number): number | undefined =>
    heard.find((h) => h.event === event && (sentinel === undefined || h.sentinel === sentinel))?.at
  const deadline = performance.now() + 30_000
  while (first("+failover-end") === undefined && performance.now() < deadline) await sleep(5)
  if (kind === "planned") await until("demoted", async () => (await roleOf(d.primary.port)) === "slave")
  if (kind === "hang") {
    const woken = performance.now()
    Effect.runSync(d.primary.signal("SIGCONT"))
    await until("demoted", async () => (await roleOf(d.primary.port)) === "slave")
    steps["demoted"] = Math.round(performance.now() - woken)
  }
  stop = true
  await Promise.all(watches)
  for (const socket of sockets) socket.destroy()
  if (options.print) { for (const h of heard) console.log(`  ${h.at} s${h.sentinel} ${h.event} ${h.payload}`) }
  const leader = heard.find((h) => h.event === "+elected-leader")!.sentinel
  const put = (name: string, at: number | undefined): void => {
    if (at !== undefined) steps[name] = at
  }
  put("sdown", first("+sdown"))
  put("odown", first("+odown"))
  put("try", first("+try-failover", leader))
  put("elected", first("+elected-leader"))
  put("selected", first("+selected-slave"))
  put("promoted", first("+promoted-slave"))
  const others = heard.filter((h) => h.event === "+switch-master" && h.sentinel !== leader).map((h) => h.at)
  put("othersFirst", others.length === 0 ? undefined : Math.min(...others))
  put("othersLast", others.length === 0 ? undefined : Math.max(...others))
  put("end", first("+failover-end"))
  return steps
}

const runs: Record<Kind, Array<Readonly<Record<string, number>>>> = { planned: [], kill: [], hang: [] }

const once = (kind: Kind): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function*() {
    const d = yield* deployment()
    const steps = yield* Effect.promise(() => record(kind, d))
    console.log(kind, JSON.stringify(steps))
    runs[kind].push(steps)
  })

const names = (kind: Kind): ReadonlyArray<string> => Array.from(new Set(runs[kind].flatMap((r) => Object.keys(r))))
const table = (kind: Kind): string =>
  names(kind)
    .map((name) => [name, runs[kind].map((r) => r[name]).filter((n) => n !== undefined)] as const)
    .sort(([, a], [, b]) => Math.min(...a) - Math.min(...b))
    .map(([name, millis]) => `    ${name}: [${millis.join(", ")}]`)
    .join(",\n")
const write = (): void => {
  const { product, version } = versionOf(chosenPrograms().server)

  writeFileSync(
    join(import.meta.dirname, "../src/testing/timelines.ts"),
    `/**
 * When the steps of a failover happened on real processes, in milliseconds
 * after SENTINEL FAILOVER, or after the primary was killed or stopped: one
 * number for each run. ${product === "redis" ? "Redis" : "Valkey"} ${version}, three sentinels, down-after 500 ms.
 * \`demoted\` is, for a stopped primary, the time after it went on.
 *
 * Written by scripts/timelines.ts; not to be changed by hand.
 */
export const timelines = {
${(["planned", "kill", "hang"] as const).map((kind) => `  ${kind}: {\n${table(kind)}\n  }`).join(",\n")}
} as const
`
  )
}

NodeRuntime.runMain(Effect.gen(function*() {
  for (const kind of ["planned", "kill", "hang"] as const) {
    for (let i = 0; i < Number(options.runs); i++) yield* Effect.scoped(once(kind))
  }
  write()
}))
