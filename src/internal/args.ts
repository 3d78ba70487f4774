/**
 * What several command files need: common arguments, where keys stand, and
 * the format of INFO. Not for anything that only one of them uses.
 */
import type { Arg, Key } from "../Command.ts"

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

const secondsToMillis = (arg: Arg | undefined): number => {
  const n = Number(arg)
  return n > 0 ? n * 1000 : Infinity
}

export const lastIsTimeout = (args: ReadonlyArray<Arg>): number => secondsToMillis(args[args.length - 1])

export const firstIsTimeout = (args: ReadonlyArray<Arg>): number => secondsToMillis(args[0])

/**
 * The fields of INFO's reply, without its section headings. A field that comes
 * twice has its last value.
 */
export const parseInfo = (text: string): Record<string, string> => {
  const out: Record<string, string> = {}
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":")
    if (colon > 0 && !line.startsWith("#")) out[line.slice(0, colon)] = line.slice(colon + 1).trim()
  }
  return out
}
