/**
 * Examines a deployment: a group, its sentinels and its nodes. It finds what breaks deployments before a failover does,
 * and says what it saw, why it matters, and how to mend it. The command `effect-redis-sentinel doctor` prints the same;
 * docs/doctor.md explains each finding.
 *
 * It only reads, and changes nothing: at most it subscribes to the events of the sentinels for a moment, as clients do.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Address from "./Address.ts"
import type { DurationInput } from "./commands/options.ts"
import { InvalidOption } from "./Errors.ts"
import { Check } from "./internal/client/checkOptions.ts"
import { monotonicMillis } from "./internal/common/time.ts"
import { kindOf } from "./internal/common/values.ts"
import { catalogue, type Code, type Explanation } from "./internal/doctor/catalogue.ts"
import { gather } from "./internal/doctor/gather.ts"
import { judge } from "./internal/doctor/judge.ts"
import type { Report } from "./internal/doctor/types.ts"
import type { NatMap, SessionOptions } from "./Options.ts"

export type { Code, Explanation } from "./internal/doctor/catalogue.ts"
export type {
  ExaminedNode,
  ExaminedSentinel,
  Finding,
  LeftOut,
  Remedy,
  Report,
  Severity,
  Verdict
} from "./internal/doctor/types.ts"

/**
 * What to examine, and how to log in. The options `sentinels`, `sentinel`, `node` and `natMap` are those of
 * `Sentinel.make`: give the ones that the application has, so that what it would meet is found.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The addresses of some sentinels, at least one, with the default port 26379. Those that they list are examined too. */
  readonly sentinels: ReadonlyArray<Address.Input>
  /** The name of the group. */
  readonly group: string
  /** The sessions with sentinels. */
  readonly sentinel?: SessionOptions | undefined
  /** The sessions with nodes. */
  readonly node?: SessionOptions | undefined
  /** Translates announced addresses to addresses that this process can reach. Default: they stay as they are. */
  readonly natMap?: NatMap | undefined
  /** The codes of findings that are accepted, and left out of the report. Default: none. */
  readonly ignore?: ReadonlyArray<Code> | undefined
  /** How long the examination may take, whatever hangs: from 100 milliseconds to 5 minutes. Default 8 seconds. */
  readonly timeout?: DurationInput | undefined
}

/**
 * All codes of findings, each with how bad it is, what is wrong in a few words, and why it matters.
 *
 * @since 0.1.0
 * @category constants
 */
export const codes: Readonly<Record<Code, Explanation>> = catalogue

const defaultTimeout = Duration.seconds(8)
const mostSentinels = 1000

const natMapOf = (check: Check, natMap: NatMap | undefined): NatMap | undefined => {
  if (natMap === undefined) return undefined
  if (typeof natMap === "function") {
    // What a caller's function throws must not end the examination.
    return (address) => {
      try {
        return natMap(address)
      } catch {
        return undefined
      }
    }
  }
  const table = check.fields<Record<string, string>>("natMap", natMap)
  for (const [i, [from, to]] of Object.entries(table).entries()) {
    for (const text of [from, to]) {
      const address = Address.parse(text, 6379)
      if (typeof address === "string") check.fail(`natMap (entry ${i + 1})`, address)
    }
  }
  return table
}

/**
 * Examines a group. It fails only if an option is invalid: a deployment that does not answer is a report with the verdict
 * `"not-examined"`. It opens a session to each sentinel and node, and closes all of them.
 *
 * **Example** (The problems of a group)
 *
 * ```ts
 * import { Effect } from "effect"
 * import * as Doctor from "effect-redis-sentinel/Doctor"
 *
 * export const program = Effect.gen(function*() {
 *   const report = yield* Doctor.examine({ sentinels: ["10.0.0.5", "10.0.0.6", "10.0.0.7"], group: "mymaster" })
 *   for (const { code, saw, severity } of report.findings) {
 *     yield* Effect.logWarning(`${severity} ${code}: ${saw}`)
 *   }
 *   return report.verdict === "healthy"
 * })
 * ```
 *
 * @since 0.1.0
 * @category running
 */
export const examine = (options: Options): Effect.Effect<Report, InvalidOption> =>
  Effect.gen(function*() {
    const check = new Check()
    const given = check.fields<Options>("", options ?? null)
    const inputs = check.items("sentinels", given.sentinels)
    if (inputs.length === 0) check.fail("sentinels", "at least one address is required")
    if (inputs.length > mostSentinels) check.fail("sentinels", `at most ${mostSentinels} addresses are accepted`)
    const sentinels = inputs.slice(0, mostSentinels).flatMap((input, i) =>
      check.address(`sentinels[${i}]`, input, 26379) ?? []
    )
    check.group(given.group)
    const sentinel = check.session("sentinel", given.sentinel)
    const node = check.session("node", given.node)
    const natMap = natMapOf(check, given.natMap)
    const ignore = check.items("ignore", given.ignore)
    for (const [i, code] of ignore.entries()) {
      if (typeof code !== "string" || !Object.hasOwn(catalogue, code)) {
        check.fail(
          `ignore[${i}]`,
          `expected the code of a finding, got ${typeof code === "string" ? "another text" : kindOf(code)}`
        )
      }
    }
    const timeout = check.duration("timeout", given.timeout) ?? defaultTimeout
    const timeoutMillis = Duration.toMillis(timeout)
    if (timeoutMillis < 100 || timeoutMillis > 300_000) {
      check.fail("timeout", "expected from 100 milliseconds to 5 minutes")
    }
    yield* check.result
    const before = yield* monotonicMillis
    const seen = yield* gather({ group: given.group, sentinels, sentinel, node, natMap, timeoutMillis })
    const after = yield* monotonicMillis
    return judge(seen, after - before, new Set(ignore))
  })
