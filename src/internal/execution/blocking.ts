/**
 * Commands that wait at the server, in turns: how long, and what ended them.
 */
import * as Command from "../../Command.ts"
import { ConnectionLost, ProtocolError, type RedisError, type ReserveTimeout } from "../../Errors.ts"
import type * as Resp from "../../Resp.ts"
import type { Reserved } from "./types.ts"

/**
 * For how long a server is left to wait at most, in milliseconds: then it is
 * asked again. So a connection on which nothing comes any more is noticed, and
 * where there are more waits than connections they take turns. Nothing was
 * taken in a turn that the server has ended.
 */
const blockingTurnMillis = 5000
/** Clocks do not run alike. A turn that is over sooner than that was ended by somebody else, in milliseconds. */
const blockingEarlyMillis = 50

export const onceMore = Symbol("once more")

/** By these words a server ends a wait because it has become a replica: nothing was taken. */
export const forced = "UNBLOCKED force unblock"

/** Whether a command was written, and its connection ended without its reply. */
export const wasLost = (error: RedisError): boolean => {
  const cause = error._tag === "AmbiguousOutcome" ? error.cause : undefined
  return cause instanceof ConnectionLost || cause instanceof ProtocolError
}

/** A wait at the server: how long it lasts, over all of its turns. */
export class BlockingWait<A, B> {
  readonly command: Command.Command<A, any, B>
  readonly withBlockingMillis: Command.Spec["withBlockingMillis"]
  readonly began: number
  readonly until: number
  /** For each turn beside its waiting, in milliseconds. */
  readonly millis: number
  hasGoneOn = false
  /** Why it had no turn. */
  refusal: ReserveTimeout | undefined = undefined

  constructor(command: Command.Command<A, any, B>, now: number, millis: number) {
    this.command = command
    this.withBlockingMillis = command.spec.withBlockingMillis
    this.began = now
    this.until = now + command.spec.blocks!(command.args)
    this.millis = millis
  }

  /** The command for the turn that begins now. */
  next(now: number, clock: () => number): Command.Command<A | typeof onceMore> {
    const { command, withBlockingMillis } = this
    const left = this.until - now
    const isFirst = !this.hasGoneOn
    this.hasGoneOn = true
    // What fits in one turn is sent as it is.
    if (withBlockingMillis === undefined || (isFirst && left <= blockingTurnMillis)) {
      return command as Command.Command<any>
    }
    const millis = Math.max(1, Math.min(left, blockingTurnMillis))
    const decode = (value: Resp.Value, bytes: boolean): A | typeof onceMore => {
      const goesOn = millis < left && clock() - now >= millis - blockingEarlyMillis &&
        Command.cameToNothing(command, value)
      return goesOn ? onceMore : command.spec.decode(value, bytes) as A
    }
    return Command.withArgs(Command.withDecode(command, decode), withBlockingMillis(command.args, millis))
  }
}

/** A turn of a wait that is under way, and what the server has said of it on another connection. */
export class BlockingTurn {
  readonly reserved: Reserved
  /** Whether the server was told to end it. */
  asked = false
  /** Whether the server has ended it, with nothing taken. */
  freed = false
  /** Whether its connection may be dead. */
  doubted = false
  constructor(reserved: Reserved) {
    this.reserved = reserved
  }
  tookNothing(error: RedisError): boolean {
    return this.freed || (this.asked && error._tag === "ReplyError" && error.code === "UNBLOCKED")
  }
}
