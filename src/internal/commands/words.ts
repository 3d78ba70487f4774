/**
 * The words and arguments of commands as text, as a server reads them. What a command
 * with these words is, is in known.ts and waiting.ts.
 */
import { Buffer } from "node:buffer"
import type * as Resp from "../../Resp.ts"
import { isBytes } from "../common/values.ts"
import { utf8 } from "./decoders.ts"

/** A word as the server reads it: in any case, and, before Redis 7, up to the first NUL. */
export const asSent = (word: Resp.Arg | undefined): string => {
  // `check` reports a value that is not an argument.
  const text = isBytes(word)
    ? Buffer.from(word.subarray(0, 32)).toString("latin1")
    : typeof word === "object"
    ? ""
    : String(word)
  return text.split("\0", 1)[0]!.toUpperCase()
}

/** An argument as text. `check` reports a value that is not an argument. */
export const textOf = (arg: Resp.Arg | undefined): string =>
  isBytes(arg) ? utf8.decode(arg) : typeof arg === "object" ? "" : String(arg)
