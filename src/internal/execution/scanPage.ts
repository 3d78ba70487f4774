/**
 * A page of a scan: it goes to the server that gave its cursor, or fails with
 * ScanInterrupted.
 */
import * as Exit from "effect/Exit"
import type * as Command from "../../Command.ts"
import { info } from "../../commands/server.ts"
import { ScanInterrupted } from "../../Errors.ts"
import type * as Resp from "../../Resp.ts"
import { isDirect, makeBase, type Suspended, type Suspending, type Waiter } from "../common/suspend.ts"
import { Call, decodeReply } from "../connection/call.ts"
import type { Connection } from "../connection/connection.ts"
import { type Dispatcher, PendingCommand } from "./operation.ts"
import type { ScanPosition } from "./types.ts"

/** Learns which run of which server a connection leads to; without that, each connection is one of its own. */
const identify = (connection: Connection): Call => {
  const command = info("server")
  return new Call(command, (value) => {
    const exit = decodeReply(command, value)
    const run = Exit.isSuccess(exit) ? exit.value["run_id"] : undefined
    const { epoch, shownAddress } = connection
    // Two scans that begin at once both ask.
    connection.server ??= run === undefined
      ? `${shownAddress} connection ${serial++}`
      : `${shownAddress} ${epoch} ${run}`
  })
}

let serial = 1

/** A page of a scan. */
export class PendingScanPage extends PendingCommand {
  private readonly place: ScanPosition
  constructor(
    owner: Dispatcher,
    command: Command.Any,
    position: ScanPosition,
    waiter: Waiter,
    deadline: number,
    timeout: number
  ) {
    super(owner, command, waiter, deadline, timeout)
    this.place = position
  }
  override get position(): ScanPosition {
    return this.place
  }
  override dispatch(connection: Connection): void {
    if (connection.server === undefined) connection.enqueue(identify(connection))
    super.dispatch(connection)
  }
  protected override settle(value: Resp.Value): void {
    const server = this.connection?.server
    const position = this.position
    if (position.server !== undefined && position.server !== server) {
      return this.interrupt(position.server)
    }
    position.server = server
    position.connection = this.connection
    super.settle(value)
  }
  override interrupt(server: string): void {
    this.done(Exit.fail(
      new ScanInterrupted({
        command: this.label,
        given: this.position.given,
        detail: `its cursor belongs to ${server.split(" ", 1)[0]}, as that was then`
      })
    ))
  }
}

/** A page of a scan, each time that it is run. */
export class ScanPageEffect extends makeBase(isDirect()) implements Suspending {
  private readonly start: (waiter: Waiter) => Suspended
  constructor(start: (waiter: Waiter) => Suspended) {
    super()
    this.start = start
  }
  begin(waiter: Waiter): Suspended {
    return this.start(waiter)
  }
}
