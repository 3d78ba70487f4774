/**
 * Reads the events that the sentinels publish of one group, and says what each
 * means for it: a failover began, a replica was selected or promoted, a failover
 * was aborted. What follows from that is decided by the monitor.
 */
import * as Address from "../../Address.ts"
import { type Event, type HostAndPort, meaningOf, parseEvent } from "../discovery/events.ts"
import type { StateReader } from "./groupState.ts"
import type { Survey } from "./survey.ts"

/**
 * What the events are read with, and who receives their meaning.
 *
 * @since 0.1.0
 * @category models
 */
export interface FailoverEventsOptions {
  readonly state: StateReader
  readonly survey: Pick<Survey, "ask" | "begin" | "beginSoon">
  /** The address of a place that a sentinel names; undefined where it has none. */
  readonly resolve: (node: HostAndPort) => Address.Address | undefined
  /** A sentinel reports that a failover of the primary is under way. */
  readonly onStart: (from: string, event: string) => void
  /** A sentinel reports that it selects a replica next. */
  readonly onAnnouncement: (from: string, event: string) => void
  /** A sentinel reports that a replica has been selected or promoted in place of the primary. */
  readonly onSelection: (from: string, event: string, candidate: Address.Address | undefined) => void
  /** A sentinel has aborted a failover. */
  readonly onAbort: (from: string, event: string) => void
}

/**
 * The events of one group.
 *
 * @since 0.1.0
 * @category models
 */
export class FailoverEvents {
  private readonly options: FailoverEventsOptions
  /** The current epoch of each sentinel, as it last published it. */
  private readonly epochs = new Map<string, number>()
  /** The last event of each sentinel that can only be understood once the primary is known. */
  private readonly deferred = new Map<string, Event>()

  constructor(options: FailoverEventsOptions) {
    this.options = options
  }

  /** The current epoch that a sentinel has published; 0 if none. */
  epochOf(from: string): number {
    return this.epochs.get(from) ?? 0
  }

  /** Reads what a sentinel has published. */
  onPublished(from: string, channel: string, payload: string): void {
    const event = parseEvent(channel, payload)
    if (event === undefined) return
    if (event.epoch !== undefined) this.epochs.set(from, event.epoch)
    if (event.group === this.options.state.current.group) this.onEvent(from, event)
  }

  /** The primary is known now: reads the events that were deferred until then. */
  onPrimaryFound(): void {
    for (const [from, event] of Array.from(this.deferred)) this.onEvent(from, event)
    this.deferred.clear()
  }

  /** Drops what was deferred of a sentinel that is unreachable. */
  onUnreachable(from: string): void {
    this.deferred.delete(from)
  }

  forget(from: string): void {
    this.deferred.delete(from)
    this.epochs.delete(from)
  }

  private onEvent(from: string, event: Event): void {
    const { onAbort, onAnnouncement, onSelection, onStart, resolve, state, survey } = this.options
    const { primary } = state.current
    const { name } = event
    const meaning = meaningOf(name)
    if (primary === undefined && (meaning === "announcement" || meaning === "selection" || meaning === "promotion")) {
      this.deferred.set(from, event)
    } else if (meaning === "abort") this.deferred.delete(from)
    const failing = event.primary === undefined ? undefined : resolve(event.primary)
    const isOurs = failing !== undefined && (primary === undefined || Address.equals(failing, primary))
    if (meaning === "start" || meaning === "announcement") {
      if (!isOurs) return this.onUnknownNode(from, failing)
      if (meaning === "start") onStart(from, name)
      else onAnnouncement(from, name)
    } else if (meaning === "selection") {
      if (!isOurs) return this.onUnknownNode(from, failing)
      onSelection(from, name, event.subject === undefined ? undefined : resolve(event.subject))
    } else if (meaning === "promotion") {
      const next = event.next === undefined ? undefined : resolve(event.next)
      const isFollowed = next !== undefined && primary !== undefined && Address.equals(next, primary)
      if (!isOurs || isFollowed) return survey.beginSoon()
      onSelection(from, name, next ?? (name === "+promoted-slave" ? resolve(event.subject!) : undefined))
      // A round waits for all sentinels, this question for one.
      survey.ask(from)
      survey.begin()
    } else {
      if (meaning === "abort") onAbort(from, name)
      survey.beginSoon()
    }
  }

  /** A failover of a node that is not known: it may be the primary by another name. The sentinel's answer tells. */
  private onUnknownNode(from: string, node: Address.Address | undefined): void {
    const { primary, replicas } = this.options.state.current
    if (node === undefined || primary === undefined) return
    if (replicas.some((replica) => Address.equals(replica.address, node))) return
    this.options.survey.ask(from)
  }
}
