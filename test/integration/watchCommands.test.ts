/**
 * The commands `watch` and `failover` without a terminal, on real processes: what is refused, and that no secret is told.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { commands } from "../../src/index.ts"
import { runCommand } from "../support/commandLine.ts"
import { adminOf } from "../support/doctor.ts"
import { deployment, temporaryDirectory } from "../support/processes.ts"
import { chosenPrograms, versionOf } from "../support/servers.ts"

const run = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) =>
  Effect.promise(() => runCommand(args, { env }))

describe("the commands on real processes", () => {
  it.live("without a terminal and --yes a failover is planned, but not started", () =>
    Effect.scoped(Effect.gen(function*() {
      const { group, primary, sentinelAddresses } = yield* deployment({ replicas: 1, sentinels: 1 })
      const target = ["--sentinels", sentinelAddresses.join(","), "--group", group]
      const refused = yield* run(["failover", ...target])
      assert.strictEqual(refused.code, 3)
      assert.match(refused.stdout, /A planned failover of mymaster.*\n[^]*is asked once: SENTINEL FAILOVER mymaster/)
      assert.match(refused.stderr + refused.stdout, /nothing was started.*--yes/)
      const { stdout } = yield* run(["watch", ...target, "--for", "4"])
      assert.match(stdout, new RegExp(`primary ${primary.address} epoch 0, fence open`))
    })))

  it.live("watch tells when sentinels drop the group, one after the other", () =>
    Effect.scoped(Effect.gen(function*() {
      const { group, sentinelAddresses, sentinels } = yield* deployment({ replicas: 1 })
      const admins = yield* Effect.forEach(sentinels, (each) => adminOf(each, undefined))
      const target = ["--sentinels", sentinelAddresses.join(","), "--group", group]
      const states: Array<string> = []
      const removed: Array<string> = []
      const remove = (count: number) =>
        Effect.runPromise(Effect.forEach(admins.slice(removed.length, count), (admin, i) => {
          removed.push(sentinelAddresses[i]!)
          return admin.send("SENTINEL", "REMOVE", group)
        }))
      const html = Path.join(yield* temporaryDirectory, "watch.html")
      const { stdout } = yield* Effect.promise(() =>
        runCommand(["watch", ...target, "--html", html], {
          onOutput: (text, child) => {
            const state = text.match(/\d of \d sentinels monitor it[^,\n]*/g)?.at(-1)
            if (state !== undefined && state !== states.at(-1)) {
              states.push(state)
              if (states.length <= 2) void remove(states.length === 1 ? 1 : 3)
              else child.kill("SIGTERM")
            }
          }
        })
      )
      assert.deepStrictEqual(states, [
        "3 of 3 sentinels monitor it",
        "2 of 3 sentinels monitor it (1 does not)",
        "0 of 3 sentinels monitor it (3 do not)"
      ])
      for (const each of sentinelAddresses) assert.include(stdout, `sentinel ${each} does not monitor ${group}`)
      assert.include(Fs.readFileSync(html, "utf8"), "does not monitor mymaster")
    })), 60_000)

  it.live("one document says that a failover goes on which was interrupted", () =>
    Effect.scoped(Effect.gen(function*() {
      const { group, sentinelAddresses, sentinels } = yield* deployment({ replicas: 1, sentinels: 1 })
      const admin = yield* adminOf(sentinels[0]!, undefined)
      const begun = Effect.repeat(admin.run(commands.sentinel.primary(group)), {
        until: ({ isFailoverInProgress }) => isFailoverInProgress
      })
      const { code, stdout } = yield* Effect.promise(() =>
        runCommand(["failover", "--sentinels", sentinelAddresses.join(","), "--group", group, "--yes", "--json"], {
          onStart: (child) => void Effect.runPromise(begun).then(() => child.kill("SIGINT"))
        })
      )
      assert.deepStrictEqual(JSON.parse(stdout), {
        schema: 1,
        exitCode: 130,
        error: "interrupted",
        isStarted: true
      })
      assert.strictEqual(code, 130)
    })))

  it.live("a failover without a replica that is fit is refused with NOGOODSLAVE", () =>
    Effect.scoped(Effect.gen(function*() {
      const { group, sentinelAddresses } = yield* deployment({
        replicas: 1,
        sentinels: 1,
        config: ["replica-priority 0"]
      })
      const target = ["--sentinels", sentinelAddresses.join(","), "--group", group]
      const { code, stdout } = yield* run(["failover", ...target, "--yes", "--json"])
      assert.deepInclude(JSON.parse(stdout), { outcome: "refused", kind: "NOGOODSLAVE" })
      assert.strictEqual(code, 2)
      const { stderr, stdout: told } = yield* run(["failover", ...target, "--yes"])
      assert.match(told, /not fit: its replica-priority is 0/)
      assert.match(stderr, /No failover was started: .*NOGOODSLAVE[^]*replica-priority is not 0/)
    })))

  it.live("a replica that lost its link is not promoted unless the loss is accepted", () =>
    Effect.scoped(Effect.gen(function*() {
      const password = "hunter2"
      const d = yield* deployment({ replicas: 1, password, downAfterMillis: 5000 })
      const args = ["failover", "--sentinels", d.sentinelAddresses.join(","), "--group", d.group, "--yes", "--json"]
      const [primary, replica] = [yield* adminOf(d.primary, password), yield* adminOf(d.replicas[0]!, password)]
      const link = (status: string) =>
        Effect.repeat(replica.info("replication"), {
          until: ({ replication }) => replication.master_link_status === status
        })
      yield* link("up")
      // The sentinels notice up to ten seconds later.
      yield* replica.send("CONFIG", "SET", "masterauth", "wrong")
      yield* primary.send("CLIENT", "KILL", "TYPE", "replica")
      yield* link("down")
      const refused = yield* run(args, { REDIS_PASSWORD: password })
      const { advice, detail, kind, outcome } = JSON.parse(refused.stdout)
      assert.deepStrictEqual([outcome, kind, refused.code], ["refused", "NOT-READY", 4])
      assert.include(detail, `${d.replicas[0]!.address}: it has no link to its primary`)
      assert.match(advice, /Wait until each replica has its link.*--accept-loss/)
      assert.strictEqual((yield* primary.role()).role, "primary")
      const accepted = yield* run([...args, "--accept-loss"], { REDIS_PASSWORD: password })
      const { lost, outcome: moved, to } = JSON.parse(accepted.stdout)
      assert.deepStrictEqual([moved, to, accepted.code], ["lost", d.replicas[0]!.address, 1])
      assert.isNotEmpty(lost)
    })))

  it.live("the primary itself hands over where it can, and no password is told", () =>
    Effect.scoped(Effect.gen(function*() {
      const password = "hunter2-of-the-nodes"
      const sentinelPassword = "hunter2-of-the-sentinels"
      const { group, sentinelAddresses } = yield* deployment({ password, sentinelPassword })
      const ended = yield* run(
        ["failover", "--sentinels", sentinelAddresses.join(","), "--group", group, "--yes", "--coordinated"],
        { REDIS_PASSWORD: password, REDIS_SENTINEL_PASSWORD: sentinelPassword }
      )
      assert.notInclude(ended.stdout + ended.stderr, "hunter2")
      const { product, version } = versionOf(chosenPrograms().server)
      if (product === "valkey" && Number.parseInt(version) >= 9) {
        assert.match(ended.stdout, /No acknowledged write of the probe was lost/)
        assert.strictEqual(ended.code, 0)
      } else {
        assert.match(ended.stderr, /No failover was started: [^]*Valkey 9/)
        assert.strictEqual(ended.code, 2)
      }
    })))
})
