/**
 * Runs a scenario: builds the deployment and its clients in memory, lets the
 * workers work while things go wrong, and writes down all that happened, as
 * the clients saw it and as the nodes did it.
 *
 * What of it is right is for `Checker.ts` to say.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import { type Client, Command, commands, Connector, type Errors, Sentinel } from "../src/index.ts"
import { monotonicMillisUnsafe } from "../src/internal/time.ts"
import * as Testing from "../src/testing/index.ts"
import { drive, VirtualClock } from "./Clock.ts"
import { type Fault, type Operation, operationsOf, type Scenario } from "./Scenario.ts"

export type Outcome =
  | { readonly tag: "ok"; readonly value: unknown }
  /** Nobody knows whether it was executed. */
  | { readonly tag: "ambiguous" }
  /** The server said no, while it executed it or before. */
  | { readonly tag: "rejected"; readonly error: string }
  /** It was not executed, says the client. */
  | { readonly tag: "unexecuted"; readonly error: string }
  | { readonly tag: "interrupted" }
  | { readonly tag: "defect"; readonly error: string }

/** A command that a worker issued. */
export interface Call {
  readonly id: number
  readonly worker: number
  readonly client: string
  readonly replica: boolean
  readonly kind: "set" | "get" | "range" | "incr" | "push" | "pop" | "mget" | "other"
  readonly key: string
  readonly write: boolean
  readonly repeatable: boolean
  readonly begin: number
  /** Until when it has to be over. */
  readonly due: number
  /** Which lease it ran on, if it did. */
  readonly lease: number | undefined
  end: number
  outcome: Outcome | undefined
}

/** A command that a node executed. */
export interface Execution {
  readonly at: number
  readonly serial: number
  readonly node: string
  /** Changes whenever the node's data may be another's. */
  readonly reign: number
  readonly isPrimary: boolean
  /** Since when the node has had its role. */
  readonly roleSince: number
  readonly client: string
  readonly session: number
  readonly sessionSince: number
  readonly name: string
  readonly args: ReadonlyArray<string>
  readonly reply: unknown
  /** The call that it belongs to, if it says so. */
  readonly id: number | undefined
}

export interface History {
  readonly scenario: Scenario
  readonly calls: ReadonlyArray<Call>
  readonly executions: ReadonlyArray<Execution>
  /** What went wrong and what the sentinels said, for the report. */
  readonly events: ReadonlyArray<{ readonly at: number; readonly text: string }>
  /** Faults that took effect. */
  readonly faults: number
  /** Whether bytes were changed on the way, so that nothing can be said of values. */
  readonly corrupted: boolean
  readonly stopped: "stuck" | "endless" | undefined
  /** What was left after the clients' Scope closed, in words. */
  readonly leftovers: ReadonlyArray<string>
  /** Clients that dial, or have more connections than they should, though nothing is wrong any more. */
  readonly restless: ReadonlyArray<string>
  /** Clients whose last write, after everything was right again, failed. */
  readonly dead: ReadonlyArray<string>
  /** What the primary has in the end: the elements of the lists, and the counters. */
  readonly final: ReadonlyMap<string, ReadonlyArray<string> | number>
  readonly defect: string | undefined
}

/** How long after the last fault the sentinels may take to put their group in order, in milliseconds. */
const settleMillis = 60_000
/** How long after that clients have to be at rest again, and for how long that is looked at. */
const calmMillis = 5000
const restMillis = 8000

/** A client that dials more often than this dials without end. */
const maxDials = 3000

const readTag = 1_000_000

/** The call that a command says it belongs to. */
const idOf = (name: string, args: ReadonlyArray<string>): number | undefined => {
  if (name === "SET") return Number(/^v(\d+)$/.exec(args[2] ?? "")?.[1] ?? NaN) || undefined
  if (name === "RPUSH") return Number(/^e(\d+)$/.exec(args[2] ?? "")?.[1] ?? NaN) || undefined
  if (name === "GETRANGE") return Number(args[3]) - readTag
  if (name === "BLPOP" || name === "MGET") return Number(/^tag:(\d+)$/.exec(args[2] ?? "")?.[1] ?? NaN) || undefined
  return undefined
}

/** Errors by which a client says that a command was not executed. */
const unexecuted = new Set([
  "DeadlineExceeded",
  "QueueFull",
  "PrimaryNotFound",
  "ReplicaNotFound",
  "ConnectFailed",
  "ConnectionLost",
  "RoleMismatch",
  "AuthenticationFailed",
  "ProtocolError",
  "ClientClosed",
  "LeaseTimeout",
  "InvalidCommand",
  "TransactionAborted"
])

const outcomeOf = (exit: Exit.Exit<unknown, Errors.RedisError>): Outcome => {
  if (Exit.isSuccess(exit)) return { tag: "ok", value: exit.value }
  if (Cause.hasInterruptsOnly(exit.cause)) return { tag: "interrupted" }
  const error = Cause.findErrorOption(exit.cause)
  if (error._tag === "None") return { tag: "defect", error: Cause.pretty(exit.cause) }
  return outcomeOfError(error.value)
}

const outcomeOfError = (error: Errors.RedisError): Outcome => {
  if (error._tag === "AmbiguousOutcome") return { tag: "ambiguous" }
  if (error._tag === "ReplyError" || error._tag === "UnexpectedReply") {
    return { tag: "rejected", error: error.message }
  }
  return unexecuted.has(error._tag)
    ? { tag: "unexecuted", error: `${error._tag}: ${error.message}` }
    : { tag: "defect", error: `an error of no known kind: ${String(error)}` }
}

interface Party {
  readonly name: string
  readonly primary: Client.PrimaryClient
  readonly replica: Client.ReplicaClient
}

/** Runs a scenario in virtual time. */
export const run = async (scenario: Scenario): Promise<History> => {
  const clock = new VirtualClock()
  const origin = monotonicMillisUnsafe(clock)
  const calls: Array<Call> = []
  const executions: Array<Execution> = []
  const events: Array<{ at: number; text: string }> = []
  const leftovers: Array<string> = []
  const dead: Array<string> = []
  const final = new Map<string, ReadonlyArray<string> | number>()
  const restless: Array<string> = []
  const dialled: Array<{ readonly at: number; readonly party: string; readonly address: string }> = []
  let faults = 0
  let corrupted = false
  let serial = 0
  let leases = 0
  const now = (): number => monotonicMillisUnsafe(clock) - origin
  const note = (text: string): void => void events.push({ at: now(), text })

  /** Writes down a call from its beginning to its end. */
  const call = (
    party: Party,
    worker: number,
    spec: {
      readonly id: number
      readonly kind: Call["kind"]
      readonly key: string
      readonly write: boolean
      readonly repeatable?: boolean
      readonly replica?: boolean
      readonly lease?: number
      readonly patience?: number
    }
  ): Call => {
    const made: Call = {
      id: spec.id,
      worker,
      client: spec.replica === true ? `${party.name}r` : party.name,
      replica: spec.replica ?? false,
      kind: spec.kind,
      key: spec.key,
      write: spec.write,
      repeatable: spec.repeatable ?? false,
      begin: now(),
      due: now() + scenario.commandTimeout + (spec.patience ?? 0),
      lease: spec.lease,
      end: Infinity,
      outcome: undefined
    }
    calls.push(made)
    return made
  }
  const ended = (c: Call, outcome: Outcome): void => {
    c.end = now()
    c.outcome = outcome
  }
  const watched = <A>(c: Call, effect: Effect.Effect<A, Errors.RedisError>): Effect.Effect<A, Errors.RedisError> =>
    Effect.onExit(effect, (exit) => Effect.sync(() => ended(c, outcomeOf(exit))))

  const act = (
    party: Party,
    worker: number,
    { action, id, key }: Operation
  ): Effect.Effect<unknown, Errors.RedisError> => {
    const redis = party.primary
    const text = `k${key}`
    const counter = `n${key % 3}`
    const list = `l${key % 3}`
    const simple = (
      kind: Call["kind"],
      name: string,
      effect: Effect.Effect<unknown, Errors.RedisError>,
      write: boolean,
      more: { readonly repeatable?: boolean; readonly replica?: boolean } = {}
    ) => Effect.suspend(() => watched(call(party, worker, { id, kind, key: name, write, ...more }), effect))
    switch (action) {
      case "set":
        return simple("set", text, redis.set(text, `v${id}`), true)
      case "setRepeatable":
        return simple("set", text, redis.run(Command.repeatable(commands.set(text, `v${id}`))), true, {
          repeatable: true
        })
      case "get":
        return simple("get", text, redis.get(text), false)
      case "range":
        return simple("range", text, redis.getrange(text, 0, readTag + id), false)
      case "replicaRange":
        return simple("range", text, party.replica.getrange(text, 0, readTag + id), false, { replica: true })
      case "incr":
        return simple("incr", counter, redis.incr(counter), true)
      case "push":
        return simple("push", list, redis.rpush(list, `e${id}`), true)
      case "pushRepeatable":
        return simple("push", list, redis.run(Command.repeatable(commands.rpush(list, `e${id}`))), true, {
          repeatable: true
        })
      case "mget":
        return simple("mget", text, redis.mget([text, `tag:${id}`]), false)
      case "wrongType":
        return simple("other", counter, redis.lpush(counter, "x"), true)
      case "transaction":
        return Effect.suspend(() => {
          const entries = [
            call(party, worker, { id, kind: "incr", key: counter, write: true }),
            call(party, worker, { id: id + 1, kind: "push", key: list, write: true }),
            call(party, worker, { id: id + 2, kind: "range", key: text, write: false })
          ]
          return Effect.onExit(
            redis.transaction([
              commands.incr(counter),
              commands.rpush(list, `e${id + 1}`),
              commands.getrange(text, 0, readTag + id + 2)
            ]),
            (exit) =>
              Effect.sync(() =>
                entries.forEach((entry, i) =>
                  ended(entry, Exit.isSuccess(exit) ? { tag: "ok", value: exit.value[i] } : outcomeOf(exit))
                )
              )
          )
        })
      case "pipeline":
        return Effect.suspend(() => {
          const entries = [
            call(party, worker, { id, kind: "set", key: text, write: true }),
            call(party, worker, { id: id + 1, kind: "range", key: text, write: false }),
            call(party, worker, { id: id + 2, kind: "incr", key: counter, write: true })
          ]
          return Effect.onExit(
            redis.pipelineResults([
              commands.set(text, `v${id}`),
              commands.getrange(text, 0, readTag + id + 1),
              commands.incr(counter)
            ]),
            (exit) =>
              Effect.sync(() =>
                entries.forEach((entry, i) => {
                  if (Exit.isFailure(exit)) return ended(entry, outcomeOf(exit))
                  const result = exit.value[i] as Result.Result<unknown, Errors.RedisError>
                  ended(
                    entry,
                    Result.isSuccess(result)
                      ? { tag: "ok", value: result.success }
                      : outcomeOfError(result.failure)
                  )
                })
              )
          )
        })
      case "pop":
        return Effect.suspend(() =>
          watched(
            call(party, worker, {
              id,
              kind: "pop",
              key: "queue",
              write: true,
              lease: ++leases,
              // A lease, and then the time that it may wait at the server.
              patience: scenario.commandTimeout + 5000 + 200
            }),
            redis.blpop(["queue", `tag:${id}`], 0.2)
          )
        )
      case "leased":
        return Effect.scoped(
          Effect.gen(function*() {
            const lease = yield* redis.lease
            const number = ++leases
            yield* watched(
              call(party, worker, { id, kind: "set", key: text, write: true, lease: number }),
              lease.set(text, `v${id}`)
            )
            yield* watched(
              call(party, worker, { id: id + 1, kind: "range", key: text, write: false, lease: number }),
              lease.getrange(text, 0, readTag + id + 1)
            )
          })
        )
      case "watch":
        return Effect.scoped(
          Effect.gen(function*() {
            const lease = yield* redis.lease
            const number = ++leases
            yield* lease.watch(text)
            yield* watched(
              call(party, worker, { id, kind: "range", key: text, write: false, lease: number }),
              lease.getrange(text, 0, readTag + id)
            )
            const entry = call(party, worker, { id: id + 1, kind: "set", key: text, write: true, lease: number })
            yield* Effect.onExit(
              lease.transaction([commands.set(text, `v${id + 1}`)]),
              (exit) =>
                Effect.sync(() =>
                  ended(entry, Exit.isSuccess(exit) ? { tag: "ok", value: exit.value[0] } : outcomeOf(exit))
                )
            )
          })
        )
    }
  }

  const work = (party: Party, worker: number): Effect.Effect<void> =>
    Effect.gen(function*() {
      for (const operation of operationsOf(scenario, worker)) {
        if (operation.pause > 0) yield* Effect.sleep(operation.pause)
        const effect = Effect.exit(act(party, worker, operation))
        const after = operation.interruptAfter
        if (after === undefined) yield* effect
        else {
          const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
          if (after > 0) yield* Effect.sleep(after)
          yield* Fiber.interrupt(fiber)
        }
      }
    })

  const addressOf = (control: Testing.Control, who: string): Effect.Effect<string> =>
    who === "primary"
      ? control.primary
      : Effect.succeed(
        who.startsWith("n")
          ? control.nodes[Number(who.slice(1)) % control.nodes.length]!
          : who.startsWith("s")
          ? control.sentinels[Number(who.slice(1)) % control.sentinels.length]!
          : who
      )

  /** Makes one thing go wrong, and right again after its time. */
  const befall = (control: Testing.Control, fault: Fault): Effect.Effect<void> =>
    Effect.gen(function*() {
      yield* Effect.sleep(fault.at)
      const who = yield* addressOf(control, fault.who)
      const node = control.nodes.includes(who)
      const lasts = (begin: Effect.Effect<void>, end: Effect.Effect<void>, what: string) =>
        Effect.gen(function*() {
          faults++
          note(`FAULT ${what}`)
          yield* begin
          yield* Effect.sleep(fault.millis)
          note(`      over: ${what}`)
          yield* end
        })
      switch (fault.kind) {
        case "kill":
          return yield* lasts(control.kill(who), control.restart(who), `kill ${who}`)
        case "wipe":
          return yield* lasts(control.kill(who), control.restart(who, { keepData: false }), `kill and wipe ${who}`)
        case "hang":
          return yield* lasts(control.hang(who), control.resume(who), `hang ${who}`)
        case "refuse":
          return yield* lasts(control.refuse(who), control.refuse(who, false), `refuse connections to ${who}`)
        case "slow":
          return yield* lasts(
            control.slow(who, { linkMillis: 40, requestMillis: 1 }),
            control.slow(who, { linkMillis: 0, requestMillis: 0 }),
            `slow ${who}`
          )
        case "isolate":
          return yield* lasts(control.partition(who, "*"), control.heal(who, "*"), `isolate ${who}`)
        case "partition": {
          const other = yield* addressOf(control, fault.other!)
          if (other === who) return
          const how = fault.oneWay === true ? "one-way" : "both"
          return yield* lasts(
            control.partition(who, other, how),
            control.heal(who, other),
            `partition ${who} ${how === "both" ? "<->" : "->"} ${other}`
          )
        }
        case "disconnect":
          faults++
          note(`FAULT disconnect ${who}`)
          return yield* control.disconnect(who)
        case "cut":
          faults++
          note(`FAULT cut ${fault.direction} of ${who} after ${fault.after} bytes`)
          return yield* control.cut({ address: who, direction: fault.direction!, after: fault.after! })
        case "corrupt":
          faults++
          corrupted = true
          note(`FAULT corrupt ${fault.direction} of ${who} after ${fault.after} bytes`)
          return yield* control.corrupt({ address: who, direction: fault.direction!, after: fault.after! })
        case "failover": {
          const failure = control.sentinel(who).responsive ? control.sentinel(who).failover(control.group) : undefined
          faults++
          return note(`FAULT planned failover by ${who}${failure === undefined ? "" : `: ${failure.text}`}`)
        }
        case "lie": {
          const primary = yield* control.primary
          const other = control.nodes.find((n) => n !== primary) ?? primary
          const [host, port] = other.split(":") as [string, string]
          const lie: Testing.Lie = fault.other === "unknown"
            ? { unknownGroup: true }
            : { primary: fault.other === "stale" ? { host: "10.0.9.9", port: 6379 } : { host, port: Number(port) } }
          return yield* lasts(control.lie(who, lie), control.lie(who, {}), `${who} lies: ${fault.other}`)
        }
        case "disk":
          return node
            ? yield* lasts(control.fillDisk(who), control.fillDisk(who, false), `fill disk of ${who}`)
            : undefined
        case "memory":
          return node
            ? yield* lasts(control.fillMemory(who), control.fillMemory(who, false), `fill memory of ${who}`)
            : undefined
        case "loading":
          return node ? yield* lasts(control.load(who), control.load(who, false), `${who} is loading`) : undefined
      }
    })

  const observe = (control: Testing.Control): void => {
    const dials = new Map<string, number>()
    control.network.onDial = (party, address) => {
      dialled.push({ at: now(), party, address })
      const n = (dials.get(party) ?? 0) + 1
      dials.set(party, n)
      if (n > maxDials) throw new Error(`${party} dials without end`)
    }
    for (const address of control.nodes) {
      const node = control.node(address)
      node.onExecute = (session, args, reply) => {
        const name = args[0]!.toUpperCase()
        executions.push({
          at: now(),
          serial: serial++,
          node: address,
          reign: node.reign,
          isPrimary: node.isPrimary,
          roleSince: node.roleSince - origin,
          client: session.peer.party,
          session: session.id,
          sessionSince: session.since - origin,
          name,
          args,
          reply: plain(reply),
          id: idOf(name, args)
        })
      }
    }
    for (const address of control.sentinels) {
      control.sentinel(address).onEvent = (name, text) => note(`${address} ${name} ${text}`)
    }
  }

  const program = Effect.gen(function*() {
    const outer = yield* Scope.make()
    const inner = yield* Scope.make()
    const control = yield* Testing.make({
      replicas: scenario.replicas,
      sentinels: scenario.sentinels,
      lagMillis: scenario.lagMillis,
      latencyMillis: scenario.latencyMillis,
      syncMillis: scenario.syncMillis,
      seed: scenario.seed
    }).pipe(Scope.provide(outer))
    observe(control)
    // Replicas that take their time to get the data have it before anything begins.
    yield* Effect.sleep(1500)
    const parties = yield* Effect.forEach(
      Array.from({ length: scenario.clients }, (_, i) => `c${i}`),
      (name) =>
        Effect.gen(function*() {
          const make = (dialer: string) =>
            Sentinel.make({
              sentinels: control.sentinels,
              follow: scenario.follow,
              sentinel: { protocol: scenario.protocol },
              node: {
                connections: scenario.connections,
                maxLeases: scenario.maxLeases,
                protocol: scenario.protocol,
                commandTimeout: scenario.commandTimeout,
                stallTimeout: scenario.stallTimeout,
                pingInterval: 3000,
                connectTimeout: 1000,
                leaseTimeout: 5000,
                clientName: name
              }
            }).pipe(
              Scope.provide(inner),
              Effect.provideService(Connector.Connector, control.network.dialer(dialer)),
              Effect.map((sentinel) => ({ sentinel, dialer }))
            )
          const inNetwork = <A, E, R>(effect: Effect.Effect<A, E, R>, dialer: string) =>
            Effect.provideService(effect, Connector.Connector, control.network.dialer(dialer))
          const first = yield* make(name)
          const second = yield* make(`${name}r`)
          const party: Party = {
            name,
            primary: yield* inNetwork(first.sentinel.primaryFor(control.group), name).pipe(Scope.provide(inner)),
            replica: yield* inNetwork(
              second.sentinel.replicaFor(control.group, {
                choice: scenario.choice,
                ...(scenario.maxLagBytes === undefined ? {} : { maxLag: { bytes: scenario.maxLagBytes } })
              }),
              `${name}r`
            ).pipe(Scope.provide(inner))
          }
          return party
        })
    )
    const befalling = yield* Effect.forEach(scenario.faults, (fault) => Effect.forkChild(befall(control, fault)))
    yield* Effect.forEach(
      Array.from({ length: scenario.workers }, (_, i) => i),
      (worker) => work(parties[worker % parties.length]!, worker),
      { concurrency: "unbounded", discard: true }
    )
    for (const fiber of befalling) yield* Fiber.await(fiber)
    note("all is right again")
    const until = now() + settleMillis
    while (now() < until && !control.sentinels.every((address) => control.sentinel(address).atRest)) {
      yield* Effect.sleep(500)
    }
    yield* Effect.sleep(calmMillis + restMillis)
    const recently = now() - restMillis
    for (const name of parties.flatMap((party) => [party.name, `${party.name}r`])) {
      const dials = dialled.filter((d) => d.at > recently && d.party === name && control.nodes.includes(d.address))
      // A lease may be replaced as its idle time ends.
      const spread = name.endsWith("r") && (scenario.choice !== "sticky" || scenario.maxLagBytes !== undefined)
      if (dials.length > scenario.maxLeases * (spread ? scenario.replicas + 1 : 1)) {
        restless.push(`${name} dialled ${dials.length} times, ${dials[0]!.address} first`)
      }
      const open = control.nodes.reduce((n, address) => n + control.network.connections(address, name), 0)
      const most = spread
        ? (scenario.connections + scenario.maxLeases) * (scenario.replicas + 1)
        : scenario.connections + scenario.maxLeases
      if (open > most) restless.push(`${name} has ${open} connections, ${most} at most`)
    }
    for (const party of parties) {
      // A connection that is to be cut may have been waiting for this.
      const exit = yield* Effect.exit(
        Effect.retry(party.primary.set(`last:${party.name}`, "1"), {
          times: scenario.faults.length,
          while: (error) => error._tag === "AmbiguousOutcome"
        })
      )
      if (Exit.isFailure(exit)) dead.push(`${party.name}: ${Cause.pretty(exit.cause).slice(0, 500)}`)
    }
    const last = parties[0]!.primary
    for (const i of [0, 1, 2]) {
      final.set(`l${i}`, yield* Effect.orElseSucceed(last.lrange(`l${i}`, 0, -1), () => []))
      final.set(`n${i}`, Number(yield* Effect.orElseSucceed(last.get(`n${i}`), () => null)))
    }
    yield* Scope.close(inner, Exit.void)
    const open = control.network.connections()
    if (open > 0) leftovers.push(`${open} connections`)
    yield* Scope.close(outer, Exit.void)
    yield* Effect.yieldNow
    if (clock.sleepers > 0) leftovers.push(`${clock.sleepers} timers`)
  })

  const { fiber, stopped } = await drive(
    clock,
    scenario.seed,
    program as Effect.Effect<void, Errors.InvalidOption>,
    10 * 60_000
  )
  const exit = fiber.pollUnsafe()
  if (exit === undefined) await Effect.runPromise(Fiber.interrupt(fiber).pipe(Effect.timeoutOption("1 second")))
  return {
    scenario,
    calls,
    executions,
    events,
    faults,
    corrupted,
    stopped,
    leftovers,
    restless,
    dead,
    final,
    defect: exit !== undefined && Exit.isFailure(exit) ? Cause.pretty(exit.cause) : undefined
  }
}

/** A reply of a node as the client would have it. */
const plain = (reply: unknown): unknown => {
  if (typeof reply === "bigint") return Number(reply)
  if (Array.isArray(reply)) return reply.map(plain)
  if (typeof reply === "symbol") return null
  if (reply !== null && typeof reply === "object" && "text" in reply) {
    const { text } = reply as { readonly text: string }
    return reply instanceof Testing.Failure ? { error: text } : text
  }
  return reply
}
