/**
 * Numbers of Lua as text: how `tostring` and `%g` print them, and what counts as a number in a text, as C's
 * `strtod` reads it.
 */

const trimZeros = (text: string): string => text.includes(".") ? text.replace(/\.?0+$/, "") : text

const exponentOf = (text: string): string =>
  text.replace(/e([+-])(\d+)$/, (_, sign: string, digits: string) => `e${sign}${digits.padStart(2, "0")}`)

/**
 * A number with so many digits, as `print` makes them; a number that is exactly between two is rounded to the even one,
 * as C rounds it.
 */
const rounded = (n: number, digits: number, print: (n: number, digits: number) => string): string => {
  const text = print(n, digits)
  if (digits >= 100) return text
  const [mantissa, exponent] = print(n, 100).split("e") as [string, string | undefined]
  const end = mantissa.length - (100 - digits)
  const kept = mantissa.slice(0, end).replace(/\.$/, "")
  if (!/^\.?50*$/.test(mantissa.slice(kept.length)) || Number(kept.at(-1)) % 2 === 1) return text
  return exponent === undefined ? kept : `${kept}e${exponent}`
}

const exponential = (n: number, digits: number): string => rounded(n, digits, (m, d) => m.toExponential(d))
const fixed = (n: number, digits: number): string => rounded(n, digits, (m, d) => m.toFixed(d))

/** A number that is not finite, as C prints it; undefined for others. A NaN is what a division by zero gives on x86. */
export const notFinite = (n: number): string | undefined =>
  Number.isNaN(n) ? "-nan" : n === Infinity ? "inf" : n === -Infinity ? "-inf" : undefined

/** A number as `%.*e` prints it. */
export const formatE = (n: number, precision: number): string =>
  notFinite(n) ?? signed(n, (m) => exponentOf(exponential(m, Math.min(100, precision))))

/** A number as `%.*f` prints it. */
export const formatF = (n: number, precision: number): string =>
  notFinite(n) ?? signed(n, (m) => m < 1e21 ? fixed(m, Math.min(100, precision)) : large(m, precision))

/** A number as `%.*g` prints it; `all` keeps the zeros at its end, as `#` does. */
export const formatG = (n: number, precision: number, all = false): string => {
  const special = notFinite(n)
  if (special !== undefined) return special
  const digits = Math.min(100, precision === 0 ? 1 : precision)
  return signed(n, (m) => {
    if (m === 0) return all ? `0.${"0".repeat(digits - 1)}` : "0"
    const scientific = exponential(m, digits - 1)
    const at = scientific.indexOf("e")
    const exponent = Number(scientific.slice(at + 1))
    if (exponent < -4 || exponent >= digits) {
      const mantissa = scientific.slice(0, at)
      return exponentOf((all ? mantissa : trimZeros(mantissa)) + scientific.slice(at))
    }
    const places = Math.min(100, digits - 1 - exponent)
    const plain = m < 1e21 ? fixed(m, places) : large(m, places)
    return all ? plain : trimZeros(plain)
  })
}

const signed = (n: number, print: (n: number) => string): string =>
  n < 0 || Object.is(n, -0) ? `-${print(-n)}` : print(n)

const large = (n: number, places: number): string =>
  places > 0 ? `${BigInt(n)}.${"0".repeat(places)}` : String(BigInt(n))

/** A number as `tostring` prints it. */
export const numberText = (n: number): string =>
  Number.isInteger(n) && n < 1e14 && n > -1e14 && !Object.is(n, -0) ? String(n) : formatG(n, 14)

const decimal = /^[ \t\n\v\f\r]*([+-]?)(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)/i
const hexadecimal = /^[ \t\n\v\f\r]*([+-]?)0x([0-9a-f]*)(?:\.([0-9a-f]*))?(?:p([+-]?\d+))?/i
const word = /^[ \t\n\v\f\r]*([+-]?)(infinity|inf|nan(?:\([0-9a-z_]*\))?)/i

/** The number at the beginning of a text, and how many characters it has; undefined if there is none. */
export const numberPrefix = (text: string): readonly [number: number, length: number] | undefined => {
  const hex = hexadecimal.exec(text)
  if (hex !== null && hex[2]! + (hex[3] ?? "") !== "") {
    const [all, sign, whole, fraction = "", power = "0"] = hex
    let n = 0
    for (const digit of whole! + fraction) n = n * 16 + Number.parseInt(digit, 16)
    n *= 2 ** (Number(power) - 4 * fraction.length)
    return [sign === "-" ? -n : n, all.length]
  }
  const found = decimal.exec(text)
  if (found !== null) return [sign(found[1]!, Number(found[2])), found[0].length]
  const special = word.exec(text)
  if (special === null) return undefined
  return [sign(special[1]!, /^i/i.test(special[2]!) ? Infinity : NaN), special[0].length]
}

const sign = (mark: string, n: number): number => mark === "-" ? -n : n

/** The number that a text is, but for space around it, or undefined. A text ends at a zero byte. */
export const parseNumber = (text: string): number | undefined => {
  const zero = text.indexOf("\0")
  const whole = zero === -1 ? text : text.slice(0, zero)
  if (/^\d{1,15}$/.test(whole)) return Number(whole)
  const found = numberPrefix(whole)
  return found !== undefined && /^[ \t\n\v\f\r]*$/.test(whole.slice(found[1])) ? found[0] : undefined
}

/** A number as C converts it to a 64-bit integer. */
export const toInt64 = (n: number): bigint =>
  Number.isFinite(n) && n >= -(2 ** 63) && n < 2 ** 63 ? BigInt(Math.trunc(n)) : -(2n ** 63n)

/** A number as C converts it to a 32-bit integer, by way of a 64-bit one. */
export const toInt32 = (n: number): number => Number(BigInt.asIntN(32, toInt64(n)))
