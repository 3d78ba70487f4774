/**
 * HIMPORT: hashes of the same fields, whose names are sent once, since Redis 8.10. What
 * the server remembers of them belongs to one connection: these commands run on a reserved
 * connection, and fail with `InvalidCommand` elsewhere.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg, Key } from "../Command.ts"
import { appendVariadic, argv, type Variadic } from "../internal/commands/args.ts"

const HIMPORT_PREPARE = define({ words: ["HIMPORT", "PREPARE"], mode: "write", decode: Command.ok })
/**
 * HIMPORT PREPARE gives a list of fields a name, for HIMPORT SET on the same connection, and returns `"OK"`. It
 * replaces a list of that name. It runs on a reserved connection only. Fails with ERR if a field comes twice. Needs
 * Redis 8.10.
 *
 * **Example** (Two hashes with the same fields)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { commands, RedisClient } from "effect-redis-sentinel"
 *
 * export const program = Effect.scoped(Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   const reserved = yield* redis.reserve
 *   yield* reserved.pipeline([
 *     commands.himportPrepare("user", ["name", "email"]),
 *     commands.himportSet("user:1", "user", ["Ada", "ada@example.com"]),
 *     commands.himportSet("user:2", "user", ["Grace", "grace@example.com"]),
 *     commands.himportDiscard("user")
 *   ])
 * }))
 * ```
 *
 * @see https://redis.io/docs/latest/commands/himport-prepare/
 * @since 0.1.0
 * @category hashes
 */
export const himportPrepare = (name: Arg, ...fields: Variadic<Key>) =>
  make(HIMPORT_PREPARE, appendVariadic(HIMPORT_PREPARE.name, "fields", argv(name), fields))

const HIMPORT_SET = define({ words: ["HIMPORT", "SET"], mode: "write", keys: 1, decode: Command.ok })
/**
 * HIMPORT SET stores a hash with the fields that HIMPORT PREPARE has named on the same connection, and returns
 * `"OK"`. `values` are in the order of those fields. It replaces a hash that exists. It runs on a reserved connection
 * only. Fails with ERR if there is no list of that name or if it has another number of fields, and with WRONGTYPE if
 * the key holds another type. Needs Redis 8.10.
 *
 * @see https://redis.io/docs/latest/commands/himport-set/
 * @since 0.1.0
 * @category hashes
 */
export const himportSet = (key: Key, name: Arg, ...values: Variadic<Arg>) =>
  make(HIMPORT_SET, appendVariadic(HIMPORT_SET.name, "values", argv(key, name), values))

const HIMPORT_DISCARD = define({ words: ["HIMPORT", "DISCARD"], mode: "write", decode: Command.flag })
/**
 * HIMPORT DISCARD makes the connection forget a list of fields. The result is whether it had one of that name. Hashes
 * keep their fields. It runs on a reserved connection only. Needs Redis 8.10.
 *
 * @see https://redis.io/docs/latest/commands/himport-discard/
 * @since 0.1.0
 * @category hashes
 */
export const himportDiscard = (name: Arg) => make(HIMPORT_DISCARD, argv(name))

const HIMPORT_DISCARDALL = define({ words: ["HIMPORT", "DISCARDALL"], mode: "write", decode: Command.int })
/**
 * HIMPORT DISCARDALL makes the connection forget all lists of fields, and returns how many it had. It runs on a
 * reserved connection only. Needs Redis 8.10.
 *
 * @see https://redis.io/docs/latest/commands/himport-discardall/
 * @since 0.1.0
 * @category hashes
 */
export const himportDiscardall = () => make(HIMPORT_DISCARDALL, argv())
