/**
 * Compares the public surface, which is the declarations of the build without
 * their comments, with api.txt, so that it changes only on purpose.
 *
 *   npm run check:api              fails if they differ
 *   npm run check:api -- --write   writes a new api.txt
 *
 * Needs a build. It does not parse, but relies on the format of the compiler.
 */
import { globSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { optionsOf } from "./options.ts"

const { write: isWriting } = optionsOf("npm run check:api -- [--write]", { write: { type: "boolean", default: false } })
const root = join(import.meta.dirname, "..")
const file = join(root, "api.txt")

/** Declarations without comments and private members. Strings in types contain no comment marks. */
const bare = (text) =>
  text
    .replace(/^ *\/\*\*[\s\S]*?\*\/\n/gm, "")
    .replace(/^\/\/# sourceMappingURL=.*$/m, "")
    .replace(/^ +private .*;\n/gm, "")
    .replace(/^import .*;\n/gm, "")
    .replace(/^export \{\};\n/m, "")
    .trim()

/**
 * Folders that cannot be imported from. What an open module exports of them is public with
 * it. The methods have the types of the constructors in commands/.
 */
const isClosed = (path) => /^dist\/(?:cli|internal|methods|testing(?!\/index\.))/.test(path)

const exportedFrom = (path) =>
  Array.from(
    readFileSync(join(root, path), "utf8").matchAll(/^export [^;]*? from "(\.[^"]+)\.(?:js|ts)"/gm),
    ([, from]) => join(path, "..", `${from}.d.ts`)
  )

const declarationsIn = (path) => bare(readFileSync(join(root, path), "utf8"))

const open = globSync("dist/**/*.d.ts", { cwd: root }).filter((path) => !isClosed(path))
const closed = Array.from(new Set(open.flatMap(exportedFrom))).filter(isClosed)

/** Top-level declarations of closed folders that no open module exports, and no public declaration names. */
const withoutHidden = (files) => {
  const parts = files.map(([path, text]) => [path, text.split(/\n(?=(?:export|declare|interface|type) )/)])
  const named = (part) =>
    /^(?:export )?(?:declare )?(?:abstract )?(?:const|class|interface|type|function) (\w+)/.exec(part)?.[1]
  const isUsed = (name, part) =>
    [...open.map(declarationsIn), ...parts.flatMap(([, list]) => list.filter((other) => other !== part))]
      .some((text) => new RegExp(`\\b${name}\\b`).test(text))
  return parts.map(([path, list]) => [
    path,
    list.filter((part) => named(part) === undefined || isUsed(named(part), part)).join("\n")
  ])
}

const texts = [
  ...open.map((path) => [path, declarationsIn(path)]),
  ...withoutHidden(closed.map((path) => [path, declarationsIn(path)]))
]
const modules = texts
  .filter(([, text]) => text !== "")
  .map(([path, text]) => [path.slice("dist/".length, -".d.ts".length), text])
  .sort(([a], [b]) => a < b ? -1 : 1)
const report = modules.map(([name, text]) => `# ${name}\n\n${text}\n`).join("\n")

if (isWriting) {
  writeFileSync(file, report)
} else {
  const before = readFileSync(file, "utf8").split("\n")
  const now = report.split("\n")
  const at = now.findIndex((line, i) => line !== before[i])
  if (at !== -1 || before.length !== now.length) {
    const from = at === -1 ? now.length : at
    const name = now.slice(0, from + 1).findLast((line) => line.startsWith("# "))
    console.error(`The public surface has changed, first in ${name?.slice(2)}, line ${from + 1} of api.txt:`)
    console.error(`- ${before[from] ?? ""}\n+ ${now[from] ?? ""}`)
    console.error("If this is intended: npm run build && npm run check:api -- --write")
    process.exit(1)
  }
  console.log(`api: ${modules.length} modules, as in api.txt`)
}
