/**
 * What a transport is, and how one is opened. Types only.
 */
import type * as Effect from "effect/Effect"
import type * as Tls from "node:tls"
import type * as Address from "../../Address.ts"
import type { ConnectFailed } from "../../Errors.ts"
import type { Resolver } from "./lookup.ts"

/**
 * The listener of a transport. The transport calls its functions synchronously;
 * `closed` once, and last.
 *
 * @since 0.1.0
 * @category models
 */
export interface Handler {
  /** Bytes arrived. The memory of the chunk may be used again after the function returns. */
  readonly data: (chunk: Uint8Array) => void
  /**
   * Gives the memory into which the transport reads the next bytes; they come in a
   * chunk at its beginning. A transport may ignore it.
   */
  readonly place?: (() => Uint8Array | undefined) | undefined
  /** The buffer of the transport is empty again, after `write` gave false. */
  readonly drain: () => void
  /** The operating system took part of the buffered bytes: the server is still reading. */
  readonly taken?: (() => void) | undefined
  /** The transport ended; `cause` is the error, or undefined after a regular end. */
  readonly closed: (cause: unknown) => void
}

/**
 * An open byte stream.
 *
 * @since 0.1.0
 * @category models
 */
export interface Transport {
  /** Starts delivery to a handler. Called once; nothing is delivered before. */
  readonly start: (handler: Handler) => void
  /**
   * Writes chunks in order, as one write where the system can. Strings are written
   * as UTF-8, or as latin1 if `ascii` says that all are ASCII. Gives false when the
   * buffer is full: then `drain` follows.
   */
  readonly write: (chunks: ReadonlyArray<string | Uint8Array>, ascii: boolean) => boolean
  /**
   * Calls back, once, when everything that arrived before was delivered, on this
   * and on every other transport of the same kind. The client judges a server by
   * its silence only after that, since this process may have been busy. A transport
   * that leaves it out delivers everything as it arrives.
   */
  readonly caughtUp?: ((done: () => void) => void) | undefined
  /**
   * For how long bytes may have been arriving that were not delivered yet, since this
   * process was busy, in milliseconds; 0 if everything was delivered. If it is more, it
   * calls back, once, when they were delivered, on this and on every other transport of
   * the same kind. The client asks before each write. A transport that leaves it out
   * delivers everything as it arrives.
   */
  readonly behind?: ((current: () => void) => number) | undefined
  /**
   * Delivers nothing until `resume`: what the other end sends stays in the buffers of the network, and then
   * waits there. The end of the connection may be noticed only after `resume`. What the transport had read before may
   * still be delivered. Without these functions, a subscription with `whenFull: "wait"` keeps what has no room.
   */
  readonly pause?: (() => void) | undefined
  /** Delivers again. */
  readonly resume?: (() => void) | undefined
  /** The address of the other end as `host:port`, with the IP address as the host; undefined if unknown. */
  readonly remote?: string | undefined
  /** Closes at once, without a call of `closed`. May be called again. */
  readonly destroy: () => void
}

/**
 * TLS settings, as Node's `tls.connect` accepts them: `ca`, `cert`, `key`,
 * `servername`, `rejectUnauthorized`, ... `true` means Node's defaults, `false` means
 * no TLS. The default of `servername` is the host of the address.
 *
 * @since 0.1.0
 * @category models
 */
export type TlsOptions = boolean | Tls.ConnectionOptions

/**
 * What to connect to, and how.
 *
 * @since 0.1.0
 * @category models
 */
export interface DialOptions {
  /** The address of the server. */
  readonly address: Address.Address
  /** The TLS settings. Default: no TLS. */
  readonly tls?: TlsOptions | undefined
  /** Resolves host names. Default: the operating system. */
  readonly resolver?: Resolver | undefined
}

/**
 * Opens a transport, or fails with `ConnectFailed`. The caller destroys the
 * transport; an interrupted dial closes its socket itself. Each dial resolves the
 * host name again, except that it shares the answer of a look-up of the same name
 * that is in progress.
 *
 * @since 0.1.0
 * @category models
 */
export interface Dial {
  (options: DialOptions): Effect.Effect<Transport, ConnectFailed>
}
