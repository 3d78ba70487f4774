/**
 * What a transport is, whoever makes it. Types only.
 */
import type * as Effect from "effect/Effect"
import type * as Tls from "node:tls"
import type * as Address from "../../Address.ts"
import type { ConnectFailed } from "../../Errors.ts"
import type { Resolver } from "./lookup.ts"

/**
 * Who listens to a transport. Each is called synchronously, `closed` once and
 * last.
 *
 * @since 0.1.0
 * @category models
 */
export interface Handler {
  /** The chunk is the handler's only until it returns: its memory may be used again. */
  readonly data: (chunk: Uint8Array) => void
  /**
   * Where the next bytes are to be put, if somebody has a place for them: then
   * they come in a chunk that is the beginning of it. A transport may ignore it.
   */
  readonly place?: (() => Uint8Array | undefined) | undefined
  readonly drain: () => void
  /** Some of what the system could not take at once was taken: the server goes on reading. */
  readonly taken?: (() => void) | undefined
  readonly closed: (cause: unknown) => void
}

/**
 * An open byte stream.
 *
 * @since 0.1.0
 * @category models
 */
export interface Transport {
  /** Begins to listen. Nothing is delivered before. Called once. */
  readonly start: (handler: Handler) => void
  /**
   * Writes chunks in order, as one write where the system can; strings as
   * UTF-8, or as latin1 if all are ASCII. False when its buffer is full: then
   * `drain` follows.
   */
  readonly write: (chunks: ReadonlyArray<string | Uint8Array>, ascii: boolean) => boolean
  /**
   * Calls back, once, when all that had arrived before was handed out: here and
   * at every other transport of the same kind. A server is judged by its
   * silence only after that, since it may be this process that was busy. Where
   * it is left out, nothing arrives unseen.
   */
  readonly caughtUp?: ((done: () => void) => void) | undefined
  /**
   * Whether something that matters may have arrived unseen, since this process
   * was busy with something else: then it calls back, once, when that was handed
   * out, here and at every other transport of the same kind. Asked before each
   * write. Where it is left out, nothing arrives unseen.
   */
  readonly behind?: ((current: () => void) => boolean) | undefined
  /** Where the other end is, `host:port` with the host as an address, where that is known: names are only names. */
  readonly remote?: string | undefined
  /** Closes at once. `closed` is not called any more. May be called again. */
  readonly destroy: () => void
}

/**
 * TLS settings, as Node's `tls.connect` takes them: `ca`, `cert`, `key`,
 * `servername`, `rejectUnauthorized`, ... `true` means Node's defaults. The
 * server name is the host unless it is given.
 *
 * @since 0.1.0
 * @category models
 */
export type TlsOptions = boolean | Tls.ConnectionOptions

/**
 * @since 0.1.0
 * @category models
 */
export interface DialOptions {
  readonly address: Address.Address
  readonly tls?: TlsOptions | undefined
  readonly resolver?: Resolver | undefined
}

/**
 * Opens a transport. The one who dials destroys it; interrupting the dial
 * leaves nothing behind. A hostname is resolved anew at each dial, unless a
 * look-up of the same name is under way: then its answer serves.
 *
 * @since 0.1.0
 * @category models
 */
export interface Dial {
  (options: DialOptions): Effect.Effect<Transport, ConnectFailed>
}
