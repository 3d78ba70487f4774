/**
 * The keyspace notifications of servers in memory: which events a command publishes for what it has done. One table has
 * all commands; RedisNode.ts runs them, notes what they do to keys, and publishes.
 *
 * Keys that expire are not here: the events of those are published where they are found.
 */
import type { Definition } from "./data/command.ts"
import type { Keyspace } from "./Keyspace.ts"
import { Failure, type Reply } from "./Reply.ts"
import { StreamValue } from "./StreamValue.ts"

/** An event of a key. */
export interface Notification {
  /** The flag of `notify-keyspace-events` that publishes it. */
  readonly flag: string
  readonly event: string
  readonly key: string
  readonly database: number
}

/** What a command did to a key. */
export interface Step {
  readonly db: Keyspace
  readonly key: string
  /** `added`: there was no key; `replaced`: another value was there; `changed`: in place; `deleted`: by itself, or left empty. */
  readonly what: "added" | "replaced" | "changed" | "deleted"
}

/** What is known of a command that has run. */
interface Run {
  readonly name: string
  readonly args: ReadonlyArray<string>
  /** The words that are keys. */
  readonly keys: ReadonlyArray<string>
  readonly db: Keyspace
  readonly now: number
  readonly reply: Reply | undefined
  readonly steps: ReadonlyArray<Step>
  /** What `before` has found. */
  readonly before: unknown
  /** Whether it has changed anything, keys or not. */
  readonly changed: boolean
}

/** What one command publishes. */
interface Rule {
  readonly flag: string
  /** The event of each key that it has changed; the events in place of that; or undefined for none. */
  readonly event: string | ((run: Run) => ReadonlyArray<Notification> | string)
  /** The keys that it looks for, so that it tells of those that are missing. */
  readonly looksFor?: ((run: Pick<Run, "args" | "keys">) => ReadonlyArray<string>) | undefined
  /** Looks at the data before it runs. */
  readonly before?: ((run: Pick<Run, "args" | "keys" | "db" | "now">) => unknown) | undefined
}

const upper = (args: ReadonlyArray<string>): ReadonlyArray<string> => args.map((arg) => arg.toUpperCase())
const at = (db: Keyspace, flag: string, event: string, key: string): Notification => ({
  flag,
  event,
  key,
  database: db.index
})

/** The keys that were changed, each once, with what became of it. */
const outcomes = (
  steps: ReadonlyArray<Step>
): ReadonlyArray<Step & { readonly isNew: boolean; readonly isGone: boolean }> => {
  const found = new Map<string, Array<Step>>()
  for (const step of steps) {
    const id = `${step.db.index} ${step.key}`
    const list = found.get(id)
    if (list === undefined) found.set(id, [step])
    else list.push(step)
  }
  return Array.from(found.values(), (list) => ({
    ...list[0]!,
    isNew: list[0]!.what === "added",
    isGone: list.at(-1)!.what === "deleted"
  })).filter(({ isGone, isNew }) => !(isNew && isGone))
}

/** One event for each key; `new` before it if the key is new, and `del` after it if it is gone. */
const forEach = (run: Run, flag: string, event: string, more: ReadonlyArray<readonly [string, string]> = []) =>
  outcomes(run.steps).flatMap(({ db, isGone, isNew, key }) => [
    ...(isNew ? [at(db, "n", "new", key)] : []),
    at(db, flag, event, key),
    ...more.map(([flag, event]) => at(db, flag, event, key)),
    ...(isGone ? [at(db, "g", "del", key)] : [])
  ])

const deleted = (run: Run): ReadonlyArray<Notification> =>
  outcomes(run.steps).filter(({ isGone }) => isGone).map(({ db, key }) => at(db, "g", "del", key))

/** A destination that was stored, or deleted because there was nothing to store. */
const stored = (flag: string, event: string) => (run: Run): ReadonlyArray<Notification> =>
  outcomes(run.steps).some(({ isGone }) => isGone) ? deleted(run) : forEach(run, flag, event)

const sources = ({ keys }: Pick<Run, "keys">): ReadonlyArray<string> => keys.slice(1)
const first = ({ keys }: Pick<Run, "keys">): ReadonlyArray<string> => keys.slice(0, 1)
const all = ({ keys }: Pick<Run, "keys">): ReadonlyArray<string> => keys

const expiring = new Set(["EX", "PX", "EXAT", "PXAT"])
const hasExpiry = (args: ReadonlyArray<string>, from: number): boolean =>
  upper(args).slice(from).some((word) => expiring.has(word))

/** A key whose time was set; one whose time is over already is deleted. */
const expire = (run: Run): ReadonlyArray<Notification> =>
  outcomes(run.steps).map(({ db, isGone, key }) => at(db, "g", isGone ? "del" : "expire", key))

const end = (side: string | undefined, event: string): string => (side?.toUpperCase() === "LEFT" ? "l" : "r") + event

/** From one list to another: the destination comes first. */
const moved = (from: string, to: string) => (run: Run): ReadonlyArray<Notification> => {
  const [source, destination] = [run.keys[0]!, run.keys[1]!]
  const found = new Map(outcomes(run.steps).map((outcome) => [outcome.key, outcome]))
  if (found.size === 0) return []
  const isNew = found.get(destination)?.isNew === true
  return [
    ...(isNew ? [at(run.db, "n", "new", destination)] : []),
    at(run.db, "l", to, destination),
    at(run.db, "l", from, source),
    ...(found.get(source)?.isGone === true ? [at(run.db, "g", "del", source)] : [])
  ]
}

const isAfterNumber = (args: ReadonlyArray<string>, from: number): string | undefined =>
  args[from + 1 + Number(args[from])]

const groupsAt = (db: Keyspace, key: string, now: number) => {
  const entry = db.get(key, now)
  return entry?.value instanceof StreamValue ? entry.value.groups : undefined
}

/** The keys in whose group a consumer does not exist. */
const lacking = (
  db: Keyspace,
  keys: ReadonlyArray<string>,
  group: string,
  consumer: string,
  now: number
): ReadonlyArray<string> =>
  keys.filter((key) => {
    const found = groupsAt(db, key, now)?.get(group)
    return found !== undefined && !found.consumers.has(consumer)
  })

/** Commands that make a consumer where it is missing. */
const makesConsumer = (
  words: (args: ReadonlyArray<string>) => readonly [group: string, consumer: string],
  looksFor: Rule["looksFor"]
): Rule => ({
  flag: "t",
  looksFor,
  before: ({ args, db, keys, now }) => lacking(db, keys, ...words(args), now),
  event: ({ args, before, db, now }) => {
    const lacked = before as ReadonlyArray<string>
    const still = new Set(lacking(db, lacked, ...words(args), now))
    return lacked.filter((key) => !still.has(key)).map((key) => at(db, "t", "xgroup-createconsumer", key))
  }
})

const readGroupWords = (args: ReadonlyArray<string>): readonly [string, string] => {
  const i = upper(args).indexOf("GROUP")
  return [args[i + 1] ?? "", args[i + 2] ?? ""]
}

const groupEvents: Readonly<Record<string, (run: Run) => boolean>> = {
  create: ({ reply }) => !(reply instanceof Failure) && reply !== undefined,
  createconsumer: ({ reply }) => reply === 1,
  delconsumer: ({ changed }) => changed,
  destroy: ({ reply }) => reply === 1,
  setid: ({ changed }) => changed
}

const simple = (flag: string, event: string, looksFor?: Rule["looksFor"]): Rule => ({ flag, event, looksFor })
const special = (
  flag: string,
  event: (run: Run) => ReadonlyArray<Notification> | string,
  looksFor?: Rule["looksFor"],
  before?: Rule["before"]
): Rule => ({ flag, event, looksFor, before })

const hashWithExpiry = (name: string) => (run: Run): ReadonlyArray<Notification> =>
  forEach(run, "h", name, hasExpiry(run.args, 2) ? [["h", "hexpire"]] : [])

/** Fields whose time was set, or that are deleted since it is over. */
const hashExpire = (run: Run): ReadonlyArray<Notification> => {
  const replies = Array.isArray(run.reply) ? run.reply : []
  const has = (n: number): boolean => replies.some((reply) => Number(reply) === n)
  return outcomes(run.steps).flatMap(({ db, isGone, key }) => [
    ...(has(1) ? [at(db, "h", "hexpire", key)] : []),
    ...(has(2) ? [at(db, "h", "hdel", key)] : []),
    ...(isGone ? [at(db, "g", "del", key)] : [])
  ])
}

const entriesIn = ({ db, keys, now }: Pick<Run, "db" | "keys" | "now">): number => {
  const value = db.get(keys[0]!, now)?.value
  return value instanceof StreamValue ? value.entries.length : 0
}

const sortStore: Rule = special("l", (run) => stored("l", "sortstore")(run), first)
const geoStore = (name: string): Rule => special("z", stored("z", name), (run) => [run.args[1]!])

/** The commands that publish something. Those that only read tell of missing keys. */
const rules: Readonly<Record<string, Rule>> = {
  append: simple("$", "append"),
  bitfield: special("$", (run) => {
    const events = forEach(run, "$", "setbit")
    const gets = upper(run.args).filter((word) => word === "GET").length
    const done = (run.reply as ReadonlyArray<Reply>).filter((reply) => reply !== null).length
    // A field that does not fit may have made the string longer.
    return done > gets ? events : events.filter(({ event }) => event === "new")
  }, (run) => upper(run.args).some((word) => word === "SET" || word === "INCRBY") ? [] : all(run)),
  bitop: special("$", stored("$", "set"), sources),
  decr: simple("$", "incrby"),
  decrby: simple("$", "incrby"),
  delex: special("g", deleted),
  getdel: special("g", deleted, all),
  getex: special("g", (run) => {
    const words = upper(run.args)
    return words.includes("PERSIST")
      ? outcomes(run.steps).map(({ db, key }) => at(db, "g", "persist", key))
      : expire(run)
  }, all),
  getset: simple("$", "set", all),
  incr: simple("$", "incrby"),
  incrby: simple("$", "incrby"),
  incrbyfloat: simple("$", "incrbyfloat"),
  mset: simple("$", "set"),
  msetex: special("$", (run) => forEach(run, "$", "set", hasExpiry(run.args, 2) ? [["g", "expire"]] : [])),
  msetnx: simple("$", "set"),
  pfadd: simple("$", "pfadd"),
  pfmerge: simple("$", "pfadd", all),
  psetex: special("$", (run) => forEach(run, "$", "set", [["g", "expire"]])),
  set: special(
    "$",
    (run) => forEach(run, "$", "set", hasExpiry(run.args, 3) ? [["g", "expire"]] : []),
    (run) => upper(run.args).slice(3).includes("GET") ? all(run) : []
  ),
  setbit: simple("$", "setbit"),
  setex: special("$", (run) => forEach(run, "$", "set", [["g", "expire"]])),
  setnx: simple("$", "set"),
  setrange: simple("$", "setrange"),

  copy: special(
    "g",
    (run) => outcomes(run.steps).flatMap(({ db, key }) => [at(db, "n", "new", key), at(db, "g", "copy_to", key)]),
    first
  ),
  del: special("g", deleted),
  expire: special("g", expire),
  expireat: special("g", expire),
  move: special("g", (run) => {
    const to = run.steps.find(({ what }) => what === "added")
    return to === undefined ? [] : [
      at(to.db, "n", "new", to.key),
      at(run.db, "g", "move_from", to.key),
      at(to.db, "g", "move_to", to.key)
    ]
  }),
  persist: simple("g", "persist"),
  pexpire: special("g", expire),
  pexpireat: special("g", expire),
  rename: special("g", (run) => renamed(run)),
  renamenx: special("g", (run) => renamed(run)),
  restore: special(
    "g",
    (run) =>
      outcomes(run.steps).flatMap(({ db, isGone, key }) =>
        isGone ? [at(db, "g", "del", key)] : [at(db, "n", "new", key), at(db, "g", "restore", key)]
      )
  ),
  sort: sortStore,
  unlink: special("g", deleted),

  blmove: special("l", (run) => moved(end(run.args[3], "pop"), end(run.args[4], "push"))(run)),
  blmovem: special("l", (run) => moved(end(run.args[3], "pop"), end(run.args[4], "push"))(run)),
  blmpop: special("l", (run) => forEach(run, "l", end(isAfterNumber(run.args, 2), "pop"))),
  blpop: simple("l", "lpop"),
  brpop: simple("l", "rpop"),
  brpoplpush: special("l", moved("rpop", "lpush")),
  linsert: simple("l", "linsert"),
  lmove: special("l", (run) => moved(end(run.args[3], "pop"), end(run.args[4], "push"))(run)),
  lmovem: special("l", (run) => moved(end(run.args[3], "pop"), end(run.args[4], "push"))(run)),
  lmpop: special("l", (run) => forEach(run, "l", end(isAfterNumber(run.args, 1), "pop"))),
  lpop: simple("l", "lpop"),
  lpush: simple("l", "lpush"),
  lpushx: simple("l", "lpush"),
  lrem: simple("l", "lrem"),
  lset: simple("l", "lset"),
  ltrim: simple("l", "ltrim"),
  rpop: simple("l", "rpop"),
  rpoplpush: special("l", moved("rpop", "lpush")),
  rpush: simple("l", "rpush"),
  rpushx: simple("l", "rpush"),

  sadd: simple("s", "sadd"),
  sdiffstore: special("s", stored("s", "sdiffstore"), sources),
  sinterstore: special("s", stored("s", "sinterstore"), sources),
  smove: special("s", (run) => {
    const [source, destination] = [run.keys[0]!, run.keys[1]!]
    const found = new Map(outcomes(run.steps).map((outcome) => [outcome.key, outcome]))
    const [from, to] = [found.get(source), found.get(destination)]
    if (from === undefined || source === destination) return []
    return [
      at(run.db, "s", "srem", source),
      ...(from.isGone ? [at(run.db, "g", "del", source)] : []),
      ...(to?.isNew === true ? [at(run.db, "n", "new", destination)] : []),
      ...(to === undefined ? [] : [at(run.db, "s", "sadd", destination)])
    ]
  }),
  spop: simple("s", "spop"),
  srem: simple("s", "srem"),
  sunionstore: special("s", stored("s", "sunionstore"), sources),

  hdel: simple("h", "hdel"),
  hexpire: special("h", hashExpire),
  hexpireat: special("h", hashExpire),
  hgetdel: simple("h", "hdel"),
  hgetex: special(
    "h",
    (run) => upper(run.args).includes("PERSIST") ? forEach(run, "h", "hpersist") : forEach(run, "h", "hexpire")
  ),
  hincrby: simple("h", "hincrby"),
  hincrbyfloat: simple("h", "hincrbyfloat"),
  hmset: simple("h", "hset"),
  hpersist: simple("h", "hpersist"),
  hpexpire: special("h", hashExpire),
  hpexpireat: special("h", hashExpire),
  hset: simple("h", "hset"),
  hsetex: special("h", hashWithExpiry("hset")),
  hsetnx: simple("h", "hset"),

  bzmpop: special("z", (run) => forEach(run, "z", zend(isAfterNumber(run.args, 2)))),
  bzpopmax: simple("z", "zpopmax"),
  bzpopmin: simple("z", "zpopmin"),
  geoadd: simple("z", "zadd"),
  georadius: geoStore("georadiusstore"),
  georadiusbymember: geoStore("georadiusstore"),
  geosearchstore: special("z", stored("z", "geosearchstore"), sources),
  zadd: special("z", (run) => forEach(run, "z", upper(run.args).slice(2).includes("INCR") ? "zincr" : "zadd")),
  zdiffstore: special("z", stored("z", "zdiffstore"), sources),
  zincrby: simple("z", "zincr"),
  zinterstore: special("z", stored("z", "zinterstore"), sources),
  zmpop: special("z", (run) => forEach(run, "z", zend(isAfterNumber(run.args, 1)))),
  zpopmax: simple("z", "zpopmax"),
  zpopmin: simple("z", "zpopmin"),
  zrangestore: special("z", stored("z", "zrangestore"), sources),
  zrem: simple("z", "zrem"),
  zremrangebylex: simple("z", "zremrangebylex"),
  zremrangebyrank: simple("z", "zremrangebyrank"),
  zremrangebyscore: simple("z", "zremrangebyscore"),
  zunionstore: special("z", stored("z", "zunionstore"), sources),

  xack: special("t", () => [], all),
  xackdel: simple("t", "xdel", all),
  xadd: special(
    "t",
    (run) => {
      const trims = upper(run.args).some((word) => word === "MAXLEN" || word === "MINID")
      const removed = trims && entriesIn(run) < (run.before as number) + 1
      return forEach(run, "t", "xadd", removed ? [["t", "xtrim"]] : [])
    },
    undefined,
    entriesIn
  ),
  xautoclaim: makesConsumer((args) => [args[2]!, args[3]!], all),
  xclaim: makesConsumer((args) => [args[2]!, args[3]!], all),
  xdel: simple("t", "xdel"),
  xdelex: simple("t", "xdel"),
  xgroup: special("t", (run) => {
    const word = run.args[1]!.toLowerCase()
    const key = run.args[2]!
    const isNew = run.steps.some(({ what }) => what === "added")
    return [
      ...(isNew ? [at(run.db, "n", "new", key)] : []),
      ...(groupEvents[word]?.(run) === true ? [at(run.db, "t", `xgroup-${word}`, key)] : [])
    ]
  }),
  xread: special("t", () => [], all),
  xreadgroup: makesConsumer(readGroupWords, all),
  xsetid: special(
    "t",
    (run) => run.reply instanceof Failure || run.reply === undefined ? [] : [at(run.db, "t", "xsetid", run.keys[0]!)]
  ),
  xtrim: simple("t", "xtrim")
}

const zend = (where: string | undefined): string => where?.toUpperCase() === "MIN" ? "zpopmin" : "zpopmax"

const renamed = (run: Run): ReadonlyArray<Notification> => {
  if (outcomes(run.steps).length === 0) return []
  const [from, to] = [run.args[1]!, run.args[2]!]
  return [at(run.db, "n", "new", to), at(run.db, "g", "rename_from", from), at(run.db, "g", "rename_to", to)]
}

/** Commands that read, and tell nothing of missing keys. */
const silent = new Set(["memory", "object"])

/** Whether a command has failed because a key is missing. */
const isOfMissing = ({ text }: Failure): boolean =>
  text.startsWith("NOGROUP") || text === "ERR no such key" || text.startsWith("ERR One or more scores")

/** Notes what a command does, and gives what it publishes. */
export class Notes {
  private readonly steps: Array<Step> = []
  private readonly rule: Rule | undefined
  private readonly missing: Array<string>
  private readonly before: unknown
  private readonly keys: ReadonlyArray<string>
  private readonly command: Definition
  private readonly args: ReadonlyArray<string>
  private readonly db: Keyspace
  private readonly now: number

  constructor(command: Definition, args: ReadonlyArray<string>, db: Keyspace, now: number) {
    this.command = command
    this.args = args
    this.db = db
    this.now = now
    this.keys = command.keys(args)
    const rule = this.rule = rules[command.name]
    const looksFor = rule === undefined
      ? command.flags.has("read") && !silent.has(command.name) ? this.keys : []
      : rule.looksFor?.({ args, keys: this.keys }) ?? []
    this.missing = looksFor.filter((key) => db.get(key, now) === undefined)
    this.before = rule?.before?.({ args, keys: this.keys, db, now })
  }

  miss(key: string): void {
    this.missing.push(key)
  }

  note(step: Step): void {
    this.steps.push(step)
  }

  /** What is published now that the command has run; `reply` is undefined if it has failed. */
  events(reply: Reply | undefined, changed: boolean): ReadonlyArray<Notification> {
    const { args, before, command, db, keys, now, rule, steps } = this
    const missed = reply instanceof Failure && !isOfMissing(reply)
      ? []
      : this.missing.map((key) => at(db, "m", "keymiss", key))
    if (rule === undefined || reply instanceof Failure) return missed
    const run: Run = { name: command.name, args, keys, db, now, reply, steps, before, changed }
    const found = typeof rule.event === "string" ? rule.event : rule.event(run)
    return [...missed, ...(typeof found === "string" ? forEach(run, rule.flag, found) : found)]
  }
}

/** Whether a setting of `notify-keyspace-events` has a flag. */
export const publishes = (flags: string, flag: string): boolean =>
  flags.includes(flag) || (flags.includes("A") && !"KEmnoc".includes(flag))
