/**
 * What several command files need: common arguments, and where keys and
 * timeouts stand. Not for anything that only one of them uses.
 */
import { type Arg, type Key, seconds } from "../Command.ts"

/**
 * Arguments as an array. Not a literal: V8 would soon allocate those among the
 * old objects, since with many commands in flight the first ones outlive a
 * collection, and then the collector has more to do. Measured on SET with
 * 1,000 in flight: a sixth of the throughput.
 */
export const argv = (...args: Array<Arg>): Array<Arg> => args

/**
 * Options of the SCAN family.
 *
 * @since 0.1.0
 * @category models
 */
export interface ScanOptions {
  /** A glob pattern. */
  readonly match?: string | undefined
  /** About how many elements the server looks at per call. Redis's default is 10. */
  readonly count?: number | undefined
}

export const scanArgs = (out: Array<Arg>, options: ScanOptions | undefined): Array<Arg> => {
  if (options?.match !== undefined) out.push("MATCH", options.match)
  if (options?.count !== undefined) out.push("COUNT", options.count)
  return out
}

/** Keys that follow their own number, which is argument `at`. */
export const numkeys = (at: number) => (args: ReadonlyArray<Arg>): ReadonlyArray<Key> =>
  args.slice(at + 1, at + 1 + Number(args[at])) as ReadonlyArray<Key>

export const allButLast = (args: ReadonlyArray<Arg>): ReadonlyArray<Key> => args.slice(0, -1) as ReadonlyArray<Key>

export const lastIsTimeout = (args: ReadonlyArray<Arg>): number => seconds(args[args.length - 1])

export const firstIsTimeout = (args: ReadonlyArray<Arg>): number => seconds(args[0])

/** A time to wait as an argument, in seconds; 0 is without end. */
const waitArg = (millis: number): number => millis === Infinity ? 0 : millis / 1000

export const lastWait = (args: ReadonlyArray<Arg>, millis: number): ReadonlyArray<Arg> => [
  ...args.slice(0, -1),
  waitArg(millis)
]

export const firstWait = (args: ReadonlyArray<Arg>, millis: number): ReadonlyArray<Arg> => [
  waitArg(millis),
  ...args.slice(1)
]
