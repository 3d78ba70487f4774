/**
 * Every command on a real server, through a real client: the scenes of test/support/live, each in RESP2 and in RESP3,
 * for text and for bytes, on one server without data.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { inspect, isDeepStrictEqual } from "node:util"
import { Command, RedisClient } from "../../src/index.ts"
import { newerOptions, readFacts, tokensOf } from "../support/commandFacts.ts"
import { clusterFamilies, families, notLive, onNoServer, sentinelFamilies } from "../support/live/index.ts"
import { Live, type Scene, Unexpected } from "../support/live/scene.ts"
import { deployment, server, temporaryDirectory } from "../support/processes.ts"
import { callOf, samples, sentinelSamples } from "../support/samples/index.ts"
import { chosenPrograms, servers, versionOf } from "../support/servers.ts"

const chosen = versionOf(chosenPrograms().server).name
// A server that is not among those with facts is taken as the oldest.
const facts = readFacts(servers.some(({ name }) => name === chosen) ? chosen : servers[0]!.name)
const commandsOf = { ...facts.commands, ...facts.sentinelCommands }
const known = new Set(Object.keys(commandsOf))
const isNewer = newerOptions(facts)

const has = ({ needs, options }: Scene): boolean =>
  needs.every((name) => commandsOf[name] !== undefined) &&
  options.every((option) => {
    const at = option.lastIndexOf(" ")
    const command = commandsOf[option.slice(0, at)]
    return command !== undefined && tokensOf(command).includes(option.slice(at + 1))
  })

/** Whether a server has a command: CONFIG GET of sentinels is no subcommand of its own. */
const knows = (commands: ReadonlySet<string>, { words }: Command.Spec): boolean =>
  words.some((_, i) => commands.has(words.slice(0, i + 1).join(" ")))

/** Whether only a node of a cluster runs it. */
const isOfClusters = ({ words }: Command.Spec): boolean => words[0]!.startsWith("CLUSTER")

/** Those of some constructors with a command of which something is true. */
const constructorsOf = (
  table: Readonly<Record<string, ReadonlyArray<Command.Any>>>,
  test: (command: Command.Any) => boolean
): Readonly<Record<string, ReadonlyArray<Command.Any>>> =>
  Object.fromEntries(Object.entries(table).filter(([, commands]) => commands.some(test)))

/** What a server has before each scene: nothing. */
const clear = [["FLUSHALL"], ["SCRIPT", "FLUSH"], ["FUNCTION", "FLUSH"]]

/** Runs scenes in both protocols, for text and for bytes; the constructors that they cover. */
const play = (
  address: string,
  scenes: Readonly<Record<string, ReadonlyArray<Scene>>>,
  options: { readonly isSentinel: boolean }
): Effect.Effect<ReadonlySet<string>, unknown, Scope.Scope> =>
  Effect.gen(function*() {
    const covered = new Set<string>()
    const failures: Array<string> = []
    const clients = yield* Effect.forEach([2, 3] as const, (protocol) =>
      Effect.all({
        protocol: Effect.succeed(protocol),
        client: RedisClient.make({ address, protocol }),
        other: RedisClient.make({ address, protocol })
      }))
    for (const [family, list] of Object.entries(scenes)) {
      for (const scene of list.filter(has)) {
        let first: Live["Service"]["seen"] | undefined
        for (const { client, other, protocol } of clients) {
          for (const bytes of [false, true]) {
            const seen: Live["Service"]["seen"] = []
            if (!options.isSentinel) {
              yield* Effect.forEach(clear, ([word, ...args]) => client.send(word!, ...args)).pipe(
                Effect.mapError((error) => new Unexpected({ message: [...failures, error.message].join("\n\n") }))
              )
            }
            const exit = yield* Effect.forEach(scene.steps, (step) => step, { discard: true }).pipe(
              Effect.provideService(Live, { redis: client, client, other, bytes, seen, covered }),
              Effect.scoped,
              Effect.timeout("5 seconds"),
              Effect.exit
            )
            const where = `${family}, ${scene.name} (RESP${protocol}${bytes ? ", bytes" : ""})`
            if (Exit.isFailure(exit)) failures.push(`${where}\n${Cause.pretty(exit.cause)}`)
            else if (first === undefined) first = seen
            else {
              const other = seen.findIndex((step, i) => !isDeepStrictEqual(step, first![i]))
              if (other !== -1) {
                failures.push(
                  `${where} shows something else than RESP2:\n${inspect(seen[other])}\n${inspect(first[other])}`
                )
              }
            }
          }
        }
      }
    }
    if (failures.length > 0) assert.fail(`\n${failures.join("\n\n")}`)
    return covered
  })

/** The constructors that had no reply, of those whose commands and options the server has. */
const missing = (
  constructors: Readonly<Record<string, ReadonlyArray<Command.Any>>>,
  prefix: string,
  covered: ReadonlySet<string>
): ReadonlyArray<string> =>
  Object.entries(constructors)
    .filter(([, commands]) =>
      commands.some((command) => knows(known, command.spec) && !isNewer(command.spec.name, callOf(command)))
    )
    .map(([name]) => `${prefix}${name}`)
    .filter((name) => !covered.has(name) && notLive[name] === undefined)

/** A server that is busy soon, and that ends waits at their time, not up to a tenth of a second later. */
const quick = ["busy-reply-threshold 10", "hz 500", "dynamic-hz no"]

describe("each command has the same result in RESP2 and RESP3, for text and for bytes", () => {
  it.live("on a node", () =>
    Effect.gen(function*() {
      const users = Path.join(yield* temporaryDirectory, "users.acl")
      Fs.writeFileSync(users, "user default on nopass ~* &* +@all\n")
      const { address } = yield* server({ config: [...quick, `aclfile ${users}`] })
      const covered = yield* play(address, families, { isSentinel: false })
      assert.deepStrictEqual(
        missing(constructorsOf(samples, ({ spec }) => !isOfClusters(spec)), "", covered),
        [],
        "constructors without a scene in test/support/live"
      )
      console.log(`replies: ${covered.size} constructors of commands on ${chosen}`)
    }).pipe(Effect.scoped), 60_000)

  it.live("on a node of a cluster", () =>
    Effect.gen(function*() {
      const { address } = yield* server({
        config: [
          "cluster-enabled yes",
          ...(known.has("CLUSTER SLOT-STATS") && chosen.startsWith("valkey") ? ["cluster-slot-stats-enabled yes"] : [])
        ]
      })
      const client = yield* RedisClient.make({ address })
      yield* client.send("CLUSTER", "ADDSLOTSRANGE", 0, 16_383)
      yield* Effect.repeat(client.clusterInfo(), { until: ({ state }) => state === "ok" })
      const covered = yield* play(address, clusterFamilies, { isSentinel: false })
      assert.deepStrictEqual(
        missing(constructorsOf(samples, ({ spec }) => isOfClusters(spec)), "", covered),
        [],
        "constructors without a scene in test/support/live"
      )
    }).pipe(Effect.scoped), 60_000)

  it.live("on a sentinel", () =>
    Effect.gen(function*() {
      const { sentinels } = yield* deployment({ replicas: 1, sentinels: 2 })
      const covered = yield* play(sentinels[0]!.address, sentinelFamilies, { isSentinel: true })
      assert.deepStrictEqual(
        missing(sentinelSamples, "sentinel.", covered),
        [],
        "constructors without a scene in test/support/live"
      )
    }).pipe(Effect.scoped), 60_000)

  it("on some server, but for those on the list", () => {
    const anywhere = new Set(servers.flatMap(({ name }) => {
      const { commands, sentinelCommands } = readFacts(name)
      return [...Object.keys(commands), ...Object.keys(sentinelCommands)]
    }))
    const nowhere = Object.entries({ ...samples, ...sentinelSamples })
      .filter(([, commands]) => !commands.some(({ spec }) => knows(anywhere, spec)))
      .map(([name]) => name)
    assert.deepStrictEqual(nowhere.sort(), Object.keys(onNoServer).sort())
    const constructors = new Set([
      ...Object.keys(samples),
      ...Object.keys(sentinelSamples).map((name) => `sentinel.${name}`)
    ])
    assert.deepStrictEqual(Object.keys(notLive).filter((name) => !constructors.has(name)), [])
  })
})
