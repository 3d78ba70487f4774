/**
 * How a session logs in: with a fixed password or with credentials that change, and how a live session logs in again
 * when they have. Which credentials there are is in internal/credentials/; the handshake is in handshake.ts.
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Command from "../../Command.ts"
import { ConnectFailed } from "../../Errors.ts"
import type { SessionOptions } from "../../Options.ts"
import * as Resp from "../../Resp.ts"
import { Pauses } from "../common/pauses.ts"
import { redactedString } from "../common/values.ts"
import { type Held, type Keeper, keeperKey, type Session } from "../credentials/keeper.ts"
import { Call, codeOf } from "./call.ts"
import type { Connection } from "./connection.ts"

/** The longest pause before a session tries again what a server has refused, in milliseconds. */
const longestPauseMillis = 30_000

/** What a session logs in with. */
export interface Login {
  readonly username: string | undefined
  /** Undefined: it does not log in. */
  readonly password: string | undefined
  /** The credentials that these are; undefined for those that do not change. */
  readonly held: Held | undefined
}

const loginOfHeld = (held: Held): Login => ({ username: held.username, password: held.secret, held })

/** What keeps the credentials of a session, if they change. */
export const keeperOf = (options: SessionOptions): Keeper | undefined => options.credentials?.[keeperKey]

/** What a new session logs in with. */
export const loginOf = (addressText: string, options: SessionOptions): Effect.Effect<Login, ConnectFailed> => {
  const { password, username } = options
  const failed = (detail: string) =>
    Effect.fail(new ConnectFailed({ address: addressText, phase: "credentials", detail }))
  const keeper = keeperOf(options)
  if (keeper !== undefined) {
    return Effect.matchEffect(keeper.get, { onSuccess: (held) => Effect.succeed(loginOfHeld(held)), onFailure: failed })
  }
  if (password === undefined) return Effect.succeed({ username, password, held: undefined })
  if (Redacted.isRedacted(password)) {
    const secret = redactedString(password)
    return secret === undefined
      ? failed("the option password was wiped")
      : Effect.succeed({ username, password: secret, held: undefined })
  }
  return Effect.matchCauseEffect(password, {
    onSuccess: (secret: unknown) => {
      const value = redactedString(secret)
      return value === undefined
        ? failed("the Effect of the option password gave something other than a Redacted string that was not wiped")
        : Effect.succeed({ username, password: value, held: undefined })
    },
    // The error of the caller's Effect may contain a secret, so it is left out.
    onFailure: () => failed("the Effect of the option password failed")
  })
}

/** What else a new session may log in with, after a server has refused all that it has tried. */
export const anotherLogin = (keeper: Keeper, tried: ReadonlySet<number>): Effect.Effect<Login | undefined> =>
  Effect.map(keeper.another(tried), (held) => held === undefined ? undefined : loginOfHeld(held))

/** What a server may repeat of a password: Redis repeats the first 128 bytes of an argument. */
export const secretsOf = (password: string | undefined): ReadonlyArray<string> =>
  password === undefined || password === "" ? [] : [password, password.slice(0, 128)]

const authCommand = ({ secret, username }: Held): Command.Any =>
  Command.make(
    Command.define({ words: ["AUTH"], mode: "read", decode: Command.value }),
    username === undefined ? [secret] : [username, secret]
  )

/**
 * A live session, which logs in again when the credentials change. The AUTH is one request among the others, in order:
 * behind a command that waits at the server it waits, too. Refused, it changes nothing, and is tried again.
 */
class LiveSession implements Session {
  private readonly connection: Connection
  private readonly keeper: Keeper
  private readonly verify: Effect.Effect<boolean>
  private held: Held
  /** Whether an AUTH is unanswered, or another session is being opened. */
  private isBusy = false
  /** The version that the server refused last, and the pause until it is tried again. */
  private refused: number | undefined
  private pause: Fiber.Fiber<void> | undefined = undefined
  private readonly pauses = new Pauses(longestPauseMillis)

  constructor(
    connection: Connection,
    keeper: Keeper,
    held: Held,
    refused: number | undefined,
    verify: Effect.Effect<boolean>
  ) {
    this.connection = connection
    this.keeper = keeper
    this.held = held
    this.refused = refused
    this.verify = verify
  }

  /** The present credentials, if the session is not logged in with them, and they have not expired. */
  private get due(): Held | undefined {
    const { usable } = this.keeper
    return usable === undefined || usable.version === this.held.version || !this.connection.open ? undefined : usable
  }

  readonly onRotated = (): void => {
    const { due } = this
    if (due === undefined || this.isBusy) return
    if (due.version !== this.refused) this.pauses.reset()
    else if (this.pause === undefined) return this.wait()
    else return
    this.pause?.interruptUnsafe()
    this.pause = undefined
    this.login(due)
  }

  private login(held: Held): void {
    this.isBusy = true
    if (this.connection.takesOnlySubscriptions) this.replace(held)
    else this.authenticate(held)
  }

  private wait(): void {
    const again = Effect.sync(() => {
      this.pause = undefined
      const { due } = this
      if (due !== undefined && !this.isBusy) this.login(due)
    })
    this.pause = this.keeper.fork(Effect.raceFirst(Effect.andThen(this.pauses.wait, again), this.connection.closed))
  }

  private authenticate(held: Held): void {
    const { connection, keeper } = this
    connection.conceal([...secretsOf(this.held.secret), ...secretsOf(held.secret)])
    connection.enqueue(
      new Call(authCommand(held), (reply) => {
        this.isBusy = false
        if (reply instanceof Resp.ErrorReply) return this.onRefused(held, codeOf(reply))
        this.held = held
        connection.conceal(secretsOf(held.secret))
        keeper.onAccepted(held, connection.addressText)
        this.onRotated()
      })
    )
  }

  private onRefused(held: Held, code: string): void {
    // What is outdated, because it waited behind other commands, is not told.
    if (this.due?.version === held.version) {
      this.keeper.onRefused(held, this.connection.addressText, code)
      this.refused = held.version
    }
    this.onRotated()
  }

  /** In RESP2 a connection with subscriptions takes no AUTH: it ends once the server has accepted them on another one. */
  private replace(held: Held): void {
    const { connection, keeper } = this
    const replaced = Effect.map(this.verify, (isAccepted) => {
      this.isBusy = false
      const close = (): void => connection.close("its credentials have changed, and in RESP2 it cannot log in again")
      if (isAccepted) return connection.onReplace === undefined ? close() : connection.onReplace(close)
      if (this.due?.version === held.version) this.refused = held.version
      this.onRotated()
    })
    keeper.fork(Effect.raceFirst(replaced, connection.closed))
  }
}

/**
 * Keeps a session logged in with the present credentials until it ends. `refused` is the version that the server has
 * refused for it already. `verify` opens another session, and says whether the server accepts the present credentials.
 */
export const keepLoggedIn = (
  connection: Connection,
  keeper: Keeper,
  held: Held,
  refused: number | undefined,
  verify: Effect.Effect<boolean>
): void => {
  const session = new LiveSession(connection, keeper, held, refused, verify)
  keeper.attach(session)
  connection.whenEnded(() => keeper.detach(session))
  session.onRotated()
}
