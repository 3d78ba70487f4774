/**
 * Compares every command constructor with what servers say of their commands (test/data/commands): that the command
 * exists, whether it reads or writes, how many arguments it takes, where its keys are, and whether it waits.
 *
 * It runs no command; test/integration/commands.test.ts asks a server about the same samples.
 */
import { afterAll, assert, describe, it } from "@effect/vitest"
import { type Command } from "../src/index.ts"
import { coverage, serverNameOf } from "./support/commandCoverage.ts"
import { type CommandFacts, keysBySpecs, readFacts, readLaterFacts, type ServerFacts } from "./support/commandFacts.ts"
import { callOf, samples, sentinelSamples } from "./support/samples.ts"
import { servers } from "./support/servers.ts"

const facts: ReadonlyMap<string, ServerFacts> = new Map(servers.map(({ name }) => [name, readFacts(name)]))
const later = readLaterFacts().commands

/** A sample, with what each server that has the command says of it. */
interface Case {
  readonly constructor: string
  readonly name: string
  readonly command: Command.Any
  readonly call: ReadonlyArray<string>
  readonly known: ReadonlyArray<readonly [server: string, facts: CommandFacts]>
}

const cases: ReadonlyArray<Case> = [samples, sentinelSamples].flatMap((table) =>
  Object.entries<ReadonlyArray<Command.Any>>(table as any).flatMap(([constructor, commands]) =>
    commands.map((command) => {
      const name = serverNameOf(command)
      return {
        constructor: table === samples ? constructor : `sentinel.${constructor}`,
        name,
        command,
        call: callOf(command),
        known: [
          ...Array.from(
            facts,
            ([server, { commands, sentinelCommands }]) =>
              [server, table === samples ? commands[name] : sentinelCommands[name] ?? commands[name]] as const
          ),
          ["later", later[name]] as const
        ].flatMap(([server, facts]) => (facts === undefined ? [] : [[server, facts] as const]))
      }
    })
  )
)

/** All that is wrong, each told once. */
const wrong = (problemOf: (one: Case, server: string, facts: CommandFacts) => string | undefined) =>
  Array.from(
    new Set(
      cases.flatMap((one) =>
        one.known.flatMap(([server, facts]) => {
          const problem = problemOf(one, server, facts)
          return problem === undefined ? [] : [`${one.constructor} (${one.call.join(" ")}) on ${server}: ${problem}`]
        })
      )
    )
  )

/** What a command of the list below is, and why. */
interface Neither {
  /** Whether a replica runs it without harm ("read"), or only the primary is the right place. */
  readonly mode: Command.Mode
  /** Whether it may be sent again after its reply was lost. */
  readonly repeatable: boolean
  readonly why: string
}

const changesSentinel: Neither = { mode: "write", repeatable: false, why: "it changes what a sentinel does" }

const asks: Neither = { mode: "read", repeatable: true, why: "it asks about the server or the connection" }

const runsAnything: Neither = { mode: "write", repeatable: false, why: "a script may write" }

/** The commands that servers flag neither `readonly` nor `write`. */
const neither: Readonly<Record<string, Neither>> = {
  "PING": asks,
  "ECHO": asks,
  "CLIENT ID": asks,
  "CLIENT INFO": asks,
  "CLIENT LIST": asks,
  "CLIENT GETNAME": asks,
  "CLIENT KILL": {
    mode: "read",
    repeatable: false,
    why: "a replica closes its own connections; again, it closes those that were made meanwhile, and counts anew"
  },
  "CLIENT UNBLOCK": {
    mode: "read",
    repeatable: false,
    why: "a replica may have waiting clients; again, it ends the next wait of the connection"
  },
  "CLIENT PAUSE": { mode: "write", repeatable: false, why: "it stops the clients of a server, and again for longer" },
  "CLIENT UNPAUSE": { mode: "write", repeatable: false, why: "again, it ends a pause that began meanwhile" },
  "INFO": asks,
  "ROLE": asks,
  "CONFIG GET": asks,
  "TIME": asks,
  "LASTSAVE": asks,
  "WAIT": { mode: "read", repeatable: true, why: "it asks how many replicas have the connection's writes" },
  "WAITAOF": { mode: "read", repeatable: true, why: "it asks how many servers have saved the connection's writes" },
  "PUBLISH": { mode: "write", repeatable: false, why: "again, it sends the message twice" },
  "SPUBLISH": { mode: "write", repeatable: false, why: "again, it sends the message twice" },
  "PUBSUB CHANNELS": asks,
  "PUBSUB NUMSUB": asks,
  "PUBSUB NUMPAT": asks,
  "PUBSUB SHARDCHANNELS": asks,
  "PUBSUB SHARDNUMSUB": asks,
  "EVAL": runsAnything,
  "EVALSHA": runsAnything,
  "FCALL": runsAnything,
  "SCRIPT LOAD": {
    mode: "read",
    repeatable: true,
    why: "each server has scripts of its own; again, it changes nothing"
  },
  "SCRIPT EXISTS": asks,
  "SCRIPT SHOW": asks,
  "SCRIPT FLUSH": { mode: "read", repeatable: false, why: "again, it removes scripts that were loaded meanwhile" },
  "SCRIPT KILL": { mode: "read", repeatable: false, why: "a replica may be busy, too; again, it ends the next script" },
  "FUNCTION LIST": asks,
  "FUNCTION STATS": asks,
  "FUNCTION DUMP": asks,
  "FUNCTION KILL": { mode: "read", repeatable: false, why: "a replica may be busy, too; again, it ends the next one" },
  "SENTINEL GET-MASTER-ADDR-BY-NAME": asks,
  "SENTINEL MASTER": asks,
  "SENTINEL MASTERS": asks,
  "SENTINEL REPLICAS": asks,
  "SENTINEL SENTINELS": asks,
  "SENTINEL CKQUORUM": asks,
  "SENTINEL CONFIG GET": asks,
  "SENTINEL CONFIG SET": changesSentinel,
  "SENTINEL FAILOVER": changesSentinel,
  "SENTINEL FLUSHCONFIG": changesSentinel,
  "SENTINEL INFO-CACHE": asks,
  "SENTINEL IS-MASTER-DOWN-BY-ADDR": asks,
  "SENTINEL MONITOR": changesSentinel,
  "SENTINEL MYID": asks,
  "SENTINEL PENDING-SCRIPTS": asks,
  "SENTINEL REMOVE": changesSentinel,
  "SENTINEL RESET": changesSentinel,
  "SENTINEL SET": changesSentinel,
  "SENTINEL SIMULATE-FAILURE": changesSentinel
}

describe("every command", () => {
  it("exists on a server", () => {
    assert.deepStrictEqual(cases.filter((one) => one.known.length === 0).map((one) => one.name), [])
  })

  it("has the mode of the server's flags, or is on the list of those without", () => {
    assert.deepStrictEqual(
      wrong(({ command }, _, { flags }) => {
        const { mode, repeatable } = command.spec
        const flagged = flags.includes("write") ? "write" : flags.includes("readonly") ? "read" : undefined
        if (flagged !== undefined) {
          return mode === flagged && repeatable === (flagged === "read")
            ? undefined
            : `mode ${mode}, repeatable ${repeatable}, flags ${flags.join(" ")}`
        }
        const listed = neither[command.spec.name]
        if (listed === undefined) return `neither readonly nor write, and not listed`
        return mode === listed.mode && repeatable === listed.repeatable
          ? undefined
          : `mode ${mode}, repeatable ${repeatable}; but ${listed.why}`
      }),
      []
    )
  })

  it("is not on that list without need", () => {
    const used = new Set(
      cases.filter(({ known }) =>
        known.some(([, { flags }]) => !flags.includes("write") && !flags.includes("readonly"))
      )
        .map(({ command }) => command.spec.name)
    )
    assert.deepStrictEqual(Object.keys(neither).filter((name) => !used.has(name)), [])
  })

  it("has as many arguments as the server takes", () => {
    assert.deepStrictEqual(
      wrong(({ call }, _, { arity }) =>
        (arity < 0 ? call.length >= -arity : call.length === arity) ? undefined : `arity ${arity}`
      ),
      []
    )
  })

  it("has its keys where the server looks for them", () => {
    assert.deepStrictEqual(
      wrong(({ call, command }, _, facts) => {
        const ours = command.spec.keys(command.args).map(String).sort()
        const { isComplete, keys } = keysBySpecs(facts, call)
        const theirs = keys.slice().sort()
        const agree = isComplete
          ? JSON.stringify(ours) === JSON.stringify(theirs)
          : theirs.every((key) => ours.includes(key))
        return agree ? undefined : `keys ${ours.join(" ")}; the server finds ${theirs.join(" ")}`
      }),
      []
    )
  })

  it("waits if the server says that it may", () => {
    assert.deepStrictEqual(
      wrong(({ command, name }, server, { flags }) => {
        const waits = command.spec.blockingMillis !== undefined
        // Redis 7.0 does not flag WAIT as one that blocks; later servers do.
        const blocks = flags.includes("blocking") || (name === "WAIT" && server === "redis-7.0")
        return waits === blocks ? undefined : `waits: ${waits}`
      }),
      []
    )
  })
})

// Not asserted yet: which commands have no constructor, and which options no sample has.
afterAll(() => {
  for (const { server, version, missing, total, usedTokens, unusedTokens } of coverage()) {
    console.log(
      `${server} (${version}): ${total - missing.length} of ${total} commands have a method, ${missing.length} have ` +
        `none; samples use ${usedTokens} of the ${usedTokens + unusedTokens.length} option words of those`
    )
  }
})
