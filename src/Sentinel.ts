/**
 * The Sentinel service: it finds the primary and the replicas of a group through
 * Redis Sentinel, and makes clients whose connections follow them. It implements the
 * guidelines for Sentinel clients
 * (https://redis.io/docs/latest/develop/reference/sentinel-clients/).
 *
 * What happens to commands while connections move is in internal/execution/.
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as RcMap from "effect/RcMap"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Address from "./Address.ts"
import type * as Client from "./Client.ts"
import * as Command from "./Command.ts"
import { Connector } from "./Connector.ts"
import {
  ClientClosed,
  type ConnectionError,
  InvalidCommand,
  InvalidOption,
  ReplicaNotFound,
  type ReplyError,
  Report,
  SentinelsUnreachable,
  type UnexpectedReply
} from "./Errors.ts"
import { Check, onTopOf, unwrapped } from "./internal/client/checkOptions.ts"
import { makePrimary, makeReplica } from "./internal/client/client.ts"
import { steady } from "./internal/common/time.ts"
import { kindOf } from "./internal/common/values.ts"
import { makeDiscovery } from "./internal/discovery/discovery.ts"
import { fixedDiscovery } from "./internal/discovery/fixedDiscovery.ts"
import { surveyReplicas } from "./internal/discovery/surveyReplicas.ts"
import type { Discovery } from "./internal/discovery/types.ts"
import { makeExecutor } from "./internal/execution/executor.ts"
import { type GroupMonitor, makeMonitor } from "./internal/monitor/monitor.ts"
import { makeReplicaRouter } from "./internal/replicas/router.ts"
import { openPrimary, primaryTarget } from "./internal/targets/primary.ts"
import { openReplica, replicaTarget } from "./internal/targets/replica.ts"
import type { DiscoveryOptions, NatMap, NodeOptions, ReplicaOptions } from "./Options.ts"
import type * as Topology from "./Topology.ts"

export type { NatMap, NodeOptions, ReplicaOptions } from "./Options.ts"

/**
 * Options of the Sentinel service.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends DiscoveryOptions, Topology.Options {
  /**
   * The addresses of some sentinels, at least one and at most 1,000, with the default
   * port 26379. The client finds the other sentinels of a group through them.
   */
  readonly sentinels: ReadonlyArray<Address.Input>
  /** The options of clients of the primary and of replicas; a client's own options replace them one by one. */
  readonly node?: NodeOptions | undefined
  /**
   * How discovery is retried; its input is the error. Each attempt asks the sentinels
   * again. An error whose `isRetryable` is false ends it at once. Default:
   * `defaultSchedule`.
   */
  readonly schedule?: Schedule.Schedule<unknown, ConnectionError> | undefined
}

/**
 * The interface of the Sentinel service: finds nodes and makes clients.
 *
 * Methods that take a group or options fail with `InvalidOption` if one is invalid, and
 * those that make clients also after the Scope of the service has closed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * Finds the address of a group's primary, as the first sentinel that answers reports
   * it. Fails with `PrimaryNotFound`, which has the answer of each sentinel, when the
   * `schedule` has ended; with `AuthenticationFailed` if the node refuses the
   * credentials; and with `ClientClosed` after the Scope of the service has closed.
   * Concurrent callers share one question to the sentinels.
   *
   * Source: steps 1 to 3 of https://redis.io/docs/latest/develop/reference/sentinel-clients/
   */
  readonly discoverPrimary: (
    group: string,
    options?: {
      /**
       * Whether to open a connection to the node and ask it for its role, and to continue
       * discovery if it is not a primary. Default true.
       */
      readonly verify?: boolean | undefined
    } | undefined
  ) => Effect.Effect<Address.Address, ConnectionError | InvalidOption>

  /**
   * Finds the addresses of a group's replicas, without those that most sentinels
   * consider down. Fails with `ReplicaNotFound` if no sentinel has given a list when the
   * `schedule` ends, at once if every sentinel says that it does not monitor the group,
   * and after the Scope of the service has closed.
   */
  readonly discoverReplicas: (
    group: string
  ) => Effect.Effect<ReadonlyArray<Address.Address>, ReplicaNotFound | InvalidOption>

  /**
   * Makes a client of a group's primary, which lives until the Scope closes. It connects
   * when the first command needs a connection, and asks the sentinels each time.
   */
  readonly primaryFor: (
    group: string,
    options?: NodeOptions | undefined
  ) => Effect.Effect<Client.PrimaryClient, InvalidOption, Scope.Scope>

  /**
   * Makes a client of a group's replicas, which lives until the Scope closes. The option
   * `replicaSelection` says which replica serves a read.
   */
  readonly replicaFor: (
    group: string,
    options?: ReplicaOptions | undefined
  ) => Effect.Effect<Client.ReplicaClient, InvalidOption, Scope.Scope>

  /**
   * Observes a group until the Scope closes: its primary, replicas, sentinels and write
   * fence, from the events and the answers of all its sentinels.
   */
  readonly topology: (group: string) => Effect.Effect<Topology.Topology, InvalidOption, Scope.Scope>

  /** The addresses of the sentinels that the client knows now; the one that answered last is the first. */
  readonly sentinels: Effect.Effect<ReadonlyArray<Address.Address>>

  /**
   * Runs a command on the sentinels, in order and with a `headStart` each, until one
   * answers. Fails with `ReplyError` if that answer is an error, with
   * `UnexpectedReply` if it cannot be decoded, with `SentinelsUnreachable` if none answers
   * or the Scope of the service has closed, and with `InvalidCommand`, before anything is
   * sent, for a command that writes, changes the session or waits at the server.
   *
   * **Example** (What a sentinel knows of a group)
   *
   * ```ts
   * import { Effect } from "effect"
   * import { commands, Sentinel } from "effect-redis-sentinel"
   *
   * export const program = Effect.gen(function*() {
   *   const sentinel = yield* Sentinel.Sentinel
   *   const group = yield* sentinel.ask(commands.sentinel.primary("mymaster"))
   *   return group.quorum
   * })
   * ```
   */
  readonly ask: <A>(
    command: Command.Command<A, "read", any>
  ) => Effect.Effect<A, SentinelsUnreachable | ReplyError | UnexpectedReply | InvalidCommand>
}

/**
 * The service that finds the primaries and replicas of groups through sentinels.
 *
 * **Example** (The address of a primary)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Sentinel } from "effect-redis-sentinel"
 *
 * export const program = Effect.gen(function*() {
 *   const sentinel = yield* Sentinel.Sentinel
 *   return yield* sentinel.discoverPrimary("mymaster")
 * }).pipe(
 *   Effect.provide(Sentinel.layer({ sentinels: ["localhost:26379"], timeout: "100 millis" }))
 * )
 * ```
 *
 * @since 0.1.0
 * @category services
 */
export class Sentinel extends Context.Service<Sentinel, Service>()("effect-redis-sentinel/Sentinel") {}

/**
 * The default of the option `schedule`: attempts follow each other after pauses that
 * grow from 20 milliseconds to 100, jittered, for 30 seconds.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultSchedule: Schedule.Schedule<unknown, ConnectionError> = Schedule.min([
  Schedule.exponential("20 millis", 1.5),
  Schedule.spaced("100 millis")
]).pipe(Schedule.jittered, Schedule.upTo({ duration: "30 seconds" }))

// -----------------------------------------------------------------------------
// The service
// -----------------------------------------------------------------------------

const fromDiscovery = (
  discovery: Discovery,
  options: Topology.Options & { readonly node?: NodeOptions | undefined },
  schedule: Schedule.Schedule<unknown, ConnectionError>
): Effect.Effect<Service, never, Scope.Scope> =>
  Effect.gen(function*() {
    const dial = yield* Connector
    const node = options.node ?? {}
    const monitors = yield* RcMap.make({
      lookup: (group: string) => makeMonitor(discovery, { ...options, group, node })
    })

    let isClosed = false
    const closing = Deferred.makeUnsafe<void>()
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        isClosed = true
        Deferred.doneUnsafe(closing, Exit.void)
      })
    )
    const closed = "the Scope of the Sentinel service has closed"
    const closedError = (): SentinelsUnreachable =>
      new SentinelsUnreachable({
        reports: discovery.sentinels().map((address) =>
          new Report({ address: Address.format(address), kind: "unreachable", detail: closed })
        )
      })
    /** Fails with `refusal` when the Scope of the service has closed or closes meanwhile. */
    const untilClosed =
      <E2>(refusal: () => E2) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | E2, R> =>
        Effect.suspend(() =>
          isClosed
            ? Effect.fail(refusal())
            : Effect.raceFirst(
              Effect.andThen(Deferred.await(closing), Effect.suspend(() => Effect.fail(refusal()))),
              effect
            )
        )
    const monitorOf = (group: string): Effect.Effect<GroupMonitor, InvalidOption, Scope.Scope> =>
      Effect.suspend(() =>
        isClosed ? Effect.fail(new InvalidOption({ option: "group", detail: closed })) : RcMap.get(monitors, group)
      )

    /** The service opens connections with the `Connector` of its own layer, not with that of its callers. */
    const withConnector = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
      Effect.provideService(effect, Connector, dial)
    const retried = <A, E extends ConnectionError>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
      Effect.retry(Effect.andThen(Effect.sync(() => discovery.dialAnew()), effect), {
        schedule: schedule as Schedule.Schedule<unknown, E>,
        while: (error) => error.isRetryable
      })

    const checked = (group: string): Effect.Effect<void, InvalidOption> => {
      const check = new Check()
      check.group(group)
      return check.result
    }

    /** The options of a client, checked, on top of the option `node` of the service. */
    const given = <A extends NodeOptions>(
      check: Check,
      group: string,
      options: A | undefined
    ): A => {
      check.group(group)
      const merged: A = check.session("", onTopOf(node as A, check.fields("", options)))
      check.executor("", merged)
      return merged
    }

    const verified = (group: string) =>
      openPrimary(
        {
          locate: discovery.locatePrimary(group),
          locateElsewhere: (wrongRole, unreachable) => discovery.locateElsewhere(group, wrongRole, unreachable),
          onWrongRole: (address) => discovery.onWrongRole(group, address),
          onConnected: (address, endpoint) => discovery.onConnected(address, endpoint),
          onUndialable: (address) => discovery.onUndialable(address),
          onVerified: (found) => {
            discovery.onPrimaryVerified(group, found.value, found.epoch, found.from)
            return undefined
          }
        },
        group,
        node
      )

    return Sentinel.of({
      discoverPrimary: (group, options) =>
        Effect.suspend(() => {
          const check = new Check()
          check.group(group)
          const { verify } = check.fields("", options)
          check.boolean("verify", verify)
          return Effect.andThen(
            check.result,
            untilClosed(() => new ClientClosed({ target: group }))(withConnector(retried(
              verify === false
                ? Effect.map(discovery.locatePrimary(group), (found): Address.Address => found.value)
                : Effect.scoped(Effect.map(verified(group), (connection) => connection.address))
            )))
          )
        }),
      discoverReplicas: (group) =>
        Effect.andThen(
          Effect.suspend(() => checked(group)),
          untilClosed(() => new ReplicaNotFound({ group, reason: closedError() }))(retried(
            Effect.map(
              Effect.suspend(() => surveyReplicas(discovery, group)),
              ({ listed }) => listed.filter((replica) => replica.isUp).map((replica) => replica.address)
            )
          ))
        ),
      primaryFor: (group, options) =>
        withConnector(
          Effect.gen(function*() {
            const check = new Check()
            const merged = given(check, group, options)
            yield* check.result
            const monitor = yield* monitorOf(group)
            return makePrimary(
              yield* makeExecutor(primaryTarget(monitor, group, merged, schedule), merged),
              merged.database
            )
          })
        ),
      replicaFor: (group, options) =>
        withConnector(
          Effect.gen(function*() {
            const check = new Check()
            const merged = given(check, group, options)
            check.replica(merged)
            yield* check.result
            const monitor = yield* monitorOf(group)
            let attached = (): void => {}
            const primary = yield* makeExecutor(
              { ...primaryTarget(monitor, group, merged, schedule), onConnected: () => attached() },
              merged
            )
            const sticky = (merged.replicaSelection ?? "sticky") === "sticky" && merged.maxLag === undefined
            return makeReplica(
              sticky
                ? yield* makeExecutor(
                  { ...replicaTarget(monitor, group, merged, schedule), runAtPrimary: primary.run },
                  merged
                )
                : yield* makeReplicaRouter(
                  {
                    group,
                    monitor,
                    primary,
                    schedule,
                    onPrimary: (f) => {
                      attached = f
                    },
                    open: (address, offset) => openReplica(monitor, { address, offset }, merged, false)
                  },
                  merged
                ),
              merged.fallbackToPrimary === false ? undefined : primary,
              merged.database
            )
          })
        ),
      topology: (group) => withConnector(Effect.andThen(Effect.suspend(() => checked(group)), monitorOf(group))),
      sentinels: Effect.sync(() => discovery.sentinels()),
      ask: (command) => {
        const problem = Command.problemOf(command) ?? questionProblem(command)
        return problem === undefined
          ? untilClosed(closedError)(Effect.andThen(Effect.sync(() => discovery.dialAnew()), discovery.ask(command)))
          : Effect.fail(new InvalidCommand({ command: "ask", detail: problem }))
      }
    })
  })

/** Why `ask` does not run a command on sentinels, whose connections are shared; undefined if it does. */
const questionProblem = (command: Command.Any): string | undefined =>
  command.spec.mode !== "read"
    ? "ask accepts queries only, and this command may change something"
    : Command.sessionOf(command) !== undefined || command.spec.blockingMillis !== undefined
    ? "ask accepts no command that changes the session or waits at the sentinel"
    : Command.check(command)

/** The option `node`, checked and copied. */
const nodeOf = (check: Check, value: NodeOptions | undefined): NodeOptions => {
  const node = check.session("node", value)
  check.executor("node", node)
  return node
}

/** The option `natMap`; a table is checked and copied. Errors show only keys that are addresses. */
const natMapOf = (check: Check, natMap: NatMap | undefined): NatMap | undefined => {
  if (natMap === undefined || typeof natMap === "function") return natMap
  const table = check.fields<Record<string, string>>("natMap", natMap)
  let entry = 0
  for (const from of Object.keys(table)) {
    entry++
    const name = isHostAndPort(from) ? `natMap[${JSON.stringify(from)}]` : `natMap (key ${entry})`
    check.address(name, from, 6379)
    if (typeof table[from] !== "string") check.fail(name, `expected host:port, got ${kindOf(table[from])}`)
    else check.address(name, table[from], 6379)
  }
  return table
}

const isHostAndPort = (text: string): boolean => /:\d+$/.test(text) && typeof Address.parse(text, 6379) !== "string"

/**
 * Makes a Sentinel service, which lives until the Scope closes. It opens no connection
 * before its first use. Fails with `InvalidOption` if an option is invalid.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<Service, InvalidOption, Scope.Scope> =>
  Effect.gen(function*() {
    const check = new Check()
    const given = check.fields<Options>("", options ?? null)
    const sentinels: Array<Address.Address> = []
    const inputs = check.items("sentinels", given.sentinels)
    if (inputs.length === 0) check.fail("sentinels", "at least one sentinel is required")
    if (inputs.length > maxInputs) check.fail("sentinels", `at most ${maxInputs} sentinels are accepted`)
    inputs.slice(0, maxInputs).forEach((input, i) => {
      const address = check.address(`sentinels[${i}]`, input, 26379)
      if (address !== undefined && !sentinels.some((a) => Address.equals(a, address))) sentinels.push(address)
    })
    const timeout = check.duration("timeout", given.timeout)
    const headStart = check.duration("headStart", given.headStart)
    check.integer("minOtherSentinels", given.minOtherSentinels, 0, 1000)
    const sentinel = check.session("sentinel", given.sentinel)
    const node = nodeOf(check, given.node)
    const natMap = natMapOf(check, given.natMap)
    const maxWriteHold = check.timeout("maxWriteHold", given.maxWriteHold, false)
    check.oneOf("follow", given.follow, ["sentinels", "promotion"])
    check.oneOf("whenFar", given.whenFar, ["withhold", "believe"])
    check.oneOf("whenIsolated", given.whenIsolated, ["allow", "hold", "fail"])
    check.function("label", given.label)
    check.schedule("schedule", given.schedule)
    yield* check.result
    const checked: Options = { ...given, sentinels, timeout, headStart, sentinel, node, natMap, maxWriteHold }
    const discovery = yield* makeDiscovery(checked, sentinels)
    return yield* fromDiscovery(discovery, checked, steady(checked.schedule ?? defaultSchedule))
  })

/** Each address is compared with all others. */
const maxInputs = 1000

/**
 * A Layer with the Sentinel service. Fails with `InvalidOption` if an option is
 * invalid.
 *
 * **Example** (Sentinels and nodes with their own passwords)
 *
 * ```ts
 * import { Redacted } from "effect"
 * import { Sentinel } from "effect-redis-sentinel"
 *
 * export const live = Sentinel.layer({
 *   sentinels: ["10.0.0.5:26379", "10.0.0.6:26379", "10.0.0.7:26379"],
 *   sentinel: { password: Redacted.make("of the sentinels") },
 *   node: { password: Redacted.make("of the nodes"), commandTimeout: "2 seconds" }
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<Sentinel, InvalidOption> => Layer.effect(Sentinel, make(options))

/**
 * A Layer with the Sentinel service, from a Config of its options. Fails with
 * `ConfigError` if the Config cannot be read, and with `InvalidOption` if an option is
 * invalid.
 *
 * **Example** (From the environment)
 *
 * ```ts
 * import { Config } from "effect"
 * import { Sentinel } from "effect-redis-sentinel"
 *
 * export const live = Sentinel.layerConfig({
 *   sentinels: Config.map(Config.String("SENTINELS"), (list) => list.split(",")),
 *   node: { password: Config.Redacted("REDIS_PASSWORD") }
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Wrap<Options>
): Layer.Layer<Sentinel, InvalidOption | Config.ConfigError> =>
  Layer.effect(Sentinel, Effect.flatMap(unwrapped(options), make))

/**
 * Options of `makeStatic` and `layerStatic`.
 *
 * @since 0.1.0
 * @category models
 */
export interface StaticOptions {
  /** The address of the primary, with the default port 6379. */
  readonly primary: Address.Input
  /** The addresses of the replicas, with the default port 6379. Default: none. */
  readonly replicas?: ReadonlyArray<Address.Input> | undefined
  /** The options of clients of the primary and of replicas; a client's own options replace them one by one. */
  readonly node?: NodeOptions | undefined
  /** How connecting is retried; its input is the error. Default: `defaultSchedule`. */
  readonly schedule?: Schedule.Schedule<unknown, ConnectionError> | undefined
}

/**
 * Makes a Sentinel service with a fixed primary and fixed replicas, for environments
 * without sentinels. Every group has the same nodes. Clients verify their roles as
 * usual. Fails with `InvalidOption` if an option is invalid.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeStatic = (options: StaticOptions): Effect.Effect<Service, InvalidOption, Scope.Scope> =>
  Effect.gen(function*() {
    const check = new Check()
    const given = check.fields<StaticOptions>("", options ?? null)
    const primary = check.address("primary", given.primary, 6379)
    const replicas = check.items("replicas", given.replicas).map((input, i) =>
      check.address(`replicas[${i}]`, input, 6379)
    )
    const node = nodeOf(check, given.node)
    check.schedule("schedule", given.schedule)
    yield* check.result
    const from = "the options"
    return yield* fromDiscovery(
      fixedDiscovery(primary!, replicas as ReadonlyArray<Address.Address>, from),
      { node },
      steady(given.schedule ?? defaultSchedule)
    )
  })

/**
 * A Layer with the Sentinel service of `makeStatic`. Fails with `InvalidOption` if an
 * option is invalid.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerStatic = (options: StaticOptions): Layer.Layer<Sentinel, InvalidOption> =>
  Layer.effect(Sentinel, makeStatic(options))
