/**
 * An array of a server in memory: values by index, and where the next one is inserted. The
 * commands are in data/arrays.ts.
 */

/** Redis keeps so many neighbouring indexes together, and gives it in ARINFO. */
export const sliceSize = 4096

/** An array. */
export class ArrayValue {
  private readonly values: Map<bigint, string> = new Map()
  private sorted: Array<bigint> | undefined = undefined
  /** The index that was inserted last; undefined if the next one is 0. */
  cursor: bigint | undefined = undefined

  /** How many values there are. */
  get size(): number {
    return this.values.size
  }
  /** The indexes with values, in order. */
  get indexes(): ReadonlyArray<bigint> {
    return this.sorted ??= Array.from(this.values.keys()).sort((a, b) => (a < b ? -1 : 1))
  }
  /** The greatest index plus 1; 0 if there are no values. */
  get length(): bigint {
    const last = this.indexes.at(-1)
    return last === undefined ? 0n : last + 1n
  }
  /** The value at an index. */
  get(index: bigint): string | undefined {
    return this.values.get(index)
  }
  /** Sets the value at an index. */
  set(index: bigint, value: string): void {
    if (!this.values.has(index)) this.sorted = undefined
    this.values.set(index, value)
  }
  /** Deletes the value at an index. Gives whether there was one. */
  delete(index: bigint): boolean {
    const isDeleted = this.values.delete(index)
    if (isDeleted) this.sorted = undefined
    return isDeleted
  }
  /** Deletes all values. */
  clear(): void {
    this.values.clear()
    this.sorted = undefined
  }
  /** The indexes with values from one to another, backwards if the first is the greater one. */
  between(start: bigint, end: bigint): ReadonlyArray<bigint> {
    const [low, high] = start <= end ? [start, end] : [end, start]
    const found = this.indexes.filter((index) => index >= low && index <= high)
    return start <= end ? found : found.reverse()
  }
  /** A copy. */
  copy(): ArrayValue {
    const copy = new ArrayValue()
    for (const [index, value] of this.values) copy.values.set(index, value)
    copy.cursor = this.cursor
    return copy
  }
}
