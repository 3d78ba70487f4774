/**
 * The telemetry of one client: decides which operations are traced and measured, and
 * knows the attributes that all of them share.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Metric from "effect/Metric"
import * as References from "effect/References"
import type * as Tracer from "effect/Tracer"
import type * as Command from "../../Command.ts"
import type { RedisError } from "../../Errors.ts"
import * as Metrics from "../../Metrics.ts"
import {
  allOperations,
  type Attributes,
  defaultAttributes,
  MeasuredOperations,
  MeasuredWithoutTracer,
  type Operation,
  SetAttributes,
  TracedOperations
} from "../../Telemetry.ts"
import { batchName, batchProcedure, namedOf, procedureOf, queryText } from "./operationNames.ts"
import { type Failure, type OperationTrace, OwnTrace, PartTrace, type TraceOwner } from "./operationTrace.ts"
import { type PeerAttributes, serverAttributes, type ServerIdentity } from "./peers.ts"
import { makeSpan, parentOf } from "./spans.ts"

/** The operation of which the commands of a fiber are parts: the turns of a command that waits at the server. */
const Whole = Context.Reference<OperationTrace | undefined>(
  "effect-redis-sentinel/Telemetry/Whole",
  { defaultValue: () => undefined }
)

/** How many series a client's durations have at most, beyond which the operation is one of the others. */
const mostSeries = 1000
/** Beyond so many, a series has no node: where nodes get other addresses all the time, operations keep their names. */
const mostOfNodes = 800
const others = "_OTHER"

/** Which attributes there are: those that a caller has chosen, read once. */
interface Shown {
  readonly namespace: boolean
  readonly peer: boolean
  readonly procedure: boolean
  readonly server: boolean
  readonly text: boolean | "keys"
}

const shownOf = (attributes: Attributes): Shown => {
  const shows = (name: keyof Attributes): boolean => attributes[name] !== false
  const text = attributes["db.query.text"]
  return {
    namespace: shows("db.namespace"),
    peer: shows("network.peer.address"),
    procedure: shows("db.stored_procedure.name"),
    server: shows("server.address"),
    text: text === "keys" ? text : text === true
  }
}

/** The histograms of a client, for all choices of attributes, by the values of the attributes. */
type Series = Map<string, Metric.Histogram<number>>

/** What one choice of attributes means for the operations of a client. */
class Choice implements TraceOwner {
  /** The attributes that all operations have. */
  readonly shared: Readonly<Record<string, string | number>>
  readonly showsPeer: boolean
  readonly showsProcedure: boolean
  readonly text: boolean | "keys"
  private readonly key: string
  private readonly services: Context.Context<never>
  private readonly series: Series

  constructor(
    key: string,
    { namespace, peer, procedure, server, text }: Shown,
    identity: ServerIdentity | undefined,
    services: Context.Context<never>,
    series: Series
  ) {
    this.key = key
    this.shared = {
      "db.system.name": "redis",
      ...(identity === undefined || !namespace ? {} : { "db.namespace": String(identity.database) }),
      ...(identity === undefined || !server ? {} : serverAttributes(identity))
    }
    this.showsPeer = peer
    this.showsProcedure = procedure
    this.text = text
    this.services = services
    this.series = series
  }

  measure(
    name: string,
    procedure: string | undefined,
    peer: PeerAttributes | undefined,
    failure: Failure | undefined,
    seconds: number
  ): void {
    const key = `${this.key}\n${name}\n${procedure ?? ""}\n${peer?.key ?? ""}\n${failure?.type ?? ""}`
    const known = this.series.get(key)
    if (known !== undefined) return known.updateUnsafe(seconds, this.services)
    if (this.series.size >= mostOfNodes && peer !== undefined) {
      return this.measure(name, procedure, undefined, failure, seconds)
    }
    if (this.series.size >= mostSeries && name !== others) {
      return this.measure(others, undefined, undefined, undefined, seconds)
    }
    const attributes: Record<string, string> = { "db.operation.name": name }
    for (const key in this.shared) attributes[key] = String(this.shared[key])
    for (const key in peer?.attributes) attributes[key] = String(peer.attributes[key])
    if (procedure !== undefined) attributes["db.stored_procedure.name"] = procedure
    if (failure !== undefined) attributes["error.type"] = failure.type
    if (failure?.code !== undefined) attributes["db.response.status_code"] = failure.code
    const histogram = Metrics.operationDurationOf(attributes)
    this.series.set(key, histogram)
    histogram.updateUnsafe(seconds, this.services)
  }
}

type AnyFiber = Fiber.Fiber<unknown, unknown>

export class ClientTelemetry {
  /** Whether durations are measured where there is no tracer. */
  readonly measuresAlways: boolean
  private readonly identity: ServerIdentity | undefined
  private readonly services: Context.Context<never>
  private readonly traced: (operation: Operation) => boolean
  private readonly measured: (operation: Operation) => boolean
  private readonly attributes: Attributes
  /** By what they choose: a caller may make an object for each of its requests. */
  private readonly choices = new Map<string, Choice>()
  private readonly choicesByObject = new WeakMap<Attributes, Choice>()
  private readonly series: Series = new Map()

  constructor(identity: ServerIdentity | undefined, services: Context.Context<never>) {
    this.identity = identity
    this.services = services
    this.measuresAlways = Context.get(services, MeasuredWithoutTracer) === true
    this.traced = Context.get(services, TracedOperations)
    this.measured = Context.get(services, MeasuredOperations)
    this.attributes = Context.get(services, SetAttributes)
  }

  /** Whether anything is told of what a fiber runs: asked for each operation. */
  isOn(fiber: AnyFiber): boolean {
    return fiber.cache.tracer !== undefined || this.measuresAlways
  }

  /** Begins to trace and to measure a command, if that is wanted. */
  begin(fiber: AnyFiber, command: Command.Any): OperationTrace | undefined {
    const whole = fiber.getRef(Whole)
    return whole === undefined
      ? this.start(fiber, namedOf(command.spec).name, "command", [command], procedureOf)
      : new PartTrace(whole)
  }

  /** The same for a batch. */
  beginBatch(
    fiber: AnyFiber,
    word: "PIPELINE" | "MULTI",
    commands: ReadonlyArray<Command.Any>
  ): OperationTrace | undefined {
    const whole = fiber.getRef(Whole)
    if (whole !== undefined) return new PartTrace(whole)
    const kind = word === "MULTI" ? "transaction" : "pipeline"
    return this.start(fiber, batchName(word, commands), kind, commands, () => batchProcedure(commands))
  }

  /** Runs an effect, whose commands are attempts to execute one command, as one operation. */
  asOne<A>(command: Command.Any, effect: Effect.Effect<A, RedisError>): Effect.Effect<A, RedisError> {
    return Effect.withFiber((fiber) => {
      const whole = this.isOn(fiber) ? this.begin(fiber, command) : undefined
      return whole === undefined
        ? effect
        : Effect.onExit(
          Effect.provideService(effect, Whole, whole),
          (exit) => Effect.sync(() => whole.end(exit))
        )
    })
  }

  private start(
    fiber: AnyFiber,
    name: string,
    kind: Operation["kind"],
    commands: ReadonlyArray<Command.Any>,
    findProcedure: (command: Command.Any) => string | undefined
  ): OperationTrace | undefined {
    const tracer = fiber.cache.tracerEnabled ? fiber.cache.tracer : undefined
    const parent = parentOf(fiber.cache.span)
    const operation: Operation = { name, kind, commands, hasParent: parent !== undefined }
    const isTraced = tracer !== undefined && isWanted(fiber.getRef(TracedOperations), this.traced, operation)
    const isMeasured = (fiber.cache.tracer !== undefined || this.measuresAlways) &&
      isWanted(fiber.getRef(MeasuredOperations), this.measured, operation)
    if (!isTraced && !isMeasured) return undefined
    const choice = this.choiceOf(fiber)
    const procedure = choice.showsProcedure && commands.length > 0 ? findProcedure(commands[0]!) : undefined
    const clock = fiber.getRef(Clock.Clock)
    const hasTimes = fiber.getRef(References.TracerTimingEnabled)
    let span: Tracer.Span | undefined
    if (isTraced) {
      try {
        span = makeSpan(fiber, tracer, name, parent, hasTimes ? clock.currentTimeNanosUnsafe() : 0n)
        if (span.sampled) {
          const { shared, text } = choice
          for (const key in shared) span.attribute(key, shared[key])
          span.attribute("db.operation.name", name)
          if (kind !== "command" && commands.length !== 1) span.attribute("db.operation.batch.size", commands.length)
          if (procedure !== undefined) span.attribute("db.stored_procedure.name", procedure)
          if (text !== false && commands.length > 0) {
            span.attribute("db.query.text", queryText(commands, text === "keys"))
          }
        }
      } catch {
        // A tracer that throws must not change the outcome of a command.
      }
    }
    return new OwnTrace(choice, { name, procedure }, span, isMeasured, clock, hasTimes)
  }

  /** The choice of the fiber, or else that of the client. */
  private choiceOf(fiber: AnyFiber): Choice {
    const ofFiber = fiber.getRef(SetAttributes)
    const attributes = ofFiber === defaultAttributes ? this.attributes : ofFiber
    const known = this.choicesByObject.get(attributes)
    if (known !== undefined) return known
    let shown: Shown
    try {
      shown = shownOf(attributes)
    } catch {
      // Not an object, or one that throws: it must not change the outcome of a command.
      shown = shownOf(defaultAttributes)
    }
    const key = Object.values(shown).join()
    let choice = this.choices.get(key)
    if (choice === undefined) {
      this.choices.set(key, choice = new Choice(key, shown, this.identity, this.services, this.series))
    }
    if (typeof attributes === "object" && attributes !== null) this.choicesByObject.set(attributes, choice)
    return choice
  }
}

/** What the predicate of the fiber says, or that of the client, where the fiber has none of its own. */
const isWanted = (
  ofFiber: (operation: Operation) => boolean,
  ofClient: (operation: Operation) => boolean,
  operation: Operation
): boolean => {
  const predicate = ofFiber === allOperations ? ofClient : ofFiber
  if (predicate === allOperations) return true
  try {
    return predicate(operation) === true
  } catch {
    return false
  }
}
