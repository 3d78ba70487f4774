/**
 * URLs of servers and of groups, parsed to options. It opens no connection; `RedisClient.layerUrl` makes a client of
 * one. Errors name the part of the URL that is wrong, and repeat nothing of it but the names of parameters.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import { SourceError } from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Address from "./Address.ts"
import { InvalidOption } from "./Errors.ts"
import type { DiscoveryOptions, NodeOptions, SessionOptions } from "./Options.ts"

/**
 * The URL of one server, as options of `RedisClient.make` and `RedisClient.layer`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Server {
  /** Its tag. */
  readonly _tag: "Server"
  /** The options of a client of the server. */
  readonly options: NodeOptions & {
    /** The address of the server. */
    readonly address: Address.Address
  }
}

/**
 * The URL of a group, as the name of the group and options of `Sentinel.make` and `Sentinel.layer`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Group {
  /** Its tag. */
  readonly _tag: "Group"
  /** The name of the group. */
  readonly group: string
  /** The options of the Sentinel service. */
  readonly options: {
    /** The addresses of the sentinels. */
    readonly sentinels: ReadonlyArray<Address.Address>
    /** The sessions with the sentinels. */
    readonly sentinel: NonNullable<DiscoveryOptions["sentinel"]>
    /** The clients of the primary and of replicas. */
    readonly node: NodeOptions
  }
}

/**
 * What a URL leads to.
 *
 * @since 0.1.0
 * @category models
 */
export type Target = Server | Group

/** What a scheme stands for: who listens, TLS, and how the path and the fragment are read. */
interface Scheme {
  readonly kind: "server" | "socket" | "group"
  readonly tls: boolean
  /** Whether the group is in the fragment or in `sentinelMasterId`, and the path is the database. */
  readonly lettuce: boolean
}

const server = (tls: boolean): Scheme => ({ kind: "server", tls, lettuce: false })
const group = (tls: boolean, lettuce = false): Scheme => ({ kind: "group", tls, lettuce })

const schemes: Readonly<Record<string, Scheme>> = {
  "redis": server(false),
  "rediss": server(true),
  "valkey": server(false),
  "valkeys": server(true),
  "unix": { kind: "socket", tls: false, lettuce: false },
  "redis+sentinel": group(false),
  "rediss+sentinel": group(true),
  "redis-sentinel": group(false, true),
  "rediss-sentinel": group(true, true)
}

/** The longest URL that is accepted, in characters. */
const maxLength = 64 * 1024
/** Each sentinel's address is compared with all others. */
const maxSentinels = 1000

/** Ends the parsing: a part is wrong. */
class Wrong extends Error {
  readonly part: string
  readonly detail: string
  constructor(part: string, detail: string) {
    super()
    this.part = part
    this.detail = detail
  }
}

const wrong = (part: string, detail: string): never => {
  throw new Wrong(part, detail)
}

const decoded = (part: string, text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return wrong(part, "its percent-encoding is malformed")
  }
}

const splitAt = (text: string, at: number): readonly [before: string, after: string | undefined] =>
  at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]

interface Parts {
  readonly scheme: Scheme
  readonly user: string | undefined
  readonly hosts: string
  readonly path: string
  readonly query: string | undefined
  readonly fragment: string | undefined
}

const partsOf = (url: string): Parts => {
  if (url === "") wrong("url", "it is empty")
  if (url.length > maxLength) wrong("url", `it has more than ${maxLength} characters`)
  if (/[\s\p{Cc}]/u.test(url)) wrong("url", "it contains a space or a control character: use percent-encoding")
  const found = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(.*)$/s.exec(url)
  // What is not a URL may be a password.
  const name = found === null ? "" : found[1]!.toLowerCase()
  if (found === null || !Object.hasOwn(schemes, name)) {
    wrong("url.scheme", `expected ${Object.keys(schemes).map((scheme) => `${scheme}://`).join(", ")}`)
  }
  const [beforeFragment, fragment] = splitAt(found![2]!, found![2]!.indexOf("#"))
  const [beforeQuery, query] = splitAt(beforeFragment, beforeFragment.indexOf("?"))
  const slash = beforeQuery.indexOf("/")
  const authority = slash === -1 ? beforeQuery : beforeQuery.slice(0, slash)
  const path = slash === -1 ? "" : beforeQuery.slice(slash)
  // Of a password with one of these characters, the rest would be taken for something that may be shown.
  if ([path, query, fragment].some((part) => part?.includes("@") === true)) {
    wrong(
      "url",
      "it has an @ after the host: percent-encode / ? # and @ in the user and the password (%2F %3F %23 %40), " +
        "and @ in parameters"
    )
  }
  const at = authority.lastIndexOf("@")
  // With a user before each of its sentinels, the first ones would be taken for a part of the password.
  if (schemes[name]!.kind === "group" && /@.*,/s.test(authority.slice(0, Math.max(at, 0)))) {
    wrong(
      "url",
      "it has an @ and a comma before the last @: give user and password once, before the first sentinel, and " +
        "percent-encode @ and , in them (%40 %2C)"
    )
  }
  return {
    scheme: schemes[name]!,
    user: at === -1 ? undefined : authority.slice(0, at),
    hosts: authority.slice(at + 1),
    path,
    query,
    fragment
  }
}

/** `user:password`, `:password`, or `password` alone, as redis-cli and lettuce read it. */
const credentialsOf = (user: string | undefined): Pick<SessionOptions, "username" | "password"> => {
  if (user === undefined || user === "" || user === ":") return {}
  const colon = user.indexOf(":")
  const username = colon === -1 ? "" : decoded("url.username", user.slice(0, colon))
  const password = Redacted.make(decoded("url.password", user.slice(colon + 1)))
  return username === "" ? { password } : { username: usernameOf("url.username", username), password }
}

const usernameOf = (part: string, text: string): string =>
  text.length > 1024 || /[\s\p{Cc}]/u.test(text)
    ? wrong(part, "a username must not contain spaces or control characters, and has at most 1024 characters")
    : text

const addressOf = (part: string, text: string, defaultPort: number): Address.Address => {
  const host = decoded(part, text)
  if (/^\/|^unix:/.test(host)) wrong(part, "expected a host, got a path")
  const address = Address.parse(host, defaultPort)
  // Several colons without brackets are an IPv6 address, or a port that is not told from it.
  if (typeof address !== "string" && !Address.isUnix(address) && address.host.includes(":") !== host.startsWith("[")) {
    wrong(
      part,
      host.startsWith("[") ? "only an IPv6 address may be in brackets" : "an IPv6 address must be in brackets"
    )
  }
  return typeof address === "string" ? wrong(part, address) : address
}

const databaseOf = (part: string, text: string): number => {
  const database = Number(text)
  return /^\d{1,7}$/.test(text) && database <= 1_000_000
    ? database
    : wrong(part, "expected the number of a database, from 0 to 1000000")
}

/** The path without its first and last slash, divided at the others. */
const segmentsOf = (path: string): ReadonlyArray<string> => {
  const inner = path.replace(/^\//, "").replace(/\/$/, "")
  const segments = inner === "" ? [] : inner.split("/")
  // Dropped, a group that is missing would leave its place to the database.
  return segments.includes("") || path === "//" ? wrong("url.path", "it has an empty part") : segments
}

const units: Readonly<Record<string, (n: number) => Duration.Duration>> = {
  ns: (n) => Duration.millis(n / 1e6),
  us: (n) => Duration.millis(n / 1000),
  ms: Duration.millis,
  s: Duration.seconds,
  m: Duration.minutes,
  h: Duration.hours,
  d: Duration.days
}

/** The units of lettuce are those of ours, and smaller ones. */
const durationOf = (part: string, text: string, ofLettuce: boolean): Duration.Duration => {
  const found = (ofLettuce ? /^(\d{1,15})(ns|us|ms|s|m|h|d)?$/ : /^(\d{1,9})(ms|s|m|h|d)$/).exec(text)
  const unit = found?.[2] ?? "ms"
  const number = Number(found?.[1])
  return found !== null && number > 0
    ? units[unit]!(number)
    : wrong(part, `expected a positive number with a unit: ${ofLettuce ? "ns, us, " : ""}ms, s, m, h or d`)
}

const booleanOf = (part: string, text: string): boolean =>
  text === "true" ? true : text === "false" ? false : wrong(part, "expected true or false")

const fits = (part: string, text: string, pattern: RegExp, what: string): string =>
  text.length <= 1024 && pattern.test(text) ? text : wrong(part, what)

const onlyOne = <A>(part: string, a: A | undefined, b: A | undefined): A | undefined => {
  if (a !== undefined && b !== undefined && a !== b) wrong(part, "the URL says it twice, with different values")
  return a ?? b
}

/** What the parameters set. */
interface Settings {
  node: { -readonly [K in keyof NodeOptions]: NodeOptions[K] }
  sentinel: { -readonly [K in keyof SessionOptions]: SessionOptions[K] }
  group: string | undefined
  tls: boolean | undefined
  sentinelTls: boolean | undefined
  isUnverified: boolean
}

type Setter = (into: Settings, text: string, part: string) => void

/** Sets what two parameters may say: they must agree. */
const setDatabase: Setter = ({ node }, text, part) =>
  void (node.database = onlyOne(part, databaseOf(part, text), node.database))

const setCommandTimeout = (ofLettuce: boolean): Setter => ({ node }, text, part) => {
  const timeout = durationOf(part, text, ofLettuce)
  const { commandTimeout } = node
  if (commandTimeout !== undefined && !Duration.equals(timeout, commandTimeout as Duration.Duration)) {
    wrong(part, "the URL says it twice, with different values")
  }
  node.commandTimeout = timeout
}

const ofAll: Readonly<Record<string, Setter>> = {
  db: setDatabase,
  clientName: ({ node, sentinel }, text, part) => {
    node.clientName = sentinel.clientName = fits(part, text, /^[!-~]+$/, "expected printable ASCII without spaces")
  },
  protocol: ({ node, sentinel }, text, part) => {
    node.protocol = sentinel.protocol = text === "2" ? 2 : text === "3" ? 3 : wrong(part, "expected 2 or 3")
  },
  connectTimeout: ({ node }, text, part) => void (node.connectTimeout = durationOf(part, text, false)),
  commandTimeout: setCommandTimeout(false)
}

const ofGroups: Readonly<Record<string, Setter>> = {
  ...ofAll,
  tls: (into, text, part) => void (into.tls = booleanOf(part, text)),
  sentinelTls: (into, text, part) => void (into.sentinelTls = booleanOf(part, text)),
  sentinelUsername: ({ sentinel }, text, part) => void (sentinel.username = usernameOf(part, text)),
  sentinelPassword: ({ sentinel }, text) => void (sentinel.password = Redacted.make(text))
}

const ofLettuce: Readonly<Record<string, Setter>> = {
  ...ofGroups,
  database: setDatabase,
  timeout: setCommandTimeout(true),
  sentinelMasterId: (into, text) => void (into.group = text),
  verifyPeer: (into, text, part) => {
    const choice = text.toUpperCase()
    if (choice === "NONE" || choice === "FALSE") into.isUnverified = true
    else if (choice !== "FULL" && choice !== "TRUE") wrong(part, "expected FULL or NONE")
  }
}

/** A name that can be shown: a word, not a piece of something else. */
const isWord = (name: string): boolean => /^[A-Za-z][A-Za-z_-]{0,31}$/.test(name)

const readParameters = (query: string | undefined, known: Readonly<Record<string, Setter>>): Settings => {
  const into: Settings = {
    node: {},
    sentinel: {},
    group: undefined,
    tls: undefined,
    sentinelTls: undefined,
    isUnverified: false
  }
  const seen = new Set<string>()
  let position = 0
  for (const parameter of query === undefined || query === "" ? [] : query.split("&")) {
    position++
    const [encodedName, value] = splitAt(parameter, parameter.indexOf("="))
    const name = decoded(`url.query (parameter ${position})`, encodedName)
    if (!Object.hasOwn(known, name)) {
      // What has no value may be the rest of a password that is not encoded.
      const shown = isWord(name) && value !== undefined ? `"${name}"` : `parameter ${position}`
      wrong("url.query", `${shown} is unknown; known are ${Object.keys(known).join(", ")}`)
    }
    const part = `url.query.${name}`
    if (seen.has(name)) wrong(part, "it is there twice")
    seen.add(name)
    if (value === undefined || value === "") wrong(part, "it has no value")
    known[name]!(into, decoded(part, value!), part)
  }
  return into
}

const defined = <A extends object>(fields: A): { [K in keyof A]: Exclude<A[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof A]: Exclude<A[K], undefined>
  }

const serverOf = ({ hosts, path, query, scheme, user, ...rest }: Parts): Server => {
  if (rest.fragment !== undefined) wrong("url.fragment", "only the URL of a group has one")
  const isSocket = scheme.kind === "socket"
  if (isSocket && hosts !== "") {
    wrong("url.host", "the URL of a Unix socket has none: unix:///path, or unix://user:password@/path")
  }
  const address = isSocket
    ? Address.parse({ path: decoded("url.path", path) }, 0)
    : hosts === ""
    ? { host: "localhost", port: 6379 }
    : addressOf("url.host", hosts, 6379)
  if (typeof address === "string") return wrong("url.path", address)
  const segments = isSocket ? [] : segmentsOf(path)
  if (segments.length > 1) wrong("url.path", "expected the number of a database alone")
  const credentials = credentialsOf(user)
  const { node } = readParameters(query, ofAll)
  const inPath = segments[0] === undefined ? undefined : databaseOf("url.database", segments[0])
  const database = onlyOne("url.database", inPath, node.database)
  const tls = scheme.tls ? true : undefined
  return { _tag: "Server", options: { address, ...defined({ ...node, ...credentials, database, tls }) } }
}

const groupOf = ({ fragment, hosts, path, query, scheme, user }: Parts): Group => {
  if (hosts === "") wrong("url.host", "at least one sentinel is required")
  const texts = hosts.split(",")
  if (texts.length > maxSentinels) wrong("url.host", `at most ${maxSentinels} sentinels are accepted`)
  const sentinels = texts.map((text, i) => addressOf(`url.host[${i}]`, text, 26379))
  const segments = segmentsOf(path)
  const { lettuce } = scheme
  // Sentinel's names of groups may have them, but here they are a misplaced database or parameter.
  if (lettuce && fragment !== undefined && /[/?]/.test(fragment)) {
    wrong("url.group", "the database and the parameters stand before the #; in a name, / is %2F and ? is %3F")
  }
  if (!lettuce && fragment !== undefined) wrong("url.fragment", "expected the group in the path: /group, or /group/0")
  if (segments.length > (lettuce ? 1 : 2)) {
    wrong("url.path", lettuce ? "expected the number of a database alone" : "expected /group, or /group/0")
  }
  const credentials = credentialsOf(user)
  const settings = readParameters(query, lettuce ? ofLettuce : ofGroups)
  const { node, sentinel } = settings
  const name = lettuce
    ? onlyOne("url.group", fragment === undefined ? undefined : decoded("url.group", fragment), settings.group)
    : segments[0] === undefined
    ? undefined
    : decoded("url.group", segments[0])
  if (name === undefined || name === "") {
    return wrong(
      "url.group",
      `the group is missing: add ${lettuce ? "#group at the end" : "/group after the sentinels"}`
    )
  }
  if (name.length > 1024 || /[\s\p{Cc}]/u.test(name) || name.includes("://")) {
    wrong("url.group", "the name of a group has at most 1024 characters, and no spaces or control characters")
  }
  const digits = lettuce ? segments[0] : segments[1]
  const inPath = digits === undefined ? undefined : databaseOf("url.database", digits)
  const database = onlyOne("url.database", inPath, node.database)
  if (sentinel.username !== undefined && sentinel.password === undefined) {
    wrong("url.query.sentinelUsername", "it needs a sentinelPassword")
  }
  const tlsOf = (isOn: boolean): SessionOptions["tls"] =>
    isOn ? settings.isUnverified ? { rejectUnauthorized: false } : true : undefined
  const isOn = settings.tls ?? scheme.tls
  if (scheme.tls && settings.tls === false) wrong("url.query.tls", "the scheme says that the nodes speak TLS")
  const sentinelOptions = { ...sentinel, tls: tlsOf(settings.sentinelTls ?? isOn) }
  return {
    _tag: "Group",
    group: name,
    options: {
      sentinels,
      sentinel: defined(sentinelOptions),
      node: defined({ ...node, ...credentials, database, tls: tlsOf(isOn) })
    }
  }
}

const resultOf = (url: unknown): Result.Result<Target, InvalidOption> => {
  try {
    const text = Redacted.isRedacted(url) ? Redacted.value(url) : url
    if (typeof text !== "string") wrong("url", "expected a string, or a Redacted one")
    const parts = partsOf(text as string)
    return Result.succeed(parts.scheme.kind === "group" ? groupOf(parts) : serverOf(parts))
  } catch (error) {
    return Result.fail(
      error instanceof Wrong
        ? new InvalidOption({ option: error.part, detail: error.detail })
        : new InvalidOption({ option: "url", detail: "reading it fails with an exception" })
    )
  }
}

/**
 * Parses a URL. Fails with `InvalidOption`, which names the part that is wrong, such as `url.host`, and repeats nothing
 * of the URL but the name of an unknown parameter.
 *
 * - `redis://[user:password@]host[:port][/db]`, with TLS `rediss://`; `valkey://` and `valkeys://` are the same. Default
 *   port 6379.
 * - `unix://[user:password@]/path/of/socket?db=0`
 * - `redis+sentinel://[user:password@]host[:port],host[:port]/group[/db]`, with TLS `rediss+sentinel://`. User and
 *   password are those of the nodes. Default port 26379.
 * - `redis-sentinel://[user:password@]host[:port],host[:port][/db]#group`, as lettuce writes it, with TLS
 *   `rediss-sentinel://`
 *
 * IPv6 addresses are in brackets. User, password, group and parameters are percent-encoded. What stands before an @
 * without a colon is a password. All know the parameters `db`, `clientName`, `protocol` (2 or 3), `connectTimeout` and
 * `commandTimeout` (with a unit: `500ms`, `2s`); those of groups also `tls` and `sentinelTls` (`true` or `false`; the
 * default of `sentinelTls` is `tls`), `sentinelUsername` and `sentinelPassword`; those of lettuce also `timeout`
 * (milliseconds without a unit; also `us` and `ns`), `database`, `sentinelMasterId` and `verifyPeer`. An unknown
 * parameter is refused, and so is what the URL says twice with different values.
 *
 * Source: https://www.iana.org/assignments/uri-schemes/prov/redis and
 * https://redis.github.io/lettuce/user-guide/connecting-redis/
 *
 * **Example** (Options of a group)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { RedisUrl } from "effect-redis-sentinel"
 *
 * export const program = Effect.gen(function*() {
 *   const target = yield* RedisUrl.parse("redis+sentinel://10.0.0.5,10.0.0.6/mymaster")
 *   return target._tag === "Group" ? target.options.sentinels.length : 0
 * })
 * ```
 *
 * @since 0.1.0
 * @category parsing
 */
export const parse = (url: string | Redacted.Redacted): Effect.Effect<Target, InvalidOption> =>
  Effect.suspend(() => Effect.fromResult(resultOf(url)))

/**
 * A Config of a URL, which is parsed. The message of its `ConfigError` names the part that is wrong, as `parse` does.
 *
 * **Example** (Whether the environment leads to a group)
 *
 * ```ts
 * import { Config } from "effect"
 * import { RedisUrl } from "effect-redis-sentinel"
 *
 * export const isGroup = Config.map(RedisUrl.config("REDIS_URL"), (target) => target._tag === "Group")
 * ```
 *
 * @since 0.1.0
 * @category parsing
 */
export const config = (name: string): Config.Config<Target> =>
  Config.flatMap(Config.Redacted(name), (url) =>
    Result.match(resultOf(url), {
      onSuccess: Config.succeed,
      onFailure: (error) => Config.fail(new SourceError({ message: `${name}: ${error.message}` }))
    }))
