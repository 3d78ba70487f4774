/**
 * Compares every command constructor with what servers say of their commands (test/data/commands): that the command
 * exists, whether it reads or writes, how many arguments it takes, where its keys are, and whether it waits.
 *
 * It runs no command; test/integration/commands.test.ts asks a server about the same samples.
 */
import { assert, describe, it } from "@effect/vitest"
import { type Command } from "../src/index.ts"
import { coverage, serverNameOf } from "./support/commandCoverage.ts"
import {
  type CommandFacts,
  keysBySpecs,
  readFacts,
  readLaterFacts,
  type ServerFacts,
  tokensOf
} from "./support/commandFacts.ts"
import { callOf, samples, sentinelSamples, unflagged } from "./support/samples/index.ts"
import { servers } from "./support/servers.ts"
import { withoutMethod, wordsWithoutSample } from "./support/withoutMethod.ts"

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

/** The name of a command with its first argument: ACL LOG RESET is another thing than ACL LOG. */
const withWord = ({ args, spec }: Command.Any): string => `${spec.name} ${String(args[0])}`

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

/** Whether a call has an option word of its command that other servers know, and this one does not. */
const isNewer = ({ call, known }: Case, facts: CommandFacts): boolean => {
  const own = new Set(tokensOf(facts))
  return known.some(([, other]) => tokensOf(other).some((token) => !own.has(token) && call.includes(token)))
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
        const listed = unflagged[withWord(command)] ?? unflagged[command.spec.name]
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
        .flatMap(({ command }) => [command.spec.name, withWord(command)])
    )
    assert.deepStrictEqual(Object.keys(unflagged).filter((name) => !used.has(name)), [])
  })

  it("has as many arguments as the server takes", () => {
    assert.deepStrictEqual(
      wrong((one, _, facts) => {
        const { arity } = facts
        const { call } = one
        const fits = arity < 0 ? call.length >= -arity : call.length === arity
        return fits || isNewer(one, facts) ? undefined : `arity ${arity}`
      }),
      []
    )
  })

  it("has its keys where the server looks for them", () => {
    assert.deepStrictEqual(
      wrong(({ call, command }, _, facts) => {
        const ours = command.spec.keys(command.args).map(String).sort()
        const { isComplete, keys } = keysBySpecs(facts, call)
        // MIGRATE has an empty key where the keys come behind KEYS.
        const theirs = keys.filter((key) => key !== "").sort()
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

describe("the lists of what has no method", () => {
  const found = coverage()
  const missing = new Set(found.flatMap((one) => one.missing))
  const unused = new Set(found.flatMap((one) => one.unusedTokens))
  const listed = withoutMethod.flatMap((one) => Object.keys(one.commands))
  const listedWords = Object.entries(wordsWithoutSample).flatMap(([name, words]) =>
    Object.keys(words).map((word) => `${name} ${word}`)
  )

  it.each(found)("have every command of $server that no constructor makes", ({ missing }) => {
    assert.deepStrictEqual(missing.filter((name) => !listed.includes(name)), [])
  })

  it("have no command that a constructor makes, that no server knows, or twice", () => {
    assert.deepStrictEqual(listed.filter((name, i) => !missing.has(name) || listed.indexOf(name) !== i), [])
  })

  it.each(found)("have every option word of $server that no sample uses", ({ unusedTokens }) => {
    assert.deepStrictEqual(unusedTokens.filter((word) => !listedWords.includes(word)), [])
  })

  it("have no option word that a sample uses, that no server knows, or twice", () => {
    assert.deepStrictEqual(listedWords.filter((word, i) => !unused.has(word) || listedWords.indexOf(word) !== i), [])
  })
})
