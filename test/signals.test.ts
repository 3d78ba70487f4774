/**
 * What a signal leaves of a command with `--json`, whenever it comes: one valid document, or valid lines, and the exit code
 * 130. The signals come at given points of the command, not after given times.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Net from "node:net"
import { runCommand, signalWhileLoading } from "./support/commandLine.ts"

const interrupted = { schema: 1, exitCode: 130, error: "interrupted" }

/** A sentinel that accepts connections and answers nothing, so that no command ends by itself. */
const silent: Net.Server = Net.createServer((socket) => void socket.on("error", () => {}).resume())
beforeAll(() => new Promise<void>((resolve) => void silent.listen(0, "127.0.0.1", resolve)))
afterAll(() => void silent.close())
const target = () => ["--sentinels", `127.0.0.1:${(silent.address() as Net.AddressInfo).port}`, "--group", "g"]

describe("a signal", () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it(`${signal} while the command loads leaves one document`, async () => {
      const cases: ReadonlyArray<readonly [command: ReadonlyArray<string>, file: string]> = [
        [["doctor"], "/cli/commands.ts"],
        [["watch"], "/cli/target.ts"],
        [["failover", "--yes"], "/effect/dist/cli/Command.js"]
      ]
      for (const [command, file] of cases) {
        const { code, stderr, stdout } = await runCommand([...command, ...target(), "--json"], {
          env: { NODE_OPTIONS: signalWhileLoading(signal, file) }
        })
        assert.strictEqual(stderr, "")
        assert.deepStrictEqual(JSON.parse(stdout), interrupted, `${command} ${file}`)
        assert.strictEqual(code, 130)
      }
    }, 120_000)
  }

  it("without --json it prints nothing, and ends with 130 as well", async () => {
    const { code, stderr, stdout } = await runCommand(["doctor", ...target()], {
      env: { NODE_OPTIONS: signalWhileLoading("SIGINT", "/cli/commands.ts") }
    })
    assert.deepStrictEqual({ code, stderr, stdout }, { code: 130, stderr: "", stdout: "" })
  })

  it("ends the lines of watch with one that says so", async () => {
    const { code, stdout } = await runCommand(["watch", "--demo", "--json"], {
      onOutput: (text, child) => void (text.includes("\"type\":\"state\"") && child.kill("SIGTERM"))
    })
    const lines = stdout.trimEnd().split("\n").map((text) => JSON.parse(text))
    assert.isTrue(lines.slice(0, -1).every(({ type }) => type === "entry" || type === "state"))
    const { primary, sentinels } = lines.findLast(({ type }) => type === "state")
    assert.strictEqual(primary.address, "10.0.0.1:6379")
    assert.deepStrictEqual(sentinels.map(({ standing }: { standing: string }) => standing), Array(3).fill("agrees"))
    assert.deepStrictEqual(lines.at(-1), interrupted)
    assert.strictEqual(code, 130)
  }, 60_000)

  it("after the report does not add a second document", async () => {
    for (const args of [["doctor", "--demo"], ["failover", "--demo"]]) {
      const { stdout } = await runCommand([...args, "--json"], {
        onOutput: (_, child) => void child.kill("SIGINT")
      })
      assert.notStrictEqual(JSON.parse(stdout).exitCode, 130)
    }
  }, 60_000)
})

describe("the lines of watch --json", () => {
  it("end with the exit code", async () => {
    const { code, stderr, stdout } = await runCommand(["watch", "--demo", "--json", "--for", "3"])
    const lines = stdout.trimEnd().split("\n").map((text) => JSON.parse(text))
    assert.deepInclude(lines.at(-1), { schema: 1, type: "end", exitCode: 0, failovers: 0, lost: 0 })
    assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
  }, 60_000)
})
