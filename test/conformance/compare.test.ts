/**
 * Runs the scripts against a node in memory, which listens on loopback, and
 * against a real redis-server, and compares reply by reply, as they are on the
 * wire.
 */
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Testing from "../../src/testing/index.ts"
import { deployment, server } from "../support/processes.ts"
import { chosenPrograms, versionOf } from "../support/servers.ts"
import { differences, namesInText, type Seen, withoutTimes } from "./differences.ts"
import { later } from "./later.ts"
import { hostile, odd, scripts, sentinelScript } from "./scripts.ts"
import { both, Talk } from "./wire.ts"
import { words } from "./words.ts"

interface Exchange {
  readonly line: string
  readonly mark: string
  readonly reply: Seen
}

/** Runs a script; every reply that was waited for. */
const run = async (port: number, protocol: 2 | 3, script: string, clean = true): Promise<ReadonlyArray<Exchange>> => {
  const control = new Talk(port)
  const sessions = new Map<string, Talk>()
  const exchanges: Array<Exchange> = []
  const session = async (name: string): Promise<Talk> => {
    const known = sessions.get(name)
    if (known !== undefined) return known
    const talk = new Talk(port)
    sessions.set(name, talk)
    if (protocol === 3) await talk.ask("HELLO", "3")
    return talk
  }
  const blocked = async (): Promise<number> => {
    const [, text] = await control.ask("INFO", "clients")
    return Number(/blocked_clients:(\d+)/.exec(text as string)![1])
  }
  try {
    if (clean) await control.ask("FLUSHALL")
    for (const raw of script.trim().split("\n")) {
      if (raw.startsWith("#")) continue
      const [, mark = "", who = "", how = ">", rest = ""] = /^(?:([~?k6ti]) )?(?:(\d?)([>!<]) ?)?(.*)$/.exec(raw)!
      const talk = await session(who === "" ? "1" : who)
      if (how === "!") {
        const before = await blocked()
        const args = words(rest)
        talk.send(...args)
        // A command that waits has to be there before the next one comes.
        if (/^(B[LRZ]|XREAD)/.test(args[0]!)) {
          while (await blocked() === before) await new Promise((r) => setTimeout(r, 1))
        }
        continue
      }
      if (how === ">") talk.send(...words(rest))
      const reply = await talk.next().catch((error: Error) => {
        throw new Error(`${raw}: ${error.message}`)
      })
      exchanges.push({ line: raw, mark, reply })
    }
  } finally {
    control.end()
    for (const talk of sessions.values()) talk.end()
  }
  return exchanges
}

/** The names of the fields of one map or of several. */
const fields = ([type, value]: Seen): unknown =>
  typeof value === "string"
    ? [type]
    : value.length > 0 && typeof value[0]![1] !== "string"
    ? [type, value.map(fields)]
    : [type, value.filter((_, i) => i % 2 === 0).map(([, name]) => name).sort()]

/** Whether replies differ at most by a millionth in their numbers. */
const isClose = ([type, a]: Seen, [other, b]: Seen): boolean =>
  type === other &&
  (typeof a === "string" || typeof b === "string"
    ? a === b || Math.abs(Number(a) - Number(b)) <= 1e-6
    : a.length === b.length && a.every((item, i) => isClose(item, b[i]!)))

/** What a reply is compared by. */
const comparable = ({ mark, reply }: Exchange): unknown => {
  const sorted = ([type, value]: Seen): Seen =>
    typeof value === "string"
      ? [type, value]
      : [type, value.map(sorted).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))]
  if (mark === "?") return reply[0]
  if (mark === "k") return fields(reply)
  if (mark === "t") return withoutTimes(reply)
  if (mark === "i") return [reply[0], namesInText(reply).sort()]
  return mark === "~" ? sorted(reply) : reply
}

const chosen = versionOf(chosenPrograms().server).name

/** Compares the replies of a script, but for those that are known to differ on this server, and differ still. */
const same = (script: string, ours: ReadonlyArray<Exchange>, theirs: ReadonlyArray<Exchange>): void => {
  assert.strictEqual(ours.length, theirs.length)
  const known = differences.filter((one) => one.script === script && one.servers.includes(chosen))
  const gone = new Set(known.flatMap(({ lines }) => lines))
  const different = ours.flatMap((exchange, i) => {
    compared++
    const real = theirs[i]!
    const isEqual = exchange.mark === "6"
      ? isClose(exchange.reply, real.reply)
      : JSON.stringify(comparable(exchange)) === JSON.stringify(comparable(real))
    if (isEqual) return []
    const isOf = (line: string | RegExp): boolean =>
      typeof line === "string" ? line === exchange.line : line.test(exchange.line)
    const found = known.find(({ agree, lines }) => lines.some(isOf) && agree(exchange.reply, real.reply))
    for (const line of found?.lines ?? []) if (isOf(line)) gone.delete(line)
    return found !== undefined
      ? []
      : [`${exchange.line}\n    memory ${JSON.stringify(exchange.reply)}\n    server ${JSON.stringify(real.reply)}`]
  })
  assert.strictEqual(different.length, 0, `\n${different.join("\n")}\n`)
  assert.deepStrictEqual(Array.from(gone), [], `no longer different on ${chosen}`)
}

let compared = 0
// Of all of them, when the whole file is run.
afterAll(() => console.log(`conformance: ${compared} replies compared`))

describe("a node in memory answers as Redis does", () => {
  for (const protocol of [2, 3] as const) {
    const all = Object.assign(
      { ...scripts },
      ...later.filter(({ servers }) => servers.includes(chosen)).map((of) => of.scripts)
    ) as typeof scripts
    for (const [name, script] of Object.entries(all)) {
      it.live(`${name}, RESP${protocol}`, () =>
        Effect.scoped(Effect.gen(function*() {
          const { memory, real } = yield* both
          const [ours, theirs] = yield* Effect.promise(() =>
            Promise.all([run(memory, protocol, script), run(real, protocol, script)])
          )
          same(name, ours, theirs)
        })), 30_000)
    }
  }

  for (const protocol of [2, 3] as const) {
    it.live(`a sentinel, RESP${protocol}`, () =>
      Effect.scoped(Effect.gen(function*() {
        const memory = yield* Testing.make({ replicas: 1, sentinels: 2, tcp: true })
        const real = yield* deployment({ replicas: 1, sentinels: 2 })
        const [ours, theirs] = yield* Effect.promise(() =>
          Promise.all([
            run(Number(memory.sentinels[0]!.split(":")[1]), protocol, sentinelScript, false),
            run(real.sentinels[0]!.port, protocol, sentinelScript, false)
          ])
        )
        same("a sentinel", ours, theirs)
      })), 30_000)
  }

  it.live("a full disk, and loading data", () =>
    Effect.scoped(Effect.gen(function*() {
      const memory = yield* Effect.orDie(Testing.make({ replicas: 0, sentinels: 0, tcp: true }))
      const address = memory.nodes[0]!
      const real = yield* server({ config: ["enable-debug-command yes", "enable-protected-configs yes"] })
      const script = "SET a 1\nGET a\nINCR n\nMULTI\nSET a 1\nEXEC\nPUBLISH ch x"
      const admin = new Talk(real.port)
      const ask = (...args: ReadonlyArray<string>) => Effect.promise(() => admin.ask(...args))

      // With its directory gone, it cannot save.
      const [, dir] = yield* ask("CONFIG", "GET", "dir")
      Fs.rmSync((dir as ReadonlyArray<Seen>)[1]![1] as string, { recursive: true })
      yield* ask("CONFIG", "SET", "save", "3600 1")
      yield* ask("BGSAVE")
      while (!String((yield* ask("INFO", "persistence"))[1]).includes("rdb_last_bgsave_status:err")) {
        yield* Effect.sleep("5 millis")
      }
      yield* memory.fillDisk(address)
      const port = Number(address.split(":")[1])
      same(
        "a full disk",
        yield* Effect.promise(() => run(port, 3, script, false)),
        yield* Effect.promise(() => run(real.port, 3, script, false))
      )
      yield* memory.fillDisk(address, false)
      Fs.mkdirSync((dir as ReadonlyArray<Seen>)[1]![1] as string)
      yield* ask("CONFIG", "SET", "dir", (dir as ReadonlyArray<Seen>)[1]![1] as string)
      yield* ask("CONFIG", "SET", "save", "")

      // While it reads its own data again, slowly, it looks at requests now and then.
      yield* ask("DEBUG", "POPULATE", "2000")
      yield* ask("CONFIG", "SET", "loading-process-events-interval-bytes", "1024")
      yield* ask("CONFIG", "SET", "key-load-delay", "500")
      admin.send("DEBUG", "RELOAD")
      const watch = new Talk(real.port)
      while (!String((yield* Effect.promise(() => watch.ask("INFO", "persistence")))[1]).includes("loading:1")) {
        yield* Effect.sleep("1 millis")
      }
      yield* memory.load(address)
      const questions = "GET a\nSET a 1\nPING\nMULTI\nDISCARD"
      same(
        "loading data",
        yield* Effect.promise(() => run(port, 2, questions, false)),
        yield* Effect.promise(() => run(real.port, 2, questions, false))
      )
      watch.end()
      admin.end()
    })), 30_000)

  it.live("how a replica without its primary describes itself", () =>
    Effect.scoped(Effect.gen(function*() {
      const memory = yield* Testing.make({ replicas: 1, sentinels: 0, tcp: true })
      const primary = yield* server()
      const replica = yield* server({ replicaOf: primary.port, config: ["rdb-del-sync-files yes"] })
      const says = (address: string) =>
        Effect.promise(async () => {
          const talk = new Talk(Number(address.split(":")[1]))
          const [, role] = await talk.ask("ROLE")
          const info = String((await talk.ask("INFO", "replication"))[1])
          talk.end()
          const field = (name: string): string | undefined => new RegExp(`^${name}:(.*)\r$`, "m").exec(info)?.[1]
          const offset = Number(field("slave_repl_offset"))
          const down = Number(field("master_link_down_since_seconds"))
          const [kind, , , link, roleOffset] = (role as ReadonlyArray<Seen>).map(([, value]) => String(value))
          return {
            kind,
            link,
            roleOffset: Number(roleOffset) < 0 ? "none" : "some",
            status: field("master_link_status"),
            isSyncing: field("master_sync_in_progress"),
            offset: offset > 1 ? "some" : offset,
            isLost: Number.isNaN(down) ? undefined : down >= 0
          }
        })
      const agree = (expected: Effect.Success<ReturnType<typeof says>>) =>
        Effect.gen(function*() {
          compared++
          let theirs = yield* says(replica.address)
          // While a dial of its is being refused, which it repeats each second.
          while (theirs.link === "connecting") {
            yield* Effect.sleep("5 millis")
            theirs = yield* says(replica.address)
          }
          assert.deepStrictEqual(yield* says(memory.nodes[1]!), theirs)
          assert.deepStrictEqual(theirs, expected)
        })
      const ask = (port: number, ...args: ReadonlyArray<string>) =>
        Effect.promise(async () => {
          const talk = new Talk(port)
          const reply = await talk.ask(...args)
          talk.end()
          return reply
        })
      const linked = Effect.gen(function*() {
        while ((yield* says(replica.address)).status !== "up" || (yield* says(replica.address)).offset !== "some") {
          yield* Effect.sleep("5 millis")
        }
      })
      yield* ask(primary.port, "SET", "a", "1")
      yield* ask(Number(memory.nodes[0]!.split(":")[1]), "SET", "a", "1")
      yield* linked
      const up = {
        kind: "slave",
        link: "connected",
        roleOffset: "some",
        status: "up",
        isSyncing: "0",
        offset: "some",
        isLost: undefined
      }
      yield* agree(up)
      yield* primary.kill
      yield* memory.kill(memory.nodes[0]!)
      while ((yield* says(replica.address)).status === "up") yield* Effect.sleep("5 millis")
      yield* agree({ ...up, link: "connect", roleOffset: "none", status: "down", isLost: true })
      // A process that begins without its primary has nothing.
      yield* replica.kill
      yield* replica.restart
      yield* memory.kill(memory.nodes[1]!)
      yield* memory.restart(memory.nodes[1]!, { keepData: false })
      yield* agree({ ...up, link: "connect", roleOffset: "none", status: "down", offset: 1, isLost: false })
    })), 30_000)

  it.live("bytes that are not RESP, and rare forms of RESP", () =>
    Effect.scoped(Effect.gen(function*() {
      const { memory, real } = yield* both
      const replies = async (port: number, text: string): Promise<ReadonlyArray<Seen>> => {
        const talk = new Talk(port)
        talk.raw(text)
        // The end of what it has to say is known by the reply to this, or by the end of the connection.
        talk.raw("*2\r\n$4\r\nECHO\r\n$7\r\nthe-end\r\n")
        const all: Array<Seen> = []
        for (;;) {
          const reply = await talk.next()
          all.push(reply)
          if (reply[0] === "closed" || reply[1] === "the-end") break
        }
        talk.end()
        return all
      }
      const all: Array<readonly [ours: Exchange, theirs: Exchange]> = []
      for (const text of [...hostile, ...odd]) {
        const [ours, theirs] = yield* Effect.promise(() => Promise.all([replies(memory, text), replies(real, text)]))
        compared += ours.length - 1
        const exchange = (replies: ReadonlyArray<Seen>): Exchange => ({
          line: JSON.stringify(text),
          mark: "",
          reply: ["*", replies]
        })
        all.push([exchange(ours), exchange(theirs)])
      }
      same("bytes", all.map(([ours]) => ours), all.map(([, theirs]) => theirs))
    })), 30_000)

  it("in at least 6,000 replies", () => {
    assert.isAtLeast(compared, 6000)
  })
})
