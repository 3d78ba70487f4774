/**
 * Shows that the checker bites: plants one bug at a time in a copy of the
 * library, and counts the seeds until a promise is broken.
 *
 *   npm run simulate:mutants -- [--seeds 1000] [--only TEXT]
 */
import { spawnSync } from "node:child_process"
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"

interface Edit {
  readonly file: string
  readonly find: string
  readonly replace: string
}

interface Mutant {
  readonly name: string
  readonly edits: ReadonlyArray<Edit>
}

const mutants: ReadonlyArray<Mutant> = [
  {
    name: "writes retried blindly",
    edits: [{
      file: "src/Executor.ts",
      find: "if (written) {\n      if (!this.repeatable) {",
      replace: "if (written) {\n      if (error === undefined) {"
    }]
  },
  {
    name: "a stale shared connection kept after a switch",
    edits: [{
      file: "src/Executor.ts",
      find: "if (pool === undefined || !Address.equals(pool.address, address)) {",
      replace: "if (pool === undefined) {"
    }, {
      file: "src/Executor.ts",
      find: "if (pool !== undefined) this.leave(pool, why, lost)",
      replace: ""
    }]
  },
  {
    name: "ROLE not verified",
    edits: [{
      file: "src/Connection.ts",
      find: "if (actual !== expected) return yield* new RoleMismatch({ address: shown, expected, actual })",
      replace: "void actual"
    }]
  },
  {
    name: "a reply delivered to the wrong command",
    edits: [{
      file: "src/Connection.ts",
      find: "const request = this.inflight.peek()\n    if (request === undefined) return this.unasked(value)",
      replace:
        "while (this.answered === 0 && this.inflight.peek()?.wanted === false) this.inflight.shift()\n    const request = this.inflight.peek()\n    if (request === undefined) return this.unasked(value)"
    }]
  },
  {
    name: "a lease returned to the pool while a command is under way",
    edits: [{
      file: "src/Pool.ts",
      find: "if (connection.idle && !connection.tainted && !connection.watching) return Effect.void",
      replace: "if (!connection.tainted) return Effect.void"
    }]
  },
  {
    name: "the write fence taken out",
    edits: [{
      file: "src/Executor.ts",
      find: "if (this.gate !== undefined && operation.waits) return this.gated(operation)\n    const connection",
      replace: "const connection"
    }]
  },
  // A bug that the simulation found.
  {
    name: "a replica's client whose connections go to one replica after another, without end",
    edits: [{
      file: "src/Sentinel.ts",
      find: "openBeside: (like) => Effect.catch(openAt(like), () => open),",
      replace: "openBeside: () => open,"
    }]
  }
]

const { values: options } = parseArgs({
  options: { seeds: { type: "string", default: "1000" }, only: { type: "string", default: "" } }
})

const root = join(import.meta.dirname, "..")
let missed = 0
for (const mutant of mutants.filter((m) => m.name.includes(options.only))) {
  const dir = mkdtempSync(join(tmpdir(), "effect-redis-sentinel-mutant-"))
  try {
    for (const part of ["src", "simulation", "package.json"]) {
      cpSync(join(root, part), join(dir, part), { recursive: true })
    }
    symlinkSync(join(root, "node_modules"), join(dir, "node_modules"))
    for (const edit of mutant.edits) {
      const file = join(dir, edit.file)
      const source = readFileSync(file, "utf8")
      if (source.split(edit.find).length !== 2) throw new Error(`${mutant.name}: its place is not in ${edit.file}`)
      writeFileSync(file, source.replace(edit.find, edit.replace))
    }
    const { status, stdout } = spawnSync(
      process.execPath,
      ["simulation/main.ts", "--seeds", options.seeds, "--first", "--quiet"],
      { cwd: dir, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }
    )
    const found = /^seed (\d+): (.*)$/m.exec(stdout)
    if (status === 0 || found === null) {
      missed++
      console.log(`MISSED  ${mutant.name}`)
    } else console.log(`found   ${mutant.name}: seed ${found[1]}, ${found[2]!.slice(0, 160)}`)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
if (missed > 0) process.exitCode = 1
