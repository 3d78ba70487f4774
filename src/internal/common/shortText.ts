/**
 * Short bytes as text, which costs a fraction of what a TextDecoder costs. For anything longer, and for what is not ASCII,
 * callers have a decoder.
 */
import { Buffer } from "node:buffer"

/** Longer bytes are decoded as fast by a decoder, and its check is faster than a loop. */
const longest = 64

const latin1Slice = (Buffer.prototype as unknown as {
  readonly latin1Slice: (this: Uint8Array, start: number, end: number) => string
}).latin1Slice

/** The text of at most 64 bytes of ASCII; undefined for any other bytes. */
export const shortText = (bytes: Uint8Array): string | undefined => {
  const { length } = bytes
  if (length > longest) return undefined
  for (let i = 0; i < length; i++) if (bytes[i]! > 0x7f) return undefined
  return latin1Slice.call(bytes, 0, length)
}
