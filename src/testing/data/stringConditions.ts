/**
 * The commands of a server in memory that look at the value of a string before they change
 * it, and its digest, as Redis 8.4 and Valkey 9.0 have them; the conditions of SET, too.
 */
import { xxh3 } from "../xxh3.ts"
import { type Definition, fail, first, group, type Scene } from "./command.ts"

const define = group("string")

/** A condition on the value of a key, by its word. */
export interface ValueCondition {
  readonly word: string
  readonly value: string
}

export const isCondition = (word: string): boolean => ["IFEQ", "IFNE", "IFDEQ", "IFDNE"].includes(word)

/** Whether a value fulfils a condition. Throws for a digest of another length. */
export const isMet = ({ value, word }: ValueCondition, now: string): boolean => {
  const isDigest = word.startsWith("IFD")
  if (isDigest && value.length !== 16) return fail("digest must be exactly 16 hexadecimal characters")
  const isEqual = isDigest ? xxh3(now) === value.toLowerCase() : now === value
  return word.endsWith("NE") ? !isEqual : isEqual
}

const deleteIf = ({ db, now }: Scene, key: string, isTo: boolean): number => (isTo && db.delete(key, now) ? 1 : 0)

export const stringConditions: ReadonlyArray<Definition> = [
  define("delex", -2, "write fast", first, (scene, args) => {
    const [, key, word, value] = args
    const entry = scene.db.get(key!, scene.now)
    if (args.length !== 2 && args.length !== 4) return fail("wrong number of arguments for 'delex' command")
    if (entry === undefined) return 0
    if (word === undefined || value === undefined) return deleteIf(scene, key!, true)
    if (entry.kind !== "string") return fail("Key should be of string type if conditions are specified")
    if (!isCondition(word.toUpperCase())) return fail("Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE")
    return deleteIf(scene, key!, isMet({ word: word.toUpperCase(), value }, entry.value as string))
  }),
  define(
    "delifeq",
    3,
    "write fast",
    first,
    (scene, [, key, value]) => deleteIf(scene, key!, scene.db.read(key!, "string", scene.now) === value)
  ),
  define("digest", 2, "read fast", first, ({ db, now }, [, key]) => {
    const value = db.read(key!, "string", now)
    return value === undefined ? null : xxh3(value)
  })
]
