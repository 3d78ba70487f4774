/**
 * Arguments that samples share.
 */

export const pairs = { a: 1, b: 2 }

/** A moment with a whole second, as EXPIREAT takes it. */
export const moment = new Date(2_000_000_000_000)

export const whens = ["nx", "xx", "gt", "lt"] as const

export const place = { longitude: 13.5, latitude: 38 }

export const scored = [{ member: "m", score: 1 }, { member: "n", score: 2 }]
