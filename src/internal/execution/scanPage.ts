/**
 * A page of a scan as an operation: it goes to the server that gave its cursor, or
 * fails with `ScanInterrupted`.
 */
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Command from "../../Command.ts"
import { type RedisError, ScanInterrupted } from "../../Errors.ts"
import type * as Resp from "../../Resp.ts"
import { infoFields } from "../commands/info.ts"
import { isDirect, makeBase, type Suspended, type Suspending, type Waiter } from "../common/suspend.ts"
import { Call, decodeReply } from "../connection/call.ts"
import type { Connection } from "../connection/connection.ts"
import type { OperationTrace } from "../telemetry/operationTrace.ts"
import { type Dispatcher, interrupted, PendingCommand, refusedAtOnce } from "./operation.ts"
import type { ScanPosition } from "./types.ts"
import { invalidity } from "./validity.ts"

/** Asks for the run id of the server that a connection leads to. Without a run id, each connection counts as a server of its own. */
const identify = (connection: Connection): Call => {
  const command = infoFields("server")
  return new Call(command, (value) => {
    const exit = decodeReply(command, value)
    const run = Exit.isSuccess(exit) ? exit.value["run_id"] : undefined
    const { epoch, addressText } = connection
    // Two scans that begin at the same time both ask.
    connection.server ??= run === undefined
      ? `${addressText} connection ${serial++}`
      : `${addressText} ${epoch} ${run}`
  })
}

let serial = 1

/** A page of a scan on its way. */
export class PendingScanPage extends PendingCommand {
  private readonly scan: ScanPosition
  private readonly noted: OperationTrace | undefined
  constructor(
    owner: Dispatcher,
    command: Command.Any,
    position: ScanPosition,
    waiter: Waiter,
    deadline: number,
    timeout: number,
    noted: OperationTrace | undefined
  ) {
    super(owner, command, waiter, deadline, timeout)
    this.scan = position
    this.noted = noted
  }
  override get trace(): OperationTrace | undefined {
    return this.noted
  }
  override finish(exit: Exit.Exit<any, RedisError>): void {
    this.noted?.end(exit)
    super.finish(exit)
  }
  override cancel(): void {
    this.noted?.end(interrupted)
    super.cancel()
  }
  override get position(): ScanPosition {
    return this.scan
  }
  override dispatch(connection: Connection): void {
    this.noted?.sent(connection)
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
        detail: `its cursor belongs to ${server.split(" ", 1)[0]}, which was left or restarted since`
      })
    ))
  }
}

/** Runs a page of a scan, each time that it is run as an Effect. */
class ScanPageEffect extends makeBase(isDirect()) implements Suspending {
  private readonly owner: Dispatcher
  private readonly command: Command.Any
  private readonly position: ScanPosition
  constructor(owner: Dispatcher, command: Command.Any, position: ScanPosition) {
    super()
    this.owner = owner
    this.command = command
    this.position = position
  }
  begin(waiter: Waiter, fiber: Fiber.Fiber<unknown, unknown>): Suspended {
    const { command, owner, position } = this
    const invalid = invalidity(command, !owner.isReserved)
    if (invalid !== undefined) return refusedAtOnce(invalid)
    const { telemetry, timeoutMillis, timer } = owner.execution
    const trace = telemetry.isOn(fiber) ? telemetry.begin(fiber, command) : undefined
    const deadline = timer.turn() + timeoutMillis
    const page = new PendingScanPage(owner, command, position, waiter, deadline, timeoutMillis, trace)
    const at = position.connection
    if (at !== undefined && at.open) owner.submitTo(page, at)
    else owner.submit(page)
    return page
  }
}

/**
 * Runs a page of a scan; `position` is where the scan is, and is updated.
 *
 * @since 0.1.0
 * @category running
 */
export const runScanPage = <A, B>(
  owner: Dispatcher,
  command: Command.Command<A, any, B>,
  position: ScanPosition
): Effect.Effect<A, RedisError> => new ScanPageEffect(owner, command, position)
