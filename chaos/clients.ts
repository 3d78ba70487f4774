/**
 * The clients under test behind one interface: this library, ioredis and
 * node-redis, each used as its own documentation shows. load.ts has the work that
 * they do.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { existsSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import { Sentinel } from "../src/index.ts"
import type { TlsFiles } from "../test/support/processes.ts"

/** The outcome of an operation: a value, or an error and whether the operation may have been executed. */
export type Ending =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly tag: string; readonly mayBeExecuted: boolean }

export interface Handle {
  readonly set: (key: string, value: string) => Promise<Ending>
  readonly incr: (key: string) => Promise<Ending>
  /** A read from a replica. */
  readonly get: (key: string) => Promise<Ending>
  /** How far the most distant sentinel is, in milliseconds, as the client has measured it. */
  readonly distanceMillis?: () => Promise<number>
  /** When the client held writes back, by `performance.now`. */
  readonly fences?: () => ReadonlyArray<{ readonly from: number; readonly to: number | undefined }>
  readonly close: () => Promise<void>
}

export interface Place {
  readonly sentinels: ReadonlyArray<string>
  readonly group: string
  readonly password: string | undefined
  readonly sentinelPassword: string | undefined
  readonly tls: TlsFiles | undefined
}

export interface Driver {
  readonly name: string
  readonly connect: (place: Place) => Promise<Handle>
}

/** Runs an Effect of this library, and gives its outcome. */
export const ending = async <A>(effect: Effect.Effect<A, { readonly _tag: string }>): Promise<Ending> => {
  const exit = await Effect.runPromiseExit(effect)
  if (Exit.isSuccess(exit)) return { ok: true, value: exit.value }
  const error = Cause.findErrorOption(exit.cause)
  const tag = error._tag === "None" ? "DEFECT" : error.value._tag
  return { ok: false, tag, mayBeExecuted: tag === "AmbiguousOutcome" || tag === "DEFECT" }
}

/** This library. */
export const ours = (
  name: string,
  options: Partial<Sentinel.Options> = {},
  replicaOptions: Sentinel.ReplicaOptions = {}
): Driver => ({
  name,
  connect: async (place) => {
    const scope = Effect.runSync(Scope.make())
    const quiet = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
      Effect.provideService(effect, References.MinimumLogLevel, "None")
    const tls = place.tls === undefined ? undefined : { ca: readFileSync(place.tls.ca) }
    const secret = (password: string | undefined) => password === undefined ? {} : { password: Redacted.make(password) }
    const sentinel = await Effect.runPromise(quiet(
      Sentinel.make({
        sentinels: place.sentinels,
        sentinel: { ...secret(place.sentinelPassword), tls },
        node: { ...secret(place.password), tls, commandTimeout: "20 seconds" },
        ...options
      }).pipe(Scope.provide(scope))
    ))
    const primary = await Effect.runPromise(quiet(Scope.provide(sentinel.primaryFor(place.group), scope)))
    const replica = await Effect.runPromise(
      quiet(Scope.provide(sentinel.replicaFor(place.group, replicaOptions), scope))
    )
    const topology = await Effect.runPromise(quiet(Scope.provide(sentinel.topology(place.group), scope)))
    const fences: Array<{ from: number; to: number | undefined }> = []
    Effect.runFork(Scope.provide(
      Effect.forkScoped(Stream.runForEach(topology.changes, ({ fence }) =>
        Effect.sync(() => {
          const last = fences.at(-1)
          const isOpen = last === undefined || last.to !== undefined
          if (fence !== undefined && isOpen) fences.push({ from: performance.now(), to: undefined })
          if (fence === undefined && last !== undefined && !isOpen) last.to = performance.now()
        }))),
      scope
    ))
    return {
      fences: () => fences,
      distanceMillis: async () => {
        const { sentinels } = await Effect.runPromise(topology.current)
        return Math.max(0, ...sentinels.map((each) => each.distanceMillis))
      },
      set: (key, value) => ending(primary.set(key, value)),
      incr: (key) => ending(primary.incr(key)),
      get: (key) => ending(replica.get(key)),
      close: () => Effect.runPromise(Scope.close(scope, Exit.void))
    }
  }
})

/** Loads another client, from bench/. */
export const load = createRequire(join(import.meta.dirname, "../bench/package.json"))

/** Whether the other clients are installed, in bench/. */
export const hasPeers = existsSync(join(import.meta.dirname, "../bench/node_modules/ioredis"))

/** Other clients do not say whether a write was executed, so every error counts as possibly executed. */
export const told = async (promise: Promise<unknown>): Promise<Ending> => {
  try {
    return { ok: true, value: await promise }
  } catch (error) {
    const { message, name } = error as Error
    return { ok: false, tag: `${name}: ${message.slice(0, 40)}`, mayBeExecuted: true }
  }
}

export const nodes = (addresses: ReadonlyArray<string>): Array<{ host: string; port: number }> =>
  addresses.map((address) => ({ host: address.split(":")[0]!, port: Number(address.split(":")[1]) }))

export const ioredis = (name: string, extra: Record<string, unknown>): Driver => ({
  name,
  connect: async (place) => {
    const { Redis } = load("ioredis")
    const tls = place.tls === undefined ? undefined : { ca: readFileSync(place.tls.ca) }
    const options = {
      sentinels: nodes(place.sentinels),
      name: place.group,
      ...(place.password === undefined ? {} : { password: place.password }),
      ...(place.sentinelPassword === undefined ? {} : { sentinelPassword: place.sentinelPassword }),
      ...(tls === undefined ? {} : { tls, sentinelTLS: tls, enableTLSForSentinelMode: true }),
      ...extra
    }
    const primary = new Redis(options)
    const replica = new Redis({ ...options, role: "slave" })
    primary.on("error", () => {})
    replica.on("error", () => {})
    return {
      set: (key, value) => told(primary.set(key, value)),
      incr: (key) => told(primary.incr(key)),
      get: (key) => told(replica.get(key)),
      close: async () => {
        primary.disconnect()
        replica.disconnect()
      }
    }
  }
})

export const nodeRedis: Driver = {
  name: "node-redis",
  connect: async (place) => {
    const { createSentinel } = load("redis")
    const tls = place.tls === undefined ? {} : { tls: true, ca: readFileSync(place.tls.ca) }
    const client = createSentinel({
      name: place.group,
      sentinelRootNodes: nodes(place.sentinels),
      nodeClientOptions: { password: place.password, socket: tls },
      sentinelClientOptions: { password: place.sentinelPassword, socket: tls },
      replicaPoolSize: 1
    })
    client.on("error", () => {})
    const connected = client.connect()
    connected.catch(() => {})
    return {
      set: (key, value) => told(connected.then(() => client.set(key, value))),
      incr: (key) => told(connected.then(() => client.incr(key))),
      get: (key) => told(connected.then(() => client.get(key))),
      close: async () => {
        try {
          client.destroy()
        } catch {
          // The connection may never have opened.
        }
      }
    }
  }
}
