/**
 * The users of servers, for commands/acl.ts: the arguments that rules become, and how the
 * replies of the ACL commands are read. Passwords and their hashes are `Redacted`.
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import { InvalidCommand } from "../../Errors.ts"
import { kindOf, redactedString } from "../common/values.ts"
import { type ClientInfo, clientInfo } from "./clientInfo.ts"
import { array, fields, map } from "./combinators.ts"
import { custom, type Decode, float, int, mismatch, nullable, string, text, word, words } from "./decoders.ts"

// -----------------------------------------------------------------------------
// Rules
// -----------------------------------------------------------------------------

const signs = { addPassword: ">", removePassword: "<", addHash: "#", removeHash: "!" } as const

/**
 * A rule about a password, or about the SHA-256 of one in hexadecimal digits.
 *
 * @since 0.1.0
 * @category models
 */
export type AclSecretRule = readonly [
  kind: "addPassword" | "removePassword" | "addHash" | "removeHash",
  secret: Redacted.Redacted<string>
]

/** The argument of a rule. Throws an `InvalidCommand`, without its content, for what is none. */
export const ruleArg = (command: string, rule: unknown, at: number): string => {
  const refuse = (problem: string): never => {
    throw new InvalidCommand({ command, detail: `rules[${at}]: ${problem}` })
  }
  if (typeof rule === "string") {
    return /^[><#!]/.test(rule)
      ? refuse("a password or its hash must be Redacted, as in [\"addPassword\", password]")
      : rule
  }
  if (!Array.isArray(rule) || rule.length !== 2) return refuse(`expected a rule, got ${kindOf(rule)}`)
  const [kind, secret] = rule as ReadonlyArray<unknown>
  if (typeof kind !== "string" || !Object.hasOwn(signs, kind)) {
    return refuse("expected \"addPassword\", \"removePassword\", \"addHash\" or \"removeHash\"")
  }
  const value = redactedString(secret)
  if (value === undefined) return refuse(`expected a Redacted string, got ${kindOf(secret)}`)
  return signs[kind as keyof typeof signs] + value
}

// -----------------------------------------------------------------------------
// Users
// -----------------------------------------------------------------------------

/**
 * What a user may do: its rules on commands, and those keys, channels and databases that
 * the commands may use.
 *
 * @since 0.1.0
 * @category models
 */
export interface AclSelector {
  /** The rules on commands in their order, such as `-@all`, `+@read` and `-keys`. */
  readonly commands: ReadonlyArray<string>
  /** The patterns of keys, such as `~app:*`, or `%R~app:*` for those that it may only read. */
  readonly keys: ReadonlyArray<string>
  /** The patterns of channels, such as `&news:*`. */
  readonly channels: ReadonlyArray<string>
  /** The databases, or all of them. `null` from a server without rules on databases; Valkey 9.1 has them. */
  readonly databases: "all" | ReadonlyArray<number> | null
}

/**
 * An ACL user, as ACL GETUSER describes it.
 *
 * @since 0.1.0
 * @category models
 */
export interface AclUser extends AclSelector {
  /** `on` or `off`, `nopass`, and others such as `sanitize-payload`. */
  readonly flags: ReadonlySet<string>
  /** The SHA-256 of each password, in hexadecimal digits. */
  readonly passwords: ReadonlyArray<Redacted.Redacted<string>>
  /** Further sets of rules, each of which allows what it says by itself. */
  readonly selectors: ReadonlyArray<AclSelector>
}

/**
 * An ACL user, as ACL LIST describes it.
 *
 * @since 0.1.0
 * @category models
 */
export interface AclListedUser {
  /** Its name. */
  readonly username: string
  /** Its rules in the order of the server, without its passwords; a selector, in parentheses, is one of them. */
  readonly rules: ReadonlyArray<string>
  /** The SHA-256 of each password, in hexadecimal digits. */
  readonly passwords: ReadonlyArray<Redacted.Redacted<string>>
}

const secrets: Decode<ReadonlyArray<Redacted.Redacted<string>>> = map(
  words,
  (hashes) => hashes.map((hash) => Redacted.make(hash))
)

/** Rules that are written one after the other. */
const rules: Decode<ReadonlyArray<string>> = map(word, (all) => all.split(" ").filter((rule) => rule !== ""))

const databases: Decode<"all" | ReadonlyArray<number>> = map(word, (rule) =>
  rule === "alldbs"
    ? "all"
    : rule.replace(/^db=/, "").split(",").filter((index) => index !== "").map((index) =>
      /^\d{1,10}$/.test(index) ? Number(index) : mismatch("numbers of databases", rule)
    ))

const required = { commands: rules, keys: rules, channels: rules }
const optional = { databases }

const selector: Decode<AclSelector> = map(
  fields(required, optional),
  ({ databases, ...selector }) => ({ ...selector, databases: databases ?? null })
)

export const user: Decode<AclUser | null> = nullable(map(
  fields(
    { ...required, flags: map(words, (flags) => new Set(flags)), passwords: secrets, selectors: array(selector) },
    optional
  ),
  ({ databases, ...user }) => ({ ...user, databases: databases ?? null })
))

/** The words of a line; a selector in parentheses is one of them. */
const wordsOf = (line: string): ReadonlyArray<string> => line.match(/\([^)]*\)|[^ ]+/g) ?? []

export const listedUser: Decode<AclListedUser> = custom((value) => {
  const [first, username, ...all] = wordsOf(text(value))
  if (first !== "user" || username === undefined) return mismatch("the line of a user", value)
  const isHash = (rule: string): boolean => rule.startsWith("#")
  return {
    username,
    rules: all.filter((rule) => !isHash(rule)),
    passwords: all.filter(isHash).map((rule) => Redacted.make(rule.slice(1)))
  }
})

/** `"OK"`, or why the user may not run the command. */
export const dryrun: Decode<AclDryrun> = map(
  word,
  (reason) => reason === "OK" ? { allowed: true, reason: null } : { allowed: false, reason }
)

/**
 * Whether a user may run a command.
 *
 * @since 0.1.0
 * @category models
 */
export type AclDryrun =
  | {
    /** The user may run the command. */
    readonly allowed: true
    /** There is none. */
    readonly reason: null
  }
  | {
    /** The user may not run the command. */
    readonly allowed: false
    /** Why, in the words of the server. */
    readonly reason: string
  }

// -----------------------------------------------------------------------------
// The log
// -----------------------------------------------------------------------------

/**
 * Something that was denied: logins that failed, or commands that a user may not run.
 *
 * @since 0.1.0
 * @category models
 */
export interface AclLogEntry<A = string> {
  /** How often it happened. */
  readonly count: number
  /** Why: `auth`, `command`, `key` or `channel`, and on Valkey `database` and others. */
  readonly reason: string
  /** Where the command was: `toplevel`, `multi`, `lua` or `module`. */
  readonly context: string
  /** The command, the key or the channel; `AUTH` for a login. */
  readonly object: A
  /** The name of the user. */
  readonly username: A
  /** How long ago it happened first. */
  readonly age: Duration.Duration
  /** The connection. */
  readonly client: ClientInfo
  /** The number of the entry; `null` before Redis 7.2. */
  readonly entryId: number | null
  /** When it happened first; `null` before Redis 7.2. */
  readonly created: DateTime.Utc | null
  /** When it happened last; `null` before Redis 7.2. */
  readonly lastUpdated: DateTime.Utc | null
}

const moment: Decode<DateTime.Utc> = custom((value) => {
  const millis = int(value, false)
  return DateTime.makeUnsafe(Math.abs(millis) <= 8.64e15 ? millis : mismatch("a moment", value))
})

const logFields = fields(
  {
    count: int,
    reason: word,
    context: word,
    object: string,
    username: string,
    ageSeconds: float,
    clientInfo
  },
  { entryId: int, timestampCreated: moment, timestampLastUpdated: moment }
)

interface LogFields<A> {
  readonly count: number
  readonly reason: string
  readonly context: string
  readonly object: A
  readonly username: A
  readonly ageSeconds: number
  readonly clientInfo: ClientInfo
  readonly entryId?: number
  readonly timestampCreated?: DateTime.Utc
  readonly timestampLastUpdated?: DateTime.Utc
}

const logEntry = <A>(
  { ageSeconds, clientInfo, entryId, timestampCreated, timestampLastUpdated, ...entry }: LogFields<A>
): AclLogEntry<A> => ({
  ...entry,
  age: Duration.millis(Math.max(0, Math.round(ageSeconds * 1000))),
  client: clientInfo,
  entryId: entryId ?? null,
  created: timestampCreated ?? null,
  lastUpdated: timestampLastUpdated ?? null
})

export const logEntries: Decode<Array<AclLogEntry>, Array<AclLogEntry<Uint8Array>>> = array(
  map(logFields, logEntry<string>, logEntry<Uint8Array>)
)
