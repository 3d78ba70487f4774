/**
 * Types that the arguments and options of many commands share: durations, moments,
 * one or several keys, and fields that exclude each other. What they mean on the
 * wire is in internal/commands/time.ts and internal/commands/args.ts.
 *
 * @since 0.1.0
 */
export type { OneOrMore, Variadic } from "../internal/commands/args.ts"
export type { DurationInput, EpochMillis, Moment, TimeoutInput } from "../internal/commands/time.ts"

/**
 * The type of a field that must be left out, because the field or the choice that it
 * names is there. An error of the compiler shows it: `Type 'string' is not assignable to
 * type '"not with expireAt"'`.
 *
 * It is a literal, so that the compiler tells the members of a union apart by it and
 * reports the field that is wrong. The text itself is refused with `InvalidCommand`.
 *
 * **Example** (Two fields that exclude each other)
 *
 * ```ts
 * import type { commands } from "effect-redis-sentinel"
 *
 * interface InSeconds {
 *   readonly seconds?: number | undefined
 *   readonly millis?: commands.NotWith<"seconds"> | undefined
 * }
 * interface InMillis {
 *   readonly millis?: number | undefined
 *   readonly seconds?: commands.NotWith<"millis"> | undefined
 * }
 * export type Options = InSeconds | InMillis
 * ```
 *
 * @since 0.1.0
 * @category utility types
 */
export type NotWith<Other extends string> = `not with ${Other}`
