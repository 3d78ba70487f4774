/**
 * Questions to a server before there is a session, or beside one that is silent:
 * a few bytes on a connection of their own, and what comes first in answer.
 */
import * as Effect from "effect/Effect"
import * as Address from "../../Address.ts"
import { Connector, type DialOptions, type Resolver } from "../../Connector.ts"
import { ConnectFailed } from "../../Errors.ts"
import * as Resp from "../../Resp.ts"
import { ignore } from "./call.ts"

/**
 * What `read` makes of the first bytes that a server sends after these; undefined
 * where it ends the connection without a word. The dial can be interrupted.
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
 * A server that does not speak TLS waits for the end of a line that the client's
 * greeting does not have. When nothing has come of it for a while, the server is
 * asked in plain whether it is one: fails if so, and never ends otherwise.
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

/** How a TLS server's alert begins, escaped. */
export const alert = "\\x15\\x03"

/** The record of a greeting that makes no sense: a TLS server answers with an alert, and others with an error. */
const nonsense = Buffer.from("\x16\x03\x01\x00\x06\x01\x00\x00\x02\r\n", "latin1")

/**
 * A server that speaks TLS ends a connection that does not, mostly without a
 * word: whether it has one for somebody who greets it in its own language.
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

/** A frame that every server answers at once, even while it lets commands wait: nothing is executed. */
const malformed = "*1\r\n!\r\n"

/** Whether a server says anything at all to somebody who has never been there. */
export const saysAnything = (options: DialOptions): Effect.Effect<boolean> =>
  firstAnswer(options, malformed, () => true).pipe(
    Effect.map((said) => said === true),
    Effect.catch(() => Effect.succeed(false))
  )
