/**
 * The service that opens byte streams to servers: TCP, TLS and unix sockets through
 * Node. It knows nothing of Redis.
 *
 * Node's sockets are in internal/transport/.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import { dialNode } from "./internal/transport/nodeSocket.ts"
import type { Dial } from "./internal/transport/types.ts"

export type { Resolver } from "./internal/transport/lookup.ts"
export { dialNode } from "./internal/transport/nodeSocket.ts"
export type { Dial, DialOptions, Handler, TlsOptions, Transport } from "./internal/transport/types.ts"

/**
 * How connections are opened. A Reference with a default, Node's sockets, so that no
 * layer requires it. Tests provide another one, such as the network in memory of
 * `effect-redis-sentinel/testing`.
 *
 * @since 0.1.0
 * @category references
 */
export const Connector = Context.Reference<Dial>("effect-redis-sentinel/Connector", {
  defaultValue: () => dialNode
})
