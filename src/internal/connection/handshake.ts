/**
 * Opens connections: dials, logs in, names the session, verifies the role, and
 * remembers what a server can do without. What a connection does then is in
 * connection.ts.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Address from "../../Address.ts"
import * as Command from "../../Command.ts"
import { role } from "../../commands/server.ts"
import { Connector } from "../../Connector.ts"
import { AuthenticationFailed, ConnectFailed, type ConnectionLost, RoleMismatch } from "../../Errors.ts"
import type { SessionOptions } from "../../Options.ts"
import * as Resp from "../../Resp.ts"
import { infoFields } from "../commands/info.ts"
import { monotonicMillis, timeoutOrElse } from "../common/time.ts"
import { explainTls } from "../transport/nodeSocket.ts"
import { Call, codeOf, decodeReply, ignore, ofCredentials, serverText } from "./call.ts"
import { Connection } from "./connection.ts"
import { anotherLogin, keeperOf, keepLoggedIn, type Login, loginOf, secretsOf } from "./login.ts"
import { alert, saysAnything, speaksPlain, speaksTls } from "./probes.ts"
import type { EndError, OpenError } from "./types.ts"

// -----------------------------------------------------------------------------
// Opening
// -----------------------------------------------------------------------------

const session = <A>(words: ReadonlyArray<string>, args: ReadonlyArray<Command.Arg>, decode: Command.Decode<A>) =>
  Command.make(Command.define({ words, mode: "read", decode }), args)

const libraryVersion = "0.1.0"

const defaultConnectTimeout = Duration.seconds(2)
const defaultStallTimeout = Duration.seconds(5)
const defaultPingInterval = Duration.seconds(5)

/**
 * Opens a session: dials, logs in, names itself, selects the database, and,
 * where a role is given, makes sure that the server has it. All within
 * `connectTimeout`. The session ends with the Scope.
 *
 * The commands of the handshake go out in one write: HELLO with AUTH and
 * SETNAME, CLIENT SETINFO, SELECT, ROLE. Where HELLO is unknown, AUTH, CLIENT
 * SETNAME and the rest follow in RESP2. `dialled` is told how long each dial
 * took that was accepted, in milliseconds.
 *
 * @since 0.1.0
 * @category constructors
 */
export const openConnection = (
  address: Address.Address,
  options: SessionOptions,
  expected?: "primary" | "replica" | undefined,
  dialled: (millis: number) => void = ignore
): Effect.Effect<Connection, OpenError, Scope.Scope> => {
  const addressText = Address.format(address)
  const timeout = Duration.fromInputUnsafe(options.connectTimeout ?? defaultConnectTimeout)
  const attempt = (opening: Opening, login: Login) =>
    Effect.gen(function*() {
      const dial = yield* Connector
      const context = yield* Effect.context<never>()
      const connection = yield* Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*() {
          const began = yield* monotonicMillis
          const transport = yield* restore(dial({ address, tls: options.tls, resolver: options.resolver }))
          dialled((yield* monotonicMillis) - began)
          const connection = new Connection(transport, address, context, {
            stallMillis: Duration.toMillis(Duration.fromInputUnsafe(options.stallTimeout ?? defaultStallTimeout)),
            pingMillis: Duration.toMillis(Duration.fromInputUnsafe(options.pingInterval ?? defaultPingInterval)),
            limits: options.limits,
            isHeldBack: (id, millis) => Effect.provideService(holdsBack(address, options, id, millis), Connector, dial)
          })
          yield* Effect.addFinalizer(() => Effect.sync(() => connection.close("its Scope closed")))
          return connection
        })
      )
      yield* handshake(connection, options, login, expected, opening)
      connection.role = expected
      return connection
    })
  const establish = (login: Login) =>
    Effect.gen(function*() {
      const first: Opening = options.protocol === 2 ? 1 : 0
      const known = recall(options, addressText, yield* monotonicMillis)
      let opening: Opening = known?.opening ?? first
      const last: Opening = known?.opening ?? 2
      let isTls = known?.isTls ?? false
      const outer = yield* Effect.scope
      while (true) {
        const own = Scope.forkUnsafe(outer)
        const exit = yield* attempt(opening, login).pipe(
          Scope.provide(own),
          Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : Scope.close(own, exit)),
          Effect.result
        )
        const now = yield* monotonicMillis
        // A node with the wrong role has understood the handshake.
        if (exit._tag === "Success" || exit.failure._tag === "RoleMismatch") {
          if (opening !== first) remember(options, addressText, { opening, isTls: false, until: now + openingMillis })
          return exit._tag === "Success" ? exit.success : yield* exit.failure
        }
        const error = exit.failure
        const closedEarly = error._tag === "ConnectionLost" && error.kind === "closed"
        if (closedEarly && opening < last) {
          opening = opening === 0 ? 1 : 2
          continue
        }
        // A way that does not work, or no longer works, is not tried again on each dial.
        if (known !== undefined && opening !== first) forget(options, addressText)
        else if (closedEarly && known === undefined) {
          if (!isSecure(options)) isTls = yield* speaksTls(address, options.resolver, Duration.toMillis(timeout) / 8)
          remember(options, addressText, { opening: first, isTls, until: now + closedMillis })
        }
        if (error._tag === "ProtocolError" && !isSecure(options) && error.bytes.startsWith(alert)) {
          return yield* notPlain(addressText)
        }
        return yield* closedEarly ? isTls ? notPlain(addressText) : endedEarly(error, options) : error
      }
    })
  let isWaitingForLogin = false
  const established = Effect.gen(function*() {
    isWaitingForLogin = true
    let login = yield* loginOf(addressText, options)
    isWaitingForLogin = false
    const keeper = keeperOf(options)
    if (keeper === undefined) return yield* establish(login)
    const tried = new Set<number>()
    let refused: number | undefined
    let refusal: AuthenticationFailed | undefined
    while (true) {
      const held = login.held!
      const result = yield* Effect.result(establish(login))
      if (result._tag === "Success") {
        const connection = result.success
        connection.credentials = held.version
        keeper.onAccepted(held, addressText)
        const dial = yield* Connector
        const verify = Effect.map(
          Effect.result(Effect.scoped(openConnection(address, options))),
          (opened) => opened._tag === "Success" && opened.success.credentials === keeper.current?.version
        ).pipe(Effect.provideService(Connector, dial))
        keepLoggedIn(connection, keeper, held, refused, verify)
        return connection
      }
      const { failure } = result
      if (failure._tag !== "AuthenticationFailed") return yield* failure
      keeper.onRefused(held, addressText, failure.code)
      tried.add(held.version)
      refused = held.version
      refusal ??= failure
      const next = yield* anotherLogin(keeper, tried)
      if (next === undefined) return yield* refusal
      login = next
    }
  })
  const attempted = isSecure(options)
    ? Effect.raceFirst(established, speaksPlain(address, options.resolver, Duration.toMillis(timeout) / 4))
    : established
  return timeoutOrElse(attempted, {
    duration: timeout,
    orElse: () =>
      Effect.fail(
        new ConnectFailed({
          address: addressText,
          phase: isWaitingForLogin ? "credentials" : "handshake",
          detail: isWaitingForLogin
            ? `no credentials within ${Duration.toMillis(timeout)} ms (connectTimeout)`
            : `no session within ${Duration.toMillis(timeout)} ms (connectTimeout)${isSecure(options) ? plainHint : ""}`
        })
      )
  })
}

const notPlain = (addressText: string): ConnectFailed =>
  new ConnectFailed({
    address: addressText,
    phase: "tls",
    detail: "the server speaks TLS at this port: set the option tls",
    permanent: true
  })

const isSecure = (options: SessionOptions): boolean => options.tls !== undefined && options.tls !== false

const plainHint = "; check that the server speaks TLS at this port"

/** A server that closes a connection without an answer gives no reason; this names the usual one. */
const endedEarly = (error: ConnectionLost, options: SessionOptions): ConnectFailed => {
  const why = isSecure(options) ? explainTls(error.cause, options.tls, { expected: "", found: "" }) : undefined
  return new ConnectFailed({
    address: error.address,
    phase: why === undefined ? "handshake" : "tls",
    detail: why?.detail ??
      `the server closed the connection during the handshake (${error.detail})${
        isSecure(options) ? "" : "; if it speaks TLS at this port, set the option tls"
      }`,
    permanent: why?.permanent,
    cause: error.cause
  })
}

const clientList = (id: number) =>
  session(["CLIENT", "LIST"], ["ID", id], Command.custom((reply) => typeof reply === "string" ? reply : ""))

/**
 * Whether a server is alive but holds a connection back, as after CLIENT PAUSE.
 * If it serves a new connection, CLIENT LIST must show the flag `b` for the old
 * one; otherwise the network path of the old one is broken. If it serves no
 * connection, it must at least answer a malformed frame.
 */
const holdsBack = (
  address: Address.Address,
  options: SessionOptions,
  id: number,
  millis: number
): Effect.Effect<boolean> =>
  Effect.gen(function*() {
    let alive = false
    yield* Effect.forkScoped(
      Effect.map(saysAnything({ address, tls: options.tls, resolver: options.resolver }), (yes) => void (alive = yes))
    )
    const served = Effect.gen(function*() {
      const connection = yield* openConnection(address, options)
      if (id === 0) return false
      const lines = yield* connection.call(clientList(id))
      return / flags=[A-Za-z]*b/.test(lines)
    })
    return yield* served.pipe(
      Effect.catch((error) => Effect.succeed(error._tag === "ReplyError" && error.code === "BUSY")),
      Effect.timeoutOrElse({ duration: millis, orElse: () => Effect.sync(() => alive) })
    )
  }).pipe(Effect.scoped)

/**
 * How a session starts: 0 with HELLO; 1 without HELLO, in RESP2; 2 with the
 * indispensable commands only. Some proxies close the connection on a command
 * that they do not know; the client then tries the next way on a new connection.
 */
type Opening = 0 | 1 | 2

/** How long the client remembers which way works at an address, and that none works, in milliseconds. */
const openingMillis = 10 * 60_000
const closedMillis = 5000

/** How many addresses the client remembers. */
const mostOpenings = 64

/** Keyed by a client's options: clients do not share what they have found out. */
const openings = new WeakMap<SessionOptions, Map<string, Known>>()

interface Known {
  readonly opening: Opening
  /** Whether no way works because the server speaks TLS and this client does not. */
  readonly isTls: boolean
  readonly until: number
}

const recall = (options: SessionOptions, address: string, now: number): Known | undefined => {
  const found = openings.get(options)?.get(address)
  if (found === undefined) return undefined
  if (now < found.until) return found
  forget(options, address)
  return undefined
}

const remember = (options: SessionOptions, address: string, found: Known): void => {
  let known = openings.get(options)
  if (known === undefined) openings.set(options, known = new Map())
  known.delete(address)
  known.set(address, found)
  if (known.size > mostOpenings) known.delete(known.keys().next().value!)
}

const forget = (options: SessionOptions, address: string): void => void openings.get(options)?.delete(address)

const dispensable = new Set(["CLIENT SETINFO", "CLIENT ID", "ROLE"])

/** The connection's id, from the reply to HELLO or to CLIENT ID. */
const idOf = (reply: Resp.Value): number => {
  if (typeof reply === "number") return reply
  const flat = reply instanceof Resp.MapReply ? reply.flat : Array.isArray(reply) ? reply : []
  const id = flat[flat.indexOf("id") + 1]
  return flat.includes("id") && typeof id === "number" ? id : 0
}

const authCodes = new Set(["NOAUTH", "WRONGPASS", "NOPERM"])

/** Refusals that every new connection gets, whatever its first command. */
const sessionRefusal = (reply: Resp.ErrorReply): string | undefined =>
  /^ERR max number of clients\b/.test(reply.text)
    ? "ERR max number of clients reached"
    : reply.code === "DENIED"
    ? "DENIED Redis is in protected mode: it has no password, and accepts connections from its own host only"
    : undefined

const handshake = (
  connection: Connection,
  options: SessionOptions,
  { password, username }: Login,
  expected: "primary" | "replica" | undefined,
  opening: Opening
): Effect.Effect<void, OpenError> => {
  const addressText = connection.addressText
  const secrets = secretsOf(password)
  connection.conceal(secrets)
  const hide = (text: string): string => secrets.reduce((t, secret) => t.split(secret).join("<redacted>"), text)

  const refused = (step: string, reply: Resp.ErrorReply): OpenError => {
    const known = sessionRefusal(reply)
    if (known !== undefined) return new ConnectFailed({ address: addressText, phase: "refused", detail: known })
    const code = codeOf(reply)
    const isAuth = authCodes.has(code) || /\bAUTH\b/.test(reply.text)
    const says = step === "HELLO" || step === "AUTH" ? ofCredentials(reply) : hide(serverText(reply))
    const detail = `${step}: ${says}`
    return isAuth
      ? new AuthenticationFailed({ address: addressText, username, code, detail })
      : new ConnectFailed({ address: addressText, phase: "refused", detail })
  }

  type Step = readonly [words: ReadonlyArray<string>, args: ReadonlyArray<Command.Arg>]

  interface Answers {
    readonly replies: ReadonlyArray<Resp.Value>
    /** Set if the connection ended before all replies had come. */
    readonly lost: EndError | undefined
  }

  /** Sends all steps in one write, and waits for all replies. */
  const ask = (steps: ReadonlyArray<Step>): Effect.Effect<Answers> =>
    Effect.callback((resume) => {
      const replies: Array<Resp.Value> = []
      for (const [words, args] of steps) {
        connection.enqueue(
          new Call(
            session(words, args, Command.value),
            (value) => {
              if (replies.push(value) === steps.length) resume(Effect.succeed({ replies, lost: undefined }))
            },
            (lost) => resume(Effect.succeed({ replies, lost }))
          )
        )
      }
    })

  const credentials: ReadonlyArray<string> = password === undefined ? [] : [username ?? "default", password]
  const name: ReadonlyArray<string> = options.clientName === undefined ? [] : [options.clientName]
  const database = options.database ?? 0

  const begin3: ReadonlyArray<Step> = [
    [["HELLO"], [
      3,
      ...(password === undefined ? [] : ["AUTH", ...credentials]),
      ...(name.length === 0 ? [] : ["SETNAME", ...name])
    ]]
  ]
  const clientId: Step = [["CLIENT", "ID"], []]
  const begin2: ReadonlyArray<Step> = [
    ...(password === undefined
      ? []
      : [[["AUTH"], username === undefined ? [password] : credentials] as const]),
    ...(opening === 2 ? [] : [clientId]),
    ...(opening === 2 || name.length === 0 ? [] : [[["CLIENT", "SETNAME"], name] as const])
  ]
  const common: ReadonlyArray<Step> = [
    ...(opening === 2
      ? []
      : [
        [["CLIENT", "SETINFO"], ["LIB-NAME", "effect-redis-sentinel"]] as const,
        [["CLIENT", "SETINFO"], ["LIB-VER", libraryVersion]] as const
      ]),
    ...(database === 0 ? [] : [[["SELECT"], [database]] as const]),
    ...(expected === undefined ? [] : [[["ROLE"], []] as const])
  ]

  /** The error of the first indispensable step that failed. */
  const failure = (steps: ReadonlyArray<Step>, replies: ReadonlyArray<Resp.Value>): OpenError | undefined => {
    for (let i = 0; i < replies.length; i++) {
      const reply = replies[i]!
      const step = steps[i]![0].join(" ")
      // Before Redis 7.2 there is no SETINFO, before 5 no ID; ROLE has a substitute.
      if (reply instanceof Resp.ErrorReply && !(dispensable.has(step) && sessionRefusal(reply) === undefined)) {
        return refused(step === "SELECT" ? `SELECT ${database}` : step, reply)
      }
    }
    return undefined
  }

  /** The last error before the server closed the connection is the reason, unless it is an unknown command. */
  const closingError = (steps: ReadonlyArray<Step>, { lost, replies }: Answers): OpenError => {
    const last = replies[replies.length - 1]
    const isUnknown = last instanceof Resp.ErrorReply && last.code === "ERR" && sessionRefusal(last) === undefined
    return (isUnknown ? undefined : failure(steps, replies)) ?? lost!
  }

  return Effect.gen(function*() {
    let steps: ReadonlyArray<Step> = [...begin3, ...common]
    let replies: ReadonlyArray<Resp.Value> = []
    let protocol: 2 | 3 = opening === 0 ? 3 : 2
    if (protocol === 3) {
      const answers = yield* ask(steps)
      if (answers.lost !== undefined) return yield* closingError(steps, answers)
      replies = answers.replies
      const hello = replies[0]!
      if (hello instanceof Resp.ErrorReply && doesWithout(hello)) protocol = 2
    }
    if (protocol === 2) {
      steps = [...begin2, ...common]
      if (steps.length === 0) steps = [[["PING"], []]]
      const answers = yield* ask(steps)
      if (answers.lost !== undefined) return yield* closingError(steps, answers)
      replies = answers.replies
    }
    connection.protocol = protocol
    const wrong = failure(steps, replies)
    if (wrong !== undefined) return yield* wrong
    connection.id = idOf(steps[0]![0][0] === "HELLO" ? replies[0]! : replies[steps.indexOf(clientId)] ?? 0)
    if (expected !== undefined) yield* verifyRole(connection, expected, replies[replies.length - 1]!, refused)
  })
}

/** Whether a server that refuses HELLO in this way may work without it. */
const doesWithout = (reply: Resp.ErrorReply): boolean =>
  reply.code === "NOPROTO" ||
  (reply.code === "ERR" && !/\bAUTH\b/.test(reply.text) && sessionRefusal(reply) === undefined) ||
  /unknown command/i.test(reply.text)

/**
 * Verifies the role of a server (step 3 of the guidelines for Sentinel clients):
 * with ROLE, or with INFO if ROLE is denied or unknown.
 */
const verifyRole = (
  connection: Connection,
  expected: "primary" | "replica",
  reply: Resp.Value,
  refused: (step: string, reply: Resp.ErrorReply) => OpenError
): Effect.Effect<void, OpenError> =>
  Effect.gen(function*() {
    const addressText = connection.addressText
    const replication = Effect.result(connection.call(infoFields("replication")))
    let actual: string
    if (!(reply instanceof Resp.ErrorReply)) {
      const decoded = decodeReply(role(), reply)
      actual = Exit.isSuccess(decoded) ? decoded.value.role : "unknown, ROLE gave something else"
      if (Exit.isSuccess(decoded) && decoded.value.role === "replica" && expected === "replica") {
        const { link, primary } = decoded.value
        connection.source = { ...primary, isLinked: link === "connected", hasData: true }
        if (link !== "connected") {
          // ROLE has no offset while the link is down, whatever there is to read.
          const answer = yield* replication
          const hasData = answer._tag === "Success" ? holdsData(answer.success, link) : undefined
          connection.source = { ...connection.source, hasData }
          if (hasData === false || link === "sync") actual = `replica without data (link ${Resp.printable(link, 32)})`
        }
      }
    } else if (reply.code === "NOPERM" || /unknown command/i.test(reply.text)) {
      const answer = yield* replication
      if (answer._tag === "Success") {
        const fields = answer.success
        const said = fields["role"]
        actual = said === "master" ? "primary" : said === "slave" ? "replica" : "unknown, INFO has no role"
        if (said === "slave" && expected === "replica") {
          const isLinked = fields["master_link_status"] !== "down"
          const hasData = isLinked || holdsData(fields, "down")
          connection.source = {
            host: fields["master_host"] ?? "",
            port: Number(fields["master_port"]),
            isLinked,
            hasData
          }
          if (hasData === false) actual = "replica without data (link down)"
        }
      } else if (answer.failure._tag === "ReplyError") {
        actual = "it denies both ROLE and INFO"
      } else if (answer.failure._tag === "UnexpectedReply") {
        actual = "unknown, INFO cannot be read"
      } else {
        return yield* answer.failure
      }
    } else {
      return yield* refused("ROLE", reply)
    }
    if (actual !== expected) return yield* new RoleMismatch({ address: addressText, expected, actual })
  })

/**
 * Whether a replica without a link has data, according to INFO. Its offset is that
 * of the primary that it has lost, and 1 if it has no data. It is 0 for a node
 * that has never followed a primary, and also for a replica that lost its link
 * to a primary without writes; only the latter reports when the link went down.
 */
const holdsData = (fields: Readonly<Record<string, string>>, link: string): boolean | undefined => {
  if (link === "sync" || fields["master_sync_in_progress"] === "1") return false
  const offset = Number(fields["slave_repl_offset"])
  if (Number.isNaN(offset)) return undefined
  return offset > 1 || (offset === 0 && Number(fields["master_link_down_since_seconds"]) >= 0)
}
