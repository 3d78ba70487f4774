/**
 * The libraries of functions of a server: FUNCTION LOAD, LIST, DELETE, DUMP, RESTORE and FLUSH.
 */
import { matches } from "../data/command.ts"
import { seal, unseal } from "../data/dump.ts"
import { RdbReader, text } from "../data/rdb.ts"
import { Failure, Fields, Members, ok, type Reply, Simple } from "../Reply.ts"
import { Endless } from "./callStack.ts"
import type { Random } from "./mathLibrary.ts"
import { FunctionMachine, type Registration } from "./redisLibrary.ts"
import { splitShebang } from "./shebang.ts"
import { Table } from "./values.ts"

/** A library and its functions by name. */
interface Library {
  readonly name: string
  readonly code: string
  readonly functions: ReadonlyMap<string, Registration>
}

const err = (text: string): Failure => new Failure(`ERR ${text}`)

const badName =
  "Library names can only contain letters, numbers, or underscores(_) and must be at least one character long"
const isName = (name: string): boolean => /^[A-Za-z0-9_]+$/.test(name)

/** The type of a library in the format of RDB files. */
const opcode = 245

export class FunctionLibraries {
  readonly machine: FunctionMachine
  private libraries = new Map<string, Library>()
  /** How many instructions the code of a library may execute while it is loaded. */
  budget: () => number

  constructor(random: Random, budget: () => number) {
    this.machine = new FunctionMachine(random)
    this.budget = budget
  }

  /** The function of a name, in any case. */
  find(name: string): Registration | undefined {
    return findIn(this.libraries, name)
  }

  /** How many libraries there are, and how many functions. */
  get counts(): readonly [libraries: number, functions: number] {
    let functions = 0
    for (const library of this.libraries.values()) functions += library.functions.size
    return [this.libraries.size, functions]
  }

  /** Takes the libraries of another server. */
  copyFrom(other: FunctionLibraries): void {
    this.libraries = new Map()
    for (const { code } of other.libraries.values()) this.add(this.read(code), this.libraries, false)
  }

  clear(): void {
    this.libraries = new Map()
  }

  load(args: ReadonlyArray<string>): Reply {
    const code = args[args.length - 1]!
    const options = args.slice(2, -1)
    const unknown = options.find((option) => option.toLowerCase() !== "replace")
    if (unknown !== undefined) return err(`Unknown option given: ${unknown}`)
    return this.add(this.read(code), this.libraries, options.length > 0)
  }

  delete(name: string): Reply {
    return this.libraries.delete(name) ? ok : err("Library not found")
  }

  list(args: ReadonlyArray<string>): Reply {
    let withCode = false
    let pattern: string | undefined
    for (let i = 2; i < args.length; i++) {
      const option = args[i]!.toLowerCase()
      if (!withCode && option === "withcode") withCode = true
      else if (pattern === undefined && option === "libraryname") {
        pattern = args[++i]
        if (pattern === undefined) return err("library name argument was not given")
      } else return err(`Unknown argument ${args[i]}`)
    }
    return Array.from(this.libraries.values())
      .filter(({ name }) => pattern === undefined || matches(pattern.toLowerCase(), name.toLowerCase()))
      .map(({ code, functions, name }) =>
        new Fields([
          "library_name",
          name,
          "engine",
          "LUA",
          "functions",
          Array.from(functions.values(), (f) =>
            new Fields([
              "name",
              f.name,
              "description",
              f.description ?? null,
              "flags",
              new Members(f.flags.map((flag) => new Simple(flag)))
            ])),
          ...(withCode ? ["library_code", code] : [])
        ])
      )
  }

  dump(): Reply {
    return seal(
      Array.from(this.libraries.values(), ({ code }) => String.fromCharCode(opcode) + text(code)).join("")
    )
  }

  restore(args: ReadonlyArray<string>): Reply {
    const policy = args[3]?.toLowerCase() ?? "append"
    if (!["append", "replace", "flush"].includes(policy)) {
      return err("Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.")
    }
    const reader = new RdbReader(unseal(args[2]!))
    const restored = new Map<string, Library>()
    while (!reader.isAtEnd) {
      if (reader.byte() !== opcode) return err("given type is not a function")
      let code: string
      try {
        code = reader.text()
      } catch {
        return err("Failed loading library payload")
      }
      const added = this.add(this.read(code), restored, false)
      if (added instanceof Failure) return added
    }
    if (policy === "flush") {
      this.libraries = restored
      return ok
    }
    const kept = new Map(this.libraries)
    for (const name of restored.keys()) {
      if (kept.delete(name) && policy === "append") return err(`Library ${name} already exists`)
    }
    for (const { functions } of restored.values()) {
      for (const name of functions.keys()) {
        if (findIn(kept, name) !== undefined) return err(`Function ${name} already exists`)
      }
    }
    this.libraries = new Map([...kept, ...restored])
    return ok
  }

  flush(args: ReadonlyArray<string>): Reply {
    if (args[2] !== undefined && !/^(a?sync)$/i.test(args[2])) {
      return err("FUNCTION FLUSH only supports SYNC|ASYNC option")
    }
    this.clear()
    return ok
  }

  /** Adds a library that was read, or gives why it cannot be read or added. */
  private add(read: Library | Failure, libraries: Map<string, Library>, replaces: boolean): Reply {
    if (read instanceof Failure) return read
    const old = libraries.get(read.name)
    if (old !== undefined && !replaces) return err(`Library '${read.name}' already exists`)
    const run = this.run(read)
    if (run instanceof Failure) return run
    const others = new Map(libraries)
    others.delete(read.name)
    for (const name of run.functions.keys()) {
      if (findIn(others, name) !== undefined) return err(`Function ${name} already exists`)
    }
    libraries.delete(read.name)
    libraries.set(read.name, run)
    return read.name
  }

  /** A library without its functions. */
  private read(code: string): Library | Failure {
    if (!code.startsWith("#!")) return err("Missing library metadata")
    const [shebang, words] = splitShebang(code)
    if (shebang === undefined || words === undefined) return err("Invalid library metadata")
    let name: string | undefined
    for (const word of words.slice(1)) {
      if (!/^name=/i.test(word)) return err(`Invalid metadata value given: ${word}`)
      if (name !== undefined) return err("Invalid metadata value, name argument was given multiple times")
      name = word.slice(5)
    }
    if (name === undefined) return err("Library name was not given")
    if (!isName(name)) return err(badName)
    const engine = words[0]!.slice(2)
    if (engine.toLowerCase() !== "lua") return err(`Engine '${engine}' not found`)
    return { name, code, functions: new Map() }
  }

  /** A library with the functions that its code registers. */
  private run(library: Library): Library | Failure {
    const { code, name } = library
    const loaded = this.machine.tryLoad(code.slice(code.indexOf("\n")), "@user_function")
    if (typeof loaded === "string") return err(`Error compiling function: ${loaded}`)
    const functions = new Map<string, Registration>()
    const refusal = (registration: Registration): string | undefined =>
      !isName(registration.name)
        ? badName
        : functions.has(registration.name)
        ? "Function already exists in the library"
        : undefined
    let failed
    try {
      failed = this.machine.loadLibrary(loaded, this.budget(), (registration) => {
        const refused = refusal(registration)
        if (refused === undefined) functions.set(registration.name, registration)
        return refused
      })
    } catch (error) {
      if (!(error instanceof Endless)) throw error
      this.machine.abandon()
      return err("Error registering functions: ERR FUNCTION LOAD timeout")
    }
    if (failed !== undefined) {
      const raised = failed.value instanceof Table ? failed.value.get("err") : failed.value
      const message = this.machine.toText(raised) ?? "(null)"
      return err(`Error registering functions: ${failed.value instanceof Table ? "" : "ERR "}${message}`)
    }
    if (functions.size === 0) return err("No functions registered")
    return { name, code, functions }
  }
}

const findIn = (libraries: ReadonlyMap<string, Library>, name: string): Registration | undefined => {
  const wanted = name.toLowerCase()
  for (const { functions } of libraries.values()) {
    for (const found of functions.values()) if (found.name.toLowerCase() === wanted) return found
  }
  return undefined
}
