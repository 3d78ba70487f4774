/**
 * Writes the API reference as Markdown: one page for each public entry of the
 * package, from the comments of the built declarations. It needs a build in dist/.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Application } from "typedoc"
import { slug } from "./slug.mjs"

const root = join(import.meta.dirname, "..")

/** The declarations of an entry such as `effect-redis-sentinel/modules/Json`. */
const declarationsOf = (entry) => {
  const name = entry.split("/").slice(1).join("/")
  const file = ["", "commands", "testing"].includes(name) ? join(name, "index") : name
  return join(root, "dist", `${file}.d.ts`)
}

/** Writes the pages below `out`/api. Gives their names, and where each public name is described. */
export const writeApi = async (out, entries) => {
  const folder = join(out, "api")
  mkdirSync(folder, { recursive: true })
  const tsconfig = join(import.meta.dirname, ".tmp", "tsconfig.json")
  writeFileSync(
    tsconfig,
    JSON.stringify({
      compilerOptions: {
        module: "NodeNext",
        target: "ES2022",
        lib: ["ES2024"],
        types: ["node"],
        typeRoots: [join(root, "node_modules/@types")],
        strict: true,
        exactOptionalPropertyTypes: true,
        noEmit: true,
        skipLibCheck: true
      },
      files: entries.map(declarationsOf)
    })
  )
  const app = await Application.bootstrapWithPlugins({
    entryPoints: entries.map(declarationsOf),
    tsconfig,
    plugin: ["typedoc-plugin-markdown"],
    logLevel: "Warn"
  })
  const project = await app.convert()
  if (project === undefined || app.logger.hasErrors()) throw new Error("TypeDoc: the declarations have errors")
  await app.generateDocs(project, folder)
  return project
}
