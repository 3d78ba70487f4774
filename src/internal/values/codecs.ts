/**
 * What a codec is, and what is made of one that a caller passed: it is checked once, and what
 * it throws becomes words that repeat nothing of the value.
 *
 * The codecs of schemas are in Codec.ts.
 */
import { InvalidCommand } from "../../Errors.ts"
import { fieldsOf, isBytes, kindOf } from "../common/values.ts"

/**
 * How values of a type are stored. Members of sets and sorted sets are equal if their stored
 * bytes are equal, so that a codec must always encode equal values alike.
 *
 * @since 0.1.0
 * @category models
 */
export interface Codec<in out T> {
  /** Gives what is stored. It may throw for a value that cannot be stored. */
  readonly encode: (value: T) => string | Uint8Array
  /** Gives the value of what is stored. It may throw for what does not fit. */
  readonly decode: (stored: Uint8Array) => T
}

/** What the codecs of Codec.ts throw: why a value does not fit, without what it contains. */
export class Unfit {
  readonly issue: string
  constructor(issue: string) {
    this.issue = issue
  }
}

/** Why a codec did not accept a value, without its own message, which may repeat the value. */
const issueOf = (error: unknown): string => error instanceof Unfit ? error.issue : "the codec does not accept it"

/** A codec as it was passed. Throws `InvalidCommand`, in the name of `command`, for what is none. */
export const codecOf = <T>(command: string, given: Codec<T>, path = "codec"): Codec<T> => {
  const fields = fieldsOf(given)
  const detail = typeof fields === "string"
    ? `${path}: ${fields}`
    : (["encode", "decode"] as const).flatMap((field) =>
      typeof fields[field] === "function" ? [] : [`${path}.${field}: expected a function, got ${kindOf(fields[field])}`]
    )[0]
  if (detail !== undefined) throw new InvalidCommand({ command, detail })
  return fields as unknown as Codec<T>
}

/** What a codec stores for a value. Throws `Unfit`. */
export const encodeWith = <T>(codec: Codec<T>, value: T): string | Uint8Array => {
  let stored: unknown
  try {
    stored = codec.encode(value)
  } catch (error) {
    throw new Unfit(issueOf(error))
  }
  if (typeof stored === "string" || isBytes(stored)) return stored
  throw new Unfit(`expected its codec to give a string or bytes, got ${kindOf(stored)}`)
}

/** The value of what is stored. Throws `Unfit`. */
export const decodeWith = <T>(codec: Codec<T>, stored: Uint8Array): T => {
  try {
    return codec.decode(stored)
  } catch (error) {
    throw new Unfit(issueOf(error))
  }
}
