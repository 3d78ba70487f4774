/**
 * The ACL commands of servers in memory, and the log of what they denied.
 */
import { type Denial, type SelectorDescription, User } from "../Acl.ts"
import { type Definition, fail, int } from "../data/command.ts"
import { Double, Failure, Fields, Members, ok, type Reply } from "../Reply.ts"
import type { Session } from "../Session.ts"
import { categories, commandsIn, isContainer, knownCategories } from "./categories.ts"
import { describeSession } from "./client.ts"

/** What the ACL commands may use of a server. */
export interface AclHost {
  /** The address of the server, as `host:port`. */
  readonly shown: string
  readonly users: Map<string, User>
  readonly sessions: ReadonlySet<Session>
  readonly log: AclLog
  /** The time, in milliseconds since the Unix epoch. */
  readonly now: () => number
  readonly random: () => number
  /** The command of a name in lower case. */
  readonly command: (name: string) => Definition | undefined
  /** Closes a session; the session that asks for it gets its reply first. */
  readonly end: (asking: Session, session: Session) => void
}

/** The channels among the words of a command, and whether they are patterns. */
export const channelsOf = (
  { name }: Definition,
  args: ReadonlyArray<string>
): { readonly channels: ReadonlyArray<string>; readonly literal: boolean } => ({
  channels: name === "publish" || name === "spublish"
    ? [args[1]!]
    : name.endsWith("subscribe") && !name.includes("un")
    ? args.slice(1)
    : [],
  literal: name === "psubscribe"
})

// -----------------------------------------------------------------------------
// The log
// -----------------------------------------------------------------------------

interface Entry {
  count: number
  readonly reason: string
  readonly context: string
  readonly object: string
  readonly username: string
  /** When it happened last, in milliseconds since the Unix epoch. */
  at: number
  client: string
}

const maxEntries = 128
/** What happens again within that time is the same entry. */
const sameMillis = 60_000

/** What was denied last, the latest first. */
export class AclLog {
  private entries: Array<Entry> = []

  /** Adds what was denied to a session. */
  add(
    session: Session,
    shown: string,
    now: number,
    reason: Denial["reason"] | "auth",
    object: string,
    username: string,
    inScript = false
  ): void {
    const context = inScript ? "lua" : session.queue === undefined ? "toplevel" : "multi"
    const client = describeSession(session, shown, now)
    const old = this.entries.find((entry) =>
      entry.reason === reason && entry.context === context && entry.object === object && entry.username === username &&
      now - entry.at <= sameMillis
    )
    if (old !== undefined) {
      this.entries = [old, ...this.entries.filter((entry) => entry !== old)]
      old.count++
      old.at = now
      old.client = client
      return
    }
    this.entries = [{ count: 1, reason, context, object, username, at: now, client }, ...this.entries].slice(
      0,
      maxEntries
    )
  }

  clear(): void {
    this.entries = []
  }

  reply(count: number, now: number): Reply {
    return this.entries.slice(0, Math.max(0, count)).map((entry) =>
      new Fields([
        "count",
        entry.count,
        "reason",
        entry.reason,
        "context",
        entry.context,
        "object",
        entry.object,
        "username",
        entry.username,
        "age-seconds",
        new Double((now - entry.at) / 1000),
        "client-info",
        entry.client
      ])
    )
  }
}

// -----------------------------------------------------------------------------
// The commands
// -----------------------------------------------------------------------------

const noFile = new Failure(
  "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users in the Redis configuration."
)

const describeSelector = ({ channels, commands, keys }: SelectorDescription): ReadonlyArray<Reply> => [
  "commands",
  commands,
  "keys",
  keys,
  "channels",
  channels
]

const getUser = (user: User | undefined): Reply => {
  if (user === undefined) return null
  const { flags, passwords, root, selectors } = user.description
  return new Fields([
    "flags",
    new Members(flags),
    "passwords",
    passwords,
    ...describeSelector(root),
    "selectors",
    selectors.map((selector) => new Fields(describeSelector(selector)))
  ])
}

const setUser = ({ users }: AclHost, args: ReadonlyArray<string>): Reply => {
  const name = args[2]!
  if (/[\s\0]/.test(name)) return fail("Usernames can't contain spaces or null characters")
  const user = users.get(name) ?? new User(name)
  const wrong = user.applyAll(args.slice(3))
  if (wrong !== undefined) return fail(wrong)
  users.set(name, user)
  return ok
}

const deleteUsers = (host: AclHost, session: Session, args: ReadonlyArray<string>): Reply => {
  if (args.slice(2).includes("default")) return fail("The 'default' user cannot be removed")
  let removed = 0
  for (const name of args.slice(2)) {
    if (!host.users.delete(name)) continue
    removed++
    for (const one of Array.from(host.sessions)) if (one.user.name === name) host.end(session, one)
  }
  return removed
}

const dryRun = (host: AclHost, args: ReadonlyArray<string>): Reply => {
  const user = host.users.get(args[2]!)
  if (user === undefined) return fail(`User '${args[2]}' not found`)
  const words = args.slice(3)
  const name = words[0]!.toLowerCase()
  const command = host.command(name)
  const isUnknown = isContainer(name) && words[1] !== undefined &&
    knownCategories(`${name}|${words[1].toLowerCase()}`) === undefined
  if (command === undefined || isUnknown) return fail(`Command '${words[0]}' not found`)
  if (command.arity > 0 ? words.length !== command.arity : words.length < -command.arity) {
    return fail(`wrong number of arguments for '${name}' command`)
  }
  const { channels, literal } = channelsOf(command, words)
  const denial = user.denial(command, words, channels, literal)
  if (denial === undefined) return ok
  const what = denial.reason === "command"
    ? `run the '${denial.object}' command`
    : `access the '${denial.object}' ${denial.reason}`
  return `This user has no permissions to ${what}`
}

const cat = (args: ReadonlyArray<string>): Reply => {
  if (args.length === 2) return categories
  const category = args[2]!.toLowerCase()
  return categories.includes(category) ? commandsIn(category) : fail(`Unknown category '${args[2]}'`)
}

const generatePassword = (args: ReadonlyArray<string>, random: () => number): Reply => {
  const message =
    "ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096"
  const bits = args.length === 2 ? 256 : int(args[2]!)
  if (bits <= 0 || bits > 4096) return fail(message)
  return Array.from({ length: Math.ceil(bits / 4) }, () => Math.floor(random() * 16).toString(16)).join("")
}

const showLog = (host: AclHost, args: ReadonlyArray<string>): Reply => {
  if (args.length === 2) return host.log.reply(10, host.now())
  if (args[2]!.toLowerCase() !== "reset") return host.log.reply(int(args[2]!), host.now())
  host.log.clear()
  return ok
}

/** How many words each command has: exactly, or at least (negative). */
const arities: Readonly<Record<string, number>> = {
  cat: -2,
  deluser: -3,
  dryrun: -4,
  genpass: -2,
  getuser: 3,
  list: 2,
  load: 2,
  log: -2,
  save: 2,
  setuser: -3,
  users: 2,
  whoami: 2
}

/** Those that have one word more at most, which they say in other words. */
const oneMore = new Set(["cat", "genpass", "log"])

/** Answers an ACL command. */
export const acl = (host: AclHost, session: Session, args: ReadonlyArray<string>): Reply => {
  const word = args[1]!.toLowerCase()
  const arity = Object.hasOwn(arities, word) ? arities[word] : undefined
  if (arity === undefined) return fail(`unknown subcommand '${args[1]}'. Try ACL HELP.`)
  if (arity > 0 ? args.length !== arity : args.length < -arity) {
    return fail(`wrong number of arguments for 'acl|${word}' command`)
  }
  if (oneMore.has(word) && args.length > 3) {
    return fail(`unknown subcommand or wrong number of arguments for '${args[1]}'. Try ACL HELP.`)
  }
  switch (word) {
    case "cat":
      return cat(args)
    case "deluser":
      return deleteUsers(host, session, args)
    case "dryrun":
      return dryRun(host, args)
    case "genpass":
      return generatePassword(args, host.random)
    case "getuser":
      return getUser(host.users.get(args[2]!))
    case "list":
      return sorted(host.users).map((user) => user.describe())
    case "log":
      return showLog(host, args)
    case "setuser":
      return setUser(host, args)
    case "users":
      return sorted(host.users).map(({ name }) => name)
    case "whoami":
      return session.user.name
    default:
      return noFile
  }
}

/** The server keeps its users in the order of their names. */
const sorted = (users: ReadonlyMap<string, User>): ReadonlyArray<User> =>
  Array.from(users.values()).sort((a, b) => (a.name < b.name ? -1 : 1))
