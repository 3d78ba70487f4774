/**
 * The doctor on a real deployment with passwords on both tiers: faults planted at run time, one test each, and nothing
 * found before and after.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Fs from "node:fs"
import * as Net from "node:net"
import * as Path from "node:path"
import * as Doctor from "../../src/Doctor.ts"
import {
  assertUseful,
  codesOf,
  type Examined,
  examined,
  fault,
  healthy,
  password,
  sentinelPassword,
  shared
} from "../support/doctor.ts"
import { freePort, type Server } from "../support/processes.ts"

const d = shared(examined({ password, sentinelPassword }))

const nodesOf = (d: Examined): ReadonlyArray<Server> => [d.primary, ...d.replicas]

const all = (servers: ReadonlyArray<Server>, words: (server: Server) => string) => (d: Examined) =>
  Effect.forEach(servers, (server) => d.at(server, words(server)), { discard: true })

const atSentinels = (words: string) => (d: Examined) => all(d.sentinels, () => words)(d)
const atNodes = (words: string) => (d: Examined) => all(nodesOf(d), () => words)(d)
const atPrimary = (words: string) => (d: Examined) => d.at(d.primary, words)
const atReplica = (words: string) => (d: Examined) => d.at(d.replicas[0]!, words)
const atSentinel = (words: string) => (d: Examined) => d.at(d.sentinels[0]!, words)

const set = (name: string, value: string): string => `CONFIG SET ${name} "${value}"`
const setting = (name: string, value: string | number): string => `SENTINEL SET mymaster ${name} ${value}`

/** A field of INFO. */
const infoOf = (d: Examined, server: Server, name: string): Effect.Effect<number> =>
  Effect.map(d.at(server, "INFO"), (text) => Number(new RegExp(`^${name}:(\\d+)`, "m").exec(String(text))![1]))

describe("the doctor on real servers", () => {
  healthy(d)

  describe("finds in sentinels", () => {
    fault(["quorum-too-high"], d, atSentinels(setting("quorum", 5)), atSentinels(setting("quorum", 2)))
    fault(["quorum-of-one"], d, atSentinels(setting("quorum", 1)), atSentinels(setting("quorum", 2)))
    const downAfter = (millis: number) => setting("down-after-milliseconds", millis)
    fault(["settings-differ"], d, atSentinel(downAfter(20_000)), atSentinel(downAfter(5000)))
    fault(["down-after-short"], d, atSentinels(downAfter(900)), atSentinels(downAfter(5000)))
    fault(["down-after-long"], d, atSentinels(downAfter(90_000)), atSentinels(downAfter(5000)))
    fault(
      ["hostnames-unresolved"],
      d,
      atSentinels("SENTINEL CONFIG SET announce-hostnames yes"),
      atSentinels("SENTINEL CONFIG SET announce-hostnames no")
    )
    fault(
      ["hostnames-differ"],
      d,
      atSentinel("SENTINEL CONFIG SET resolve-hostnames yes"),
      atSentinel("SENTINEL CONFIG SET resolve-hostnames no")
    )
    fault(["primary-in-two-groups"], d, (d) =>
      Effect.andThen(
        atSentinel(`SENTINEL MONITOR other 127.0.0.1 ${d.primary.port} 2`)(d),
        atSentinel(`SENTINEL SET other auth-pass ${password}`)(d)
      ), atSentinel("SENTINEL REMOVE other"))
    fault(["sentinel-unreachable"], d, (d) => d.sentinels[2]!.kill, (d) => d.sentinels[2]!.restart)
    fault(
      ["no-majority", "sentinel-unreachable"],
      d,
      (d) => Effect.andThen(d.sentinels[1]!.kill, d.sentinels[2]!.kill),
      (d) => Effect.andThen(d.sentinels[1]!.restart, d.sentinels[2]!.restart)
    )
    fault(["sentinels-unreachable"], d, () => Effect.void, () => Effect.void, {
      examine: () => ({ sentinels: ["127.0.0.1:1", "127.0.0.1:2"] }),
      check: ({ sentinels, verdict }) => {
        assert.strictEqual(verdict, "not-examined")
        assert.deepStrictEqual(sentinels.map(({ isReachable }) => isReachable), [false, false])
      }
    })
    fault(["group-unknown"], d, () => Effect.void, () => Effect.void, {
      examine: () => ({ group: "orders" }),
      check: ({ findings, verdict }) => {
        assert.strictEqual(verdict, "not-examined")
        assert.include(findings[0]!.saw, "\"mymaster\"")
      }
    })
  })

  describe("finds in logins and permissions", () => {
    const nothing = () => Effect.void
    fault(["auth-required"], d, nothing, nothing, { examine: () => ({ node: {} }) })
    fault(["auth-failed"], d, nothing, nothing, {
      examine: () => ({ node: { password: Redacted.make("a wrong secret") } })
    })
    it.live("auth-required at the sentinels, without which nothing is known", () =>
      Effect.gen(function*() {
        const report = yield* Doctor.examine({ ...d().options, sentinel: {} })
        assert.deepStrictEqual(codesOf(report), ["auth-required"])
        assert.strictEqual(report.verdict, "not-examined")
        assert.include(JSON.stringify(report.findings[0]!.mend), "REDIS_SENTINEL_PASSWORD")
        assertUseful(report)
      }))
    fault(["session-refused"], d, nothing, nothing, {
      examine: ({ options }) => ({ node: { ...options.node, database: 99 } })
    })
    fault(
      ["permissions-missing"],
      d,
      atSentinels("ACL SETUSER app on >app-secret +@all -subscribe -psubscribe -sentinel|replicas resetchannels"),
      atSentinels("ACL DELUSER app"),
      {
        examine: () => ({ sentinel: { username: "app", password: Redacted.make("app-secret") } }),
        check: ({ findings: [finding] }) => {
          assert.include(
            finding!.mend[0]!.lines[0]!,
            "ACL SETUSER app +psubscribe '+sentinel|replicas' +subscribe allchannels"
          )
        },
        // What this user does not see.
        besides: ["no-replicas", "replica-unknown"]
      }
    )
    fault(
      ["permissions-missing"],
      d,
      atNodes("ACL SETUSER app on >app-secret ~* +@all -role -info -config"),
      atNodes("ACL DELUSER app"),
      {
        examine: () => ({ node: { username: "app", password: Redacted.make("app-secret") } }),
        check: ({ findings: [finding], leftOut }) => {
          assert.include(finding!.mend[0]!.lines[0]!, "ACL SETUSER app +role +info")
          assert.isTrue(
            leftOut.some(({ what, why }) => what === "CONFIG GET" && why === "the user app lacks +config|get")
          )
        }
      }
    )
    fault(
      ["sentinel-user-permissions"],
      d,
      (d) =>
        Effect.gen(function*() {
          yield* atNodes("ACL SETUSER watcher on >watcher-secret +@all -slaveof -config resetchannels")(d)
          yield* atSentinels(setting("auth-user", "watcher"))(d)
          yield* atSentinels(setting("auth-pass", "watcher-secret"))(d)
        }),
      (d) =>
        Effect.gen(function*() {
          yield* atSentinels(setting("auth-user", "default"))(d)
          yield* atSentinels(setting("auth-pass", password))(d)
          yield* atNodes("ACL DELUSER watcher")(d)
        }),
      {
        check: ({ findings }) =>
          assert.match(
            findings.find(({ code }) => code === "sentinel-user-permissions")!.saw,
            /the user watcher of the sentinels lacks .*\+slaveof \+config\|rewrite/
          ),
        besides: ["primary-not-seen", "epoch-disagreement", "sentinels-cut-off", "no-candidate", "no-majority"]
      }
    )
    fault(
      ["replication-user-permissions"],
      d,
      (d) =>
        Effect.andThen(
          atPrimary("ACL SETUSER follower on >follower-secret +ping")(d),
          atPrimary(set("masteruser", "follower"))(d)
        ),
      (d) => Effect.andThen(atPrimary(set("masteruser", ""))(d), atPrimary("ACL DELUSER follower")(d)),
      { check: ({ findings: [finding] }) => assert.include(finding!.saw, "+replconf +psync") }
    )
    fault(["masterauth-missing"], d, atPrimary(set("masterauth", "")), atPrimary(set("masterauth", password)), {
      check: ({ findings: [finding] }) => assert.include(finding!.saw, "which is a primary, has no masterauth")
    })
    fault(["masterauth-wrong"], d, atPrimary(set("masterauth", "secret-2")), atPrimary(set("masterauth", password)))
    fault(
      ["passwords-differ"],
      d,
      (d) =>
        Effect.andThen(atReplica(set("requirepass", "secret-2"))(d), atReplica(`ACL SETUSER default >${password}`)(d)),
      atReplica(set("requirepass", password))
    )
  })

  describe("finds in replication", () => {
    fault(
      ["replica-priority-zero"],
      d,
      atReplica(set("replica-priority", "0")),
      atReplica(set("replica-priority", "100"))
    )
    fault(
      ["no-candidate"],
      d,
      (d) => all(d.replicas, () => set("replica-priority", "0"))(d),
      (d) => all(d.replicas, () => set("replica-priority", "100"))(d)
    )
    fault(
      ["replica-writable"],
      d,
      atReplica(set("replica-read-only", "no")),
      atReplica(set("replica-read-only", "yes"))
    )
    fault(
      ["masterauth-wrong", "replica-link-down"],
      d,
      (d) => Effect.andThen(atReplica(set("masterauth", "secret-2"))(d), atReplica("CLIENT KILL TYPE master")(d)),
      atReplica(set("masterauth", password))
    )
    fault(
      ["role-conflict"],
      d,
      atReplica("REPLICAOF NO ONE"),
      (d) => atReplica(`REPLICAOF 127.0.0.1 ${d.primary.port}`)(d),
      { besides: ["replica-unknown", "no-candidate", "min-replicas-unmet", "replica-lag"] }
    )
    fault(
      ["replica-follows-another"],
      d,
      (d) => atReplica(`REPLICAOF 127.0.0.1 ${d.replicas[1]!.port}`)(d),
      (d) => atReplica(`REPLICAOF 127.0.0.1 ${d.primary.port}`)(d),
      { besides: ["replica-link-down", "replica-lag"] }
    )
    fault(
      ["replica-lag"],
      d,
      (d) =>
        Effect.andThen(
          d.replicas[0]!.signal("SIGSTOP"),
          Effect.forEach([1, 2, 3, 4], (i) => d.admin(d.primary).set(`filler:${i}`, "x".repeat(1_000_000)))
        ),
      (d) => d.replicas[0]!.signal("SIGCONT"),
      // It does not answer either, and the sentinels notice it after a while.
      {
        examine: () => ({ timeout: "2 seconds" }),
        besides: ["address-unreachable", "node-down", "replica-priority-zero"]
      }
    )
  })

  describe("finds in what a failover would lose", () => {
    const write = (n: number) => set("min-replicas-to-write", String(n))
    fault(["min-replicas-zero"], d, atReplica(write(0)), atReplica(write(1)), {
      check: ({ findings: [finding] }, d) => assert.deepStrictEqual(finding!.where, [d.replicas[0]!.address])
    })
    fault(["min-replicas-after-failover"], d, atNodes(write(2)), atNodes(write(1)))
    fault(["min-replicas-after-failover", "min-replicas-unmet"], d, atPrimary(write(3)), atPrimary(write(1)))
    fault(
      ["max-lag-long"],
      d,
      atNodes(set("min-replicas-max-lag", "30")),
      atNodes(set("min-replicas-max-lag", "5"))
    )
    fault(["persistence-off"], d, atPrimary(set("appendonly", "no")), atPrimary(set("appendonly", "yes")))
    const folder = (d: Examined) =>
      Effect.map(
        d.at(d.primary, "CONFIG GET dir"),
        (reply) => Path.join(String((reply as Map<string, string>).get("dir")), "dump.rdb")
      )
    fault(
      ["persistence-failing"],
      d,
      (d) =>
        Effect.gen(function*() {
          const file = yield* folder(d)
          Fs.rmSync(file, { force: true })
          Fs.mkdirSync(file)
          yield* atPrimary("BGSAVE SCHEDULE")(d)
        }),
      (d) =>
        Effect.gen(function*() {
          Fs.rmdirSync(yield* folder(d))
          yield* atPrimary("BGSAVE SCHEDULE")(d)
        })
    )
  })

  describe("finds in limits", () => {
    fault(["maxclients-near"], d, (d) =>
      Effect.gen(function*() {
        const connected = yield* infoOf(d, d.primary, "connected_clients")
        yield* atPrimary(set("maxclients", String(connected + 3)))(d)
      }), atPrimary(set("maxclients", "10000")))
    const sockets: Array<Net.Socket> = []
    fault(
      ["maxclients-differ"],
      d,
      (d) =>
        Effect.gen(function*() {
          for (let i = 0; i < 60; i++) sockets.push(Net.connect(d.primary.port, "127.0.0.1").on("error", () => {}))
          yield* atReplica(set("maxclients", "50"))(d)
        }),
      (d) =>
        Effect.gen(function*() {
          for (const socket of sockets.splice(0)) socket.destroy()
          yield* atReplica(set("maxclients", "10000"))(d)
        })
    )
    fault(["maxclients-reached"], d, atReplica(set("maxclients", "1")), atReplica(set("maxclients", "10000")))
    fault(["memory-near-limit"], d, (d) =>
      Effect.gen(function*() {
        const used = yield* infoOf(d, d.primary, "used_memory")
        yield* atPrimary(set("maxmemory", String(Math.round(used * 1.04))))(d)
      }), atPrimary(set("maxmemory", "0")))
  })

  it.live("a user with the documented permissions sees all, and may do nothing else", () =>
    Effect.scoped(Effect.gen(function*() {
      const page = Fs.readFileSync(Path.join(import.meta.dirname, "../../docs/doctor.md"), "utf8")
      const [forNodes, forSentinels] = Array.from(
        page.matchAll(/^ACL SETUSER doctor .*$/gm),
        ([line]) => line.replace("PASSWORD", "doctor-secret")
      )
      yield* Effect.acquireRelease(
        Effect.andThen(atNodes(forNodes!)(d()), atSentinels(forSentinels!)(d())),
        () => Effect.andThen(atNodes("ACL DELUSER doctor")(d()), atSentinels("ACL DELUSER doctor")(d()))
      )
      const login = { username: "doctor", password: Redacted.make("doctor-secret") }
      const report = yield* Doctor.examine({ ...d().options, node: login, sentinel: login })
      assert.deepStrictEqual(report.leftOut, [])
      assert.deepStrictEqual(report.findings, [])
      for (const words of ["SET k v", "CONFIG SET save \"\"", "REPLICAOF NO ONE", "GET k", "ACL SETUSER x"]) {
        const { allowed } = yield* d().admin(d().primary).aclDryrun("doctor", words.split(" "))
        assert.isFalse(allowed, words)
      }
      for (const words of ["SENTINEL FAILOVER mymaster", "SENTINEL RESET mymaster", "SENTINEL REMOVE mymaster"]) {
        const { allowed } = yield* d().admin(d().sentinels[0]!).aclDryrun("doctor", words.split(" "))
        assert.isFalse(allowed, words)
      }
    })))

  it.live("accepted findings are left out", () =>
    Effect.scoped(Effect.gen(function*() {
      yield* Effect.acquireRelease(atReplica(set("replica-priority", "0"))(d()), () =>
        atReplica(set("replica-priority", "100"))(d()))
      const report = yield* Doctor.examine({ ...d().options, ignore: ["replica-priority-zero"] })
      assert.deepStrictEqual(report.findings, [])
    })))

  healthy(d)

  it.live("sentinels that nobody listens for, next to those that answer", () =>
    Effect.gen(function*() {
      const port = yield* freePort
      const report = yield* Doctor.examine({
        ...d().options,
        sentinels: [d().sentinelAddresses[0]!, `127.0.0.1:${port}`]
      })
      assert.deepStrictEqual(codesOf(report), ["sentinel-unreachable"])
      // The others are examined too: they are listed.
      assert.strictEqual(report.sentinels.filter(({ isReachable }) => isReachable).length, 3)
    }))
})
