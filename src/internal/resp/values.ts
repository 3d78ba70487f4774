/**
 * The types of a reply, and the limits of the decoder.
 */

// -----------------------------------------------------------------------------
// Values
// -----------------------------------------------------------------------------

/**
 * An error of the server, as a value: a whole reply, or an element of an aggregate such
 * as the reply of EXEC.
 *
 * Source: "Simple errors" and "Bulk errors" in
 * https://redis.io/docs/latest/develop/reference/protocol-spec/
 *
 * @since 0.1.0
 * @category models
 */
export class ErrorReply {
  /** Tells errors from other values. */
  readonly _tag = "ErrorReply"
  /** The whole text with the code; the decoder keeps its first 8 KiB. */
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
 * A map of RESP3. Its keys and values alternate, as RESP2 sends the same reply, so that
 * one decoder reads both.
 *
 * Source: "Maps" in https://redis.io/docs/latest/develop/reference/protocol-spec/
 *
 * @since 0.1.0
 * @category models
 */
export class MapReply {
  /** Tells maps from other values. */
  readonly _tag = "MapReply"
  /** Keys and values in turn, in the order of the wire. */
  readonly flat: ReadonlyArray<Value>
  constructor(flat: ReadonlyArray<Value>) {
    this.flat = flat
  }
}

/**
 * A set of RESP3.
 *
 * Source: "Sets" in https://redis.io/docs/latest/develop/reference/protocol-spec/
 *
 * @since 0.1.0
 * @category models
 */
export class SetReply {
  /** Tells sets from other values. */
  readonly _tag = "SetReply"
  /** The elements, in the order of the wire. */
  readonly values: ReadonlyArray<Value>
  constructor(values: ReadonlyArray<Value>) {
    this.values = values
  }
}

/**
 * A double or a big number of RESP3 with its text, which RESP2 sends as a string. The
 * decoder makes it only for receivers that ask for texts. @internal
 */
export class NumeralReply {
  readonly value: number | bigint
  readonly text: string
  constructor(value: number | bigint, text: string) {
    this.value = value
    this.text = text
  }
}

/**
 * A decoded reply.
 *
 * - Bulk and verbatim strings are `string`, or `Uint8Array` where bytes were asked for
 *   or where no JavaScript string is long enough (about 512 MiB).
 * - Integers are `number`, or `bigint` outside the safe range.
 * - Doubles are `number`, big numbers are `bigint`, and nulls of all kinds are null.
 *
 * Source: "RESP protocol description" in
 * https://redis.io/docs/latest/develop/reference/protocol-spec/
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
 * Limits of the decoder. A reply beyond a limit is a `ProtocolError` and ends the
 * connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limits {
  /** How deep aggregates may be nested. Default 64; clients accept at most 1,000. */
  readonly maxDepth?: number | undefined
  /** How many bytes one bulk string may declare. Default 512 MiB, as Redis's own `proto-max-bulk-len`. */
  readonly maxBulkLength?: number | undefined
  /** How many elements one aggregate may declare. Default 2^27. */
  readonly maxElements?: number | undefined
  /**
   * How many bytes one line may have: a simple string, a number. Default 65,536. An error may have as many as a bulk
   * string, since servers repeat arguments of any length in errors; its text is cut after 8,192.
   */
  readonly maxLineLength?: number | undefined
  /** How many bytes one whole reply may have. Default 2 GiB. */
  readonly maxReplyBytes?: number | undefined
}

/**
 * The defaults of `Limits`.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultLimits = {
  /** 64 levels. */
  maxDepth: 64,
  /** 512 MiB. */
  maxBulkLength: 512 * 1024 * 1024,
  /** 2^27 elements. */
  maxElements: 2 ** 27,
  /** 64 KiB. */
  maxLineLength: 64 * 1024,
  /** 2 GiB. */
  maxReplyBytes: 2 ** 31
} as const

// -----------------------------------------------------------------------------
// Encoder
// -----------------------------------------------------------------------------

/**
 * One argument of a command. Text is written as UTF-8, with U+FFFD for a lone half of a
 * surrogate pair; numbers in decimal, as JavaScript prints them (NaN is refused); bytes
 * as they are.
 *
 * @since 0.1.0
 * @category models
 */
export type Arg = string | number | bigint | Uint8Array
