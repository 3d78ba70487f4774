/**
 * The CONFIG commands: the configuration of a running server.
 *
 * @since 0.1.0
 */
import * as Redacted from "effect/Redacted"
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg } from "../Command.ts"
import { InvalidCommand } from "../Errors.ts"
import { appendVariadic, argv, objectOf, type Variadic } from "../internal/commands/args.ts"
import { kindOf, redactedString } from "../internal/common/values.ts"

const CONFIG_GET = define({ words: ["CONFIG", "GET"], mode: "read", decode: Command.recordOf(Command.word) })
/**
 * CONFIG GET returns the configuration parameters whose names match one of the glob patterns, as a record of
 * strings; `{}` if none does. Passwords such as `requirepass` are among the strings if their names match.
 *
 * @see https://redis.io/docs/latest/commands/config-get/
 * @since 0.1.0
 * @category server
 */
export const configGet = (...patterns: Variadic<string>) =>
  make(CONFIG_GET, appendVariadic(CONFIG_GET.name, "patterns", argv(), patterns))

/**
 * The parameters of the configuration that are secrets.
 *
 * @since 0.1.0
 * @category models
 */
export type ConfigSecret =
  | "masterauth"
  | "primaryauth"
  | "requirepass"
  | "tls-client-key-file-pass"
  | "tls-key-file-pass"

/**
 * A value of a parameter of the configuration: text as in the configuration file, such as
 * `"100mb"`, a number, or a secret.
 *
 * @since 0.1.0
 * @category models
 */
export type ConfigValue = string | number | bigint | Redacted.Redacted<string>

/**
 * Parameters of the configuration and their values. Those that are secrets must be
 * `Redacted`.
 *
 * @since 0.1.0
 * @category models
 */
export type ConfigParameters =
  & { readonly [name: string]: ConfigValue }
  & { readonly [name in ConfigSecret]?: Redacted.Redacted<string> }

const secrets: ReadonlySet<string> = new Set<ConfigSecret>([
  "masterauth",
  "primaryauth",
  "requirepass",
  "tls-client-key-file-pass",
  "tls-key-file-pass"
])

const valueOf = (name: string, value: unknown): Arg => {
  const plain = Redacted.isRedacted(value) ? redactedString(value) : value
  const isPlain = plain === value
  if (isPlain && secrets.has(name.toLowerCase())) {
    throw new InvalidCommand({
      command: "CONFIG SET",
      detail: `${name}: expected a Redacted string, got ${kindOf(value)}`
    })
  }
  if (typeof plain === "string" || (isPlain && (typeof plain === "number" || typeof plain === "bigint"))) return plain
  throw new InvalidCommand({
    command: "CONFIG SET",
    detail: `${name}: expected a string, a number or a Redacted string, got ${kindOf(value)}`
  })
}

const CONFIG_SET = define({ words: ["CONFIG", "SET"], mode: "write", decode: Command.ok })
/**
 * CONFIG SET changes one parameter of the configuration, or several at once, and returns `"OK"`. If one of them is
 * refused, none changes. The change is lost with the process unless CONFIG REWRITE saves it, and it is not replicated.
 * Passwords, such as `requirepass`, must be `Redacted`. Fails with ERR for an unknown parameter, for one that cannot
 * change while the server runs, and for a value that is not valid.
 *
 * **Example** (One parameter, and several)
 *
 * ```ts
 * import { Redacted } from "effect"
 * import { commands } from "effect-redis-sentinel"
 *
 * export const one = commands.configSet("maxmemory", "100mb")
 * export const several = commands.configSet({
 *   "maxmemory-policy": "allkeys-lru",
 *   requirepass: Redacted.make("a password")
 * })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/config-set/
 * @since 0.1.0
 * @category server
 */
export const configSet: {
  (parameters: ConfigParameters): Command.Command<"OK", "write">
  <const Name extends string>(
    name: Name,
    value: Lowercase<Name> extends ConfigSecret ? Redacted.Redacted<string> : ConfigValue
  ): Command.Command<"OK", "write">
} = (given: string | ConfigParameters, value?: ConfigValue) => {
  if (typeof given === "string") return make(CONFIG_SET, argv(given, valueOf(given, value)))
  const args = argv()
  const parameters: ConfigParameters | undefined = objectOf(CONFIG_SET.name, given)
  for (const name of Object.keys(parameters ?? {})) args.push(name, valueOf(name, parameters![name]))
  if (args.length === 0) {
    throw new InvalidCommand({ command: CONFIG_SET.name, detail: "parameters: at least one is needed" })
  }
  return make(CONFIG_SET, args)
}

const CONFIG_RESETSTAT = define({ words: ["CONFIG", "RESETSTAT"], mode: "write", decode: Command.ok })
/**
 * CONFIG RESETSTAT sets the counters to zero that INFO shows as `stats`, `commandstats`, `errorstats` and
 * `latencystats`, and returns `"OK"`.
 *
 * @see https://redis.io/docs/latest/commands/config-resetstat/
 * @since 0.1.0
 * @category server
 */
export const configResetstat = () => make(CONFIG_RESETSTAT, argv())

const CONFIG_REWRITE = define({ words: ["CONFIG", "REWRITE"], mode: "write", decode: Command.ok })
/**
 * CONFIG REWRITE writes the configuration of the running server into its configuration file, and returns `"OK"`. Fails
 * with ERR if the server was started without a file, or cannot write it.
 *
 * @see https://redis.io/docs/latest/commands/config-rewrite/
 * @since 0.1.0
 * @category server
 */
export const configRewrite = () => make(CONFIG_REWRITE, argv())
