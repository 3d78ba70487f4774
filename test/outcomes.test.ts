/**
 * The table of outcomes in docs/failover.md, row by row: what becomes of a
 * command for each way in which a connection can end, and for each answer by
 * which a server can refuse it. A scripted server counts what it was sent.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { readFileSync } from "node:fs"
import { type Client, Command, commands, Connector, type Errors, Sentinel } from "../src/index.ts"
import { Requests } from "../src/testing/Reply.ts"
import { failureOf } from "./support/exit.ts"
import { timePassing } from "./support/time.ts"

/** What the script does with a request: bytes to send, the end of the connection, or nothing. */
type Action = string | "CLOSE" | "SILENCE"

interface Script {
  /** What the requests of the work were, in order; each connection has a number. */
  readonly requests: Array<string>
  readonly dial: Connector.Dial
}

const ok = "+OK\r\n"
const roleOfPrimary = "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"

/** A server that logs in whoever comes, and answers the n-th request after that as it is told. */
const scripted = (answer: (args: ReadonlyArray<string>, nth: number, connection: number) => Action): Script => {
  const requests: Array<string> = []
  let nth = 0
  let connections = 0
  const dial: Connector.Dial = () =>
    Effect.sync((): Connector.Transport => {
      const connection = connections++
      let handler: Connector.Handler | undefined
      let open = true
      const parser = new Requests((args) => {
        if (!open) return
        const name = args[0]!.toUpperCase()
        const action: Action = name === "CLIENT" && args[1]!.toUpperCase() === "ID"
          ? ":1\r\n"
          : name === "CLIENT" && args[1]!.toUpperCase() === "LIST"
          // It holds nobody back.
          ? "$0\r\n\r\n"
          : name === "CLIENT" && args[1]!.toUpperCase() === "SETINFO"
          ? ok
          : name === "ROLE"
          ? roleOfPrimary
          : name === "PING"
          ? "+PONG\r\n"
          : (requests.push(args.join(" ")), answer(args, nth++, connection))
        if (action === "SILENCE") return
        queueMicrotask(() => {
          if (!open) return
          if (action !== "CLOSE" && action !== "") handler?.data(Buffer.from(action.replace(/CLOSE$/, "")))
          if (action.endsWith("CLOSE") && open) {
            open = false
            handler?.closed(new Error("closed by the script"))
          }
        })
      })
      return {
        start: (h) => {
          handler = h
        },
        write: (chunks) => {
          for (const chunk of chunks) parser.feed(typeof chunk === "string" ? Buffer.from(chunk) : chunk)
          return true
        },
        destroy: () => {
          open = false
        }
      }
    })
  return { requests, dial }
}

const clientOf = (
  script: Script,
  options: Sentinel.NodeOptions = {}
): Effect.Effect<Client.PrimaryClient, Errors.InvalidOption, Scope.Scope> =>
  Effect.gen(function*() {
    const sentinel = yield* Sentinel.makeStatic({
      primary: "10.0.0.1:6379",
      node: { protocol: 2, pingInterval: "1 hour", stallTimeout: "1 hour", ...options }
    })
    return yield* sentinel.primaryFor("group")
  }).pipe(Effect.provideService(Connector.Connector, script.dial))

const whileTimePasses = timePassing("5 millis")

const write = commands.set("k", "v")
const read = commands.get("k")
const repeatable = Command.repeatable(write)

const documented = readFileSync(new URL("../docs/failover.md", import.meta.url), "utf8")

/** The row of the documentation that begins with a cell. */
const rowOf = (cell: string): ReadonlyArray<string> => {
  const line = documented.split("\n").find((l) => l.startsWith(`| ${cell} |`))
  assert.isDefined(line, `docs/failover.md has no row for ${cell}`)
  return line!.split("|").slice(1, -1).map((c) => c.trim())
}

describe("what a server answers", () => {
  const answers: ReadonlyArray<
    readonly [code: string, reply: string, outcome: "sent again elsewhere" | "sent again there" | "rejected"]
  > = [
    ["READONLY", "READONLY You can't write against a read only replica.", "sent again elsewhere"],
    ["LOADING", "LOADING Redis is loading the dataset in memory", "sent again elsewhere"],
    [
      "MASTERDOWN",
      "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
      "sent again elsewhere"
    ],
    ["NOREPLICAS", "NOREPLICAS Not enough good replicas to write.", "sent again there"],
    ["TRYAGAIN", "TRYAGAIN Multiple keys request during rehashing of slot", "sent again there"],
    ["CLUSTERDOWN", "CLUSTERDOWN The cluster is down", "sent again there"],
    [
      "BUSY",
      "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
      "sent again there"
    ],
    ["OOM", "OOM command not allowed when used memory > 'maxmemory'.", "rejected"],
    ["MISCONF", "MISCONF Redis is configured to save RDB snapshots", "rejected"],
    ["NOSCRIPT", "NOSCRIPT No matching script.", "rejected"],
    ["WRONGTYPE", "WRONGTYPE Operation against a key holding the wrong kind of value", "rejected"]
  ]
  for (const [code, reply, outcome] of answers) {
    it.effect(`${code}: not executed, ${outcome}`, () =>
      Effect.gen(function*() {
        const script = scripted((_args, nth) => nth === 0 ? `-${reply}\r\n` : ok)
        const redis = yield* clientOf(script)
        const exit = yield* whileTimePasses(Effect.exit(redis.run(write)))
        assert.include(rowOf(`\`${code}\``)[1]!, outcome)
        if (outcome === "rejected") {
          const error = failureOf(exit)
          assert.strictEqual(error._tag === "ReplyError" ? error.code : error._tag, code)
          assert.strictEqual(script.requests.length, 1)
        } else {
          assert.deepStrictEqual(exit, Exit.succeed("OK"))
          assert.strictEqual(script.requests.length, 2)
        }
      }))

    it.effect(`${code} without end: ${outcome === "rejected" ? "rejected" : "DeadlineExceeded, with the server's words"}`, () =>
      Effect.gen(function*() {
        const script = scripted(() => `-${reply}\r\n`)
        const redis = yield* clientOf(script, { commandTimeout: "200 millis" })
        const error = failureOf(yield* whileTimePasses(Effect.exit(redis.run(write))))
        assert.strictEqual(error._tag, outcome === "rejected" ? "ReplyError" : "DeadlineExceeded")
        assert.include(error.message, reply)
        // Nobody is asked without pause.
        assert.isBelow(script.requests.length, 30)
      }))
  }

  it.effect("EXECABORT: nothing is executed; the transaction fails with the first error", () =>
    Effect.gen(function*() {
      assert.include(rowOf("`EXECABORT`")[1]!, "rejected")
      const script = scripted((args) =>
        args[0] === "MULTI"
          ? ok
          : args[0] === "EXEC"
          ? "-EXECABORT Transaction discarded because of previous errors.\r\n"
          : "-ERR wrong number of arguments for 'set' command\r\n"
      )
      const redis = yield* clientOf(script)
      const error = failureOf(yield* Effect.exit(redis.transaction([write])))
      assert.strictEqual(error._tag, "ReplyError")
      assert.include(error.message, "wrong number of arguments")
      assert.deepStrictEqual(script.requests, ["MULTI", "SET k v", "EXEC"])
    }))

  it.effect("EXECABORT because of READONLY: sent again as a whole", () =>
    Effect.gen(function*() {
      const script = scripted((args, _nth, connection) =>
        args[0] === "MULTI"
          ? ok
          : args[0] !== "EXEC"
          ? "+QUEUED\r\n"
          : connection === 0
          ? "-EXECABORT Transaction discarded because of: READONLY You can't write against a read only replica.\r\n"
          : "*1\r\n+OK\r\n"
      )
      const redis = yield* clientOf(script)
      assert.deepStrictEqual(yield* whileTimePasses(redis.transaction([write])), ["OK"])
      assert.strictEqual(script.requests.filter((r) => r === "EXEC").length, 2)
    }))

  it.effect("a refusal before EXEC: sent again as a whole", () =>
    Effect.gen(function*() {
      const script = scripted((args, _nth, connection) =>
        args[0] === "MULTI"
          ? ok
          : connection === 0
          ? args[0] === "EXEC"
            ? "-EXECABORT Transaction discarded because of previous errors.\r\n"
            : "-READONLY You can't write against a read only replica.\r\n"
          : args[0] === "EXEC"
          ? "*1\r\n+OK\r\n"
          : "+QUEUED\r\n"
      )
      const redis = yield* clientOf(script)
      assert.deepStrictEqual(yield* whileTimePasses(redis.transaction([write])), ["OK"])
    }))

  it.effect("UNBLOCKED because the server became a replica: the wait continues; because of CLIENT UNBLOCK: rejected", () =>
    Effect.gen(function*() {
      assert.include(rowOf("`UNBLOCKED`")[1]!, "goes on")
      const forced = scripted((_args, nth) =>
        nth === 0
          ? "-UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)\r\nCLOSE"
          : "*2\r\n$1\r\nq\r\n$1\r\nx\r\n"
      )
      const redis = yield* clientOf(forced)
      assert.deepStrictEqual(yield* whileTimePasses(redis.blpop(["q"], "5 seconds")), ["q", "x"])
      assert.strictEqual(forced.requests.length, 2)
      const wished = scripted(() => "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n")
      const other = yield* clientOf(wished)
      const error = failureOf(yield* whileTimePasses(Effect.exit(other.blpop(["q"], "5 seconds"))))
      assert.strictEqual(error._tag === "ReplyError" ? error.code : error._tag, "UNBLOCKED")
      assert.strictEqual(wished.requests.length, 1)
    }))
})

describe("how a connection ends", () => {
  const multi = (last: Action) => (args: ReadonlyArray<string>, _nth: number, connection: number): Action =>
    args[0] === "MULTI" ? ok : args[0] !== "EXEC" ? "+QUEUED\r\n" : connection === 0 ? last : "*1\r\n+OK\r\n"

  const ends: ReadonlyArray<readonly [row: string, action: Action, options?: Sentinel.NodeOptions]> = [
    ["closed before any of the reply came", "CLOSE"],
    ["closed in the middle of the reply", "$5\r\nhelCLOSE"],
    ["silent, and closed by the client after `stallTimeout`", "SILENCE", { stallTimeout: "100 millis" }],
    ["the reply is not RESP", "?what\r\n"]
  ]
  for (const [row, action, options] of ends) {
    const once = scripted.bind(
      undefined,
      (args: ReadonlyArray<string>, nth: number) => nth === 0 ? action : args[0] === "GET" ? "$1\r\nv\r\n" : ok
    )

    it.effect(`${row}: a read is sent again`, () =>
      Effect.gen(function*() {
        assert.strictEqual(rowOf(row)[1], "sent again")
        const script = once()
        const redis = yield* clientOf(script, options)
        assert.strictEqual(yield* whileTimePasses(redis.run(read)), "v")
        assert.deepStrictEqual(script.requests, ["GET k", "GET k"])
      }))

    it.effect(`${row}: a write is ambiguous, and sent once`, () =>
      Effect.gen(function*() {
        assert.strictEqual(rowOf(row)[2], "`AmbiguousOutcome`")
        const script = once()
        const redis = yield* clientOf(script, options)
        const error = failureOf(yield* whileTimePasses(Effect.exit(redis.run(write))))
        assert.strictEqual(error._tag, "AmbiguousOutcome")
        assert.deepStrictEqual(script.requests, ["SET k v"])
      }))

    it.effect(`${row}: a write that may be repeated is sent again`, () =>
      Effect.gen(function*() {
        assert.strictEqual(rowOf(row)[3], "sent again")
        for (
          const allowed of [
            (redis: Client.PrimaryClient) => redis.run(repeatable),
            (redis: Client.PrimaryClient) => redis.repeatable(write)
          ]
        ) {
          const script = once()
          assert.strictEqual(yield* whileTimePasses(Effect.flatMap(clientOf(script, options), allowed)), "OK")
          assert.strictEqual(script.requests.length, 2)
        }
        for (const repeatable of [true, (command: Command.Any) => command.spec.name === "SET"]) {
          const script = once()
          const redis = yield* clientOf(script, { ...options, repeatable })
          assert.strictEqual(yield* whileTimePasses(redis.run(write)), "OK")
          assert.strictEqual(script.requests.length, 2)
        }
        const script = once()
        const redis = yield* clientOf(script, { ...options, repeatable: (command) => command.spec.name === "GET" })
        assert.strictEqual(failureOf(yield* whileTimePasses(Effect.exit(redis.run(write))))._tag, "AmbiguousOutcome")
      }))

    it.effect(`${row}: a transaction is ambiguous as a whole, one of reads is sent again`, () =>
      Effect.gen(function*() {
        assert.strictEqual(rowOf(row)[4], "`AmbiguousOutcome`, as a whole")
        const script = scripted(multi(action))
        const redis = yield* clientOf(script, options)
        const error = failureOf(yield* whileTimePasses(Effect.exit(redis.transaction([write]))))
        assert.strictEqual(error._tag, "AmbiguousOutcome")
        assert.strictEqual(script.requests.filter((r) => r === "EXEC").length, 1)
        const reads = scripted((args, _nth, connection) =>
          args[0] === "EXEC" && connection > 0 ? "*1\r\n$1\r\nv\r\n" : multi(action)(args, _nth, connection)
        )
        const other = yield* clientOf(reads, options)
        assert.deepStrictEqual(yield* whileTimePasses(other.transaction([read])), ["v"])
      }))

    it.effect(`${row}: on a reserved connection a read fails with the loss, a write is ambiguous`, () =>
      Effect.gen(function*() {
        assert.strictEqual(rowOf(row)[5], "a read: `ConnectionLost` or `ProtocolError`; a write: `AmbiguousOutcome`")
        for (const command of [read, write]) {
          const script = once()
          const redis = yield* clientOf(script, options)
          const exit = yield* whileTimePasses(
            Effect.exit(
              Effect.scoped(Effect.flatMap(redis.reserve, (reserved) => reserved.run(command as typeof write)))
            )
          )
          const error = failureOf(exit)
          if (command === write) assert.strictEqual(error._tag, "AmbiguousOutcome")
          else assert.include(["ConnectionLost", "ProtocolError"], error._tag)
          assert.strictEqual(script.requests.length, 1)
        }
      }))
  }

  it.effect("the client's Scope closes: a written write without a reply is ambiguous, the rest was not executed", () =>
    Effect.gen(function*() {
      const row = rowOf("the client's Scope closes")
      assert.deepStrictEqual([row[1], row[2]], ["`ClientClosed`", "`AmbiguousOutcome`"])
      const script = scripted(() => "SILENCE")
      const scope = yield* Scope.make()
      const redis = yield* clientOf(script).pipe(Scope.provide(scope))
      const fibers = yield* Effect.forEach(
        [read, write],
        (command) => Effect.forkChild(Effect.exit(redis.run(command as typeof write)), { startImmediately: true })
      )
      while (script.requests.length < 2) yield* Effect.yieldNow
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(failureOf(yield* Fiber.join(fibers[0]!))._tag, "ClientClosed")
      assert.strictEqual(failureOf(yield* Fiber.join(fibers[1]!))._tag, "AmbiguousOutcome")
      assert.strictEqual(failureOf(yield* Effect.exit(redis.run(write)))._tag, "ClientClosed")
    }))

  it.effect("the command's time passes: a write that was written is ambiguous, a read changed nothing", () =>
    Effect.gen(function*() {
      const row = rowOf("the command's time passes")
      assert.deepStrictEqual([row[1], row[2], row[3]], [
        "`DeadlineExceeded`",
        "`AmbiguousOutcome`",
        "`AmbiguousOutcome`"
      ])
      const script = scripted(() => "SILENCE")
      const redis = yield* clientOf(script, { commandTimeout: "100 millis" })
      for (
        const [command, tag] of [[read, "DeadlineExceeded"], [write, "AmbiguousOutcome"], [
          repeatable,
          "AmbiguousOutcome"
        ]] as const
      ) {
        const exit = yield* whileTimePasses(Effect.exit(redis.run(command as typeof write)))
        assert.strictEqual(failureOf(exit)._tag, tag)
      }
    }))
})
