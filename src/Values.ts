/**
 * Typed values: commands whose values go through a Schema or a codec, for the values of
 * strings, hashes, lists, sets, sorted sets, geo sets and arrays. Keys and fields stay text or
 * bytes.
 *
 * The commands go into pipelines and transactions like all others, and
 * `redis.values(users)` has them as methods. The main entry does not import this module.
 *
 * **Example** (Users as JSON)
 *
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { RedisClient } from "effect-redis-sentinel"
 * import * as Codec from "effect-redis-sentinel/Codec"
 * import * as Values from "effect-redis-sentinel/Values"
 *
 * class User extends Schema.Class<User>("User")({ name: Schema.String, born: Schema.DateTimeUtc }) {}
 *
 * const users = Values.make(Codec.json(User))
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   const ada = yield* redis.values(users).get("user:1") // User | null
 *   if (ada !== null) yield* redis.pipeline([users.set("user:2", ada), users.lpush("recent", ada)])
 *   return ada
 * })
 * ```
 *
 * @since 0.1.0
 */
import * as Command from "./Command.ts"
import * as commands from "./commands/index.ts"
import { InvalidCommand } from "./Errors.ts"
import { ValueProblem } from "./internal/commands/decoders.ts"
import { type Codec, codecOf, decodeWith, encodeWith, Unfit } from "./internal/values/codecs.ts"
import type { Values } from "./internal/values/commands.ts"
import { type DecodeValue, type Encode, table } from "./internal/values/table.ts"

export type { ValueMethods, Values } from "./internal/values/commands.ts"
export type { ValueReads } from "./internal/values/reads.ts"
export type {
  GeoAroundValue,
  GeoFromValue,
  GeoSearchOf,
  GeoValue,
  IfEqualOf,
  IfNotEqualOf,
  Outcome,
  PoppedScoredValues,
  PoppedValues,
  SetOptionsOf,
  ValueConditionOf,
  ZaddIncrOptions
} from "./internal/values/results.ts"
export type { ValueWrites } from "./internal/values/writes.ts"

const constructors: Readonly<Record<keyof typeof table, (...args: ReadonlyArray<any>) => Command.Any>> = commands

/** The command of a constructor in words, as its errors name it: all commands on values have one word. */
const commandOf = (constructor: string): string => constructor.replace(/[A-Z].*/, "").toUpperCase()

/**
 * Makes the commands on values of one type. A command whose value cannot be encoded throws
 * `InvalidCommand` when it is made; as a method it fails with it, before anything is sent. A
 * stored value that does not fit fails with `ValueMismatch`. Throws `InvalidCommand` for
 * what is not a codec.
 *
 * **Example** (Values as MessagePack)
 *
 * ```ts
 * import * as Values from "effect-redis-sentinel/Values"
 *
 * declare const msgpack: { pack: (value: unknown) => Uint8Array; unpack: (bytes: Uint8Array) => unknown }
 *
 * export const anything = Values.make<unknown>({ encode: msgpack.pack, decode: msgpack.unpack })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <T>(codec: Codec<T>): Values<T> => {
  const checked = codecOf("Values.make", codec)
  /** `by` makes the error of what does not fit. */
  const fitting = <A>(run: () => A, by: (issue: string) => unknown): A => {
    try {
      return run()
    } catch (error) {
      throw error instanceof Unfit ? by(error.issue) : error
    }
  }
  const decodeValue: DecodeValue = (stored, index, key) =>
    fitting(() => decodeWith(checked, stored), (issue) => new ValueProblem(issue, index, key))
  const encodeFor = (command: string): Encode => (value, where) =>
    fitting(
      () => encodeWith(checked, value as T),
      (issue) => new InvalidCommand({ command, detail: `${where}: ${issue}` })
    )
  const out: Record<string, unknown> = {}
  for (const name of Object.keys(table) as Array<keyof typeof table>) {
    const [put, take] = table[name]
    const construct = constructors[name]
    const encodeValue = encodeFor(commandOf(name))
    if (take === undefined) {
      out[name] = (...args: ReadonlyArray<unknown>) => construct(...put(args, encodeValue))
      continue
    }
    // One definition for all commands of a constructor, except those that make theirs each time.
    let last: Command.Spec | undefined
    let derived: Command.Spec<unknown, Command.Mode> | undefined
    out[name] = (...args: ReadonlyArray<unknown>) => {
      const command = construct(...put(args, encodeValue))
      const spec = command.spec
      if (derived === undefined || last !== spec) {
        last = spec
        derived = Command.decoding(spec, (value) => take(spec.decode(value, true), decodeValue))
      }
      return Command.withSpec(command, derived)
    }
  }
  return out as unknown as Values<T>
}
