/**
 * The first line of a script or a library, such as `#!lua flags=no-writes`.
 */
import { splitArgs } from "../Reply.ts"

/** The first line of a text that begins with `#!`, and its words; undefined where it is not complete. */
export const splitShebang = (
  text: string
): readonly [line: string | undefined, words: ReadonlyArray<string> | undefined] => {
  const end = text.split("\0")[0]!.indexOf("\n")
  if (end === -1) return [undefined, undefined]
  const line = text.slice(0, end)
  const words = splitArgs(line)
  return [line, words === undefined || words.length === 0 ? undefined : words]
}
