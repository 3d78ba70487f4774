/**
 * The command `doctor` in a process of its own, on real servers: how it logs in, how it ends, and that it shows no secret.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { examined, password, sentinelPassword, shared } from "../support/doctor.ts"
import { temporaryDirectory } from "../support/processes.ts"
import { listening } from "../support/tcp.ts"

const main = Path.join(import.meta.dirname, "../../src/cli/main.ts")

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const run = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}): Effect.Effect<Ended> =>
  Effect.callback((resume) => {
    const child = execFile(
      process.execPath,
      [main, "doctor", ...args],
      { env: { PATH: process.env["PATH"] ?? "", ...env } },
      (_, stdout, stderr) => {
        for (const secret of ["secret", "hunter2"]) assert.notInclude(stdout + stderr, secret)
        resume(Effect.succeed({ code: child.exitCode, stdout, stderr }))
      }
    )
  })

const d = shared(examined({ password, sentinelPassword }))

const target = () => ["--sentinels", d().sentinelAddresses.join(","), "--group", "mymaster"]
const passwords = { REDIS_PASSWORD: password, REDIS_SENTINEL_PASSWORD: sentinelPassword }

describe("the command doctor", () => {
  it.live("a healthy group ends with 0, with passwords from the environment", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* run(target(), passwords)
      assert.strictEqual(stderr, "")
      assert.match(stdout, /^Group mymaster: healthy/)
      assert.strictEqual(code, 0)
    }))

  it.live("passwords from files, and from a URL", () =>
    Effect.scoped(Effect.gen(function*() {
      const dir = yield* temporaryDirectory
      const file = (name: string, text: string): string => {
        Fs.writeFileSync(Path.join(dir, name), `${text}\n`)
        return Path.join(dir, name)
      }
      const files = yield* run([
        ...target(),
        "--password-file",
        file("nodes", password),
        "--sentinel-password-file",
        file("sentinels", sentinelPassword),
        "--json"
      ])
      assert.strictEqual(JSON.parse(files.stdout).verdict, "healthy", files.stdout)
      const url = `redis+sentinel://:${password}@${
        d().sentinelAddresses.join(",")
      }/mymaster?sentinelPassword=${sentinelPassword}`
      assert.strictEqual((yield* run(["--url", url])).code, 0)
      assert.strictEqual((yield* run([], { REDIS_URL: url })).code, 0)
    })))

  it.live("warnings end with 1, problems with 2, an examination that was not possible with 3", () =>
    Effect.gen(function*() {
      const replica = d().replicas[0]!
      yield* d().at(replica, "CONFIG SET replica-priority 0")
      assert.strictEqual((yield* run(target(), passwords)).code, 1)
      yield* d().at(replica, "CONFIG SET replica-priority 100")
      const wrong = yield* run(target(), { ...passwords, REDIS_PASSWORD: "hunter2" })
      assert.include(wrong.stdout, "[auth-failed]")
      assert.strictEqual(wrong.code, 2)
      const without = yield* run(target(), { REDIS_PASSWORD: password })
      assert.include(without.stdout, "[auth-required]")
      assert.strictEqual(without.code, 3)
    }))

  it.live("ends within 10 seconds when every server takes the connection and says nothing", () =>
    Effect.scoped(Effect.gen(function*() {
      const mute = yield* Effect.forEach([1, 2, 3], () => listening(() => {}))
      const { code, stdout } = yield* Effect.timeout(
        run(["--sentinels", mute.map(({ address }) => address).join(","), "--group", "mymaster"]),
        "10 seconds"
      )
      assert.include(stdout, "[sentinels-unreachable]")
      assert.strictEqual(code, 3)
    })))
})
