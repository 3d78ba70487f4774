/**
 * The command `doctor`: examines a group, and prints the report as text or JSON, or writes it as a page.
 */
import type * as CliError from "effect/cli/CliError"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Fs from "node:fs"
import * as Doctor from "../Doctor.ts"
import { demo } from "./demo.ts"
import { ExitWith } from "./exit.ts"
import { pageOf } from "./reportPage.ts"
import { textOf } from "./reportText.ts"
import { targetFlags, targetOf, usageError } from "./target.ts"

const exitCodes: Readonly<Record<Doctor.Verdict, number>> = {
  healthy: 0,
  warnings: 1,
  problems: 2,
  "not-examined": 3
}

const flags = {
  ...targetFlags,
  demo: Flag.Boolean("demo").pipe(
    Flag.withDescription("Examine a deployment in memory with three faults, in place of your own"),
    Flag.withDefault(false)
  ),
  json: Flag.Boolean("json").pipe(Flag.withDescription("Print the report as JSON"), Flag.withDefault(false)),
  html: Flag.String("html").pipe(
    Flag.withMetavar("FILE"),
    Flag.withDescription("Write the report as an HTML page that stands alone"),
    Flag.optional
  ),
  ignore: Flag.String("ignore").pipe(
    Flag.withMetavar("CODE"),
    Flag.withDescription("Accept the findings of a code; may be repeated"),
    Flag.atLeast(0)
  ),
  timeout: Flag.Finite("timeout").pipe(
    Flag.withMetavar("SECONDS"),
    Flag.withDescription("How long the examination may take, whatever hangs. Default 8"),
    Flag.optional
  )
}

/** `{ schema, exitCode, ...report }`. */
const jsonOf = (report: Doctor.Report): string =>
  JSON.stringify({ schema: 1, exitCode: exitCodes[report.verdict], ...report }, undefined, 2)

const isCode = (text: string): text is Doctor.Code => Object.hasOwn(Doctor.codes, text)

/** The command `doctor`. */
export const doctor = Command.make("doctor", flags, (input) =>
  Effect.gen(function*() {
    const { ignore } = input
    const unknown = ignore.findIndex((code) => !isCode(code))
    if (unknown !== -1) {
      return yield* usageError(`--ignore: "${ignore[unknown]}" is no code of a finding; docs/doctor.md lists them`)
    }
    const more = {
      ignore: ignore.filter(isCode),
      ...(Option.isSome(input.timeout) ? { timeout: `${input.timeout.value * 1000} millis` as const } : {})
    }
    const examine = (options: Doctor.Options) =>
      Effect.mapError(Doctor.examine({ ...options, ...more }), (error) => usageError(error.message))
    const examined: Effect.Effect<Doctor.Report, CliError.UserError> = input.demo
      ? demo(examine)
      : Effect.flatMap(targetOf(input), ({ group, options: { natMap, node, sentinel, sentinels } }) =>
        examine({ group, sentinels, sentinel, node, natMap }))
    const report = yield* examined
    if (Option.isSome(input.html)) {
      const file = input.html.value
      yield* Effect.try({
        try: () =>
          Fs.writeFileSync(file, pageOf(report)),
        catch: (error) =>
          usageError(`--html: the file cannot be written (${(error as NodeJS.ErrnoException).code ?? "error"})`)
      })
    }
    yield* Console.log(input.json ? jsonOf(report) : textOf(report, process.stdout.isTTY === true))
    const code = exitCodes[report.verdict]
    if (code !== 0) {
      return yield* new ExitWith({ code })
    }
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
