/**
 * MIGRATE, which moves keys to another server.
 *
 * @since 0.1.0
 */
import type * as Redacted from "effect/Redacted"
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg, Key } from "../Command.ts"
import { InvalidCommand } from "../Errors.ts"
import {
  appendAll,
  argv,
  exclusive,
  type FieldsOf,
  keysOf,
  type OneOrMore,
  optionsOf
} from "../internal/commands/args.ts"
import { type DurationInput, millisOf } from "../internal/commands/time.ts"
import { kindOf, redactedString } from "../internal/common/values.ts"
import type { NotWith } from "./options.ts"

/**
 * What MIGRATE does with the keys.
 *
 * @since 0.1.0
 * @category models
 */
export interface MigrateBase {
  /** Whether this server keeps the keys (COPY). Default false. */
  readonly copy?: boolean | undefined
  /** Whether keys that the other server has are replaced (REPLACE). Default false: the command fails. */
  readonly replace?: boolean | undefined
}

/**
 * MIGRATE with the password of the other server's default user.
 *
 * @since 0.1.0
 * @category models
 */
export interface MigrateWithPassword extends MigrateBase {
  /** The password (AUTH). Default: the other server needs none. */
  readonly auth?: Redacted.Redacted | undefined
  /** Not with `auth`. */
  readonly auth2?: NotWith<"auth"> | undefined
}

/**
 * MIGRATE with a user of the other server.
 *
 * @since 0.1.0
 * @category models
 */
export interface MigrateWithUser extends MigrateBase {
  /** The user and the password (AUTH2). */
  readonly auth2: {
    /** The name of the user. */
    readonly username: string
    /** The password. */
    readonly password: Redacted.Redacted
  }
  /** Not with `auth2`. */
  readonly auth?: NotWith<"auth2"> | undefined
}

/**
 * Options of MIGRATE.
 *
 * @since 0.1.0
 * @category models
 */
export type MigrateOptions = MigrateWithPassword | MigrateWithUser

const secretOf = (field: string, password: unknown): string => {
  const secret = redactedString(password)
  if (secret !== undefined) return secret
  throw new InvalidCommand({
    command: "MIGRATE",
    detail: `${field}: expected a Redacted string, got ${kindOf(password)}`
  })
}

/** How many words each option takes. */
const optionWords: ReadonlyMap<Arg, number> = new Map([["COPY", 1], ["REPLACE", 1], ["AUTH", 2], ["AUTH2", 3]])

/** The key, or the keys behind KEYS, which comes after the options: a password or a key may be the same word. */
const keysIn = (args: ReadonlyArray<Arg>): ReadonlyArray<Key> => {
  if (args[2] !== "") return args.slice(2, 3) as ReadonlyArray<Key>
  let at = 5
  while (optionWords.has(args[at]!)) at += optionWords.get(args[at]!)!
  return args.slice(at + 1) as ReadonlyArray<Key>
}

const MIGRATE = define({
  words: ["MIGRATE"],
  mode: "write",
  keys: keysIn,
  decode: Command.map(Command.word, (said) => {
    if (said === "OK") return "OK" as const
    if (said === "NOKEY") return null
    throw new Command.Mismatch("OK or NOKEY", said)
  })
})
const auth2Fields = { username: "value", password: "value" } as const

const migrateFields: FieldsOf<MigrateOptions> = { auth: "value", auth2: "value", copy: "flag", replace: "flag" }

/**
 * MIGRATE moves keys to a database of another server, with their expiries. The result is `"OK"`, or `null` if none of
 * the keys exists. The server runs no other command meanwhile. Fails with IOERR if the other server does not answer
 * for `timeout`; then the keys may be on both. Fails with ERR if the other server refuses a key, as it does if it has the
 * key and `replace` is not `true`.
 *
 * The password goes over the wire as it is, and the server hides it in its logs.
 *
 * **Example** (Two keys to another server)
 *
 * ```ts
 * import { Redacted } from "effect"
 * import { commands } from "effect-redis-sentinel"
 *
 * export const moved = commands.migrate("10.0.0.7", 6379, ["user:1", "user:2"], 0, "5 seconds", {
 *   replace: true,
 *   auth: Redacted.make("of the other server")
 * })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/migrate/
 * @since 0.1.0
 * @category keys
 */
export const migrate = (
  host: string,
  port: number,
  keys: OneOrMore<Key>,
  db: number,
  timeout: DurationInput,
  options?: MigrateOptions | undefined
) => {
  const list = keysOf(MIGRATE.name, keys)
  // An empty key is said behind KEYS: in its place it would mean that the keys are there.
  const isAlone = list.length === 1 && list[0]!.length > 0
  const args = argv(host, port, isAlone ? list[0]! : "", db, millisOf(MIGRATE.name, "timeout", timeout))
  const given = optionsOf(MIGRATE.name, options, migrateFields)
  if (given !== undefined) {
    exclusive(MIGRATE.name, given, ["auth", "auth2"])
    if (given.copy === true) args.push("COPY")
    if (given.replace === true) args.push("REPLACE")
    if (given.auth !== undefined) args.push("AUTH", secretOf("auth", given.auth))
    const user = optionsOf(MIGRATE.name, given.auth2 as MigrateWithUser["auth2"] | undefined, auth2Fields)
    if (user !== undefined) args.push("AUTH2", user.username, secretOf("auth2.password", user.password))
  }
  return make(MIGRATE, isAlone ? args : appendAll(args, ["KEYS", ...list]))
}
