/**
 * What a reply can be, and what the decoder accepts at most.
 */

// -----------------------------------------------------------------------------
// Values
// -----------------------------------------------------------------------------

/**
 * An error that the server sent, as a value: at the top of a reply, or inside
 * an aggregate such as the reply of EXEC.
 *
 * @since 0.1.0
 * @category models
 */
export class ErrorReply {
  readonly _tag = "ErrorReply"
  /** The whole text, code included; the decoder keeps the first 8 KiB of it. */
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
  /** The first word: `ERR`, `WRONGTYPE`, `MOVED`, ... */
  get code(): string {
    const space = this.text.indexOf(" ")
    return space === -1 ? this.text : this.text.slice(0, space)
  }
}

/**
 * A RESP3 map. Keys and values alternate in `flat`, as RESP2 sends the same
 * reply, so that one decoder serves both.
 *
 * @since 0.1.0
 * @category models
 */
export class MapReply {
  readonly _tag = "MapReply"
  readonly flat: ReadonlyArray<Value>
  constructor(flat: ReadonlyArray<Value>) {
    this.flat = flat
  }
}

/**
 * A RESP3 set, in the order of the wire.
 *
 * @since 0.1.0
 * @category models
 */
export class SetReply {
  readonly _tag = "SetReply"
  readonly values: ReadonlyArray<Value>
  constructor(values: ReadonlyArray<Value>) {
    this.values = values
  }
}

/**
 * A decoded reply. Bulk and verbatim strings are `string`, or `Uint8Array`
 * where bytes were asked for, and where JavaScript has no string that is long
 * enough (about 512 MiB); integers are `number`, or `bigint` outside the
 * safe range; big numbers are `bigint`.
 *
 * @since 0.1.0
 * @category models
 */
export type Value =
  | string
  | Uint8Array
  | number
  | bigint
  | boolean
  | null
  | ErrorReply
  | MapReply
  | SetReply
  | ReadonlyArray<Value>

// -----------------------------------------------------------------------------
// Limits
// -----------------------------------------------------------------------------

/**
 * What the decoder accepts at most. Beyond it, a `ProtocolError`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limits {
  /** Nesting of aggregates. Default 64; an option of a client is 1,000 at most. */
  readonly maxDepth?: number | undefined
  /** Declared bytes of one bulk string. Default 512 MiB, Redis's own `proto-max-bulk-len`. */
  readonly maxBulkLength?: number | undefined
  /** Declared elements of one aggregate. Default 2^27. */
  readonly maxElements?: number | undefined
  /** Bytes of one line: a simple string, an error, a number. Default 65,536. */
  readonly maxLineLength?: number | undefined
  /** Bytes of one whole reply. Default 2 GiB. */
  readonly maxReplyBytes?: number | undefined
}

/**
 * The limits in force where none are given.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultLimits = {
  maxDepth: 64,
  maxBulkLength: 512 * 1024 * 1024,
  maxElements: 2 ** 27,
  maxLineLength: 64 * 1024,
  maxReplyBytes: 2 ** 31
} as const

// -----------------------------------------------------------------------------
// Encoder
// -----------------------------------------------------------------------------

/**
 * One argument of a command. Numbers are written in decimal, as JavaScript
 * prints them (NaN is refused); bytes are written as they are. Text is written
 * as UTF-8, which has no half of a surrogate pair: U+FFFD takes its place.
 *
 * @since 0.1.0
 * @category models
 */
export type Arg = string | number | bigint | Uint8Array
