/**
 * The constructors of all commands. Each returns a `Command` value, for `run`, a
 * pipeline or a transaction; a client has a method of the same name for each,
 * except those for sentinels, which are in the namespace `sentinel`.
 *
 * What holds for all of them:
 *
 * - An argument is a string, a number, a bigint or bytes. A constructor throws
 *   `InvalidCommand` for arguments of the wrong shape; the method of a client fails
 *   with it. Bytes are copied.
 * - `...keys` and its like take arguments one by one or in one array. `keys` before
 *   other arguments is one key, or several in an array. None at all is an
 *   `InvalidCommand`.
 * - A duration has a unit: `"60 seconds"`, `"500 millis"`, a `Duration` (see
 *   `DurationInput`). A bare number does not compile, and is an `InvalidCommand` at run
 *   time. The command that goes over the wire says the time exactly, in seconds or in
 *   milliseconds; a fraction of a millisecond is rounded up. Zero and negative durations
 *   are an `InvalidCommand`; the idle times of pending entries of streams may be zero.
 * - Options that exclude each other do not compile, and are an `InvalidCommand` at run
 *   time.
 * - Strings in results are text. A method of `redis.bytes`, or a command in
 *   `Command.bytes`, returns `Uint8Array` in their place. In text, U+FFFD
 *   takes the place of bytes that are not UTF-8.
 * - What the server does not have is `null`, never `undefined`.
 * - An error of the server is a `ReplyError`; its `code` is the word that is named
 *   here, such as WRONGTYPE, and ERR where there is no special one.
 * - A command runs on Redis 7.0 unless it names a later version.
 *
 * **Example** (Commands as values)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { commands, RedisClient } from "effect-redis-sentinel"
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   const [visits, name] = yield* redis.pipeline([commands.incr("visits"), commands.get("name")])
 *   return { visits, name }
 * })
 * ```
 *
 * @since 0.1.0
 */
export * from "./acl.ts"
export * from "./arrays.ts"
export * from "./bitmaps.ts"
export * from "./clients.ts"
export * from "./cluster.ts"
export * from "./clusterSlots.ts"
export * from "./commandInfo.ts"
export * from "./config.ts"
export * from "./connection.ts"
export * from "./counters.ts"
export * from "./deprecated.ts"
export * from "./expiry.ts"
export * from "./functions.ts"
export * from "./geo.ts"
export * from "./geoRadius.ts"
export * from "./hashes.ts"
export * from "./hashFieldExpiry.ts"
export * from "./hashImport.ts"
export * from "./hotkeys.ts"
export * from "./hyperLogLog.ts"
export * from "./info.ts"
export * from "./keys.ts"
export * from "./latency.ts"
export * from "./lists.ts"
export * from "./loadedModules.ts"
export * from "./memory.ts"
export * from "./migrate.ts"
export * from "./options.ts"
export * from "./persistence.ts"
export * from "./pubSub.ts"
export * from "./scripting.ts"
export * as sentinel from "./sentinel.ts"
export * from "./server.ts"
export * from "./session.ts"
export * from "./sets.ts"
export * from "./slowLog.ts"
export * from "./sortedSetCombinations.ts"
export * from "./sortedSetRanges.ts"
export * from "./sortedSets.ts"
export * from "./sorting.ts"
export * from "./streamGroups.ts"
export * from "./streamInfo.ts"
export * from "./streamPendingEntries.ts"
export * from "./streams.ts"
export * from "./stringConditions.ts"
export * from "./strings.ts"
export * from "./vectorSets.ts"
