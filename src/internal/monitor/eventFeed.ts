/**
 * The events of one group for those who look at them: each subscriber gets what the sentinels publish from then on. What
 * an event means for clients is decided elsewhere.
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type * as Address from "../../Address.ts"
import type { Event } from "../../Topology.ts"
import { type HostAndPort, parseEvent } from "../discovery/events.ts"
import type { MonitorRuntime } from "./runtime.ts"

/** How many events wait for a slow subscriber. */
const capacity = 256

/**
 * What the events are read with.
 *
 * @since 0.1.0
 * @category models
 */
export interface EventFeedOptions {
  readonly group: string
  readonly runtime: Pick<MonitorRuntime, "clock">
  /** The address of a place that a sentinel names; undefined where it has none. */
  readonly resolve: (node: HostAndPort) => Address.Address | undefined
}

/**
 * The subscribers of a group's events.
 *
 * @since 0.1.0
 * @category models
 */
export class EventFeed {
  private readonly options: EventFeedOptions
  private readonly queues = new Set<Queue.Queue<Event, Cause.Done>>()
  private isClosed = false
  readonly stream: Stream.Stream<Event>

  constructor(options: EventFeedOptions) {
    this.options = options
    this.stream = Stream.callback<Event>(
      (queue) =>
        Effect.acquireRelease(
          Effect.sync(() => this.isClosed ? Queue.endUnsafe(queue) : this.queues.add(queue)),
          () => Effect.sync(() => this.queues.delete(queue))
        ),
      { bufferSize: capacity, strategy: "sliding" }
    )
  }

  /** A sentinel has published something. */
  onPublished(from: string, channel: string, payload: string): void {
    if (this.queues.size === 0) return
    const { group, resolve, runtime } = this.options
    const event = parseEvent(channel, payload)
    if (event === undefined || (event.group !== undefined && event.group !== group)) return
    const about = event.subject ?? event.next
    const published: Event = {
      at: runtime.clock.currentTimeMillisUnsafe(),
      from,
      name: event.name,
      detail: payload,
      subject: about === undefined ? undefined : resolve(about)
    }
    for (const queue of this.queues) Queue.offerUnsafe(queue, published)
  }

  close(): void {
    this.isClosed = true
    for (const queue of Array.from(this.queues)) Queue.endUnsafe(queue)
    this.queues.clear()
  }
}
