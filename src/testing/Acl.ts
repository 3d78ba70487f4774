/**
 * The ACL users of servers in memory: passwords, and rules on commands, keys and
 * channels. It says what a user may do; `Process.ts` refuses what it may not.
 *
 * @since 0.1.0
 */
import { createHash } from "node:crypto"
import type { Definition } from "./data/command.ts"
import { matches } from "./data/command.ts"

const digest = (password: string): string => createHash("sha256").update(password, "latin1").digest("hex")

const categories = new Set([
  "keyspace",
  "read",
  "write",
  "set",
  "sortedset",
  "list",
  "hash",
  "string",
  "pubsub",
  "admin",
  "fast",
  "slow",
  "blocking",
  "dangerous",
  "connection",
  "transaction",
  "all"
])

const dangerous = new Set([
  "keys",
  "flushall",
  "flushdb",
  "info",
  "role",
  "config",
  "debug",
  "client",
  "replicaof",
  "slaveof",
  "failover",
  "sort",
  "sort_ro",
  "swapdb",
  "save",
  "bgsave",
  "lastsave",
  "shutdown",
  "monitor",
  "acl"
])

const transactions = new Set(["multi", "exec", "discard", "watch", "unwatch"])

/** Whether a command is in a category. */
const belongs = (command: Definition, category: string): boolean => {
  switch (category) {
    case "all":
      return true
    case "keyspace":
      return command.group === "generic"
    case "sortedset":
      return command.group === "sorted-set"
    case "dangerous":
      return dangerous.has(command.name)
    case "transaction":
      return transactions.has(command.name)
    case "slow":
      return !command.flags.has("fast")
    default:
      return command.group === category || (command.flags as ReadonlySet<string>).has(category)
  }
}

/**
 * An ACL user and its rules.
 *
 * @since 0.1.0
 * @category models
 */
export class User {
  /** The name of the user. */
  readonly name: string
  /** Whether the user may log in (rules `on` and `off`). Default false. */
  enabled = false
  /** Whether any password is accepted (rule `nopass`). Default false. */
  noPassword = false
  private passwords = new Set<string>()
  private rules: Array<string> = ["-@all"]
  private keys: Array<string> = []
  private channels: Array<string> = []

  constructor(name: string) {
    this.name = name
  }

  /** Makes the user `default`, the user of connections that did not log in, which may do everything. */
  static default(): User {
    const user = new User("default")
    for (const rule of ["on", "nopass", "~*", "&*", "+@all"]) user.apply(rule)
    return user
  }

  /** Whether the user is enabled and a password is right. */
  accepts(password: string): boolean {
    return this.enabled && (this.noPassword || this.passwords.has(digest(password)))
  }

  /** Applies a rule of ACL SETUSER. Gives what is wrong with the rule, or undefined. */
  apply(rule: string): string | undefined {
    const lower = rule.toLowerCase()
    switch (lower) {
      case "on":
        this.enabled = true
        return undefined
      case "off":
        this.enabled = false
        return undefined
      case "nopass":
        this.noPassword = true
        this.passwords.clear()
        return undefined
      case "resetpass":
        this.noPassword = false
        this.passwords.clear()
        return undefined
      case "allkeys":
        return this.apply("~*")
      case "resetkeys":
        this.keys = []
        return undefined
      case "allchannels":
        return this.apply("&*")
      case "resetchannels":
        this.channels = []
        return undefined
      case "allcommands":
        return this.apply("+@all")
      case "nocommands":
        return this.apply("-@all")
      case "reset":
        for (const part of ["resetpass", "resetkeys", "resetchannels", "off", "-@all"]) this.apply(part)
        return undefined
    }
    const rest = rule.slice(1)
    switch (rule[0]) {
      case ">":
        this.passwords.add(digest(rest))
        this.noPassword = false
        return undefined
      case "<":
        return this.passwords.delete(digest(rest))
          ? undefined
          : "The password you are trying to remove from the user does not exist"
      case "#":
        if (!/^[0-9a-f]{64}$/.test(rest)) {
          return "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"
        }
        this.passwords.add(rest)
        this.noPassword = false
        return undefined
      case "~":
        this.keys = rest === "*" ? ["*"] : [...this.keys, rest]
        return undefined
      case "&":
        this.channels = rest === "*" ? ["*"] : [...this.channels, rest]
        return undefined
      case "+":
      case "-": {
        if (lower[1] === "@" && !categories.has(lower.slice(2))) return "Unknown command or category name in ACL"
        this.rules = lower.slice(1) === "@all"
          ? [lower]
          : [...this.rules.filter((r) => r.slice(1) !== lower.slice(1)), lower]
        return undefined
      }
      default:
        return "Syntax error"
    }
  }

  /** Whether the user may run every command on every key and channel. */
  get mayAll(): boolean {
    return this.rules.length === 1 && this.rules[0] === "+@all" && this.keys[0] === "*" && this.channels[0] === "*"
  }

  /** Whether the user may run a command, whose words are `words`. */
  mayRun(command: Definition, words: ReadonlyArray<string>): boolean {
    let allowed = false
    for (const rule of this.rules) {
      const what = rule.slice(1)
      const [name, subcommand] = what.split("|") as [string, string | undefined]
      const applies = what.startsWith("@")
        ? belongs(command, what.slice(1))
        : name === command.name && (subcommand === undefined || subcommand === words[1]?.toLowerCase())
      if (applies) allowed = rule[0] === "+"
    }
    return allowed
  }

  /** Whether the user may access all of these keys. */
  mayUseKeys(keys: ReadonlyArray<string>): boolean {
    return keys.every((key) => this.keys.some((pattern) => matches(pattern, key)))
  }

  /** Whether the user may use all of these channels; `literal` for patterns, which a rule must name exactly. */
  mayUseChannels(channels: ReadonlyArray<string>, literal: boolean): boolean {
    return channels.every((c) => this.channels.some((p) => p === "*" || (literal ? p === c : matches(p, c))))
  }

  /** The user as ACL LIST shows it. */
  describe(): string {
    return [
      `user ${this.name}`,
      this.enabled ? "on" : "off",
      ...(this.noPassword ? ["nopass"] : []),
      ...Array.from(this.passwords, (p) => `#${p}`),
      ...(this.keys.length === 0 ? [] : this.keys.map((k) => `~${k}`)),
      ...(this.channels.length === 0 ? ["resetchannels"] : this.channels.map((c) => `&${c}`)),
      ...this.rules
    ].join(" ")
  }
}
