/**
 * Notices that another process consumes under the same name: entries are pending for the name that this consumer never
 * gets. What is told of it is in consumer.ts.
 *
 * A reply that is under way has come by the next look, and an entry that came in between is none of another process. A
 * look that cannot know, since a reply is lost or the group has moved, says nothing.
 */
import * as Effect from "effect/Effect"
import type { RedisError } from "../../Errors.ts"
import type { Claims } from "./claims.ts"

/** How many entries are suspected at a time. */
const most = 100

export class SharedName {
  private readonly claims: Claims
  /** Entries that were pending at the last look, and that this consumer has not got since. */
  private suspects = new Set<string>()
  /** What the consumer had or got during a look. */
  private seen: Set<string> | undefined
  private isUncertain = false

  constructor(claims: Claims) {
    this.claims = claims
  }

  /** The consumer has got an entry. */
  onTaken(id: string): void {
    this.seen?.add(id)
    this.suspects.delete(id)
  }

  /** What is pending may be what this consumer was to get, or has finished. */
  onUncertain(): void {
    this.suspects.clear()
    this.isUncertain = true
  }

  /**
   * Looks at what is pending for the name, but for the entries that the consumer has or knows. Gives the ids of those
   * that had been pending at the look before, and have not come since.
   */
  look(own: Iterable<string>, isKnown: (id: string) => boolean): Effect.Effect<ReadonlyArray<string>, RedisError> {
    return Effect.suspend(() => {
      const found = Array.from(this.suspects)
      const seen = this.seen = new Set(own)
      this.isUncertain = false
      return Effect.map(this.claims.unknown((id) => seen.has(id) || isKnown(id), most), ({ deliveries }) => {
        this.suspects = this.isUncertain ? new Set() : new Set(deliveries.keys())
        return this.isUncertain ? [] : found
      })
    }).pipe(Effect.ensuring(Effect.sync(() => this.seen = undefined)))
  }
}
