/**
 * The command `failover`: says what a planned failover would do, asks whether to go on, starts one, and reports the pause
 * and what was lost. It asks one sentinel once.
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Prompt from "effect/cli/Prompt"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Address from "../Address.ts"
import {
  type FailoverOptions,
  type FailoverPlan,
  type FailoverRefused,
  type FailoverReport,
  planFailover,
  refuseLoss,
  runFailover,
  verdictOf
} from "../internal/watching/failover.ts"
import { failoverPage, summaryOf } from "../internal/watching/pictured.ts"
import type { ProbeRefused } from "../internal/watching/probe.ts"
import { Recording } from "../internal/watching/recording.ts"
import { recordingTime } from "../internal/watching/time.ts"
import * as Sentinel from "../Sentinel.ts"
import { ExitWith, Interruption } from "./exit.ts"
import { demoFlag, htmlFlag, jsonFlag, keyFlag, secondsFlag, switchFlag } from "./flags.ts"
import { bytesText, padded, printable } from "./lines.ts"
import { checkWritable, logsTo, saidAs, say, sayNewEntries, writePage } from "./output.ts"
import { type Target, targetFlags, targetOf } from "./target.ts"
import { usageError, usageErrorOf } from "./usage.ts"
import { demoLayer, demoLoad, demoTarget } from "./watchDemo.ts"

/** How long the probe rests between two writes: a pause is measured to about this time. */
const probeMillis = 5

const flags = {
  ...targetFlags,
  yes: switchFlag("yes", "Go on without asking").pipe(Flag.withAlias("y")),
  acceptLoss: switchFlag(
    "accept-loss",
    "Go on though a replica that may be promoted has no link or lags: what it lacks is lost"
  ),
  coordinated: switchFlag("coordinated", "Let the primary itself hand over (Valkey 9)"),
  key: keyFlag,
  timeout: secondsFlag("timeout", "How long the group may take to move. Default 30"),
  json: jsonFlag,
  html: htmlFlag("the report with the timeline and the topology"),
  demo: demoFlag("Fail over a deployment in memory")
}

/** What is said before the question. */
export const planText = (
  plan: FailoverPlan,
  options: Pick<FailoverOptions, "acceptLoss" | "coordinated" | "key">
): ReadonlyArray<string> => {
  const fit = plan.candidates.filter((candidate) => candidate.whyNot === undefined)
  return [
    `A planned failover of ${plan.group}, which has the primary ${plan.primary} (epoch ${plan.epoch}):`,
    "",
    `  1. A probe writes unique values to ${
      options.key === undefined ? "a key of its own" : `the key ${options.key}`
    }, which expires afterwards.`,
    `  2. The sentinel ${Address.format(plan.sentinel)} is asked once: SENTINEL FAILOVER ${plan.group}${
      options.coordinated ? " COORDINATED" : ""
    }.`,
    "  3. It promotes a replica. It prefers a low priority, then the most data:",
    ...plan.candidates.map(({ address, notReady, offset, priority, whyNot }) =>
      `       ${address}  priority ${priority}, offset ${bytesText(offset)}${
        notReady !== undefined
          ? ` (not ready: ${notReady})`
          : whyNot !== undefined
          ? ` (not fit: ${whyNot})`
          : ""
      }`
    ),
    ...(plan.candidates.length === 0 ? ["       no replica is known"] : []),
    ...(options.coordinated
      ? [
        "  4. The primary holds writes back until the replica has all of them, and hands over. None is lost."
      ]
      : [
        "  4. Writes of clients with a write fence pause for about a second. Other clients may lose writes that",
        `     ${plan.primary} acknowledges until it becomes a replica, some ten seconds later.`
      ]),
    "",
    ...(fit.length === 0 ? ["  No replica seems fit: the sentinel will probably refuse.", ""] : []),
    ...(options.acceptLoss && plan.candidates.some(({ notReady }) => notReady !== undefined)
      ? ["  What a replica that is not ready lacks is lost if it is promoted: --accept-loss accepts that.", ""]
      : []),
    ...(plan.monitoringSentinels * 2 <= plan.knownSentinels
      ? [
        `  Only ${plan.monitoringSentinels} of ${plan.knownSentinels} sentinels answer and monitor ${plan.group}.`,
        ""
      ]
      : [])
  ].map(printable)
}

/** What is said in the end. */
export const reportText = (report: FailoverReport): ReadonlyArray<string> => {
  const { askedAt, epoch, fences, firstWriteAt, key, movedAt, pause, plan, readBack, readBackProblem, written } = report
  const after = (at: number): string => {
    const millis = Math.round(at - askedAt)
    return millis < 0 ? `${-millis} ms before the request` : `${millis} ms after the request`
  }
  const fence = fences[0]
  const row = (name: string, value: string): string => `  ${padded(name, 17)} ${value}`
  const missing = readBack?.missing ?? []
  const shownMissing = missing.slice(0, 10).map(({ value }) => value).join(", ")
  return [
    summaryOf(report),
    "",
    ...(movedAt === undefined ? [] : [
      row("moved", `${after(movedAt)}, epoch ${plan.epoch} to ${epoch}`),
      row("first write", firstWriteAt === undefined ? "none" : after(firstWriteAt))
    ]),
    row("pause", `${pause.to - pause.from} ms without an acknowledged write, from ${after(pause.from)}`),
    row(
      "fence",
      fence === undefined
        ? "never closed"
        : fence.to === undefined
        ? `closed ${after(fence.from)}, still closed (${fence.sign})`
        : `closed for ${fence.to - fence.from} ms, from ${after(fence.from)} (${fence.sign})`
    ),
    row(
      "probe",
      `${written.acknowledged} writes acknowledged, ${written.failed} failed, ${written.ambiguous} without a reply`
    ),
    row(
      "lost",
      readBack === undefined
        ? `unknown: ${readBackProblem ?? "it could not be read back"}`
        : missing.length === 0
        ? `0 of ${readBack.looked} acknowledged writes`
        : `${missing.length} of ${readBack.looked} acknowledged writes: ${shownMissing}${
          missing.length > 10 ? ", ..." : ""
        }`
    ),
    ...(readBack === undefined || written.ambiguous === 0
      ? []
      : [row("without a reply", `${readBack.ambiguousPresent} of ${written.ambiguous} were applied`)]),
    ...(readBack === undefined || readBack.repeated.length === 0
      ? []
      : [row("applied twice", readBack.repeated.slice(0, 10).join(", "))]),
    row(
      "old primary",
      report.oldIsReplica === undefined
        ? "does not answer"
        : report.oldIsReplica
        ? "is a replica now"
        : report.movedTo === undefined
        ? "is the primary"
        : "still calls itself a primary: the sentinels make it a replica within about ten seconds"
    ),
    row("key", `${key}, which expires`)
  ].map(printable)
}

/** 0: moved, nothing lost; 1: acknowledged writes are missing; 2: anything else. */
const exitCodes = { moved: 0, lost: 1, unverified: 2, "not-moved": 2 } as const
/** Nothing was started, since writes could be lost. */
const notReadyCode = 4

/** A document for scripts. */
const documentOf = (exitCode: number, fields: object): string =>
  JSON.stringify({ schema: 1, exitCode, ...fields }, undefined, 2)

/** The report for scripts. Times are milliseconds since the Unix epoch. */
const jsonOf = (report: FailoverReport) => ({
  outcome: verdictOf(report),
  group: report.plan.group,
  from: report.plan.primary,
  to: report.movedTo ?? null,
  moves: report.moveCount,
  epochs: [report.plan.epoch, report.epoch],
  sentinel: Address.format(report.plan.sentinel),
  request: report.request,
  askedAt: report.askedAt,
  movedAt: report.movedAt ?? null,
  firstWriteAt: report.firstWriteAt ?? null,
  pauseMillis: report.pause.to - report.pause.from,
  fences: report.fences.map(({ by, from, sign, to }) => ({ from, to: to ?? null, sign, by })),
  written: report.written,
  lost: report.readBack?.missing.map(({ value }) => value) ?? null,
  appliedTwice: report.readBack?.repeated ?? null,
  ambiguousApplied: report.readBack?.ambiguousPresent ?? null,
  key: report.key
})

/** Asks whether to go on. Without a terminal to ask at, nothing is started. */
const confirmed = (group: string) =>
  Effect.gen(function*() {
    const { canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
    if (!canPrompt) {
      return yield* usageError(
        "nothing was started, since there is no terminal to ask at: --yes goes on without asking"
      )
    }
    const answer = yield* Prompt.Confirm({ message: printable(`Start the failover of ${group}?`) }).pipe(
      Effect.catchTag("QuitError", () => Effect.succeed(false))
    )
    if (answer) return
    yield* say("Nothing was started.")
    return yield* new ExitWith({ code: 2 })
  })

/** Plans, asks, starts and reports. */
const failoverGroup = (
  target: Target,
  input: {
    readonly yes: boolean
    readonly json: boolean
    readonly html: string | undefined
    readonly options: Omit<FailoverOptions, "group" | "node" | "sentinel">
  }
) =>
  Effect.gen(function*() {
    const { group } = target
    const options: FailoverOptions = {
      ...input.options,
      group,
      node: target.options.node,
      sentinel: target.options.sentinel,
      natMap: target.options.natMap
    }
    yield* checkWritable(input.html)
    const tell = input.json ? () => Effect.void : say
    const interruption = yield* Interruption
    const time = yield* recordingTime
    const recording = new Recording({
      group,
      time,
      startedAt: time.now(),
      bucketMillis: 50,
      pauseMillis: 30
    })
    const steps = Effect.gen(function*() {
      const sentinel = yield* saidAs(Sentinel.make(target.options))
      const plan = yield* planFailover(sentinel, group, options)
      for (const text of planText(plan, options)) yield* tell(text)
      yield* refuseLoss(plan, options.acceptLoss)
      if (!input.yes) yield* confirmed(group)
      const follow = yield* sayNewEntries(recording, tell)
      const report = yield* Effect.raceFirst(
        runFailover(sentinel, plan, recording, options),
        Effect.forever(Effect.andThen(follow, Effect.sleep("50 millis")))
      )
      yield* follow
      return report
    }).pipe(
      Effect.onInterrupt(() => {
        if (!recording.entries.some(({ kind }) => kind === "fault")) return Effect.void
        interruption.details = { isStarted: true }
        return tell("Interrupted: the failover that was started goes on.")
      })
    )
    const refused = (kind: string, error: FailoverRefused | ProbeRefused) => {
      const code = kind === "NOT-READY" ? notReadyCode : 2
      const { advice, detail } = error
      return input.json
        ? Effect.fail(new ExitWith({ code, document: documentOf(code, { outcome: "refused", kind, detail, advice }) }))
        : Effect.andThen(Console.error(`\n${printable(error.message)}`), Effect.fail(new ExitWith({ code })))
    }
    const report = yield* Effect.scoped(steps).pipe(
      Effect.provide(logsTo(recording)),
      Effect.catchTags({
        InvalidOption: (error) => Effect.fail(usageErrorOf(error)),
        FailoverRefused: (error) => refused(error.kind, error),
        ProbeRefused: (error) => refused("PROBE", error)
      })
    )
    const endedAt = time.now()
    if (!input.json) { for (const text of ["", ...reportText(report)]) yield* say(text) }
    const isWritten = input.html === undefined ||
      (yield* writePage(input.html, (made) => failoverPage(recording, report, endedAt, made), endedAt, tell))
    const code = exitCodes[verdictOf(report)] || (isWritten ? 0 : 3)
    if (input.json) return yield* new ExitWith({ code, document: documentOf(code, jsonOf(report)) })
    if (code !== 0) return yield* new ExitWith({ code })
  })

export const failover = Command.make("failover", flags, (input) =>
  Effect.gen(function*() {
    const given = {
      json: input.json,
      html: Option.getOrUndefined(input.html),
      options: {
        key: Option.getOrUndefined(input.key),
        everyMillis: probeMillis,
        timeoutMillis: Option.getOrElse(input.timeout, () => 30_000),
        coordinated: input.coordinated,
        acceptLoss: input.acceptLoss
      }
    }
    if (!input.demo) {
      if (input.json && !input.yes) return yield* usageError("--json asks nothing: give --yes as well")
      return yield* failoverGroup(yield* targetOf(input), { ...given, yes: input.yes })
    }
    // Nothing is at stake.
    const { canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
    yield* Effect.scoped(Effect.andThen(
      demoLoad,
      failoverGroup(demoTarget, { ...given, yes: input.yes || input.json || !canPrompt })
    )).pipe(Effect.provide(demoLayer))
  })).pipe(
    Command.withDescription(
      "Starts a planned failover after a confirmation, and reports the pause and what was lost: 0, or which writes."
    )
  )
