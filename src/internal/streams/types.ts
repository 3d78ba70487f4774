/**
 * What the parts of streams have in common: entries with their values, entries as servers send them, and what a codec
 * of entries is. Types only.
 */
import type { Arg, Key } from "../../Command.ts"
import type { DurationInput, NotWith } from "../../commands/options.ts"
import type { StreamReferences } from "../commands/streams.ts"
import type { Moment } from "../commands/time.ts"

/**
 * An entry of a stream with its value.
 *
 * @since 0.1.0
 * @category models
 */
export interface Entry<out T> {
  /** Always `"Entry"`. */
  readonly _tag: "Entry"
  /** Its id: milliseconds, a hyphen, and a sequence number. */
  readonly id: string
  /** Its value. */
  readonly value: T
}

/**
 * An entry whose fields do not fit the schema or the codec of the stream.
 *
 * @since 0.1.0
 * @category models
 */
export interface Misfit {
  /** Always `"Misfit"`. */
  readonly _tag: "Misfit"
  /** Its id: milliseconds, a hyphen, and a sequence number. */
  readonly id: string
  /** Why it does not fit, without what the fields contain. */
  readonly issue: string
  /** Its fields as they are stored, in their order. */
  readonly fields: RawFields
}

/**
 * The fields of an entry as bytes, in their order; a name may occur twice.
 *
 * @since 0.1.0
 * @category models
 */
export type RawFields = ReadonlyArray<readonly [name: Uint8Array, value: Uint8Array]>

/** An entry as the server sends it. */
export interface RawEntry {
  readonly id: string
  readonly fields: RawFields
}

/**
 * A codec of one's own for whole entries: it names their fields.
 *
 * @since 0.1.0
 * @category models
 */
export interface FieldsCodec<in out T> {
  /** Gives the fields of an entry, at least one. It may throw for a value that cannot be stored. */
  readonly encode: (value: T) => Readonly<Record<string, Arg>> | Iterable<readonly [field: Key, value: Arg]>
  /** Gives the value of an entry; of a field that it has twice, the last one. It may throw for what does not fit. */
  readonly decode: (fields: Readonly<Record<string, Uint8Array>>) => T
}

/** How the entries of one stream are stored. Both functions throw `Unfit`. */
export interface EntryCodec<in out T> {
  readonly encode: (value: T) => ReadonlyArray<readonly [field: Key, value: Arg]>
  readonly decode: (fields: RawFields) => T
}

/**
 * What stays of a stream: so many of the newest entries (`"maxlen"`), those from an id or a moment on (`"minid"`), or
 * those that are not older than a duration (`"maxage"`).
 *
 * @since 0.1.0
 * @category models
 */
export type TrimThreshold =
  | {
    /** By length. */
    readonly strategy: "maxlen"
    /** How many entries stay. */
    readonly threshold: number
  }
  | {
    /** By id. */
    readonly strategy: "minid"
    /** The lowest id that stays, or the moment from which on entries stay. */
    readonly threshold: string | Moment
  }
  | {
    /** By age: the ids of entries begin with the server's time, and this client's clock says what time it is. */
    readonly strategy: "maxage"
    /** How old an entry may be. */
    readonly threshold: DurationInput
  }

/**
 * Old entries are removed up to the threshold.
 *
 * @since 0.1.0
 * @category models
 */
export type TrimExactly = TrimThreshold & {
  /** Exactly: the default. */
  readonly approximate?: false | undefined
  /** Not with exact trimming. */
  readonly limit?: NotWith<"exact trimming: it needs approximate"> | undefined
  /** What happens to the pending references of groups to removed entries. Needs Redis 8.2. */
  readonly references?: StreamReferences | undefined
}

/**
 * Old entries are removed in whole blocks, which is faster; some stay that an exact threshold would remove.
 *
 * @since 0.1.0
 * @category models
 */
export type TrimApproximately = TrimThreshold & {
  /** Whether whole blocks are removed only (`~`). */
  readonly approximate: true
  /** How many entries are removed at most; 0: no limit. Default: 100 times what a block holds. */
  readonly limit?: number | undefined
  /** What happens to the pending references of groups to removed entries. Needs Redis 8.2. */
  readonly references?: StreamReferences | undefined
}

/**
 * How a stream is trimmed.
 *
 * @since 0.1.0
 * @category models
 */
export type Trim = TrimExactly | TrimApproximately

/** A stream as `RedisStream.make` has checked it. */
export interface Definition<in out T> {
  readonly key: Key
  /** The key in words, for messages. */
  readonly label: string
  readonly codec: EntryCodec<T>
  /** How `add` trims; undefined: not at all. */
  readonly trim: Trim | undefined
}
