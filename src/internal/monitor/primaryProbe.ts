/**
 * Asks a node for its role until it says that it is a primary: what a sentinel
 * says moves no client by itself. It probes one node at a time, and does not decide which.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Address from "../../Address.ts"
import type { SessionOptions } from "../../Options.ts"
import { openConnection } from "../connection/handshake.ts"
import type { OpenError } from "../connection/types.ts"
import type { Belief } from "../discovery/belief.ts"
import type { GroupView } from "../discovery/types.ts"
import type { PrimaryClaim } from "./claims.ts"
import type { MonitorRuntime } from "./runtime.ts"
import type { Survey } from "./survey.ts"

/** How often a node is asked for its role at first. */
const firstPauseMillis = 10
/** The longest pause between two questions: at first, and after `patientAfterMillis`. */
const maxPauseMillis = 100
const maxLatePauseMillis = 1000
const patientAfterMillis = 5000
/** For how long a node that sentinels name is asked before the probe ends. */
const maxProbeMillis = 30_000
/** For how long a node that only a minority of the sentinels names may deny that it is a primary. */
const maxLoneClaimMillis = 1000

/** A claim under examination: it changes as more sentinels make it. */
interface Probe {
  address: Address.Address
  epoch: number
  from: string
  isProvisional: boolean
  /** Whether the node has said that it is not a primary. */
  isDenied: boolean
  /** Undefined until the first question has been sent. */
  fiber: Fiber.Fiber<void> | undefined
}

/**
 * What the probe works with, and who receives its result.
 *
 * @since 0.1.0
 * @category models
 */
export interface PrimaryProbeOptions {
  readonly runtime: MonitorRuntime
  readonly node: SessionOptions
  readonly belief: Belief
  readonly survey: Pick<Survey, "beginSoon">
  /** For how long a node that has only been selected is asked before the probe ends. */
  readonly maxProvisionalMillis: number
  /** A connection to a node has this remote address. */
  readonly onConnected: (address: Address.Address, remote: string | undefined) => void
  /** The node has said that it is a primary, or may not be asked. */
  readonly onPrimary: (claim: PrimaryClaim) => void
  /** The node keeps denying that it is a primary, and most sentinels name other nodes. */
  readonly onRefuted: (claim: PrimaryClaim) => void
}

/**
 * The probe of one group's next primary.
 *
 * @since 0.1.0
 * @category models
 */
export class PrimaryProbe {
  private readonly options: PrimaryProbeOptions
  private readonly runtime: MonitorRuntime
  private probe: Probe | undefined = undefined

  constructor(options: PrimaryProbeOptions) {
    this.options = options
    this.runtime = options.runtime
  }

  /** The claim that is being examined, and whether its node has denied it. */
  get current(): (PrimaryClaim & { readonly isDenied: boolean }) | undefined {
    return this.probe
  }

  /** Probes a node, in place of the present one if the claim is newer, or if most sentinels make it. */
  start(claim: PrimaryClaim, isMajority = false): void {
    const { probe } = this
    if (probe !== undefined) {
      if (Address.equals(probe.address, claim.address)) {
        if (claim.isProvisional) return
        probe.epoch = Math.max(claim.epoch, probe.isProvisional ? 0 : probe.epoch)
        probe.from = claim.from
        probe.isProvisional = false
        return
      }
      if (!probe.isProvisional && claim.epoch <= probe.epoch && !isMajority) return
      probe.fiber?.interruptUnsafe()
    }
    const next: Probe = { ...claim, isDenied: false, fiber: undefined }
    this.probe = next
    next.fiber = this.runtime.fork(this.run(next))
  }

  private run(probe: Probe): Effect.Effect<void> {
    const { node, onConnected, onPrimary, onRefuted, survey } = this.options
    const { address } = probe
    const startedAt = this.runtime.now()
    const until = startedAt + (probe.isProvisional ? this.options.maxProvisionalMillis : maxProbeMillis)
    const question = Effect.exit(
      Effect.scoped(
        Effect.tap(
          openConnection(address, node, "primary"),
          (connection) => Effect.sync(() => onConnected(address, connection.remote))
        )
      )
    )
    return Effect.gen({ self: this }, function*() {
      let pause = firstPauseMillis
      while (this.runtime.now() < until) {
        const askedAt = this.runtime.now()
        const exit = yield* question
        // A client that may not ask for the role believes the sentinels.
        if (Exit.isSuccess(exit) || (mayNotAsk(exit) && !probe.isProvisional)) {
          this.probe = undefined
          return onPrimary(probe)
        }
        const error = Exit.findErrorOption(exit)
        probe.isDenied = error._tag === "Some" && error.value._tag === "RoleMismatch"
        if (!probe.isProvisional) {
          const age = this.runtime.now() - startedAt
          if (probe.isDenied && age > maxLoneClaimMillis && this.isLoneClaim(probe.address)) {
            this.probe = undefined
            return onRefuted(probe)
          }
          pause = Math.min(pause * 1.5, age > patientAfterMillis ? maxLatePauseMillis : maxPauseMillis)
          // The sentinels may have changed their minds.
          if (pause >= maxPauseMillis) survey.beginSoon()
        }
        yield* Effect.sleep(Math.max(1, pause - (this.runtime.now() - askedAt)))
      }
      this.probe = undefined
    })
  }

  /** Whether no more than half of the sentinels that answer name this node. */
  private isLoneClaim(address: Address.Address): boolean {
    const recent = this.options.belief.recentClaims(this.runtime.now())
    const node = Address.format(address)
    return recent.filter((claim) => claim.node === node).length * 2 <= recent.length
  }

  /** Ends the probe of a node that has only been selected: by that sentinel, if one is given. */
  cancelProvisional(from?: string): void {
    if (this.probe?.isProvisional === true && (from === undefined || this.probe.from === from)) this.cancel()
  }

  /** Ends the probe of a node that sentinels named in this epoch or an older one. */
  cancelUpTo(epoch: number): void {
    if (this.probe !== undefined && !this.probe.isProvisional && this.probe.epoch <= epoch) this.cancel()
  }

  /** Ends the probe of a node that sentinels named, if none names it in this round. */
  cancelUnnamed(views: ReadonlyArray<GroupView>): void {
    const { probe } = this
    if (probe === undefined || probe.isProvisional || views.length === 0) return
    if (!views.some((view) => Address.equals(view.primary, probe.address))) this.cancel()
  }

  private cancel(): void {
    this.probe?.fiber?.interruptUnsafe()
    this.probe = undefined
  }

  /** A node is known by another address from now on. */
  rename(from: string, to: Address.Address): void {
    if (this.probe !== undefined && Address.format(this.probe.address) === from) this.probe.address = to
  }
}

const mayNotAsk = (exit: Exit.Exit<unknown, OpenError>): boolean => {
  const error = Exit.findErrorOption(exit)
  return error._tag === "Some" &&
    (error.value._tag === "AuthenticationFailed" ||
      (error.value._tag === "RoleMismatch" && error.value.actual.startsWith("it denies")))
}
