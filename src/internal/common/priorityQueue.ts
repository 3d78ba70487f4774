/**
 * What is to be done when, the earliest first; of two at the same time, the one
 * that was put in first. A binary heap: Effect has no priority queue.
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

  /** Takes the earliest out. There has to be one. */
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
