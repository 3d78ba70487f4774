/**
 * MONITOR of servers in memory: which commands its sessions are shown, and how.
 */
import { Simple } from "../Reply.ts"
import { isContainer, knownCategories } from "./categories.ts"

/** What of a session MONITOR shows. */
interface Shown {
  readonly database: number
  readonly peer: { readonly party: string }
}

/** They are in the category `admin`, but do not count as administration. */
const harmless = new Set(["lastsave", "role"])
/** Later servers have these, with subcommands that administrate. */
const laterContainers = new Set(["commandlog", "hotkeys"])

/** Commands that administrate a server are not shown. */
const isShown = (args: ReadonlyArray<string>): boolean => {
  const name = args[0]!.toLowerCase()
  const full = isContainer(name) && args[1] !== undefined ? `${name}|${args[1].toLowerCase()}` : name
  return !laterContainers.has(name) && (harmless.has(name) || knownCategories(full)?.has("admin") !== true)
}

/** The arguments with passwords hidden. */
const redacted = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const hide = (from: number, count: number): ReadonlyArray<string> =>
    args.map((arg, i) => i >= from && i < from + count ? "(redacted)" : arg)
  switch (args[0]!.toLowerCase()) {
    case "auth":
      return hide(1, args.length)
    case "hello": {
      const at = args.findIndex((arg, i) => i > 1 && arg.toUpperCase() === "AUTH")
      return at === -1 ? args : hide(at + 1, 2)
    }
    case "migrate": {
      const at = args.findIndex((arg, i) => i > 5 && /^AUTH2?$/i.test(arg))
      return at === -1 ? args : hide(at + 1, args[at]!.length === 5 ? 2 : 1)
    }
    default:
      return args
  }
}

const escapes: Readonly<Record<string, string>> = {
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\u0007": "\\a",
  "\b": "\\b",
  "\"": "\\\"",
  "\\": "\\\\"
}

/** A word with a character for each byte, as servers quote it. */
const quoted = (word: string): string =>
  `"${
    word.replaceAll(
      // oxlint-disable-next-line no-control-regex
      /[\0-\x1f"\\\x7f-\xff]/g,
      (c) => escapes[c] ?? `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`
    )
  }"`

/** The sessions that monitor a server, and what they have not been shown yet. */
export class Monitors<S extends Shown> {
  private readonly sessions = new Set<S>()
  private lines: Array<Simple> = []

  /** A session is shown all commands from now on. */
  add(session: S): void {
    this.sessions.add(session)
  }

  /** Whether a session monitors. */
  has(session: S): boolean {
    return this.sessions.has(session)
  }

  /** A session has ended. */
  delete(session: S): void {
    this.sessions.delete(session)
  }

  /** A command was executed, at a time in milliseconds; a script's commands have `lua` in place of the client. */
  note({ database, peer }: Shown, args: ReadonlyArray<string>, now: number, client: string = peer.party): void {
    if (this.sessions.size === 0 || !isShown(args)) return
    const seconds = Math.floor(now / 1000)
    const micros = String(Math.floor((now - seconds * 1000) * 1000)).padStart(6, "0")
    this.lines.push(new Simple(`${seconds}.${micros} [${database} ${client}] ${redacted(args).map(quoted).join(" ")}`))
  }

  /** Shows what was executed since the last call. */
  show(reply: (session: S, line: Simple) => void): void {
    if (this.lines.length === 0) return
    const lines = this.lines
    this.lines = []
    for (const session of Array.from(this.sessions)) for (const line of lines) reply(session, line)
  }
}
