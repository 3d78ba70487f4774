/**
 * What a connection carries and why it ends: its requests, its errors.
 * Types only.
 */
import type { AuthenticationFailed, ConnectFailed, ConnectionLost, ProtocolError, RoleMismatch } from "../../Errors.ts"
import type * as Resp from "../../Resp.ts"

/**
 * Why a session could not be opened.
 *
 * @since 0.1.0
 * @category errors
 */
export type OpenError = ConnectFailed | ConnectionLost | AuthenticationFailed | RoleMismatch | ProtocolError

/**
 * Why a session ended.
 *
 * @since 0.1.0
 * @category errors
 */
export type EndError = ConnectionLost | ProtocolError

/**
 * Where a replica has its data from.
 *
 * @since 0.1.0
 * @category models
 */
export interface Source {
  readonly host: string
  readonly port: number
  readonly isLinked: boolean
  /** Undefined where nobody says. */
  readonly hasData: boolean | undefined
}

/**
 * One entry of a connection's queue. It is told exactly one of: all its
 * replies, or its loss.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request {
  /** How many replies belong to it. */
  readonly replies: number
  /** Whether its bulk strings are wanted as bytes; asked at the start of each reply. */
  readonly asBytes: boolean
  /** For how long the server may keep it waiting on purpose, in milliseconds. */
  readonly blockingMillis: number
  /** When it is to be given up, in milliseconds of monotonic time. */
  readonly deadline: number
  /** False once nobody waits for it: unwritten, it is dropped; written, its reply is. */
  readonly isPending: boolean
  /**
   * Whether its replies are acknowledgements of subscriptions, which RESP3 sends
   * as push messages; an error in their place is its only reply.
   */
  readonly acknowledged?: boolean
  readonly encode: (encoder: Resp.Encoder) => void
  readonly onReply: (value: Resp.Value) => void
  readonly onLost: (error: EndError, written: boolean) => void
  /** It cannot be written: no reply will come. Where this is missing, an error takes the place of the reply. */
  readonly onInvalid?: ((detail: string) => void) | undefined
  readonly onDeadline: (written: boolean) => void
}
