/**
 * What a client does in each kind of work, as one interface for this library and
 * for its peers. Each client is used as its documentation recommends; the loops
 * around it are those that its users write. No measure is here.
 */
import type { Ending, Place } from "../clients.ts"

export interface Running {
  /** Ends the work, and closes the connections. */
  readonly close: () => Promise<void>
}

/** An entry of a stream. */
export interface Entry {
  readonly id: string
  readonly number: number
}

export interface Producer extends Running {
  readonly add: (number: number) => Promise<Ending>
}

export interface WorkersOptions {
  readonly key: string
  readonly group: string
  /** The names of the consumers. */
  readonly consumers: ReadonlyArray<string>
  /** How many entries a consumer handles at the same time. */
  readonly concurrency: number
  /** Entries that were idle for so long are claimed. */
  readonly claimAfterMillis: number
  readonly handle: (entry: Entry, consumer: string) => Promise<void>
  /** The client tells that these entries may be processed twice. */
  readonly mayRepeat: (ids: ReadonlyArray<string>) => void
  /** The client tells that all entries after this one may be processed twice. */
  readonly mayRepeatAfter: (id: string) => void
  /** Counts what the client told: errors, and the events of this library. */
  readonly told: (what: string) => void
}

export interface Caller extends Running {
  /** Calls the script once. */
  readonly call: () => Promise<Ending>
}

export interface Counter extends Running {
  /** Adds one to the counter by WATCH, GET and EXEC. A transaction that was aborted is tried again. */
  readonly increment: (caller: number) => Promise<Ending>
}

export interface Listener {
  readonly message: (channel: string, text: string) => void
  /** The client tells that messages may be missing. */
  readonly gap: () => void
}

export interface Publisher extends Running {
  readonly publish: (channel: string, text: string) => Promise<Ending>
}

export interface Pusher extends Running {
  readonly push: (key: string, text: string) => Promise<Ending>
}

export interface QueueOptions {
  readonly key: string
  readonly consumers: number
  readonly handle: (text: string, consumer: number) => Promise<void>
  /** The client tells that so many items may have been lost. */
  readonly maybeLost: (most: number) => void
  readonly told: (what: string) => void
}

export interface WorkDriver {
  readonly name: string
  readonly isOurs: boolean
  readonly producer: (place: Place, key: string) => Promise<Producer>
  /** The number of an entry, from its fields and values as they are on the server. */
  readonly numberOf: (fields: ReadonlyArray<string>) => number
  readonly workers: (place: Place, options: WorkersOptions) => Promise<Running>
  readonly scripts: (place: Place, key: string, lua: string) => Promise<Caller>
  readonly counter: (place: Place, key: string, callers: number) => Promise<Counter>
  /** Resolves once the client says that it is subscribed. */
  readonly subscriber: (place: Place, channels: ReadonlyArray<string>, listener: Listener) => Promise<Running>
  readonly publisher: (place: Place) => Promise<Publisher>
  readonly pusher: (place: Place) => Promise<Pusher>
  /** Consumers of a list that pop: an item is removed before it is handled. */
  readonly pops: (place: Place, options: QueueOptions) => Promise<Running>
  /** Consumers of a list that move an item to a list of their own, handle it, and remove it there. */
  readonly queue: (place: Place, options: QueueOptions) => Promise<Running>
}

/** The value of the field `n`. */
export const numberField = (fields: ReadonlyArray<string>): number => Number(fields[fields.indexOf("n") + 1])
