/**
 * Moves entries to the stream of dead letters: adding the one and acknowledging the other are one step, so that an entry
 * is never in neither.
 */
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { PrimaryClient } from "../../Client.ts"
import * as Command from "../../Command.ts"
import type { Arg, Key } from "../../Command.ts"
import { eval as evalScript } from "../../commands/scripting.ts"
import { xack } from "../../commands/streamPendingEntries.ts"
import { xadd, xdel } from "../../commands/streams.ts"
import type { RedisError } from "../../Errors.ts"
import { failureName } from "../common/handlers.ts"
import type { ConsumerSettings } from "./consumerOptions.ts"
import { type Delivery, printOf } from "./deliveries.ts"
import type { RawFields } from "./types.ts"

/** The longest reason, in characters. */
const longestReason = 1024

/** Why a handler failed, without what may be a secret in the messages of errors. */
export const reasonOf = (settings: ConsumerSettings, cause: Cause.Cause<unknown>): string => {
  try {
    const given: unknown = settings.deadLetter?.reason?.(cause)
    if (typeof given === "string") return given.slice(0, longestReason)
  } catch {
    // The default says enough.
  }
  return failureName(cause).slice(0, longestReason)
}

/**
 * In one step, as a transaction is not: its other commands run when one of them fails. It moves the entry only if it is
 * pending, and has the fields that the consumer got: a new primary may have given its id to another entry.
 */
const moveScript = `
local id, size = ARGV[1], tonumber(ARGV[3])
if #redis.call('XPENDING', KEYS[1], ARGV[2], id, id, 1) == 0 then return false end
local entry = redis.call('XRANGE', KEYS[1], id, id)[1]
if entry then
  local fields, first = entry[2], #ARGV - size
  if #fields ~= size then return false end
  for i = 1, size do
    if fields[i] ~= ARGV[first + i] then return false end
  end
end
local added = redis.call('XADD', KEYS[2], unpack(ARGV, 5))
redis.call('XACK', KEYS[1], ARGV[2], id)
if ARGV[4] == '1' then redis.call('XDEL', KEYS[1], id) end
return added`

/** More arguments than this a script cannot pass to a command. */
const mostScriptArguments = 7000

/** What became of an entry. */
export type Moved =
  | { readonly _tag: "Moved"; /** Null if the reply was lost. */ readonly deadLetterId: string | null }
  /** It is not pending any more: somebody else has acknowledged or moved it, or a failover lost its delivery. */
  | { readonly _tag: "NotPending" }

/** Moves an entry. It may be repeated: what was moved is not pending. */
export const moveToDeadLetters = (
  redis: PrimaryClient,
  key: Key,
  settings: ConsumerSettings,
  delivery: Pick<Delivery, "id" | "fields" | "deliveries">,
  reason: string
): Effect.Effect<Moved, RedisError> => {
  let isReplyLost = false
  return Effect.mapBoth(moveOnce(redis, key, settings, delivery, reason), {
    onSuccess: (deadLetterId): Moved =>
      deadLetterId === null && !isReplyLost ? { _tag: "NotPending" } : { _tag: "Moved", deadLetterId },
    onFailure: (error) => {
      if (error._tag === "AmbiguousOutcome") isReplyLost = true
      return error
    }
  })
}

/** How many fields a dead letter has before those of its entry. */
const fieldsAbout = 7

/** Whether a dead letter is that of an entry, of this stream and this group: others may have the same dead letters. */
export const isLetterOf = (
  fields: RawFields,
  key: Key,
  group: string,
  { id, print }: Pick<Delivery, "id" | "print">
): boolean => {
  const about = fields.slice(0, fieldsAbout)
  const has = (name: string, value: Key): boolean =>
    about.some((field) =>
      Buffer.compare(field[0], Buffer.from(name)) === 0 && Buffer.compare(field[1], toBytes(value)) === 0
    )
  // The entry may have been a dead letter itself, and have fields of the same names.
  return has("dead-letter.id", id) && has("dead-letter.stream", key) && has("dead-letter.group", group) &&
    printOf(fields.slice(fieldsAbout)) === print
}

const toBytes = (key: Key): Uint8Array => typeof key === "string" ? Buffer.from(key) : key

/** Makes the command that adds the dead letter of an entry. */
const addLetter = (
  key: Key,
  { consumer, deadLetter, group }: ConsumerSettings,
  { deliveries, fields, id }: Pick<Delivery, "id" | "fields" | "deliveries">,
  reason: string
): Effect.Effect<Command.Command<string, "write">> =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    const about: ReadonlyArray<readonly [string, Arg]> = [
      ["reason", reason],
      ["id", id],
      ["stream", key],
      ["group", group],
      ["consumer", consumer],
      ["deliveries", deliveries === Infinity ? "Infinity" : deliveries],
      ["time", now]
    ]
    const trim = deadLetter!.maxLength === undefined
      ? undefined
      : { strategy: "maxlen", threshold: deadLetter!.maxLength, approximate: true } as const
    return xadd(
      deadLetter!.key,
      "*",
      [...about.map(([name, value]) => [`dead-letter.${name}`, value] as const), ...fields],
      { trim }
    )
  })

/** Gives the id of the dead letter; `null` if the entry is not pending. */
const moveOnce = (
  redis: PrimaryClient,
  key: Key,
  settings: ConsumerSettings,
  delivery: Pick<Delivery, "id" | "fields" | "deliveries">,
  reason: string
): Effect.Effect<string | null, RedisError> =>
  Effect.flatMap(addLetter(key, settings, delivery, reason), (add) => {
    const { deadLetter, deletes, group } = settings
    const { id } = delivery
    // The name of the command and the key are arguments of their own.
    const rest = add.args.slice(1)
    if (rest.length > mostScriptArguments) return moveInTurn(redis, key, settings, id, add)
    const move = evalScript(
      moveScript,
      [key, deadLetter!.key],
      [id, group, 2 * delivery.fields.length, deletes ? "1" : "0", ...rest]
    )
    return Effect.map(redis.run(move), (added) => added === null ? null : String(added))
  })

/** Adds the dead letter first, so that one that cannot be written leaves the entry pending. */
const moveInTurn = (
  redis: PrimaryClient,
  key: Key,
  { deletes, group }: ConsumerSettings,
  id: string,
  add: Command.Command<string, "write">
): Effect.Effect<string | null, RedisError> =>
  Effect.gen(function*() {
    const pending = yield* redis.xpendingRange(key, group, id, id, 1)
    if (pending.length === 0) return null
    const added = yield* redis.run(add)
    const ack = xack(key, group, id)
    yield* redis.transaction(deletes ? [ack, xdel(key, id)] : [ack])
    return added
  })

const writeScript = `
local added = redis.call('XADD', KEYS[2], unpack(ARGV, 2))
redis.call('XDEL', KEYS[1], ARGV[1])
return added`

/** Writes the dead letter of an entry that is not pending. An entry is deleted only with its letter. Gives its id. */
export const writeLetter = (
  { run }: Pick<PrimaryClient, "run">,
  key: Key,
  settings: ConsumerSettings,
  delivery: Pick<Delivery, "id" | "fields" | "deliveries">,
  reason: string
): Effect.Effect<string, RedisError> =>
  Effect.flatMap(addLetter(key, settings, delivery, reason), (add) => {
    const { id } = delivery
    if (!settings.deletes) return run(add)
    const rest = add.args.slice(1)
    if (rest.length > mostScriptArguments) return Effect.tap(run(add), run(xdel(key, id)))
    return Effect.map(run(evalScript(writeScript, [key, settings.deadLetter!.key], [id, ...rest])), String)
  })
