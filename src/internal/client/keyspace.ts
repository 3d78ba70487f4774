/**
 * Keyspace notifications as a Stream: which channels it subscribes to, how messages become events, and how it checks
 * that the server publishes what is asked for. The subscription itself is in internal/subscriptions/.
 */
import * as Effect from "effect/Effect"
import * as FiberHandle from "effect/FiberHandle"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { isUtf8 } from "node:buffer"
import type * as Command from "../../Command.ts"
import * as commands from "../../commands/index.ts"
import { InvalidCommand, NotificationsDisabled, type RedisError } from "../../Errors.ts"
import type { Disabled, EventsByFlag, KeyEvent, KeyspaceOptions, KeyspaceRequest } from "../../KeyspaceEvents.ts"
import type { BytesSubscriptions, Channels, Gap, Undecodable } from "../../PubSub.ts"
import { optionsOf } from "../commands/args.ts"
import { Outage } from "../common/outage.ts"
import { choiceProblem, fieldsOf, isBytes, itemsOf, kindOf } from "../common/values.ts"
import type { Connection } from "../connection/connection.ts"
import type { ClientRunner } from "../execution/types.ts"
import { connectionOf } from "../subscriptions/hub.ts"

const command = "keyspace"

/** The events by the flag of `notify-keyspace-events` that publishes them. */
const eventsByFlag: { readonly [F in keyof EventsByFlag]: Readonly<Record<EventsByFlag[F], true>> } = {
  g: {
    copy_to: true,
    del: true,
    expire: true,
    move_from: true,
    move_to: true,
    persist: true,
    rename_from: true,
    rename_to: true,
    restore: true
  },
  $: {
    append: true,
    incrby: true,
    incrbyfloat: true,
    pfadd: true,
    set: true,
    setbit: true,
    setrange: true
  },
  l: {
    linsert: true,
    lpop: true,
    lpush: true,
    lrem: true,
    lset: true,
    ltrim: true,
    rpop: true,
    rpush: true,
    sortstore: true
  },
  s: { sadd: true, sdiffstore: true, sinterstore: true, spop: true, srem: true, sunionstore: true },
  h: { hdel: true, hexpire: true, hexpired: true, hincrby: true, hincrbyfloat: true, hpersist: true, hset: true },
  z: {
    georadiusstore: true,
    geosearchstore: true,
    zadd: true,
    zdiffstore: true,
    zincr: true,
    zinterstore: true,
    zpopmax: true,
    zpopmin: true,
    zrangestore: true,
    zrem: true,
    zremrangebylex: true,
    zremrangebyrank: true,
    zremrangebyscore: true,
    zunionstore: true
  },
  t: {
    xadd: true,
    xdel: true,
    "xgroup-create": true,
    "xgroup-createconsumer": true,
    "xgroup-delconsumer": true,
    "xgroup-destroy": true,
    "xgroup-setid": true,
    xsetid: true,
    xtrim: true
  },
  x: { expired: true },
  e: { evicted: true },
  m: { keymiss: true },
  n: { new: true },
  o: { overwritten: true },
  c: { type_changed: true }
}

const flags = new Map(
  Object.entries(eventsByFlag).flatMap(([flag, events]) => Object.keys(events).map((event) => [event, flag] as const))
)

/** Flags that the flag A does not include. */
const beyondAll = new Set("KEmnocSTIV")

/** What is asked for, checked. */
interface Checked {
  readonly channels: Channels
  /** Events of keys that are not among them are left out. */
  readonly events: ReadonlySet<string> | undefined
  /** The flags that it needs. */
  readonly flags: ReadonlyArray<string>
  /** Whether it needs a flag of a type, and any will do. */
  readonly needsAny: boolean
  readonly options: Pick<KeyspaceOptions, "capacity" | "whenFull">
  readonly whenDisabled: "item" | "fail"
}

const invalid = (field: string, problem: string): InvalidCommand =>
  new InvalidCommand({ command, detail: `${field}: ${problem}` })

const keysOf = (field: "keys" | "exactKeys", given: unknown): ReadonlyArray<Command.Key> => {
  if (given === undefined) return []
  const mayBeOne = field === "keys"
  const list = mayBeOne && (typeof given === "string" || isBytes(given)) ? [given] : itemsOf(given)
  if (typeof list === "string") {
    throw invalid(field, `expected ${mayBeOne ? "a key or " : ""}an array of keys, got ${kindOf(given)}`)
  }
  return list.map((key, i) => {
    if (typeof key === "string") return key
    if (isBytes(key)) return new Uint8Array(key)
    throw invalid(`${field}[${i}]`, `expected a key as a string or bytes, got ${kindOf(key)}`)
  })
}

const namesOf = (field: string, given: unknown): ReadonlyArray<string> => {
  if (given === undefined) return []
  const list = itemsOf(given)
  if (typeof list === "string") throw invalid(field, list)
  return list.map((name, i) => {
    if (typeof name === "string" && name !== "") return name
    throw invalid(`${field}[${i}]`, `expected the name of an event, got ${kindOf(name)}`)
  })
}

const channelOf = (prefix: string, key: Command.Key): Command.Key =>
  typeof key === "string" ? prefix + key : Buffer.concat([Buffer.from(prefix), key])

const requestFields = { keys: "value", exactKeys: "value", events: "value", otherEvents: "value" } as const
const optionFields = { capacity: "value", whenFull: "value", whenDisabled: "value" } as const

/** Checks what is asked for. Throws `InvalidCommand`. */
const checked = (given: unknown, givenOptions: unknown, database: number): Checked => {
  const fields = fieldsOf(given)
  if (typeof fields === "string") throw invalid("request", fields)
  optionsOf(command, fields as KeyspaceRequest, requestFields)
  const optionsOrProblem = givenOptions === undefined ? {} : fieldsOf(givenOptions)
  if (typeof optionsOrProblem === "string") throw invalid("options", optionsOrProblem)
  optionsOf(command, optionsOrProblem as KeyspaceOptions, optionFields)
  const { whenDisabled = "item", ...options } = optionsOrProblem as KeyspaceOptions
  const choice = choiceProblem(whenDisabled, ["item", "fail"])
  if (choice !== undefined) throw invalid("whenDisabled", choice)
  const globs = keysOf("keys", fields["keys"])
  const exact = keysOf("exactKeys", fields["exactKeys"])
  const known = namesOf("events", fields["events"])
  const others = namesOf("otherEvents", fields["otherEvents"])
  const unknown = known.findIndex((name) => !flags.has(name))
  if (unknown !== -1) throw invalid(`events[${unknown}]`, "it is not an event that this version knows: see otherEvents")
  const events = known.length + others.length === 0 ? undefined : new Set([...known, ...others])
  const ofKeys = globs.length + exact.length > 0
  if (!ofKeys && events === undefined) {
    throw invalid("request", "give keys, exactKeys or events; { keys: \"*\" } has the events of all keys")
  }
  const classes = Array.from(new Set(known.map((name) => flags.get(name)!)))
  const prefix = `__${ofKeys ? "keyspace" : "keyevent"}@${database}__:`
  return {
    channels: ofKeys
      ? {
        patterns: globs.map((glob) => channelOf(prefix, glob)),
        channels: exact.map((key) => channelOf(prefix, key))
      }
      : { channels: Array.from(events!, (name) => prefix + name) },
    events,
    flags: [ofKeys ? "K" : "E", ...classes],
    needsAny: classes.length === 0,
    options,
    whenDisabled
  }
}

/** The flags that a server's setting lacks. */
const missingIn = (current: string, { flags, needsAny }: Checked): string => {
  const has = (flag: string): boolean => current.includes(flag) || (current.includes("A") && !beyondAll.has(flag))
  const missing = flags.filter((flag) => !has(flag)).join("")
  const hasAny = Array.from(current).some((flag) => !"KE".includes(flag))
  return needsAny && !hasAny ? `${missing}A` : missing
}

/** Where the events come from. */
export interface KeyspaceSource {
  readonly label: string
  readonly database: number
  readonly askBeside: ClientRunner["askBeside"]
  readonly subscription: BytesSubscriptions["subscription"]
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true })

type Item = KeyEvent<string, string | Uint8Array> | Undecodable | Gap | Disabled

/**
 * The events of keys.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeKeyspace = (
  source: KeyspaceSource,
  as: "text" | "bytes",
  given: unknown,
  givenOptions: unknown
): Stream.Stream<Item, RedisError | NotificationsDisabled> => {
  let request: Checked
  try {
    request = checked(given, givenOptions, source.database)
  } catch (error) {
    if (error instanceof InvalidCommand) return Stream.fail(error)
    throw error
  }
  const { channels, events, options, whenDisabled } = request
  const prefixLength = `__keyspace@${source.database}__:`.length
  const isOfKeys = request.flags[0] === "K"

  /** What the node of a connection does not publish; undefined if it publishes all, or does not say. */
  const disabled = (
    connection: Connection,
    isFirst: { current: boolean }
  ): Effect.Effect<NotificationsDisabled | undefined, RedisError> =>
    Effect.matchEffect(source.askBeside(connection, commands.configGet("notify-keyspace-events")), {
      onSuccess: (settings) => {
        const current = settings["notify-keyspace-events"] ?? ""
        const missing = missingIn(current, request)
        return Effect.succeed(
          missing === ""
            ? undefined
            : new NotificationsDisabled({ target: source.label, current, missing, needed: needed(current, missing) })
        )
      },
      onFailure: (error) => {
        if (error._tag !== "ReplyError" || (error.code !== "NOPERM" && error.code !== "ERR")) return Effect.fail(error)
        if (!isFirst.current) return Effect.undefined
        isFirst.current = false
        return Effect.as(
          Effect.logWarning(
            `${source.label}: it is not known whether the server publishes keyspace notifications, since CONFIG GET is refused (${error.message}); without the flags ${
              request.flags.join("")
            } in notify-keyspace-events there are none`
          ),
          undefined
        )
      }
    })

  const itemOf = (channel: Uint8Array, payload: Uint8Array): Item | undefined => {
    const suffix = channel.subarray(prefixLength)
    const [key, name] = isOfKeys ? [suffix, payload] : [payload, suffix]
    const event = utf8.decode(name)
    if (events !== undefined && !events.has(event)) return undefined
    const { database } = source
    if (as === "bytes") return { _tag: "KeyEvent", key, event, database }
    return isUtf8(key)
      ? { _tag: "KeyEvent", key: utf8.decode(key), event, database }
      : { _tag: "Undecodable", channel, pattern: undefined, payload }
  }

  return Stream.unwrap(Effect.gen(function*() {
    const messages = yield* source.subscription(channels, { ...options, events: true })
    const isFirst = { current: true }
    const told = yield* Queue.make<Disabled, RedisError | NotificationsDisabled>()
    const checking = yield* FiberHandle.make<void, never>()
    let isChecked = false
    const outage = new Outage(`${source.label}: the check of notify-keyspace-events`)
    /** Asks until there is an answer: the node that sends the messages, which may be another one than that of commands. */
    const check = (connection: Connection): Effect.Effect<void> =>
      Effect.matchEffect(disabled(connection, isFirst), {
        onSuccess: (error) => {
          const isFirstTime = !isChecked
          isChecked = true
          if (error === undefined) return outage.over
          if (isFirstTime || whenDisabled === "fail") return Effect.asVoid(Queue.fail(told, error))
          return Effect.andThen(
            Effect.logWarning(`${source.label}: keyspace notifications are missing from now on: ${error.message}`),
            Effect.asVoid(Queue.offer(told, { _tag: "Disabled" as const, error }))
          )
        },
        onFailure: (error): Effect.Effect<void> =>
          Effect.matchEffect(outage.wait(error), {
            onSuccess: () => check(connection),
            onFailure: (error) => Effect.asVoid(Queue.fail(told, error))
          })
      })
    const items = Stream.filterMapEffect(messages, (item): Effect.Effect<Result.Result<Item, void>> => {
      if (item._tag === "Subscribed") {
        return Effect.as(FiberHandle.run(checking, check(connectionOf(item))), Result.fail(undefined))
      }
      const shown = item._tag === "Gap" ? item : itemOf(item.channel, item.payload)
      return Effect.succeed(shown === undefined ? Result.fail(undefined) : Result.succeed(shown))
    })
    return Stream.merge(items, Stream.fromQueue(told), { haltStrategy: "left" })
  }))
}

/** The flags that a server has and those that it lacks, in one word. */
const needed = (current: string, missing: string): string => {
  const all = new Set(current + missing)
  if (all.has("A")) { for (const flag of all) if (flag !== "A" && !beyondAll.has(flag)) all.delete(flag) }
  return Array.from(all).join("")
}
