/**
 * Opens byte streams to servers: TCP, TLS and unix sockets through Node. It is a
 * Reference: tests put another one in its place, and no layer asks for it.
 *
 * It knows nothing of Redis. Node's sockets are in internal/transport/.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import { dialNode } from "./internal/transport/nodeSocket.ts"
import type { Dial } from "./internal/transport/types.ts"

export type { Resolver } from "./internal/transport/lookup.ts"
export { dialNode, explainTls } from "./internal/transport/nodeSocket.ts"
export type { Dial, DialOptions, Handler, TlsOptions, Transport } from "./internal/transport/types.ts"

/**
 * How connections are dialled. The default uses Node's sockets; a test puts
 * servers in memory in its place.
 *
 * @since 0.1.0
 * @category references
 */
export const Connector = Context.Reference<Dial>("effect-redis-sentinel/Connector", {
  defaultValue: () => dialNode
})
