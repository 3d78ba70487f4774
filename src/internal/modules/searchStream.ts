/**
 * The rows of an aggregation as a Stream, page by page, on a connection of their own.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { RedisError } from "../../Errors.ts"
import { InvalidCommand } from "../../Errors.ts"
import { argumentError } from "../commands/methods.ts"
import type { Runner } from "./methods.ts"
import {
  type AggregateOptions,
  aggregateWithcursor,
  cursorDel,
  type CursorOptions,
  cursorRead
} from "./searchAggregations.ts"
import type { Row } from "./searchReplies.ts"

/**
 * A client that gives reserved connections.
 *
 * @since 0.1.0
 * @category models
 */
export interface Reservable {
  /** Reserves a connection until the Scope closes. */
  readonly reserve: Effect.Effect<Runner<"read">, RedisError, Scope.Scope>
}

/**
 * The rows of an aggregation, from FT.AGGREGATE with a cursor, page by page: a page is read
 * when the rows before it are taken. The server that made a cursor knows it alone, and so
 * the Stream reserves a connection until it ends. It then deletes the cursor at the server
 * if not all pages were read. It fails when the connection is lost; the client does not
 * begin again.
 *
 * **Example** (All rows, 500 at a time)
 *
 * ```ts
 * import { Effect, Stream } from "effect"
 * import { RedisClient } from "effect-redis-sentinel"
 * import * as Search from "effect-redis-sentinel/modules/Search"
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   yield* Search.aggregateStream(redis, "products", "*", {
 *     steps: [{ step: "load", fields: ["@name"] }],
 *     count: 500
 *   }).pipe(Stream.runForEach((row) => Effect.log(row["name"])))
 * })
 * ```
 *
 * @since 0.1.0
 * @category streams
 */
export const aggregateStream = (
  redis: Reservable,
  index: string,
  query: string,
  options?: AggregateOptions & CursorOptions | undefined
): Stream.Stream<Row, RedisError> =>
  Stream.unwrap(Effect.gen(function*() {
    let first: ReturnType<typeof aggregateWithcursor>
    try {
      first = aggregateWithcursor(index, query, options)
    } catch (error) {
      return yield* Effect.fail(argumentError("FT.AGGREGATE", [index, query, options], error))
    }
    if (typeof redis?.reserve !== "object") {
      return yield* Effect.fail(
        new InvalidCommand({
          command: "FT.AGGREGATE",
          detail: "redis: expected a client, which gives reserved connections"
        })
      )
    }
    const reserved = yield* redis.reserve
    let open = "0"
    // The connection is closed after this. Where the cursor is gone already, there is nothing to delete.
    yield* Effect.addFinalizer(() => open === "0" ? Effect.void : Effect.ignore(reserved.run(cursorDel(index, open))))
    return Stream.paginate(
      "",
      (cursor: string) =>
        Effect.map(
          reserved.run(cursor === "" ? first : cursorRead(index, cursor, { steps: options?.steps })),
          (page) => {
            open = page.cursor
            return [page.rows, page.cursor === "0" ? Option.none<string>() : Option.some(page.cursor)] as const
          }
        )
    )
  }))
