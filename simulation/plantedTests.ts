/**
 * A process that runs tests on the sources with a planted bug, one bug after the other. planting.ts starts it, and sends
 * it the bugs.
 *
 * Vite's server, and with it what is transformed, stays. Each run of tests has a new worker, which evaluates all modules
 * again.
 */
import { join, relative } from "node:path"
import { createVitest } from "vitest/node"
import { type Edit, planted } from "./plantedSources.ts"

export interface Request {
  readonly edits: ReadonlyArray<Edit>
  readonly test: string
  /** A part of the names of the tests, as a regular expression. Default: all of the file. */
  readonly name: string | undefined
}

export interface Response {
  /** The name of the first test that failed. */
  readonly failed: string | undefined
}

const root = join(import.meta.dirname, "..")
let edits: ReadonlyArray<Edit> = []
let failed: string | undefined

// A bug that makes its test hang is found after this time. Without a bug no test of these takes as long: planting.ts runs
// them first.
process.env["ERS_TEST_TIMEOUT"] = "10000"
const vitest = await createVitest({
  root,
  config: join(root, "vitest.config.ts"),
  watch: false,
  // The worker ends with this process, also in a loop without an end.
  pool: "threads",
  maxWorkers: 1,
  // One failed test is enough.
  bail: 1,
  // It knows a module by the text of its file, not by what a plugin loads.
  fsModuleCache: false,
  reporters: [{
    onTestCaseResult: (test) => {
      if (test.result().state === "failed") failed ??= test.fullName
    }
  }]
}, {
  plugins: [{
    name: "planted",
    enforce: "pre",
    load: (id) => {
      const file = relative(root, id)
      return edits.some((edit) => edit.file === file) ? planted(root, file, edits) : undefined
    }
  }]
})
await vitest.standalone()
/** Makes the next run load these files again. */
const forget = (files: ReadonlyArray<string>): void => {
  for (const { vite } of vitest.projects) {
    for (const { moduleGraph } of Object.values(vite.environments)) {
      for (const file of files) {
        for (const module of moduleGraph.getModulesByFile(join(root, file)) ?? []) module.transformResult = null
      }
    }
  }
}

const answer = async (request: Request): Promise<Response> => {
  const { name, test } = request
  const path = join(root, test)
  const project = vitest.projects.find((project) => project.matchesTestGlob(path))
  if (project === undefined) throw new Error(`no test file: ${test}`)
  edits = request.edits
  failed = undefined
  forget(edits.map(({ file }) => file))
  await vitest.runTestSpecifications([
    project.createSpecification(path, name === undefined ? {} : { testNamePattern: new RegExp(name) })
  ])
  forget(edits.map(({ file }) => file))
  return { failed }
}

process.on("message", (request) => {
  void answer(request as Request).then((response) => process.send!(response))
})
process.on("disconnect", () => process.exit())
