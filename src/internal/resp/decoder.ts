/**
 * Decodes bytes to replies, in one pass over each chunk. What a reply means is
 * decided by commands.
 *
 * Over 700 lines, since it is one state machine.
 */
import { Buffer, isAscii } from "node:buffer"
import { StringDecoder } from "node:string_decoder"
import { ProtocolError } from "../../Errors.ts"
import { escapeBytes, longestString } from "./text.ts"
import { defaultLimits, ErrorReply, type Limits, MapReply, NumeralReply, SetReply, type Value } from "./values.ts"

// -----------------------------------------------------------------------------
// Decoder
// -----------------------------------------------------------------------------

/**
 * Receives what the decoder finds. It may call everything of the decoder except `feed`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Receiver {
  /** Whether the bulk strings of the next reply are decoded as bytes; called once at the start of each reply. */
  readonly wantsBytes: () => boolean
  /**
   * Whether doubles and big numbers keep their texts; called at each of them. Without it
   * they are numbers. @internal
   */
  readonly keepsNumerals?: (() => boolean) | undefined
  /** Receives a whole reply. */
  readonly onReply: (value: Value) => void
  /** Receives a whole push message of RESP3; its strings are bytes if `bytesPushed` is set. */
  readonly onPush: (values: Array<Value>) => void
  /** Receives the attributes before a value (RESP3). Without it they are dropped. */
  readonly onAttributes?: ((attributes: MapReply) => void) | undefined
}

const Kind = { array: 0, set: 1, map: 2, push: 3, attributes: 4, string: 5 } as const

interface Frame {
  readonly kind: number
  readonly values: Array<Value>
  /** How many elements are still missing; Infinity in a streamed aggregate. */
  remaining: number
  /** Whether its strings may be slices of one string of the whole chunk. */
  readonly many: boolean
}

/**
 * Receives a published message: of which kind it is (message, pmessage or smessage), and where its pattern, its
 * channel and its payload are. Their memory may be used again afterwards.
 */
export type OnMessage = (
  kind: 0 | 1 | 2,
  names: Buffer,
  patternFrom: number,
  patternTo: number,
  channelFrom: number,
  channelTo: number,
  body: Buffer,
  from: number,
  to: number
) => void

interface SliceableBuffer {
  utf8Slice(start: number, end: number): string
  latin1Slice(start: number, end: number): string
}

const CR = 13
const LF = 10

/** Aggregates with at least this many elements share one string of the chunk. */
const manyElements = 16
/** Longer strings are decoded on their own, since sharing gains nothing. */
const longString = 1024
/** So few bytes are copied faster one by one than by the engine. */
const shortBytes = 32

/**
 * An incremental decoder. It accepts chunks of any size and calls its receiver once for
 * each whole reply. It keeps its place inside an unfinished aggregate, so that it reads
 * each byte once.
 *
 * **Gotchas**
 *
 * A string of an aggregate may keep the text of its whole chunk in memory (from a
 * socket at most 64 KiB). The decoder reads a chunk only during `feed`: its memory may
 * be used again afterwards.
 *
 * **Example** (Decoding two chunks)
 *
 * ```ts
 * import { Resp } from "effect-redis-sentinel"
 *
 * const replies: Array<Resp.Value> = []
 * const decoder = new Resp.Decoder({
 *   wantsBytes: () => false,
 *   onReply: (reply) => void replies.push(reply),
 *   onPush: () => {}
 * })
 * decoder.feed(new TextEncoder().encode("+OK\r\n:4"))
 * decoder.feed(new TextEncoder().encode("2\r\n"))
 * export const decoded = replies // ["OK", 42]
 * ```
 *
 * @since 0.1.0
 * @category decoding
 */
export class Decoder {
  private readonly receiver: Receiver
  private readonly maxDepth: number
  private readonly maxBulkLength: number
  private readonly maxElements: number
  private maxLineLength: number
  private readonly maxReplyBytes: number

  /** Whether the strings of push messages are decoded as bytes. Default false. */
  bytesPushed = false
  /**
   * Receives published messages that lie in one chunk, where they are: without it, and for others, they are like all
   * push messages and replies. @internal
   */
  onMessage: OnMessage | undefined = undefined
  /** Texts to remove from the server's errors: secrets that it was sent. Default none. */
  secrets: ReadonlyArray<string> = []

  private chunk: Buffer = Buffer.alloc(0)
  private position = 0
  private stack: Array<Frame> = []
  private top: Frame | undefined = undefined
  private started = false
  private bytes = false
  private stopped = false
  private failure: ProtocolError | undefined = undefined
  /** Bytes of the unfinished reply in earlier chunks. */
  private earlier = 0
  /** Where in this chunk the unfinished reply began. */
  private begin = 0

  // A line that started in an earlier chunk.
  private line: Buffer | undefined = undefined
  private lineLength = 0

  // A bulk string that does not end in the chunk it began in.
  private bulk: Buffer | undefined = undefined
  private long: LongText | undefined = undefined
  private bulkFilled = 0
  private bulkLength = -1
  private bulkType = 0
  private tail = 0

  // The text of the current chunk, from `textFrom` on, if it is ASCII.
  private text: string | undefined = undefined
  private textFrom = -1

  constructor(receiver: Receiver, limits: Limits = {}) {
    this.receiver = receiver
    this.maxDepth = limits.maxDepth ?? defaultLimits.maxDepth
    this.maxBulkLength = limits.maxBulkLength ?? defaultLimits.maxBulkLength
    this.maxElements = limits.maxElements ?? defaultLimits.maxElements
    this.maxLineLength = limits.maxLineLength ?? defaultLimits.maxLineLength
    this.maxReplyBytes = limits.maxReplyBytes ?? defaultLimits.maxReplyBytes
  }

  /** Whether the bytes so far end with a whole reply. */
  get idle(): boolean {
    return !this.started
  }

  /** How many bytes of an unfinished reply came in earlier chunks; 0 for a push message. */
  get unfinished(): number {
    return this.started && this.stack[0]?.kind !== Kind.push ? this.earlier : 0
  }

  private error(buffer: Buffer, from: number, to: number): ErrorReply {
    const reply = errorReply(buffer, from, to)
    return this.secrets.length === 0 ? reply : new ErrorReply(withoutSecrets(reply.text, this.secrets))
  }

  /** From now on lines may be as long as replies, as those of MONITOR. */
  allowLongLines(): void {
    this.maxLineLength = this.maxReplyBytes
  }

  /** Makes the decoder ignore the rest of the current chunk and all later ones. */
  stop(): void {
    this.stopped = true
  }

  /**
   * The memory into which the next bytes may be read, so that they need no copy: the
   * rest of a long bulk string; undefined otherwise. After bytes were read into it,
   * `feed` must get exactly those next.
   */
  place(): Uint8Array | undefined {
    const bulk = this.bulk
    return bulk !== undefined && bulk.length - this.bulkFilled >= longText && !this.stopped
      ? bulk.subarray(this.bulkFilled)
      : undefined
  }

  /**
   * Decodes the next bytes. Throws a `ProtocolError` for bytes that are not RESP or
   * exceed a limit, and throws the same error again at each later call.
   */
  feed(chunk: Uint8Array): void {
    if (this.failure !== undefined) throw this.failure
    if (this.stopped || chunk.length === 0) return
    const buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    this.chunk = buffer
    this.position = 0
    this.begin = 0
    this.text = undefined
    this.textFrom = -1
    this.run(buffer)
    if (this.started && !this.stopped) {
      this.earlier += buffer.length - this.begin
      if (this.earlier > this.maxReplyBytes) {
        this.fail(`a reply of more than ${this.maxReplyBytes} bytes (limits.maxReplyBytes)`, 0)
      }
    }
    this.chunk = empty
    this.text = undefined
  }

  private run(buffer: Buffer): void {
    const end = buffer.length
    while (this.position < end && !this.stopped) {
      if (this.bulkLength >= 0) {
        if (!this.continueBulk(buffer, end)) return
        continue
      }
      if (this.line !== undefined) {
        if (!this.continueLine(buffer, end)) return
        continue
      }
      const start = this.position
      const type = buffer[start]!
      if (!this.started) {
        if (this.onMessage !== undefined && this.message(buffer, start, end)) continue
        this.started = true
        this.begin = start
        this.bytes = type === 0x3e ? this.bytesPushed : this.receiver.wantsBytes()
      }
      // The headers that are all digits, read in place.
      if (type === 0x24 || type === 0x3a || type === 0x2a) {
        let i = start + 1
        let n = 0
        let c = 0
        while (i < end && (c = buffer[i]! - 48) >= 0 && c <= 9) {
          n = n * 10 + c
          i++
        }
        if (i > start + 1 && i - start <= 15 && i + 1 < end && buffer[i] === CR && buffer[i + 1] === LF) {
          if (type === 0x24) {
            const from = i + 2
            const to = from + n
            if (to + 1 < end && n <= this.maxBulkLength) {
              if (buffer[to] !== CR || buffer[to + 1] !== LF) this.fail("a bulk string that does not end in CRLF", to)
              this.position = to + 2
              this.emit(this.bytes ? this.copyBytes(buffer, from, to) : this.string(buffer, from, to))
            } else {
              this.position = from
              this.startBulk(type, n, start)
            }
          } else {
            this.position = i + 2
            if (type === 0x3a) this.emit(n)
            else this.open(Kind.array, n, start)
          }
          continue
        }
      }
      const lf = buffer.indexOf(LF, start)
      if (lf === -1) {
        this.saveLine(buffer, start, end)
        return
      }
      this.checkLine(buffer[start]!, lf - start, start)
      if (buffer[lf - 1] !== CR) this.fail("a line that ends in LF without CR", start)
      this.position = lf + 1
      this.parseLine(buffer, start, lf - 1)
    }
  }

  // ---------------------------------------------------------------------------
  // Published messages

  private bulkFrom = 0

  /** Where the bulk string at a position ends, with its line end, or -1; `bulkFrom` is where its contents begin. */
  private bulkAt(buffer: Buffer, at: number, end: number): number {
    if (at >= end || buffer[at] !== 0x24) return -1
    let i = at + 1
    let n = 0
    let c = 0
    while (i < end && (c = buffer[i]! - 48) >= 0 && c <= 9) {
      n = n * 10 + c
      i++
    }
    if (i === at + 1 || i - at > 10 || i + 1 >= end || buffer[i] !== CR || buffer[i + 1] !== LF) return -1
    const from = i + 2
    const to = from + n
    if (n > this.maxBulkLength || to + 1 >= end || buffer[to] !== CR || buffer[to + 1] !== LF) return -1
    this.bulkFrom = from
    return to + 2
  }

  /** Passes on the published message at a position, if all of it is there. */
  private message(buffer: Buffer, start: number, end: number): boolean {
    const type = buffer[start]
    // `>3`, `>4`, or `*` in RESP2, and the kind: `$7 message`, `$8 pmessage`, `$8 smessage`.
    if ((type !== 0x3e && type !== 0x2a) || start + 18 >= end) return false
    const count = buffer[start + 1]
    if (buffer[start + 2] !== CR || buffer[start + 4] !== 0x24) return false
    const length = buffer[start + 5]
    let at = start + 8
    let kind: 0 | 1 | 2 = 0
    if (length === 0x38) {
      const letter = buffer[at++]
      if (letter === 0x70) kind = 1
      else if (letter === 0x73) kind = 2
      else return false
    } else if (length !== 0x37) return false
    if (count !== (kind === 1 ? 0x34 : 0x33)) return false
    for (let i = 0; i < messageLine.length; i++) if (buffer[at + i] !== messageLine[i]) return false
    at += messageLine.length
    let patternFrom = 0
    let patternTo = 0
    if (kind === 1) {
      at = this.bulkAt(buffer, at, end)
      if (at === -1) return false
      patternFrom = this.bulkFrom
      patternTo = at - 2
    }
    at = this.bulkAt(buffer, at, end)
    if (at === -1) return false
    const channelFrom = this.bulkFrom
    const channelTo = at - 2
    at = this.bulkAt(buffer, at, end)
    if (at === -1) return false
    this.position = at
    this.onMessage!(kind, buffer, patternFrom, patternTo, channelFrom, channelTo, buffer, this.bulkFrom, at - 2)
    return true
  }

  // ---------------------------------------------------------------------------
  // Lines

  private checkLine(type: number, length: number, at: number): void {
    // Servers do not cut errors that repeat an argument of a command.
    if (length <= this.maxLineLength || (type === 0x2d && length <= this.maxBulkLength)) return
    this.fail(`a line of more than ${this.maxLineLength} bytes (limits.maxLineLength)`, at)
  }

  private saveLine(buffer: Buffer, start: number, end: number): void {
    const length = end - start
    this.checkLine(this.lineLength === 0 ? buffer[start]! : this.line![0]!, this.lineLength + length, start)
    if (this.lineLength === 0) this.checkType(buffer[start]!, start)
    let line = this.line
    if (line === undefined || line.length < this.lineLength + length) {
      const grown = Buffer.allocUnsafe(Math.max(64, (this.lineLength + length) * 2))
      if (line !== undefined) line.copy(grown, 0, 0, this.lineLength)
      this.line = line = grown
    }
    buffer.copy(line, this.lineLength, start, end)
    this.lineLength += length
    this.position = end
  }

  private continueLine(buffer: Buffer, end: number): boolean {
    const start = this.position
    const lf = buffer.indexOf(LF, start)
    if (lf === -1) {
      this.saveLine(buffer, start, end)
      return false
    }
    this.saveLine(buffer, start, lf + 1)
    const line = this.line!
    const length = this.lineLength
    this.line = undefined
    this.lineLength = 0
    if (line[length - 2] !== CR) this.failBytes("a line that ends in LF without CR", line, 0, length)
    this.parseLine(line, 0, length - 2)
    return true
  }

  /** Refuses a peer that does not speak RESP at its first byte. */
  private checkType(type: number, at: number): void {
    if (!knownTypes.has(type)) this.fail("not a RESP type", at)
  }

  private parseLine(buffer: Buffer, start: number, cr: number): void {
    const type = buffer[start]!
    switch (type) {
      case 0x2b: // +
        if (cr - start === 3 && buffer[start + 1] === 0x4f && buffer[start + 2] === 0x4b) return this.emit("OK")
        return this.emit(slice(buffer, start + 1, cr))
      case 0x2d: // -
        return this.emit(this.error(buffer, start + 1, cr))
      case 0x3a: // :
        return this.emit(this.integer(buffer, start, cr))
      case 0x24: // $
        if (this.isStreamed(buffer, start, cr)) return this.open(Kind.string, Infinity, start)
        return this.startLength(type, buffer, start, cr)
      case 0x21: // !
      case 0x3d: // =
        return this.startLength(type, buffer, start, cr)
      case 0x3b: // ;
        if (this.top === undefined || this.top.kind !== Kind.string) {
          this.failLine("a part of a streamed string outside a streamed string", buffer, start, cr)
        }
        return this.startLength(type, buffer, start, cr)
      case 0x2a: // *
        return this.openLength(Kind.array, buffer, start, cr)
      case 0x7e: // ~
        return this.openLength(Kind.set, buffer, start, cr)
      case 0x25: // %
        return this.openLength(Kind.map, buffer, start, cr)
      case 0x3e: // >
        return this.openLength(Kind.push, buffer, start, cr)
      case 0x7c: // |
        return this.openLength(Kind.attributes, buffer, start, cr)
      case 0x2e: // .
        return this.close(buffer, start, cr)
      case 0x5f: // _
        if (cr !== start + 1) this.failLine("a null with contents", buffer, start, cr)
        return this.emit(null)
      case 0x23: { // #
        const c = cr === start + 2 ? buffer[start + 1] : 0
        if (c !== 0x74 && c !== 0x66) this.failLine("a boolean that is neither t nor f", buffer, start, cr)
        return this.emit(c === 0x74)
      }
      case 0x2c: // ,
        return this.emitNumeral(this.double(buffer, start, cr), buffer, start, cr)
      case 0x28: { // (
        const text = slice(buffer, start + 1, cr)
        if (!/^[+-]?\d+$/.test(text)) this.failLine("a big number with other characters than digits", buffer, start, cr)
        const number = text.charCodeAt(0) === 0x2b ? BigInt(text.slice(1)) : BigInt(text)
        return this.emitNumeral(number, buffer, start, cr)
      }
      default:
        return this.failLine("not a RESP type", buffer, start, cr)
    }
  }

  private emitNumeral(value: number | bigint, buffer: Buffer, start: number, cr: number): void {
    if (this.receiver.keepsNumerals?.() !== true) return this.emit(value)
    this.emit(new NumeralReply(value, slice(buffer, start + 1, cr)) as unknown as Value)
  }

  private isStreamed(buffer: Buffer, start: number, cr: number): boolean {
    return cr === start + 2 && buffer[start + 1] === 0x3f
  }

  private integer(buffer: Buffer, start: number, cr: number): number | bigint {
    let i = start + 1
    const sign = buffer[i]
    if (sign === 0x2d || sign === 0x2b) i++
    if (i >= cr) this.failLine("a number without digits", buffer, start, cr)
    let n = 0
    for (let j = i; j < cr; j++) {
      const c = buffer[j]! - 48
      if (c < 0 || c > 9) this.failLine("a number with other characters than digits", buffer, start, cr)
      n = n * 10 + c
    }
    if (n <= Number.MAX_SAFE_INTEGER) return sign === 0x2d && n !== 0 ? -n : n
    const big = BigInt(slice(buffer, i, cr))
    const signed = sign === 0x2d ? -big : big
    if (BigInt.asIntN(64, signed) !== signed) this.failLine("an integer of more than 64 bits", buffer, start, cr)
    return signed
  }

  private double(buffer: Buffer, start: number, cr: number): number {
    const text = slice(buffer, start + 1, cr)
    if (text === "inf" || text === "+inf") return Infinity
    if (text === "-inf") return -Infinity
    if (text === "nan" || text === "-nan") return NaN
    if (!/^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(text)) {
      this.failLine("a double that is not a number", buffer, start, cr)
    }
    return Number(text)
  }

  private length(buffer: Buffer, start: number, cr: number): number {
    const n = this.integer(buffer, start, cr)
    if (typeof n === "bigint" || n < -1) this.failLine("an invalid length", buffer, start, cr)
    return n as number
  }

  // ---------------------------------------------------------------------------
  // Bulk strings

  private startLength(type: number, buffer: Buffer, start: number, cr: number): void {
    const n = this.length(buffer, start, cr)
    if (n === -1) {
      if (type !== 0x24) this.failLine("a negative length", buffer, start, cr)
      return this.emit(null)
    }
    if (n > this.maxBulkLength) {
      this.failLine(`a string of ${n} bytes, more than ${this.maxBulkLength} (limits.maxBulkLength)`, buffer, start, cr)
    }
    if (type === 0x3b && n === 0) return this.closeString()
    this.startBulk(type, n, start)
  }

  private startBulk(type: number, n: number, start: number): void {
    if (n > this.maxBulkLength) {
      this.fail(`a string of ${n} bytes, more than ${this.maxBulkLength} (limits.maxBulkLength)`, start)
    }
    if (this.top !== undefined && this.top.kind === Kind.string && type !== 0x3b) {
      this.fail("a streamed string with a part that is no string", start)
    }
    this.bulkType = type
    this.bulkLength = n
    this.bulkFilled = 0
    this.tail = 0
    this.bulk = undefined
  }

  private continueBulk(buffer: Buffer, end: number): boolean {
    const length = this.bulkLength
    if (this.bulkFilled === 0 && this.tail === 0 && this.position + length + 2 <= end) {
      const from = this.position
      const to = from + length
      if (buffer[to] !== CR || buffer[to + 1] !== LF) this.fail("a bulk string that does not end in CRLF", to)
      this.position = to + 2
      this.endBulk(buffer, from, to, false)
      return true
    }
    if (this.bulkFilled < length && this.bulkType === 0x21 && length > longestError) {
      // Keeps only the beginning.
      const take = Math.min(length - this.bulkFilled, end - this.position)
      if (this.bulkFilled < longestError) {
        this.bulk ??= Buffer.allocUnsafeSlow(longestError)
        buffer.copy(this.bulk, this.bulkFilled, this.position, this.position + take)
      }
      this.bulkFilled += take
      this.position += take
    } else if (
      this.bulkFilled < length && this.bulkType === 0x24 && !this.bytes && length >= longText && length <= longestString
    ) {
      const take = Math.min(length - this.bulkFilled, end - this.position)
      this.long ??= new LongText()
      this.long.push(buffer, this.position, this.position + take)
      this.bulkFilled += take
      this.position += take
    } else if (this.bulkFilled < length) {
      const take = Math.min(length - this.bulkFilled, end - this.position)
      const needed = this.bulkFilled + take
      let bulk = this.bulk
      if (bulk === undefined || bulk.length < needed) {
        // Memory grows with the received bytes, not with the declared length.
        const capacity = Math.min(length, Math.max(1 << 20, needed * 2))
        const grown = Buffer.allocUnsafeSlow(capacity)
        if (bulk !== undefined) bulk.copy(grown, 0, 0, this.bulkFilled)
        this.bulk = bulk = grown
      }
      // These bytes were read directly into their place.
      if (buffer.buffer !== bulk.buffer) buffer.copy(bulk, this.bulkFilled, this.position, this.position + take)
      this.bulkFilled = needed
      this.position += take
    }
    while (this.bulkFilled === length && this.tail < 2 && this.position < end) {
      if (buffer[this.position] !== (this.tail === 0 ? CR : LF)) {
        this.fail("a bulk string that does not end in CRLF", this.position)
      }
      this.position++
      this.tail++
    }
    if (this.tail < 2) return false
    if (this.long !== undefined) {
      const text = this.long.end()
      this.long = undefined
      this.bulkLength = -1
      this.emit(text)
      return true
    }
    const bulk = this.bulk ?? empty
    this.bulk = undefined
    this.endBulk(bulk, 0, Math.min(length, bulk.length), true)
    return true
  }

  private endBulk(buffer: Buffer, from: number, to: number, owned: boolean): void {
    const type = this.bulkType
    this.bulkLength = -1
    switch (type) {
      case 0x24:
        return this.emit(
          this.bytes ? (owned ? plain(buffer, from, to) : this.copyBytes(buffer, from, to)) : text(buffer, from, to)
        )
      case 0x21:
        return this.emit(this.error(buffer, from, to))
      case 0x3d:
        if (to - from < 4 || buffer[from + 3] !== 0x3a) {
          this.failBytes("a verbatim string without its format", buffer, from, to)
        }
        return this.emit(this.bytes ? this.copyBytes(buffer, from + 4, to) : text(buffer, from + 4, to))
      default:
        // The parts of a streamed string stay bytes: a character may span two of them.
        this.top!.values.push(owned ? plain(buffer, from, to) : this.copyBytes(buffer, from, to))
    }
  }

  /** A copy: the chunk's memory may be used again. */
  private copyBytes(buffer: Buffer, from: number, to: number): Uint8Array {
    const length = to - from
    if (length > shortBytes) return Uint8Array.prototype.slice.call(buffer, from, to)
    const bytes = Buffer.allocUnsafeSlow(length)
    for (let i = 0; i < length; i++) bytes[i] = buffer[from + i]!
    return bytes
  }

  private string(buffer: Buffer, from: number, to: number): string {
    const frame = this.top
    if (frame === undefined || !frame.many || to - from > longString) return slice(buffer, from, to)
    if (this.textFrom === -1) {
      this.textFrom = from
      const rest = buffer.subarray(from)
      if (isAscii(rest)) this.text = (buffer as unknown as SliceableBuffer).latin1Slice(from, buffer.length)
    }
    return this.text === undefined
      ? slice(buffer, from, to)
      : this.text.substring(from - this.textFrom, to - this.textFrom)
  }

  // ---------------------------------------------------------------------------
  // Aggregates

  private openLength(kind: number, buffer: Buffer, start: number, cr: number): void {
    if (this.isStreamed(buffer, start, cr)) {
      if (kind === Kind.push || kind === Kind.attributes) {
        this.failLine("a streamed aggregate of a kind that cannot be streamed", buffer, start, cr)
      }
      return this.open(kind, Infinity, start)
    }
    const n = this.length(buffer, start, cr)
    if (n === -1) {
      if (kind !== Kind.array) this.failLine("a negative length", buffer, start, cr)
      return this.emit(null)
    }
    this.open(kind, n, start)
  }

  private open(kind: number, n: number, start: number): void {
    const elements = kind === Kind.map || kind === Kind.attributes ? n * 2 : n
    if (n !== Infinity && elements > this.maxElements) {
      this.fail(`an aggregate of ${elements} elements, more than ${this.maxElements} (limits.maxElements)`, start)
    }
    const depth = this.stack.length
    if (kind === Kind.push && depth > 0) this.fail("a push message inside a reply", start)
    if (this.top !== undefined && this.top.kind === Kind.string) {
      this.fail("a streamed string with a part that is no string", start)
    }
    if (depth >= this.maxDepth) this.fail(`aggregates nested more than ${this.maxDepth} deep (limits.maxDepth)`, start)
    const frame: Frame = { kind, values: [], remaining: elements, many: elements >= manyElements }
    if (elements === 0) return this.finish(frame)
    this.stack.push(frame)
    this.top = frame
  }

  private pop(): Frame {
    const frame = this.stack.pop()!
    this.top = this.stack.length === 0 ? undefined : this.stack[this.stack.length - 1]
    return frame
  }

  private close(buffer: Buffer, start: number, cr: number): void {
    const frame = this.top
    if (cr !== start + 1 || frame === undefined || frame.remaining !== Infinity || frame.kind === Kind.string) {
      return this.failLine("the end of a streamed aggregate outside a streamed aggregate", buffer, start, cr)
    }
    if (frame.kind === Kind.map && frame.values.length % 2 === 1) {
      this.failLine("a map with a key that has no value", buffer, start, cr)
    }
    this.finish(this.pop())
  }

  private closeString(): void {
    const parts = this.pop().values as Array<Uint8Array>
    const whole = Buffer.concat(parts)
    this.emit(this.bytes ? plain(whole, 0, whole.length) : text(whole, 0, whole.length))
  }

  private finish(frame: Frame): void {
    switch (frame.kind) {
      case Kind.array:
        return this.emit(frame.values)
      case Kind.set:
        return this.emit(new SetReply(frame.values))
      case Kind.map:
        return this.emit(new MapReply(frame.values))
      case Kind.push:
        this.reset()
        return this.receiver.onPush(frame.values)
      default:
        // Attributes belong to the value that follows, and do not count as one.
        this.receiver.onAttributes?.(new MapReply(frame.values))
    }
  }

  private emit(value: Value): void {
    const frame = this.top
    if (frame === undefined) {
      this.reset()
      this.receiver.onReply(value)
      return
    }
    if (frame.kind === Kind.string) return this.fail("a streamed string with a part that is no string", this.position)
    frame.values.push(value)
    if (frame.remaining === Infinity) {
      if (frame.values.length > this.maxElements) {
        this.fail(`an aggregate of more than ${this.maxElements} elements (limits.maxElements)`, this.position)
      }
      return
    }
    if (--frame.remaining === 0) this.finish(this.pop())
  }

  private reset(): void {
    this.started = false
    this.earlier = 0
  }

  // ---------------------------------------------------------------------------
  // Failure

  private fail(detail: string, at: number): never {
    return this.failBytes(detail, this.chunk, at, this.chunk.length)
  }

  private failLine(detail: string, buffer: Buffer, start: number, cr: number): never {
    return this.failBytes(detail, buffer, start, Math.min(cr + 2, buffer.length))
  }

  private failBytes(detail: string, buffer: Uint8Array, from: number, to: number): never {
    this.stack = []
    this.top = undefined
    this.bulk = undefined
    this.long = undefined
    this.line = undefined
    // Secrets are removed before the text is cut, since a cut could split one.
    const raw = Buffer.from(buffer.subarray(from, Math.min(buffer.length, to + 1024))).toString("latin1")
    const told = withoutSecrets(raw, this.secrets.map((secret) => Buffer.from(secret).toString("latin1")))
    this.failure = new ProtocolError({ detail, bytes: escapeBytes(Buffer.from(told, "latin1").subarray(0, to - from)) })
    throw this.failure
  }
}

/** A string in parts of at least this length is decoded part by part, without joining its bytes first. */
const longText = 64 * 1024
/** Smaller parts are joined first, so that the string does not consist of many tiny pieces. */
const smallPart = 4 * 1024

class LongText {
  private text = ""
  private decoder: StringDecoder | undefined = undefined
  private staging: Buffer | undefined = undefined
  private staged = 0

  push(buffer: Buffer, from: number, to: number): void {
    const length = to - from
    if (length >= smallPart) {
      this.flush()
      this.decode(buffer.subarray(from, to))
      return
    }
    this.staging ??= Buffer.allocUnsafeSlow(smallPart * 2)
    buffer.copy(this.staging, this.staged, from, to)
    this.staged += length
    if (this.staged >= smallPart) this.flush()
  }

  end(): string {
    this.flush()
    return this.decoder === undefined ? this.text : this.text + this.decoder.end()
  }

  private flush(): void {
    if (this.staged === 0) return
    this.decode(this.staging!.subarray(0, this.staged))
    this.staged = 0
  }

  private decode(part: Buffer): void {
    if (this.decoder === undefined && isAscii(part)) {
      this.text += (part as unknown as SliceableBuffer).latin1Slice(0, part.length)
    } else {
      // A character may span two parts.
      this.decoder ??= new StringDecoder("utf8")
      this.text += this.decoder.write(part)
    }
  }
}

const empty = Buffer.alloc(0)

const messageLine = Buffer.from("message\r\n")

const knownTypes: ReadonlySet<number> = new Set(Array.from("+-:$*_#,(!=%~>|;.", (c) => c.charCodeAt(0)))

const slice = (buffer: Buffer, from: number, to: number): string =>
  (buffer as unknown as SliceableBuffer).utf8Slice(from, to)

/** As a string, or as bytes if it is longer than a string can be. */
const text = (buffer: Buffer, from: number, to: number): string | Uint8Array => {
  if (to - from <= longestString) return slice(buffer, from, to)
  try {
    return slice(buffer, from, to)
  } catch {
    const bytes = plain(buffer, from, to)
    return to - from === buffer.length ? bytes : bytes.slice()
  }
}

/** How many characters of an error's text are kept. */
const longestError = 8 * 1024

const errorReply = (buffer: Buffer, from: number, to: number): ErrorReply =>
  new ErrorReply(slice(buffer, from, Math.min(to, from + longestError)))

/**
 * Removes secrets from a server's text, but not from its error code. Very short
 * secrets stay: they would match parts of ordinary words.
 */
const withoutSecrets = (text: string, secrets: ReadonlyArray<string>): string => {
  let out = text
  for (const secret of secrets) {
    if (secret.length < shortestSecret || !out.includes(secret)) continue
    const code = /^[A-Z]+(?= )/.exec(out)?.[0] ?? ""
    out = code + out.slice(code.length).split(secret).join("<redacted>")
  }
  return out
}

const shortestSecret = 4

const plain = (buffer: Buffer, from: number, to: number): Uint8Array =>
  new Uint8Array(buffer.buffer, buffer.byteOffset + from, to - from)
