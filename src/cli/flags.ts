/**
 * Options that several commands have, each defined once. Those that say which group it is are in target.ts.
 */
import * as Flag from "effect/cli/Flag"

const longestSeconds = 7 * 24 * 3600

/** An option whose value is a number of seconds, from 0.05 to a week or to `most`; it gives milliseconds. */
export const secondsFlag = (name: string, description: string, most = longestSeconds) =>
  Flag.Finite(name).pipe(
    Flag.withMetavar("SECONDS"),
    Flag.withDescription(description),
    Flag.filter(
      (seconds) => seconds >= 0.05 && seconds <= most,
      () => `a number of seconds from 0.05 to ${most}`
    ),
    Flag.map((seconds) => seconds * 1000),
    Flag.optional
  )

/** An option that is on where it is given. */
export const switchFlag = (name: string, description: string) =>
  Flag.Boolean(name).pipe(Flag.withDescription(description), Flag.withDefault(false))

/** `--json` */
export const jsonFlag = switchFlag("json", "Print the report as JSON, and nothing else")

/** `--html FILE` */
export const htmlFlag = (what: string) =>
  Flag.String("html").pipe(
    Flag.withMetavar("FILE"),
    Flag.withDescription(`Write ${what} to this file, as an HTML page that stands alone`),
    Flag.optional
  )

/** `--demo` */
export const demoFlag = (what: string) => switchFlag("demo", `${what}, in place of your own`)

/** `--key KEY` */
export const keyFlag = Flag.String("key").pipe(
  Flag.withMetavar("KEY"),
  Flag.withDescription("The key that the probe writes to, which must not exist; it expires. Default: one of its own"),
  Flag.optional
)
