/**
 * The commands `watch` and `failover` without a terminal, on deployments in memory: their lines, JSON, pages, exit codes,
 * and how they end.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { runCommand } from "./support/commandLine.ts"

describe("watch without a terminal", { concurrent: true }, () => {
  it("prints what happens and the state in lines, and writes a page", async () => {
    const folder = Fs.mkdtempSync(Path.join(Os.tmpdir(), "effect-redis-sentinel-"))
    try {
      const html = Path.join(folder, "page.html")
      const { code, stderr, stdout } = await runCommand(["watch", "--demo", "--for", "4", "--html", html])
      assert.strictEqual(stderr, "")
      const lines = stdout.trimEnd().split("\n")
      assert.match(lines[0]!, /^\d\d:\d\d:\d\d\.\d{3} {2}primary 10\.0\.0\.1:6379, epoch 0$/)
      assert.match(stdout, /^\d\S+ {2}primary 10\.0\.0\.1:6379 epoch 0, fence open.*3 of 3 sentinels monitor it/m)
      assert.match(lines.at(-1)!, /^Watched mymaster for 4\.\d s: 0 failovers; \d+ writes of the probe acknowledged/)
      assert.notInclude(stdout, "\u001b")
      assert.strictEqual(code, 0)
      assert.match(Fs.readFileSync(html, "utf8"), /^<!doctype html>[^]*<svg/i)
    } finally {
      Fs.rmSync(folder, { recursive: true })
    }
  })

  it("ends when it is told to, and when nobody reads its lines any more", async () => {
    const told = runCommand(["watch", "--demo"], {
      onOutput: (_, child) => void child.kill("SIGTERM")
    })
    const unread = runCommand(["watch", "--demo"], {
      onOutput: (_, child) => void child.stdout?.destroy()
    })
    assert.deepInclude(await told, { code: 130, stderr: "" })
    assert.deepInclude(await unread, { code: 0, stderr: "" })
  })
})

describe("failover without a terminal", { concurrent: true }, () => {
  it("reports as JSON, and nothing else", async () => {
    const { code, stderr, stdout } = await runCommand(["failover", "--demo", "--json"])
    const report = JSON.parse(stdout)
    assert.strictEqual(stderr, "")
    assert.strictEqual(code, 0)
    assert.deepInclude(report, { outcome: "moved", from: "10.0.0.1:6379", lost: [], appliedTwice: [], epochs: [0, 1] })
    assert.isAbove(report.written.acknowledged, 0)
    assert.isAtLeast(report.firstWriteAt, report.movedAt)
  })

  it("goes on to the end where nobody reads its lines any more", async () => {
    const { code, stderr } = await runCommand(["failover", "--demo"], {
      onOutput: (_, child) => void child.stdout?.destroy()
    })
    assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
  })

  it("wrong options end both with 3 before anything is asked", async () => {
    const group = ["--sentinels", "127.0.0.1:1", "--group", "g"]
    const cases: ReadonlyArray<readonly [ReadonlyArray<string>, RegExp]> = [
      [["failover", ...group, "--json"], /--json asks nothing: give --yes as well/],
      [["failover", ...group, "--timeout", "0"], /expected a number of seconds from 0.05/],
      [["watch", ...group, "--for", "soon"], /for/],
      [["watch", ...group, "--key", "k"], /give --probe as well/],
      [["watch", "--group", "g"], /which group\?/]
    ]
    for (const ended of await Promise.all(cases.map(async ([args, says]) => [says, await runCommand(args)] as const))) {
      const [says, { code, stderr, stdout }] = ended
      assert.match(stdout + stderr, says)
      assert.strictEqual(code, 3)
    }
  })

  it("says what is wrong where no sentinel answers", async () => {
    const html = Path.join(Os.tmpdir(), `effect-redis-sentinel-${process.pid}.html`)
    const ended = await runCommand(["failover", "--sentinels", "127.0.0.1:1", "--group", "g", "--yes", "--html", html])
    assert.isFalse(Fs.existsSync(html))
    assert.match(ended.stderr, /No failover was started: .*127\.0\.0\.1:1.*Check --sentinels/s)
    assert.strictEqual(ended.code, 2)
  })
})
