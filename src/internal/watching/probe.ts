/**
 * A probe: it writes unique values into a list of its own, one after another, and reads them back from a node to find
 * which of those that were acknowledged are missing there. The list has a time to live from its first moment on, so
 * that nothing stays where the probe cannot clean up.
 */
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import type * as Address from "../../Address.ts"
import type * as Client from "../../Client.ts"
import * as commands from "../../commands/index.ts"
import type { RedisError } from "../../Errors.ts"
import type { NodeOptions } from "../../Options.ts"
import * as RedisClient from "../../RedisClient.ts"
import { briefly } from "./nodes.ts"
import type { Recording } from "./recording.ts"

/** How long the list lives if the probe cannot end it. */
const timeToLive = Duration.minutes(10)
/** How long it lives after the probe has ended: somebody may want to look. */
const timeToLiveAfterwards = Duration.minutes(1)
/** How many values the list keeps. */
const maxListed = 20_000
/** How many acknowledged values are remembered, and looked for after a move: half of the list, so that all must be there. */
const maxRemembered = maxListed / 2
/** How many ambiguous values are remembered. */
const maxAmbiguous = 1000
const upkeepMillis = 30_000
/** How long the end of the list is waited for. */
const farewell = Duration.millis(500)

/** The probe cannot begin. */
export class ProbeRefused extends Data.TaggedError("ProbeRefused")<{
  readonly key: string
  readonly detail: string
  readonly advice: string
}> {
  override get message(): string {
    return `The probe cannot write to the key "${this.key}": ${this.detail}. ${this.advice}`
  }
}

export interface ProbeOptions {
  readonly key: string
  /** How long the pause between the reply to a write and the next write is. */
  readonly everyMillis: number
}

/** A value that was acknowledged. */
export interface WrittenValue {
  readonly value: string
  readonly at: number
}

/** What was read back. */
export interface ReadBack {
  /** Acknowledged, and not there. */
  readonly missing: ReadonlyArray<WrittenValue>
  /** How many of the values without a reply are there. */
  readonly ambiguousPresent: number
  /** Values that are there more than once: they were applied twice. */
  readonly repeated: ReadonlyArray<string>
  /** How many acknowledged values were looked for. */
  readonly looked: number
}

/** A key that no other probe has. */
export const ownKey: Effect.Effect<string> = Effect.map(
  Random.nextIntBetween(0, 2 ** 40),
  (n) => `effect-redis-sentinel:probe:${n.toString(36)}`
)

/**
 * A probe of one group.
 *
 * @since 0.1.0
 * @category models
 */
export class Probe {
  readonly key: string
  private readonly client: Client.PrimaryClient
  private readonly recording: Recording
  private readonly options: ProbeOptions
  private readonly run: string
  private next = 0
  private acknowledged: Array<WrittenValue> = []
  private readonly ambiguous: Array<string> = []
  private goesOn = true
  private upkeptAt = 0

  constructor(client: Client.PrimaryClient, recording: Recording, options: ProbeOptions, run: string) {
    this.client = client
    this.recording = recording
    this.options = options
    this.run = run
    this.key = options.key
  }

  /** Lets the write that is under way be the last one. */
  stop(): void {
    this.goesOn = false
  }

  /** Writes until `stop` is called. */
  readonly write: Effect.Effect<void> = Effect.suspend(() => this.writeAll)

  private readonly writeAll: Effect.Effect<void> = Effect.gen({ self: this }, function*() {
    while (this.goesOn) {
      yield* this.writeOne
      yield* Effect.sleep(Duration.millis(this.options.everyMillis))
    }
  })

  private readonly writeOne: Effect.Effect<void> = Effect.gen({ self: this }, function*() {
    const value = `${this.run}:${this.next++}`
    const reply = yield* Effect.result(this.client.rpush(this.key, value))
    const at = this.recording.options.time.now()
    if (Result.isFailure(reply)) return this.onFailure(value, reply.failure, at)
    this.acknowledged.push({ value, at })
    if (this.acknowledged.length > maxRemembered) this.acknowledged = this.acknowledged.slice(-maxRemembered / 2)
    this.recording.onAcknowledged(at)
    if (at - this.upkeptAt < upkeepMillis) return
    this.upkeptAt = at
    yield* this.upkeep
  })

  private onFailure(value: string, error: RedisError, at: number): void {
    const isAmbiguous = error._tag === "AmbiguousOutcome"
    if (isAmbiguous && this.ambiguous.length < maxAmbiguous) this.ambiguous.push(value)
    this.recording.onFailed(at, briefly(error), isAmbiguous)
  }

  /** Keeps the list short, and alive. Both do no harm if they are repeated. */
  private readonly upkeep: Effect.Effect<void> = Effect.suspend(() =>
    Effect.ignore(Effect.andThen(
      this.client.repeatable(commands.ltrim(this.key, -maxListed, -1)),
      this.client.repeatable(commands.expire(this.key, timeToLive))
    ))
  )

  /** Gives the list its time to live again: after a move the list may be a new one. */
  keepAlive(): Effect.Effect<void> {
    return this.upkeep
  }

  /** Reads the values back from a node, and tells the recording what is missing. */
  readBack(node: Address.Address, name: string, session: NodeOptions): Effect.Effect<ReadBack, RedisError> {
    return Effect.scoped(Effect.gen({ self: this }, function*() {
      const redis = yield* Effect.orDie(RedisClient.make({ ...session, address: node }))
      // What is acknowledged while the list is on its way may be missing in it.
      const expected = this.acknowledged.slice()
      const listed = yield* redis.lrange(this.key, 0, -1)
      const at = this.recording.options.time.now()
      const counts = new Map<string, number>()
      for (const value of listed) counts.set(value, (counts.get(value) ?? 0) + 1)
      const missing = expected.filter(({ value }) => !counts.has(value))
      const gone = new Set(missing)
      // Once is enough to tell.
      if (gone.size > 0) this.acknowledged = this.acknowledged.filter((written) => !gone.has(written))
      this.recording.onChecked(at, name, expected.length, missing)
      return {
        missing,
        ambiguousPresent: this.ambiguous.filter((value) => counts.has(value)).length,
        repeated: Array.from(counts).filter(([, count]) => count > 1).map(([value]) => value),
        looked: expected.length
      }
    }))
  }
}

/**
 * Makes a probe, whose list expires a minute after the Scope has closed. Fails if the key has another use, or if the
 * primary does not accept a first write.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeProbe = (
  client: Client.PrimaryClient,
  recording: Recording,
  options: ProbeOptions
): Effect.Effect<Probe, ProbeRefused, Scope.Scope> =>
  Effect.gen(function*() {
    const { key } = options
    const refused = (error: RedisError) =>
      new ProbeRefused({
        key,
        detail: error.message,
        advice: error._tag === "ReplyError" && error.code === "NOPERM"
          ? "The user needs +type +rpush +ltrim +lrange +expire and access to this key."
          : "Check that the primary accepts writes."
      })
    const type = yield* Effect.mapError(client.type(key), refused)
    if (type !== "none") {
      return yield* new ProbeRefused({
        key,
        detail: `it exists already, as a ${type}`,
        advice: "Choose another key with --key."
      })
    }
    const run = (yield* Random.nextIntBetween(0, 2 ** 30)).toString(36)
    const probe = new Probe(client, recording, options, run)
    yield* Effect.addFinalizer(() =>
      client.repeatable(commands.expire(key, timeToLiveAfterwards)).pipe(
        Effect.timeoutOption(farewell),
        Effect.ignore
      )
    )
    yield* Effect.mapError(
      client.transaction([commands.rpush(key, `${run}:begin`), commands.expire(key, timeToLive)]),
      refused
    )
    recording.startProbe(recording.options.time.now())
    return probe
  })
