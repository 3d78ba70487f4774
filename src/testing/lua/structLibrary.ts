/**
 * The library `struct` of servers: values as bytes, by a format, and back.
 */
import { Arguments, library } from "./arguments.ts"
import type { Machine } from "./machine.ts"
import { toInt64 } from "./numbers.ts"
import type { Table, Value } from "./values.ts"

const maxInteger = 32
const maxAlignment = 8

const isDigit = (c: string | undefined): boolean => c !== undefined && c >= "0" && c <= "9"

/** Reads a format option by option. */
class Format {
  private readonly machine: Machine
  private readonly check: Arguments
  private readonly text: string
  private at = 0
  isLittleEndian = true
  private alignment = 1

  constructor(machine: Machine, check: Arguments, text: string) {
    this.machine = machine
    this.check = check
    this.text = text.split("\0")[0]!
  }

  /** The next option and its size; undefined at the end. */
  next(): readonly [option: string, size: number] | undefined {
    const option = this.text[this.at++]
    return option === undefined ? undefined : [option, this.size(option)]
  }

  private number(otherwise: number): number {
    if (!isDigit(this.text[this.at])) return otherwise
    let n = 0
    while (isDigit(this.text[this.at])) {
      n = n * 10 + Number(this.text[this.at++])
      if (n > 0x7fffffff) return this.machine.error("integral size overflow")
    }
    return n
  }

  private size(option: string): number {
    switch (option) {
      case "b":
      case "B":
      case "x":
        return 1
      case "h":
      case "H":
        return 2
      case "f":
        return 4
      case "l":
      case "L":
      case "T":
      case "d":
        return 8
      case "c":
        return this.number(1)
      case "i":
      case "I": {
        const size = this.number(4)
        return size > maxInteger
          ? this.machine.error(`integral size ${size} is larger than limit of ${maxInteger}`)
          : size
      }
      default:
        return 0
    }
  }

  /** How many bytes align an element at a position. */
  padding(position: number, option: string, size: number): number {
    if (size === 0 || option === "c") return 0
    const aligned = Math.min(size, this.alignment)
    return (aligned - (position & (aligned - 1))) & (aligned - 1)
  }

  /** Handles an option that is about the format itself. */
  control(option: string): void {
    switch (option) {
      case " ":
        return
      case ">":
        this.isLittleEndian = false
        return
      case "<":
        this.isLittleEndian = true
        return
      case "!": {
        const alignment = this.number(maxAlignment)
        if (alignment <= 0 || (alignment & (alignment - 1)) !== 0) {
          return this.machine.error(`alignment ${alignment} is not a power of 2`)
        }
        this.alignment = alignment
        return
      }
      default:
        return this.check.fail(0, `invalid format option '${option}'`)
    }
  }
}

const floating = new DataView(new ArrayBuffer(8))
const bytesOf = (length: number): string =>
  Array.from({ length }, (_, i) => String.fromCharCode(floating.getUint8(i))).join("")

export const structLibrary = (machine: Machine): Table => {
  const check = new Arguments(machine)
  const integer = (n: number, size: number, isLittleEndian: boolean): string => {
    let value = BigInt.asUintN(64, n < 0 ? toInt64(n) : n < 2 ** 64 ? BigInt(Math.trunc(n)) : 0n)
    const bytes: Array<string> = []
    for (let i = 0; i < size; i++) {
      bytes.push(String.fromCharCode(Number(value & 0xffn)))
      value >>= 8n
    }
    return (isLittleEndian ? bytes : bytes.reverse()).join("")
  }
  const readInteger = (bytes: string, isSigned: boolean, isLittleEndian: boolean): number => {
    let value = 0n
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes.charCodeAt(isLittleEndian ? bytes.length - 1 - i : i)
      value = BigInt.asUintN(64, (value << 8n) | BigInt(byte))
    }
    return Number(isSigned ? BigInt.asIntN(Math.min(64, 8 * bytes.length), value) : value)
  }
  return library({
    pack: (given) => {
      // The library puts a nil after its arguments, which error messages tell.
      const args = [...given, undefined]
      const format = new Format(machine, check, check.string(given, 0))
      let result = ""
      let argument = 1
      for (let next = format.next(); next !== undefined; next = format.next()) {
        const [option, size] = next
        result += "\0".repeat(format.padding(result.length, option, size))
        switch (option) {
          case "b":
          case "B":
          case "h":
          case "H":
          case "l":
          case "L":
          case "T":
          case "i":
          case "I":
            result += integer(check.number(args, argument++), size, format.isLittleEndian)
            break
          case "x":
            result += "\0"
            break
          case "f":
            floating.setFloat32(0, check.number(args, argument++), format.isLittleEndian)
            result += bytesOf(4)
            break
          case "d":
            floating.setFloat64(0, check.number(args, argument++), format.isLittleEndian)
            result += bytesOf(8)
            break
          case "c":
          case "s": {
            const text = check.string(args, argument++)
            const length = size === 0 ? text.length : size
            if (text.length < length) return check.fail(argument, "string too short")
            result += text.slice(0, length) + (option === "s" ? "\0" : "")
            break
          }
          default:
            format.control(option)
        }
      }
      return [result]
    },
    size: (args) => {
      const format = new Format(machine, check, check.string(args, 0))
      let position = 0
      for (let next = format.next(); next !== undefined; next = format.next()) {
        const [option, size] = next
        position += format.padding(position, option, size)
        if (option === "s") return check.fail(0, "option 's' has no fixed size")
        if (option === "c" && size === 0) return check.fail(0, "option 'c0' has no fixed size")
        if (!/[A-Za-z0-9]/.test(option)) format.control(option)
        position += size
      }
      return [position]
    },
    unpack: (args) => {
      const format = new Format(machine, check, check.string(args, 0))
      const data = check.string(args, 1)
      const start = check.optionalInteger(args, 2, 1)
      // The position is unsigned: a negative one is far behind the end.
      if (start === 0) return check.fail(2, "offset must be 1 or greater")
      let position = start < 0 ? Infinity : start - 1
      const results: Array<Value> = []
      const need = (size: number): void => {
        if (size > data.length || position > data.length - size) return check.fail(1, "data string too short")
      }
      for (let next = format.next(); next !== undefined; next = format.next()) {
        const [option, declared] = next
        let size = declared
        position += format.padding(position, option, size)
        need(size)
        machine.spend(1)
        const bytes = data.slice(position, position + size)
        switch (option) {
          case "b":
          case "B":
          case "h":
          case "H":
          case "l":
          case "L":
          case "T":
          case "i":
          case "I":
            results.push(readInteger(bytes, option >= "a", format.isLittleEndian))
            break
          case "x":
            break
          case "f":
          case "d":
            for (let i = 0; i < size; i++) floating.setUint8(i, bytes.charCodeAt(i))
            results.push(
              option === "f"
                ? floating.getFloat32(0, format.isLittleEndian)
                : floating.getFloat64(0, format.isLittleEndian)
            )
            break
          case "c": {
            if (size === 0) {
              const length = machine.toNumber(results.at(-1))
              if (length === undefined) return machine.error("format 'c0' needs a previous size")
              results.pop()
              size = length < 0 ? Infinity : Math.trunc(length)
              need(size)
            }
            results.push(data.slice(position, position + size))
            break
          }
          case "s": {
            const end = data.indexOf("\0", position)
            if (end === -1) return machine.error("unfinished string in data")
            size = end - position + 1
            results.push(data.slice(position, end))
            break
          }
          default:
            format.control(option)
        }
        position += size
      }
      return [...results, position + 1]
    }
  })
}
