/**
 * Ends blocking commands that are running at a server: before a failover can lose
 * what they take, and where their connection may be dead. How they run is in
 * blocking.ts.
 */
import * as Effect from "effect/Effect"
import * as Address from "../../Address.ts"
import { clientUnblock } from "../../commands/connection.ts"
import type { RedisError } from "../../Errors.ts"
import type { Connection } from "../connection/connection.ts"
import type { ExecutionContext } from "./executionContext.ts"

/** One turn of a blocking command at the server. */
export class BlockingTurn {
  readonly connection: Connection
  /** Whether the server was told to end it. */
  isEnding = false
  /** Whether the server has ended it, with nothing taken. */
  isEnded = false
  /** Whether its connection may be dead. */
  isSuspect = false
  constructor(connection: Connection) {
    this.connection = connection
  }
  /** Whether an error means that the turn has taken nothing. */
  tookNothing(error: RedisError): boolean {
    return this.isEnded || (this.isEnding && error._tag === "ReplyError" && error.code === "UNBLOCKED")
  }
}

/** The turns of blocking commands that write, while they run. */
export class RunningTurns {
  private readonly execution: ExecutionContext
  /** The shared connection that is next in turn, if there is one. */
  private readonly serving: () => Connection | undefined
  private readonly turns = new Set<BlockingTurn>()

  constructor(execution: ExecutionContext, serving: () => Connection | undefined) {
    this.execution = execution
    this.serving = serving
  }

  add(turn: BlockingTurn): void {
    this.turns.add(turn)
  }

  remove(turn: BlockingTurn): void {
    this.turns.delete(turn)
  }

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
    const other = this.serving()
    // A command that is not written yet does not block.
    if (connection.id === 0 || connection.ended !== undefined || connection.idle || turn.isEnding) return
    if (other === undefined || !Address.equals(other.address, connection.address)) return
    turn.isEnding = true
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
    this.execution.runFork(ending)
  }
}
