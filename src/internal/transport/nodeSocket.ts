/**
 * Node's TCP and TLS sockets as transports: they read into one buffer, write
 * large requests in pieces, and explain certificate errors.
 */
import * as Effect from "effect/Effect"
import * as Net from "node:net"
import * as Tls from "node:tls"
import * as Address from "../../Address.ts"
import { ConnectFailed } from "../../Errors.ts"
import { printable } from "../../Resp.ts"
import { Deque } from "../common/deque.ts"
import { lookupBy } from "./lookup.ts"
import type { Dial, Handler, TlsOptions, Transport } from "./types.ts"

/** The size of one read: Node's own default. */
const readSize = 64 * 1024

/**
 * Reads into one buffer again and again; by default Node allocates a chunk for
 * each read. Measured: 1.1 times the throughput with one GET in flight, and 1.3
 * times on bytes of 1 MB, which are read directly into their place. Node offers
 * this for TCP only, not for TLS.
 */
class Reader {
  private readonly own = Buffer.allocUnsafeSlow(readSize)
  private handler: Handler | undefined = undefined
  readonly buffer = (): Uint8Array => this.handler?.place?.() ?? this.own
  readonly callback = (count: number, into: Uint8Array): boolean => {
    this.handler?.data(count === into.length ? into : into.subarray(0, count))
    return true
  }
  start(handler: Handler | undefined): void {
    this.handler = handler
  }
}

/**
 * Node reports a write only when the system has accepted all of it, so a large
 * request is written in pieces to show its progress. Each piece costs a wait. If
 * the system accepts a piece quickly, the next one is larger, up to 1 MiB: on SET
 * of 1 MiB this has twice the throughput of pieces of 128 KiB. Lengths are in
 * bytes, or in characters of text.
 */
const leastPiece = 128 * 1024
const mostPiece = 1024 * 1024
/** After a piece that takes less than this, in milliseconds, the next one is larger; after a slower piece it is small again. */
const quickMillis = 50

class SocketTransport implements Transport {
  private readonly socket: Net.Socket
  private readonly reader: Reader | undefined
  private readonly backlog = new Deque<string | Uint8Array>()
  private encoding: "latin1" | "utf8" = "utf8"
  private piece = leastPiece
  /** When the last write of at least a piece's size was handed to Node; 0 if none is being measured. */
  private sent = 0
  private chunks = 0
  readonly remote: string | undefined
  constructor(socket: Net.Socket, reader: Reader | undefined) {
    this.socket = socket
    this.reader = reader
    const { remoteAddress: host, remotePort: port } = socket
    this.remote = host === undefined || port === undefined ? undefined : Address.format({ host, port })
  }
  readonly start = (handler: Handler): void => {
    let cause: unknown = undefined
    const counting: Handler = {
      ...handler,
      data: (chunk) => {
        chunks++
        this.chunks++
        handler.data(chunk)
      }
    }
    if (this.reader === undefined) this.socket.on("data", counting.data)
    else this.reader.start(counting)
    this.socket.on("drain", () => {
      this.measure()
      handler.taken?.()
      if (this.pump()) handler.drain()
    })
    this.socket.on("error", (error) => {
      cause = error
    })
    this.socket.on("end", () => this.socket.destroy())
    this.socket.on("close", () => handler.closed(cause))
    this.readFirst()
    if (this.socket.destroyed) queueMicrotask(() => handler.closed(cause))
    else this.socket.resume()
  }
  /**
   * Node destroys a socket as soon as a write fails, and discards what has arrived,
   * which may be the replies to earlier requests. This reads them first.
   */
  private readFirst(): void {
    const { socket } = this
    const destroy = socket.destroy
    let before = -1
    let roundsLeft = mostRounds
    socket.destroy = (error) => {
      if ((error as NodeJS.ErrnoException | null | undefined)?.syscall !== "write") {
        return destroy.call(socket, error ?? undefined)
      }
      const round = (): void => {
        if (this.chunks === before || roundsLeft-- === 0) return void destroy.call(socket, error!)
        before = this.chunks
        setImmediate(round)
      }
      if (roundsLeft === mostRounds) setImmediate(round)
      return socket
    }
  }

  readonly write = (chunks: ReadonlyArray<string | Uint8Array>, ascii: boolean): boolean => {
    const socket = this.socket
    const encoding = ascii ? "latin1" : "utf8"
    // The rest of a large request goes first.
    if (this.backlog.size > 0) return this.inPieces(chunks, encoding)
    for (let i = 0; i < chunks.length; i++) {
      const length = chunks[i]!.length
      if (length < leastPiece) continue
      if (length > this.piece) return this.inPieces(chunks, encoding)
      this.sent = performance.now()
    }
    if (chunks.length === 1) return put(socket, chunks[0]!, encoding)
    socket.cork()
    let room = true
    for (const chunk of chunks) room = put(socket, chunk, encoding)
    socket.uncork()
    return room && !socket.writableNeedDrain
  }
  readonly pause = (): void => void this.socket.pause()
  readonly resume = (): void => void this.socket.resume()
  readonly caughtUp = catchUp
  readonly behind = behind

  private inPieces(chunks: ReadonlyArray<string | Uint8Array>, encoding: "latin1" | "utf8"): boolean {
    // ASCII text is the same in both encodings.
    if (this.backlog.size === 0 || encoding === "utf8") this.encoding = encoding
    for (const chunk of chunks) this.backlog.push(chunk)
    return this.pump()
  }

  /** Writes as much as the system accepts. Returns whether there is room for more. */
  private pump(): boolean {
    const { backlog, piece, socket } = this
    let room = true
    socket.cork()
    while (room && backlog.size > 0) {
      const chunk = backlog.peek()!
      const end = chunk.length <= piece ? chunk.length : cut(chunk, piece)
      if (end >= leastPiece) this.sent = performance.now()
      if (end === chunk.length) room = put(socket, backlog.shift()!, this.encoding)
      else if (typeof chunk === "string") {
        room = put(socket, chunk.slice(0, end), this.encoding)
        backlog.set(0, chunk.slice(end))
      } else {
        room = put(socket, chunk.subarray(0, end), this.encoding)
        backlog.set(0, chunk.subarray(end))
      }
    }
    socket.uncork()
    return room && !socket.writableNeedDrain
  }

  /** Adapts the size of the pieces to the speed of the line. */
  private measure(): void {
    if (this.sent === 0) return
    const quick = performance.now() - this.sent < quickMillis
    this.piece = quick ? Math.min(this.piece * 2, mostPiece) : leastPiece
    this.sent = 0
  }

  readonly destroy = (): void => {
    this.socket.removeAllListeners()
    this.reader?.start(undefined)
    // A socket may still report an error after it was destroyed.
    this.socket.on("error", ignore)
    this.socket.destroy()
  }
}

const ignore = (): void => {}

/** Where to cut a chunk, at `most` or just before: not inside a surrogate pair. */
const cut = (chunk: string | Uint8Array, most: number): number =>
  typeof chunk === "string" && (chunk.charCodeAt(most - 1) & 0xfc00) === 0xd800 ? most - 1 : most

/** How many chunks all sockets have delivered so far. */
let chunks = 0

/** A limit, so that a peer that never stops sending cannot postpone a decision for ever. */
const mostRounds = 32

/**
 * Node polls its sockets between timers and immediates. After a whole round of
 * its loop in which no chunk came, everything that had arrived was read. One
 * socket delivers at most 2 MiB in each round.
 */
const catchUp = (done: () => void): void => {
  let before = -1
  let roundsLeft = mostRounds
  const round = (): void => {
    if (chunks === before || roundsLeft-- === 0) return done()
    before = chunks
    setImmediate(round)
  }
  setImmediate(round)
}

/** The latest time at which everything that had arrived is known to have been read, in milliseconds. */
let current = -Infinity
/** If that time is longer ago than this, in milliseconds, something important may have arrived unread. */
const behindMillis = 20
/** If it is longer ago than this, in milliseconds, a round of the loop renews it in the background, so that a steady writer never waits. */
const proofMillis = 8
let proving = false
const waiting: Array<() => void> = []

/** Runs a whole round of the loop, which reads everything that had arrived before. */
const prove = (): void => {
  const began = performance.now()
  const served = waiting.splice(0)
  setImmediate(() => {
    current = began
    if (waiting.length > 0) prove()
    else proving = false
    for (const done of served) done()
  })
}

const behind = (done: () => void): number => {
  const age = performance.now() - current
  if (age <= proofMillis) return 0
  if (!proving) {
    proving = true
    setImmediate(prove)
  }
  if (age <= behindMillis) return 0
  waiting.push(done)
  return age
}

const put = (socket: Net.Socket, chunk: string | Uint8Array, encoding: "latin1" | "utf8"): boolean =>
  typeof chunk === "string" ? socket.write(chunk, encoding) : socket.write(chunk)

/** Idle time before TCP keep-alive probes, so that a vanished peer is noticed on a connection that only waits. */
const keepAliveMillis = 15_000

/**
 * Opens transports with Node's sockets: `node:net` for TCP and unix sockets,
 * `node:tls` for TLS. Sets TCP_NODELAY, and TCP keep-alive probes after 15 seconds
 * without traffic. The default of `Connector`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const dialNode: Dial = (options) =>
  Effect.callback<Transport, ConnectFailed>((resume) => {
    const address = options.address
    const addressText = Address.format(address)
    const secure = options.tls !== undefined && options.tls !== false
    let socket: Net.Socket
    let reader: Reader | undefined
    let lookup = lookupBy(options.resolver)
    let refused = false
    try {
      if (secure) {
        const extra = options.tls === true ? {} : options.tls as Tls.ConnectionOptions
        const name = !Address.isUnix(address) && Net.isIP(address.host) === 0 ? { servername: address.host } : {}
        if (typeof extra.lookup === "function") lookup = lookupBy(extra.lookup)
        const check = extra.checkServerIdentity
        const checked: Tls.ConnectionOptions = check === undefined ? {} : {
          checkServerIdentity: (...of) => {
            // Node calls it where nothing can catch an exception.
            try {
              const refusal = check(...of)
              refused = refusal !== undefined
              return refusal
            } catch {
              refused = true
              return new Error("the function checkServerIdentity threw an exception")
            }
          }
        }
        // The TLS options decide neither the address nor the way of reading.
        const own: Record<string, unknown> = { path: undefined, onread: undefined, ...address }
        socket = Tls.connect({ ...name, ...extra, ...checked, lookup, ...own })
      } else {
        reader = new Reader()
        socket = Net.connect({ ...address, onread: reader, lookup })
      }
    } catch (cause) {
      return resume(
        Effect.fail(
          new ConnectFailed({ address: addressText, phase: secure ? "tls" : "dial", detail: text(cause), cause })
        )
      )
    }
    let connected = false
    let found = ""
    const expected = secure ? expectedName(address, options.tls) : ""
    // Node destroys the socket if it does not accept the certificate, so the names are read before.
    if (secure) {
      socket.prependListener("secure", () => void (found = namesOf((socket as Tls.TLSSocket).getPeerCertificate())))
    }
    const onConnect = (): void => {
      connected = true
    }
    const onError = (cause: unknown): void => {
      const code = codeOf(cause)
      const why = !secure || !connected ? undefined : explainTls(cause, options.tls, { expected, found }) ??
        (refused
          ? { detail: `checkServerIdentity refused the certificate (${text(cause)})`, permanent: true }
          : undefined)
      socket.removeAllListeners()
      socket.on("error", ignore)
      socket.destroy()
      resume(Effect.fail(
        new ConnectFailed({
          address: addressText,
          phase: code === "ENOTFOUND" || code === "EAI_AGAIN" ? "resolve" : secure && connected ? "tls" : "dial",
          detail: why?.detail ?? text(cause),
          permanent: why?.permanent,
          cause
        })
      ))
    }
    const onClose = (): void => onError(new Error("closed before the connection was ready"))
    socket.on("connect", onConnect)
    socket.on("error", onError)
    socket.on("close", onClose)
    socket.once(secure ? "secureConnect" : "connect", () => {
      socket.removeListener("connect", onConnect)
      socket.removeListener("error", onError)
      socket.removeListener("close", onClose)
      socket.on("error", ignore)
      socket.pause()
      if (!Address.isUnix(address)) {
        socket.setNoDelay(true)
        socket.setKeepAlive(true, keepAliveMillis)
      }
      resume(Effect.succeed(new SocketTransport(socket, reader)))
    })
    return Effect.sync(() => {
      socket.removeAllListeners()
      socket.on("error", ignore)
      socket.destroy()
    })
  })

const text = (cause: unknown): string => {
  // Node tries all addresses of a name (happy eyeballs), and fails with one error whose message is empty.
  if (cause instanceof AggregateError) return cause.errors.map(text).join(", ")
  return printable(cause instanceof Error ? cause.message.trim() : String(cause))
}

const codeOf = (cause: unknown): string => {
  const code = (cause as { readonly code?: unknown } | undefined)?.code
  return typeof code === "string" ? code : ""
}

/** Codes of OpenSSL's verdict on a certificate, as Node names them. */
const certificateCode =
  /^(CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_|HOSTNAME_MISMATCH|ERROR_IN_CERT_|ERR_TLS_CERT_)/

/**
 * Why a TLS session failed, and whether a retry is of no use: certificates do not
 * change by themselves. Undefined if the cause has nothing to do with TLS.
 */
export const explainTls = (
  cause: unknown,
  options: TlsOptions | undefined,
  names: { readonly expected: string; readonly found: string }
): { readonly detail: string; readonly permanent: boolean } | undefined => {
  const code = codeOf(cause)
  const settings: Tls.ConnectionOptions = typeof options === "object" ? options : {}
  const says = ` (${text(cause).trim()})`
  if (certificateCode.test(code)) {
    const what = code === "ERR_TLS_CERT_ALTNAME_INVALID" || code === "HOSTNAME_MISMATCH"
      ? "the server's certificate is for another name"
      : code === "CERT_HAS_EXPIRED"
      ? "the server's certificate has expired"
      : code === "CERT_NOT_YET_VALID"
      ? "the server's certificate is not valid yet"
      : "the server's certificate is not trusted"
    const found = `expected ${names.expected}, found ${names.found === "" ? "no name" : names.found}`
    return { detail: `${what}: ${found}${says}`, permanent: true }
  }
  if (!code.startsWith("ERR_SSL_")) return undefined
  if (/WRONG_VERSION_NUMBER|HTTP_REQUEST|PACKET_LENGTH_TOO_LONG|RECORD_TOO_/.test(code)) {
    return { detail: `the server does not speak TLS at this port${says}`, permanent: true }
  }
  const hasOwn = settings.cert !== undefined || settings.pfx !== undefined || settings.secureContext !== undefined
  if (/CERTIFICATE_REQUIRED/.test(code) || (/ALERT_HANDSHAKE_FAILURE|ALERT_BAD_CERTIFICATE/.test(code) && !hasOwn)) {
    const or = /HANDSHAKE_FAILURE/.test(code) ? ", or it has no version or cipher of TLS in common with the client" : ""
    return { detail: `the server requires a client certificate: set tls.cert and tls.key${or}${says}`, permanent: true }
  }
  if (/ALERT_.*(CERTIFICATE|UNKNOWN_CA)/.test(code)) {
    return { detail: `the server does not accept the client certificate${says}`, permanent: true }
  }
  if (/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|ALERT_HANDSHAKE_FAILURE|NO_SHARED_CIPHER/.test(code)) {
    return { detail: `client and server have no version or cipher of TLS in common${says}`, permanent: true }
  }
  return undefined
}

/** The names that a certificate is for. */
const namesOf = (certificate: Partial<Tls.PeerCertificate> | null): string => {
  // Bun gives null for a certificate that it does not accept.
  const subject = certificate?.subject?.CN
  return printable(certificate?.subjectaltname ?? (subject === undefined ? "" : `CN:${String(subject)}`), 200)
}

/** The name that the server's certificate should be for. */
const expectedName = (address: Address.Address, options: TlsOptions | undefined): string => {
  const given = typeof options === "object" ? options.servername : undefined
  return given ?? (Address.isUnix(address) ? "localhost" : address.host)
}
