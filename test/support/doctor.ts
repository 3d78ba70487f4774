/**
 * Deployments of real servers with faults for the doctor: planted at run time, found, and taken back.
 */
import { afterAll, assert, beforeAll, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Doctor from "../../src/Doctor.ts"
import { type Client, RedisClient } from "../../src/index.ts"
import type { TlsOptions } from "../../src/internal/transport/types.ts"
import { type Deployment, deployment, type DeploymentOptions, type Server } from "./processes.ts"

/** What a healthy node has, in words of its configuration. */
export const healthyNode: ReadonlyArray<string> = [
  "appendonly yes",
  "appendfsync no",
  "min-replicas-to-write 1",
  "min-replicas-max-lag 5"
]

export const password = "secret-of-nodes"
export const sentinelPassword = "secret-of-sentinels"

/** Something with a Scope that all tests of a file share. */
export const shared = <A>(make: Effect.Effect<A, unknown, Scope.Scope>): () => A => {
  const scope = Scope.makeUnsafe()
  let value: A | undefined
  beforeAll(async () => {
    value = await Effect.runPromise(Scope.provide(make, scope))
  })
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  return () => value!
}

/** A deployment with a client of each of its servers. */
export interface Examined extends Deployment {
  readonly admin: (server: Server) => Client.PrimaryClient
  /** Sends a command given as words. */
  readonly at: (server: Server, words: string) => Effect.Effect<unknown>
  readonly options: Doctor.Options
}

/** A client of one server, for commands that plant faults. */
export const adminOf = (server: Server, secret: string | undefined, tls?: TlsOptions) =>
  RedisClient.make({
    address: server.address,
    tls,
    ...(secret === undefined ? {} : { password: Redacted.make(secret) })
  })

export const wordsOf = (text: string): [string, ...Array<string>] =>
  Array.from(text.matchAll(/"([^"]*)"|(\S+)/g), ([, quoted, plain]) => quoted ?? plain!) as [string, ...Array<string>]

/** A healthy deployment, and options of the doctor for it. */
export const examined = (options: DeploymentOptions): Effect.Effect<Examined, unknown, Scope.Scope> =>
  Effect.gen(function*() {
    const d = yield* deployment({ downAfterMillis: 5000, config: healthyNode, ...options })
    const admins = new Map<Server, Client.PrimaryClient>()
    for (const node of [d.primary, ...d.replicas]) admins.set(node, yield* adminOf(node, options.password))
    for (const sentinel of d.sentinels) admins.set(sentinel, yield* adminOf(sentinel, options.sentinelPassword))
    const admin = (server: Server): Client.PrimaryClient => admins.get(server)!
    return {
      ...d,
      admin,
      at: (server, words) => Effect.orDie(admin(server).send(...wordsOf(words))),
      options: {
        sentinels: d.sentinelAddresses,
        group: d.group,
        ...(options.password === undefined ? {} : { node: { password: Redacted.make(options.password) } }),
        ...(options.sentinelPassword === undefined
          ? {}
          : { sentinel: { password: Redacted.make(options.sentinelPassword) } })
      }
    }
  })

export const codesOf = (report: Doctor.Report): ReadonlyArray<Doctor.Code> =>
  Array.from(new Set(report.findings.map(({ code }) => code))).toSorted()

/** Examines until the report is as expected: servers need a moment to notice a fault, or to recover. */
export const examinedUntil = (
  options: Doctor.Options,
  condition: (report: Doctor.Report) => boolean
): Effect.Effect<Doctor.Report> =>
  Effect.gen(function*() {
    // A sentinel whose clock or processor was taken away for two seconds notices nothing for 30 s (TILT).
    const end = performance.now() + 75_000
    while (true) {
      const report = yield* Effect.orDie(Doctor.examine(options))
      if (condition(report) || performance.now() > end) return report
      yield* Effect.sleep("100 millis")
    }
  })

export const includes = (...codes: ReadonlyArray<Doctor.Code>) => (report: Doctor.Report): boolean =>
  codes.every((code) => codesOf(report).includes(code))

/** What every finding has, whatever it is: an answer to what to do, and no secret. */
export const assertUseful = (report: Doctor.Report): void => {
  for (const finding of report.findings) {
    assert.isAbove(finding.mend.length, 0, finding.code)
    assert.isAbove(finding.saw.length, 10, finding.code)
    assert.notInclude(finding.saw, "undefined", finding.code)
    assert.notInclude(JSON.stringify(finding.mend), "undefined", finding.code)
  }
  assert.notInclude(JSON.stringify(report), "secret")
}

/** Plants a fault, finds exactly these codes, and takes the fault back. */
export const fault = (
  codes: ReadonlyArray<Doctor.Code>,
  of: () => Examined,
  plant: (d: Examined) => Effect.Effect<unknown, unknown>,
  repair: (d: Examined) => Effect.Effect<unknown, unknown>,
  options: {
    readonly examine?: (d: Examined) => Partial<Doctor.Options>
    /** Codes that may be there as well, for a moment. */
    readonly besides?: ReadonlyArray<Doctor.Code>
    readonly check?: (report: Doctor.Report, d: Examined) => void
  } = {}
): void =>
  it.live(codes.join(", "), () =>
    Effect.scoped(Effect.gen(function*() {
      const d = of()
      // The one before may not be over yet.
      yield* examinedUntil(d.options, ({ verdict }) => verdict === "healthy")
      yield* Effect.acquireRelease(plant(d), () => Effect.orDie(repair(d)))
      const besides = options.besides ?? []
      const wanted = codes.toSorted()
      const found = (report: Doctor.Report): ReadonlyArray<Doctor.Code> =>
        codesOf(report).filter((code) => codes.includes(code) || !besides.includes(code))
      const report = yield* examinedUntil(
        { ...d.options, ...options.examine?.(d) },
        (report) => found(report).join() === wanted.join()
      )
      assert.deepStrictEqual(found(report), wanted, JSON.stringify(report.findings.map(({ saw }) => saw)))
      assertUseful(report)
      options.check?.(report, d)
    })))

/** Asserts that nothing is left of a fault: the next one begins with a healthy deployment. */
export const healthy = (of: () => Examined): void =>
  it.live("a healthy deployment has no finding", () =>
    Effect.gen(function*() {
      const report = yield* examinedUntil(of().options, ({ verdict }) => verdict === "healthy")
      assert.deepStrictEqual(report.findings, [])
      assert.deepStrictEqual(report.leftOut, [])
      assert.strictEqual(report.verdict, "healthy")
      assert.deepStrictEqual(report.nodes.map(({ isReachable, role }) => [role, isReachable]), [
        ["primary", true],
        ["replica", true],
        ["replica", true]
      ])
    }))
