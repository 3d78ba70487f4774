/**
 * Makes the function that gives the commands of a script or of a function of a library,
 * of its checked fields.
 */
import * as Command from "../../Command.ts"
import { InvalidCommand } from "../../Errors.ts"
import { keysAfterCount } from "../commands/args.ts"
import { choiceProblem, kindOf } from "../common/values.ts"
import type { Arguments, Keys } from "./definition.ts"
import { type EncodeInput, inputOf } from "./input.ts"
import { resultDecoder } from "./results.ts"

/** The fields that scripts and functions have in common. */
export const sharedFields = ["keys", "args", "result", "mode", "repeatable", "name"]

/** What both are made of, checked. */
export interface Parts {
  readonly mode: Command.Mode
  /** The definition of a command that runs it. */
  readonly spec: (word: string, needed: Command.Needed | undefined) => Command.Spec
  readonly encode: EncodeInput
}

/**
 * The parts of a script or a function. Throws `InvalidCommand` in the name of `of`; `path`, such as
 * `functions.transfer.`, goes before the name of a field.
 */
export const partsOf = (
  of: string,
  path: string,
  fields: Readonly<Record<string, unknown>>,
  allowed: ReadonlyArray<string>,
  name: unknown
): Parts => {
  const invalid = (detail: string): InvalidCommand => new InvalidCommand({ command: of, detail: `${path}${detail}` })
  if (Object.keys(fields).some((field) => !allowed.includes(field))) {
    throw invalid(`options: unknown option; the options are ${allowed.join(", ")}`)
  }
  const { mode = "write", repeatable } = fields
  const wrong = choiceProblem(mode, ["read", "write"])
  if (wrong !== undefined) throw invalid(`mode: ${wrong}`)
  if (repeatable !== undefined && typeof repeatable !== "boolean") {
    throw invalid(`repeatable: expected true or false, got ${kindOf(repeatable)}`)
  }
  if (name !== undefined && !(typeof name === "string" && /^[\x20-\x7e]{1,64}$/.test(name))) {
    throw invalid(`name: expected at most 64 printable characters, got ${kindOf(name)}`)
  }
  const decode = resultDecoder<unknown>(of, `${path}result`, fields["result"])
  const label = (word: string): string => name === undefined ? word : `${word} (${name})`
  return {
    mode: mode as Command.Mode,
    spec: (word, needed) => {
      const words = [mode === "read" ? `${word}_RO` : word]
      const spec = Command.define({
        words,
        mode: mode as Command.Mode,
        keys: keysAfterCount(1),
        repeatable: repeatable ?? mode === "read",
        decode
      })
      return Command.needing(spec, label(words[0]!), needed)
    },
    encode: inputOf(of, path, {
      keys: fields["keys"] as Keys | undefined,
      args: fields["args"] as Arguments | undefined
    })
  }
}

/** The function that gives commands: `first` is the SHA-1 of the script, or the name of the function. */
export const callableOf =
  (spec: Command.Spec, first: string, encode: EncodeInput) => (input?: unknown): Command.Command<unknown> =>
    Command.withSpec(Command.own(spec, [first, ...encode(spec.name, input)]), spec)
