/**
 * What the dumps of Bloom and cuckoo filters have in common.
 */
import * as Command from "../../Command.ts"

/**
 * A part of a filter.
 *
 * @since 0.1.0
 * @category models
 */
export interface Chunk {
  /** What the next call asks for; 0 after the last part. */
  readonly iterator: number
  /** The part; empty after the last one. */
  readonly data: Uint8Array
}

/** Reads a part of a filter, as bytes. */
export const chunk: Command.Decode<Chunk> = Command.custom<Chunk>((value) => {
  const [iterator = null, data = null] = Command.list(value)
  return {
    iterator: Command.integer(iterator),
    data: data === null ? new Uint8Array() : Command.bulkString(data, true) as Uint8Array
  }
})
