/** Scenes of what a server says of its commands and modules, of saving its data, and of moving keys. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { RedisClient } from "../../../src/index.ts"
import { server } from "../processes.ts"
import { anywhere, c, eventually, fails, fits, given, is, Live, scene } from "./scene.ts"
import { sameElements } from "./values.ts"

const send = (word: string, ...args: ReadonlyArray<string | number>) =>
  Effect.flatMap(Live, ({ client }) => client.send(word, ...args))

export const administration = [
  anywhere(
    "commands",
    fits(c.commandCount(), (n) => n > 200),
    fits(c.commandList(), (names) => names.length > 200 && names.includes("get")),
    fits(c.commandList({ pattern: "getd*" }), (names) => sameElements(names, "getdel")),
    fits(c.commandList({ category: "pubsub" }), (names) => names.includes("pubsub|channels")),
    is(c.commandList({ module: "none" }), []),
    fits(
      c.commandInfo("get", "none", "xread", "config|get"),
      ([get, none, xread, config]) =>
        none === null && get!.name === "get" && get!.arity === 2 && get!.flags.has("readonly") && get!.firstKey === 1 &&
        get!.categories.has("string") && get!.subcommands.length === 0 && get!.keySpecs.length === 1 &&
        get!.keySpecs[0]!.flags.has("RO") && get!.keySpecs[0]!.notes === null &&
        config!.name === "config|get" && xread!.flags.has("blocking") &&
        JSON.stringify(get!.keySpecs[0]!.begin) === "{\"type\":\"index\",\"index\":1}" &&
        JSON.stringify(get!.keySpecs[0]!.find) === "{\"type\":\"range\",\"lastKey\":0,\"keyStep\":1,\"limit\":0}" &&
        JSON.stringify(xread!.keySpecs[0]!.begin) === "{\"type\":\"keyword\",\"keyword\":\"STREAMS\",\"startFrom\":1}"
    ),
    fits(
      c.commandInfo("zunion", "config", "sort"),
      ([zunion, config, sort]) =>
        JSON.stringify(zunion!.keySpecs[0]!.find) ===
          "{\"type\":\"keynum\",\"keyNumIndex\":0,\"firstKey\":1,\"keyStep\":1}" &&
        config!.subcommands.some(({ name }) => name === "config|set") &&
        sort!.keySpecs.some(({ begin }) => begin.type === "unknown")
    ),
    fits(c.commandInfo(), (all) => all.length > 200 && all.every((one) => one !== null)),
    fits(
      c.commandDocs("set", "slaveof", "none"),
      ({ none, set, slaveof }) =>
        none === undefined && set!.group === "string" && set!.since === "1.0.0" && set!.module === null &&
        set!.history.some(({ version }) => version === "6.0.0") && set!.arguments[0]!.name === "key" &&
        set!.arguments[0]!.keySpecIndex === 0 &&
        set!.arguments.some(({ arguments: choices, flags, name, type }) =>
          name === "expiration" && type === "oneof" && flags.has("optional") &&
          choices.some(({ token }) => token === "PX")
        ) && slaveof!.docFlags.has("deprecated") && slaveof!.deprecatedSince === "5.0.0" && slaveof!.replacedBy !== null
    ),
    fits(c.commandDocs("config"), ({ config }) => config!.subcommands["config|get"]!.since === "2.0.0"),
    fits(c.commandDocs(), (all) => Object.keys(all).length > 200),
    is(c.commandGetkeys("MSET", "k", "v", "l", "w"), ["k", "l"]),
    is(c.commandGetkeysandflags("LMOVE", "k", "l", "LEFT", "RIGHT"), [
      { key: "k", flags: new Set(["RW", "access", "delete"]) },
      { key: "l", flags: new Set(["RW", "insert"]) }
    ]),
    fails(c.commandGetkeys("PING"), "ReplyError", "ERR"),
    fails(c.commandGetkeys("NONE", "k"), "ReplyError", "ERR")
  ),
  anywhere(
    "modules",
    // Redis 8 has vector sets in a module, and Valkey 9.1 its Lua.
    fits(
      c.moduleList(),
      (modules) => modules.every(({ args, name, version }) => name.length > 2 && version === 1 && args.length === 0)
    ),
    fails(c.moduleLoad("/none.so", 1), "ReplyError", "ERR"),
    fails(c.moduleLoadex("/none.so", { config: { a: "b" }, args: ["c"] }), "ReplyError", "ERR"),
    fails(c.moduleUnload("none"), "ReplyError", "ERR")
  ),
  anywhere(
    "files of the data",
    given(c.set("k", "v")),
    eventually(is(c.save(), "OK")),
    fits(c.lastsave(), (moment) => Math.abs(DateTime.toEpochMillis(moment) - Date.now()) < 60_000),
    eventually(is(c.bgsave(), "started")),
    eventually(is(c.bgsave("schedule"), "started")),
    eventually(is(c.save(), "OK")),
    eventually(is(c.bgrewriteaof(), "started"))
  ),
  scene(
    "a save that is cancelled",
    { options: ["BGSAVE CANCEL"] },
    given(c.mset({ a: 1, b: 2, c: 3 })),
    send("CONFIG", "SET", "rdb-key-save-delay", 1_000_000),
    eventually(is(c.bgsave(), "started")),
    is(c.bgsave("cancel"), "cancelled"),
    send("CONFIG", "SET", "rdb-key-save-delay", 0),
    eventually(fails(c.bgsave("cancel"), "ReplyError", "ERR"))
  ),
  anywhere(
    "databases",
    given(c.set("k", "v")),
    is(c.swapdb(0, 5), "OK"),
    is(c.exists("k"), 0),
    is(c.swapdb(5, 0), "OK"),
    is(c.exists("k"), 1),
    fails(c.swapdb(0, 99), "ReplyError", "ERR")
  ),
  anywhere(
    "a picture",
    fits(c.lolwut(), (picture) => / ver\. \d/.test(picture)),
    fits(c.lolwut({ version: 5, parameters: [40, 1, 1] }), (picture) => picture.includes("Nees"))
  ),
  anywhere(
    "keys that move to another server",
    given(c.mset({ a: "1", b: "2", KEYS: "3" })),
    Effect.gen(function*() {
      const { port } = yield* server()
      const other = yield* RedisClient.make({ address: `127.0.0.1:${port}` })
      yield* is(c.migrate("127.0.0.1", port, "a", 3, "5 seconds"), "OK")
      yield* is(c.migrate("127.0.0.1", port, "a", 3, "5 seconds"), null)
      yield* is(c.migrate("127.0.0.1", port, ["b", "KEYS"], 0, "5 seconds", { copy: true }), "OK")
      yield* fails(c.migrate("127.0.0.1", port, "b", 0, "5 seconds"), "ReplyError", "ERR")
      yield* other.send("ACL", "SETUSER", "mover", "on", ">secret", "~*", "+@all")
      yield* other.send("CONFIG", "SET", "requirepass", "password")
      const user = { username: "mover", password: Redacted.make("secret") }
      yield* is(c.migrate("127.0.0.1", port, ["b", "KEYS"], 0, "5 seconds", { replace: true, auth2: user }), "OK")
      yield* given(c.set("a", "4"))
      const auth = Redacted.make("password")
      yield* is(c.migrate("127.0.0.1", port, "a", 0, "5 seconds", { auth }), "OK")
      yield* is(c.dbsize(), 0)
    })
  )
]
