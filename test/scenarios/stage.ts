/**
 * Where a scenario plays: a deployment in memory, whose time passes by itself,
 * or one of real processes. A scenario cannot tell which.
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { commands, Connector, RedisClient } from "../../src/index.ts"
import * as Testing from "../../src/testing/index.ts"
import { deployment } from "../support/processes.ts"
import { timePassing } from "../support/time.ts"

export interface Stage {
  readonly real: boolean
  readonly group: string
  /** The addresses of the nodes, the first primary in front. */
  readonly nodes: ReadonlyArray<string>
  readonly sentinels: ReadonlyArray<string>
  readonly kill: (address: string) => Effect.Effect<void>
  readonly restart: (address: string) => Effect.Effect<void>
  /** Stops a process, or lets it go on. */
  readonly hang: (address: string) => Effect.Effect<void>
  readonly resume: (address: string) => Effect.Effect<void>
  /** The address of the node that says this of itself in INFO. */
  readonly nodeOf: (info: commands.Info<"server">) => string
  readonly failover: Effect.Effect<void, unknown>
  /** Lets clients that an effect makes reach this place. */
  readonly within: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

export const memory: Effect.Effect<Stage, never, Scope.Scope> = Effect.map(
  Effect.orDie(Testing.make()),
  (control): Stage => ({
    real: false,
    group: control.group,
    nodes: control.nodes,
    sentinels: control.sentinels,
    kill: control.kill,
    restart: control.restart,
    hang: control.hang,
    resume: control.resume,
    nodeOf: (info) => control.nodes.find((address) => control.node(address).runId === info.server.run_id)!,
    failover: control.failover,
    within: (effect) => Effect.provideService(effect, Connector.Connector, control.network.dial)
  })
)

export const processes: Effect.Effect<Stage, never, Scope.Scope> = Effect.map(deployment(), (d): Stage => {
  const all = new Map([d.primary, ...d.replicas, ...d.sentinels].map((server) => [server.address, server]))
  const at = (address: string) => all.get(address)!
  return {
    real: true,
    group: d.group,
    nodes: [d.primary.address, ...d.replicas.map((r) => r.address)],
    sentinels: d.sentinelAddresses,
    kill: (address) => at(address).kill,
    restart: (address) => at(address).restart,
    hang: (address) => at(address).signal("SIGSTOP"),
    resume: (address) => at(address).signal("SIGCONT"),
    nodeOf: (info) => `127.0.0.1:${info.server.tcp_port}`,
    failover: Effect.scoped(
      Effect.flatMap(
        RedisClient.make({ address: d.sentinelAddresses[0]! }),
        (sentinel) => sentinel.run(commands.sentinel.failover(d.group))
      )
    ),
    within: (effect) => effect
  }
})

/** Lets a scenario play while the test clock moves on by itself. */
export const whileTimePasses = timePassing("5 millis")

/** Waits until something holds, for half a minute at most. */
export const until = <E, R>(condition: Effect.Effect<boolean, E, R>): Effect.Effect<void, unknown, R> =>
  condition.pipe(
    Effect.flatMap((yes) => yes ? Effect.void : Effect.fail("not yet" as const)),
    Effect.retry(Schedule.spaced("10 millis").pipe(Schedule.upTo({ duration: "30 seconds" })))
  )
