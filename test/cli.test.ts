/**
 * The command line: the options that all commands share, what ends a command, and the doctor's demo, without a server.
 */
import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"

const main = Path.join(import.meta.dirname, "../src/cli/main.ts")

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command, and waits for its end. */
const run = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [main, ...args],
      { env: { PATH: process.env["PATH"] ?? "", NO_COLOR: "1", ...env } },
      (_, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr })
    )
  })

const secrets = ["hunter2", "s3cret"]

const assertNoSecret = ({ stderr, stdout }: Ended): void => {
  for (const secret of secrets) assert.notInclude(stdout + stderr, secret)
}

describe("the command line", { concurrent: true }, () => {
  it("doctor --demo finds three faults in a deployment in memory", async () => {
    const { code, stderr, stdout } = await run(["doctor", "--demo"])
    assert.strictEqual(stderr, "")
    assert.match(stdout, /^Group mymaster: 1 problem, 2 warnings {2}\(examined in \d+ ms\)/)
    const codes = Array.from(stdout.matchAll(/\[([a-z-]+)\]$/gm), ([, found]) => found)
    assert.deepStrictEqual(codes, ["masterauth-missing", "sentinel-unreachable", "replica-priority-zero"])
    assert.match(stdout, /Saw .*\n(?:.*\n)*? {4}Why .*\n(?:.*\n)*? {4}Mend 1\. /)
    assert.include(stdout, "redis-cli -h 10.0.0.2 -p 6379 CONFIG SET replica-priority 100")
    assert.strictEqual(code, 2)
  })

  it("doctor --demo --json --html gives the same as data, and as a page", async () => {
    const dir = Fs.mkdtempSync(Path.join(Os.tmpdir(), "effect-redis-sentinel-"))
    try {
      const file = Path.join(dir, "report.html")
      const { code, stdout } = await run([
        "doctor",
        "--demo",
        "--json",
        "--html",
        file,
        "--ignore",
        "sentinel-unreachable"
      ])
      const report = JSON.parse(stdout)
      assert.strictEqual(report.schema, 1)
      assert.strictEqual(report.exitCode, 2)
      assert.strictEqual(report.verdict, "problems")
      assert.deepStrictEqual(report.findings.map(({ code }: { code: string }) => code), [
        "masterauth-missing",
        "replica-priority-zero"
      ])
      assert.strictEqual(code, 2)
      const page = Fs.readFileSync(file, "utf8")
      assert.include(page, "masterauth-missing")
      assert.match(page, /^<!doctype html>/i)
    } finally {
      Fs.rmSync(dir, { recursive: true })
    }
  })

  it("wrong options end it with 3, and no value of theirs is repeated", async () => {
    const cases: ReadonlyArray<readonly [args: ReadonlyArray<string>, says: RegExp, env?: Record<string, string>]> = [
      [[], /which group\?/],
      [["--sentinels", "a"], /--group is missing/],
      [["--sentinels", "a:b", "--group", "g"], /--sentinels \(address 1\): the port after the colon/],
      [["--url", "redis://:hunter2@host"], /--url: it is the URL of one server/],
      [["--url", "redis+sentinel://:hunter2@h/i/j/k?s3cret"], /--url: /],
      [["--sentinels", "a", "--url", "redis+sentinel://a/g"], /give one of both/],
      [["--sentinels", "a", "--group", "g", "--username", "u"], /a user needs a password/],
      [["--sentinels", "a", "--group", "g", "--password", "hunter2", "--password-file", "f"], /give one of both/],
      [
        ["--sentinels", "a", "--group", "g", "--password-file", "/nowhere"],
        /--password-file: the file cannot be read \(ENOENT\)/
      ],
      [["--sentinels", "a", "--group", "g", "--ignore", "nonsense"], /--ignore \(value 1\): it is no code/],
      [["--sentinels", "a", "--group", "g", "--timeout", "0.01"], /timeout/],
      [["--sentinels", "a", "--group", "g", "--nonsense"], /--nonsense is no option/],
      [["--sentinels", "a", "--group", "g", "--pasword=hunter2"], /did you mean --password/],
      [["--sentinels", "a", "--group", "g", "--nat", "hunter2"], /--nat: the value is invalid/],
      [["--sentinels", "a", "--group", "g", "--tls=hunter2"], /--tls: the value is invalid/],
      [["--sentinels", "a", "--group", "g", "--timeout", "hunter2"], /--timeout: the value is invalid/],
      [["--sentinels", "a", "--group", "g", "--html", "/nowhere/x"], /--html: the file cannot be written \(ENOENT\)/],
      [["redis+sentinel://:hunter2@a/g"], /an argument belongs to no option/],
      [[], /REDIS_URL: /, { REDIS_URL: "http://hunter2" }]
    ]
    for (const ended of await Promise.all(cases.map(([args, , env]) => run(["doctor", ...args], env)))) {
      const { code, stderr } = ended
      assert.isTrue(cases.some(([, says]) => says.test(stderr)), stderr)
      assert.strictEqual(ended.stdout, "")
      assertNoSecret(ended)
      assert.strictEqual(code, 3, stderr)
    }
  })

  it("without a server the doctor says so, ends with 3, and shows no password", async () => {
    const ended = await run(["doctor", "--url", "redis+sentinel://user:hunter2@127.0.0.1:1,127.0.0.1:2/mymaster"], {
      REDIS_SENTINEL_PASSWORD: "s3cret"
    })
    assert.include(ended.stdout, "[sentinels-unreachable]")
    assertNoSecret(ended)
    assert.strictEqual(ended.code, 3)
  })

  it("with --json wrong options are one document as well", async () => {
    for (const args of [["doctor", "--pasword=hunter2"], ["failover", "--sentinels", "a", "--group", "g"]]) {
      const ended = await run([...args, "--json"])
      assert.deepInclude(JSON.parse(ended.stdout), { schema: 1, exitCode: 3 })
      assertNoSecret(ended)
      assert.strictEqual(ended.code, 3)
    }
  })

  it("--help names the commands, and ends with 0", async () => {
    const { code, stdout } = await run(["--help"])
    assert.include(stdout, "doctor")
    assert.strictEqual(code, 0)
  })
})
