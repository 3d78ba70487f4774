/**
 * Which group a command is about, and how to log in: the options that all commands share, read from the command line, a
 * URL, files and the environment. Messages repeat no value, since it may be a secret.
 */
import type * as CliError from "effect/cli/CliError"
import * as Flag from "effect/cli/Flag"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Fs from "node:fs"
import * as Address from "../Address.ts"
import type { TlsOptions } from "../Connector.ts"
import type { DiscoveryOptions, NodeOptions } from "../Options.ts"
import * as RedisUrl from "../RedisUrl.ts"
import { usageError } from "./usage.ts"

/** A group, and the options of a Sentinel service for it. */
export interface Target {
  readonly group: string
  readonly options: {
    readonly sentinels: ReadonlyArray<Address.Address>
    readonly sentinel: NonNullable<DiscoveryOptions["sentinel"]>
    readonly node: NodeOptions
    readonly natMap?: DiscoveryOptions["natMap"]
  }
}

const text = (name: string, metavar: string, description: string) =>
  Flag.String(name).pipe(Flag.withMetavar(metavar), Flag.withDescription(description), Flag.optional)

const secret = (name: string, description: string) =>
  Flag.Redacted(name).pipe(Flag.withMetavar("SECRET"), Flag.withDescription(description), Flag.optional)

const flag = (name: string, description: string) =>
  Flag.Boolean(name).pipe(Flag.withDescription(description), Flag.optional)

/** The options that all commands share. */
export const targetFlags = {
  sentinels: text("sentinels", "HOST:PORT,...", "The sentinels, separated by commas; the default port is 26379"),
  group: text("group", "NAME", "The name of the group that they monitor, such as mymaster"),
  url: Flag.Redacted("url").pipe(
    Flag.withMetavar("URL"),
    Flag.withDescription(
      "In place of --sentinels and --group: redis+sentinel://[user:password@]host:port,.../group. Default: the " +
        "environment's REDIS_URL"
    ),
    Flag.optional
  ),
  username: text("username", "NAME", "The ACL user of the nodes. Default: REDIS_USERNAME"),
  password: secret(
    "password",
    "The password of the nodes. Other users of the machine see it: prefer REDIS_PASSWORD, or --password-file"
  ),
  passwordFile: text("password-file", "FILE", "A file with the password of the nodes"),
  sentinelUsername: text(
    "sentinel-username",
    "NAME",
    "The ACL user of the sentinels. Default: REDIS_SENTINEL_USERNAME"
  ),
  sentinelPassword: secret(
    "sentinel-password",
    "The password of the sentinels. Other users of the machine see it: prefer REDIS_SENTINEL_PASSWORD, or " +
      "--sentinel-password-file"
  ),
  sentinelPasswordFile: text("sentinel-password-file", "FILE", "A file with the password of the sentinels"),
  tls: flag("tls", "Whether nodes and sentinels speak TLS. Implied by the other options of TLS"),
  sentinelTls: flag("sentinel-tls", "Whether the sentinels speak TLS. Default: as the nodes"),
  tlsCa: text("tls-ca", "FILE", "The certificates of the authorities to trust, as PEM"),
  tlsCert: text("tls-cert", "FILE", "The client's certificate, as PEM"),
  tlsKey: text("tls-key", "FILE", "The client's key, as PEM"),
  tlsServername: text("tls-servername", "NAME", "The name that certificates have to be for. Default: the host"),
  tlsInsecure: flag("tls-insecure", "Accept every certificate"),
  nat: Flag.KeyValuePair("nat").pipe(
    Flag.withMetavar("HOST:PORT=HOST:PORT"),
    Flag.withDescription("Dial another address than the one that is announced; may be repeated"),
    Flag.optional
  )
}

/** What `targetFlags` gives. */
export interface TargetInput {
  readonly sentinels: Option.Option<string>
  readonly group: Option.Option<string>
  readonly url: Option.Option<Redacted.Redacted>
  readonly username: Option.Option<string>
  readonly password: Option.Option<Redacted.Redacted>
  readonly passwordFile: Option.Option<string>
  readonly sentinelUsername: Option.Option<string>
  readonly sentinelPassword: Option.Option<Redacted.Redacted>
  readonly sentinelPasswordFile: Option.Option<string>
  readonly tls: Option.Option<boolean>
  readonly sentinelTls: Option.Option<boolean>
  readonly tlsCa: Option.Option<string>
  readonly tlsCert: Option.Option<string>
  readonly tlsKey: Option.Option<string>
  readonly tlsServername: Option.Option<string>
  readonly tlsInsecure: Option.Option<boolean>
  readonly nat: Option.Option<Record<string, string>>
}

const fileOf = (option: string, path: Option.Option<string>): Effect.Effect<string | undefined, CliError.UserError> =>
  Option.isNone(path) ? Effect.undefined : Effect.try({
    try: () => Fs.readFileSync(path.value, "utf8"),
    catch: (error) => {
      const code = (error as { readonly code?: unknown } | null)?.code
      return usageError(`--${option}: the file cannot be read${typeof code === "string" ? ` (${code})` : ""}`)
    }
  })

const ofEnvironment = (name: string): Effect.Effect<string | undefined> =>
  Effect.map(Effect.option(Config.Redacted(name)), (found) => {
    const value = Option.isSome(found) ? Redacted.value(found.value) : ""
    return value === "" ? undefined : value
  })

/** The credentials of one tier. */
const credentialsOf = (
  input: {
    readonly username: Option.Option<string>
    readonly password: Option.Option<Redacted.Redacted>
    readonly file: Option.Option<string>
  },
  tier: string,
  ofUrl: { readonly username?: string | undefined; readonly password?: unknown }
) =>
  Effect.gen(function*() {
    const prefix = tier === "" ? "REDIS_" : `REDIS_${tier.toUpperCase()}_`
    const option = tier === "" ? "password" : `${tier}-password`
    if (Option.isSome(input.password) && Option.isSome(input.file)) {
      return yield* usageError(`--${option} and --${option}-file: give one of both`)
    }
    const inFile = (yield* fileOf(`${option}-file`, input.file))?.replace(/\r?\n$/, "")
    const explicit = Option.isSome(input.password) ? Redacted.value(input.password.value) : inFile
    const hasUrl = ofUrl.password !== undefined
    const password = explicit ?? (hasUrl ? undefined : yield* ofEnvironment(`${prefix}PASSWORD`))
    const username = Option.isSome(input.username)
      ? input.username.value
      : ofUrl.username ?? (hasUrl && explicit === undefined ? undefined : yield* ofEnvironment(`${prefix}USERNAME`))
    if (username !== undefined && password === undefined && !hasUrl) {
      return yield* usageError(
        `a user needs a password: set ${prefix}PASSWORD, --${option}-file or --${option}`
      )
    }
    return {
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password: Redacted.make(password) })
    }
  })

const tlsOf = (input: TargetInput, ofUrl: TlsOptions | undefined) =>
  Effect.gen(function*() {
    const [ca, cert, key] = [
      yield* fileOf("tls-ca", input.tlsCa),
      yield* fileOf("tls-cert", input.tlsCert),
      yield* fileOf("tls-key", input.tlsKey)
    ]
    const settings = {
      ...(typeof ofUrl === "object" ? ofUrl : {}),
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(Option.isSome(input.tlsServername) ? { servername: input.tlsServername.value } : {}),
      ...(Option.getOrElse(input.tlsInsecure, () => false) ? { rejectUnauthorized: false } : {})
    }
    const hasSettings = Object.keys(settings).length > 0
    const isOn = Option.getOrElse(input.tls, () => (ofUrl !== undefined && ofUrl !== false) || hasSettings)
    const own: TlsOptions = hasSettings ? settings : true
    return { node: isOn ? own : undefined, own }
  })

const sentinelsOf = (text: string) =>
  Effect.gen(function*() {
    const addresses: Array<Address.Address> = []
    for (const [i, part] of text.split(",").map((part) => part.trim()).filter((part) => part !== "").entries()) {
      const address = Address.parse(part, 26379)
      if (typeof address === "string") return yield* usageError(`--sentinels (address ${i + 1}): ${address}`)
      addresses.push(address)
    }
    if (addresses.length === 0) return yield* usageError("--sentinels: expected at least one address")
    return addresses
  })

const groupOfUrl = (url: Redacted.Redacted, from: string) =>
  Effect.gen(function*() {
    const target = yield* Effect.mapError(
      RedisUrl.parse(url),
      ({ detail, option }) => {
        const part = option.replace(/^url\.?/, "")
        return usageError(`${from}: ${part === "" ? "" : `${part}: `}${detail}`)
      }
    )
    if (target._tag === "Server") {
      return yield* usageError(
        `${from}: it is the URL of one server; expected that of a group: redis+sentinel://host:port,.../group`
      )
    }
    return target
  })

/** The group that a command is about. Fails with `usageError` if the options do not say it. */
export const targetOf = (input: TargetInput): Effect.Effect<Target, CliError.UserError> =>
  Effect.gen(function*() {
    const explicit = Option.isSome(input.sentinels)
    if (explicit && Option.isSome(input.url)) {
      return yield* usageError("--sentinels and --url: give one of both")
    }
    const ofEnv = explicit || Option.isSome(input.url) ? undefined : yield* ofEnvironment("REDIS_URL")
    const url = Option.isSome(input.url)
      ? yield* groupOfUrl(input.url.value, "--url")
      : ofEnv === undefined
      ? undefined
      : yield* groupOfUrl(Redacted.make(ofEnv), "REDIS_URL")
    if (url === undefined && !explicit) {
      return yield* usageError("which group? Give --sentinels HOST:PORT,... and --group NAME, or --url, or REDIS_URL")
    }
    const group = Option.getOrUndefined(input.group) ?? url?.group
    if (group === undefined) return yield* usageError("--group is missing: the name that the sentinels monitor")
    const sentinels = explicit ? yield* sentinelsOf(input.sentinels.value) : url!.options.sentinels
    const ofNodes = url?.options.node ?? {}
    const ofSentinels = url?.options.sentinel ?? {}
    const node = yield* credentialsOf(
      { username: input.username, password: input.password, file: input.passwordFile },
      "",
      ofNodes
    )
    const sentinel = yield* credentialsOf(
      { username: input.sentinelUsername, password: input.sentinelPassword, file: input.sentinelPasswordFile },
      "sentinel",
      ofSentinels
    )
    const tls = yield* tlsOf(input, ofNodes.tls)
    const isSentinelTls = Option.getOrElse(
      input.sentinelTls,
      () => url === undefined ? tls.node !== undefined : ofSentinels.tls !== undefined || tls.node !== undefined
    )
    return {
      group,
      options: {
        sentinels,
        sentinel: { ...ofSentinels, ...sentinel, tls: isSentinelTls ? tls.own : undefined },
        node: { ...ofNodes, ...node, tls: tls.node },
        ...(Option.isSome(input.nat) ? { natMap: input.nat.value } : {})
      }
    }
  })
