/**
 * The states of Lua that a server has: one for scripts and one for libraries of functions. They have the table `redis`,
 * and nothing in them can be changed by a script.
 */
import { createHash } from "node:crypto"
import type { Protocol, Reply } from "../Reply.ts"
import { Arguments } from "./arguments.ts"
import { addBase } from "./baseLibrary.ts"
import { bitLibrary } from "./bitLibrary.ts"
import { LuaError } from "./callStack.ts"
import { jsonLibrary } from "./jsonLibrary.ts"
import { Machine } from "./machine.ts"
import { mathLibrary, type Random } from "./mathLibrary.ts"
import { messagePackLibrary } from "./messagePackLibrary.ts"
import { formatG, toInt64 } from "./numbers.ts"
import { errorTable, toLua } from "./replies.ts"
import { stringLibrary } from "./stringLibrary.ts"
import { structLibrary } from "./structLibrary.ts"
import { tableLibrary } from "./tableLibrary.ts"
import { type Closure, isFunction, Native, Table, type Value } from "./values.ts"

/** A script or a function that runs. */
export interface Run {
  /** The version of RESP in which it gets replies. */
  protocol: Protocol
  /** Runs a command. Gives a `Failure` if it is refused or fails. */
  readonly call: (args: ReadonlyArray<string>) => Reply
  /** Whether the user may run a command; undefined if there is no such command. */
  readonly mayRun: (args: ReadonlyArray<string>) => boolean | undefined
  /** Sets whether replicas get what it writes. */
  readonly replicate: (isOn: boolean) => void
}

/** A function of a library, as it was registered. */
export interface Registration {
  readonly name: string
  readonly description: string | undefined
  readonly flags: ReadonlyArray<string>
  readonly callback: Closure | Native
}

/** What `redis.REDIS_VERSION` says. */
const version = { text: "7.0.15", number: 0x0007_000f }

/** The flags that scripts and functions may have. */
export const scriptFlags: ReadonlyArray<string> = [
  "no-writes",
  "allow-oom",
  "allow-stale",
  "no-cluster",
  "allow-cross-slot-keys"
]

export const sha1 = (text: string): string => createHash("sha1").update(text, "latin1").digest("hex")

/** A state of Lua as a server has it. */
export class ScriptMachine extends Machine {
  /** What runs in it; undefined outside of a call. */
  running: Run | undefined = undefined
  protected readonly check = new Arguments(this)

  constructor(random: Random) {
    super()
    addBase(this)
    const { globals } = this
    globals.set("string", stringLibrary(this))
    globals.set("table", tableLibrary(this))
    globals.set("math", this.mathematics(random))
    globals.set("bit", bitLibrary(this))
    globals.set("struct", structLibrary(this))
    globals.set("cjson", jsonLibrary(this))
    globals.set("cmsgpack", messagePackLibrary(this))
    globals.set("redis", this.redis())
  }

  /** Fails as the functions of `redis` do: without a place. */
  protected refuse(message: string): never {
    throw new LuaError(errorTable(`ERR ${message}`))
  }

  private mathematics(random: Random): Table {
    const table = mathLibrary(this, random)
    for (const name of ["random", "randomseed"]) {
      const { body } = table.get(name) as Native
      table.set(
        name,
        new Native((args) =>
          this.running === undefined
            ? this.error(`math.${name} can only be called inside a script invocation`)
            : body(args)
        )
      )
    }
    return table
  }

  private runFor(what: string): Run {
    return this.running ?? this.refuse(`redis.${what} can only be called inside a script invocation`)
  }

  /** The words of a command; undefined if they are no words, with the reason. */
  private words(args: ReadonlyArray<Value>): ReadonlyArray<string> | string {
    if (args.length === 0) return "Please specify at least one argument for this redis lib call"
    const words: Array<string> = []
    for (const value of args) {
      if (typeof value === "number") words.push(formatG(value, 17))
      else if (typeof value === "string") words.push(value)
      else return "Lua redis lib command arguments must be strings or integers"
    }
    return words
  }

  private command(args: ReadonlyArray<Value>, raises: boolean): Array<Value> {
    const run = this.runFor("call/pcall")
    const words = this.words(args)
    this.spend(20)
    const result = typeof words === "string"
      ? errorTable(`ERR ${words}`)
      : toLua(run.call(words), run.protocol)
    if (raises && result instanceof Table && result.get("err") !== undefined) throw new LuaError(result)
    return [result]
  }

  private redis(): Table {
    const table = this.describe(new Table())
    const add = (name: string, body: Native["body"]): void => table.set(name, new Native(body))
    add("call", (args) => this.command(args, true))
    add("pcall", (args) => this.command(args, false))
    add("sha1hex", (args) => {
      if (args.length !== 1) return this.refuse("wrong number of arguments")
      return [sha1(this.toText(args[0]) ?? "")]
    })
    add("error_reply", ([text, ...more]) => {
      if (typeof text !== "string" || more.length > 0) return [errorTable("ERR wrong number or type of arguments")]
      const whole = text.startsWith("-") ? text.slice(1) : text
      const space = whole.indexOf(" ")
      const [code, message] = space === -1 ? ["ERR", whole] : [whole.slice(0, space), whole.slice(space + 1)]
      return [errorTable(`${code} ${message.replace(/^[\r\n]+|[\r\n]+$/g, "")}`)]
    })
    add("status_reply", ([text, ...more]) => {
      if (typeof text !== "string" || more.length > 0) return [errorTable("ERR wrong number or type of arguments")]
      const reply = new Table()
      reply.set("ok", text)
      return [reply]
    })
    add("setresp", (args) => {
      const run = this.runFor("setresp")
      if (args.length !== 1) return this.refuse("redis.setresp() requires one argument.")
      const resp = Math.trunc(this.toNumber(args[0]) ?? 0)
      if (resp !== 2 && resp !== 3) return this.refuse("RESP version must be 2 or 3.")
      run.protocol = resp
      return []
    })
    add("set_repl", (args) => {
      const run = this.runFor("set_repl")
      if (args.length !== 1) return this.refuse("redis.set_repl() requires two arguments.")
      const flags = toInt64(this.toNumber(args[0]) ?? 0)
      if ((flags & ~3n) !== 0n) {
        return this.refuse("Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.")
      }
      run.replicate((flags & 2n) !== 0n)
      return []
    })
    add("acl_check_cmd", (args) => {
      const run = this.runFor("acl_check_cmd")
      const words = this.words(args)
      if (typeof words === "string") return this.refuse(words)
      return [run.mayRun(words) ?? this.refuse("Invalid command passed to redis.acl_check_cmd()")]
    })
    for (const [name, value] of Object.entries({ NONE: 0, AOF: 1, SLAVE: 2, REPLICA: 2, ALL: 3 })) {
      table.set(`REPL_${name}`, value)
    }
    return table
  }

  /** Adds what `redis` has also while a library is loaded: the log, and the version. */
  protected describe(table: Table): Table {
    table.set(
      "log",
      new Native((args) => {
        if (args.length < 2) return this.refuse("redis.log() requires two arguments or more.")
        const level = this.toNumber(args[0])
        if (level === undefined) return this.refuse("First argument must be a number (log level).")
        if (level < 0 || Math.trunc(level) > 3) return this.refuse("Invalid debug level.")
        return []
      })
    )
    for (const [i, level] of ["DEBUG", "VERBOSE", "NOTICE", "WARNING"].entries()) table.set(`LOG_${level}`, i)
    table.set("REDIS_VERSION_NUM", version.number)
    table.set("REDIS_VERSION", version.text)
    return table
  }

  /** Makes reading a name that a table does not have an error. */
  protected guard(table: Table): Table {
    const metatable = new Table()
    metatable.set(
      "__index",
      new Native((args) => {
        if (args.length !== 2) return this.error("Wrong number of arguments to luaProtectedTableError")
        const name = this.toText(args[1])
        if (name === undefined) {
          return this.error("Second argument to luaProtectedTableError must be a string or number")
        }
        return this.error(`Script attempted to access nonexistent global variable '${name.split("\0")[0]}'`)
      })
    )
    table.metatable = metatable
    return table
  }

  /** The place that the message about an uncaught error names: of the function of Lua that raised it. */
  private errorPlace(level: number): { readonly source: string; readonly line: number } | undefined {
    const place = this.placeAt(this.isNative(level) ? level + 1 : level)
    return place === undefined ? undefined : { source: place.chunk, line: place.line }
  }

  /** An uncaught error as a table, with its place. */
  protected describeError(value: Value, level: number): Value {
    const table = value instanceof Table ? value : errorTable(`ERR ${this.toText(value) ?? this.show(value)}`)
    const place = this.errorPlace(level)
    if (place !== undefined) {
      this.setIndex(table, "source", place.source)
      this.setIndex(table, "line", place.line)
    }
    return table
  }

  private show(value: Value): string {
    const shown = this.call(this.tostring, [value])[0]
    return this.toText(shown) ?? ""
  }

  private get tostring(): Value {
    return this.builtins.get("tostring")
  }

  /** The table of the basic functions. */
  protected get builtins(): Table {
    return this.globals
  }

  /** Calls a function, and gives what it returns, or the error as a table with its place. */
  execute(callee: Value, args: ReadonlyArray<Value>, run: Run, budget: number): Value | LuaError {
    this.running = run
    this.allow(budget)
    try {
      const result = this.handledCall(callee, args, (value) => this.describeError(value, 0))
      return result instanceof LuaError ? result : result[0]
    } finally {
      this.running = undefined
      this.allow(Infinity)
    }
  }

  /** Where it was when it ran for too long, as errors name it; then it forgets what it ran. */
  abandon(): { readonly source: string; readonly line: number } | undefined {
    const place = this.errorPlace(0)
    this.reset()
    return place
  }
}

/** The state for scripts. */
export class EvalMachine extends ScriptMachine {
  constructor(random: Random) {
    super(random)
    const redis = this.globals.get("redis") as Table
    for (const name of ["breakpoint", "debug"]) {
      redis.set(name, new Native(() => name === "breakpoint" ? [false] : []))
    }
    redis.set("replicate_commands", new Native(() => [true]))
    this.globals.set(
      "__redis__err__handler",
      new Native((args) => [this.describeError(args[0], 1)])
    )
    this.guard(this.globals)
    protect(this.globals)
    if (this.strings !== undefined) protect(this.strings)
  }

  /** Sets the variables `KEYS` and `ARGV`. */
  setArguments(keys: Table, args: Table): void {
    this.globals.set("KEYS", keys)
    this.globals.set("ARGV", args)
  }
}

/** The state for libraries of functions. */
export class FunctionMachine extends ScriptMachine {
  private readonly own: Table
  private readonly loading: Table
  private readonly link: Table
  /** Gets the functions of the library that is being loaded; undefined outside of FUNCTION LOAD. */
  private registered: ((registration: Registration) => string | undefined) | undefined = undefined

  constructor(random: Random) {
    super(random)
    // What libraries see as their global variables is empty: it leads to the table for loading, or to that for calls.
    this.own = new Table()
    for (const [key, value] of this.globals.entries()) {
      this.own.set(key, value)
      this.globals.set(key, undefined)
    }
    const redis = this.describe(new Table())
    redis.set("register_function", new Native((args) => this.register(args)))
    this.loading = this.guard(new Table())
    this.loading.set("redis", this.guard(redis))
    protect(this.loading)
    this.own.set("_G", this.own)
    this.guard(this.own)
    protect(this.own)
    if (this.strings !== undefined) protect(this.strings)
    this.link = new Table()
    this.link.set("__index", this.own)
    this.globals.metatable = this.link
    this.link.readonly = true
    this.globals.readonly = true
  }

  protected override get builtins(): Table {
    return this.own
  }

  /**
   * Runs the code of a library, which registers its functions. `registered` gives why it refuses one, if it does. Gives
   * the error if the code fails.
   */
  loadLibrary(
    code: Closure,
    budget: number,
    registered: (registration: Registration) => string | undefined
  ): LuaError | undefined {
    this.link.set("__index", this.loading)
    this.registered = registered
    this.allow(budget)
    try {
      const result = this.protectedCall(code, [])
      return result instanceof LuaError ? result : undefined
    } finally {
      this.link.set("__index", this.own)
      this.registered = undefined
      this.allow(Infinity)
    }
  }

  private register(args: ReadonlyArray<Value>): Array<Value> {
    const { registered } = this
    if (registered === undefined) {
      return this.refuse("redis.register_function can only be called on FUNCTION LOAD command")
    }
    if (args.length < 1 || args.length > 2) {
      return this.refuse("wrong number of arguments to redis.register_function")
    }
    const refused = registered(args.length === 1 ? this.named(args[0]) : this.positional(args))
    return refused === undefined ? [] : this.refuse(refused)
  }

  private positional([first, callback]: ReadonlyArray<Value>): Registration {
    const name = this.toText(first)
    if (name === undefined) return this.refuse("first argument to redis.register_function must be a string")
    if (!isFunction(callback)) return this.refuse("second argument to redis.register_function must be a function")
    return { name, description: undefined, flags: [], callback }
  }

  private named(given: Value): Registration {
    if (!(given instanceof Table)) {
      return this.refuse(
        "calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments)."
      )
    }
    let name: string | undefined
    let description: string | undefined
    let callback: Closure | Native | undefined
    let flags: ReadonlyArray<string> = []
    for (const [key, value] of given.entries()) {
      const field = this.toText(key)?.toLowerCase()
      switch (field) {
        case undefined:
          return this.refuse("named argument key given to redis.register_function is not a string")
        case "function_name":
        case "description": {
          const text = this.toText(value)
          if (text === undefined) {
            return this.refuse(`${field} argument given to redis.register_function must be a string`)
          }
          if (field === "description") description = text
          else name = text
          break
        }
        case "callback":
          if (!isFunction(value)) {
            return this.refuse("callback argument given to redis.register_function must be a function")
          }
          callback = value
          break
        case "flags":
          if (!(value instanceof Table)) {
            return this.refuse("flags argument to redis.register_function must be a table representing function flags")
          }
          flags = this.flagsOf(value)
          break
        default:
          return this.refuse("unknown argument given to redis.register_function")
      }
    }
    if (name === undefined) return this.refuse("redis.register_function must get a function name argument")
    if (callback === undefined) return this.refuse("redis.register_function must get a callback argument")
    return { name, description, flags, callback }
  }

  private flagsOf(table: Table): ReadonlyArray<string> {
    const flags = new Set<string>()
    for (let i = 1;; i++) {
      const value = this.index(table, i)
      if (value === undefined) return scriptFlags.filter((flag) => flags.has(flag))
      const flag = this.toText(value)?.toLowerCase() ?? ""
      if (!scriptFlags.includes(flag)) return this.refuse("unknown flag given")
      flags.add(flag)
    }
  }
}

/** Makes a table and all that it leads to unchangeable. */
const protect = (table: Table): void => {
  if (table.readonly) return
  table.readonly = true
  for (const [, value] of table.entries()) if (value instanceof Table) protect(value)
  if (table.metatable !== undefined) protect(table.metatable)
}
