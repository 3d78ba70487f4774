/**
 * HIMPORT of a server in memory, as Redis 8.10 has it. What a session prepares is kept by
 * the server's session; the hashes that it stores are other writes of the server.
 */
import { ok, type Reply } from "../Reply.ts"
import { type Definition, fail, group, type Scene } from "./command.ts"

/** The fields that a session has prepared, by name. */
export type FieldSets = Map<string, ReadonlyArray<string>>

/** The reply, and the writes that make it true. */
interface Import {
  readonly reply: Reply
  readonly writes: ReadonlyArray<ReadonlyArray<string>>
}

const arities: Readonly<Record<string, number>> = { PREPARE: -4, SET: -5, DISCARD: 3, DISCARDALL: 2 }

const prepare = (sets: FieldSets, name: string, fields: ReadonlyArray<string>): Reply => {
  if (new Set(fields).size < fields.length) return fail("duplicate field name in fieldset")
  sets.set(name, fields)
  return ok
}

const store = (sets: FieldSets, { db, now }: Scene, args: ReadonlyArray<string>): Import => {
  const [, , key, name] = args
  const values = args.slice(4)
  const fields = sets.get(name!) ?? fail("no such fieldset")
  if (fields.length !== values.length) return fail("value count does not match fieldset")
  db.read(key!, "hash", now)
  return {
    reply: ok,
    writes: [["del", key!], ["hset", key!, ...fields.flatMap((field, i) => [field, values[i]!])]]
  }
}

/** Runs HIMPORT for a session. */
export const importHash = (sets: FieldSets, scene: Scene, args: ReadonlyArray<string>): Import => {
  const subcommand = args[1]!.toUpperCase()
  const arity = arities[subcommand]
  if (arity === undefined) return fail(`unknown subcommand '${args[1]}'. Try HIMPORT HELP.`)
  if (arity > 0 ? args.length !== arity : args.length < -arity) {
    return fail(`wrong number of arguments for 'himport|${subcommand.toLowerCase()}' command`)
  }
  const done = (reply: Reply): Import => ({ reply, writes: [] })
  if (subcommand === "SET") return store(sets, scene, args)
  if (subcommand === "PREPARE") return done(prepare(sets, args[2]!, args.slice(3)))
  if (subcommand === "DISCARD") return done(sets.delete(args[2]!) ? 1 : 0)
  const count = sets.size
  sets.clear()
  return done(count)
}

/** What the command looks like from outside; the server runs it. */
export const hashImport: ReadonlyArray<Definition> = [
  group("hash")(
    "himport",
    -2,
    "write denyoom",
    (args) => (/^set$/i.test(args[1] ?? "") ? args.slice(2, 3) : []),
    () => ok
  )
]
