/**
 * Checks the options that users pass; errors contain the option's path. Checked
 * options are copied: each field is read once, and later changes by the caller
 * have no effect. Defaults are not applied here, but where an option is used.
 *
 * Errors never contain a text that was passed, since it may be a secret in the
 * wrong place; they contain numbers and kinds of values.
 */
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Tls from "node:tls"
import * as Address from "../../Address.ts"
import type { DurationInput, TimeoutInput } from "../../commands/options.ts"
import type { Service } from "../../Credentials.ts"
import { InvalidOption } from "../../Errors.ts"
import type { ExecutorOptions, ReplicaSelectionOptions, SessionOptions } from "../../Options.ts"
import { defaultOptions } from "../../Pool.ts"
import { choiceProblem, durationOf, fieldsOf, integerProblem, itemsOf, kindOf } from "../common/values.ts"
import { Keeper, keeperKey } from "../credentials/keeper.ts"

/** The longest name that is accepted, in characters. */
const maxText = 1024

/** The deepest nesting of replies for which the stack is large enough. */
const mostDepth = 1000

/** A URL in place of a name may contain a password. */
const urlWithCredentials = /^[^/]*:\/\/.*@/s

/** A description of the problem, if a value is not the name of a group. */
export const groupProblem = (value: unknown): string | undefined =>
  // Sentinels publish it as one word among others.
  typeof value !== "string" || !/^[^\s\p{Cc}]+$/u.test(value)
    ? "the name of a group must not be empty, or contain spaces or control characters"
    : value.length > maxText
    ? `the name of a group has at most ${maxText} characters`
    : urlWithCredentials.test(value)
    ? "expected the name of a group, not a URL"
    : undefined

const isResolver = (value: unknown): boolean => {
  if (typeof value === "function") return true
  if (typeof value !== "object" || value === null) return false
  try {
    const { resolve4, resolve6 } = value as { readonly resolve4?: unknown; readonly resolve6?: unknown }
    return typeof resolve4 === "function" && typeof resolve6 === "function"
  } catch {
    return false
  }
}

/** Checks options one by one, and keeps the first problem. */
export class Check {
  private error: InvalidOption | undefined = undefined

  fail(option: string, detail: string): void {
    this.error ??= new InvalidOption({ option, detail })
  }

  private wrong(option: string, problem: string | undefined): void {
    if (problem !== undefined) this.fail(option, problem)
  }

  /** A copy of an object of options without undefined ones; an empty object if it is not one. */
  fields<A extends object>(path: string, value: A | undefined): A {
    if (value === undefined) return {} as A
    const copy = fieldsOf(value)
    if (typeof copy !== "string") {
      // An undefined option must not replace a default.
      return Object.fromEntries(Object.entries(copy).filter(([, field]) => field !== undefined)) as A
    }
    this.fail(path === "" ? "options" : path, copy)
    return {} as A
  }

  /** A copy of an array; an empty array if it is not one. */
  items<A>(path: string, value: ReadonlyArray<A> | undefined): Array<A> {
    if (value === undefined) return []
    const copy = itemsOf(value)
    if (typeof copy !== "string") return copy as Array<A>
    this.fail(path, copy)
    return []
  }

  /** A duration that may be without an end. */
  timeout(option: string, input: TimeoutInput | undefined, positive = true): Duration.Duration | undefined {
    if (input === undefined) return undefined
    const duration = durationOf(input, positive)
    if (typeof duration !== "string") return duration
    this.fail(option, duration)
    return undefined
  }

  /** A finite duration. */
  duration(option: string, input: DurationInput | undefined, positive = true): Duration.Duration | undefined {
    const duration = this.timeout(option, input, positive)
    if (duration === undefined || Duration.isFinite(duration)) return duration
    this.fail(option, "the duration must be finite")
    return undefined
  }

  /** Replaces the input by its Duration. An option that is missing stays missing, so that a default can apply. */
  private putTimeout<K extends string>(into: { [P in K]?: TimeoutInput | undefined }, name: K, option: string): void {
    const duration = this.timeout(option, into[name])
    if (duration !== undefined) into[name] = duration
  }

  private putDuration<K extends string>(into: { [P in K]?: DurationInput | undefined }, name: K, option: string): void {
    const duration = this.duration(option, into[name])
    if (duration !== undefined) into[name] = duration
  }

  integer(option: string, value: number | undefined, min: number, max: number): void {
    if (value !== undefined) this.wrong(option, integerProblem(value, min, max))
  }

  boolean(option: string, value: boolean | undefined): void {
    if (value !== undefined && typeof value !== "boolean") {
      this.fail(option, `expected true or false, got ${kindOf(value)}`)
    }
  }

  function(option: string, value: unknown): void {
    if (value !== undefined && typeof value !== "function") {
      this.fail(option, `expected a function, got ${kindOf(value)}`)
    }
  }

  text(option: string, value: string | undefined, pattern: RegExp, what: string): void {
    if (value === undefined) return
    if (typeof value !== "string" || !pattern.test(value)) return this.fail(option, what)
    if (value.length > maxText) this.fail(option, `it must have at most ${maxText} characters`)
  }

  oneOf(option: string, value: string | undefined, choices: ReadonlyArray<string>): void {
    if (value !== undefined) this.wrong(option, choiceProblem(value, choices))
  }

  address(option: string, input: Address.Input, defaultPort: number): Address.Address | undefined {
    const parsed = Address.parse(input, defaultPort)
    if (typeof parsed !== "string") return parsed
    this.fail(option, parsed)
    return undefined
  }

  group(value: string): void {
    this.wrong("group", groupProblem(value))
  }

  schedule(option: string, value: unknown): void {
    if (value === undefined) return
    try {
      if (Schedule.isSchedule(value)) return
    } catch {
      // Reading it threw.
    }
    this.fail(option, `expected a Schedule, got ${kindOf(value)}`)
  }

  /** Options of a session, copied. */
  session<A extends SessionOptions>(path: string, value: A | undefined): A {
    const at = (name: string): string => path === "" ? name : `${path}.${name}`
    const options = this.fields<{ -readonly [K in keyof SessionOptions]: SessionOptions[K] }>(path, value)
    this.text(at("username"), options.username, /^[^\s\p{Cc}]+$/u, "a username must not be empty, or contain spaces")
    this.text(
      at("clientName"),
      options.clientName,
      /^[!-~]+$/,
      "a client name must be printable ASCII without spaces, and not empty"
    )
    const password = options.password
    if (password !== undefined) this.wrong(at("password"), passwordProblem(password))
    const credentials = options.credentials
    if (credentials !== undefined) {
      this.wrong(at("credentials"), credentialsProblem(credentials))
      if (options.username !== undefined || password !== undefined) {
        this.fail(at("credentials"), "they stand in place of username and password: set one of both")
      }
    }
    if (options.username !== undefined && password === undefined) {
      this.fail(at("username"), "a username needs a password: set password as well")
    }
    if (options.tls !== undefined) options.tls = this.tls(at("tls"), options.tls)
    this.integer(at("database"), options.database, 0, 1_000_000)
    this.putDuration(options, "connectTimeout", at("connectTimeout"))
    this.putTimeout(options, "stallTimeout", at("stallTimeout"))
    this.putTimeout(options, "pingInterval", at("pingInterval"))
    if (options.limits !== undefined) {
      const limits = this.fields(at("limits"), options.limits)
      for (const name of ["maxDepth", "maxBulkLength", "maxElements", "maxLineLength", "maxReplyBytes"] as const) {
        this.integer(at(`limits.${name}`), limits[name], 1, name === "maxDepth" ? mostDepth : Number.MAX_SAFE_INTEGER)
      }
      options.limits = limits
    }
    if (options.resolver !== undefined && !isResolver(options.resolver)) {
      this.fail(
        at("resolver"),
        `expected a Resolver of node:dns or a function like dns.lookup, got ${kindOf(options.resolver)}`
      )
    }
    if (options.protocol !== undefined && options.protocol !== 2 && options.protocol !== 3) {
      this.fail(at("protocol"), "the protocol must be 2 or 3")
    }
    return options as A
  }

  private tls(option: string, value: SessionOptions["tls"]): SessionOptions["tls"] {
    if (value === undefined || typeof value === "boolean") return value
    if (typeof value !== "object") {
      this.fail(option, `expected true, false or an object, got ${kindOf(value)}`)
      return undefined
    }
    const tls = this.fields<Tls.ConnectionOptions>(option, value)
    if (tls.servername !== undefined && typeof tls.servername !== "string") {
      this.fail(`${option}.servername`, `expected a host name, got ${kindOf(tls.servername)}`)
    }
    this.boolean(`${option}.rejectUnauthorized`, tls.rejectUnauthorized)
    this.function(`${option}.checkServerIdentity`, tls.checkServerIdentity)
    try {
      if (tls.secureContext === undefined) Tls.createSecureContext(tls)
    } catch (error) {
      // Node's message may quote a key or its passphrase.
      const code = (error as { code?: unknown } | null)?.code
      const why = typeof code === "string" && /^[A-Z0-9_]+$/.test(code) ? ` (${code})` : ""
      this.fail(
        option,
        `Node cannot make a secure context of it${why}: a key, a certificate or another field is malformed`
      )
    }
    return tls
  }

  /** Options of an executor; `value` was copied before. */
  executor(path: string, value: ExecutorOptions): void {
    const at = (name: string): string => path === "" ? name : `${path}.${name}`
    const options = value as { -readonly [K in keyof ExecutorOptions]: ExecutorOptions[K] }
    this.putTimeout(options, "commandTimeout", at("commandTimeout"))
    this.putTimeout(options, "reserveTimeout", at("reserveTimeout"))
    this.putTimeout(options, "reservedIdleTime", at("reservedIdleTime"))
    this.integer(at("maxQueue"), options.maxQueue, 1, 100_000_000)
    this.integer(at("connections"), options.connections, 1, 1000)
    this.integer(at("maxReserved"), options.maxReserved, 1, 10_000)
    this.integer(at("maxBlocking"), options.maxBlocking, 1, 10_000)
    const most = typeof options.maxReserved === "number" ? options.maxReserved : defaultOptions.maxReserved
    this.integer(at("minReserved"), options.minReserved, 0, most)
    const repeatable = options.repeatable
    if (repeatable !== undefined && typeof repeatable !== "boolean" && typeof repeatable !== "function") {
      this.fail(at("repeatable"), `expected true, false or a function, got ${kindOf(repeatable)}`)
    }
  }

  /** Options of a replica's client; `value` was copied before. */
  replica(value: ReplicaSelectionOptions): void {
    const options = value as { -readonly [K in keyof ReplicaSelectionOptions]: ReplicaSelectionOptions[K] }
    const { replicaSelection, fallbackToPrimary } = options
    if (typeof replicaSelection === "object") {
      const { prefer } = this.fields("replicaSelection", replicaSelection)
      const labels = prefer === undefined ? undefined : itemsOf(prefer)
      if (labels === undefined) this.fail("replicaSelection", "expected a name, { prefer: labels }, or a function")
      else if (typeof labels === "string") this.fail("replicaSelection.prefer", labels)
      else if (!labels.every((label) => typeof label === "string")) {
        this.fail("replicaSelection.prefer", "each label must be a string")
      } else options.replicaSelection = { prefer: labels as Array<string> }
    } else if (typeof replicaSelection !== "function") {
      this.oneOf("replicaSelection", replicaSelection, ["sticky", "round-robin", "random", "latency", "lag"])
    }
    if (
      fallbackToPrimary !== undefined && typeof fallbackToPrimary !== "boolean" && fallbackToPrimary !== "when-none"
    ) {
      this.fail("fallbackToPrimary", `expected true, false or "when-none", got ${kindOf(fallbackToPrimary)}`)
    }
    if (options.maxLag !== undefined) {
      const maxLag = this.fields<{ bytes?: number | undefined; time?: DurationInput | undefined }>(
        "maxLag",
        options.maxLag
      )
      if (maxLag.bytes === undefined && maxLag.time === undefined) this.fail("maxLag", "set bytes, or time, or both")
      this.integer("maxLag.bytes", maxLag.bytes, 0, Number.MAX_SAFE_INTEGER)
      this.putDuration(maxLag, "time", "maxLag.time")
      options.maxLag = maxLag
    }
    this.boolean("excludePriorityZero", options.excludePriorityZero)
    this.putDuration(options, "measureInterval", "measureInterval")
  }

  /** Succeeds if there was no problem. */
  get result(): Effect.Effect<void, InvalidOption> {
    return this.error === undefined ? Effect.void : Effect.fail(this.error)
  }
}

/** A finite duration in milliseconds, which may be zero. Throws `InvalidOption` for anything else. */
export const millisOf = (option: string, input: DurationInput | undefined): number | undefined => {
  if (input === undefined) return undefined
  const duration = durationOf(input, false)
  if (typeof duration === "string") throw new InvalidOption({ option, detail: duration })
  if (!Duration.isFinite(duration)) throw new InvalidOption({ option, detail: "the duration must be finite" })
  return Duration.toMillis(duration)
}

const credentialsProblem = (credentials: unknown): string | undefined => {
  try {
    if ((credentials as Partial<Service> | null)?.[keeperKey] instanceof Keeper) return undefined
  } catch {
    // Reading it threw.
  }
  return `expected what Credentials.make gives, got ${kindOf(credentials)}`
}

const passwordProblem = (password: unknown): string | undefined => {
  try {
    if (Redacted.isRedacted(password)) {
      return typeof Redacted.value(password) === "string" ? undefined : "the Redacted value must be a string"
    }
    return Effect.isEffect(password) ? undefined : "expected a Redacted string, or an Effect of one"
  } catch {
    return "reading it fails with an exception"
  }
}

/**
 * Options with others, which have no undefined fields, on top of them. Credentials that change replace a user and a
 * password, and the other way round.
 */
export const onTopOf = <A extends SessionOptions>(base: A, own: A | undefined): A => {
  const merged: { -readonly [K in keyof SessionOptions]: SessionOptions[K] } = { ...base, ...own }
  if (own?.credentials !== undefined) {
    if (own.username === undefined) delete merged.username
    if (own.password === undefined) delete merged.password
  } else if (own?.username !== undefined || own?.password !== undefined) delete merged.credentials
  return merged as A
}

/** Reads a Config of options; fails with `InvalidOption` if it is not one. */
export const unwrapped = <A>(options: Config.Wrap<A>): Effect.Effect<A, InvalidOption | Config.ConfigError> =>
  Effect.suspend((): Effect.Effect<A, InvalidOption | Config.ConfigError> => {
    try {
      if (typeof options === "object" && options !== null) return Config.unwrap(options)
    } catch {
      // It is not a Config, and contains none.
    }
    return Effect.fail(
      new InvalidOption({ option: "options", detail: `expected a Config of options, got ${kindOf(options)}` })
    )
  })
