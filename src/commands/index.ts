/**
 * All command constructors. Each gives a `Command` value, for a pipeline, a
 * transaction or `run`; a client has a method of the same name for each, except
 * those for sentinels, which are in the namespace `sentinel`.
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
export * from "./connection.ts"
export * from "./hashes.ts"
export * from "./keys.ts"
export * from "./lists.ts"
export * as sentinel from "./sentinel.ts"
export * from "./server.ts"
export * from "./sets.ts"
export * from "./sortedSets.ts"
export * from "./strings.ts"
