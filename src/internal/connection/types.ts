/**
 * The requests that a connection carries, and the errors with which it ends.
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
 * The primary of a replica, as the replica reports it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Source {
  readonly host: string
  readonly port: number
  readonly isLinked: boolean
  /** Undefined if the server does not say. */
  readonly hasData: boolean | undefined
}

/**
 * One entry of a connection's queue. The connection delivers either all of its
 * replies, or its loss.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request {
  /** How many replies belong to it. */
  readonly replies: number
  /** Whether its bulk strings are decoded as bytes; read at the start of each reply. */
  readonly asBytes: boolean
  /** Whether doubles and big numbers of its replies keep their texts. */
  readonly keepsNumerals: boolean
  /** For how long the server may keep it waiting on purpose, in milliseconds. */
  readonly blockingMillis: number
  /** Its deadline, in milliseconds of monotonic time. */
  readonly deadline: number
  /** False once no caller waits for it. If it is not written yet, it is dropped; otherwise its reply is. */
  readonly isPending: boolean
  /**
   * Whether its replies are acknowledgements of subscriptions, which RESP3 sends
   * as push messages; an error in their place is its only reply.
   */
  readonly acknowledged?: boolean
  readonly encode: (encoder: Resp.Encoder) => void
  readonly onReply: (value: Resp.Value) => void
  readonly onLost: (error: EndError, written: boolean) => void
  /** It cannot be encoded, so no reply will come. Without this function, an error takes the place of the reply. */
  readonly onInvalid?: ((detail: string) => void) | undefined
  readonly onDeadline: (written: boolean) => void
  /** Its reply cannot be read, and the connection ends for that; its loss follows. */
  readonly onUnreadable?: (() => void) | undefined
}
