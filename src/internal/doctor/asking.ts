/**
 * How one server is asked: a session that records what is denied, the certificate, and the clock. It sends reads only.
 * What a sentinel or a node is asked is in askSentinel.ts and askNode.ts.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Tls from "node:tls"
import * as Address from "../../Address.ts"
import * as Command from "../../Command.ts"
import type { ReplyError } from "../../Errors.ts"
import type { SessionOptions } from "../../Options.ts"
import { argv } from "../commands/args.ts"
import { infoFields } from "../commands/info.ts"
import { monotonicMillis, timeoutOrElse } from "../common/time.ts"
import type { Connection } from "../connection/connection.ts"
import { openConnection } from "../connection/handshake.ts"
import type { EndError, OpenError } from "../connection/types.ts"
import type { Certificate, Failure, ServerSeen } from "./seen.ts"

/** How long one server may take for the session, and for everything, in milliseconds. */
export interface Times {
  readonly connectMillis: number
  readonly serverMillis: number
}

const codeOf = (cause: unknown): string => {
  const code = (cause as { readonly code?: unknown } | null | undefined)?.code
  return typeof code === "string" && /^[A-Z0-9_]{1,64}$/.test(code) ? code : ""
}

/** Why a session could not be opened, or ended. */
export const failureOf = (error: OpenError | EndError): Failure => {
  switch (error._tag) {
    case "ConnectFailed":
      return {
        kind: error.phase === "credentials" ? "auth-failed" : error.phase,
        // Who does not answer is said where the failure is told.
        detail: [error.address, error.address.replaceAll(/[[\]]/g, "")].reduce(
          (detail, address) => detail.replace(` ${address}`, ""),
          error.detail
        ),
        code: codeOf(error.cause)
      }
    case "AuthenticationFailed":
      return { kind: error.code === "NOAUTH" ? "auth-required" : "auth-failed", detail: error.detail, code: error.code }
    default:
      return { kind: "lost", detail: error.message, code: "" }
  }
}

/** The same options, which also tell the certificate of the server once it is verified. */
const withCertificate = (options: SessionOptions, found: (certificate: Certificate) => void): SessionOptions => {
  const { tls } = options
  if (tls === undefined || tls === false) return options
  const settings: Tls.ConnectionOptions = tls === true ? {} : tls
  const check = settings.checkServerIdentity ?? Tls.checkServerIdentity
  return {
    ...options,
    tls: {
      ...settings,
      checkServerIdentity: (host, certificate) => {
        const validToMillis = Date.parse(certificate.valid_to)
        if (!Number.isNaN(validToMillis)) found({ validToMillis, names: String(certificate.subjectaltname ?? "") })
        return check(host, certificate)
      }
    }
  }
}

/** The rule that a user lacks, from what a server says: `config|get`, or undefined. */
const ruleOf = (error: ReplyError): string | undefined =>
  /permissions to run the '([a-z0-9_.|-]{1,64})' command/i.exec(error.detail)?.[1]?.toLowerCase()

/** One session with one server. */
export class Asking {
  readonly connection: Connection
  readonly denied = new Set<string>()
  readonly unanswered: Array<{ readonly what: string; readonly why: string }> = []

  constructor(connection: Connection) {
    this.connection = connection
  }

  /** Asks, and gives undefined if the server denies it or cannot answer it. */
  ask<A>(command: Command.Command<A>): Effect.Effect<A | undefined, EndError> {
    return Effect.catch(this.connection.call(command), (error) => {
      if (error._tag !== "ReplyError" && error._tag !== "UnexpectedReply") return Effect.fail(error)
      return Effect.sync(() => {
        const what = command.spec.name
        if (error._tag === "ReplyError" && error.code === "NOPERM") {
          this.denied.add(ruleOf(error) ?? what.toLowerCase().replaceAll(" ", "|"))
        } else this.unanswered.push({ what, why: error._tag === "ReplyError" ? error.detail : error.message })
        return undefined
      })
    })
  }

  /** Asks for INFO, and compares the clocks. */
  readonly info: Effect.Effect<
    { readonly info: Readonly<Record<string, string>>; readonly clock: ServerSeen["clock"] },
    EndError
  > = Effect.gen({ self: this }, function*() {
    const before = yield* monotonicMillis
    const info = yield* this.ask(infoFields("default"))
    const tookMillis = (yield* monotonicMillis) - before
    const now = yield* Clock.currentTimeMillis
    const serverMillis = Number(info?.["server_time_usec"]) / 1000
    const hasClock = Number.isFinite(serverMillis) && serverMillis > 0
    return {
      info: info ?? {},
      clock: hasClock
        ? { aheadMillis: serverMillis - (now - tookMillis / 2), errorMillis: tookMillis / 2 }
        : undefined
    }
  })
}

const WHOAMI = Command.define({ words: ["ACL", "WHOAMI"], mode: "read", decode: Command.word })

/** Asks for the user of the session. */
export const whoami = Command.own(WHOAMI, argv())

/** What is known of a server that could not be asked. */
export const unasked = (address: string, failure: Failure): ServerSeen => ({
  address,
  failure,
  user: undefined,
  denied: [],
  unanswered: [],
  info: {},
  clock: undefined,
  certificate: undefined
})

/**
 * Asks a server: opens a session, and gives it to `questions`. What it gives has what every server says besides, also
 * where the session fails; `rest` is then undefined.
 */
export const askServer = <A>(
  address: Address.Address,
  options: SessionOptions,
  times: Times,
  questions: (asking: Asking, info: Readonly<Record<string, string>>) => Effect.Effect<A, EndError>
): Effect.Effect<{ readonly server: ServerSeen; readonly rest: A | undefined }, never, never> =>
  Effect.suspend(() => {
    const text = Address.format(address)
    let certificate: Certificate | undefined
    const session = withCertificate(options, (found) => void (certificate = found))
    const failed = (failure: Failure) => ({ server: { ...unasked(text, failure), certificate }, rest: undefined })
    const asked = Effect.scoped(Effect.gen(function*() {
      const connection = yield* openConnection(address, {
        ...session,
        connectTimeout: Duration.millis(times.connectMillis),
        stallTimeout: Duration.millis(times.serverMillis),
        pingInterval: Duration.infinity
      })
      const asking = new Asking(connection)
      const { clock, info } = yield* asking.info
      const user = yield* asking.ask(whoami)
      const rest = yield* questions(asking, info)
      const server: ServerSeen = {
        address: text,
        failure: undefined,
        user,
        denied: Array.from(asking.denied).sort(),
        unanswered: asking.unanswered,
        info,
        clock,
        certificate
      }
      return { server, rest }
    }))
    return timeoutOrElse(
      Effect.catch(asked, (error) => Effect.succeed(failed(failureOf(error)))),
      {
        duration: Duration.millis(times.serverMillis),
        orElse: () =>
          Effect.sync(() => failed({ kind: "no-time", detail: `no answer within ${times.serverMillis} ms`, code: "" }))
      }
    )
  })
