/**
 * Finds the primary and the replicas of a group through Redis Sentinel, and gives
 * clients whose connections follow them. Fulfils the official guidelines for
 * Sentinel clients
 * (https://redis.io/docs/latest/develop/reference/sentinel-clients/).
 *
 * What becomes of commands while connections move is decided in
 * internal/execution/.
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
import { Check, unwrapped } from "./internal/client/checkOptions.ts"
import { makePrimary, makeReplica } from "./internal/client/client.ts"
import { steady } from "./internal/common/time.ts"
import { kindOf } from "./internal/common/values.ts"
import { askReplicas } from "./internal/discovery/askReplicas.ts"
import { makeDiscovery } from "./internal/discovery/discovery.ts"
import { fixedDiscovery } from "./internal/discovery/fixed.ts"
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
 * @since 0.1.0
 * @category models
 */
export interface Options extends DiscoveryOptions, Topology.Options {
  /** The sentinels to begin with; the port is 26379 unless given. The others of a group are found through them. */
  readonly sentinels: ReadonlyArray<Address.Input>
  /** The sessions with the primary and the replicas, where a client does not say otherwise. */
  readonly node?: NodeOptions | undefined
  /**
   * How discovery is tried again, with a fresh look at every address each time.
   * It receives the error. Default: from 20 milliseconds on, growing to 100,
   * jittered, for 30 seconds. An error that cannot pass ends it at once.
   */
  readonly schedule?: Schedule.Schedule<unknown, ConnectionError> | undefined
}

/**
 * Finds nodes and makes clients.
 *
 * @since 0.1.0
 * @category models
 */
export interface Shape {
  /**
   * The address of a group's primary, as the first sentinel to answer gives
   * it. A short connection to it makes sure that it is one (`verify: false`
   * leaves that out). Tried again by the schedule. Concurrent callers share
   * the questions to the sentinels.
   */
  readonly discoverPrimary: (
    group: string,
    options?: { readonly verify?: boolean | undefined } | undefined
  ) => Effect.Effect<Address.Address, ConnectionError | InvalidOption>

  /** The addresses of a group's replicas; those that are down or disconnected are left out. */
  readonly discoverReplicas: (
    group: string
  ) => Effect.Effect<ReadonlyArray<Address.Address>, ReplicaNotFound | InvalidOption>

  /**
   * A client of a group's primary, until the Scope closes. It connects when the
   * first command needs it, and asks the sentinels before each connection.
   */
  readonly primaryFor: (
    group: string,
    options?: NodeOptions | undefined
  ) => Effect.Effect<Client.PrimaryClient, InvalidOption, Scope.Scope>

  /** A client of one of a group's replicas, until the Scope closes. */
  readonly replicaFor: (
    group: string,
    options?: ReplicaOptions | undefined
  ) => Effect.Effect<Client.ReplicaClient, InvalidOption, Scope.Scope>

  /**
   * What is known of a group, now and from now on, until the Scope closes. It is
   * fed by what every known sentinel publishes and answers.
   */
  readonly topology: (group: string) => Effect.Effect<Topology.Topology, InvalidOption, Scope.Scope>

  /** The sentinels known so far, the one that answered last in front. */
  readonly sentinels: Effect.Effect<ReadonlyArray<Address.Address>>

  /**
   * Runs a command on the sentinels, in their order with a head start each,
   * until one answers. An error reply is an answer too: it fails with it. Only
   * for questions: a command that changes something, changes the session or
   * waits at the server fails with `InvalidCommand`, and is not sent.
   */
  readonly ask: <A>(
    command: Command.Command<A, "read", any>
  ) => Effect.Effect<A, SentinelsUnreachable | ReplyError | UnexpectedReply | InvalidCommand>
}

/**
 * The service that finds primaries and replicas.
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
export class Sentinel extends Context.Service<Sentinel, Shape>()("effect-redis-sentinel/Sentinel") {}

/**
 * The discovery schedule where none is given.
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
): Effect.Effect<Shape, never, Scope.Scope> =>
  Effect.gen(function*() {
    const dial = yield* Connector
    const node = options.node ?? {}
    const followers = yield* RcMap.make({
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
    const left = (): SentinelsUnreachable =>
      new SentinelsUnreachable({
        reports: discovery.sentinels().map((address) =>
          new Report({ address: Address.format(address), kind: "unreachable", detail: closed })
        )
      })
    /** Whoever asks after the end of the service, or still waits then, is told so. */
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
    const follow = (group: string): Effect.Effect<GroupMonitor, InvalidOption, Scope.Scope> =>
      Effect.suspend(() =>
        isClosed ? Effect.fail(new InvalidOption({ option: "group", detail: closed })) : RcMap.get(followers, group)
      )

    /** Whoever uses the service dials as it was told to when it was made. */
    const dialling = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
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

    /** What a client of a group was given, checked, in place of what the service has for nodes. */
    const given = <A extends NodeOptions>(
      check: Check,
      group: string,
      options: A | undefined
    ): A => {
      check.group(group)
      const merged: A = check.session("", { ...node, ...check.fields("", options) } as A)
      check.executor("", merged)
      return merged
    }

    const verified = (group: string) =>
      openPrimary(
        {
          locate: discovery.primary(group),
          locateElsewhere: (disowned, unreachable) => discovery.locateElsewhere(group, disowned, unreachable),
          disproved: (address) => discovery.disproved(group, address),
          observed: (address, remote) => discovery.observed(address, remote),
          unreachable: (address) => discovery.unreachable(address),
          verified: (found) => {
            discovery.confirmed(group, found.value, found.epoch, found.from)
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
            untilClosed(() => new ClientClosed({ target: group }))(dialling(retried(
              verify === false
                ? Effect.map(discovery.primary(group), (found): Address.Address => found.value)
                : Effect.scoped(Effect.map(verified(group), (connection) => connection.address))
            )))
          )
        }),
      discoverReplicas: (group) =>
        Effect.andThen(
          Effect.suspend(() => checked(group)),
          untilClosed(() => new ReplicaNotFound({ group, reason: left() }))(retried(
            Effect.map(
              Effect.suspend(() => askReplicas(discovery, group)),
              ({ listed }) => listed.filter((replica) => replica.isUp).map((replica) => replica.address)
            )
          ))
        ),
      primaryFor: (group, options) =>
        dialling(
          Effect.gen(function*() {
            const check = new Check()
            const merged = given(check, group, options)
            yield* check.result
            const follower = yield* follow(group)
            return makePrimary(
              yield* makeExecutor(primaryTarget(follower, group, merged, schedule), merged)
            )
          })
        ),
      replicaFor: (group, options) =>
        dialling(
          Effect.gen(function*() {
            const check = new Check()
            const merged = given(check, group, options)
            check.replica(merged)
            yield* check.result
            const follower = yield* follow(group)
            const target = replicaTarget(follower, group, merged, schedule)
            let attached = (): void => {}
            const primary = yield* makeExecutor(
              { ...primaryTarget(follower, group, merged, schedule), onConnected: () => attached() },
              merged
            )
            const sticky = (merged.replicaSelection ?? "sticky") === "sticky" && merged.maxLag === undefined
            return makeReplica(
              sticky
                ? yield* makeExecutor(target, merged)
                : yield* makeReplicaRouter(
                  {
                    group,
                    follower,
                    primary,
                    target,
                    onPrimary: (f) => {
                      attached = f
                    },
                    open: (address, offset) => openReplica(follower, { address, offset }, merged, false)
                  },
                  merged
                ),
              merged.fallbackToPrimary === false ? undefined : primary
            )
          })
        ),
      topology: (group) => dialling(Effect.andThen(Effect.suspend(() => checked(group)), follow(group))),
      sentinels: Effect.sync(() => discovery.sentinels()),
      ask: (command) => {
        const problem = Command.problemOf(command) ?? questionProblem(command)
        return problem === undefined
          ? untilClosed(left)(Effect.andThen(Effect.sync(() => discovery.dialAnew()), discovery.ask(command)))
          : Effect.fail(new InvalidCommand({ command: "ask", detail: problem }))
      }
    })
  })

/** What keeps a command from being asked of sentinels, whose connections are everybody's. */
const questionProblem = (command: Command.Any): string | undefined =>
  command.spec.mode !== "read"
    ? "it is not a question: it may change something"
    : Command.sessionOf(command) !== undefined || command.spec.blocks !== undefined
    ? "it would change the session, or wait at the sentinel"
    : Command.check(command)

/** What every client may be given for its nodes, checked and copied. */
const nodeOf = (check: Check, value: NodeOptions | undefined): NodeOptions => {
  const node = check.session("node", value)
  check.executor("node", node)
  return node
}

/** A table is copied, and checked: its keys may hold what must not be shown. */
const natMapOf = (check: Check, natMap: NatMap | undefined): NatMap | undefined => {
  if (natMap === undefined || typeof natMap === "function") return natMap
  const table = check.fields<Record<string, string>>("natMap", natMap)
  let entry = 0
  for (const from of Object.keys(table)) {
    entry++
    const name = isHostAndPort(from) ? `natMap[${JSON.stringify(from)}]` : `natMap (key ${entry})`
    check.address(name, from, 6379)
    if (typeof table[from] !== "string") check.fail(name, `it leads to ${kindOf(table[from])}, not to host:port`)
    else check.address(name, table[from], 6379)
  }
  return table
}

const isHostAndPort = (text: string): boolean => /:\d+$/.test(text) && typeof Address.parse(text, 6379) !== "string"

/**
 * A Sentinel service, until the Scope closes. Nothing is dialled before it is
 * asked for something. Fails with `InvalidOption` for options that cannot work.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<Shape, InvalidOption, Scope.Scope> =>
  Effect.gen(function*() {
    const check = new Check()
    const given = check.fields<Options>("", options ?? null)
    const sentinels: Array<Address.Address> = []
    const inputs = check.items("sentinels", given.sentinels)
    if (inputs.length === 0) check.fail("sentinels", "at least one sentinel is needed")
    if (inputs.length > maxInputs) check.fail("sentinels", `they are more than ${maxInputs}`)
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
    const maxWriteHold = check.duration("maxWriteHold", given.maxWriteHold, false)
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

/** So that nobody compares each of very many addresses with all others. */
const maxInputs = 1000

/**
 * The Sentinel service.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<Sentinel, InvalidOption> => Layer.effect(Sentinel, make(options))

/**
 * The Sentinel service, from a Config of its options.
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
 * Options of `layerStatic`.
 *
 * @since 0.1.0
 * @category models
 */
export interface StaticOptions {
  /** The primary's address; the port is 6379 unless given. */
  readonly primary: Address.Input
  /** The replicas' addresses. Default none. */
  readonly replicas?: ReadonlyArray<Address.Input> | undefined
  readonly node?: NodeOptions | undefined
  readonly schedule?: Schedule.Schedule<unknown, ConnectionError> | undefined
}

/**
 * A service with a fixed primary and replicas, for places without sentinels.
 * Every group has the same nodes. Their roles are verified all the same.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeStatic = (options: StaticOptions): Effect.Effect<Shape, InvalidOption, Scope.Scope> =>
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
 * The Sentinel service with a fixed primary and replicas.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerStatic = (options: StaticOptions): Layer.Layer<Sentinel, InvalidOption> =>
  Layer.effect(Sentinel, makeStatic(options))
