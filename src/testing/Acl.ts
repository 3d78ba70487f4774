/**
 * The ACL users of servers in memory: passwords, and rules on commands, keys and
 * channels. It says what a user may do; `Process.ts` refuses what it may not, and the
 * ACL commands are in commands/acl.ts.
 *
 * The rules on commands are kept as they were given, as Redis does since 7.2.
 */
import { createHash } from "node:crypto"
import { categories, isContainer, keyAccess, knownCategories } from "./commands/categories.ts"
import type { Definition } from "./data/command.ts"
import { matches } from "./data/command.ts"
import { dataCommands } from "./data/index.ts"

const digest = (password: string): string => createHash("sha256").update(password, "latin1").digest("hex")

const categoryNames = new Set([...categories, "all"])

/** Commands that have no entry in Redis 7.0's table: later ones, and those of sentinels. */
const isOther = (name: string): boolean => dataCommands.has(name) || name === "sentinel"

/** Whether a command is in a category; `name` is that of its subcommand, if it has any. */
const belongs = (command: Definition, name: string, category: string): boolean => {
  if (category === "all") return true
  const known = knownCategories(name) ?? knownCategories(command.name)
  if (known !== undefined) return known.has(category)
  switch (category) {
    case "keyspace":
      return command.group === "generic"
    case "sortedset":
      return command.group === "sorted-set"
    case "slow":
      return !command.flags.has("fast")
    case "dangerous":
      return command.flags.has("admin")
    default:
      return command.group === category || (command.flags as ReadonlySet<string>).has(category)
  }
}

const noSuchCommand = "Unknown command or category name in ACL"
const afterAll = (what: string, patterns: string, reset: string): string =>
  `Adding a pattern after the * pattern (or the '${what}' flag) is not valid and does not have any effect. Try '${reset}' to start with an empty list of ${patterns}`

/** A pattern of keys, and what commands may do with these keys. */
interface KeyPattern {
  readonly pattern: string
  readonly reads: boolean
  readonly writes: boolean
}

const showKeys = ({ pattern, reads, writes }: KeyPattern): string =>
  reads && writes ? `~${pattern}` : `%${reads ? "R" : ""}${writes ? "W" : ""}~${pattern}`

/**
 * A set of rules, as ACL GETUSER describes it.
 *
 * @since 0.1.0
 * @category models
 */
export interface SelectorDescription {
  /** The rules on commands. */
  readonly commands: string
  /** The patterns of keys. */
  readonly keys: string
  /** The patterns of channels. */
  readonly channels: string
}

/**
 * A user, as ACL GETUSER describes it.
 *
 * @since 0.1.0
 * @category models
 */
export interface UserDescription {
  /** Whether it is on or off, and others. */
  readonly flags: ReadonlyArray<string>
  /** The hashes of its passwords. */
  readonly passwords: ReadonlyArray<string>
  /** Its rules on commands, keys and channels. */
  readonly root: SelectorDescription
  /** Its further sets of rules. */
  readonly selectors: ReadonlyArray<SelectorDescription>
}

/** A set of rules: what it allows, it allows by itself. */
class Selector {
  private commands: Array<string> = ["-@all"]
  private keys: Array<KeyPattern> | "all" = []
  private channels: Array<string> | "all" = []

  copy(): Selector {
    const copy = new Selector()
    copy.commands = this.commands.slice()
    copy.keys = this.keys === "all" ? "all" : this.keys.slice()
    copy.channels = this.channels === "all" ? "all" : this.channels.slice()
    return copy
  }

  /** Applies a rule on commands, keys or channels. Gives what is wrong with it, or undefined. */
  apply(rule: string): string | undefined {
    switch (rule.toLowerCase()) {
      case "allkeys":
      case "~*":
        this.keys = "all"
        return undefined
      case "resetkeys":
        this.keys = []
        return undefined
      case "allchannels":
      case "&*":
        this.channels = "all"
        return undefined
      case "resetchannels":
        this.channels = []
        return undefined
      case "allcommands":
        return this.allow("+@all")
      case "nocommands":
        return this.allow("-@all")
    }
    switch (rule[0]) {
      case "~":
      case "%":
        return this.allowKeys(rule)
      case "&":
        if (this.channels === "all") return afterAll("allchannels", "channels", "resetchannels")
        if (/[\s\0]/.test(rule)) return "Syntax error"
        if (!this.channels.includes(rule.slice(1))) this.channels.push(rule.slice(1))
        return undefined
      case "+":
      case "-":
        return this.allow(rule.toLowerCase())
      default:
        return "Syntax error"
    }
  }

  private allowKeys(rule: string): string | undefined {
    if (this.keys === "all") return afterAll("allkeys", "patterns", "resetkeys")
    const found = /^(?:%([RW]+))?~([\s\S]*)$/i.exec(rule)
    const letters = found?.[1]?.toUpperCase() ?? "RW"
    if (found === null || /[\s\0]/.test(rule) || /R.*R|W.*W/.test(letters)) return "Syntax error"
    const pattern = found[2]!
    const at = this.keys.findIndex((known) => known.pattern === pattern)
    const old = this.keys[at]
    const merged = {
      pattern,
      reads: letters.includes("R") || old?.reads === true,
      writes: letters.includes("W") || old?.writes === true
    }
    if (old === undefined) this.keys.push(merged)
    else this.keys[at] = merged
    return undefined
  }

  private allow(rule: string): string | undefined {
    const what = rule.slice(1)
    if (what === "@all") {
      this.commands = [rule]
      return undefined
    }
    const [name, sub] = what.split("|") as [string, string | undefined]
    if (sub === "") return "Syntax error"
    const isKnown = what.startsWith("@")
      ? categoryNames.has(what.slice(1))
      : sub === undefined
      ? knownCategories(name) !== undefined || isOther(name)
      : knownCategories(what) !== undefined || name === "sentinel" ||
        (rule[0] === "+" && !isContainer(name) && (knownCategories(name) !== undefined || isOther(name)))
    if (!isKnown) return noSuchCommand
    this.commands = [
      ...this.commands.filter((known) => known.slice(1) !== what && !known.slice(1).startsWith(`${what}|`)),
      rule
    ]
    return undefined
  }

  get mayAll(): boolean {
    return this.commands.length === 1 && this.commands[0] === "+@all" && this.keys === "all" && this.channels === "all"
  }

  mayRun(command: Definition, words: ReadonlyArray<string>): boolean {
    const sub = words[1]?.toLowerCase()
    const full = `${command.name}|${sub}`
    let allowed = false
    for (const rule of this.commands) {
      const what = rule.slice(1)
      const applies = what.startsWith("@")
        ? belongs(command, full, what.slice(1))
        : what === command.name || what === full
      if (applies) allowed = rule[0] === "+"
    }
    return allowed
  }

  /** The first of a command's keys that it may not use; undefined if it may use all. */
  deniedKey(command: Definition, words: ReadonlyArray<string>): string | undefined {
    const patterns = this.keys
    if (patterns === "all") return undefined
    return command.keys(words).find((key, i) => {
      const access = keyAccess(command.name, words, command.flags.has("write"), i)
      return !patterns.some(({ pattern, reads, writes }) =>
        (reads || !access.reads) && (writes || !access.writes) && matches(pattern, key)
      )
    })
  }

  /** The first of some channels that it may not use; `literal` for patterns, which a rule must name exactly. */
  deniedChannel(channels: ReadonlyArray<string>, literal: boolean): string | undefined {
    const patterns = this.channels
    if (patterns === "all") return undefined
    return channels.find((channel) => !patterns.some((p) => (literal ? p === channel : matches(p, channel))))
  }

  get description(): SelectorDescription {
    return {
      commands: this.commands.join(" "),
      keys: this.keys === "all" ? "~*" : this.keys.map(showKeys).join(" "),
      channels: this.channels === "all" ? "&*" : this.channels.map((channel) => `&${channel}`).join(" ")
    }
  }

  /** As ACL LIST shows it. */
  get text(): string {
    const { channels, commands, keys } = this.description
    return [keys, this.channels === "all" ? "" : "resetchannels", channels, commands].filter((part) => part !== "")
      .join(" ")
  }
}

/** Why a user may not do something: the command, a key or a channel. */
export interface Denial {
  /** What it concerns. */
  readonly reason: "command" | "key" | "channel"
  /** The command with its subcommand, the key, or the channel. */
  readonly object: string
}

const severity = ["command", "key", "channel"] as const

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
  private sanitizes: boolean | undefined = undefined
  private passwords = new Set<string>()
  private root = new Selector()
  private selectors: Array<Selector> = []

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

  /**
   * Applies rules of ACL SETUSER: all of them, or none if one is not valid. Gives what is wrong, as the server says it,
   * or undefined.
   */
  applyAll(rules: ReadonlyArray<string>): string | undefined {
    const draft = new User(this.name)
    draft.become(this)
    const whole: Array<string> = []
    for (const rule of rules) {
      const last = whole.at(-1)
      if (last?.startsWith("(") === true && !last.endsWith(")")) whole[whole.length - 1] = `${last} ${rule}`
      else whole.push(rule)
    }
    for (const rule of whole) {
      if (rule.startsWith("(") && !rule.endsWith(")")) {
        return `Unmatched parenthesis in acl selector starting at '${rule.split(" ", 1)[0]}'.`
      }
      const wrong = draft.apply(rule)
      if (wrong !== undefined) return `Error in ACL SETUSER modifier '${rule}': ${wrong}`
    }
    this.become(draft)
    return undefined
  }

  private become(other: User): void {
    this.enabled = other.enabled
    this.noPassword = other.noPassword
    this.sanitizes = other.sanitizes
    this.passwords = new Set(other.passwords)
    this.root = other.root.copy()
    this.selectors = other.selectors.map((selector) => selector.copy())
  }

  /** Applies a rule of ACL SETUSER. Gives what is wrong with the rule, or undefined. */
  apply(rule: string): string | undefined {
    switch (rule.toLowerCase()) {
      case "":
        return undefined
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
      case "sanitize-payload":
        this.sanitizes = true
        return undefined
      case "skip-sanitize-payload":
        this.sanitizes = false
        return undefined
      case "clearselectors":
        this.selectors = []
        return undefined
      case "reset":
        this.enabled = false
        this.noPassword = false
        this.sanitizes = true
        this.passwords.clear()
        this.root = new Selector()
        this.selectors = []
        return undefined
    }
    const rest = rule.slice(1)
    switch (rule[0]) {
      case ">":
        this.addPassword(digest(rest))
        return undefined
      case "<":
        return this.removePassword(digest(rest))
      case "#":
      case "!":
        if (!/^[0-9a-f]{64}$/.test(rest)) {
          return "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"
        }
        if (rule[0] === "!") return this.removePassword(rest)
        this.addPassword(rest)
        return undefined
      case "(": {
        const selector = new Selector()
        for (const part of rest.slice(0, -1).split(" ").filter((word) => word !== "")) {
          const wrong = selector.apply(part)
          if (wrong !== undefined) return wrong
        }
        this.selectors.push(selector)
        return undefined
      }
      default:
        return this.root.apply(rule)
    }
  }

  private addPassword(hash: string): void {
    this.passwords.add(hash)
    this.noPassword = false
  }

  private removePassword(hash: string): string | undefined {
    return this.passwords.delete(hash)
      ? undefined
      : "The password you are trying to remove from the user does not exist"
  }

  /** Whether the user may run every command on every key and channel. */
  get mayAll(): boolean {
    return this.root.mayAll
  }

  /**
   * Why the user may not run a command, whose words are `words`, on its keys and these channels; undefined if it may.
   * `literal` for patterns of channels, which a rule must name exactly.
   */
  denial(
    command: Definition,
    words: ReadonlyArray<string>,
    channels: ReadonlyArray<string>,
    literal: boolean
  ): Denial | undefined {
    if (this.mayAll) return undefined
    let worst: Denial | undefined
    for (const selector of [this.root, ...this.selectors]) {
      const denial = denialOf(selector, command, words, channels, literal)
      if (denial === undefined) return undefined
      // The server tells the reason of the selector that came furthest.
      if (worst === undefined || severity.indexOf(denial.reason) > severity.indexOf(worst.reason)) worst = denial
    }
    return worst
  }

  /** The user as ACL GETUSER describes it. */
  get description(): UserDescription {
    return {
      flags: [
        this.enabled ? "on" : "off",
        ...(this.noPassword ? ["nopass"] : []),
        ...(this.sanitizes === undefined ? [] : [this.sanitizes ? "sanitize-payload" : "skip-sanitize-payload"])
      ],
      passwords: Array.from(this.passwords),
      root: this.root.description,
      selectors: this.selectors.map((selector) => selector.description)
    }
  }

  /** The user as ACL LIST shows it. */
  describe(): string {
    const { flags, passwords } = this.description
    return [
      `user ${this.name}`,
      ...flags,
      ...passwords.map((hash) => `#${hash}`),
      this.root.text,
      ...this.selectors.map((selector) => `(${selector.text})`)
    ].join(" ")
  }
}

const denialOf = (
  selector: Selector,
  command: Definition,
  words: ReadonlyArray<string>,
  channels: ReadonlyArray<string>,
  literal: boolean
): Denial | undefined => {
  if (!selector.mayRun(command, words)) {
    const sub = words[1]?.toLowerCase()
    const isSub = sub !== undefined && (isContainer(command.name) || command.name === "sentinel")
    return { reason: "command", object: isSub ? `${command.name}|${sub}` : command.name }
  }
  const key = selector.deniedKey(command, words)
  if (key !== undefined) return { reason: "key", object: key }
  const channel = selector.deniedChannel(channels, literal)
  return channel === undefined ? undefined : { reason: "channel", object: channel }
}
