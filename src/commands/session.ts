/**
 * The CLIENT commands that change the session of a connection: a client has them on
 * reserved connections only, and closes such a connection after use.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import { argv } from "../internal/commands/args.ts"

const CLIENT_SETNAME = define({ words: ["CLIENT", "SETNAME"], mode: "read", decode: Command.ok })
/**
 * CLIENT SETNAME names the reserved connection that it runs on, as CLIENT LIST shows it, and returns `"OK"`. `""` removes
 * the name. The option `clientName` of a client names all of its connections. Fails with ERR for a name with spaces or
 * control characters.
 *
 * **Example** (A connection that can be found in CLIENT LIST)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { RedisClient } from "effect-redis-sentinel"
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   const reserved = yield* redis.reserve
 *   yield* reserved.clientSetname("nightly-report")
 *   return yield* reserved.dbsize()
 * }).pipe(Effect.scoped)
 * ```
 *
 * @see https://redis.io/docs/latest/commands/client-setname/
 * @since 0.1.0
 * @category connection
 */
export const clientSetname = (name: string) => make(CLIENT_SETNAME, argv(name))

const CLIENT_NO_EVICT = define({ words: ["CLIENT", "NO-EVICT"], mode: "read", decode: Command.ok })
/**
 * CLIENT NO-EVICT sets whether the server spares the reserved connection that it runs on when it closes connections to
 * save memory (`maxmemory-clients`), and returns `"OK"`.
 *
 * @see https://redis.io/docs/latest/commands/client-no-evict/
 * @since 0.1.0
 * @category connection
 */
export const clientNoEvict = (enabled: boolean) => make(CLIENT_NO_EVICT, argv(enabled ? "ON" : "OFF"))

const CLIENT_NO_TOUCH = define({ words: ["CLIENT", "NO-TOUCH"], mode: "read", decode: Command.ok })
/**
 * CLIENT NO-TOUCH sets whether the commands on the reserved connection leave the time of the last use of keys as it is,
 * for the policies of eviction, and returns `"OK"`. TOUCH changes it all the same. Needs Redis 7.2 or Valkey 7.2.
 *
 * @see https://redis.io/docs/latest/commands/client-no-touch/
 * @since 0.1.0
 * @category connection
 */
export const clientNoTouch = (enabled: boolean) => make(CLIENT_NO_TOUCH, argv(enabled ? "ON" : "OFF"))
