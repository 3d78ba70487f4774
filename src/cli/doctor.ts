/**
 * The command `doctor`: examines a group, and prints the report as text or JSON, or writes it as a page.
 */
import type * as CliError from "effect/cli/CliError"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Doctor from "../Doctor.ts"
import { demo } from "./demo.ts"
import { ExitWith } from "./exit.ts"
import { demoFlag, htmlFlag, jsonFlag, secondsFlag } from "./flags.ts"
import { checkWritable, say, writePage } from "./output.ts"
import { pageOf } from "./reportPage.ts"
import { textOf } from "./reportText.ts"
import { targetFlags, targetOf } from "./target.ts"
import { usageError, usageErrorOf } from "./usage.ts"

const exitCodes: Readonly<Record<Doctor.Verdict, number>> = {
  healthy: 0,
  warnings: 1,
  problems: 2,
  "not-examined": 3
}

/** The longest examination, as `Doctor.examine` has it. */
const mostSeconds = 300

const flags = {
  ...targetFlags,
  demo: demoFlag("Examine a deployment in memory with three faults"),
  json: jsonFlag,
  html: htmlFlag("the report with a picture of the topology"),
  ignore: Flag.String("ignore").pipe(
    Flag.withMetavar("CODE"),
    Flag.withDescription("Accept the findings of a code; may be repeated"),
    Flag.atLeast(0)
  ),
  timeout: secondsFlag("timeout", "How long the examination may take, whatever hangs. Default 8", mostSeconds)
}

/** `{ schema, exitCode, ...report }`. */
const jsonOf = (report: Doctor.Report, exitCode: number): string =>
  JSON.stringify({ schema: 1, exitCode, ...report }, undefined, 2)

const isCode = (text: string): text is Doctor.Code => Object.hasOwn(Doctor.codes, text)

/** The command `doctor`. */
export const doctor = Command.make("doctor", flags, (input) =>
  Effect.gen(function*() {
    const { ignore } = input
    const unknown = ignore.findIndex((code) => !isCode(code))
    if (unknown !== -1) {
      return yield* usageError(`--ignore (value ${unknown + 1}): it is no code of a finding; docs/doctor.md lists them`)
    }
    const html = Option.getOrUndefined(input.html)
    yield* checkWritable(html)
    const more = {
      ignore: ignore.filter(isCode),
      ...(Option.isSome(input.timeout) ? { timeout: `${input.timeout.value} millis` as const } : {})
    }
    const examine = (options: Doctor.Options) => Effect.mapError(Doctor.examine({ ...options, ...more }), usageErrorOf)
    const examined: Effect.Effect<Doctor.Report, CliError.UserError> = input.demo
      ? demo(examine)
      : Effect.flatMap(targetOf(input), ({ group, options: { natMap, node, sentinel, sentinels } }) =>
        examine({ group, sentinels, sentinel, node, natMap }))
    const report = yield* examined
    if (!input.json) {
      yield* Console.log(textOf(report, process.stdout.isTTY === true))
    }
    const tell = input.json
      ? () =>
        Effect.void
      : say
    const isWritten = html === undefined ||
      (yield* writePage(
        html,
        (made) =>
          pageOf(report, made),
        report.examinedAtMillis,
        tell
      ))
    const code = exitCodes[report.verdict] || (isWritten ? 0 : 3)
    if (input.json) return yield* new ExitWith({ code, document: jsonOf(report, code) })
    if (code !== 0) return yield* new ExitWith({ code })
  })).pipe(
    Command.withDescription(
      "Examines a group, its sentinels and its nodes: finds what would break a failover or lose data, says why it " +
        "matters and how to mend it. It changes nothing. Exit code: 0 healthy, 1 warnings, 2 problems, 3 not examined."
    ),
    Command.withShortDescription("Examines a group, and says what is wrong with it"),
    Command.withExamples([
      { command: "effect-redis-sentinel doctor --sentinels 10.0.0.5,10.0.0.6,10.0.0.7 --group mymaster" },
      { command: "effect-redis-sentinel doctor --url redis+sentinel://10.0.0.5,10.0.0.6/mymaster --html report.html" },
      { command: "effect-redis-sentinel doctor --demo", description: "See what a report looks like" }
    ])
  )
