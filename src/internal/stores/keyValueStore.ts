/**
 * Effect's `KeyValueStore` on a client: each entry is a string at a key with a prefix. Keys are found with SCAN.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import * as Stream from "effect/Stream"
import type { PrimaryClient } from "../../Client.ts"
import { unlink } from "../../commands/keys.ts"
import { set, type SetOptions } from "../../commands/strings.ts"

/** The options of a store, checked. */
export interface StoreOptions {
  readonly prefix: string
  readonly timeToLive: Duration.Duration | undefined
}

/** How many keys are asked for, and removed, at a time. */
const pageSize = 1000

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const escaped = (text: string): string => text.replace(/[\\*?[\]]/g, "\\$&")

const failed = (method: string, key?: string) => (cause: unknown): KeyValueStore.KeyValueStoreError =>
  new KeyValueStore.KeyValueStoreError({
    method,
    message: `${method}: ${cause instanceof Error ? cause.message : "it failed"}`,
    cause,
    ...(key === undefined ? {} : { key })
  })

const textOf = (bytes: Uint8Array): string => {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new TypeError("the value is not UTF-8: read it with getUint8Array")
  }
}

/** A store on a client. */
export const makeKeyValueStore = (
  redis: PrimaryClient,
  { prefix, timeToLive }: StoreOptions
): KeyValueStore.KeyValueStore => {
  const expiry: SetOptions | undefined = timeToLive === undefined ? undefined : { ttl: timeToLive }
  const decoded = (key: string, method: string) => (bytes: Uint8Array) =>
    Effect.try({ try: () => textOf(bytes), catch: failed(method, key) })

  /** The keys below a prefix, with the prefix of the store. */
  const scan = (below: string): Stream.Stream<ReadonlyArray<string>, KeyValueStore.KeyValueStoreError> =>
    redis.scanStream({
      match: `${escaped(prefix + below)}*`,
      count: pageSize,
      // What is of another type is not an entry, and is not removed.
      type: "string",
      whenInterrupted: "restart"
    }).pipe(Stream.grouped(pageSize), Stream.mapError(failed("scan")))

  /** SCAN may give a key twice. */
  const found = (method: string): Effect.Effect<ReadonlySet<string>, KeyValueStore.KeyValueStoreError> =>
    Effect.mapError(
      Stream.runFold(scan(""), () => new Set<string>(), (all, keys) => {
        for (const key of keys) all.add(key.slice(prefix.length))
        return all
      }),
      ({ cause }) => failed(method)(cause)
    )

  const removeBelow = (method: string, below: string) =>
    // What is set meanwhile may be removed or not, so that it may be removed twice.
    Stream.runForEach(scan(below), (keys) => redis.repeatable(unlink(...(keys as [string, ...Array<string>])))).pipe(
      Effect.mapError((error) => failed(method)(error._tag === "KeyValueStoreError" ? error.cause : error))
    )

  const bytesAt = (key: string, method: string) =>
    Effect.map(
      Effect.mapError(redis.bytes.get(prefix + key), failed(method, key)),
      (value) => value === null ? undefined : value
    )

  /** Changes a value that nobody else changes meanwhile: the function may run several times. */
  const modify = <A extends string | Uint8Array>(
    method: string,
    key: string,
    read: (bytes: Uint8Array) => Effect.Effect<A, KeyValueStore.KeyValueStoreError>,
    f: (value: A) => A
  ): Effect.Effect<A | undefined, KeyValueStore.KeyValueStoreError> =>
    redis.watch(prefix + key, (watched) =>
      Effect.gen(function*() {
        const stored = yield* watched.bytes.get(prefix + key)
        if (stored === null) return { commands: [], value: undefined as A | undefined }
        const value = f(yield* read(stored))
        return {
          commands: [set(prefix + key, value, expiry ?? { keepTtl: true })],
          value: value as A | undefined
        }
      })).pipe(
        Effect.map(({ value }) => value),
        Effect.mapError((error) => error._tag === "KeyValueStoreError" ? error : failed(method, key)(error))
      )

  return KeyValueStore.make({
    get: (key) =>
      Effect.flatMap(
        bytesAt(key, "get"),
        (bytes) => bytes === undefined ? Effect.undefined : decoded(key, "get")(bytes)
      ),
    getUint8Array: (key) => bytesAt(key, "getUint8Array"),
    set: (key, value) => Effect.asVoid(Effect.mapError(redis.set(prefix + key, value, expiry), failed("set", key))),
    remove: (key) => Effect.asVoid(Effect.mapError(redis.unlink(prefix + key), failed("remove", key))),
    has: (key) => Effect.map(Effect.mapError(redis.exists(prefix + key), failed("has", key)), (count) => count > 0),
    clear: removeBelow("clear", ""),
    clearPrefix: (below) => removeBelow("clearPrefix", below),
    keys: Effect.map(found("keys"), (keys) => Array.from(keys)),
    size: Effect.map(found("size"), (keys) => keys.size),
    isEmpty: Effect.mapError(
      Effect.map(Stream.runHead(scan("")), Option.isNone),
      ({ cause }) => failed("isEmpty")(cause)
    ),
    modify: (key, f) => modify("modify", key, decoded(key, "modify"), f),
    modifyUint8Array: (key, f) => modify("modifyUint8Array", key, Effect.succeed, f)
  })
}
