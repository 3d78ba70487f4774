/**
 * Requests of the library itself, and the result or error that a reply becomes.
 */
import * as Exit from "effect/Exit"
import * as Command from "../../Command.ts"
import { ReplyError, UnexpectedReply, ValueMismatch } from "../../Errors.ts"
import * as Resp from "../../Resp.ts"
import { utf8, ValueProblem } from "../commands/decoders.ts"
import type { EndError, Request } from "./types.ts"

export const ignore = (): void => {}

/**
 * A request of the library itself: of a handshake, of a question to a sentinel,
 * a PING, a subscription. One class for all of them, since V8 tells at most four
 * shapes of requests apart on the hot path: with six, the throughput with 100 in
 * flight was a twentieth less.
 *
 * @since 0.1.0
 * @category models
 */
export class Call implements Request {
  readonly replies: number
  readonly asBytes: boolean
  readonly blockingMillis = 0
  readonly deadline = Infinity
  readonly acknowledged: boolean
  isPending = true
  written = false
  private readonly command: Command.Any
  private readonly answered: (value: Resp.Value) => void
  private readonly lost: (error: EndError) => void
  constructor(
    command: Command.Any,
    answered: (value: Resp.Value) => void,
    lost: (error: EndError) => void = ignore,
    /** How many acknowledgements of subscriptions it waits for; 0 if it is none, and has one reply. */
    acknowledgements = 0
  ) {
    this.command = command
    this.asBytes = command.asBytes
    this.replies = Math.max(1, acknowledgements)
    this.acknowledged = acknowledgements > 0
    this.answered = answered
    this.lost = lost
  }
  get keepsNumerals(): boolean {
    return this.command.spec.resp === 2
  }
  encode(encoder: Resp.Encoder): void {
    this.written = true
    Command.encode(this.command, encoder)
  }
  onReply(value: Resp.Value): void {
    this.answered(value)
  }
  onLost(error: EndError): void {
    this.lost(error)
  }
  onDeadline(): void {}
}

/**
 * What a reply makes of its command: the decoded result, or why there is none.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decodeReply = <A>(
  command: Command.Command<A, any, any>,
  value: Resp.Value
): Exit.Exit<A, ReplyError | UnexpectedReply | ValueMismatch> => {
  if (value instanceof Resp.ErrorReply) return Exit.fail(replyError(command, value))
  try {
    return Exit.succeed(command.spec.decode(value, command.asBytes))
  } catch (error) {
    if (error instanceof ValueProblem) return Exit.fail(valueMismatch(command, error))
    if (!(error instanceof Command.Mismatch)) {
      // A decoder of the caller threw. The command was executed, and other commands are not affected.
      return Exit.fail(
        new UnexpectedReply({
          command: command.spec.name,
          expected: "a reply that its decoder accepts",
          actual: Resp.describe(value)
        })
      )
    }
    return Exit.fail(
      new UnexpectedReply({
        command: command.spec.name,
        expected: error.expected,
        actual: Resp.describe(error.actual)
      })
    )
  }
}

const valueMismatch = (command: Command.Any, { index, issue, key }: ValueProblem): ValueMismatch => {
  const keys = Command.keys(command)
  const only = keys.length === 1 ? keys[0] : undefined
  const found = typeof key === "string" ? key : key === null ? undefined : key === undefined ? only : keys[key]
  return new ValueMismatch({
    command: command.spec.name,
    key: found === undefined ? undefined : Resp.printable(typeof found === "string" ? found : utf8.decode(found), 256),
    index,
    issue
  })
}

/**
 * The error that the server's error reply becomes. What Redis repeats of an
 * unknown command's arguments is left out, and what it repeats of a rule of ACL
 * SETUSER that may be a password. Of what it says of AUTH nothing but the code is told.
 *
 * @since 0.1.0
 * @category errors
 */
export const replyError = (command: Command.Any, reply: Resp.ErrorReply): ReplyError => {
  const isAuth = /^auth$/i.test(command.spec.words[0]!)
  return new ReplyError({
    code: isAuth ? codeOf(reply) : Resp.printable(reply.code, 64),
    detail: isAuth ? ofCredentials(reply) : isSetuser(command) ? ofRules(reply) : serverText(reply),
    command: command.spec.name
  })
}

const isSetuser = ({ args, spec }: Command.Any): boolean =>
  /^acl$/i.test(spec.words[0]!) && /^setuser$/i.test(spec.words[1] ?? String(args[0]))

/** What a server says of the rules of a user, without a rule that is not one about commands, keys or channels. */
const ofRules = (reply: Resp.ErrorReply): string =>
  serverText(
    new Resp.ErrorReply(reply.text.replace(/ (modifier|starting at) '(?![-+~&%][^\s]*')[\s\S]*'/, " $1 '...'"))
  )

/**
 * What a server says, for messages: without an unknown command's arguments,
 * printable, and cut.
 *
 * @since 0.1.0
 * @category errors
 */
export const serverText = (reply: Resp.ErrorReply): string =>
  Resp.printable(reply.text.replace(/, with args beginning with:.*$/s, ""))

/** What a server's code means; its own words may repeat what it was sent. */
const meanings: Readonly<Record<string, string>> = {
  NOAUTH: "a password is required",
  NOPERM: "the user may not run this command",
  WRONGPASS: "the name or the password is wrong, or the user is disabled"
}

export const codeOf = (reply: Resp.ErrorReply): string =>
  /^[A-Z][A-Z0-9_]{0,31}$/.test(reply.code) ? reply.code : "an error"

/** What a server says of credentials that it was sent, in words of our own. */
export const ofCredentials = (reply: Resp.ErrorReply): string => {
  const code = codeOf(reply)
  const meaning = meanings[code] ??
    (/without any password configured|no password is set/.test(reply.text) ? "the user has no password" : undefined)
  return `${code}${meaning === undefined ? "" : ` (${meaning})`}`
}
