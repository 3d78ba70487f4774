/**
 * An executor whose group the test moves, over connections that the test makes.
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { Connector } from "../../src/index.ts"
import { openConnection } from "../../src/internal/connection/handshake.ts"
import { makeExecutor } from "../../src/internal/execution/executor.ts"
import type { ConnectionTarget, TargetListener, WriteGateState } from "../../src/internal/execution/types.ts"
import type { ExecutorOptions } from "../../src/Options.ts"

export const nodes = [{ host: "10.0.0.1", port: 6379 }, { host: "10.0.0.2", port: 6379 }] as const

/** Starts at the first node. */
export const executorOf = (
  dial: Connector.Dial,
  options: ExecutorOptions = {},
  target: Partial<ConnectionTarget> = {}
) =>
  Effect.gen(function*() {
    let listener: TargetListener | undefined
    let to: typeof nodes[number] = nodes[0]
    const open = Effect.suspend(() =>
      openConnection(to, { protocol: 2, pingInterval: "1 hour", stallTimeout: "1 hour" })
    ).pipe(Effect.provideService(Connector.Connector, dial))
    const executor = yield* makeExecutor({
      label: "group",
      canRelocate: true,
      open,
      openBeside: () => open,
      openAt: () => open,
      schedule: Schedule.spaced("10 millis"),
      watch: (given) => {
        listener = given
        return () => {}
      },
      ...target
    }, options)
    return {
      executor,
      gate: (gate: WriteGateState) => listener!.gate(gate, 0),
      /** Moves the group's primary to the second node. */
      move: () => {
        to = nodes[1]
        listener!.moved(nodes[1], 2)
      }
    }
  }).pipe(Effect.provideService(Connector.Connector, dial))
