/**
 * The conditions of SET and DELEX on the value of a key, as arguments.
 */
import type { Arg } from "../../Command.ts"
import { InvalidCommand } from "../../Errors.ts"
import { exclusive } from "./args.ts"

const fields = ["ifeq", "ifne", "ifdeq", "ifdne"] as const

/** Appends the condition on the value, if there is one; `when` excludes it. Gives whether there was one. */
export const appendValueCondition = (
  command: string,
  out: Array<Arg>,
  given: { readonly [K in (typeof fields)[number] | "when"]?: unknown }
): boolean => {
  exclusive(command, given, ["when", ...fields])
  for (const field of fields) {
    const value = given[field]
    if (value === undefined) continue
    if (field.startsWith("ifd") && !/^[\da-f]{16}$/i.test(String(value))) {
      throw new InvalidCommand({ command, detail: `${field}: expected a digest of 16 hexadecimal digits` })
    }
    out.push(field.toUpperCase(), value as Arg)
    return true
  }
  return false
}
