/**
 * A consumer group of a stream of a server in memory: its consumers and its pending entries. The
 * entries themselves are in StreamValue.ts, the commands in data/streamGroups.ts.
 */
import type { Id } from "./StreamId.ts"

/** A consumer. */
export interface Consumer {
  /** Its name. */
  readonly name: string
  /** When it was last used, in milliseconds since the Unix epoch. */
  seenAt: number
  /** When it last got an entry; -1 if it never did. */
  activeAt: number
}

/** An entry that was delivered and not acknowledged. */
export interface Pending {
  /** Its id. */
  readonly id: Id
  /** The consumer that has it; undefined if it was given back. */
  consumer: Consumer | undefined
  /** When it was delivered the last time, in milliseconds since the Unix epoch; 0 if it was given back. */
  deliveredAt: number
  /** How often it was delivered. */
  deliveries: bigint
}

/** The greatest number of deliveries, which marks an entry that nobody can process. */
export const maxDeliveries = (1n << 63n) - 1n

/** Counts a delivery. */
export const countDelivery = (pending: Pending): void => {
  if (pending.deliveries < maxDeliveries) pending.deliveries++
}

/** A group. */
export class StreamGroup {
  /** The id of the last entry that was delivered. */
  lastId: Id
  /** How many entries it has read; -1 if that is not known. */
  entriesRead: bigint
  /** The pending entries by id, in the order in which they were delivered or given back. */
  readonly pending = new Map<Id, Pending>()
  /** The consumers by name. */
  readonly consumers = new Map<string, Consumer>()

  constructor(lastId: Id, entriesRead: bigint) {
    this.lastId = lastId
    this.entriesRead = entriesRead
  }

  /** A copy that shares nothing. */
  copy(): StreamGroup {
    const copy = new StreamGroup(this.lastId, this.entriesRead)
    for (const [name, consumer] of this.consumers) copy.consumers.set(name, { ...consumer })
    for (const [id, pending] of this.pending) {
      const consumer = pending.consumer === undefined ? undefined : copy.consumers.get(pending.consumer.name)
      copy.pending.set(id, { ...pending, consumer })
    }
    return copy
  }

  /** The pending entries in the order of their ids: all, or those of one consumer. */
  ordered(consumer?: Consumer): ReadonlyArray<Pending> {
    const all = Array.from(this.pending.values())
    return (consumer === undefined ? all : all.filter((pending) => pending.consumer === consumer))
      .sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  /** How many pending entries a consumer has. */
  countOf(consumer: Consumer): number {
    let count = 0
    for (const pending of this.pending.values()) if (pending.consumer === consumer) count++
    return count
  }

  /** The consumers in the order of their names. */
  get orderedConsumers(): ReadonlyArray<Consumer> {
    return Array.from(this.consumers.values()).sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** Makes a consumer of that name; undefined if there is one. */
  create(name: string, now: number): Consumer | undefined {
    if (this.consumers.has(name)) return undefined
    const consumer: Consumer = { name, seenAt: now, activeAt: -1 }
    this.consumers.set(name, consumer)
    return consumer
  }

  /** Deletes a consumer with its pending entries. Gives how many these were. */
  delete(name: string): number {
    const consumer = this.consumers.get(name)
    if (consumer === undefined) return 0
    this.consumers.delete(name)
    const pending = this.ordered(consumer)
    for (const { id } of pending) this.pending.delete(id)
    return pending.length
  }

  /** Delivers an entry to a consumer, whoever has it. */
  deliver(id: Id, consumer: Consumer, now: number): Pending {
    const pending: Pending = { id, consumer, deliveredAt: now, deliveries: 1n }
    this.pending.set(id, pending)
    consumer.activeAt = now
    return pending
  }
}
