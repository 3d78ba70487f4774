/**
 * The types of all commands on typed values, as commands and as methods of clients. How
 * each encodes and decodes its values is in table.ts, what makes them in Values.ts.
 */
import type { Mode } from "../../Command.ts"
import type { ValueReads } from "./reads.ts"
import type { ValueWrites } from "./writes.ts"

/**
 * The commands on values of type `T`: constructors with the names and the arguments of
 * those in `commands`. `Values.make` makes them.
 *
 * @since 0.1.0
 * @category models
 */
export interface Values<in out T> extends ValueReads<T, "command">, ValueWrites<T, "command"> {}

/**
 * The methods of a client on values of type `T`: `redis.values(users)`. A client of
 * replicas has those that read.
 *
 * @since 0.1.0
 * @category models
 */
export type ValueMethods<T, M extends Mode> = "write" extends M ? ValueReads<T, "method"> & ValueWrites<T, "method">
  : ValueReads<T, "method">
