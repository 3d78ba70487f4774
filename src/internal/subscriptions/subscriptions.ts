/**
 * The subscriptions of a client: the checks of what is asked for, and which connection serves it. Those that wait for
 * slow readers have a connection each, all others share one.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Buffer } from "node:buffer"
import { InvalidCommand, type RedisError } from "../../Errors.ts"
import type { BytesSubscriptions, ChannelOptions, Channels, Subscriptions, WhenFull } from "../../PubSub.ts"
import { optionsOf } from "../commands/args.ts"
import { choiceProblem, fieldsOf, integerProblem, isBytes, itemsOf, kindOf } from "../common/values.ts"
import { codecOfSubscribable, type Subscribable } from "../values/channels.ts"
import { bytes, decoded, type Format, text } from "./formats.ts"
import { Hub, type HubSource } from "./hub.ts"
import { bytesOf, type Kind } from "./names.ts"

const defaultCapacity = 10_000

const invalid = (detail: string): InvalidCommand => new InvalidCommand({ command: "SUBSCRIBE", detail })

/** What a subscription asks for. */
interface Requested {
  readonly names: ReadonlyArray<{ readonly kind: Kind; readonly bytes: Buffer }>
  readonly capacity: number
  readonly whenFull: WhenFull
  readonly events: boolean
  readonly format: Format<unknown>
}

const fieldKinds = { channels: "channel", patterns: "pattern", shards: "shard" } as const

/** The names to subscribe to, each once. */
const namesOf = (given: unknown): Requested["names"] => {
  const fields = fieldsOf(given)
  if (typeof fields === "string") throw invalid(`channels: ${fields}`)
  optionsOf("SUBSCRIBE", given as Channels, { channels: "value", patterns: "value", shards: "value" })
  const found = new Map<string, { readonly kind: Kind; readonly bytes: Buffer }>()
  for (const field of ["channels", "patterns", "shards"] as const) {
    if (fields[field] === undefined) continue
    const names = itemsOf(fields[field])
    if (typeof names === "string") throw invalid(`${field}: ${names}`)
    names.forEach((name, i) => {
      if (typeof name !== "string" && !isBytes(name)) {
        throw invalid(`${field}[${i}]: expected a name as a string or bytes, got ${kindOf(name)}`)
      }
      const bytes = bytesOf(name)
      found.set(`${field} ${bytes.toString("latin1")}`, { kind: fieldKinds[field], bytes })
    })
  }
  if (found.size === 0) throw invalid("channels, patterns and shards are empty: at least one name is required")
  return Array.from(found.values())
}

const common = { capacity: "value", whenFull: "value", events: "flag" } as const

const policies = ["drop-newest", "drop-oldest", "fail", "wait"]

const requestedOf = (given: unknown, options: unknown, as: "text" | "bytes"): Requested => {
  const codec = codecOfSubscribable(given)
  if (codec !== undefined && as === "bytes") {
    throw invalid("channels: a channel with a schema gives values: use subscribe and subscription of the client itself")
  }
  const names = codec === undefined
    ? namesOf(given)
    : [{ kind: (given as Subscribable<unknown>).kind, bytes: bytesOf((given as Subscribable<unknown>).name) }]
  const fields = options === undefined ? {} : fieldsOf(options)
  if (typeof fields === "string") throw invalid(`options: ${fields}`)
  optionsOf<object>(
    "SUBSCRIBE",
    options as object | undefined,
    codec === undefined ? common : { ...common, whenMisfit: "value" }
  )
  const { capacity, events, whenFull, whenMisfit } = fields as ChannelOptions
  const check = (field: string, problem: string | undefined): void => {
    if (problem !== undefined) throw invalid(`${field}: ${problem}`)
  }
  if (capacity !== undefined && capacity !== Infinity) {
    check("capacity", integerProblem(capacity, 1, Number.MAX_SAFE_INTEGER))
  }
  if (whenFull !== undefined) check("whenFull", choiceProblem(whenFull, policies))
  if (whenMisfit !== undefined) check("whenMisfit", choiceProblem(whenMisfit, ["item", "fail"]))
  return {
    names,
    capacity: capacity ?? defaultCapacity,
    whenFull: whenFull ?? "drop-newest",
    events: events ?? false,
    format: codec !== undefined ? decoded(codec, whenMisfit ?? "item") : as === "text" ? text : bytes
  }
}

/**
 * How one client subscribes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeSubscriptions = (
  source: HubSource
): Subscriptions & { readonly bytes: BytesSubscriptions } => {
  let shared: Hub | undefined
  const hubFor = (whenFull: WhenFull): Hub => {
    if (whenFull === "wait") return new Hub(source)
    if (shared === undefined || shared.isRetired) shared = new Hub(source)
    return shared
  }
  const begin = (requested: Requested): Effect.Effect<Stream.Stream<any, RedisError>, RedisError, Scope.Scope> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(Effect.scope, (scope) => {
        const hub = hubFor(requested.whenFull)
        const subscriber = hub.join(requested.names, requested, requested.format)
        // A subscription that fails leaves nothing in the Scope of the caller, who may try again for as long as it lasts.
        const own = Scope.forkUnsafe(scope)
        return Scope.addFinalizer(own, Effect.sync(() => hub.leave(subscriber))).pipe(
          Effect.andThen(restore(subscriber.established)),
          Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : Scope.close(own, exit)),
          Effect.as(subscriber.inbox.stream as Stream.Stream<any, RedisError>)
        )
      })
    )
  const subscriptionAs =
    (as: "text" | "bytes") =>
    (channels: unknown, options?: unknown): Effect.Effect<Stream.Stream<any, RedisError>, RedisError, Scope.Scope> => {
      try {
        // Later changes by the caller have no effect.
        return begin(requestedOf(channels, options, as))
      } catch (error) {
        return error instanceof InvalidCommand ? Effect.fail(error) : Effect.die(error)
      }
    }
  const as = (form: "text" | "bytes") => {
    const subscription = subscriptionAs(form)
    return {
      subscription,
      subscribe: (channels: unknown, options?: unknown) => Stream.unwrap(subscription(channels, options))
    }
  }
  return { ...as("text"), bytes: as("bytes") }
}
