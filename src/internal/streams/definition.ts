/**
 * The definition of a stream: the options of `RedisStream.make`, checked.
 */
import type { Key } from "../../Command.ts"
import { InvalidCommand } from "../../Errors.ts"
import * as Resp from "../../Resp.ts"
import { fieldsOf, isBytes, kindOf } from "../common/values.ts"
import { entryCodecOf } from "./entries.ts"
import { trimOf } from "./trimming.ts"
import type { Definition } from "./types.ts"

/** A key that no one else changes. Throws `InvalidCommand` for what is none. */
export const keyOf = (command: string, given: unknown, path = "key"): Key => {
  if (typeof given === "string") return given
  if (isBytes(given)) return new Uint8Array(given)
  throw new InvalidCommand({ command, detail: `${path}: expected a string or bytes, got ${kindOf(given)}` })
}

/** A key in words. */
export const labelOf = (key: Key): string =>
  Resp.printable(typeof key === "string" ? key : new TextDecoder().decode(key), 256)

const known = new Set(["key", "schema", "layout", "codec", "fields", "field", "trim"])

/** Checks the options of a stream. Throws `InvalidCommand`. */
export const definitionOf = (command: string, given: unknown): Definition<any> => {
  const options = fieldsOf(given)
  if (typeof options === "string") throw new InvalidCommand({ command, detail: `options: ${options}` })
  const unknown = Object.keys(options).find((name) => !known.has(name))
  if (unknown !== undefined) {
    throw new InvalidCommand({
      command,
      detail: `${/^[\w-]{1,32}$/.test(unknown) ? unknown : "options"}: unknown option`
    })
  }
  const key = keyOf(command, options["key"])
  return {
    key,
    label: labelOf(key),
    codec: entryCodecOf(command, options),
    trim: options["trim"] === undefined ? undefined : trimOf(command, options["trim"])
  }
}
