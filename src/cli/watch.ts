/**
 * The command `watch`: shows a group live, on a screen of the terminal, or in lines where the output is no terminal. It
 * writes nothing to the group unless --probe asks for it.
 */
import * as Command from "effect/cli/Command"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { observe, until } from "../internal/watching/observe.ts"
import { watchPage } from "../internal/watching/pictured.ts"
import { probing } from "../internal/watching/probing.ts"
import { Recording } from "../internal/watching/recording.ts"
import { standingsOf, standingText } from "../internal/watching/standing.ts"
import { recordingTime } from "../internal/watching/time.ts"
import * as Sentinel from "../Sentinel.ts"
import { ExitWith } from "./exit.ts"
import { demoFlag, htmlFlag, keyFlag, secondsFlag, switchFlag } from "./flags.ts"
import { durationText } from "./lines.ts"
import { checkWritable, logsTo, outputClosed, saidAs, say, sayNewEntries, writePage } from "./output.ts"
import { onScreen, styleOf } from "./screen.ts"
import { type Target, targetFlags, targetOf } from "./target.ts"
import { usageError } from "./usage.ts"
import { demoLayer, demoLoad, demoTarget, demoTrouble } from "./watchDemo.ts"
import { frame, plainEntry, statusLine } from "./watchFrame.ts"
import { endLine, entryLine, stateLine } from "./watchJson.ts"

/** How often the probe writes: a pause is measured to about this time. */
const probeMillis = 20
/** How often the state is told where there is no terminal, in lines for people. */
const statusInterval = "10 seconds"

const flags = {
  ...targetFlags,
  probe: switchFlag(
    "probe",
    "Write to the primary, 50 times a second, to measure pauses and find lost writes. Without it, watch writes nothing"
  ),
  key: keyFlag,
  interval: secondsFlag("interval", "How often the nodes are asked. Default 1 second"),
  for: secondsFlag("for", "How long to watch. Default: until q or Ctrl-C"),
  plain: switchFlag("plain", "Print lines, as where the output is no terminal"),
  json: switchFlag("json", "Print a JSON object on each line: what happens, the state every --interval, and the end"),
  html: htmlFlag("the timeline and the topology at the end"),
  demo: demoFlag("Watch a deployment in memory whose primary fails now and then")
}

interface WatchOptions {
  readonly target: Target
  readonly key: string | undefined
  readonly hasProbe: boolean
  readonly intervalMillis: number
  readonly forMillis: number | undefined
  readonly isPlain: boolean
  readonly isJson: boolean
  readonly html: string | undefined
}

/** Prints what happens, and now and then the state. */
const inLines = (recording: Recording, { intervalMillis, isJson }: Pick<WatchOptions, "intervalMillis" | "isJson">) =>
  Effect.map(sayNewEntries(recording, say, isJson ? entryLine : plainEntry), (entries) =>
    Effect.raceFirst(
      Effect.forever(Effect.andThen(entries, Effect.sleep("100 millis"))),
      Effect.andThen(
        Effect.andThen(until(recording, () => recording.state !== undefined), Effect.sleep("1 second")),
        Effect.repeat(
          // What led to the state is told before it.
          Effect.andThen(
            entries,
            Effect.suspend(() => say((isJson ? stateLine : statusLine)(recording, recording.options.time.now())))
          ),
          Schedule.spaced(isJson ? intervalMillis : statusInterval)
        )
      )
    ))

/** Watches a group until somebody ends it. */
const watchGroup = (options: WatchOptions) =>
  Effect.gen(function*() {
    const { group } = options.target
    const time = yield* recordingTime
    const recording = new Recording({ group, time, startedAt: time.now(), bucketMillis: 1000, pauseMillis: 250 })
    const capabilities = yield* TerminalCapabilities.TerminalCapabilities
    const isScreen = capabilities.canAnimate && !options.isPlain && !options.isJson
    const style = styleOf(process.env, capabilities.canColor)
    yield* checkWritable(options.html)
    const tell = options.isJson ? () => Effect.void : say
    let isWritten = true
    const page = Effect.gen(function*() {
      if (options.html === undefined) return
      const endedAt = time.now()
      isWritten = yield* writePage(options.html, (made) => watchPage(recording, endedAt, made), endedAt, tell)
    })
    const watching = Effect.gen(function*() {
      const sentinel = yield* saidAs(Sentinel.make(options.target.options))
      const observing = Effect.gen(function*() {
        const topology = yield* observe(sentinel, recording, {
          ...options.target.options,
          intervalMillis: options.intervalMillis
        })
        if (!options.hasProbe) return yield* Effect.never
        const { node } = options.target.options
        return yield* probing(sentinel, topology, recording, { node, key: options.key, everyMillis: probeMillis })
      })
      const shown = isScreen
        ? onScreen((size) => Effect.sync(() => frame(recording, recording.options.time.now(), size, style)))
        : yield* inLines(recording, options)
      const ends = options.forMillis === undefined ? Effect.never : Effect.sleep(options.forMillis)
      // What is shown does not wait for the first answers of the sentinels.
      yield* Effect.raceAllFirst([saidAs(observing), shown, ends, outputClosed])
    })
    yield* Effect.scoped(watching).pipe(
      Effect.provide(logsTo(recording)),
      Effect.ensuring(page)
    )
    const endedAt = time.now()
    const code = isWritten ? 0 : 3
    if (options.isJson) return yield* new ExitWith({ code, document: endLine(recording, endedAt, code) })
    yield* say(summary(recording, endedAt))
    if (code !== 0) return yield* new ExitWith({ code })
  })

/** What remains when the screen is gone. */
const summary = (recording: Recording, endedAt: number): string => {
  const { group, startedAt } = recording.options
  const moves = recording.movesSeen
  const fence = recording.longestFenceMillis(endedAt)
  const pause = recording.longestPauseMillis
  const standings = standingsOf(recording)
  const parts = [
    `Watched ${group} for ${durationText(endedAt - startedAt)}: ${moves} ${moves === 1 ? "failover" : "failovers"}`,
    ...(recording.fences.length === 0 ? [] : [`fence closed for ${durationText(fence)} at most`]),
    ...(recording.probe === undefined ? [] : [
      `${recording.probe.acknowledged} writes of the probe acknowledged, ${
        recording.probe.failed + recording.probe.ambiguous
      } failed, ${recording.probe.lost} lost`,
      `longest pause ${durationText(pause)}`
    ]),
    ...(standings.every(({ problem }) => problem === undefined) ? [] : [`in the end ${standingText(standings)}`])
  ]
  return `${parts.join("; ")}.`
}

export const watch = Command.make("watch", flags, (input) =>
  Effect.gen(function*() {
    if (Option.isSome(input.key) && !input.probe) {
      return yield* usageError("--key is the key of the probe: give --probe as well")
    }
    const options = {
      key: Option.getOrUndefined(input.key),
      hasProbe: input.probe || input.demo,
      intervalMillis: Option.getOrElse(input.interval, () => 1000),
      forMillis: Option.getOrUndefined(input.for),
      isPlain: input.plain,
      isJson: input.json,
      html: Option.getOrUndefined(input.html)
    }
    if (!input.demo) return yield* watchGroup({ ...options, target: yield* targetOf(input) })
    yield* Effect.scoped(Effect.gen(function*() {
      yield* demoLoad
      yield* Effect.forkScoped(demoTrouble)
      yield* watchGroup({ ...options, target: demoTarget })
    })).pipe(Effect.provide(demoLayer))
  })).pipe(
    Command.withDescription(
      "Shows a group live: nodes, lag, the write fence, events of the sentinels, writes and pauses."
    )
  )
