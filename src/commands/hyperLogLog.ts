/**
 * The HyperLogLog commands: estimates of how many different elements there were, in
 * 12 KiB a key at most, with a standard error of 0.81 %. A HyperLogLog is a string.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg, Key } from "../Command.ts"
import { appendAny, appendVariadic, argv, type Variadic } from "../internal/commands/args.ts"

const PFADD = define({ words: ["PFADD"], mode: "write", keys: 1, decode: Command.flag })
/**
 * PFADD adds elements to a HyperLogLog, and returns whether its estimate may have changed. A missing key is created,
 * also without elements. Fails with WRONGTYPE if the key holds anything but a HyperLogLog.
 *
 * @see https://redis.io/docs/latest/commands/pfadd/
 * @since 0.1.0
 * @category HyperLogLog
 */
export const pfadd = (key: Key, ...elements: Variadic<Arg>) => make(PFADD, appendAny(argv(key), elements))

const PFCOUNT = define({ words: ["PFCOUNT"], mode: "read", keys: "all", decode: Command.int })
/**
 * PFCOUNT returns about how many different elements were added to a HyperLogLog, or to the union of several. A
 * missing key has none. Fails with WRONGTYPE if a key holds anything but a HyperLogLog.
 *
 * @see https://redis.io/docs/latest/commands/pfcount/
 * @since 0.1.0
 * @category HyperLogLog
 */
export const pfcount = (...keys: Variadic<Key>) => make(PFCOUNT, appendVariadic(PFCOUNT.name, "keys", argv(), keys))

const PFMERGE = define({ words: ["PFMERGE"], mode: "write", keys: "all", decode: Command.ok })
/**
 * PFMERGE merges HyperLogLogs into the one at `destination`, which keeps the elements that it has, and returns
 * `"OK"`. A missing key has no elements; a missing destination is created. Fails with WRONGTYPE if a key holds
 * anything but a HyperLogLog.
 *
 * @see https://redis.io/docs/latest/commands/pfmerge/
 * @since 0.1.0
 * @category HyperLogLog
 */
export const pfmerge = (destination: Key, ...sources: Variadic<Key>) =>
  make(PFMERGE, appendAny(argv(destination), sources))
