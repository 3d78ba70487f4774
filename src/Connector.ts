/**
 * Opens byte streams to servers: TCP, TLS and unix sockets through Node. It is
 * a Reference, so that tests put another in its place and nobody else needs to
 * mention it.
 *
 * It knows nothing of Redis: `Connection.ts` speaks over what it opens.
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
