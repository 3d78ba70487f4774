/**
 * Builds dist/ from src/, from scratch: declarations by TypeScript, a file for each module; code by rolldown, a file for
 * each entry of the package and few others that they share, since an import costs more by the file than by the line.
 * Calls that only make a value of a module are marked as pure, so that a bundler drops what a program does not use
 * although modules share files.
 */
import { spawnSync } from "node:child_process"
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import * as Path from "node:path"
import { rolldown } from "rolldown"
import { parseSync } from "rolldown/utils"

const source = Path.resolve("src")

const modulesOf = (folder) =>
  readdirSync(Path.join(source, folder)).filter((file) => file.endsWith(".ts") && file !== "index.ts")
    .map((file) => Path.join(folder, file))

/** What the package exports, its command, and the maker of clients, which `bench/size.mjs` measures. */
const entries = [
  ...modulesOf(""),
  ...modulesOf("modules"),
  "commands/index.ts",
  "testing/index.ts",
  "cli/main.ts",
  "internal/client/client.ts"
]

const isFunction = ({ type }) =>
  type === "ArrowFunctionExpression" || type === "FunctionExpression" || type === "FunctionDeclaration"

/** Where the calls are that run while a module loads, inside of a statement. */
const callsIn = (node, found = []) => {
  if (node === null || typeof node !== "object") return found
  if (Array.isArray(node)) {
    for (const each of node) callsIn(each, found)
    return found
  }
  if (isFunction(node)) return found
  // A field of an instance runs with `new`.
  if (node.type === "PropertyDefinition" && !node.static) return callsIn(node.computed ? node.key : null, found)
  if (node.type === "CallExpression" || node.type === "NewExpression") found.push(node.start)
  for (const [key, value] of Object.entries(node)) if (key !== "parent") callsIn(value, found)
  return found
}

const pureCalls = {
  name: "pure-calls",
  transform: {
    order: "pre",
    filter: { id: /\.ts$/ },
    handler(code, id, { magicString }) {
      const { errors, program } = parseSync(id, code)
      if (errors.length > 0) this.error(`${id}: ${errors[0].message}`)
      for (const statement of program.body) {
        // It would be lost, or kept in each bundle, depending on what else a program uses.
        if (statement.type === "ExpressionStatement") {
          this.error(`${id}: a module must do nothing while it loads: ${code.slice(statement.start, statement.end)}`)
        }
        if (!/^(?:Export|VariableDeclaration|ClassDeclaration)/.test(statement.type)) continue
        for (const start of new Set(callsIn(statement))) magicString.appendLeft(start, "/* @__PURE__ */ ")
      }
      return { code: magicString }
    }
  }
}

rmSync("dist", { recursive: true, force: true })
const { status } = spawnSync(
  process.execPath,
  ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"],
  { stdio: "inherit" }
)
if (status !== 0) process.exit(status ?? 1)

const bundle = await rolldown({
  input: Object.fromEntries(entries.map((file) => [file.slice(0, -".ts".length), Path.join(source, file)])),
  external: /^[^./]/,
  platform: "node",
  plugins: [pureCalls],
  preserveEntrySignatures: "strict",
  treeshake: { moduleSideEffects: false },
  experimental: { nativeMagicString: true },
  onLog: (_level, log) => {
    throw new Error(log.message)
  }
})
await bundle.write({
  dir: "dist",
  format: "esm",
  entryFileNames: "[name].js",
  chunkFileNames: "internal/shared/[name].js",
  comments: { legal: true, annotation: true, jsdoc: false },
  sourcemap: true,
  sourcemapExcludeSources: true
})
await bundle.close()

// As it stands, since a bundler sees through `export * as` and not through an object with the same members.
const index = readFileSync(Path.join(source, "index.ts"), "utf8")
writeFileSync("dist/index.js", index.replaceAll(/^(export \* as \w+ from "\.\/[\w/]+)\.ts"$/gm, "$1.js\""))
