/**
 * ACL, CONFIG, INFO and the CLIENT commands: what they decode on a node of the test kit, in both protocols, with the
 * scenes of test/support/live; what odd replies are; and that no message has a password.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { inspect } from "node:util"
import { Command, commands, Errors, RedisClient, Resp } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"
import { acl } from "./support/live/acl.ts"
import { connection } from "./support/live/connection.ts"
import { info } from "./support/live/info.ts"
import { pubSub } from "./support/live/pubSub.ts"
import { Live } from "./support/live/scene.ts"

/** What a node in memory does not have: files, rules on databases, modules, and fields of later servers in CLIENT LIST. */
const notInMemory: ReadonlySet<string> = new Set([
  "the file of users",
  "databases",
  "its modules",
  "a session that leaves the use of keys as it is",
  "connections by their other properties"
])

const node = Effect.map(
  Effect.orDie(Testing.make({ replicas: 0, sentinels: 0, tcp: true })),
  (deployment) => deployment.nodes[0]!
)

describe("on a node of the test kit", () => {
  for (const [family, scenes] of Object.entries({ acl, connection, info, pubSub })) {
    for (const scene of scenes.filter(({ name }) => !notInMemory.has(name))) {
      it.live(`${family}: ${scene.name}`, () =>
        Effect.scoped(Effect.gen(function*() {
          const address = yield* node
          for (const protocol of [2, 3] as const) {
            const client = yield* RedisClient.make({ address, protocol })
            const other = yield* RedisClient.make({ address, protocol })
            for (const bytes of [false, true]) {
              yield* client.flushall()
              yield* Effect.forEach(scene.steps, (step) => step, { discard: true }).pipe(
                Effect.provideService(Live, {
                  redis: client,
                  client,
                  other,
                  bytes,
                  seen: [],
                  covered: new Set<string>()
                }),
                Effect.scoped
              )
            }
          }
        })))
    }
  }
})

const decode = <A>(command: Command.Command<A, any, any>, reply: Resp.Value): A => command.spec.decode(reply, false)

const mismatch = (command: Command.Any, reply: Resp.Value): string => {
  try {
    return inspect(decode(command, reply))
  } catch (error) {
    assert.instanceOf(error, Command.Mismatch)
    return (error as Command.Mismatch).expected
  }
}

const line =
  "id=3 addr=127.0.0.1:1 laddr=127.0.0.1:2 fd=8 name= age=5 idle=2 flags=xb db=0 sub=0 psub=0 ssub=0 multi=2 qbuf=26 " +
  "qbuf-free=20448 argv-mem=10 multi-mem=0 rbs=16384 rbp=16384 obl=0 oll=0 omem=0 tot-mem=37658 events=r cmd=NULL " +
  "user=default redir=-1 resp=2"

describe("replies", () => {
  it("CLIENT INFO: what only later servers say is null before; fields of servers to come are kept", () => {
    const old = decode(commands.clientInfo(), line)
    assert.strictEqual(old.name, null)
    assert.strictEqual(old.cmd, null)
    assert.strictEqual(old.multi, 2)
    assert.strictEqual(old.redir, null)
    assert.deepStrictEqual(old.flags, new Set(["x", "b"]))
    assert.deepStrictEqual([old.watch, old.libName, old.ioThread, old.capa, old.totCmds], [
      null,
      null,
      null,
      null,
      null
    ])
    assert.deepStrictEqual(old.age, Duration.seconds(5))
    const later = decode(
      commands.clientInfo(),
      `${line} watch=1 lib-name=x lib-ver=1.0 io-thread=2 capa=r tot-net-in=5 tot-net-out=6 tot-cmds=7 new=a=b __proto__=p\n`
    )
    assert.deepStrictEqual(
      [later.watch, later.libName, later.libVer, later.ioThread, later.totNetIn, later.totNetOut, later.totCmds],
      [1, "x", "1.0", 2, 5, 6, 7]
    )
    assert.deepStrictEqual(later.capa, new Set(["r"]))
    assert.strictEqual(later.fields["new"], "a=b")
    assert.strictEqual(Object.getOwnPropertyDescriptor(later.fields, "__proto__")?.value, "p")
  })

  it("CLIENT LIST: lines that are none are a mismatch", () => {
    assert.deepStrictEqual(decode(commands.clientList(), ""), [])
    assert.strictEqual(decode(commands.clientList(), `${line}\n${line}\n`).length, 2)
    assert.strictEqual(mismatch(commands.clientList(), "what"), "a connection with the field cmd")
    assert.strictEqual(
      mismatch(commands.clientList(), line.replace("id=3", "id=x")),
      "a connection whose id is a number"
    )
    assert.strictEqual(mismatch(commands.clientList(), 5), mismatch(commands.clientList(), "5"))
    assert.strictEqual(mismatch(commands.clientList(), null), "a string")
  })

  it("INFO: numbers are numbers; versions, ids and addresses never are", () => {
    const { replication, server, ...others } = decode(
      commands.info("server", "replication"),
      [
        "# Server",
        "redis_version:8",
        "redis_git_sha1:12345678",
        "redis_build_id:1234567890123456",
        "run_id:0123456789012345678901234567890123456789",
        "tcp_port:6379",
        "zero:0",
        "padded:007",
        "negative:-1",
        "fraction:0.50",
        "exponent:1e5",
        "hex:0x10",
        "huge:12345678901234567890",
        "beyond:9007199254740993",
        "percent:5.00%",
        "empty:",
        "executable:/a=b,c=d",
        "colons:a:b",
        "listener0:name=tcp,bind=*,bind=-::*,port=6379",
        "__proto__:1",
        "# Replication",
        "role:master",
        "master_host:10",
        "master_replid:1",
        "slave0:ip=10,port=6380,state=online,offset=5,lag=0,type=replica",
        "slave1:ip=::1,port=6381,state=wait_bgsave,offset=0,lag=1",
        "slave_priority:100",
        "no colon",
        "# search_index",
        "count:3"
      ].join("\r\n")
    )
    assert.deepStrictEqual<unknown>(
      { ...server },
      Object.fromEntries([
        ["redis_version", "8"],
        ["redis_git_sha1", "12345678"],
        ["redis_build_id", "1234567890123456"],
        ["run_id", "0123456789012345678901234567890123456789"],
        ["tcp_port", 6379],
        ["zero", 0],
        ["padded", "007"],
        ["negative", -1],
        ["fraction", 0.5],
        ["exponent", "1e5"],
        ["hex", "0x10"],
        ["huge", "12345678901234567890"],
        ["beyond", "9007199254740993"],
        ["percent", "5.00%"],
        ["empty", ""],
        ["executable", "/a=b,c=d"],
        ["colons", "a:b"],
        ["listener0", { name: "tcp", bind: ["*", "-::*"], port: 6379 }],
        ["__proto__", 1]
      ])
    )
    assert.deepStrictEqual<unknown>(replication, {
      role: "master",
      master_host: "10",
      master_replid: "1",
      slave_priority: 100,
      replicas: [
        { ip: "10", port: 6380, state: "online", offset: 5, lag: 0, type: "replica" },
        { ip: "::1", port: 6381, state: "wait_bgsave", offset: 0, lag: 1 }
      ]
    })
    assert.deepStrictEqual<unknown>(others, { search_index: { count: 3 } })
  })

  it("INFO: statistics by command, keys by database, modules as a list", () => {
    const all = decode(
      commands.info("commandstats", "errorstats", "latencystats", "keyspace", "modules"),
      [
        "# Commandstats",
        "cmdstat_config|get:calls=2,usec=10,usec_per_call=5.00,rejected_calls=0,failed_calls=1",
        "# Errorstats",
        "errorstat_ERR:count=7",
        "# Latencystats",
        "latency_percentiles_usec_get:p50=1.003,p99=9.023,p99.9=9.023",
        "# Keyspace",
        "db0:keys=2,expires=1,avg_ttl=96198",
        "# Modules",
        "module:name=lua,ver=1,api=1,filters=0,usedby=[a|b],using=[],options=[handle-io-errors|x]",
        "module:name=other,ver=20811,api=1,filters=2,usedby=[],using=[],options=[]"
      ].join("\r\n")
    )
    assert.deepStrictEqual<unknown>(all, {
      commandstats: {
        "config|get": { calls: 2, usec: 10, usec_per_call: 5, rejected_calls: 0, failed_calls: 1 }
      },
      errorstats: { ERR: { count: 7 } },
      latencystats: { get: { p50: Duration.nanos(1003n), p99: Duration.nanos(9023n), "p99.9": Duration.nanos(9023n) } },
      keyspace: { db0: { keys: 2, expires: 1, avg_ttl: 96_198 } },
      modules: [
        { name: "lua", ver: 1, api: 1, filters: 0, usedby: ["a", "b"], using: [], options: ["handle-io-errors", "x"] },
        { name: "other", ver: 20_811, api: 1, filters: 2, usedby: [], using: [], options: [] }
      ]
    })
  })

  it("INFO: a known section that was asked for is there, or the reply is a mismatch", () => {
    assert.strictEqual(mismatch(commands.info("memory"), "# Server\r\na:1\r\n"), "a section memory")
    assert.deepStrictEqual<unknown>(decode(commands.info("search"), ""), {})
    assert.deepStrictEqual<unknown>(decode(commands.info(), "what"), {})
    assert.strictEqual(mismatch(commands.info(), null), "a string")
  })

  it("ACL: users in odd forms", () => {
    const bare = ["commands", "-@all", "keys", "", "channels", ""]
    const read = decode(commands.aclGetuser("u"), [
      "flags",
      ["off"],
      "passwords",
      [],
      ...bare,
      "databases",
      "db=1,2",
      "selectors",
      [[...bare, "databases", ""]],
      "later",
      1
    ])
    assert.deepStrictEqual(read?.databases, [1, 2])
    assert.deepStrictEqual(read?.selectors, [{ commands: ["-@all"], keys: [], channels: [], databases: [] }])
    assert.strictEqual(mismatch(commands.aclGetuser("u"), []), "a field commands")
    assert.strictEqual(
      mismatch(commands.aclGetuser("u"), ["flags", [], "passwords", [], ...bare, "databases", "db=x", "selectors", []]),
      "numbers of databases"
    )
    assert.strictEqual(mismatch(commands.aclList(), ["what"]), "the line of a user")
    assert.strictEqual(mismatch(commands.aclDryrun("u", ["GET"]), null), "a string")
    assert.strictEqual(mismatch(commands.aclLog(), [["count", 1]]), "a field reason")
  })
})

const failureOf = (exit: Exit.Exit<unknown, Errors.RedisError>): Errors.RedisError =>
  Exit.isFailure(exit) ? Option.getOrThrow(Cause.findErrorOption(exit.cause)) : assert.fail("it succeeds")

describe("secrets", () => {
  it.live("no message and no result shows a password or its hash", () =>
    Effect.scoped(Effect.gen(function*() {
      const secret = "s3cret-of-nobody"
      const address = yield* node
      const redis = yield* RedisClient.make({ address })
      yield* redis.aclSetuser("u", ["on", ["addPassword", Redacted.make(secret)]])
      const results = [yield* redis.aclGetuser("u"), yield* redis.aclList(), yield* redis.aclGenpass()]
      const shown = inspect(results, { depth: 10 }) + JSON.stringify(results)
      assert.notMatch(shown, /[0-9a-f]{32}/)
      const messages: Array<string> = []
      for (
        const command of [
          commands.aclSetuser("u", [["removePassword", Redacted.make(`${secret}-`)]]),
          commands.aclSetuser("u", [["addHash", Redacted.make(secret)]]),
          commands.aclSetuser("u", [`(>${secret})`]),
          Command.raw("ACL SETUSER", ["u", secret]),
          Command.raw("ACL", ["SETUSER", "u", `<${secret}-`]),
          Command.raw("ACL SETUSER", ["u", `(>${secret}`]),
          commands.configSet({ requirepass: Redacted.make(secret), maxmemory: "x" })
        ]
      ) {
        const error = failureOf(yield* Effect.exit(redis.run(command)))
        assert.strictEqual(error._tag, "ReplyError")
        messages.push(String(error), inspect(error), JSON.stringify(error))
      }
      assert.notInclude(messages.join("\n"), secret)
      const rule = failureOf(yield* Effect.exit(redis.aclSetuser("u", ["+nosuchcommand"])))
      assert.include(rule.message, "'+nosuchcommand': Unknown command")
    })))

  it.live("a command that changes the session runs on a reserved connection only", () =>
    Effect.scoped(Effect.gen(function*() {
      const redis = yield* RedisClient.make({ address: yield* node })
      for (const command of [commands.clientSetname("x"), commands.clientNoEvict(true), commands.clientNoTouch(true)]) {
        assert.strictEqual(failureOf(yield* Effect.exit(redis.run(command)))._tag, "InvalidCommand")
      }
      const reserved = yield* redis.reserve
      assert.strictEqual(yield* reserved.clientSetname("x"), "OK")
      assert.strictEqual(yield* reserved.clientGetname(), "x")
    })))
})
