/**
 * The CLIENT commands of servers in memory: what they show of connections, and which
 * connections a filter means. It knows the filters of later servers, too.
 */
import type { User } from "../Acl.ts"
import { fail, int, matches, syntaxError } from "../data/command.ts"
import { Failure, Fields, Members, ok, type Reply, Verbatim } from "../Reply.ts"
import type { Session, Tracking } from "../Session.ts"

/** What the CLIENT commands may use of a server. */
export interface ClientHost {
  /** The address of the server, as `host:port`. */
  readonly shown: string
  readonly sessions: ReadonlySet<Session>
  readonly users: ReadonlyMap<string, User>
  /** The time, in milliseconds since the Unix epoch. */
  readonly now: () => number
  /** Closes a session; the session that asks for it gets its reply first. */
  readonly end: (asking: Session, session: Session) => void
  readonly pause: (millis: number, all: boolean) => void
  readonly unpause: () => void
}

const letters = (session: Session): string => {
  const tracking = session.tracking
  const flags = [
    session.queue === undefined ? "" : "x",
    session.blocked === undefined ? "" : "b",
    isSubscriber(session) ? "P" : "",
    session.dirty ? "d" : "",
    tracking === undefined ? "" : tracking.broadcast ? "tB" : "t",
    session.noEvict ? "e" : "",
    session.noTouch ? "T" : ""
  ].join("")
  return flags === "" ? "N" : flags
}

/** A connection as CLIENT LIST shows it, without the end of the line. */
export const describeSession = (session: Session, shown: string, now: number): string =>
  [
    `id=${session.id}`,
    `addr=${session.peer.party}`,
    `laddr=${shown}`,
    "fd=8",
    `name=${session.name}`,
    `age=${seconds(now - session.since)}`,
    `idle=${seconds(now - session.active)}`,
    `flags=${letters(session)}`,
    `db=${session.database}`,
    `sub=${session.channels.size}`,
    `psub=${session.patterns.size}`,
    `ssub=${session.shards.size}`,
    `multi=${session.queue?.length ?? -1}`,
    "qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=1024 rbp=0 obl=0 oll=0 omem=0 tot-mem=1024",
    "events=r",
    `cmd=${session.last}`,
    `user=${session.user.name}`,
    `redir=${session.tracking === undefined ? -1 : 0}`,
    `resp=${session.protocol}`
  ].join(" ")

const seconds = (millis: number): number => Math.floor(millis / 1000)

const isSubscriber = ({ channels, patterns, shards }: Session): boolean =>
  channels.size + patterns.size + shards.size > 0

const typeOf = (session: Session): string => isSubscriber(session) ? "pubsub" : "normal"

const validName = (name: string): boolean => /^[!-~]*$/.test(name)
const badName = new Failure("ERR Client names cannot contain spaces, newlines or special characters.")

/** The name of a client, if it may have it. */
export const checkedName = (name: string): string => {
  if (!validName(name)) throw badName
  return name
}

// -----------------------------------------------------------------------------
// Filters
// -----------------------------------------------------------------------------

type Test = (session: Session) => boolean

const types: Readonly<Record<string, string>> = {
  normal: "normal",
  master: "primary",
  primary: "primary",
  replica: "replica",
  slave: "replica",
  pubsub: "pubsub"
}

const typeTest = (text: string): Test => {
  const word = text.toLowerCase()
  const type = Object.hasOwn(types, word) ? types[word] : undefined
  return type === undefined ? fail(`Unknown client type '${text}'`) : (session) => typeOf(session) === type
}

const isId = (text: string | undefined): boolean => text !== undefined && /^[1-9]\d*$/.test(text)

const positive = (what: string, text: string): number => {
  const n = int(text, `${what} is not an integer or out of range`)
  return n > 0 ? n : fail(`${what} should be greater than 0`)
}

const eachLetter = (what: string, known: string, given: string, of: (session: Session) => string): Test => {
  if (!Array.from(given).every((letter) => known.includes(letter))) {
    fail(`Unknown ${what} found in the provided filter: ${given}`)
  }
  return (session) => Array.from(given).every((letter) => of(session).includes(letter))
}

/** The test of one option of a filter. Those with `true` have a form with NOT-. */
const tests: Readonly<
  Record<string, readonly [negatable: boolean, test: (host: ClientHost, value: string) => Test]>
> = {
  TYPE: [true, (_, value) => typeTest(value)],
  ADDR: [true, (_, value) => (session) => session.peer.party === value],
  LADDR: [true, (host, value) => () => host.shown === value],
  USER: [true, (host, value) => {
    if (!host.users.has(value)) fail(`No such user '${value}'`)
    return (session) => session.user.name === value
  }],
  MAXAGE: [false, (host, value) => {
    const age = positive("maxage", value)
    return (session) => seconds(host.now() - session.since) >= age
  }],
  IDLE: [false, (host, value) => {
    const idle = positive("idle", value)
    return (session) => seconds(host.now() - session.active) >= idle
  }],
  NAME: [true, (_, value) => (session) => session.name === value],
  FLAGS: [true, (_, value) => eachLetter("flags", "OSMPxbduUctRBNArTIEieT", value, letters)],
  "LIB-NAME": [true, (_, value) => (session) => session.library.name === value],
  "LIB-VER": [true, (_, value) => (session) => session.library.version === value],
  DB: [true, (_, value) => {
    const index = int(value, "DB is not an integer or out of range")
    if (index < 0 || index > 15) fail("DB number should be between 0 and 15")
    return (session) => session.database === index
  }],
  CAPA: [true, (_, value) => eachLetter("capa", "r", value, () => "")],
  IP: [true, (_, value) => (session) => session.peer.party.replace(/:\d+$/, "") === value]
}

/** The connections that the options of CLIENT LIST or CLIENT KILL mean, from a word on. */
const filtered = (
  host: ClientHost,
  asking: Session,
  args: ReadonlyArray<string>,
  skips: boolean
): ReadonlyArray<Session> => {
  const all: Array<Test> = []
  let skipMe = skips
  for (let i = 2; i < args.length; i += 2) {
    const option = args[i]!.toUpperCase()
    const value = args[i + 1]
    if (value === undefined) return syntaxError()
    const isNot = option.startsWith("NOT-")
    const name = isNot ? option.slice("NOT-".length) : option
    if (name === "ID") {
      if (isNot && !/^-?\d+$/.test(value)) return syntaxError()
      if (!isId(value)) return fail("client-id should be greater than 0")
      const ids = [value]
      while (isId(args[i + 2])) ids.push(args[++i + 1]!)
      all.push((session) => ids.includes(String(session.id)) !== isNot)
      continue
    }
    if (option === "SKIPME") {
      if (!/^(yes|no)$/i.test(value)) return syntaxError()
      skipMe = value.toLowerCase() === "yes"
      continue
    }
    const [negatable, make] = tests[name] ?? syntaxError()
    if (isNot && !negatable) return syntaxError()
    const test = make(host, value)
    all.push(isNot ? (session) => !test(session) : test)
  }
  return Array.from(host.sessions).filter((session) =>
    all.every((test) => test(session)) && !(skipMe && session === asking)
  )
}

const list = (host: ClientHost, session: Session, args: ReadonlyArray<string>): Reply => {
  // What Redis has: one kind, or ids and nothing else.
  const isIds = args[2]?.toUpperCase() === "ID" && args.length > 3
  const ids = args.slice(3)
  if (isIds && ids.some((id) => !/^-?\d+$/.test(id))) return new Failure("ERR Invalid client ID")
  const chosen = isIds
    ? Array.from(host.sessions).filter(({ id }) => ids.includes(String(id)))
    : filtered(host, session, args, false)
  const now = host.now()
  return new Verbatim(chosen.map((one) => `${describeSession(one, host.shown, now)}\n`).join(""))
}

const kill = (host: ClientHost, session: Session, args: ReadonlyArray<string>): Reply => {
  if (args.length === 3) {
    const found = Array.from(host.sessions).find(({ peer }) => peer.party === args[2])
    if (found === undefined) return new Failure("ERR No such client")
    host.end(session, found)
    return ok
  }
  const chosen = filtered(host, session, args, true)
  for (const one of chosen) host.end(session, one)
  return chosen.length
}

// -----------------------------------------------------------------------------
// Tracking
// -----------------------------------------------------------------------------

const trackingOf = (args: ReadonlyArray<string>): Tracking | undefined => {
  const state = args[2]?.toLowerCase()
  if (state === "off" && args.length === 3) return undefined
  if (state !== "on") return syntaxError()
  const prefixes: Array<string> = []
  let broadcast = false
  let noLoop = false
  for (let i = 3; i < args.length; i++) {
    const option = args[i]!.toUpperCase()
    if (option === "BCAST") broadcast = true
    else if (option === "NOLOOP") noLoop = true
    else if (option === "PREFIX" && i + 1 < args.length) prefixes.push(args[++i]!)
    else return syntaxError()
  }
  if (prefixes.length > 0 && !broadcast) return fail("PREFIX option requires BCAST mode to be enabled")
  return { broadcast, prefixes, noLoop }
}

const describeTracking = ({ tracking }: Session): Reply =>
  new Fields([
    "flags",
    new Members(
      tracking === undefined
        ? ["off"]
        : ["on", ...(tracking.broadcast ? ["bcast"] : []), ...(tracking.noLoop ? ["noloop"] : [])]
    ),
    "redirect",
    tracking === undefined ? -1 : 0,
    "prefixes",
    tracking === undefined ? [] : tracking.broadcast && tracking.prefixes.length === 0 ? [""] : tracking.prefixes
  ])

// -----------------------------------------------------------------------------
// The commands
// -----------------------------------------------------------------------------

const isOn = (text: string): boolean => /^(on|off)$/i.test(text) ? text.toLowerCase() === "on" : syntaxError()

/** How many words each command has: exactly, at least (negative), or within a range. */
const arities: Readonly<Record<string, number | readonly [least: number, most: number]>> = {
  id: 2,
  info: 2,
  list: -2,
  getname: 2,
  setname: 3,
  getredir: 2,
  kill: -3,
  "no-evict": 3,
  "no-touch": 3,
  pause: [3, 4],
  unpause: 2,
  unblock: [3, 4],
  tracking: -3,
  trackinginfo: 2
}

const unblock = (host: ClientHost, args: ReadonlyArray<string>): Reply => {
  const how = args[3]?.toUpperCase() ?? "TIMEOUT"
  if (how !== "TIMEOUT" && how !== "ERROR") return fail("CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
  if (!/^-?\d+$/.test(args[2]!)) return fail("value is not an integer or out of range")
  const target = Array.from(host.sessions).find(({ id }) => String(id) === args[2])
  if (target?.blocked === undefined) return 0
  target.blocked.end(
    how === "ERROR" ? new Failure("UNBLOCKED client unblocked via CLIENT UNBLOCK") : target.blocked.nothing()
  )
  return 1
}

/** Answers a CLIENT command. */
export const client = (host: ClientHost, session: Session, args: ReadonlyArray<string>): Reply => {
  const word = args[1]!.toLowerCase()
  const arity = Object.hasOwn(arities, word) ? arities[word] : undefined
  if (arity === undefined) return fail(`unknown subcommand '${args[1]}'. Try CLIENT HELP.`)
  const [least, most] = typeof arity === "number" ? [Math.abs(arity), arity < 0 ? Infinity : arity] : arity
  if (typeof arity !== "number" && args.length > most) {
    return fail(`unknown subcommand or wrong number of arguments for '${args[1]}'. Try CLIENT HELP.`)
  }
  if (args.length < least || args.length > most) {
    return fail(`wrong number of arguments for 'client|${word}' command`)
  }
  switch (word) {
    case "id":
      return session.id
    case "info":
      return new Verbatim(`${describeSession(session, host.shown, host.now())}\n`)
    case "list":
      return list(host, session, args)
    case "getname":
      return session.name === "" ? null : session.name
    case "setname":
      session.name = checkedName(args[2]!)
      return ok
    case "getredir":
      return session.tracking === undefined ? -1 : 0
    case "kill":
      return kill(host, session, args)
    case "no-evict":
      session.noEvict = isOn(args[2]!)
      return ok
    case "no-touch":
      session.noTouch = isOn(args[2]!)
      return ok
    case "pause": {
      if (!/^\d+$/.test(args[2]!)) {
        return fail(args[2]!.startsWith("-") ? "timeout is negative" : "timeout is not an integer or out of range")
      }
      const what = args[3]?.toUpperCase() ?? "ALL"
      if (what !== "ALL" && what !== "WRITE") return fail("CLIENT PAUSE mode must be WRITE or ALL")
      host.pause(Number(args[2]), what === "ALL")
      return ok
    }
    case "unpause":
      host.unpause()
      return ok
    case "unblock":
      return unblock(host, args)
    case "tracking":
      session.tracking = trackingOf(args)
      if (session.tracking === undefined) session.tracked.clear()
      return ok
    default:
      return describeTracking(session)
  }
}

/** Answers a PUBSUB command. */
export const pubsub = (sessions: ReadonlySet<Session>, args: ReadonlyArray<string>): Reply => {
  const chosen = (pick: (session: Session) => Iterable<string>): ReadonlyArray<string> => {
    const all = Array.from(new Set(Array.from(sessions).flatMap((session) => Array.from(pick(session)))))
    return args[2] === undefined ? all : all.filter((channel) => matches(args[2]!, channel))
  }
  const counts = (pick: (session: Session) => ReadonlySet<string>): Reply =>
    args.slice(2).flatMap((channel): Array<Reply> => [
      channel,
      Array.from(sessions).filter((session) => pick(session).has(channel)).length
    ])
  const word = args[1]!.toLowerCase()
  switch (word) {
    case "channels":
    case "shardchannels":
      if (args.length > 3) {
        return fail(`unknown subcommand or wrong number of arguments for '${args[1]}'. Try PUBSUB HELP.`)
      }
      return chosen((session) => word === "channels" ? session.channels : session.shards)
    case "numsub":
      return counts((session) => session.channels)
    case "shardnumsub":
      return counts((session) => session.shards)
    case "numpat":
      return new Set(Array.from(sessions).flatMap(({ patterns }) => Array.from(patterns))).size
    default:
      return fail(`unknown subcommand '${args[1]}'. Try PUBSUB HELP.`)
  }
}
