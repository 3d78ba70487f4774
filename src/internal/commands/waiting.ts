/**
 * Which commands of Redis wait at the server, for how long, and with which argument.
 */
import type * as Resp from "../../Resp.ts"
import { asSent, textOf } from "./words.ts"

/** A time to wait as the argument says it, in whole milliseconds; 0 for one that the server will refuse. */
const timeOf = (arg: Resp.Arg | undefined, unit: number): number => {
  const text = textOf(arg)
  const n = text.trim() === "" ? NaN : Number(text)
  if (n === 0) return Infinity
  // The server rounds up to milliseconds; seconds as a number are not exact to the last digit.
  return n > 0 && n < Infinity ? Math.max(1, Math.ceil(Math.round(n * unit * 1e6) / 1e6)) : 0
}

/** Which argument is the time to wait, and how many milliseconds its unit has. */
interface Timing {
  readonly index: (args: ReadonlyArray<Resp.Arg>) => number
  readonly unit: number
}

const last = (args: ReadonlyArray<Resp.Arg>): number => args.length - 1
const first = (): number => 0
const fifth = (): number => 4
/** Behind BLOCK, which comes before the streams and after the names of a group and of its consumer. */
const block = (from: number) => (args: ReadonlyArray<Resp.Arg>): number => {
  for (let i = from; i < args.length - 1; i++) {
    const word = textOf(args[i]).toUpperCase()
    if (word === "STREAMS") return -1
    if (word === "BLOCK") return i + 1
  }
  return -1
}

/** The commands of Redis that wait at the server. */
const timings: ReadonlyMap<string, Timing> = new Map([
  ...["BLPOP", "BRPOP", "BLMOVE", "BRPOPLPUSH", "BZPOPMIN", "BZPOPMAX"].map((name) =>
    [name, { index: last, unit: 1000 }] as const
  ),
  ["BLMOVEM", { index: fifth, unit: 1000 }],
  ...["BLMPOP", "BZMPOP"].map((name) => [name, { index: first, unit: 1000 }] as const),
  ...["WAIT", "WAITAOF"].map((name) => [name, { index: last, unit: 1 }] as const),
  ["XREAD", { index: block(0), unit: 1 }],
  ["XREADGROUP", { index: block(3), unit: 1 }]
])

/** How a command waits at the server: the two functions of a definition. */
export interface Waiting {
  readonly blockingMillis: (args: ReadonlyArray<Resp.Arg>) => number
  readonly withBlockingMillis:
    | ((args: ReadonlyArray<Resp.Arg>, millis: number) => ReadonlyArray<Resp.Arg>)
    | undefined
}

/** How a command of Redis waits at the server; undefined for other commands. */
export const waitingOf = (words: ReadonlyArray<string>): Waiting | undefined => {
  const timing = timings.get(asSent(words[0]))
  if (timing === undefined) return undefined
  const { index, unit } = timing
  if (words.length > 1) {
    const others = words.slice(1)
    return {
      blockingMillis: (args) => {
        const all = [...others, ...args]
        const at = index(all)
        return at < 0 ? 0 : timeOf(all[at], unit)
      },
      withBlockingMillis: undefined
    }
  }
  return {
    blockingMillis: (args) => {
      const at = index(args)
      return at < 0 ? 0 : timeOf(args[at], unit)
    },
    withBlockingMillis: (args, millis) => {
      const at = index(args)
      return args.map((arg, i) => i !== at ? arg : millis === Infinity ? 0 : Math.ceil(millis) / unit)
    }
  }
}
