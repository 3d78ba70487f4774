/**
 * What becomes of a message for its reader: text, bytes, or a value of a codec. A message is kept when it arrives,
 * since its memory is used again, and becomes an item when it is read.
 */
import { Buffer, isUtf8 } from "node:buffer"
import { ValueMismatch } from "../../Errors.ts"
import type { Message, Misfit, Published, Undecodable } from "../../PubSub.ts"
import { printable } from "../../Resp.ts"
import { type Codec, decodeWith, Unfit } from "../values/codecs.ts"
import type { Kind } from "./names.ts"

/**
 * A message in the memory of the socket: the part from `channelFrom` of `names` is its channel, the part from `from` of
 * `body` its payload.
 *
 * @since 0.1.0
 * @category models
 */
export interface Format<out Item> {
  /** Keeps a message that came for a name. */
  readonly keep: (
    name: { readonly kind: Kind; readonly bytes: Buffer; readonly text: string | undefined },
    names: Buffer,
    channelFrom: number,
    channelTo: number,
    body: Buffer,
    from: number,
    to: number
  ) => unknown
  /** The item of what was kept. It throws a `ValueMismatch` if the Stream has to fail. Undefined if it is the same. */
  readonly itemOf: ((kept: any) => Item) | undefined
}

interface SliceableBuffer {
  utf8Slice(start: number, end: number): string
}

const copyOf = (buffer: Buffer, from: number, to: number): Uint8Array =>
  Uint8Array.prototype.slice.call(buffer, from, to)

/** As text, or undefined if it is not UTF-8, or longer than a string can be. */
const textOf = (buffer: Buffer, from: number, to: number): string | undefined => {
  try {
    const text = (buffer as unknown as SliceableBuffer).utf8Slice(from, to)
    return text.includes("\ufffd") && !isUtf8(buffer.subarray(from, to)) ? undefined : text
  } catch {
    return undefined
  }
}

const bytesOf: Format<Message<Uint8Array>>["keep"] = (
  name,
  names,
  channelFrom,
  channelTo,
  body,
  from,
  to
): Published<Uint8Array> => ({
  channel: copyOf(names, channelFrom, channelTo),
  pattern: name.kind === "pattern" ? copyOf(name.bytes, 0, name.bytes.length) : undefined,
  payload: copyOf(body, from, to)
})

export const bytes: Format<Message<Uint8Array>> = {
  keep: (name, names, channelFrom, channelTo, body, from, to): Message<Uint8Array> => ({
    _tag: "Message",
    channel: copyOf(names, channelFrom, channelTo),
    pattern: name.kind === "pattern" ? copyOf(name.bytes, 0, name.bytes.length) : undefined,
    payload: copyOf(body, from, to)
  }),
  itemOf: undefined
}

export const text: Format<Message | Undecodable> = {
  keep: (name, names, channelFrom, channelTo, body, from, to): Message | Undecodable => {
    const ofName = name.text
    const payload = ofName === undefined ? undefined : textOf(body, from, to)
    const channel = name.kind === "pattern" ? textOf(names, channelFrom, channelTo) : ofName
    return payload === undefined || channel === undefined
      ? {
        _tag: "Undecodable",
        ...bytesOf(name, names, channelFrom, channelTo, body, from, to) as Published<Uint8Array>
      }
      : { _tag: "Message", channel, pattern: name.kind === "pattern" ? ofName : undefined, payload }
  },
  itemOf: undefined
}

const whole = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
const textOfAll = (bytes: Uint8Array): string | undefined => textOf(whole(bytes), 0, bytes.byteLength)

/** Values of a codec. What does not fit is an item, or the failure of the Stream. */
export const decoded = <T>(codec: Codec<T>, whenMisfit: "item" | "fail"): Format<Message<string, T> | Misfit> => ({
  keep: bytesOf,
  // The codec is the caller's: it runs where the Stream is read, not where the connection is.
  itemOf: (kept: Published<Uint8Array>): Message<string, T> | Misfit => {
    const channel = textOfAll(kept.channel)
    const pattern = kept.pattern === undefined ? undefined : textOfAll(kept.pattern)
    try {
      if (channel === undefined || (kept.pattern !== undefined && pattern === undefined)) {
        throw new Unfit("the name of its channel is not UTF-8")
      }
      return { _tag: "Message", channel, pattern, payload: decodeWith(codec, kept.payload) }
    } catch (error) {
      const issue = (error as Unfit).issue
      if (whenMisfit === "item") return { _tag: "Misfit", ...kept, issue }
      throw new ValueMismatch({
        command: "SUBSCRIBE",
        key: channel === undefined ? undefined : printable(channel, 256),
        index: undefined,
        issue
      })
    }
  }
})
