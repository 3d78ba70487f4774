/**
 * The doctor on deployments in memory: its options, a deployment that hangs, and what a fault of the kit looks like to it.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import * as Doctor from "../src/Doctor.ts"
import { RedisClient } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"
import { failureOf } from "./support/exit.ts"

const codesOf = ({ findings }: Doctor.Report): ReadonlyArray<Doctor.Code> => findings.map(({ code }) => code)

/** A deployment whose nodes are configured as they should be. */
const configured = (options: Testing.Options = {}) =>
  Effect.gen(function*() {
    const deployment = yield* Testing.Deployment
    for (const address of deployment.nodes) {
      const node = yield* RedisClient.make({
        address,
        ...(options.password === undefined ? {} : { password: Redacted.make(options.password) })
      })
      yield* node.configSet({ appendonly: "yes", "min-replicas-to-write": 1, "min-replicas-max-lag": 5 })
    }
    return deployment
  })

const within = <A, E, R>(
  options: Testing.Options,
  body: Effect.Effect<A, E, R>
) => Effect.scoped(body).pipe(Effect.provide(Testing.layer({ downAfter: "5 seconds", ...options })))

describe("the doctor in memory", () => {
  it.live("has nothing to say about a deployment that is configured well", () =>
    within(
      {},
      Effect.gen(function*() {
        const { group, sentinels } = yield* configured()
        // One is enough: it lists the others.
        const report = yield* Doctor.examine({ sentinels: sentinels.slice(0, 1), group })
        assert.deepStrictEqual(report.findings, [])
        assert.deepStrictEqual(report.leftOut, [])
        assert.strictEqual(report.sentinels.length, 3)
      })
    ))

  it.effect("ends within 8 seconds when the sentinels hang, and when the nodes do", () =>
    within(
      {},
      Effect.gen(function*() {
        const deployment = yield* Testing.Deployment
        const { group, nodes, sentinels } = deployment
        /** The report, and how long it took in virtual time. */
        const examined = (given: ReadonlyArray<string>) =>
          Effect.gen(function*() {
            const fiber = yield* Effect.forkChild(Doctor.examine({ sentinels: given, group }), {
              startImmediately: true
            })
            let millis = 0
            while (fiber.pollUnsafe() === undefined && millis < 20_000) {
              yield* TestClock.adjust("50 millis")
              millis += 50
            }
            return { report: yield* Fiber.join(fiber), millis }
          })
        for (const node of nodes) yield* deployment.hang(node)
        const nodesHang = yield* examined(sentinels)
        assert.include(codesOf(nodesHang.report), "address-unreachable")
        assert.isAtMost(nodesHang.millis, 8000)
        assert.strictEqual(nodesHang.report.nodes.length, 3)
        // One step after another hangs: of the sentinels that are listed, and of the nodes.
        for (const sentinel of sentinels.slice(1)) yield* deployment.hang(sentinel)
        const mostHang = yield* examined(sentinels.slice(0, 1))
        assert.include(codesOf(mostHang.report), "address-unreachable")
        assert.isAtMost(mostHang.millis, 8000)
        yield* deployment.hang(sentinels[0]!)
        const allHang = yield* examined(sentinels)
        assert.deepStrictEqual(codesOf(allHang.report), ["sentinels-unreachable"])
        assert.strictEqual(allHang.report.verdict, "not-examined")
        assert.isAtMost(allHang.millis, 8000)
      })
    ))

  it.live("finds what the kit can break", () =>
    within(
      { quorum: 1 },
      Effect.gen(function*() {
        const deployment = yield* configured()
        const { group, nodes, sentinels } = deployment
        const examine = Doctor.examine({ sentinels, group })
        assert.deepStrictEqual(codesOf(yield* examine), ["quorum-of-one"])
        yield* deployment.lie(sentinels[0]!, { primary: { host: "10.0.0.3", port: 6379 } })
        assert.include(codesOf(yield* examine), "primary-disagreement")
        yield* deployment.lie(sentinels[0]!, { unknownGroup: true })
        assert.include(codesOf(yield* examine), "group-unknown")
        yield* deployment.lie(sentinels[0]!, {})
        yield* deployment.load(nodes[1]!)
        assert.include(codesOf(yield* examine), "node-loading")
        yield* deployment.load(nodes[1]!, false)
        // Some sentinels say a name, and others the address.
        yield* deployment.announce(sentinels[0]!, { "10.0.0.2": "nowhere.invalid" })
        assert.deepStrictEqual(codesOf(yield* examine), ["address-unreachable", "quorum-of-one"])
      })
    ))

  it.live("shows no password, right or wrong", () =>
    within(
      { password: "hunter2-nodes", sentinelPassword: "hunter2-sentinels" },
      Effect.gen(function*() {
        const { group, sentinels } = yield* configured({ password: "hunter2-nodes" })
        const cases: ReadonlyArray<Partial<Doctor.Options>> = [
          {
            node: { password: Redacted.make("hunter2-nodes") },
            sentinel: { password: Redacted.make("hunter2-sentinels") }
          },
          {
            node: { password: Redacted.make("hunter2-x") },
            sentinel: { password: Redacted.make("hunter2-sentinels") }
          },
          { node: {}, sentinel: { password: Redacted.make("hunter2-sentinels") } },
          { sentinel: { username: "hunter", password: Redacted.make("hunter2-y") } },
          {}
        ]
        const seen: Array<ReadonlyArray<Doctor.Code>> = []
        for (const options of cases) {
          const report = yield* Doctor.examine({ sentinels, group, ...options })
          assert.notInclude(JSON.stringify(report), "hunter2")
          seen.push(codesOf(report))
        }
        assert.deepStrictEqual(seen.slice(1), [["auth-failed"], ["auth-required"], ["auth-failed"], ["auth-required"]])
      })
    ))

  it.effect("names the option that is wrong, and repeats no value", () =>
    Effect.gen(function*() {
      const good = { sentinels: ["10.0.0.1"], group: "g" }
      const cases: ReadonlyArray<readonly [option: string, options: unknown]> = [
        ["options", 1],
        ["sentinels", { group: "g" }],
        ["sentinels", { ...good, sentinels: [] }],
        ["sentinels[1]", { ...good, sentinels: ["a", "user:secret@b"] }],
        ["group", { ...good, group: "a b" }],
        ["group", { sentinels: ["a"] }],
        ["node.username", { ...good, node: { username: "u" } }],
        ["sentinel.password", { ...good, sentinel: { password: "secret" } }],
        ["natMap (entry 1)", { ...good, natMap: { "a:1": "secret@b" } }],
        ["ignore[0]", { ...good, ignore: ["secret"] }],
        ["timeout", { ...good, timeout: "10 millis" }],
        ["timeout", { ...good, timeout: "10 minutes" }]
      ]
      for (const [option, options] of cases) {
        const exit = yield* Effect.exit(Doctor.examine(options as Doctor.Options))
        assert.isTrue(Exit.isFailure(exit), option)
        const error = failureOf(exit)
        assert.strictEqual(error.option, option)
        assert.notInclude(error.message, "secret")
      }
    }))
})
