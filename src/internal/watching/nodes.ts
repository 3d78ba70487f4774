/**
 * Asks nodes what they are, again and again: INFO where it is allowed, else ROLE. It writes nothing, and gives what
 * each says to a function.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Address from "../../Address.ts"
import type * as Client from "../../Client.ts"
import * as commands from "../../commands/index.ts"
import type { InfoLine, InfoReplication } from "../../commands/info.ts"
import type { RedisError } from "../../Errors.ts"
import type { NodeOptions } from "../../Options.ts"
import * as RedisClient from "../../RedisClient.ts"
import { knownOf } from "../commands/known.ts"
import { type NodeSight, unseen } from "./recording.ts"

/** These run other commands, which are counted as well. */
const runners: ReadonlySet<string> = new Set(["eval", "evalsha", "fcall", "exec"])

/** How many writes a server has executed since its statistics began. */
export const writesExecuted = (statistics: Readonly<Record<string, InfoLine>>): number => {
  let writes = 0
  for (const [name, counts] of Object.entries(statistics)) {
    const [word, second] = name.split("|")
    if (runners.has(name) || knownOf(word!, second)?.mode !== "write") continue
    const calls = Number(counts["calls"] ?? 0) - Number(counts["failed_calls"] ?? 0)
    if (Number.isFinite(calls)) writes += Math.max(0, calls)
  }
  return writes
}

/** What goes wrong, in a few words: the error's own sentence names addresses that are shown beside it. */
export const briefly = (error: RedisError): string => {
  switch (error._tag) {
    case "DeadlineExceeded":
      return "no answer in time"
    case "AuthenticationFailed":
      return `the credentials are refused (${error.code})`
    case "ReplyError":
      return error.code
    case "ConnectFailed":
      return `no connection (${error.phase})`
    default:
      return error._tag
  }
}

const hostAndPort = (host: unknown, port: unknown): string | undefined =>
  typeof host === "string" && typeof port === "number" ? Address.format({ host, port }) : undefined

/** What a node that answers says of itself, and how many writes it has executed. Fails if it does not answer. */
const look = (
  redis: Client.PrimaryClient,
  before: NodeSight,
  writesBefore: number | undefined,
  now: () => number
) =>
  Effect.gen(function*() {
    const [replication, clients, server, statistics, role] = yield* redis.pipelineResults([
      commands.info("replication"),
      commands.info("clients"),
      commands.info("server"),
      commands.info("commandstats"),
      commands.role()
    ])
    if (Result.isFailure(replication) && replication.failure._tag !== "ReplyError") {
      return yield* Effect.fail(replication.failure)
    }
    const at = now()
    const writes = Result.isSuccess(statistics) ? writesExecuted(statistics.success.commandstats) : undefined
    const elapsed = before.answeredAt === undefined ? 0 : at - before.answeredAt
    // Fewer than before: the server has started again, or its statistics have.
    const isMeasured = writes !== undefined && writesBefore !== undefined && writes >= writesBefore && elapsed > 0
    const seen: NodeSight = {
      ...unseen(before.address),
      isReachable: true,
      answeredAt: at,
      clients: Result.isSuccess(clients) ? clients.success.clients.connected_clients : undefined,
      version: Result.isSuccess(server) ? versionOf(server.success.server) : undefined,
      runId: Result.isSuccess(server) ? runIdOf(server.success.server) : undefined,
      writesPerSecond: isMeasured ? ((writes - writesBefore) * 1000) / elapsed : undefined
    }
    if (Result.isSuccess(replication)) {
      return { writes, sight: { ...seen, ...replicationOf(replication.success.replication) } }
    }
    const problem = `INFO is refused: ${briefly(replication.failure)}`
    return { writes, sight: { ...seen, ...(Result.isSuccess(role) ? roleOf(role.success) : {}), problem } }
  })

const replicationOf = (said: InfoReplication): Partial<NodeSight> => {
  const replicas = new Map(
    said.replicas.map((replica) => [
      Address.format({ host: replica.ip, port: replica.port }),
      Math.max(0, said.master_repl_offset - replica.offset)
    ])
  )
  return said.role === "master"
    ? { role: "primary", offset: said.master_repl_offset, lags: replicas }
    : {
      role: "replica",
      follows: hostAndPort(said.master_host, said.master_port),
      isLinkUp: said.master_link_status === "up",
      offset: said.slave_repl_offset ?? said.master_repl_offset,
      lags: replicas
    }
}

const roleOf = (role: commands.Role): Partial<NodeSight> => {
  switch (role.role) {
    case "primary":
      return {
        role: "primary",
        offset: role.offset,
        lags: new Map(
          role.replicas.map((replica) => [Address.format(replica), Math.max(0, role.offset - replica.offset)])
        )
      }
    case "replica":
      return {
        role: "replica",
        follows: Address.format(role.primary),
        isLinkUp: role.link === "connected",
        offset: role.offset < 0 ? undefined : role.offset
      }
    case "sentinel":
      return {}
  }
}

const versionOf = (server: Readonly<Record<string, unknown>>): string => {
  const valkey = server["valkey_version"]
  return typeof valkey === "string" ? `Valkey ${valkey}` : `Redis ${String(server["redis_version"] ?? "?")}`
}

const runIdOf = ({ run_id }: Readonly<Record<string, unknown>>): string | undefined =>
  typeof run_id === "string" ? run_id : undefined

/** How long a node may take to answer: a machine that is busy takes a while. */
const timeout = Duration.seconds(1)

/** A client of one node or sentinel, which closes with the Scope. */
export const clientOf = (
  address: Address.Address,
  node: NodeOptions
): Effect.Effect<Client.PrimaryClient, never, Scope.Scope> =>
  Effect.orDie(RedisClient.make({
    ...node,
    address,
    connections: 1,
    maxQueue: 16,
    connectTimeout: timeout,
    stallTimeout: timeout,
    commandTimeout: timeout
  }))

/** How a node is asked. */
export interface NodeQuestions {
  readonly node: NodeOptions
  readonly intervalMillis: number
  readonly now: () => number
  readonly onSight: (sight: NodeSight, at: number) => void
}

/** Asks one node until it is interrupted. */
export const askNode = (
  address: Address.Address,
  { intervalMillis, node, now, onSight }: NodeQuestions
): Effect.Effect<never> =>
  Effect.scoped(Effect.gen(function*() {
    const name = Address.format(address)
    const redis = yield* clientOf(address, node)
    let sight = unseen(name)
    let writes: number | undefined
    return yield* Effect.forever(Effect.gen(function*() {
      const began = now()
      const answer = yield* Effect.result(look(redis, sight, writes, now))
      const at = now()
      if (answer._tag === "Success") {
        ;({ sight, writes } = answer.success)
      } else {
        writes = undefined
        sight = {
          ...sight,
          isReachable: false,
          isLinkUp: undefined,
          writesPerSecond: undefined,
          lags: new Map(),
          problem: briefly(answer.failure)
        }
      }
      onSight(sight, at)
      yield* Effect.sleep(Duration.millis(Math.max(50, intervalMillis - (at - began))))
    }))
  }))
