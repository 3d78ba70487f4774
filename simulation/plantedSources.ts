/**
 * The source files with a planted bug. With `node --import`, the process loads them instead of the files: the
 * variable ERS_PLANTED has the edits as JSON.
 */
import { readFileSync } from "node:fs"
import { registerHooks } from "node:module"
import { join } from "node:path"
import { pathToFileURL } from "node:url"

export interface Edit {
  readonly file: string
  readonly find: string
  readonly replace: string
}

/** The text of a file with its edits. Throws if the place of one is not in the file, once. */
export const planted = (root: string, file: string, edits: ReadonlyArray<Edit>): string => {
  let source = readFileSync(join(root, file), "utf8")
  for (const edit of edits) {
    if (edit.file !== file) continue
    if (source.split(edit.find).length !== 2) throw new Error(`its place is not in ${file}`)
    source = source.replace(edit.find, () => edit.replace)
  }
  return source
}

const given = process.env["ERS_PLANTED"]
if (given !== undefined) {
  const edits = JSON.parse(given) as ReadonlyArray<Edit>
  const root = join(import.meta.dirname, "..")
  const files = new Map(edits.map(({ file }) => [pathToFileURL(join(root, file)).href, file]))
  registerHooks({
    load: (url, context, next) => {
      const file = files.get(url)
      return file === undefined
        ? next(url, context)
        : { format: "module-typescript", source: planted(root, file, edits), shortCircuit: true }
    }
  })
}
