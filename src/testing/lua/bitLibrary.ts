/**
 * The library `bit` of servers: operations on integers of 32 bits.
 */
import { Arguments, library } from "./arguments.ts"
import type { Machine } from "./machine.ts"
import type { NativeBody, Table, Value } from "./values.ts"

const magic = 2 ** 52 + 2 ** 51
const double = new Float64Array(1)
const words = new Int32Array(double.buffer)

export const bitLibrary = (machine: Machine): Table => {
  const check = new Arguments(machine)
  /** The lowest 32 bits of a number, rounded as the library rounds it: by adding a large number. */
  const bits = (args: ReadonlyArray<Value>, at: number): number => {
    double[0] = check.number(args, at) + magic
    return words[0]!
  }
  const all = (combine: (a: number, b: number) => number): NativeBody => (args) => {
    let result = bits(args, 0)
    for (let i = args.length - 1; i > 0; i--) result = combine(result, bits(args, i))
    return [result]
  }
  const shift = (by: (a: number, n: number) => number): NativeBody => (args) => [
    by(bits(args, 0), bits(args, 1) & 31) | 0
  ]
  return library({
    arshift: shift((a, n) => a >> n),
    band: all((a, b) => a & b),
    bnot: (args) => [~bits(args, 0)],
    bor: all((a, b) => a | b),
    bswap: (args) => {
      const b = bits(args, 0)
      return [(b >>> 24) | ((b >>> 8) & 0xff00) | ((b & 0xff00) << 8) | (b << 24)]
    },
    bxor: all((a, b) => a ^ b),
    lshift: shift((a, n) => a << n),
    rol: shift((a, n) => (a << n) | (n === 0 ? 0 : a >>> (32 - n))),
    ror: shift((a, n) => (n === 0 ? a : a << (32 - n)) | (a >>> n)),
    rshift: shift((a, n) => a >>> n),
    tobit: (args) => [bits(args, 0)],
    tohex: (args) => {
      const b = bits(args, 0) >>> 0
      const digits = args.length < 2 ? 8 : bits(args, 1)
      const count = Math.min(8, Math.abs(digits))
      const text = count === 0 ? "" : b.toString(16).padStart(8, "0").slice(-count)
      return [digits < 0 ? text.toUpperCase() : text]
    }
  })
}
