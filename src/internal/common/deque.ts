/**
 * A queue in a ring buffer: push and shift take constant time and make no
 * garbage. It has only the operations that connections and executors need.
 */
export class Deque<A> {
  private items: Array<A | undefined> = new Array(64)
  private mask = 63
  private head = 0
  size = 0

  push(item: A): void {
    if (this.size > this.mask) this.grow()
    this.items[(this.head + this.size) & this.mask] = item
    this.size++
  }

  peek(): A | undefined {
    return this.size === 0 ? undefined : this.items[this.head]
  }

  at(index: number): A {
    return this.items[(this.head + index) & this.mask] as A
  }

  set(index: number, item: A): void {
    this.items[(this.head + index) & this.mask] = item
  }

  shift(): A | undefined {
    if (this.size === 0) return undefined
    const item = this.items[this.head]
    this.items[this.head] = undefined
    this.head = (this.head + 1) & this.mask
    this.size--
    return item
  }

  /** Removes and returns all items, in order. */
  drain(): Array<A> {
    const out: Array<A> = []
    while (this.size > 0) out.push(this.shift() as A)
    this.items = new Array(64)
    this.mask = 63
    this.head = 0
    return out
  }

  /** Keeps the items for which the predicate holds, in order. */
  retain(predicate: (item: A) => boolean): void {
    const n = this.size
    for (let i = 0; i < n; i++) {
      const item = this.shift() as A
      if (predicate(item)) this.push(item)
    }
  }

  private grow(): void {
    const capacity = this.items.length * 2
    const grown: Array<A | undefined> = new Array(capacity)
    for (let i = 0; i < this.size; i++) grown[i] = this.at(i)
    this.items = grown
    this.mask = capacity - 1
    this.head = 0
  }
}
