/**
 * Lua's string library. Patterns are matched in patterns.ts.
 */
import { Buffer } from "node:buffer"
import { Arguments, library } from "./arguments.ts"
import { LuaError } from "./callStack.ts"
import { isTrue, type Machine, maxValues } from "./machine.ts"
import { formatE, formatF, formatG, notFinite, toInt64 } from "./numbers.ts"
import { Matcher } from "./patterns.ts"
import { isFunction, Native, Table, typeOf, type Value } from "./values.ts"

type Args = ReadonlyArray<Value>

const maxLength = 2 ** 28

/** A position from the end, if it is negative, as one from the beginning. */
const fromStart = (position: number, length: number): number =>
  position >= 0 ? position : Math.max(0, length + position + 1)

const lower = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
const upper = (text: string): string => text.replace(/[a-z]+/g, (letters) => letters.toUpperCase())

export const stringLibrary = (machine: Machine): Table => {
  const check = new Arguments(machine)
  const iterate = (args: Args): Array<Value> => {
    const text = check.string(args, 0)
    const matcher = new Matcher(machine, text, check.string(args, 1))
    let at = 0
    return [
      new Native(() => {
        for (; at <= text.length; at++) {
          const end = matcher.at(at, 0)
          if (end === -1) continue
          const start = at
          at = end === start ? end + 1 : end
          return matcher.captures(start, end, true)
        }
        return [undefined]
      })
    ]
  }
  const table = library({
    byte: (args) => {
      const text = check.string(args, 0)
      const start = fromStart(check.optionalInteger(args, 1, 1), text.length)
      const end = Math.min(text.length, fromStart(check.optionalInteger(args, 2, start), text.length))
      const from = Math.max(1, start)
      if (from > end) return []
      if (end - from + 1 > maxValues - args.length) {
        return machine.error("stack overflow (string slice too long)")
      }
      return Array.from({ length: end - from + 1 }, (_, i) => text.charCodeAt(from - 1 + i))
    },
    char: (args) => {
      let text = ""
      for (let i = 0; i < args.length; i++) {
        const c = check.int32(args, i)
        if (c < 0 || c > 255) return check.fail(i, "invalid value")
        text += String.fromCharCode(c)
      }
      return [text]
    },
    dump: (args) => {
      check.callable(args, 0)
      return machine.error("unable to dump given function")
    },
    find: (args) => find(machine, check, args, true),
    format: (args) => [format(machine, check, args)],
    gfind: iterate,
    gmatch: iterate,
    gsub: (args) => substitute(machine, check, args),
    len: (args) => [check.string(args, 0).length],
    lower: (args) => [lower(check.string(args, 0))],
    match: (args) => find(machine, check, args, false),
    rep: (args) => {
      const text = check.string(args, 0)
      const count = check.int32(args, 1)
      if (count <= 0 || text === "") return [""]
      if (text.length * count > maxLength) throw new LuaError("not enough memory")
      machine.spend((text.length * count) >> 6)
      return [text.repeat(count)]
    },
    reverse: (args) => {
      const text = check.string(args, 0)
      machine.spend(text.length >> 6)
      return [Buffer.from(text, "latin1").reverse().toString("latin1")]
    },
    sub: (args) => {
      const text = check.string(args, 0)
      const from = Math.max(1, fromStart(check.integer(args, 1), text.length))
      const to = Math.min(text.length, fromStart(check.optionalInteger(args, 2, -1), text.length))
      return [from <= to ? text.slice(from - 1, to) : ""]
    },
    upper: (args) => [upper(check.string(args, 0))]
  })
  machine.strings = new Table()
  machine.strings.set("__index", table)
  return table
}

const find = (machine: Machine, check: Arguments, args: Args, isFind: boolean): Array<Value> => {
  const text = check.string(args, 0)
  const pattern = check.string(args, 1)
  const init = Math.min(
    text.length,
    Math.max(0, fromStart(check.optionalInteger(args, 2, 1), text.length) - 1)
  )
  if (isFind && (isTrue(args[3]) || !/[\^$*+?.([%-]/.test(pattern.split("\0")[0]!))) {
    machine.spend(text.length >> 4)
    const at = text.indexOf(pattern, init)
    return at === -1 ? [undefined] : [at + 1, at + pattern.length]
  }
  const isAnchored = pattern.startsWith("^")
  const matcher = new Matcher(machine, text, pattern)
  for (let start = init; start <= text.length; start++) {
    const end = matcher.at(start, isAnchored ? 1 : 0)
    if (end !== -1) {
      return isFind ? [start + 1, end, ...matcher.captures(start, end, false)] : matcher.captures(start, end, true)
    }
    if (isAnchored) break
  }
  return [undefined]
}

const substitute = (machine: Machine, check: Arguments, args: Args): Array<Value> => {
  const text = check.string(args, 0)
  const pattern = check.string(args, 1)
  const replacement = args[2]
  const template = machine.toText(replacement)
  if (template === undefined && !(replacement instanceof Table) && !isFunction(replacement)) {
    return check.fail(2, "string/function/table expected")
  }
  const most = check.optionalInt32(args, 3, text.length + 1)
  const isAnchored = pattern.startsWith("^")
  const matcher = new Matcher(machine, text, pattern)
  const replaced = (start: number, end: number): string => {
    let value: Value
    if (template !== undefined) return expand(machine, matcher, template, start, end)
    if (replacement instanceof Table) value = machine.index(replacement, matcher.capture(0, start, end))
    else value = machine.call(replacement, matcher.captures(start, end, true))[0]
    if (!isTrue(value)) return text.slice(start, end)
    return machine.toText(value) ?? machine.error(`invalid replacement value (a ${typeOf(value)})`)
  }
  let result = ""
  let count = 0
  let at = 0
  while (count < most) {
    const end = matcher.at(at, isAnchored ? 1 : 0)
    if (end !== -1) {
      count++
      result += replaced(at, end)
      machine.spend(result.length >> 16)
      if (result.length > maxLength) throw new LuaError("not enough memory")
    }
    if (end > at) at = end
    else if (at < text.length) result += text[at++]
    else break
    if (isAnchored) break
  }
  return [result + text.slice(at), count]
}

/** A template of `gsub`, with its captures. */
const expand = (machine: Machine, matcher: Matcher, template: string, start: number, end: number): string => {
  if (!template.includes("%")) return template
  let result = ""
  for (let i = 0; i < template.length; i++) {
    if (template[i] !== "%") {
      result += template[i]
      continue
    }
    const c = template[++i]
    if (c === undefined) result += "\0"
    else if (c < "0" || c > "9") result += c
    else if (c === "0") result += matcher.whole(start, end)
    else result += machine.toText(matcher.capture(Number(c) - 1, start, end))
  }
  return result
}

const flagCharacters = "-+ #0"

const format = (machine: Machine, check: Arguments, args: Args): string => {
  const template = check.string(args, 0)
  let result = ""
  let argument = 0
  for (let i = 0; i < template.length;) {
    const c = template[i++]!
    if (c !== "%") {
      result += c
      continue
    }
    if (template[i] === "%") {
      result += "%"
      i++
      continue
    }
    argument++
    if (argument >= args.length) return check.fail(argument, "no value")
    let flags = ""
    while (i < template.length && flagCharacters.includes(template[i]!)) flags += template[i++]
    if (flags.length > 5) return machine.error("invalid format (repeated flags)")
    const digits = (): string => {
      const found = /^\d{0,2}/.exec(template.slice(i, i + 2))![0]
      i += found.length
      return found
    }
    const width = digits()
    let precision: string | undefined
    if (template[i] === ".") {
      i++
      precision = digits()
    }
    if (/\d/.test(template[i] ?? "")) return machine.error("invalid format (width or precision too long)")
    const kind = template[i++] ?? ""
    result += directive(machine, check, args, argument, kind, flags, Number(width), precision)
    if (result.length > maxLength) throw new LuaError("not enough memory")
  }
  return result
}

const directive = (
  machine: Machine,
  check: Arguments,
  args: Args,
  at: number,
  kind: string,
  flags: string,
  width: number,
  precision: string | undefined
): string => {
  const places = precision === undefined ? undefined : Number(precision)
  /** Fills a text up to the width; zeros come after the sign. */
  const fill = (text: string, zeros: boolean): string => {
    if (text.length >= width) return text
    if (flags.includes("-")) return text.padEnd(width)
    if (!zeros || !flags.includes("0")) return text.padStart(width)
    const sign = /^([+ -]?(?:0[xX])?)(.*)$/s.exec(text)!
    return sign[1] + sign[2]!.padStart(width - sign[1]!.length, "0")
  }
  const signed = (text: string): string =>
    text.startsWith("-") ? text : flags.includes("+") ? `+${text}` : flags.includes(" ") ? ` ${text}` : text
  const upToZero = (text: string): string => text.split("\0")[0]!
  switch (kind) {
    case "c": {
      const c = check.number(args, at)
      return upToZero(fill(String.fromCharCode(Number(BigInt.asUintN(8, toInt64(c)))), false))
    }
    case "d":
    case "i": {
      const n = toInt64(check.number(args, at))
      const text = (n < 0n ? -n : n).toString().padStart(places ?? 0, "0")
      return fill(signed((n < 0n ? "-" : "") + (places === 0 && n === 0n ? "" : text)), places === undefined)
    }
    case "u":
    case "o":
    case "x":
    case "X": {
      const n = BigInt.asUintN(64, toInt64(check.number(args, at)))
      const radix = kind === "u" ? 10 : kind === "o" ? 8 : 16
      let text = places === 0 && n === 0n ? "" : n.toString(radix).padStart(places ?? 0, "0")
      if (flags.includes("#") && kind === "o" && !text.startsWith("0")) text = `0${text}`
      if (flags.includes("#") && radix === 16 && n !== 0n) text = `0x${text}`
      return fill(kind === "X" ? upper(text) : text, places === undefined)
    }
    case "e":
    case "E":
    case "f":
    case "g":
    case "G": {
      const n = check.number(args, at)
      const digits = places ?? 6
      let text = kind === "f"
        ? formatF(n, digits)
        : kind === "e" || kind === "E"
        ? formatE(n, digits)
        : formatG(n, digits, flags.includes("#"))
      if (flags.includes("#") && Number.isFinite(n) && !text.includes(".")) text = text.replace(/(?=e|$)/, ".")
      return fill(signed(kind === "E" || kind === "G" ? upper(text) : text), notFinite(n) === undefined)
    }
    case "q": {
      const text = check.string(args, at)
      return `"${text.replace(/["\\\n\r\0]/g, (c) => c === "\r" ? "\\r" : c === "\0" ? "\\000" : `\\${c}`)}"`
    }
    case "s": {
      const text = check.string(args, at)
      if (precision === undefined && text.length >= 100) return text
      const plain = upToZero(text)
      return fill(places === undefined ? plain : plain.slice(0, places), false)
    }
    default:
      return machine.error(`invalid option '%${kind}' to 'format'`)
  }
}
