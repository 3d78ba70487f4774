/**
 * A priority queue by time: the earliest item comes first, and of two items with
 * the same time the one that was added first. A binary heap, since Effect has no
 * priority queue.
 */
export interface Item {
  readonly at: number
  readonly serial: number
}

const before = (a: Item, b: Item): boolean => a.at < b.at || (a.at === b.at && a.serial < b.serial)

export class PriorityQueue<A extends Item> {
  private readonly heap: Array<A> = []

  get size(): number {
    return this.heap.length
  }

  get items(): ReadonlyArray<A> {
    return this.heap
  }

  peek(): A | undefined {
    return this.heap[0]
  }

  push(item: A): void {
    const heap = this.heap
    let i = heap.length
    heap.push(item)
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!before(item, heap[parent]!)) break
      heap[i] = heap[parent]!
      i = parent
    }
    heap[i] = item
  }

  /** Removes and returns the earliest item. The queue must not be empty. */
  pop(): A {
    const heap = this.heap
    const top = heap[0]!
    const last = heap.pop()!
    if (heap.length === 0) return top
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++
      if (!before(heap[child]!, last)) break
      heap[i] = heap[child]!
      i = child
    }
    heap[i] = last
    return top
  }

  clear(): void {
    this.heap.length = 0
  }
}
