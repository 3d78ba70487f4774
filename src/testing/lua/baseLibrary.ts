/**
 * Lua's basic functions and its coroutines, as servers offer them: without files and environments, and with a `pcall`
 * that gives the text of an error reply.
 */
import { Arguments, library } from "./arguments.ts"
import { LuaError } from "./callStack.ts"
import { isTrue, type Machine, maxValues, yieldFunction } from "./machine.ts"
import { numberText } from "./numbers.ts"
import { Closure, Coroutine, identityOf, Light, Native, type NativeBody, Table, typeOf, type Value } from "./values.ts"

const collections = ["stop", "restart", "collect", "count", "step", "setpause", "setstepmul"]

/** A value as `tostring` shows it. */
export const shown = (machine: Machine, value: Value): Value => {
  const handler = machine.metamethod(value, "__tostring")
  if (handler !== undefined) return machine.call(handler, [value])[0]
  switch (typeof value) {
    case "string":
      return value
    case "number":
      return numberText(value)
    case "undefined":
      return "nil"
    case "boolean":
      return String(value)
    default:
      if (value instanceof Light) return "userdata: (nil)"
      return `${typeOf(value)}: 0x${(0x55d0_0000_0000 + identityOf(value)).toString(16).padStart(12, "0")}`
  }
}

const base = (machine: Machine): Readonly<Record<string, NativeBody>> => {
  const check = new Arguments(machine)
  const ipairsStep = new Native((args) => {
    const i = check.int32(args, 1) + 1
    const value = check.table(args, 0).get(i)
    return value === undefined ? [undefined] : [i, value]
  })
  const step: NativeBody = (args) => {
    const found = check.table(args, 0).next(args[1])
    if (found === null) return machine.fail("invalid key to 'next'")
    return found === undefined ? [undefined] : [found[0], found[1]]
  }
  const next = new Native(step)
  const load = (text: string, chunk: string): Array<Value> => {
    const loaded = machine.tryLoad(text, chunk)
    return typeof loaded === "string" ? [undefined, loaded] : [loaded]
  }
  return {
    assert: (args) => {
      if (isTrue(check.any(args, 0))) return args.slice()
      return machine.error(check.optionalString(args, 1, "assertion failed!"))
    },
    collectgarbage: (args) => {
      const option = check.optionalString(args, 0, "collect")
      if (!collections.includes(option)) return check.fail(0, `invalid option '${option}'`)
      check.optionalInt32(args, 1, 0)
      return [option === "count" ? 64.5 : option === "step" ? true : option.startsWith("set") ? 200 : 0]
    },
    error: (args) => {
      const level = check.optionalInt32(args, 1, 1)
      const [value] = args
      const isText = typeof value === "string" || typeof value === "number"
      throw new LuaError(isText && level > 0 ? machine.where(level) + machine.toText(value) : value)
    },
    gcinfo: () => [64],
    getmetatable: (args) => {
      const metatable = machine.metatableOf(check.any(args, 0))
      return [metatable?.get("__metatable") ?? metatable]
    },
    ipairs: (args) => [ipairsStep, check.table(args, 0), 0],
    load: (args) => {
      const reader = check.callable(args, 0)
      const chunk = check.optionalString(args, 1, "=(load)")
      const text = machine.attempt(() => {
        let whole = ""
        for (;;) {
          const [piece] = machine.call(reader, [])
          const text = machine.toText(piece)
          if (piece !== undefined && text === undefined) return machine.error("reader function must return a string")
          if (text === undefined || text === "") return whole
          whole += text
        }
      })
      if (text instanceof LuaError) return [undefined, text.value]
      return load(text, chunk)
    },
    loadstring: (args) => {
      const text = check.string(args, 0)
      return load(text, check.optionalString(args, 1, text))
    },
    next: step,
    pairs: (args) => [next, check.table(args, 0), undefined],
    pcall: (args) => {
      const [callee, ...rest] = args
      check.any(args, 0)
      const result = machine.protectedCall(callee, rest)
      if (!(result instanceof LuaError)) return [true, ...result]
      const { value } = result
      const text = value instanceof Table ? machine.index(value, "err") : undefined
      return [false, typeof text === "string" || typeof text === "number" ? text : value]
    },
    rawequal: (args) => [check.any(args, 0) === check.any(args, 1)],
    rawget: (args) => [check.table(args, 0).get(check.any(args, 1))],
    rawset: (args) => {
      const table = check.table(args, 0)
      check.any(args, 1)
      check.any(args, 2)
      check.rawSet(table, args[1], args[2])
      return [table]
    },
    select: (args) => {
      if (args[0] === "#") return [args.length - 1]
      let n = check.int32(args, 0)
      if (n < 0) n = args.length + n
      else if (n > args.length) n = args.length
      return n < 1 ? check.fail(0, "index out of range") : args.slice(n)
    },
    setmetatable: (args) => {
      const table = check.table(args, 0)
      const metatable = args[1]
      if (args.length < 2 || (metatable !== undefined && !(metatable instanceof Table))) {
        return check.fail(1, "nil or table expected")
      }
      if (table.metatable?.get("__metatable") !== undefined) {
        return machine.error("cannot change a protected metatable")
      }
      if (table.readonly) return machine.fail("Attempt to modify a readonly table")
      table.metatable = metatable
      return [table]
    },
    tonumber: (args) => {
      const radix = check.optionalInt32(args, 1, 10)
      if (radix === 10) return [machine.toNumber(check.any(args, 0))]
      const text = check.string(args, 0)
      if (radix < 2 || radix > 36) return check.fail(1, "base out of range")
      return [inRadix(text, radix)]
    },
    tostring: (args) => {
      check.any(args, 0)
      return [shown(machine, args[0])]
    },
    type: (args) => {
      check.any(args, 0)
      return [typeOf(args[0])]
    },
    unpack: (args) => {
      const table = check.table(args, 0)
      const from = check.optionalInt32(args, 1, 1)
      const to = args[2] === undefined ? table.length : check.int32(args, 2)
      if (from > to) return []
      const count = to - from + 1
      if (count > maxValues - args.length) return machine.error("too many results to unpack")
      return Array.from({ length: count }, (_, i) => table.get(from + i))
    },
    xpcall: (args) => {
      check.any(args, 1)
      const result = machine.handledCall(args[0], [], (value) => machine.call(args[1], [value])[0])
      return result instanceof LuaError ? [false, result.value] : [true, ...result]
    }
  }
}

const coroutines = (machine: Machine): Table => {
  const check = new Arguments(machine)
  const coroutine = (args: ReadonlyArray<Value>): Coroutine =>
    args[0] instanceof Coroutine ? args[0] : check.fail(0, "coroutine expected")
  const create = (args: ReadonlyArray<Value>): Coroutine => {
    machine.allocate()
    return args[0] instanceof Closure ? new Coroutine(args[0]) : check.fail(0, "Lua function expected")
  }
  const table = library({
    create: (args) => [create(args)],
    resume: (args) => {
      const result = machine.resume(coroutine(args), args.slice(1))
      return result instanceof LuaError ? [false, result.value] : [true, ...result]
    },
    running: () => [machine.current.entry === undefined ? undefined : machine.current],
    status: (args) => [coroutine(args).status],
    wrap: (args) => {
      const made = create(args)
      return [
        new Native((given) => {
          const result = machine.resume(made, given)
          if (!(result instanceof LuaError)) return result.slice()
          const text = machine.toText(result.value)
          throw text === undefined ? result : new LuaError(machine.where(1) + text)
        })
      ]
    }
  })
  table.set("yield", yieldFunction)
  return table
}

/** A text as an unsigned integer in a radix, as C's `strtoul` reads it; undefined if it is none. */
const inRadix = (text: string, radix: number): number | undefined => {
  const found = /^[ \t\n\v\f\r]*([+-]?)([0-9a-z]+)[ \t\n\v\f\r]*(?:\0|$)/i.exec(text)
  if (found === null) return undefined
  const digits = radix === 16 ? found[2]!.replace(/^0x(?=[0-9a-f])/i, "") : found[2]!
  let n = 0n
  for (const digit of digits) {
    const value = Number.parseInt(digit, 36)
    if (value >= radix) return undefined
    n = n * BigInt(radix) + BigInt(value)
  }
  if (n >= 2n ** 64n) return 2 ** 64
  return Number(BigInt.asUintN(64, found[1] === "-" ? -n : n))
}

/** Adds the basic functions to the global variables. */
export const addBase = (machine: Machine): void => {
  const { globals } = machine
  globals.set("_G", globals)
  globals.set("_VERSION", "Lua 5.1")
  for (const [name, body] of Object.entries(base(machine))) globals.set(name, new Native(body))
  globals.set("coroutine", coroutines(machine))
}
