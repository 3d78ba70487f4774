/** The ids of entries as numbers: their order, and what comes before one. */

const maxSequence = (1n << 64n) - 1n

const partsOf = (id: string): readonly [millis: bigint, sequence: bigint] => {
  const dash = id.indexOf("-")
  return dash === -1 ? [BigInt(id), 0n] : [BigInt(id.slice(0, dash)), BigInt(id.slice(dash + 1))]
}

/** Negative if the first id is lower, positive if it is greater. */
export const compareIds = (a: string, b: string): number => {
  if (a === b) return 0
  const [aMillis, aSequence] = partsOf(a)
  const [bMillis, bSequence] = partsOf(b)
  return aMillis === bMillis
    ? aSequence < bSequence ? -1 : aSequence > bSequence ? 1 : 0
    : aMillis < bMillis
    ? -1
    : 1
}

/** The greatest id that is lower; `"0-0"` for itself. */
export const idBefore = (id: string): string => {
  const [millis, sequence] = partsOf(id)
  if (sequence > 0n) return `${millis}-${sequence - 1n}`
  return millis === 0n ? "0-0" : `${millis - 1n}-${maxSequence}`
}
