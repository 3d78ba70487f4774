/**
 * Builds the site in site/dist: the handbook, the API reference from a build in dist/,
 * and the search. Installs what it needs into site/node_modules first.
 *
 *   npm run docs                 builds
 *   npm run docs -- --serve      builds, and serves the site on loopback; --port N chooses the port
 *   npm run docs -- --check      builds, and looks at the site in headless Chromium
 *
 * A dead link, a page without a place in the navigation, and an error of TypeDoc fail the build.
 */
import { spawnSync } from "node:child_process"
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { entries } from "../scripts/entries.mjs"
import { optionsOf } from "../scripts/options.ts"
import { handbook, problemsOf, writeContent } from "./content.ts"
import { checkLinks } from "./links.ts"
import { serve } from "./serve.ts"

const here = import.meta.dirname
const args = optionsOf("npm run docs -- [--serve] [--port 4173] [--check]", {
  serve: { type: "boolean", default: false },
  port: { type: "string", default: "4173" },
  check: { type: "boolean", default: false }
})

const fail = (problems) => {
  for (const problem of problems) console.error(problem)
  process.exit(1)
}

const run = (command, options, env = {}, cwd = join(here, "..")) => {
  const { status } = spawnSync(command, options, { stdio: "inherit", cwd, env: { ...process.env, ...env } })
  if (status !== 0) fail([`${command} ${options.join(" ")}: failed`])
}

/** Installs what the lock file names, unless that is there. */
const install = () => {
  const lock = readFileSync(join(here, "package-lock.json"), "utf8")
  const installed = join(here, "node_modules", ".installed.json")
  if (existsSync(installed) && readFileSync(installed, "utf8") === lock) return
  run("npm", ["ci"], {}, here)
  writeFileSync(installed, lock)
}

const start = Date.now()
if (!existsSync(join(here, "../dist/index.d.ts"))) fail(["There is no build in dist/: npm run build"])
const pages = handbook()
const problems = problemsOf(pages)
if (problems.length > 0) fail(problems)
install()

const temporary = join(here, ".tmp")
const content = join(temporary, "content")
const dist = join(here, "dist")
rmSync(content, { recursive: true, force: true })
rmSync(dist, { recursive: true, force: true })
mkdirSync(temporary, { recursive: true })
process.chdir(join(here, ".."))
cpSync(join(here, "public"), join(content, "public"), { recursive: true })
const sidebar = writeContent(content, pages)
const { writeApi } = await import("./api.mjs")
const api = await writeApi(content, entries())
sidebar.find(({ text }) => text === "Reference").items.push(...api.sidebar)
writeFileSync(join(temporary, "site.json"), JSON.stringify({ sidebar, names: api.names }, undefined, 1))

const { build } = await import("vitepress")
await build(here)

const links = checkLinks(dist)
writeFileSync(
  join(temporary, "external-links.txt"),
  Array.from(links.external.keys(), (link) => `${link}\n`).sort().join("")
)
if (links.problems.length > 0) fail(links.problems)
console.log(
  `site/dist: ${links.pages} pages in ${Math.round((Date.now() - start) / 1000)} s; ${links.checked} links checked, ` +
    `${links.external.size} to other sites listed in site/.tmp/external-links.txt`
)

if (args.check) run(process.execPath, ["scripts/test.mjs"], { ERS_SITE: "1" })
if (args.serve) {
  const { port } = await serve(dist, Number(args.port))
  console.log(`http://127.0.0.1:${port}/`)
}
