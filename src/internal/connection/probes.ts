/**
 * Questions to a server before there is a session, or beside a silent one: each
 * sends a few bytes on a new connection, and looks at the first bytes that come
 * back.
 */
import * as Effect from "effect/Effect"
import * as Address from "../../Address.ts"
import { Connector, type DialOptions, type Resolver } from "../../Connector.ts"
import { ConnectFailed } from "../../Errors.ts"
import * as Resp from "../../Resp.ts"
import { ignore } from "./call.ts"

/**
 * Sends bytes to a server, and gives the result of `read` for the first bytes of
 * its answer; undefined if the server closes the connection without an answer.
 * The dial can be interrupted.
 */
const firstAnswer = <A>(
  options: DialOptions,
  bytes: string | Uint8Array,
  read: (chunk: Uint8Array) => A
): Effect.Effect<A | undefined, ConnectFailed> =>
  Effect.scoped(
    Effect.gen(function*() {
      const dial = yield* Connector
      const transport = yield* Effect.acquireRelease(
        dial(options),
        (transport) => Effect.sync(() => transport.destroy()),
        { interruptible: true }
      )
      return yield* Effect.callback<A | undefined>((resume) => {
        transport.start({
          data: (chunk) => resume(Effect.succeed(read(chunk))),
          drain: ignore,
          closed: () => resume(Effect.undefined)
        })
        transport.write([bytes], typeof bytes === "string")
      })
    })
  )

/**
 * Fails if a server answers in plain text, and never ends otherwise. It is for
 * TLS handshakes that hang: a server without TLS waits for the end of a line,
 * which a TLS greeting does not have. The question is sent after `afterMillis`.
 */
export const speaksPlain = (
  address: Address.Address,
  resolver: Resolver | undefined,
  afterMillis: number
): Effect.Effect<never, ConnectFailed> =>
  Effect.sleep(afterMillis).pipe(
    // A simple string or an error.
    Effect.andThen(firstAnswer({ address, resolver }, "PING\r\n", ([first]) => first === 0x2b || first === 0x2d)),
    Effect.catch(() => Effect.undefined),
    Effect.flatMap((isPlain) =>
      isPlain !== true ? Effect.never : Effect.fail(
        new ConnectFailed({
          address: Address.format(address),
          phase: "tls",
          detail: "the server does not speak TLS at this port: it answers in plain text",
          permanent: true
        })
      )
    )
  )

/** The first bytes of a TLS alert, escaped. */
export const alert = "\\x15\\x03"

/** A malformed TLS greeting: a TLS server answers with an alert, other servers with an error. */
const nonsense = Buffer.from("\x16\x03\x01\x00\x06\x01\x00\x00\x02\r\n", "latin1")

/**
 * Whether a server speaks TLS. A TLS server closes a plain connection, mostly
 * without an answer, but answers a malformed TLS greeting with an alert.
 */
export const speaksTls = (
  address: Address.Address,
  resolver: Resolver | undefined,
  withinMillis: number
): Effect.Effect<boolean> =>
  firstAnswer({ address, resolver }, nonsense, (chunk) => Resp.escapeBytes(chunk).startsWith(alert)).pipe(
    Effect.map((isAlert) => isAlert === true),
    Effect.catch(() => Effect.succeed(false)),
    Effect.timeoutOrElse({ duration: withinMillis, orElse: () => Effect.succeed(false) })
  )

/** A malformed frame: every server answers it at once, even while it is paused, and executes nothing. */
const malformed = "*1\r\n!\r\n"

/** Whether a server answers anything at all on a new connection. */
export const saysAnything = (options: DialOptions): Effect.Effect<boolean> =>
  firstAnswer(options, malformed, () => true).pipe(
    Effect.map((said) => said === true),
    Effect.catch(() => Effect.succeed(false))
  )
