/**
 * The ids of entries of streams of a server in memory, as numbers. The ids that commands take are
 * read in data/streamArgs.ts.
 */

/** An id: the milliseconds times 2^64, and the sequence number. */
export type Id = bigint

export const maxId: Id = (1n << 128n) - 1n

/** The greatest half of an id. */
export const maxHalf = (1n << 64n) - 1n

export const idOf = (millis: bigint, sequence: bigint): Id => (millis << 64n) | sequence
export const millisOf = (id: Id): bigint => id >> 64n
export const sequenceOf = (id: Id): bigint => id & maxHalf
export const printId = (id: Id): string => `${millisOf(id)}-${sequenceOf(id)}`
