/**
 * The monitor of a client: a Stream of the commands that its node executes. How it follows the node is in
 * followedStream.ts.
 *
 * internal/connection/monitoring.ts runs MONITOR on one connection. The state machines of groups are in
 * internal/monitor/.
 */
import type * as Stream from "effect/Stream"
import type { RedisError } from "../../Errors.ts"
import type { MonitoredCommand, MonitorOptions } from "../../MonitorStream.ts"
import type { Gap } from "../../PubSub.ts"
import { bytesCommandOf, monitorOn, textCommandOf } from "../connection/monitoring.ts"
import { makeFollowed, type SessionSource } from "./followedStream.ts"

/**
 * Runs MONITOR on a connection of its own, until the client closes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeMonitor: {
  (source: SessionSource, options: MonitorOptions, as: "text"): Stream.Stream<MonitoredCommand | Gap, RedisError>
  (source: SessionSource, options: MonitorOptions, as: "bytes"): Stream.Stream<
    MonitoredCommand<Uint8Array> | Gap,
    RedisError
  >
} = (source: SessionSource, options: MonitorOptions, as: "text" | "bytes"): Stream.Stream<any, RedisError> =>
  makeFollowed<string, MonitoredCommand<string | Uint8Array>>(source, {
    what: "a monitor",
    capacity: options.capacity,
    itemOf: as === "text" ? textCommandOf : bytesCommandOf,
    begin: monitorOn
  })
