/**
 * The state of one group as others see it, and those who receive its changes:
 * subscribers of the topology, and the clients that watch the group. It decides
 * nothing: each field has one part of the monitor that writes it.
 */
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as Stream from "effect/Stream"
import type { State } from "../../Topology.ts"
import type { MonitorRuntime } from "./runtime.ts"
import type { MonitorListener } from "./types.ts"

/**
 * The state, for a part that only reads it.
 *
 * @since 0.1.0
 * @category models
 */
export interface StateReader {
  readonly current: State
}

/**
 * The state, for the part that writes the fields `K`.
 *
 * @since 0.1.0
 * @category models
 */
export interface StateWriter<K extends keyof State> extends StateReader {
  /** Changes the state and publishes it. `what` and `from` describe the change. */
  publish(change: Pick<State, K>, what: string, from: string): void
  /** Changes the state without publishing it: for what no subscriber has to act on. */
  replace(change: Pick<State, K>): void
}

/** The state of a group of which nothing is known yet. */
export const initialState = (group: string): State => ({
  group,
  primary: undefined,
  epoch: 0,
  isProvisional: false,
  replicas: [],
  sentinels: [],
  fence: undefined,
  isIsolated: false,
  lastChange: undefined
})

/**
 * Holds the state, publishes its changes and calls the listeners.
 *
 * @since 0.1.0
 * @category models
 */
export class GroupState implements StateWriter<keyof State> {
  current: State
  /** The state as it was last published, and then every change. */
  readonly changes: Stream.Stream<State>
  private readonly runtime: MonitorRuntime
  private readonly pubsub: PubSub.PubSub<State>
  private readonly listeners = new Set<MonitorListener>()

  constructor(group: string, runtime: MonitorRuntime, pubsub: PubSub.PubSub<State>) {
    this.runtime = runtime
    this.pubsub = pubsub
    this.changes = Stream.fromPubSub(pubsub)
    this.current = initialState(group)
  }

  publish(change: Partial<State>, what: string, from: string): void {
    const at = this.runtime.clock.currentTimeMillisUnsafe()
    this.current = { ...this.current, ...change, lastChange: { at, what, from } }
    this.runtime.detach(PubSub.publish(this.pubsub, this.current))
    this.notify((listener) => listener.changed?.(this.current))
  }

  replace(change: Partial<State>): void {
    this.current = { ...this.current, ...change }
  }

  addListener(listener: MonitorListener): void {
    this.listeners.add(listener)
  }

  removeListener(listener: MonitorListener): void {
    this.listeners.delete(listener)
  }

  /** Calls every listener, even if one of them throws. */
  notify(call: (listener: MonitorListener) => void): void {
    for (const listener of Array.from(this.listeners)) {
      // A listener that was called before may have removed it.
      if (!this.listeners.has(listener)) continue
      try {
        call(listener)
      } catch (defect) {
        this.runtime.detach(
          Effect.logError(`${this.current.group}: a client failed to handle a change of the group`, defect)
        )
      }
    }
  }

  close(): void {
    this.listeners.clear()
  }
}
