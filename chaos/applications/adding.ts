/** Producers of numbers, which are the entries of a stream or the items of a list. */
import type { Ending } from "../clients.ts"
import { sleep } from "../faults.ts"
import { Tally } from "./report.ts"

/** Adds the numbers from 0 on in an even pace, so that faults meet it at work, each until it is acknowledged. */
export class Adding {
  /** When each number was acknowledged. */
  readonly acknowledged = new Map<number, number>()
  readonly errors = new Tally()
  /** How often the client told that a number may have been added although it was not acknowledged. */
  inDoubt = 0
  /** No number from here on is added yet. */
  limit: number
  private next = 0
  private stopped = false
  constructor(
    add: (number: number) => Promise<Ending>,
    producers: number,
    limit: number,
    everyMillis: number
  ) {
    this.limit = limit
    const began = performance.now()
    const one = async (): Promise<void> => {
      while (!this.stopped) {
        if (this.next >= this.limit) {
          await sleep(20)
          continue
        }
        const number = this.next++
        const wait = began + number * everyMillis - performance.now()
        if (wait > 1) await sleep(wait)
        while (!this.stopped) {
          const ending = await add(number)
          if (ending.ok) {
            this.acknowledged.set(number, performance.now())
            break
          }
          this.errors.add(ending.tag)
          if (ending.mayBeExecuted) this.inDoubt++
          await sleep(50)
        }
      }
    }
    for (let i = 0; i < producers; i++) void one()
  }

  stop(): void {
    this.stopped = true
  }
}
