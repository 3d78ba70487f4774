/**
 * Whether replicas have what their primary has. The nodes themselves are asked: what sentinels know of them is up to ten
 * seconds old. It writes nothing.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Address from "../../Address.ts"
import type * as Client from "../../Client.ts"
import * as commands from "../../commands/index.ts"
import type { NodeOptions } from "../../Options.ts"
import { briefly, clientOf } from "./nodes.ts"

/** Within this time a replica that keeps up has what its primary had. */
const limitMillis = 250
/** How often the time is measured: a replica that is slow once does keep up. */
const measures = 3
const pollMillis = 10

/** What a node says of replication. */
interface Standing {
  readonly isReplica: boolean
  readonly link: "up" | "syncing" | "down"
  /** Its offset in bytes, and of which data set. */
  readonly offset: number
  readonly dataSet: string | undefined
}

/** Fails with why it says nothing. */
const standingOf = (redis: Client.PrimaryClient): Effect.Effect<Standing, string> =>
  Effect.gen(function*() {
    const [info, role] = yield* Effect.mapError(
      redis.pipelineResults([commands.info("replication"), commands.role()]),
      briefly
    )
    if (Result.isSuccess(info)) {
      const { replication: said } = info.success
      return {
        isReplica: said.role === "slave",
        link: said.master_link_status === "up" ? "up" : said.master_sync_in_progress === 1 ? "syncing" : "down",
        offset: said.slave_repl_offset ?? said.master_repl_offset,
        dataSet: said.master_replid
      }
    }
    if (Result.isFailure(role)) {
      const why = briefly(info.failure)
      return yield* Effect.fail(info.failure._tag === "ReplyError" ? `INFO and ROLE are refused (${why})` : why)
    }
    const said = role.success
    if (said.role === "sentinel") return yield* Effect.fail("it is a sentinel")
    return said.role === "primary"
      ? { isReplica: false, link: "up", offset: said.offset, dataSet: undefined }
      : {
        isReplica: true,
        link: said.link === "connected" ? "up" : said.link === "sync" ? "syncing" : "down",
        offset: said.offset,
        dataSet: undefined
      }
  })

/** Waits until a replica has what the primary had. Gives by how many bytes it is behind, if it does not keep up. */
const behind = (redis: Client.PrimaryClient, primary: Standing): Effect.Effect<number, string> =>
  Effect.gen(function*() {
    for (let waited = 0;; waited += pollMillis) {
      const { dataSet, isReplica, link, offset } = yield* standingOf(redis)
      if (!isReplica) return yield* Effect.fail("it says it is a primary")
      if (link === "syncing") return yield* Effect.fail("it is copying the data of its primary")
      if (link === "down") return yield* Effect.fail("it has no link to its primary")
      if (dataSet !== undefined && primary.dataSet !== undefined && dataSet !== primary.dataSet) {
        return yield* Effect.fail("it follows another primary")
      }
      if (offset >= primary.offset) return 0
      if (waited >= limitMillis) return primary.offset - offset
      yield* Effect.sleep(Duration.millis(pollMillis))
    }
  })

const whyNotReady = (
  redis: Client.PrimaryClient,
  primary: Client.PrimaryClient
): Effect.Effect<string | undefined> =>
  Effect.gen(function*() {
    let missing = 0
    for (let i = 0; i < measures; i++) {
      const from = yield* Effect.mapError(standingOf(primary), (why) => `its primary cannot be asked (${why})`)
      missing = yield* Effect.mapError(
        behind(redis, from),
        (why) => why.startsWith("it ") ? why : `it cannot be asked (${why})`
      )
      if (missing === 0) return undefined
    }
    return `it is ${missing} bytes behind for more than ${limitMillis} ms`
  }).pipe(Effect.catch((why) => Effect.succeed(why)))

/** Of each replica why its promotion would lose writes; undefined if it keeps up with the primary. */
export const readinessOf = (
  primary: Address.Address,
  replicas: ReadonlyArray<Address.Address>,
  node: NodeOptions
): Effect.Effect<ReadonlyArray<string | undefined>> =>
  Effect.scoped(Effect.gen(function*() {
    if (replicas.length === 0) return []
    const source = yield* clientOf(primary, node)
    return yield* Effect.forEach(
      replicas,
      (address) => Effect.flatMap(clientOf(address, node), (redis) => whyNotReady(redis, source)),
      { concurrency: "unbounded" }
    )
  }))
