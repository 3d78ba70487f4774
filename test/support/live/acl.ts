/** Scenes of the users of a server. */
import { assert } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { createHash } from "node:crypto"
import { anywhere, c, fails, fits, given, is, Live, result, scene } from "./scene.ts"

const password = Redacted.make("open sesame")
const hash = createHash("sha256").update("open sesame").digest("hex")

const valuesOf = (secrets: ReadonlyArray<Redacted.Redacted<string>>): ReadonlyArray<string> =>
  secrets.map(Redacted.value)

export const acl = [
  anywhere(
    "users",
    is(c.aclWhoami(), "default"),
    is(c.aclUsers(), ["default"]),
    is(
      c.aclSetuser("app", ["on", ["addPassword", password], "~app:*", "%R~shared:*", "&news", "+get", "(+ping ~x)"]),
      "OK"
    ),
    is(c.aclUsers(), ["app", "default"]),
    fits(
      c.aclGetuser("app"),
      (user) =>
        user !== null && user.flags.has("on") && !user.flags.has("nopass") &&
        valuesOf(user.passwords).join() === hash &&
        user.commands.join(" ") === "-@all +get" && user.keys.join(" ") === "~app:* %R~shared:*" &&
        user.channels.join(" ") === "&news" && user.selectors.length === 1 &&
        user.selectors[0]!.commands.join(" ") === "-@all +ping" && user.selectors[0]!.keys.join(" ") === "~x" &&
        (user.databases === null || user.databases === "all")
    ),
    is(c.aclGetuser("absent"), null),
    fits(
      c.aclList(),
      ([app, other]) =>
        app!.username === "app" && valuesOf(app!.passwords).join() === hash && app!.rules.includes("~app:*") &&
        app!.rules[0] === "on" && app!.rules.at(-1)!.startsWith("(~x") && other!.username === "default" &&
        other!.rules.includes("nopass") && other!.passwords.length === 0
    ),
    is(c.aclDryrun("app", c.get("app:1")), { allowed: true, reason: null }),
    fits(
      c.aclDryrun("app", ["SET", "app:1", "x"]),
      ({ allowed, reason }) => !allowed && reason!.includes("'set' command")
    ),
    fails(c.aclDryrun("absent", c.ping()), "ReplyError", "ERR"),
    is(c.aclSetuser("app", [["removePassword", password], ["addHash", Redacted.make(hash)]]), "OK"),
    is(c.aclSetuser("app", [["removeHash", Redacted.make(hash)], "nopass", "reset"]), "OK"),
    fails(c.aclSetuser("app", [["removePassword", password]]), "ReplyError", "ERR"),
    is(c.aclDeluser("app", "absent"), 1),
    fails(c.aclDeluser("default"), "ReplyError", "ERR")
  ),
  anywhere(
    "categories and passwords",
    fits(c.aclCat(), (categories) => categories.includes("geo") && categories.includes("dangerous")),
    fits(c.aclCat("hyperloglog"), (names) => names.includes("pfadd") && !names.includes("get")),
    fails(c.aclCat("absent"), "ReplyError", "ERR"),
    fits(c.aclGenpass(), (secret) => /^[0-9a-f]{64}$/.test(Redacted.value(secret))),
    fits(c.aclGenpass(5), (secret) => /^[0-9a-f]{2}$/.test(Redacted.value(secret))),
    fails(c.aclGenpass(5000), "ReplyError", "ERR")
  ),
  anywhere(
    "the log",
    is(c.aclLogReset(), "OK"),
    is(c.aclLog(), []),
    given(c.aclSetuser("app", ["on", "nopass", "+ping", "+@connection"])),
    Effect.gen(function*() {
      const { client } = yield* Live
      const reserved = yield* client.reserve
      yield* Effect.flip(reserved.send("AUTH", "app", "x", "y"))
      yield* reserved.send("AUTH", "app", "anything")
      yield* Effect.flip(reserved.get("a key"))
      yield* Effect.flip(reserved.get("a key"))
      const [entry] = yield* result(c.aclLog(1))
      assert.strictEqual(entry!.reason, "command")
      assert.strictEqual(entry!.context, "toplevel")
      assert.strictEqual(entry!.object, "get")
      assert.strictEqual(entry!.username, "app")
      assert.strictEqual(entry!.count, 2)
      assert.isBelow(Duration.toSeconds(entry!.age), 10)
      assert.strictEqual(entry!.client.user, "app")
      if (entry!.created !== null) {
        assert.isBelow(Math.abs(DateTime.toEpochMillis(entry!.created) - Date.now()), 60_000)
        assert.isAtLeast(DateTime.toEpochMillis(entry!.lastUpdated!), DateTime.toEpochMillis(entry!.created))
        assert.isNumber(entry!.entryId)
      }
    }),
    fits(c.aclLog(), (entries) => entries.length === 1),
    is(c.aclLog(0), []),
    is(c.aclLogReset(), "OK"),
    is(c.aclDeluser("app"), 1)
  ),
  anywhere(
    "the file of users",
    is(c.aclSetuser("saved", ["on"]), "OK"),
    is(c.aclSave(), "OK"),
    is(c.aclSetuser("other"), "OK"),
    is(c.aclLoad(), "OK"),
    is(c.aclUsers(), ["default", "saved"]),
    is(c.aclDeluser("saved"), 1),
    is(c.aclSave(), "OK")
  ),
  scene(
    "databases",
    { commands: ["CLUSTERSCAN"] },
    is(c.aclSetuser("app", ["db=1,2", "(+get ~x resetdbs)"]), "OK"),
    fits(c.aclGetuser("app"), (user) => (user!.databases as ReadonlyArray<number>).join() === "1,2"),
    is(c.aclDeluser("app"), 1)
  )
]
