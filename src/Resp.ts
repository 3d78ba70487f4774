/**
 * The wire format: an encoder of commands and an incremental decoder of replies, for
 * RESP2 and RESP3. Pure: no sockets, no clocks, no Effects.
 *
 * What a reply means is in the decoder of each `Command`.
 *
 * Source: https://redis.io/docs/latest/develop/reference/protocol-spec/ and, for
 * streamed types and attributes, the RESP3 specification.
 *
 * @since 0.1.0
 */

export { Decoder, type Receiver } from "./internal/resp/decoder.ts"
export { encodeCommand, Encoder, encodeValue, formatDouble, head } from "./internal/resp/encoder.ts"
export { describe, escapeBytes, printable, toNative, toText } from "./internal/resp/text.ts"
export {
  type Arg,
  defaultLimits,
  ErrorReply,
  type Limits,
  MapReply,
  SetReply,
  type Value
} from "./internal/resp/values.ts"
