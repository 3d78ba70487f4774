/**
 * Asks a server about the sample calls of all command constructors: where their keys are, and what becomes of the keys
 * (COMMAND GETKEYSANDFLAGS). It runs none of them.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type Errors, RedisClient } from "../../src/index.ts"
import { readFacts, readLaterFacts } from "../support/commandFacts.ts"
import { server } from "../support/processes.ts"
import { callOf, samples } from "../support/samples/index.ts"
import { chosenPrograms, servers, versionOf } from "../support/servers.ts"

const { name } = versionOf(chosenPrograms().server)
/** Commands that servers flag as reads although they change their keys. */
const changingReads: ReadonlyMap<string, string> = new Map([
  ["pfcount", "it keeps its estimate in the key, and a replica may run it"]
])

/** Calls whose keys the server does not find. */
const keysNotFound: ReadonlyMap<string, string> = new Map([
  ["PFMERGE d", "Redis 7.0 finds no keys at all where the optional ones are missing"]
])

const isKept = servers.some((server) => server.name === name)

describe("commands", () => {
  it.live("have their keys where the server finds them, and say whether they change them", () =>
    Effect.gen(function*() {
      const { address } = yield* server()
      const redis = yield* RedisClient.make({ address })
      const known = new Set((yield* redis.send("COMMAND", "LIST")) as ReadonlyArray<string>)
      /** Whether the server takes so many words: an option of a later server may be one more. */
      const isTaken = (call: ReadonlyArray<string>, command: string): Effect.Effect<boolean, Errors.RedisError> =>
        Effect.map(redis.send("COMMAND", "INFO", command), (reply) => {
          const arity = Number((reply as ReadonlyArray<ReadonlyArray<unknown>>)[0]![1])
          return arity < 0 ? call.length >= -arity : call.length === arity
        })
      const wrong: Array<string> = []
      for (const [constructor, commands] of Object.entries(samples)) {
        for (const command of commands) {
          const call = callOf(command)
          const word = command.spec.words.join("|").toLowerCase()
          // Redis 8.0 finds no keys in a call with an option that it does not know.
          const options = Object.keys(readLaterFacts().options[command.spec.name] ?? {})
          if (call.some((argument) => options.includes(argument))) continue
          // Redis 7.0 answers this only for a call with arguments.
          if (!known.has(word) || call.length === 1 || !(yield* isTaken(call, word))) continue
          const found = yield* redis.send("COMMAND", "GETKEYSANDFLAGS", ...call).pipe(
            Effect.map((reply) => reply as ReadonlyArray<readonly [key: string, flags: Iterable<string>]>),
            Effect.catch((error) =>
              // The second is what Redis 7.0 says of a script without keys.
              /no key arguments|Invalid arguments specified/.test(error.message)
                ? Effect.succeed([])
                : Effect.fail(error)
            )
          )
          const theirs = found.map(([key]) => key).sort()
          const ours = command.spec.keys(command.args).map(String).sort()
          const writes = found.some(([, flags]) => Array.from(flags).some((flag) => /^(RW|OW|RM)$/.test(flag)))
          const isNotFound = theirs.length === 0 && keysNotFound.has(call.join(" "))
          if (theirs.join() !== ours.join() && !isNotFound) {
            wrong.push(`${constructor}: keys ${ours}; the server finds ${theirs}`)
          }
          if (writes && command.spec.mode === "read" && !changingReads.has(constructor)) {
            wrong.push(`${constructor}: reads, but changes its keys`)
          }
        }
      }
      assert.deepStrictEqual(wrong, [])
    }).pipe(Effect.scoped))

  it.live.runIf(isKept)("are those that test/data/commands has of this server", () =>
    Effect.gen(function*() {
      const { address } = yield* server()
      const redis = yield* RedisClient.make({ address })
      const list = (yield* redis.send("COMMAND", "LIST")) as ReadonlyArray<string>
      const containers = new Set(list.filter((name) => name.includes("|")).map((name) => name.split("|")[0]))
      const now = list.filter((name) => !containers.has(name)).map((name) => name.replace("|", " ").toUpperCase())
      assert.deepStrictEqual(now.sort(), Object.keys(readFacts(name).commands).sort())
    }).pipe(Effect.scoped))
})
