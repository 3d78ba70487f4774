/**
 * Asks the sentinels what they know of the group: all of them in rounds, one
 * round after another, or one by itself. It keeps the latest answer of each
 * sentinel, and does not judge any.
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { Discovery, GroupView } from "../discovery/types.ts"
import type { MonitorRuntime } from "./runtime.ts"

/** How often a round begins although no event asks for one: events may get lost. */
const reconcileInterval = Duration.seconds(10)
/** How long a round that is not urgent waits, so that one round serves several events. */
const coalesceMillis = 200
/** The shortest time from the end of a round, or of a question to one sentinel, to the next. */
const minPauseMillis = 20

/**
 * What a survey works with, and where its answers go.
 *
 * @since 0.1.0
 * @category models
 */
export interface SurveyOptions {
  readonly group: string
  readonly discovery: Pick<Discovery, "survey" | "askOne">
  readonly runtime: MonitorRuntime
  /** A sentinel has answered, in a round or by itself. */
  readonly onAnswer: (view: GroupView) => void
  /** A sentinel that was asked by itself has answered; called after `onAnswer`. */
  readonly onOwnAnswer: (from: string) => void
  /** A sentinel that was asked by `ask` has not answered. */
  readonly onNoAnswer: (from: string) => void
  /** A round has ended, with these answers. Rounds are numbered from 1. */
  readonly onRound: (views: ReadonlyArray<GroupView>, round: number) => void
}

/**
 * The questions of one monitor to its sentinels.
 *
 * @since 0.1.0
 * @category models
 */
export class Survey {
  /** Completed by the end of the first round, or by `close`. */
  readonly firstRound = Deferred.makeUnsafe<void>()
  private readonly options: SurveyOptions
  private readonly runtime: MonitorRuntime
  private readonly answers = new Map<string, GroupView>()
  /** The sentinels that are being asked by themselves, and whether to ask again after that. */
  private readonly asking = new Map<string, { askAgain: boolean }>()
  private isOpen = false
  private isRoundUnderway = false
  private rounds: Fiber.Fiber<void> | undefined = undefined
  /** When the next round begins, in monotonic time; Infinity if none is planned. */
  private nextRoundAt = Infinity
  private lastRoundAt = -Infinity
  private roundNumber = 0

  constructor(options: SurveyOptions) {
    this.options = options
    this.runtime = options.runtime
  }

  /** Allows rounds to begin. */
  open(): void {
    this.isOpen = true
  }

  close(): void {
    this.isOpen = false
    Deferred.doneUnsafe(this.firstRound, Exit.void)
  }

  /** Whether a round has ended. */
  get isSurveyed(): boolean {
    return this.lastRoundAt !== -Infinity
  }

  /** The number of the last round that has begun; 0 before the first. */
  get round(): number {
    return this.roundNumber
  }

  /** The latest answer of each sentinel that has not been forgotten since. */
  get views(): ReadonlyMap<string, GroupView> {
    return this.answers
  }

  forget(from: string): void {
    this.answers.delete(from)
  }

  /** Begins a round now, and then at a steady interval. */
  readonly reconcile: Effect.Effect<never> = Effect.gen({ self: this }, function*() {
    while (true) {
      this.begin()
      yield* Effect.sleep(reconcileInterval)
    }
  })

  /** Begins a round now, or right after the one that is under way. */
  begin(): void {
    this.beginAt(this.runtime.now())
  }

  /** Begins a round soon: an event is often followed by others. */
  beginSoon(): void {
    this.beginAt(this.runtime.now() + coalesceMillis)
  }

  /** Begins a round at that time, in milliseconds of monotonic time, unless one begins sooner. */
  beginAt(at: number): void {
    if (!this.isOpen || at >= this.nextRoundAt) return
    this.nextRoundAt = at
    if (this.isRoundUnderway) return
    this.rounds?.interruptUnsafe()
    const fiber = this.runtime.fork(this.runRounds())
    this.rounds = fiber
  }

  private runRounds(): Effect.Effect<void> {
    const { discovery, group } = this.options
    return Effect.gen({ self: this }, function*() {
      while (this.nextRoundAt !== Infinity) {
        const pause = Math.max(this.nextRoundAt, this.lastRoundAt + minPauseMillis) - this.runtime.now()
        if (pause > 0) yield* Effect.sleep(pause)
        this.nextRoundAt = Infinity
        this.isRoundUnderway = true
        const round = ++this.roundNumber
        const views: Array<GroupView> = []
        const exit = yield* Effect.exit(
          Effect.andThen(
            discovery.survey(group, (view) => {
              views.push(view)
              this.answers.set(view.from, view)
              this.options.onAnswer(view)
            }),
            Effect.sync(() => this.options.onRound(views, round))
          )
        )
        // A function among the user's options that throws does not end the monitor.
        if (Exit.isFailure(exit)) {
          yield* Effect.logError(`${group}: the answers of the sentinels could not be evaluated`, exit.cause)
        }
        this.lastRoundAt = this.runtime.now()
        this.isRoundUnderway = false
        Deferred.doneUnsafe(this.firstRound, Exit.void)
      }
    })
  }

  /** Asks one sentinel now, without a round. Calls while it is being asked lead to one more question after that. */
  ask(from: string): void {
    if (!this.isOpen) return
    const known = this.asking.get(from)
    if (known !== undefined) {
      known.askAgain = true
      return
    }
    const question = { askAgain: false }
    this.asking.set(from, question)
    this.runtime.fork(
      Effect.gen({ self: this }, function*() {
        do {
          question.askAgain = false
          if (!(yield* this.askOnce(from))) this.options.onNoAnswer(from)
          // A sentinel that publishes without pause is not asked without pause.
          yield* Effect.sleep(minPauseMillis)
        } while (question.askAgain)
        this.asking.delete(from)
      })
    )
  }

  /**
   * Asks one sentinel once, and says whether it has answered. A function among the
   * user's options that throws counts as no answer.
   */
  askOnce(from: string): Effect.Effect<boolean> {
    const { discovery, group, onAnswer, onOwnAnswer } = this.options
    return Effect.map(
      Effect.exit(
        Effect.map(discovery.askOne(group, from), (view) => {
          if (view === undefined) return false
          this.answers.set(view.from, view)
          onAnswer(view)
          onOwnAnswer(view.from)
          return true
        })
      ),
      (exit) => Exit.isSuccess(exit) && exit.value
    )
  }
}
