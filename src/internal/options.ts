/**
 * Checks of what users pass as options, with the option's path in the error.
 * Only the checks: defaults stand where an option is used.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Address from "../Address.ts"
import type { SessionOptions } from "../Connection.ts"
import { InvalidOption } from "../Errors.ts"
import type { ExecutorOptions } from "../Executor.ts"
import { defaultOptions } from "../Pool.ts"

/** Collects the first thing that is wrong. */
export class Check {
  private error: InvalidOption | undefined = undefined

  fail(option: string, detail: string): void {
    this.error ??= new InvalidOption({ option, detail })
  }

  duration(option: string, input: Duration.Input | undefined, positive = true): void {
    if (input === undefined) return
    const duration = Duration.fromInput(input)
    if (duration._tag === "None") return this.fail(option, `${show(input)} is not a duration`)
    const millis = Duration.toMillis(duration.value)
    if (Number.isNaN(millis) || millis < 0 || (typeof input === "number" && !(input >= 0))) {
      return this.fail(option, `${show(input)} is negative or not a number`)
    }
    // Effect reads a negative duration as none.
    if (typeof input === "string" && input.trim().startsWith("-")) {
      return this.fail(option, `${show(input)} is negative`)
    }
    if (positive && millis === 0) this.fail(option, "it has to be more than zero")
  }

  integer(option: string, value: number | undefined, min: number, max: number): void {
    if (value === undefined) return
    if (!Number.isInteger(value) || value < min || value > max) {
      this.fail(option, `${show(value)} is not a whole number from ${min} to ${max}`)
    }
  }

  text(option: string, value: string | undefined, pattern: RegExp, what: string): void {
    if (value !== undefined && (typeof value !== "string" || !pattern.test(value))) this.fail(option, what)
  }

  oneOf(option: string, value: string | undefined, choices: ReadonlyArray<string>): void {
    if (value === undefined || choices.includes(value)) return
    this.fail(option, `${show(value)} is none of ${choices.join(", ")}`)
  }

  address(option: string, input: Address.Input, defaultPort: number): Address.Address | undefined {
    const parsed = Address.parse(input, defaultPort)
    if (typeof parsed !== "string") return parsed
    this.fail(option, parsed)
    return undefined
  }

  session(path: string, options: SessionOptions): void {
    const at = (name: string): string => path === "" ? name : `${path}.${name}`
    this.text(at("username"), options.username, /^[^\s]+$/, "a username has no spaces and is not empty")
    this.text(
      at("clientName"),
      options.clientName,
      /^[!-~]+$/,
      "a client name is printable ASCII without spaces, and not empty"
    )
    const password = options.password
    if (password !== undefined && !Redacted.isRedacted(password) && !Effect.isEffect(password)) {
      this.fail(at("password"), "a password is Redacted, or an Effect of one")
    }
    if (options.username !== undefined && password === undefined) {
      this.fail(at("username"), "a username without a password")
    }
    this.integer(at("database"), options.database, 0, 1_000_000)
    this.duration(at("connectTimeout"), options.connectTimeout)
    this.duration(at("stallTimeout"), options.stallTimeout)
    this.duration(at("pingInterval"), options.pingInterval)
    const limits = options.limits
    if (limits !== undefined) {
      for (const name of ["maxDepth", "maxBulkLength", "maxElements", "maxLineLength", "maxReplyBytes"] as const) {
        this.integer(at(`limits.${name}`), limits[name], 1, Number.MAX_SAFE_INTEGER)
      }
    }
    if (options.protocol !== undefined && options.protocol !== 2 && options.protocol !== 3) {
      this.fail(at("protocol"), "the protocol is 2 or 3")
    }
  }

  executor(path: string, options: ExecutorOptions): void {
    const at = (name: string): string => path === "" ? name : `${path}.${name}`
    this.duration(at("commandTimeout"), options.commandTimeout)
    this.duration(at("leaseTimeout"), options.leaseTimeout)
    this.duration(at("leaseIdleTime"), options.leaseIdleTime)
    this.integer(at("maxQueue"), options.maxQueue, 1, 100_000_000)
    this.integer(at("connections"), options.connections, 1, 1000)
    this.integer(at("maxLeases"), options.maxLeases, 1, 10_000)
    this.integer(at("minLeases"), options.minLeases, 0, options.maxLeases ?? defaultOptions.maxLeases)
  }

  /** Succeeds if nothing was wrong. */
  get result(): Effect.Effect<void, InvalidOption> {
    return this.error === undefined ? Effect.void : Effect.fail(this.error)
  }
}

const show = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" ? JSON.stringify(value) ?? String(value) : String(value)
