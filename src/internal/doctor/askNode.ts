/**
 * What a node is asked. CONFIG GET gives passwords in clear text: they are kept as Redacted values, to be compared, and
 * are in nothing else.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Address from "../../Address.ts"
import * as Command from "../../Command.ts"
import { aclDryrun } from "../../commands/acl.ts"
import { role } from "../../commands/server.ts"
import type { SessionOptions } from "../../Options.ts"
import * as Resp from "../../Resp.ts"
import { argv } from "../commands/args.ts"
import { fieldsOf } from "../commands/sentinelInstances.ts"
import type { EndError } from "../connection/types.ts"
import { type Asking, askServer, type Times, unasked } from "./asking.ts"
import type { Failure, FollowerSeen, NodeSeen, UserSeen } from "./seen.ts"

const parameters = [
  "bind",
  "protected-mode",
  "masteruser",
  "min-replicas-to-write",
  "min-replicas-max-lag",
  "appendonly",
  "save",
  "replica-read-only",
  "replica-priority",
  "maxclients",
  "maxmemory",
  "maxmemory-policy",
  "repl-backlog-size"
]
const secrets = ["masterauth", "requirepass"] as const

const CONFIG_GET = Command.define({
  words: ["CONFIG", "GET"],
  mode: "read",
  decode: Command.custom<Readonly<Record<string, string>>>(fieldsOf)
})

const configOf = (asking: Asking) =>
  Effect.gen(function*() {
    const all: Record<string, string> = {}
    // One name at a time: several need Redis 7.0.
    const answers = yield* Effect.forEach(
      [...parameters, ...secrets],
      (name) => asking.ask(Command.make(CONFIG_GET, argv(name))),
      { concurrency: "unbounded" }
    )
    for (const answer of answers) Object.assign(all, answer)
    const secret = (name: string): Redacted.Redacted | undefined =>
      Object.hasOwn(all, name) ? Redacted.make(all[name]!) : undefined
    return {
      config: Object.fromEntries(Object.entries(all).filter(([name]) => !secrets.includes(name as "masterauth"))),
      masterauth: secret("masterauth"),
      requirepass: secret("requirepass")
    }
  })

const CLIENT_LIST = Command.define({ words: ["CLIENT", "LIST"], mode: "read", decode: Command.word })

/** The most connections of which a list is asked for. */
const mostClients = 20_000

/** The most users of a kind that are looked at. */
const mostUsers = 4

/** The users of the connections of a kind, of those whose name fits. */
const usersOf = (asking: Asking, type: string, name: RegExp) =>
  Effect.map(asking.ask(Command.make(CLIENT_LIST, argv("TYPE", type))), (text) => {
    const users = new Set<string>()
    for (const line of text?.split("\n") ?? []) {
      const user = / user=(\S+)/.exec(line)?.[1]
      if (user !== undefined && name.test(/ name=(\S*)/.exec(line)?.[1] ?? "")) users.add(user)
    }
    return Array.from(users).slice(0, mostUsers)
  })

/** What sentinels do at a node. */
const ofSentinels: ReadonlyArray<ReadonlyArray<string>> = [
  ["PING"],
  ["INFO"],
  ["ROLE"],
  ["PUBLISH", "__sentinel__:hello", "x"],
  ["SUBSCRIBE", "__sentinel__:hello"],
  ["MULTI"],
  ["EXEC"],
  ["SLAVEOF", "NO", "ONE"],
  ["CONFIG", "REWRITE"],
  ["CLIENT", "SETNAME", "x"],
  ["CLIENT", "KILL", "TYPE", "normal"],
  ["SCRIPT", "KILL"]
]

/** What replicas do at their primary. */
const ofReplicas: ReadonlyArray<ReadonlyArray<string>> = [["PING"], ["REPLCONF", "x"], ["PSYNC", "?", "-1"]]

const lackOf = (asking: Asking, users: ReadonlyArray<string>, calls: ReadonlyArray<ReadonlyArray<string>>) =>
  Effect.forEach(users, (user) =>
    Effect.map(
      Effect.forEach(calls, (call) => asking.ask(aclDryrun(user, call)), { concurrency: "unbounded" }),
      (answers): UserSeen => ({
        user,
        denied: answers.flatMap((answer, i) => {
          if (answer === undefined || answer.allowed) return []
          const call = calls[i]!
          // PUBLISH and SUBSCRIBE are denied for the channel as well.
          const isChannel = /channel/.test(answer.reason ?? "")
          return [
            isChannel
              ? "&__sentinel__:hello"
              : `+${subcommands.has(call[0]!) ? `${call[0]}|${call[1]}` : call[0]}`.toLowerCase()
          ]
        }).filter((rule, i, all) => all.indexOf(rule) === i)
      })
    ))

const subcommands = new Set(["CONFIG", "CLIENT", "SCRIPT"])

const needed = ["slaveof", "config", "client", "multi", "exec"]

const COMMAND_INFO = Command.define({
  words: ["COMMAND", "INFO"],
  mode: "read",
  decode: Command.custom<ReadonlyArray<boolean>>((value) =>
    Command.list(value).map((entry) => entry !== null && !(Array.isArray(entry) && entry.length === 0))
  )
})

const followersOf = (info: Readonly<Record<string, string>>): ReadonlyArray<FollowerSeen> =>
  Object.entries(info).flatMap(([name, line]) => {
    if (!/^slave\d+$/.test(name)) return []
    const parts = new Map(
      line.split(",").map((part): [string, string] => {
        const at = part.indexOf("=")
        return [part.slice(0, at), part.slice(at + 1)]
      })
    )
    return [{
      host: Resp.printable(parts.get("ip") ?? "", 255),
      port: Number(parts.get("port")),
      state: Resp.printable(parts.get("state") ?? "", 32),
      offset: Number(parts.get("offset")),
      lagSeconds: Number(parts.get("lag"))
    }]
  })

type Where = Pick<NodeSeen, "announced" | "isSeenUp" | "listedBy" | "namedBy">
type Rest = Omit<
  NodeSeen,
  keyof Where | "address" | "certificate" | "clock" | "denied" | "failure" | "info" | "unanswered" | "user"
>

const questions = (asking: Asking, fields: Readonly<Record<string, string>>): Effect.Effect<Rest, EndError> =>
  Effect.gen(function*() {
    const said = yield* asking.ask(role())
    const { config, masterauth, requirepass } = yield* configOf(asking)
    const ofEvents = yield* usersOf(asking, "pubsub", /^sentinel-[0-9a-f]{8}-pubsub$/)
    // A sentinel that may not subscribe has only its other connection, which is one among those of all clients.
    const isLong = Number(fields["connected_clients"]) > mostClients
    const sentinels = ofEvents.length > 0 || isLong
      ? ofEvents
      : yield* usersOf(asking, "normal", /^sentinel-[0-9a-f]{8}-cmd$/)
    const replicas = yield* usersOf(asking, "replica", /^/)
    const found = yield* asking.ask(Command.make(COMMAND_INFO, needed))
    const sentinelUsers = yield* lackOf(asking, sentinels, ofSentinels)
    const masteruser = config["masteruser"] ?? ""
    const replicationUsers = yield* lackOf(
      asking,
      Array.from(new Set([...replicas, ...(masteruser === "" ? [] : [masteruser])])),
      ofReplicas
    )
    const ofInfo = fields["role"] === "master" ? "primary" : fields["role"] === "slave" ? "replica" : undefined
    const isReplica = said === undefined ? ofInfo === "replica" : said.role === "replica"
    return {
      role: said?.role === "primary" || said?.role === "replica" ? said.role : ofInfo,
      followers: followersOf(fields),
      follows: !isReplica ? undefined : said?.role === "replica"
        ? { ...said.primary, isLinkUp: said.link === "connected" }
        : {
          host: fields["master_host"] ?? "",
          port: Number(fields["master_port"]),
          isLinkUp: fields["master_link_status"] === "up"
        },
      config,
      masterauth,
      requirepass,
      sentinelUsers,
      replicationUsers,
      missingCommands: found === undefined ? [] : needed.filter((_, i) => found[i] === false)
    }
  })

/** A node of which nothing is known but why. */
export const unaskedNode = (address: string, failure: Failure, where: Where): NodeSeen => ({
  ...unasked(address, failure),
  ...where,
  role: undefined,
  followers: [],
  follows: undefined,
  config: {},
  masterauth: undefined,
  requirepass: undefined,
  sentinelUsers: [],
  replicationUsers: [],
  missingCommands: []
})

/** Asks a node all that there is to ask. */
export const askNode = (
  address: Address.Address,
  options: SessionOptions,
  times: Times,
  where: Where
): Effect.Effect<NodeSeen> =>
  Effect.map(askServer(address, options, times, questions), ({ rest, server }) => {
    const failure = server.failure ?? { kind: "lost", detail: "", code: "" }
    return rest === undefined
      ? { ...unaskedNode(server.address, failure, where), certificate: server.certificate }
      : { ...server, ...rest, ...where }
  })
