/**
 * Runs a scenario: builds the deployment and its clients in memory, runs the
 * workers while faults happen, and records everything, as the clients saw it and
 * as the nodes executed it.
 *
 * Checker.ts decides whether the history keeps the promises.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type Client, Command, commands, Connector, type Errors, Sentinel } from "../src/index.ts"
import { monotonicMillisUnsafe } from "../src/internal/common/time.ts"
import * as Testing from "../src/testing/index.ts"
import { beginApplications, finalOf } from "./Applications.ts"
import { isCalled } from "./applications/damage.ts"
import { lostElements } from "./applications/pops.ts"
import { channels as published, listen } from "./applications/subscriptions.ts"
import { drive, VirtualClock } from "./Clock.ts"
import {
  type After,
  type Call,
  type Delivery,
  type Execution,
  type History,
  mostScanned,
  type Outcome,
  type Party,
  type Probe,
  type Records,
  type Spec,
  type Stage
} from "./History.ts"
import { rotating, rotatingUser } from "./Rotation.ts"
import {
  type Fault,
  firstOperationsOf,
  type Operation,
  operationsOf,
  pending,
  type Scenario,
  turnsOf
} from "./Scenario.ts"

/** How long after the last fault the sentinels may take to put their group in order, in milliseconds. */
const settleMillis = 60_000
/** How long after that clients have time to come to rest, and how long this is observed. */
const calmMillis = 5000
/** The same for clients that follow a promotion: one that nobody reports is undone after `maxWriteHold`. */
const calmPromotionMillis = 15_000
const restMillis = 8000

/** A client that dials more often than this dials without end. A client whose sentinels are gone dials often. */
const maxDials = 10_000

const readTag = 1_000_000

/** The user of a sentinel's client in Redis's documentation. */
const minimalRules = (
  "resetchannels -@all +auth +client|getname +client|id +client|setname +command +hello +ping +role " +
  "+sentinel|get-master-addr-by-name +sentinel|master +sentinel|myid +sentinel|replicas +sentinel|sentinels " +
  "+sentinel|masters"
).split(" ")

const members: ReadonlyArray<string> = Array.from({ length: 40 }, (_, i) => `m${i}`)
const channels: ReadonlyArray<string> = ["ch0", "ch1", "pat0"]

/** The call to which a command belongs, from its tag. */
const idOf = (name: string, args: ReadonlyArray<string>): number | undefined => {
  if (name === "SET") return Number(/^v(\d+)$/.exec(args[2] ?? "")?.[1] ?? NaN) || undefined
  if (name === "RPUSH" && args[1] !== "mails") {
    return Number(/^e(\d+)(?::\d+)?$/.exec(args[2] ?? "")?.[1] ?? NaN) || undefined
  }
  if (name === "RPUSH" && args[1] === "mails") return Number(/^j(\d+)$/.exec(args[2] ?? "")?.[1] ?? NaN) || undefined
  if (name === "XADD" && args[1] === "jobs") return Number(/^j(\d+)$/.exec(args[4] ?? "")?.[1] ?? NaN) || undefined
  if (name.startsWith("EVAL")) return Number(/^x(\d+)$/.exec(args[args.length - 1] ?? "")?.[1] ?? NaN) || undefined
  if (name === "ECHO") return Number(/^echo:(\d+)$/.exec(args[1] ?? "")?.[1] ?? NaN) || undefined
  if (name === "PUBLISH") return Number(/^p(\d+)$/.exec(args[2] ?? "")?.[1] ?? NaN) || undefined
  if (name === "SSCAN") {
    return Number(/^\[m#(\d+)\]\*$/.exec(args[args.indexOf("MATCH") + 1] ?? "")?.[1] ?? NaN) || undefined
  }
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
  "ReserveTimeout",
  "InvalidCommand",
  "TransactionAborted",
  "ScanInterrupted",
  "EpochPassed",
  "SentinelsIsolated"
])

const outcomeOf = (exit: Exit.Exit<unknown, Errors.RedisError | Errors.Unsupported>): Outcome => {
  if (Exit.isSuccess(exit)) return { tag: "ok", value: exit.value }
  if (Cause.hasInterruptsOnly(exit.cause)) return { tag: "interrupted" }
  const error = Cause.findErrorOption(exit.cause)
  if (error._tag === "None") return { tag: "defect", error: Cause.pretty(exit.cause) }
  return outcomeOfError(error.value)
}

const outcomeOfError = (error: Errors.RedisError | Errors.Unsupported): Outcome => {
  if (error._tag === "AmbiguousOutcome") return { tag: "ambiguous" }
  if (error._tag === "ReplyError" || error._tag === "UnexpectedReply") {
    return { tag: "rejected", error: error.message }
  }
  return unexecuted.has(error._tag)
    ? { tag: "unexecuted", error: `${error._tag}: ${error.message}` }
    : { tag: "defect", error: `an error of no known kind: ${String(error)}` }
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
  const deliveries: Array<Delivery> = []
  const records: Records = {
    subscriptions: [],
    handled: [],
    lives: [],
    told: [],
    readers: [],
    poppings: [],
    leftOver: new Map()
  }
  const probes: Array<Probe> = []
  const outcasts = new Set<string>()
  /** When the connections to an address at that time stopped carrying bytes. */
  const silenced = new Map<string, number>()
  /** The last offset that each worker knew. */
  const offsets = new Map<number, { readonly offset: Client.Offset; readonly write: Call | undefined }>()
  const final = new Map<string, ReadonlyArray<string> | number | null>()
  const restless: Array<string> = []
  const dialled: Array<{ readonly at: number; readonly party: string; readonly address: string }> = []
  const maxBlocking = blockingOf(scenario)
  let faults = 0
  let corrupted = false
  /** The requests that were changed in transit, as they were sent. */
  const damaged: Array<{ readonly party: string; readonly words: ReadonlyArray<string> }> = []
  let serial = 0
  let reservations = 0
  let ending = false
  let began = 0
  const clocks = new Map<string, VirtualClock>()
  const now = (): number => monotonicMillisUnsafe(clock) - origin
  const note = (text: string): void => void events.push({ at: now(), text })

  /** Records a call from its start to its end. */
  const call = (
    party: Party,
    worker: number,
    spec: Spec
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
      reserved: spec.reserved,
      batch: spec.batch,
      after: spec.after,
      database: spec.database ?? 0,
      restarts: spec.restarts ?? false,
      unwatched: spec.unwatched ?? false,
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
  const watched = <A, E extends Errors.RedisError | Errors.Unsupported>(
    c: Call,
    effect: Effect.Effect<A, E>
  ): Effect.Effect<A, E> => Effect.onExit(effect, (exit) => Effect.sync(() => ended(c, outcomeOf(exit))))

  const pop = (party: Party, worker: number, id: number, seconds: number): Effect.Effect<unknown, Errors.RedisError> =>
    Effect.suspend(() =>
      watched(
        call(party, worker, {
          id,
          kind: "pop",
          key: "queue",
          write: true,
          reserved: ++reservations,
          // First a reserved connection, then its time to wait at the server.
          patience: scenario.commandTimeout + 5000 + seconds * 1000
        }),
        party.primary.blpop(["queue", `tag:${id}`], `${seconds} seconds`)
      )
    )

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
    /** Records the outcomes of the entries of a batch. */
    const outcomes = (
      entries: ReadonlyArray<Call>,
      effect: Effect.Effect<ReadonlyArray<Result.Result<unknown, Errors.RedisError>>, Errors.RedisError>
    ) =>
      Effect.onExit(effect, (exit) =>
        Effect.sync(() =>
          entries.forEach((entry, i) => {
            if (Exit.isFailure(exit)) return ended(entry, outcomeOf(exit))
            const result = exit.value[i]!
            ended(
              entry,
              Result.isSuccess(result) ? { tag: "ok", value: result.success } : outcomeOfError(result.failure)
            )
          })
        ))
    /** Changes the caller's list while the batch runs: this must have no effect. */
    const intruded = <A>(
      effect: Effect.Effect<A, Errors.RedisError>,
      passed: Array<Command.Any>
    ): Effect.Effect<A, Errors.RedisError> =>
      Effect.flatMap(Effect.forkChild(effect, { startImmediately: true }), (fiber) => {
        if ("intrude" in pending) return Effect.onInterrupt(Fiber.join(fiber), () => Fiber.interrupt(fiber))
        passed.unshift(commands.echo("intruder"))
        passed.push(commands.echo("intruder"))
        return Effect.onInterrupt(Fiber.join(fiber), () => Fiber.interrupt(fiber))
      })
    const scan = (client: Client.Base<"read">, replica: boolean, after: After | undefined) =>
      Effect.suspend(() => {
        const restarts = id % 20 === 0
        return watched(
          call(party, worker, {
            id,
            kind: "scan",
            key: "members",
            write: false,
            replica,
            restarts,
            // Each page has its own deadline, and there may be many pages.
            patience: 90_000,
            ...(after === undefined ? {} : { after })
          }),
          Stream.runCollect(
            client.sscanStream("members", {
              count: 7,
              match: `[m#${id}]*`,
              whenInterrupted: restarts ? "restart" : "fail"
            }).pipe(Stream.take(mostScanned))
          )
        )
      })
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
      case "offer":
        return simple("push", "queue", redis.rpush("queue", `e${id}`), true)
      case "pushRepeatable":
        return simple("push", list, redis.run(Command.repeatable(commands.rpush(list, `e${id}`))), true, {
          repeatable: true
        })
      case "mget":
        return simple("mget", text, redis.mget([text, `tag:${id}`]), false)
      case "wrongType":
        return simple("other", "members", redis.lpush("members", "x"), true)
      case "transaction":
        return Effect.suspend(() => {
          const entries = [
            call(party, worker, { id, kind: "incr", key: counter, write: true }),
            call(party, worker, { id: id + 1, kind: "push", key: list, write: true }),
            call(party, worker, { id: id + 2, kind: "range", key: text, write: false })
          ]
          const passed: Array<Command.Any> = [
            commands.incr(counter),
            commands.rpush(list, `e${id + 1}`),
            commands.getrange(text, 0, readTag + id + 2)
          ]
          return Effect.onExit(
            intruded(redis.transaction(passed), passed),
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
          return outcomes(
            entries,
            redis.pipelineResults([
              commands.set(text, `v${id}`),
              commands.getrange(text, 0, readTag + id + 1),
              commands.incr(counter)
            ])
          )
        })
      case "batch":
        return Effect.suspend(() => {
          const specs = [
            { kind: "set", key: text, write: true },
            { kind: "range", key: text, write: false },
            { kind: "echo", key: "", write: false },
            { kind: "set", key: text, write: true },
            { kind: "range", key: text, write: false },
            { kind: "push", key: list, write: true },
            { kind: "push", key: list, write: true },
            { kind: "echo", key: "", write: false }
          ] as const
          const entries = specs.map((spec, index) =>
            call(party, worker, { ...spec, id: id + index, batch: { id, index } })
          )
          const passed: Array<Command.Any> = [
            commands.set(text, `v${id}`),
            commands.getrange(text, 0, readTag + id + 1),
            commands.echo(`echo:${id + 2}`),
            commands.set(text, `v${id + 3}`),
            commands.getrange(text, 0, readTag + id + 4),
            commands.rpush(list, `e${id + 5}`),
            commands.rpush(list, `e${id + 6}`),
            commands.echo(`echo:${id + 7}`)
          ]
          return outcomes(entries, intruded(redis.pipelineResults(passed), passed))
        })
      case "replicaBatch":
        return Effect.suspend(() => {
          const specs = [
            { kind: "range", key: text },
            { kind: "echo", key: "" },
            { kind: "mget", key: text },
            { kind: "range", key: text }
          ] as const
          const entries = specs.map((spec, index) =>
            call(party, worker, { ...spec, write: false, replica: true, id: id + index, batch: { id, index } })
          )
          return outcomes(
            entries,
            party.replica.pipelineResults([
              commands.getrange(text, 0, readTag + id),
              commands.echo(`echo:${id + 1}`),
              commands.mget([text, `tag:${id + 2}`]),
              commands.getrange(text, 0, readTag + id + 3)
            ])
          )
        })
      case "echo":
        return simple("echo", "", redis.run(commands.echo(`echo:${id}`)), false)
      case "publish":
        return simple("publish", "", redis.publish(channels[key % channels.length]!, `p${id}`), true)
      case "scan":
        return scan(redis, false, undefined)
      case "replicaScan":
        return scan(party.replica, true, undefined)
      case "afterOffset":
        return Effect.gen(function*() {
          const write = call(party, worker, { id, kind: "set", key: text, write: true })
          yield* watched(write, redis.set(text, `v${id}`))
          const offset = yield* redis.offset
          offsets.set(worker, { offset, write })
          const { epoch } = yield* party.topology.current
          const after = { epoch: offset.epoch, known: epoch, write }
          yield* watched(
            call(party, worker, { id: id + 1, kind: "range", key: text, write: false, replica: true, after }),
            party.replica.afterOffset(offset).getrange(text, 0, readTag + id + 1)
          )
        })
      case "afterOld":
        return Effect.gen(function*() {
          const known = offsets.get(worker)
          if (known === undefined) return
          const { epoch } = yield* party.topology.current
          const after = { epoch: known.offset.epoch, known: epoch, write: known.write }
          const name = known.write?.key ?? text
          yield* watched(
            call(party, worker, { id, kind: "range", key: name, write: false, replica: true, after }),
            party.replica.afterOffset(known.offset).getrange(name, 0, readTag + id)
          )
        })
      case "afterScan":
        return Effect.gen(function*() {
          const offset = yield* redis.offset
          const { epoch } = yield* party.topology.current
          yield* scan(party.replica.afterOffset(offset), true, { epoch: offset.epoch, known: epoch, write: undefined })
        })
      case "select":
        return Effect.scoped(
          Effect.gen(function*() {
            const reserved = yield* redis.reserve
            const number = ++reservations
            const entries = [
              call(party, worker, { id, kind: "select", key: "", write: false, reserved: number }),
              call(party, worker, { id: id + 1, kind: "range", key: text, write: false, reserved: number, database: 3 })
            ]
            const words = id % 20 === 0 ? "select" : "SELECT"
            yield* outcomes(
              entries,
              reserved.pipelineResults([Command.raw(words, [3]), commands.getrange(text, 0, readTag + id + 1)])
            )
            if (id % 30 === 0) yield* reserved.send("client setname", "somebody")
          })
        )
      case "abandonWatch":
        return Effect.scoped(
          Effect.gen(function*() {
            const reserved = yield* redis.reserve
            yield* reserved.watch("k0", "k1", "k2")
            if (id % 20 === 0) yield* Effect.ignore(reserved.pipeline([Command.raw("watch", ["k3"])]))
          })
        )
      case "reservedTransaction":
        return Effect.scoped(
          Effect.gen(function*() {
            const reserved = yield* redis.reserve
            const number = ++reservations
            const entry = call(party, worker, {
              id,
              kind: "set",
              key: text,
              write: true,
              reserved: number,
              unwatched: true
            })
            yield* Effect.onExit(
              reserved.transaction([commands.set(text, `v${id}`)]),
              (exit) =>
                Effect.sync(() =>
                  ended(entry, Exit.isSuccess(exit) ? { tag: "ok", value: exit.value[0] } : outcomeOf(exit))
                )
            )
          })
        )
      case "pop":
        return pop(party, worker, id, 0.2)
      case "reserved":
        return Effect.scoped(
          Effect.gen(function*() {
            const reserved = yield* redis.reserve
            const number = ++reservations
            yield* watched(
              call(party, worker, { id, kind: "set", key: text, write: true, reserved: number }),
              reserved.set(text, `v${id}`)
            )
            yield* watched(
              call(party, worker, { id: id + 1, kind: "range", key: text, write: false, reserved: number }),
              reserved.getrange(text, 0, readTag + id + 1)
            )
          })
        )
      case "watch":
        return Effect.scoped(
          Effect.gen(function*() {
            const reserved = yield* redis.reserve
            const number = ++reservations
            yield* reserved.watch(text)
            yield* watched(
              call(party, worker, { id, kind: "range", key: text, write: false, reserved: number }),
              reserved.getrange(text, 0, readTag + id)
            )
            const entry = call(party, worker, { id: id + 1, kind: "set", key: text, write: true, reserved: number })
            yield* Effect.onExit(
              reserved.transaction([commands.set(text, `v${id + 1}`)]),
              (exit) =>
                Effect.sync(() =>
                  ended(entry, Exit.isSuccess(exit) ? { tag: "ok", value: exit.value[0] } : outcomeOf(exit))
                )
            )
          })
        )
    }
  }

  const work = (
    party: Party,
    worker: number,
    operations: ReadonlyArray<Operation> = operationsOf(scenario, worker)
  ): Effect.Effect<void> =>
    Effect.gen(function*() {
      for (const operation of operations) {
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

  /** Consumes one element after the other while the workload lasts. */
  const consume = (party: Party, worker: number): Effect.Effect<void> =>
    Effect.gen(function*() {
      const end = began + scenario.duration
      for (const { id, n } of turnsOf(scenario, worker)) {
        if (now() > end) return
        yield* Effect.exit(pop(party, worker, id, n))
      }
    })

  const produce = (party: Party, worker: number): Effect.Effect<void> =>
    Effect.gen(function*() {
      const end = began + scenario.duration
      for (const { id, n } of turnsOf(scenario, worker)) {
        if (now() > end) return
        yield* Effect.exit(act(party, worker, { action: "offer", id, key: 0, interruptAfter: undefined, pause: 0 }))
        yield* Effect.sleep(n * 60)
      }
    })

  /** Reads from replicas, one after the other, while a fault lasts. */
  const probe = (party: Party, fault: Fault, what: string): Effect.Effect<void> =>
    Effect.gen(function*() {
      const from = now()
      const to = from + fault.millis
      const times: Array<number> = []
      const failed: Array<string> = []
      // The round trips that it takes to ask every node for its role, twice.
      const latency = scenario.latencyMillis[1] * 24
      const limit = (fault.kind === "kill" ? 50 : 300) + latency
      probes.push({ client: `${party.name}r`, fault: what, limit, from, to, times, failed })
      const reads: Array<Fiber.Fiber<unknown, unknown>> = []
      while (now() < to) {
        reads.push(
          yield* Effect.forkChild(
            Effect.exit(party.replica.get("k0")).pipe(
              Effect.map((exit) => {
                if (Exit.isSuccess(exit)) times.push(now())
                else failed.push(describe(exit))
              })
            ),
            { startImmediately: true }
          )
        )
        yield* Effect.sleep(8)
      }
      for (const fiber of reads) yield* Fiber.await(fiber)
    }).pipe(Effect.provideService(Clock.Clock, party.clock))

  const addressOf = (control: Testing.Control, who: string): Effect.Effect<string> =>
    who === "primary"
      ? control.primary
      : who === "all"
      ? Effect.succeed(who)
      : Effect.succeed(
        who.startsWith("n")
          ? control.nodes[Number(who.slice(1)) % control.nodes.length]!
          : who.startsWith("s")
          ? control.sentinels[Number(who.slice(1)) % control.sentinels.length]!
          : who
      )

  /** Injects one fault, and ends it after its time. */
  const befall = (control: Testing.Control, parties: ReadonlyArray<Party>, fault: Fault): Effect.Effect<void> =>
    Effect.gen(function*() {
      yield* Effect.sleep(fault.at)
      const named = yield* addressOf(control, fault.who)
      const who = scenario.probed === true && fault.kind === "hang"
        // A node that is not the primary at that moment.
        ? yield* replicaOf(control, named)
        : named
      const node = control.nodes.includes(who)
      const lasts = (begin: Effect.Effect<void>, end: Effect.Effect<void>, what: string) =>
        Effect.gen(function*() {
          faults++
          note(`FAULT ${what}`)
          yield* begin
          if (scenario.probed === true && (fault.kind === "kill" || fault.kind === "hang") && others(control, who)) {
            for (const party of parties) yield* Effect.forkChild(probe(party, fault, what), { startImmediately: true })
          }
          yield* Effect.sleep(fault.millis)
          note(`      over: ${what}`)
          yield* end
        })
      switch (fault.kind) {
        case "kill":
          return yield* lasts(
            control.kill(who),
            Effect.suspend(() => present(control)(who) ? control.restart(who) : Effect.void),
            `kill ${who}`
          )
        case "wipe":
          return yield* lasts(control.kill(who), control.restart(who, { keepData: false }), `kill and wipe ${who}`)
        case "hang":
          return yield* lasts(control.hang(who), control.resume(who), `hang ${who}`)
        case "refuse":
          return yield* lasts(control.refuse(who), control.refuse(who, false), `refuse connections to ${who}`)
        case "slow":
          return yield* lasts(
            control.slow(who, { latency: "40 millis", requestTime: "1 millis" }),
            control.slow(who, { latency: "0 millis", requestTime: "0 millis" }),
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
        case "sentinels": {
          const all = control.sentinels
          return yield* lasts(
            Effect.forEach(all, (s) => control.kill(s), { discard: true }),
            Effect.suspend(() =>
              Effect.forEach(all.filter(present(control)), (s) => control.restart(s), { discard: true })
            ),
            `restart all sentinels`
          )
        }
        case "forget": {
          const all = who === "all" ? control.sentinels : [who]
          return yield* lasts(
            Effect.forEach(all, (s) => control.kill(s), { discard: true }),
            // The operator who deploys them again tells them the current primary.
            Effect.flatMap(
              truth(control),
              (primary) =>
                Effect.forEach(all, (s) => control.restart(s, { keepData: false, primary }), { discard: true })
            ),
            `${who} without its disk`
          )
        }
        case "epoch": {
          const other = yield* otherThanPrimary(control)
          const epoch = Number.MAX_SAFE_INTEGER
          const lie: Testing.Lie = fault.other === "same"
            ? { epoch }
            : { epoch, primary: fault.other === "replica" ? other : { host: "10.0.9.9", port: 6379 } }
          return yield* lasts(
            control.lie(who, lie),
            control.lie(who, {}),
            `${who} claims the last epoch: ${fault.other}`
          )
        }
        case "stale": {
          // It reaches neither the others nor the nodes, but clients reach it. The majority of sentinels stays correct.
          if ((outcasts.size + 1) * 2 >= control.sentinels.length) return
          faults++
          note(`FAULT ${who} is stale for good`)
          outcasts.add(who)
          yield* Effect.forEach(
            [...control.sentinels.filter((s) => s !== who), ...control.nodes],
            (other) => control.partition(who, other),
            { discard: true }
          )
          return
        }
        case "replace": {
          for (const old of control.sentinels) {
            faults++
            const address = yield* control.replace(old)
            note(`FAULT ${old} is replaced by ${address}`)
            control.sentinel(address).onEvent = (name, text) => note(`${address} ${name} ${text}`)
            yield* Effect.sleep(fault.millis)
            // As operators do; otherwise sentinels list the old one for ever.
            yield* Effect.forEach(control.sentinels, (s) => control.reset(s), { discard: true })
          }
          return
        }
        case "reassign": {
          faults++
          const old = yield* control.primary
          if (who === old || !control.node(who).running) return
          note(`FAULT all sentinels are told to watch ${who}`)
          control.node(who).promote()
          for (const other of control.nodes) {
            const { host, port } = control.node(who).address
            if (other !== who && other !== old) control.node(other).replicate(host, port)
          }
          yield* Effect.forEach(control.sentinels, (s) => control.reassign(s, who), { discard: true })
          return
        }
        case "flap": {
          const until = now() + fault.millis
          faults++
          note(`FAULT ${who} begins failovers and aborts them`)
          while (now() < until) {
            const primary = control.node(yield* control.primary).address
            const other = yield* otherThanPrimary(control)
            const sentinel = control.sentinel(who)
            const about = `@ ${control.group} ${primary.host} ${primary.port}`
            if (sentinel.responsive) {
              sentinel.publish(
                "+failover-state-select-slave",
                `master ${control.group} ${primary.host} ${primary.port}`
              )
              sentinel.publish("+selected-slave", `slave x ${other.host} ${other.port} ${about}`)
            }
            yield* Effect.sleep(60)
            if (sentinel.responsive) {
              sentinel.publish(
                "-failover-abort-no-good-slave",
                `master ${control.group} ${primary.host} ${primary.port}`
              )
            }
            yield* Effect.sleep(60)
          }
          return
        }
        case "mute": {
          const all = who === "all" ? control.sentinels : [who]
          const rules = (sign: "-" | "+") =>
            Effect.sync(() => {
              for (const s of all) {
                const { users } = control.sentinel(s)
                for (const name of ["default", rotatingUser]) {
                  for (const command of ["subscribe", "psubscribe"]) users.get(name)?.apply(`${sign}${command}`)
                }
                if (sign === "-") control.sentinel(s).disconnect()
              }
            })
          return yield* lasts(rules("-"), rules("+"), `${who} forbids its events`)
        }
        case "deafen":
          return yield* lasts(
            control.pushes(who, { kind: "drop", count: 1_000_000 }),
            Effect.sync(() => control.sentinel(who).endPushFaults()),
            `the events of ${who} get lost`
          )
        case "rename": {
          const names = Object.fromEntries(control.nodes.map((n, i) => [control.node(n).address.host, `redis-${i}`]))
          yield* Effect.forEach(Object.entries(names), ([host, name]) => control.name(name, host), { discard: true })
          return yield* lasts(control.announce(who, names), control.announce(who, {}), `${who} announces names`)
        }
        case "reset":
          // Two halves of the sentinels would each demote the other half's primary.
          if (control.sentinels.includes(who) && control.sentinel(who).isLeading) return
          faults++
          note(`FAULT SENTINEL RESET at ${who}`)
          return control.sentinel(who).responsive ? yield* control.reset(who) : undefined
        case "noreplicas": {
          const least = (n: string) => Effect.sync(() => void control.node(who).config.set("min-replicas-to-write", n))
          return yield* lasts(least("9"), least("0"), `${who} has not enough replicas`)
        }
        case "hiccup":
          faults++
          note(`FAULT ${who} answers ${fault.other}, once, after ${fault.after} writes`)
          return control.node(who).refuseWrite(fault.other as "NOREPLICAS", fault.after!)
        case "busy": {
          faults++
          note(`FAULT ${who} stands still for ${fault.millis} ms`)
          const clock = clocks.get(who)
          for (const party of [who, `${who}r`]) control.network.standStill(party)
          clock?.standStill(fault.millis)
          yield* Effect.sleep(fault.millis)
          // Its timers are served before its sockets.
          yield* Effect.sleep(0)
          for (const party of [who, `${who}r`]) control.network.goOn(party)
          return note(`      over: ${who} goes on`)
        }
        case "clock":
          faults++
          note(`FAULT the clock of ${who} is set by ${fault.other} ms`)
          clocks.get(who)?.step(Number(fault.other))
          if (fault.millis === 0) return
          yield* Effect.sleep(fault.millis)
          note(`      over: the clock of ${who} is set back`)
          return clocks.get(who)?.step(-Number(fault.other))
        case "drip":
          return yield* lasts(
            control.slow(who, { byteTime: `${Number(fault.other)} millis` }),
            Effect.suspend(() => present(control)(who) ? control.slow(who, { byteTime: "0 millis" }) : Effect.void),
            `${who} sends a byte each ${fault.other} ms`
          )
        case "silence":
          faults++
          note(`FAULT the connections to ${who} carry nothing any more`)
          silenced.set(who, now())
          return yield* control.silence(who)
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

  /** Sentinels that were replaced meanwhile do not return. */
  const present = (control: Testing.Control) => (who: string): boolean =>
    control.nodes.includes(who) || control.sentinels.includes(who)

  /** The actual primary, as an operator would determine it. */
  const truth = (control: Testing.Control): Effect.Effect<string> =>
    Effect.map(control.primary, (told) => {
      const primaries = control.nodes.filter((n) => control.node(n).isPrimary)
      if (primaries.includes(told)) return told
      const followed = (n: string): number => control.nodes.filter((m) => control.node(m).primaryAddress === n).length
      return primaries.sort((a, b) => followed(b) - followed(a))[0] ?? told
    })

  const replicaOf = (control: Testing.Control, named: string) =>
    Effect.map(control.primary, (primary) => named !== primary ? named : control.nodes.find((n) => n !== primary)!)

  /** Whether there is a replica with data other than one node. */
  const others = (control: Testing.Control, who: string): boolean =>
    control.nodes.some((n) => n !== who && control.node(n).responsive && !control.node(n).isPrimary)

  const otherThanPrimary = (control: Testing.Control) =>
    Effect.map(control.primary, (primary) => control.node(control.nodes.find((n) => n !== primary) ?? primary).address)

  const observe = (control: Testing.Control): void => {
    const dials = new Map<string, number>()
    control.network.onDial = (party, address) => {
      dialled.push({ at: now(), party, address })
      const n = (dials.get(party) ?? 0) + 1
      dials.set(party, n)
      if (n > maxDials) throw new Error(`${party} dials without end`)
    }
    control.network.onCorrupt = (party, direction, bytes, at) => {
      if (direction === "request") damaged.push({ party, words: requestAt(Buffer.from(bytes).toString("latin1"), at) })
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
          database: session.database,
          sessionName: session.name,
          name,
          args,
          reply: plain(reply),
          id: idOf(name, args)
        })
      }
    }
    for (const address of control.nodes) {
      control.node(address).onPush = (session, values) => {
        const kind = values[0]
        if (kind !== "message" && kind !== "pmessage" && kind !== "smessage") return
        // No process can reach it.
        if (session.since - origin <= (silenced.get(address) ?? -1)) return
        deliveries.push({
          at: now(),
          serial: serial++,
          client: session.peer.party,
          node: address,
          session: session.id,
          kind,
          name: String(values[1]),
          payload: String(values[values.length - 1])
        })
      }
    }
    for (const address of control.sentinels) {
      control.sentinel(address).onEvent = (name, text) => note(`${address} ${name} ${text}`)
    }
  }

  const range = ([min, max]: readonly [number, number]): Testing.DurationRange => ({
    min: `${min} millis`,
    max: `${max} millis`
  })

  const program = Effect.gen(function*() {
    const outer = yield* Scope.make()
    const inner = yield* Scope.make()
    const control = yield* Testing.make({
      replicas: scenario.replicas,
      sentinels: scenario.sentinels,
      lag: range(scenario.lagMillis),
      latency: range(scenario.latencyMillis),
      syncTime: range(scenario.syncMillis),
      seed: scenario.seed
    }).pipe(Scope.provide(outer))
    observe(control)
    // Slow replicas have the data before the workload starts.
    yield* Effect.sleep(1500)
    if (scenario.farMillis !== undefined) {
      for (const [i, linkMillis] of scenario.farMillis.entries()) {
        yield* control.slow(control.sentinels[i]!, { latency: `${linkMillis} millis` })
      }
    }
    const minimal = (scenario.minimal ?? []).map((who) => control.sentinels[Number(who.slice(1))]!)
    for (const who of minimal) {
      const user = control.sentinel(who).users.get("default")!
      for (const rule of minimalRules) user.apply(rule)
    }
    const rotation = scenario.rotates === true ? yield* Scope.provide(rotating(control), outer) : undefined
    /** The sentinels in each client's options. */
    const told = new Map<string, ReadonlyArray<string>>()
    const serviceOf = (name: string, dialer: string, own: VirtualClock, scope: Scope.Scope) =>
      Sentinel.make({
        sentinels: control.sentinels,
        follow: scenario.follow,
        // Two round trips have to fit in.
        timeout: Math.max(0, ...scenario.farMillis ?? []) > 100 ? "3 seconds" : undefined,
        label: ({ address }) => ("port" in address && address.host === "10.0.0.2" ? "near" : "far"),
        sentinel: { protocol: scenario.protocol, credentials: rotation?.sentinel },
        node: {
          connections: scenario.connections,
          maxReserved: scenario.maxReserved,
          maxBlocking,
          protocol: scenario.protocol,
          credentials: rotation?.node,
          commandTimeout: `${scenario.commandTimeout} millis`,
          stallTimeout: `${scenario.stallTimeout} millis`,
          pingInterval: "3 seconds",
          connectTimeout: "1 second",
          reserveTimeout: "5 seconds",
          clientName: name
        }
      }).pipe(
        Scope.provide(scope),
        Effect.provideService(Connector.Connector, control.network.dialer(dialer)),
        Effect.provideService(Clock.Clock, own),
        Effect.map((sentinel) => ({ sentinel, dialer }))
      )
    const within = <A, E, R>(effect: Effect.Effect<A, E, R>, dialer: string, own: VirtualClock) =>
      Effect.provideService(effect, Connector.Connector, control.network.dialer(dialer)).pipe(
        Effect.provideService(Clock.Clock, own)
      )
    /** A client of the primary alone. */
    const primaryOf = (name: string, own: VirtualClock, scope: Scope.Scope) =>
      Effect.flatMap(
        serviceOf(name, name, own, scope),
        ({ sentinel }) => within(sentinel.primaryFor(control.group), name, own).pipe(Scope.provide(scope))
      )
    const birth = (name: string, scope: Scope.Scope) =>
      Effect.gen(function*() {
        const own = clock.another()
        clocks.set(name, own)
        told.set(name, Array.from(control.sentinels))
        const make = (dialer: string) => serviceOf(name, dialer, own, scope)
        const inNetwork = <A, E, R>(effect: Effect.Effect<A, E, R>, dialer: string) => within(effect, dialer, own)
        const first = yield* make(name)
        const second = yield* make(`${name}r`)
        const party: Party = {
          name,
          primary: yield* inNetwork(first.sentinel.primaryFor(control.group), name).pipe(Scope.provide(scope)),
          replica: yield* inNetwork(
            second.sentinel.replicaFor(control.group, {
              fallbackToPrimary: scenario.fallback,
              replicaSelection: scenario.replicaSelection === "prefer"
                ? { prefer: ["near"] }
                : scenario.replicaSelection,
              ...(scenario.maxLagBytes === undefined ? {} : { maxLag: { bytes: scenario.maxLagBytes } })
            }),
            `${name}r`
          ).pipe(Scope.provide(scope)),
          topology: yield* inNetwork(second.sentinel.topology(control.group), `${name}r`).pipe(Scope.provide(scope)),
          topologies: yield* Effect.forEach(
            [first, second],
            ({ dialer, sentinel }) => inNetwork(sentinel.topology(control.group), dialer).pipe(Scope.provide(scope))
          ),
          services: [first.sentinel, second.sentinel],
          clock: own
        }
        return party
      })
    const parties = yield* Effect.forEach(
      Array.from({ length: scenario.clients }, (_, i) => `c${i}`),
      (name) => birth(name, inner)
    )
    // Distant sentinels take longer.
    yield* Effect.ignore(Effect.retry(parties[0]!.primary.sadd("members", ...members), { times: 20 }))
    const stage: Stage = {
      ...records,
      scenario,
      control,
      now,
      end: () => began + scenario.duration,
      call,
      ended,
      outcomeOf,
      watched,
      process: (name, scope) => {
        const own = clock.another()
        return Effect.map(primaryOf(name, own, scope), (redis) => ({ redis, clock: own }))
      },
      ending: () => ending,
      isDamaged: (party, name) => damaged.some((one) => one.party === party && isCalled(one.words, name)),
      complain: (text) => void dead.push(text)
    }
    const hear = (party: Party) =>
      listen(stage, party, { channels: ["ch0", "ch1"], patterns: ["pat*"] }).pipe(
        Effect.provideService(Clock.Clock, party.clock),
        Scope.provide(inner)
      )
    for (const party of parties) {
      yield* hear(party)
      // A client that has read is connected.
      if (scenario.probed === true) yield* Effect.ignore(party.replica.get("k0"))
    }
    // The replicas have everything before the first fault.
    yield* Effect.sleep(300)
    // Every sentinel is subscribed to.
    yield* Effect.sleep(15 * Math.max(0, ...scenario.farMillis ?? []))
    began = now()
    const first = [...parties]
    const befalling = yield* Effect.forEach(scenario.faults, (fault) => Effect.forkChild(befall(control, first, fault)))
    const consumers = scenario.consumers ?? 0
    const others = [
      ...first.flatMap((party, i) => [
        ...Array.from({ length: consumers }, (_, n) => [party, consume(party, 100 + i * 20 + n)] as const),
        ...(consumers === 0 ? [] : [[party, produce(party, 200 + i)] as const])
      ]).map(([party, effect]) => Effect.provideService(effect, Clock.Clock, party.clock)),
      ...(scenario.born ?? []).map((at, i) =>
        Effect.gen(function*() {
          yield* Effect.sleep(at)
          const name = `c${first.length + i}`
          note(`${name} is born`)
          const life = yield* Scope.make()
          const party = yield* birth(name, life)
          const operations = firstOperationsOf(scenario, 300 + i)
          yield* Effect.provideService(work(party, 300 + i, operations), Clock.Clock, party.clock)
          yield* Scope.close(life, Exit.void)
          const open = control.nodes.reduce((n, address) => n + control.network.connections(address, name), 0)
          if (open > 0) leftovers.push(`${open} connections of ${name}`)
        })
      )
    ]
    const fibers = yield* Effect.forEach(others, (effect) => Effect.forkChild(effect))
    const applications = yield* beginApplications(stage, first)
    yield* Effect.forEach(
      Array.from({ length: scenario.workers }, (_, i) => i),
      (worker) => {
        const party = first[worker % first.length]!
        return Effect.provideService(work(party, worker), Clock.Clock, party.clock)
      },
      { concurrency: "unbounded", discard: true }
    )
    for (const fiber of [...befalling, ...fibers]) yield* Fiber.join(fiber)
    yield* applications.work
    // An operator adds the missing ACL rule.
    for (const who of minimal.filter(present(control))) {
      const user = control.sentinel(who).users.get("default")!
      for (const rule of ["+subscribe", "+psubscribe", "allchannels"]) user.apply(rule)
    }
    if (rotation !== undefined) yield* rotation.stop
    note("all is right again")
    const until = now() + settleMillis
    while (
      now() < until && !control.sentinels.every((address) => outcasts.has(address) || control.sentinel(address).atRest)
    ) {
      yield* Effect.sleep(500)
    }
    yield* applications.finish
    yield* Effect.sleep((scenario.follow === "promotion" ? calmPromotionMillis : calmMillis) + restMillis)
    const recently = now() - restMillis
    for (const name of parties.flatMap((party) => [party.name, `${party.name}r`])) {
      const dials = dialled.filter((d) => d.at > recently && d.party === name && control.nodes.includes(d.address))
      // A reserved connection may be replaced as its idle time ends.
      const spread = name.endsWith("r") &&
        (scenario.replicaSelection !== "sticky" || scenario.maxLagBytes !== undefined)
      if (dials.length > (scenario.maxReserved + maxBlocking) * (spread ? scenario.replicas + 1 : 1)) {
        restless.push(`${name} dialled ${dials.length} times, ${dials[0]!.address} first`)
      }
      const open = control.nodes.reduce((n, address) => n + control.network.connections(address, name), 0)
      const each = scenario.connections + scenario.maxReserved + maxBlocking
      // A subscription has its own; a replica client keeps some to the primary too.
      const most = name.endsWith("r") ? each * (scenario.replicas + 2) : each + 1
      if (open > most) restless.push(`${name} has ${open} connections, ${most} at most`)
    }
    for (const party of parties) {
      // A connection that a fault cuts later may have waited for this.
      const exit = yield* Effect.exit(
        Effect.retry(party.primary.set(`last:${party.name}`, "1"), {
          times: scenario.faults.length,
          while: (error) => error._tag === "AmbiguousOutcome"
        })
      )
      if (Exit.isFailure(exit)) dead.push(`${party.name}: ${Cause.pretty(exit.cause).slice(0, 500)}`)
    }
    for (const party of parties) {
      for (const [i, topology] of party.topologies.entries()) {
        const dialer = i === 0 ? party.name : `${party.name}r`
        // A client that starts only now, and whose sentinels were all replaced, has no sentinel to ask.
        const isIdle = !dialled.some((d) => d.party === dialer && !control.nodes.includes(d.address))
        const isForsaken = isIdle && told.get(party.name)!.every((address) => !control.sentinels.includes(address))
        const state = yield* topology.current
        if (state.isIsolated && outcasts.size === 0 && !isForsaken) {
          dead.push(`${party.name} thinks that it is isolated: ${state.sentinels.length} sentinels`)
        }
      }
      for (const service of party.services) {
        const known = yield* service.sentinels
        if (known.length > scenario.sentinels * 2) dead.push(`${party.name} knows ${known.length} sentinels`)
      }
    }
    const last = parties[0]!.primary
    for (const channel of published) yield* Effect.ignore(last.publish(channel, `last:${channel}`))
    yield* Effect.sleep(500)
    for (const { client, items } of records.subscriptions.filter(({ number }) => number === 0)) {
      for (const channel of channels) {
        if (items.some((h) => h.payload === `last:${channel}`)) continue
        dead.push(`${client}: its subscription does not hear ${channel} any more`)
      }
    }
    for (const { channel, client, copies } of lastCopies(deliveries)) {
      if (copies === (heardAtLast.has(channel) ? 1 : 0)) continue
      restless.push(`${client} was sent ${copies} copies of what was published at last for ${channel}`)
    }
    ending = true
    final.set("queue", yield* Effect.orElseSucceed(last.lrange("queue", 0, -1), () => []))
    for (const i of [0, 1, 2]) {
      final.set(`l${i}`, yield* Effect.orElseSucceed(last.lrange(`l${i}`, 0, -1), () => []))
      final.set(`n${i}`, Number(yield* Effect.orElseSucceed(last.get(`n${i}`), () => null)))
    }
    for (const [key, value] of yield* finalOf(scenario, last)) final.set(key, value)
    yield* Scope.close(inner, Exit.void)
    const open = control.network.connections()
    if (open > 0) leftovers.push(`${open} connections`)
    yield* Scope.close(outer, Exit.void)
    yield* Effect.yieldNow
    if (clock.sleepers > 0) leftovers.push(`${clock.sleepers} timers`)
  })

  const lostBefore = Effect.runSync(lostElements)
  const { fiber, stopped } = await drive(
    clock,
    scenario.seed,
    program as Effect.Effect<void, Errors.InvalidOption>,
    10 * 60_000
  )
  const exit = fiber.pollUnsafe()
  const lostAfter = Effect.runSync(lostElements)
  if (exit === undefined) await Effect.runPromise(Fiber.interrupt(fiber).pipe(Effect.timeoutOption("1 second")))
  return {
    scenario,
    began,
    deliveries,
    ...records,
    lostElements: lostAfter - lostBefore,
    probes,
    members,
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

/** What the listeners of clients hear at last, once each: nobody else subscribes any more. */
const heardAtLast = new Set(["message ch0", "message ch1", "pmessage pat*"])

/** How often each client was sent what was published at last, by what it subscribes to. */
/** The words and numbers of the request that a byte belongs to, of several that were sent at once. */
const requestAt = (sent: string, at: number): ReadonlyArray<string> => {
  const from = Math.max(0, sent.lastIndexOf("\r\n*", at - 1))
  const to = sent.indexOf("\r\n*", at)
  return sent.slice(from, to === -1 ? undefined : to).split("\r\n")
}

const lastCopies = (deliveries: ReadonlyArray<Delivery>) =>
  Array.from(
    Map.groupBy(deliveries.filter(({ payload }) => payload.startsWith("last:")), (d) =>
      JSON.stringify([d.client, `${d.kind} ${d.name}`, d.payload])),
    ([key, list]) => {
      const [client, channel] = JSON.parse(key) as [string, string, string]
      return { client, channel, copies: list.length }
    }
  )

/** The connections on which a client may wait at the server: readers keep theirs, the commands of others take turns. */
const blockingOf = ({ applications = {}, maxReserved }: Scenario): number =>
  (["group", "queue", "readers", "pops"] as const).reduce((n, name) => n + (applications[name] ?? 0), maxReserved)

const describe = (exit: Exit.Exit<unknown, unknown>): string =>
  Exit.isSuccess(exit) ? "without an error" : Cause.pretty(exit.cause).slice(0, 500)

/** A node's reply in the form that the client gives. */
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
