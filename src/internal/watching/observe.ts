/**
 * Feeds a recording: from the topology of the group, from what its sentinels publish, and from what its nodes and its
 * sentinels answer. It writes nothing; a probe does that where one is asked for (probe.ts).
 */
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Address from "../../Address.ts"
import type { InvalidOption } from "../../Errors.ts"
import type { DiscoveryOptions, NodeOptions, SessionOptions } from "../../Options.ts"
import type * as Sentinel from "../../Sentinel.ts"
import type { State, Topology } from "../../Topology.ts"
import { askNode } from "./nodes.ts"
import type { Recording } from "./recording.ts"
import { askSentinel } from "./sentinels.ts"

export interface ObserveOptions {
  /** The sessions with nodes, and with sentinels. */
  readonly node: NodeOptions
  readonly sentinel: SessionOptions
  readonly natMap?: DiscoveryOptions["natMap"]
  /** How often the nodes and the sentinels are asked. */
  readonly intervalMillis: number
}

/** How many nodes are asked at most: one sentinel's word is enough for a node to be listed. */
const maxNodes = 64

/** For how long a node is asked that is listed no more: the primary of before is listed as a replica a moment later. */
const unlistedMillis = 30_000

/** The primary and the replicas. */
const nodesOf = (state: State): ReadonlyArray<Address.Address> =>
  [...(state.primary === undefined ? [] : [state.primary]), ...state.replicas.map((replica) => replica.address)]
    .slice(0, maxNodes)

/** Observes a group until the Scope closes. Gives the topology once the sentinels were asked. */
export const observe = (
  sentinel: Sentinel.Service,
  recording: Recording,
  options: ObserveOptions
): Effect.Effect<Topology, InvalidOption, Scope.Scope> =>
  Effect.gen(function*() {
    const topology = yield* sentinel.topology(recording.options.group)
    yield* Effect.forkScoped(
      Stream.runForEach(topology.events, (event) =>
        Effect.sync(() => recording.onEvent(event, recording.options.time.of(event.at)))),
      { startImmediately: true }
    )
    const fibers = yield* FiberMap.make<string, never>()
    const unlisted = new Map<string, number>()
    const questions = yield* FiberMap.make<string, never>()
    const followSentinels = ({ sentinels }: State) =>
      Effect.gen(function*() {
        const wanted = new Map(sentinels.map(({ address }) => [Address.format(address), address]))
        for (const [name, address] of wanted) {
          if (FiberMap.hasUnsafe(questions, name)) {
            continue
          }
          const asked = askSentinel(address, {
            ...options,
            group: recording.options.group,
            now: recording.options.time.now,
            onSight: recording.onSentinel.bind(recording)
          })
          yield* FiberMap.run(questions, name, asked)
        }
        for (const name of Array.from(recording.sentinels.keys())) {
          if (wanted.has(name)) {
            continue
          }
          yield* FiberMap.remove(questions, name)
          recording.forgetSentinel(name)
        }
      })
    const follow = (state: State) =>
      Effect.gen(function*() {
        const now = recording.options.time.now()
        recording.onState(state, state.lastChange === undefined ? now : recording.options.time.of(state.lastChange.at))
        const wanted = new Map(nodesOf(state).map((address) => [Address.format(address), address]))
        for (const [name, address] of wanted) {
          unlisted.delete(name)
          if (FiberMap.hasUnsafe(fibers, name)) {
            continue
          }
          const onSight = recording.onNode.bind(recording)
          yield* FiberMap.run(fibers, name, askNode(address, { ...options, now: recording.options.time.now, onSight }))
        }
        for (const name of Array.from(recording.nodes.keys())) {
          if (wanted.has(name)) {
            continue
          }
          const since = unlisted.get(name) ?? now
          unlisted.set(name, since)
          if (now - since < unlistedMillis && unlisted.size <= maxNodes) {
            continue
          }
          unlisted.delete(name)
          yield* FiberMap.remove(fibers, name)
          recording.forgetNode(name)
        }
        yield* followSentinels(state)
      })
    const first = yield* topology.current
    yield* follow(first)
    yield* Effect.forkScoped(
      Stream.runForEach(topology.changes, (state) =>
        state === first ? Effect.void : follow(state)),
      { startImmediately: true }
    )
    return topology
  })

/** Waits until a condition holds for the recording, which is looked at after each change. */
export const until = (recording: Recording, condition: () => boolean): Effect.Effect<void> =>
  Effect.callback((resume) => {
    if (condition()) return resume(Effect.void)
    const end = recording.listen(() => {
      if (!condition()) return
      end()
      resume(Effect.void)
    })
    return Effect.sync(end)
  })
