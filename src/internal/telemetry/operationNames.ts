/**
 * What an operation is called in telemetry: its name, the script or function that it
 * runs, and its text without values.
 */
import type * as Command from "../../Command.ts"
import * as Resp from "../../Resp.ts"

/** What is known of a command by its definition. */
export interface Named {
  readonly name: string
  /** The name of the script or the function, `"first"` if its first argument has it; undefined if it runs none. */
  readonly procedure: { readonly name: string } | "first" | undefined
}

const byName = /^(?:EVALSHA|FCALL)(?:_RO)?$/i

const names = new WeakMap<Command.Spec, Named>()

/** The name of a command, without the name that its script has in errors. */
export const namedOf = (spec: Command.Spec): Named => {
  let named = names.get(spec)
  if (named === undefined) {
    const label = /^(\S+) \((.*)\)$/.exec(spec.name)
    const name = label === null ? spec.name : label[1]!
    const procedure = label === null ? byName.test(name) ? "first" : undefined : { name: label[2]! }
    names.set(spec, named = { name, procedure })
  }
  return named
}

/** The script or function that a command runs, if it is known by name. */
export const procedureOf = ({ args, spec }: Command.Any): string | undefined => {
  const { procedure } = namedOf(spec)
  if (procedure !== "first") return procedure?.name
  const first = args[0]
  return typeof first === "string" ? Resp.printable(first).slice(0, 64) : undefined
}

/** The one value of all elements; undefined if they differ. */
const common = <A, B>(list: ReadonlyArray<A>, f: (a: A) => B | undefined): B | undefined => {
  const first = f(list[0]!)
  for (let i = 1; i < list.length; i++) if (f(list[i]!) !== first) return undefined
  return first
}

/** The name of a batch, such as `PIPELINE`, or `PIPELINE GET` if all of its commands are GET. */
export const batchName = (word: "PIPELINE" | "MULTI", commands: ReadonlyArray<Command.Any>): string => {
  if (commands.length === 0) return word
  const name = common(commands, ({ spec }) => namedOf(spec).name)
  return name === undefined ? word : commands.length === 1 ? name : `${word} ${name}`
}

/** The script that all commands of a batch run, if it is one. */
export const batchProcedure = (commands: ReadonlyArray<Command.Any>): string | undefined =>
  commands.length === 0 ? undefined : common(commands, procedureOf)

const longestKey = 64
const mostArguments = 32
const longestText = 1024

const utf8 = new TextDecoder("utf-8", { fatal: true })

/** A key as text; `?` if it has none. */
const shown = (key: Command.Arg): string => {
  try {
    const text = Resp.printable(typeof key === "string" ? key : utf8.decode(key as Uint8Array))
    const cut = text.length > longestKey ? `${text.slice(0, longestKey)}...` : text
    return cut === "" || /[\s"';]/.test(cut) ? JSON.stringify(cut) : cut
  } catch {
    return "?"
  }
}

/** The text of a command: its words, `?` for each argument, and, if asked for, its keys. */
const commandText = ({ args, spec }: Command.Any, withKeys: boolean): string => {
  let keys: ReadonlyArray<Command.Key> = []
  try {
    if (withKeys) keys = spec.keys(args)
  } catch {
    // A definition of a caller may throw for these arguments.
  }
  const { name } = namedOf(spec)
  const parts = [name]
  let key = 0
  // A subcommand may be the first argument.
  for (let i = Math.max(0, name.split(" ").length - spec.words.length); i < args.length; i++) {
    if (i === mostArguments) {
      parts.push("...")
      break
    }
    const arg = args[i]!
    if (key < keys.length && arg === keys[key]) {
      key++
      parts.push(shown(arg))
    } else parts.push("?")
  }
  return parts.join(" ")
}

/** The text of an operation, which is that of one command if all are the same; at most about 1,000 characters. */
export const queryText = (commands: ReadonlyArray<Command.Any>, withKeys: boolean): string => {
  const texts: Array<string> = []
  let length = 0
  let differ = false
  for (const command of commands) {
    if (differ && length > longestText) break
    const text = commandText(command, withKeys)
    if (texts.length > 0 && text !== texts[0]) differ = true
    if (length > longestText) continue
    texts.push(text)
    length += text.length + 2
  }
  const text = differ ? texts.join("; ") : texts[0] ?? ""
  return text.length <= longestText ? text : `${text.slice(0, longestText)}...`
}
