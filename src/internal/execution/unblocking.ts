/**
 * Ends commands that wait at a server, with CLIENT UNBLOCK on another connection: before a
 * failover can lose what they take, where their connection may be dead, and when their
 * fiber is interrupted. How they run is in blocking.ts.
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Address from "../../Address.ts"
import * as Command from "../../Command.ts"
import { clientUnblock } from "../../commands/connection.ts"
import type { RedisError, ReplyError } from "../../Errors.ts"
import * as Metrics from "../../Metrics.ts"
import * as Resp from "../../Resp.ts"
import { passes } from "../common/passing.ts"
import type { Waiter } from "../common/suspend.ts"
import type { Connection } from "../connection/connection.ts"
import type { EndError } from "../connection/types.ts"
import type { OperationTrace } from "../telemetry/operationTrace.ts"
import type { ExecutionContext } from "./executionContext.ts"
import { CommandEffect, PendingCommand, Stage } from "./operation.ts"
import type { ReservedConnection } from "./reserved.ts"

/** For how long the end of an interrupted command is waited for before its connection is closed instead. */
const endingLimit = Duration.seconds(1)
/** How long the pauses are before CLIENT UNBLOCK is repeated that has overtaken the command, in milliseconds; they grow. */
const overtakenMillis = 5
const mostOvertakenMillis = 100

/** Commands that write, and whose result can be found at the server afterwards. */
const leavesResult: ReadonlySet<string> = new Set([
  "BLMOVE",
  "BLMOVEM",
  "BRPOPLPUSH",
  "XREADGROUP",
  "WAIT",
  "WAITAOF"
])

/** One turn of a blocking command at the server. */
export class BlockingTurn {
  readonly reserved: ReservedConnection
  readonly connection: Connection
  readonly command: Command.Any
  /** Whether another turn may follow where the server has ended this one. */
  readonly isRepeated: boolean
  /** Whether its connection is one that a caller has reserved, and goes on to use. */
  readonly isOwned: boolean
  /** Whether the server was told to end it. */
  isEnding = false
  /** Whether the server has ended it, with nothing taken. */
  isEnded = false
  /** Whether its connection may be dead. */
  isSuspect = false
  /** Completes when the server has answered the last request to end it. */
  answer: Deferred.Deferred<void> | undefined = undefined
  /** Completes when an interrupted turn has its reply, or will get none. */
  readonly over = Deferred.makeUnsafe<void>()

  constructor(
    reserved: ReservedConnection,
    command: Command.Any,
    is: { readonly isRepeated: boolean; readonly isOwned: boolean }
  ) {
    this.reserved = reserved
    this.connection = reserved.connection
    this.command = command
    this.isRepeated = is.isRepeated
    this.isOwned = is.isOwned
  }
  /** Whether an error means that the turn has taken nothing. */
  tookNothing(error: RedisError): boolean {
    return this.isEnded || (this.isEnding && error._tag === "ReplyError" && error.code === "UNBLOCKED")
  }
}

/** The command of a turn on its way. Its reply counts also after the fiber was interrupted. */
class PendingTurn extends PendingCommand {
  /** Called when it is interrupted at the server. */
  private readonly onInterrupted: () => void
  private readonly onLateReply: (value: Resp.Value | undefined) => void
  private readonly noted: OperationTrace | undefined
  private isInterrupted = false

  constructor(
    on: { readonly interrupted: () => void; readonly lateReply: (value: Resp.Value | undefined) => void },
    noted: OperationTrace | undefined,
    ...of: ConstructorParameters<typeof PendingCommand>
  ) {
    super(...of)
    this.onInterrupted = on.interrupted
    this.onLateReply = on.lateReply
    this.noted = noted
  }
  override get trace(): OperationTrace | undefined {
    return this.noted
  }
  override dispatch(connection: Connection): void {
    this.noted?.sent(connection)
    super.dispatch(connection)
  }
  override cancel(): void {
    if (!this.isPending) return
    this.isInterrupted = this.stage === Stage.written
    super.cancel()
    if (this.isInterrupted) this.onInterrupted()
  }
  override onReply(value: Resp.Value): void {
    if (this.isInterrupted) this.onLateReply(value)
    else super.onReply(value)
  }
  override onLost(error: EndError, written: boolean): void {
    if (this.isInterrupted) this.onLateReply(undefined)
    else super.onLost(error, written)
  }
}

class TurnEffect extends CommandEffect {
  private readonly turns: RunningTurns
  private readonly turn: BlockingTurn
  constructor(turns: RunningTurns, turn: BlockingTurn, command: Command.Any, timeoutMillis: number) {
    super(turn.reserved, command, timeoutMillis)
    this.turns = turns
    this.turn = turn
  }
  protected override operationOf(
    command: Command.Any,
    waiter: Waiter,
    deadline: number,
    timeout: number
  ): PendingCommand {
    return this.turnOf(undefined, command, waiter, deadline, timeout)
  }
  protected override tracedOf(
    trace: OperationTrace,
    command: Command.Any,
    waiter: Waiter,
    deadline: number,
    timeout: number
  ): PendingCommand {
    return this.turnOf(trace, command, waiter, deadline, timeout)
  }
  private turnOf(
    trace: OperationTrace | undefined,
    command: Command.Any,
    waiter: Waiter,
    deadline: number,
    timeout: number
  ): PendingTurn {
    const { turn, turns } = this
    const on = {
      interrupted: () => turns.onInterrupted(turn),
      lateReply: (value: Resp.Value | undefined) => turns.onLateReply(turn, value)
    }
    return turn.reserved.waiting = new PendingTurn(on, trace, this.owner, command, waiter, deadline, timeout)
  }
}

/** The turns of blocking commands, while they run. */
export class RunningTurns {
  private readonly execution: ExecutionContext
  private readonly turns = new Set<BlockingTurn>()
  /** Complete when the server has ended an interrupted turn, or its connection is closed; not those of owners. */
  private readonly endings = new Set<Deferred.Deferred<void>>()
  private isDenialTold = false

  constructor(execution: ExecutionContext) {
    this.execution = execution
  }

  /** Runs one turn. */
  run<A>(turn: BlockingTurn, command: Command.Command<A>, timeoutMillis: number): Effect.Effect<A, RedisError> {
    return Effect.suspend(() => {
      this.turns.add(turn)
      return Effect.onExit(
        new TurnEffect(this, turn, command, timeoutMillis) as Effect.Effect<A, RedisError>,
        () =>
          Effect.sync(() => {
            this.turns.delete(turn)
            // A request to end it may still come to the server, and end the next command there.
            const { answer, connection } = turn
            if (answer !== undefined && connection.settling === undefined) this.settle(turn, Deferred.await(answer))
          })
      )
    })
  }

  /** Waits until the server has ended the turns that were interrupted, but for those on connections of owners. */
  readonly waitsEnded: Effect.Effect<void> = Effect.suspend(() =>
    Effect.forEach(Array.from(this.endings), Deferred.await, { discard: true })
  )

  /** Ends all of them at the server. */
  unblockAll(): void {
    for (const turn of this.turns) this.unblock(turn)
  }

  /** The node at an address did not answer on another connection. */
  suspect(address: Address.Address): void {
    for (const turn of this.turns) if (Address.equals(turn.connection.address, address)) turn.isSuspect = true
    this.unblockSuspects()
  }

  /** Ends the turns on suspect connections, if the node answers on another one. */
  unblockSuspects(): void {
    for (const turn of this.turns) if (turn.isSuspect) this.unblock(turn)
  }

  /**
   * Ends one at the server: it replies with what it has taken, or that it has
   * taken nothing. That is also reported by the reply to CLIENT UNBLOCK, on
   * another connection.
   */
  private unblock(turn: BlockingTurn): void {
    const { connection } = turn
    const other = turn.reserved.sibling
    // A command that is not written yet does not block.
    if (connection.id === 0 || connection.ended !== undefined || connection.isFree || turn.isEnding) return
    if (other === undefined || !turn.isRepeated) return
    turn.isEnding = true
    const answer = turn.answer = Deferred.makeUnsafe<void>()
    const ending = Effect.match(other.call(clientUnblock(connection.id, "error")), {
      onFailure: () => {
        turn.isEnding = false
      },
      onSuccess: (ended) => {
        if (!ended) return
        turn.isEnded = true
        if (turn.isSuspect) connection.close("the node did not answer on another connection")
      }
    })
    this.execution.runFork(
      Effect.onExit(ending, () => {
        if (turn.answer === answer) turn.answer = undefined
        return Deferred.succeed(answer, undefined)
      })
    )
  }

  // ---------------------------------------------------------------------------
  // Interruption

  /** The fiber that waited for it was interrupted: it is ended at the server, and its connection is free after that. */
  onInterrupted(turn: BlockingTurn): void {
    const { connection } = turn
    if (connection.ended !== undefined) return
    // Its reply is here, but it was withheld because of a failover.
    if (connection.isFree) return this.onTaken(turn, 1)
    this.settle(turn, this.end(turn))
  }

  /** The reply to an interrupted turn; undefined if there will be none. */
  onLateReply(turn: BlockingTurn, value: Resp.Value | undefined): void {
    Deferred.doneUnsafe(turn.over, Exit.void)
    if (value === undefined) return this.onUnanswered(turn)
    if (value instanceof Resp.ErrorReply || Command.cameToNothing(turn.command, value)) return
    this.onTaken(turn, elementsOf(value))
  }

  /** The connection of an interrupted turn ended without its reply. The end of the client ends all of them. */
  private onUnanswered({ command, connection }: BlockingTurn): void {
    const { isClosed, runFork, services } = this.execution
    if (isClosed || !takes(command)) return
    Metrics.maybeLostElements.updateUnsafe(mostElements(command), services)
    // The log has said so for all of them.
    if (this.isDenialTold) return
    runFork(
      Effect.logWarning(
        `${connection.addressText}: ${command.spec.name} was interrupted, and its connection ended without an answer: ` +
          `the server may have given it ${mostElements(command)} element(s), which nobody has`
      )
    )
  }

  private onTaken({ command, connection }: BlockingTurn, elements: number): void {
    const { name } = command.spec
    if (!takes(command)) return
    const { runFork, services } = this.execution
    Metrics.interruptedElements.updateUnsafe(elements, services)
    runFork(
      Effect.logWarning(
        `${connection.addressText}: ${name} was interrupted when the server had just given it ${elements} element(s), which nobody has`
      )
    )
  }

  /**
   * Nobody else uses its connection, and no other command waits on it, before an effect has
   * ended. If that takes long, the connection is closed, unless its owner may go on with it.
   */
  private settle({ connection, isOwned }: BlockingTurn, effect: Effect.Effect<unknown>): void {
    const { runFork } = this.execution
    const done = Deferred.makeUnsafe<void>()
    const settling = connection.settling = Deferred.await(done)
    if (!isOwned) this.endings.add(done)
    runFork(
      Effect.onExit(
        Effect.raceFirst(
          Effect.raceFirst(effect, connection.closed),
          isOwned ? Effect.never : Effect.andThen(
            Effect.sleep(endingLimit),
            Effect.sync(() => connection.close("the server did not end the command that waits on it"))
          )
        ),
        () => {
          this.endings.delete(done)
          if (connection.settling === settling) connection.settling = undefined
          return Deferred.succeed(done, undefined)
        }
      )
    )
  }

  /** Asks the server to end an interrupted turn, until it has. Where that is not possible the connection is closed. */
  private end(turn: BlockingTurn): Effect.Effect<void> {
    const { connection, isOwned, over, reserved } = turn
    // On the connection of an owner the turn then ends by itself.
    const giveUp = (why: string): void => {
      if (!isOwned) connection.close(`the command that waits on it was interrupted, and ${why}`)
    }
    return Effect.gen({ self: this }, function*() {
      if (turn.answer !== undefined) yield* Deferred.await(turn.answer)
      let pause = overtakenMillis
      while (!Deferred.isDoneUnsafe(over)) {
        const other = reserved.sibling
        if (connection.id === 0 || other === undefined) {
          return giveUp("there is no other connection to end it")
        }
        const exit = yield* Effect.exit(other.call(clientUnblock(connection.id, "error")))
        if (Exit.isFailure(exit)) {
          const error = Option.getOrUndefined(Cause.findErrorOption(exit.cause))
          // A connection that has ended, and a server that is busy, say nothing about the next time.
          if (error?._tag === "ReplyError" && !passes(error, false)) this.tellDenial(reserved.label, error)
          return giveUp("CLIENT UNBLOCK failed")
        }
        // The reply is on its way, or CLIENT UNBLOCK has overtaken the command.
        yield* exit.value ? Deferred.await(over) : Effect.raceFirst(Deferred.await(over), Effect.sleep(pause))
        pause = Math.min(mostOvertakenMillis, pause * 2)
      }
    })
  }

  /** The server refuses CLIENT UNBLOCK: for want of a right, or because it does not have it. */
  private tellDenial(label: string, { code }: ReplyError): void {
    if (this.isDenialTold) return
    this.isDenialTold = true
    this.execution.runFork(
      Effect.logWarning(
        `${label}: the server refuses CLIENT UNBLOCK (${code}), so the connections of interrupted commands are closed. ` +
          "What the server gives them at that moment is lost." +
          (code === "NOPERM" ? " The ACL rule to add is +client|unblock" : "")
      )
    )
  }
}

/** Whether what a command gives is nowhere else. */
const takes = ({ spec }: Command.Any): boolean => spec.mode === "write" && !leavesResult.has(spec.name.toUpperCase())

/** How many elements a pop removes at most. */
const mostElements = ({ args, spec }: Command.Any): number => {
  const at = spec.name.toUpperCase().endsWith("MPOP") ? args.lastIndexOf("COUNT") : -1
  const count = at === -1 ? 1 : Number(args[at + 1])
  return count >= 1 ? count : 1
}

/** How many elements are in the reply to a pop: `[key, element]`, `[key, member, score]`, or `[key, elements]`. */
const elementsOf = (value: Resp.Value): number => Array.isArray(value) && Array.isArray(value[1]) ? value[1].length : 1
