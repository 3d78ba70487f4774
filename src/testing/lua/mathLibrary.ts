/**
 * Lua's math library, with the random numbers of servers: the same on every machine.
 */
import { Arguments, library } from "./arguments.ts"
import { power } from "./instructions.ts"
import type { Machine } from "./machine.ts"
import type { NativeBody, Table } from "./values.ts"

const modulus = 2n ** 48n

/** The random numbers of a server process, which all of its scripts share. */
export class Random {
  private state = 0x1234_abcd_330en

  seed(seed: number): void {
    this.state = (BigInt.asUintN(32, BigInt(seed)) << 16n) | 0x330en
  }

  /** A number from 0 to 1, 1 excluded. */
  next(): number {
    this.state = (this.state * 0x5_deec_e66dn + 11n) % modulus
    const n = Number(this.state >> 17n)
    return (n % 0x7fff_ffff) / 0x7fff_ffff
  }
}

export const mathLibrary = (machine: Machine, random: Random): Table => {
  const check = new Arguments(machine)
  const of = (f: (x: number) => number): NativeBody => (args) => [f(check.number(args, 0))]
  const table = library({
    abs: of(Math.abs),
    acos: of(Math.acos),
    asin: of(Math.asin),
    atan: of(Math.atan),
    atan2: (args) => [Math.atan2(check.number(args, 0), check.number(args, 1))],
    ceil: of(Math.ceil),
    cos: of(Math.cos),
    cosh: of(Math.cosh),
    deg: of((x) => x / (Math.PI / 180)),
    exp: of(Math.exp),
    floor: of(Math.floor),
    fmod: (args) => [check.number(args, 0) % check.number(args, 1)],
    frexp: (args) => frexp(check.number(args, 0)),
    ldexp: (args) => [ldexp(check.number(args, 0), check.int32(args, 1))],
    log: of(Math.log),
    log10: of(Math.log10),
    max: (args) => {
      let most = check.number(args, 0)
      for (let i = 1; i < args.length; i++) {
        const n = check.number(args, i)
        if (n > most) most = n
      }
      return [most]
    },
    min: (args) => {
      let least = check.number(args, 0)
      for (let i = 1; i < args.length; i++) {
        const n = check.number(args, i)
        if (n < least) least = n
      }
      return [least]
    },
    mod: (args) => [check.number(args, 0) % check.number(args, 1)],
    modf: (args) => {
      const x = check.number(args, 0)
      const whole = Math.trunc(x)
      return [whole, Number.isFinite(x) ? x - whole : Number.isNaN(x) ? x : x > 0 ? 0 : -0]
    },
    pow: (args) => [power(check.number(args, 0), check.number(args, 1))],
    rad: of((x) => x * (Math.PI / 180)),
    random: (args) => {
      const r = random.next()
      if (args.length === 0) return [r]
      if (args.length > 2) return machine.error("wrong number of arguments")
      const low = args.length === 1 ? 1 : check.int32(args, 0)
      const high = check.int32(args, args.length - 1)
      if (low > high) return check.fail(args.length - 1, "interval is empty")
      return [Math.floor(r * (high - low + 1)) + low]
    },
    randomseed: (args) => {
      random.seed(check.int32(args, 0))
      return []
    },
    sin: of(Math.sin),
    sinh: of(Math.sinh),
    sqrt: of(Math.sqrt),
    tan: of(Math.tan),
    tanh: of(Math.tanh)
  })
  table.set("pi", Math.PI)
  table.set("huge", Infinity)
  return table
}

/** A number as a fraction from 0.5 to 1, and a power of two. */
const frexp = (x: number): Array<number> => {
  if (x === 0 || !Number.isFinite(x)) return [x, 0]
  let exponent = Math.max(-1023, Math.floor(Math.log2(Math.abs(x))) + 1)
  let fraction = x * 2 ** -exponent
  while (Math.abs(fraction) < 0.5) {
    fraction *= 2
    exponent--
  }
  while (Math.abs(fraction) >= 1) {
    fraction /= 2
    exponent++
  }
  return [fraction, exponent]
}

const ldexp = (x: number, exponent: number): number => {
  let result = x
  let left = Math.max(-3000, Math.min(3000, exponent))
  while (left > 1000) {
    result *= 2 ** 1000
    left -= 1000
  }
  while (left < -1000) {
    result *= 2 ** -1000
    left += 1000
  }
  return result * 2 ** left
}
