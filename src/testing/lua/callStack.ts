/**
 * The calls of a program that have not returned: where an error is raised, how its message names that place, and for
 * how long the program may run. machine.ts makes the calls.
 */
import { Coroutine, Frame, Native, type Value } from "./values.ts"

/** An error that a program may catch. Its value is any value of Lua. */
export class LuaError {
  readonly value: Value
  constructor(value: Value) {
    this.value = value
  }
}

/** A program has run for longer than it may: it has executed so many instructions. */
export class Endless {
  readonly instructions: number
  constructor(instructions: number) {
    this.instructions = instructions
  }
}

/** Where a running function is, as error messages show it. */
export interface Place {
  readonly chunk: string
  readonly line: number
}

/** The calls of one state of Lua. */
export class CallStack {
  /** How many instructions the program may still execute. */
  protected budget = Infinity
  private limit = Infinity
  /** The coroutine that runs: of the program itself, if it has no entry. */
  current = new Coroutine(undefined)

  constructor() {
    this.current.status = "running"
  }

  /** Forgets all calls. */
  protected restart(): void {
    this.current = new Coroutine(undefined)
    this.current.status = "running"
  }

  /** Sets how many instructions a program may execute from now on. */
  allow(instructions: number): void {
    this.limit = instructions
    this.budget = instructions
  }

  /** Takes so many instructions' time. */
  spend(instructions: number): void {
    if ((this.budget -= instructions) < 0) throw this.exhausted()
  }

  /** Takes the time of a new table, function or coroutine, whose memory may last as long as the program. */
  allocate(): void {
    this.spend(32)
  }

  // ---------------------------------------------------------------------------
  // Errors

  /** Fails with a message, after the place of the running function. */
  fail(message: string): never {
    const top = this.current.frames.at(-1)
    throw new LuaError((top instanceof Frame ? this.shown(top) : "") + message)
  }

  /** Fails in a native function: with a message after the place of its caller. */
  error(message: string): never {
    throw new LuaError(this.where(1) + message)
  }

  /** Fails because of an argument of a native function; the first is number 1. */
  argumentError(number: number, message: string): never {
    const [kind, name] = this.calledName() ?? [undefined, "?"]
    let n = number
    if (kind === "method" && --n === 0) return this.error(`calling '${name}' on bad self (${message})`)
    return this.error(`bad argument #${n} to '${name}' (${message})`)
  }

  /** How the native function that runs is called in the source: its kind and its name. */
  private calledName(): readonly [kind: string, name: string] | undefined {
    const { frames } = this.current
    const caller = frames.at(-2)
    if (!(frames.at(-1) instanceof Native) || !(caller instanceof Frame)) return undefined
    const text = caller.closure.prototype.first.get(caller.pc - 1)
    const found = text === undefined ? null : /^(\w+) '([\s\S]*)'$/.exec(text)
    return found === null ? undefined : [found[1]!, found[2]!]
  }

  protected shown(frame: Frame): string {
    const { lines, source } = frame.closure.prototype
    return `${source}:${lines[frame.pc - 1] ?? 0}: `
  }

  /** The function at a level: 0 is the one that runs. Null for a call that was replaced by another one. */
  private level(level: number): Frame | Native | null | undefined {
    const { frames } = this.current
    let left = level
    let i = frames.length - 1
    for (; left > 0 && i >= 0; i--) {
      left--
      const frame = frames[i]!
      if (frame instanceof Frame) left -= frame.replaced
    }
    return left < 0 ? null : frames[i]
  }

  /** The place of the function at a level, for a message. */
  where(level: number): string {
    const frame = this.level(level)
    return frame instanceof Frame ? this.shown(frame) : ""
  }

  /** The place of the function at a level; undefined if there is none. */
  placeAt(level: number): Place | undefined {
    const frame = this.level(level)
    if (frame === undefined) return undefined
    if (frame === null) return { chunk: "=(tail call)", line: -1 }
    if (frame instanceof Native) return { chunk: "=[C]", line: -1 }
    const { chunk, lines } = frame.closure.prototype
    return { chunk, line: lines[frame.pc - 1] ?? 0 }
  }

  /** Whether the function at a level is native. */
  isNative(level: number): boolean {
    return this.level(level) instanceof Native
  }

  /** The program has run for longer than it may. */
  protected exhausted(): Endless {
    return new Endless(this.limit)
  }
}
