/**
 * Turns of those callers of one client that watch the same keys and were in each other's way. What a caller does in its
 * turn is in watch.ts.
 *
 * A turn is a courtesy, not a lock: a caller that waits in vain goes on without one, and WATCH decides.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { Buffer } from "node:buffer"
import type * as Command from "../../Command.ts"
import { Deque } from "../common/deque.ts"
import { timeoutOrElse } from "../common/time.ts"

/** The same text for the same keys, in whatever order. */
const lineOf = (keys: ReadonlyArray<Command.Key>): string =>
  JSON.stringify(keys.map((key) => Buffer.from(key as string).toString("latin1")).sort())

/** The callers that wait for a turn, and how often it was passed on. */
class Line {
  readonly waiting = new Deque<Place>()
  passed = 0
}

/** The line of each set of keys. One in which nobody has the turn is not there. */
type Lines = Map<string, Line>

/** A caller's place in the line of its keys. It must be left. */
class Place {
  hasTurn = false
  private isWaiting = false
  private onTurn: (() => void) | undefined = undefined
  private readonly lines: Lines
  private readonly name: string

  constructor(lines: Lines, name: string) {
    this.lines = lines
    this.name = name
  }

  /** Whether another caller has the turn. */
  get isTaken(): boolean {
    return !this.hasTurn && this.lines.has(this.name)
  }

  /**
   * Waits for the turn, for as long as it is passed on at least every `millis` milliseconds and `mayWait` says so. The
   * place in the line stays.
   */
  take(millis: number, mayWait: () => boolean): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.hasTurn) return Effect.void
      const line = this.lines.get(this.name)
      if (line === undefined) {
        this.hasTurn = true
        this.lines.set(this.name, new Line())
        return Effect.void
      }
      if (!this.isWaiting) line.waiting.push(this)
      this.isWaiting = true
      const { passed } = line
      const turn = Effect.callback<void>((resume) => {
        if (this.hasTurn) return resume(Effect.void)
        this.onTurn = () => resume(Effect.void)
      })
      return timeoutOrElse(turn, {
        duration: Duration.millis(millis),
        orElse: () => line.passed > passed && mayWait() ? this.take(millis, mayWait) : Effect.void
      })
    })
  }

  private give(): void {
    this.isWaiting = false
    this.hasTurn = true
    this.onTurn?.()
  }

  /** Gives the turn to the next one. */
  leave(): void {
    const line = this.lines.get(this.name)
    if (line === undefined) return
    if (!this.hasTurn) {
      if (this.isWaiting) line.waiting.retain((other) => other !== this)
      this.isWaiting = false
      return
    }
    this.hasTurn = false
    line.passed++
    if (line.waiting.size === 0) this.lines.delete(this.name)
    else line.waiting.shift()!.give()
  }
}

export class WatchTurns {
  private readonly lines: Lines = new Map()

  placeFor(keys: ReadonlyArray<Command.Key>): Place {
    return new Place(this.lines, lineOf(keys))
  }
}
