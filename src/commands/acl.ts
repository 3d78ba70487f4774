/**
 * The ACL commands: the users of a server, their passwords and what they may do. Each
 * server has users of its own; they are not replicated.
 *
 * Passwords and their hashes are `Redacted`, in arguments and in results. The rules and
 * the replies are read in internal/commands/acl.ts.
 *
 * @since 0.1.0
 */
import * as Redacted from "effect/Redacted"
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg } from "../Command.ts"
import { InvalidCommand } from "../Errors.ts"
import { type AclSecretRule, dryrun, listedUser, logEntries, ruleArg, user } from "../internal/commands/acl.ts"
import { appendAll, appendVariadic, argv, arrayOf, type Variadic } from "../internal/commands/args.ts"
import { integerProblem } from "../internal/common/values.ts"

export type {
  AclDryrun,
  AclListedUser,
  AclLogEntry,
  AclSecretRule,
  AclSelector,
  AclUser
} from "../internal/commands/acl.ts"

const ACL_CAT = define({ words: ["ACL", "CAT"], mode: "read", decode: Command.words })
/**
 * ACL CAT returns the names of the categories of commands, or the commands of one category, in no order. Fails with ERR
 * for a category that does not exist.
 *
 * @see https://redis.io/docs/latest/commands/acl-cat/
 * @since 0.1.0
 * @category access control
 */
export const aclCat = (category?: string | undefined) => make(ACL_CAT, category === undefined ? argv() : argv(category))

const ACL_DELUSER = define({ words: ["ACL", "DELUSER"], mode: "write", decode: Command.int })
/**
 * ACL DELUSER deletes users, closes their connections, and returns how many users there were. Fails with ERR for the
 * user `default`.
 *
 * @see https://redis.io/docs/latest/commands/acl-deluser/
 * @since 0.1.0
 * @category access control
 */
export const aclDeluser = (...usernames: Variadic<string>) =>
  make(ACL_DELUSER, appendVariadic(ACL_DELUSER.name, "usernames", argv(), usernames))

const ACL_DRYRUN = define({ words: ["ACL", "DRYRUN"], mode: "read", decode: dryrun })
/**
 * ACL DRYRUN returns whether a user may run a command, and if not why, and does not run it. The command is one of
 * `commands`, or its words in an array. Fails with ERR if there is no such user or command. Needs Redis 7.0.
 *
 * **Example** (What a user may do)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { commands, RedisClient } from "effect-redis-sentinel"
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   const { allowed } = yield* redis.aclDryrun("worker", commands.lpop("jobs"))
 *   const { reason } = yield* redis.aclDryrun("worker", ["FLUSHALL"])
 *   return { allowed, reason }
 * })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/acl-dryrun/
 * @since 0.1.0
 * @category access control
 */
export const aclDryrun = (username: string, command: Command.Any | ReadonlyArray<Arg>) => {
  if (Command.problemOf(command) === undefined) {
    const { args, spec } = command as Command.Any
    return make(ACL_DRYRUN, appendAll(appendAll(argv(username), spec.words), args))
  }
  const words = arrayOf(ACL_DRYRUN.name, "command", command as ReadonlyArray<Arg>)
  if (words.length === 0) {
    throw new InvalidCommand({ command: ACL_DRYRUN.name, detail: "command: at least one word is needed" })
  }
  return make(ACL_DRYRUN, appendAll(argv(username), words))
}

const ACL_GENPASS = define({
  words: ["ACL", "GENPASS"],
  mode: "read",
  decode: Command.map(Command.word, (password) => Redacted.make(password))
})
/**
 * ACL GENPASS returns a password of random hexadecimal digits. `bits` says how much chance it has: a digit for each 4,
 * from 1 to 4,096, by default 256. The server does not keep it.
 *
 * @see https://redis.io/docs/latest/commands/acl-genpass/
 * @since 0.1.0
 * @category access control
 */
export const aclGenpass = (bits?: number | undefined) => make(ACL_GENPASS, bits === undefined ? argv() : argv(bits))

const ACL_GETUSER = define({ words: ["ACL", "GETUSER"], mode: "read", decode: user })
/**
 * ACL GETUSER returns a user with its rules and the hashes of its passwords, or `null` if there is none of that name.
 *
 * @see https://redis.io/docs/latest/commands/acl-getuser/
 * @since 0.1.0
 * @category access control
 */
export const aclGetuser = (username: string) => make(ACL_GETUSER, argv(username))

const ACL_LIST = define({ words: ["ACL", "LIST"], mode: "read", decode: Command.array(listedUser) })
/**
 * ACL LIST returns all users with their rules, as the file of users has them, and the hashes of their passwords.
 *
 * @see https://redis.io/docs/latest/commands/acl-list/
 * @since 0.1.0
 * @category access control
 */
export const aclList = () => make(ACL_LIST, argv())

const ACL_LOAD = define({ words: ["ACL", "LOAD"], mode: "write", decode: Command.ok })
/**
 * ACL LOAD replaces the users by those of the file of users (`aclfile`), closes the connections of users that changed or
 * went, and returns `"OK"`. If one line of the file is not valid, nothing changes. Fails with ERR if the server has no
 * such file, or if it is not valid.
 *
 * @see https://redis.io/docs/latest/commands/acl-load/
 * @since 0.1.0
 * @category access control
 */
export const aclLoad = () => make(ACL_LOAD, argv())

const ACL_LOG = define({ words: ["ACL", "LOG"], mode: "read", decode: logEntries })
/**
 * ACL LOG returns what was denied last: logins that failed, and commands, keys and channels that users may not use, the
 * latest first. What happened several times within a minute is one entry. `count` says how many entries it returns at
 * most, by default 10.
 *
 * @see https://redis.io/docs/latest/commands/acl-log/
 * @since 0.1.0
 * @category access control
 */
export const aclLog = (count?: number | undefined) => {
  if (count === undefined) return make(ACL_LOG, argv())
  const problem = integerProblem(count, 0, Number.MAX_SAFE_INTEGER)
  if (problem !== undefined) throw new InvalidCommand({ command: ACL_LOG.name, detail: `count: ${problem}` })
  return make(ACL_LOG, argv(count))
}

const ACL_LOG_RESET = define({ words: ["ACL", "LOG"], mode: "read", repeatable: false, decode: Command.ok })
/**
 * ACL LOG with RESET removes all entries of the log, and returns `"OK"`.
 *
 * @see https://redis.io/docs/latest/commands/acl-log/
 * @since 0.1.0
 * @category access control
 */
export const aclLogReset = () => make(ACL_LOG_RESET, argv("RESET"))

const ACL_SAVE = define({ words: ["ACL", "SAVE"], mode: "write", decode: Command.ok })
/**
 * ACL SAVE writes all users into the file of users (`aclfile`), and returns `"OK"`. Fails with ERR if the server has no
 * such file, or cannot write it.
 *
 * @see https://redis.io/docs/latest/commands/acl-save/
 * @since 0.1.0
 * @category access control
 */
export const aclSave = () => make(ACL_SAVE, argv())

/**
 * A rule about an ACL user. What it begins with says what it is about: `+get`, `-@write`
 * and `+config|get` commands and their categories, `~app:*` keys, `%R~app:*` and `%W~app:*`
 * keys to read or to write only, `&news:*` channels, `(+get ~app:*)` a further set of
 * rules, `db=0,1` databases (Valkey 9.1). A password is a pair of a word and the
 * password.
 *
 * @since 0.1.0
 * @category models
 */
export type AclRule =
  | "on"
  | "off"
  | "nopass"
  | "resetpass"
  | "reset"
  | "allcommands"
  | "nocommands"
  | "allkeys"
  | "resetkeys"
  | "allchannels"
  | "resetchannels"
  | "alldbs"
  | "resetdbs"
  | "clearselectors"
  | "sanitize-payload"
  | "skip-sanitize-payload"
  | `${"+" | "-" | "~" | "%R~" | "%W~" | "%RW~" | "&" | "db="}${string}`
  | `(${string})`
  | AclSecretRule

const ACL_SETUSER = define({ words: ["ACL", "SETUSER"], mode: "write", decode: Command.ok })
/**
 * ACL SETUSER applies rules to a user in their order, and returns `"OK"`. A user that does not exist is made: it is off,
 * without a password, and may do nothing. If one rule is refused, nothing changes. Passwords must be `Redacted`. Fails
 * with ERR for a rule that is not valid, and with `InvalidCommand` for a password as text.
 *
 * **Example** (A user with a new password)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { RedisClient } from "effect-redis-sentinel"
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   const password = yield* redis.aclGenpass()
 *   yield* redis.aclSetuser("worker", ["reset", "on", ["addPassword", password], "~jobs:*", "+@list", "+@blocking"])
 *   return password
 * })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/acl-setuser/
 * @since 0.1.0
 * @category access control
 */
export const aclSetuser = (username: string, rules: ReadonlyArray<AclRule> = []) =>
  make(
    ACL_SETUSER,
    appendAll(
      argv(username),
      arrayOf(ACL_SETUSER.name, "rules", rules).map((rule, i) => ruleArg(ACL_SETUSER.name, rule, i))
    )
  )

const ACL_USERS = define({ words: ["ACL", "USERS"], mode: "read", decode: Command.words })
/**
 * ACL USERS returns the names of all users.
 *
 * @see https://redis.io/docs/latest/commands/acl-users/
 * @since 0.1.0
 * @category access control
 */
export const aclUsers = () => make(ACL_USERS, argv())

const ACL_WHOAMI = define({ words: ["ACL", "WHOAMI"], mode: "read", decode: Command.word })
/**
 * ACL WHOAMI returns the name of the user of the connection that the command runs on.
 *
 * @see https://redis.io/docs/latest/commands/acl-whoami/
 * @since 0.1.0
 * @category access control
 */
export const aclWhoami = () => make(ACL_WHOAMI, argv())
