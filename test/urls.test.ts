/**
 * URLs: what each part becomes, which are refused, and that no error repeats a secret. And the layers that take one.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { inspect } from "node:util"
import * as RedisClient from "../src/RedisClient.ts"
import * as RedisUrl from "../src/RedisUrl.ts"
import * as Sentinel from "../src/Sentinel.ts"
import * as RedisTesting from "../src/testing/index.ts"

/** A target with its secrets and durations as texts. */
const plain = (value: unknown): unknown =>
  Redacted.isRedacted(value)
    ? `secret ${Redacted.value(value)}`
    : Duration.isDuration(value)
    ? `${Duration.toMillis(value)} ms`
    : Array.isArray(value)
    ? value.map(plain)
    : typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]))
    : value

const parsed = (url: string): unknown => plain(Effect.runSync(RedisUrl.parse(url)))

const refusal = (url: unknown): string => Effect.runSync(Effect.flip(RedisUrl.parse(url as string))).message

describe("the URL of a server", () => {
  const options = (url: string): unknown => {
    const target = parsed(url) as { readonly _tag: string; readonly options: unknown }
    assert.strictEqual(target._tag, "Server")
    return target.options
  }
  const local = { host: "localhost", port: 6379 }

  it.each<[string, unknown]>([
    ["redis://localhost", { address: local }],
    ["redis://", { address: local }],
    ["REDIS://localhost/", { address: local }],
    ["valkey://localhost:7000", { address: { host: "localhost", port: 7000 } }],
    ["rediss://localhost", { address: local, tls: true }],
    ["valkeys://localhost", { address: local, tls: true }],
    ["redis://[::1]:7000/3", { address: { host: "::1", port: 7000 }, database: 3 }],
    ["redis://[2001:db8::5]", { address: { host: "2001:db8::5", port: 6379 } }],
    ["redis://localhost/0", { address: local, database: 0 }],
    ["redis://localhost?db=4", { address: local, database: 4 }],
    ["redis://localhost/4?db=4", { address: local, database: 4 }],
    ["redis://:p@localhost", { address: local, password: "secret p" }],
    ["redis://p@localhost", { address: local, password: "secret p" }],
    ["redis://u:p@localhost", { address: local, username: "u", password: "secret p" }],
    ["redis://u:@localhost", { address: local, username: "u", password: "secret " }],
    ["redis://:@localhost", { address: local }],
    ["redis://u:p:q@localhost", { address: local, username: "u", password: "secret p:q" }],
    ["redis://u:p@q@localhost", { address: local, username: "u", password: "secret p@q" }],
    ["redis://u%3A:%2F%3F%23%40%20%C3%A9+@localhost", { address: local, username: "u:", password: "secret /?#@ é+" }],
    ["redis://localhost?clientName=web&protocol=2&connectTimeout=500ms&commandTimeout=2s", {
      address: local,
      clientName: "web",
      protocol: 2,
      connectTimeout: "500 ms",
      commandTimeout: "2000 ms"
    }],
    ["unix:///tmp/redis.sock", { address: { path: "/tmp/redis.sock" } }],
    ["unix://u:p@/tmp/a%20b.sock?db=2", {
      address: { path: "/tmp/a b.sock" },
      username: "u",
      password: "secret p",
      database: 2
    }]
  ])("%s", (url, expected) => assert.deepStrictEqual(options(url), expected))

  it("is accepted by the options of a client", () =>
    Effect.runPromise(Effect.scoped(Effect.gen(function*() {
      for (const url of ["redis://u:p@[::1]:7000/3?protocol=2&clientName=a", "unix:///tmp/a.sock", "rediss://a"]) {
        const target = yield* RedisUrl.parse(url)
        if (target._tag === "Server") yield* RedisClient.make(target.options)
      }
    }))))
})

describe("the URL of a group", () => {
  const a = { host: "a", port: 26379 }

  it.each<[string, unknown]>([
    ["redis+sentinel://a/g", { _tag: "Group", group: "g", options: { sentinels: [a], sentinel: {}, node: {} } }],
    ["redis+sentinel://u:p@a,b:5000,[::1]:6000,[fe80::2]/my%20g%2F1/3".replace("%20", "."), {
      _tag: "Group",
      group: "my.g/1",
      options: {
        sentinels: [a, { host: "b", port: 5000 }, { host: "::1", port: 6000 }, { host: "fe80::2", port: 26379 }],
        sentinel: {},
        node: { username: "u", password: "secret p", database: 3 }
      }
    }],
    ["redis+sentinel://a/g?sentinelUsername=su&sentinelPassword=s%26p%2B+&tls=true&sentinelTls=false", {
      _tag: "Group",
      group: "g",
      options: {
        sentinels: [a],
        sentinel: { username: "su", password: "secret s&p++" },
        node: { tls: true }
      }
    }],
    ["redis+sentinel://a/g?tls=true", {
      _tag: "Group",
      group: "g",
      options: { sentinels: [a], sentinel: { tls: true }, node: { tls: true } }
    }],
    ["rediss+sentinel://a/g?clientName=c&protocol=3", {
      _tag: "Group",
      group: "g",
      options: {
        sentinels: [a],
        sentinel: { tls: true, clientName: "c", protocol: 3 },
        node: { tls: true, clientName: "c", protocol: 3 }
      }
    }],
    ["redis-sentinel://p@a,b:5000/2?timeout=1500#g", {
      _tag: "Group",
      group: "g",
      options: {
        sentinels: [a, { host: "b", port: 5000 }],
        sentinel: {},
        node: { password: "secret p", database: 2, commandTimeout: "1500 ms" }
      }
    }],
    ["redis-sentinel://u:p@a?timeout=5s&sentinelMasterId=g&database=1&clientName=c", {
      _tag: "Group",
      group: "g",
      options: {
        sentinels: [a],
        sentinel: { clientName: "c" },
        node: { username: "u", password: "secret p", database: 1, commandTimeout: "5000 ms", clientName: "c" }
      }
    }],
    ["redis-sentinel://a/1/?timeout=2s&commandTimeout=2000ms&db=1&database=1#g%2F1%3F", {
      _tag: "Group",
      group: "g/1?",
      options: { sentinels: [a], sentinel: {}, node: { database: 1, commandTimeout: "2000 ms" } }
    }],
    ["redis-sentinel://a?timeout=1500000us#g", {
      _tag: "Group",
      group: "g",
      options: { sentinels: [a], sentinel: {}, node: { commandTimeout: "1500 ms" } }
    }],
    ["redis-sentinel://a?timeout=1500000000ns#g", {
      _tag: "Group",
      group: "g",
      options: { sentinels: [a], sentinel: {}, node: { commandTimeout: "1500 ms" } }
    }],
    ["rediss-sentinel://a?verifyPeer=none#g", {
      _tag: "Group",
      group: "g",
      options: {
        sentinels: [a],
        sentinel: { tls: { rejectUnauthorized: false } },
        node: { tls: { rejectUnauthorized: false } }
      }
    }]
  ])("%s", (url, expected) => assert.deepStrictEqual(parsed(url), expected))

  it("is accepted by the options of the Sentinel service", () =>
    Effect.runPromise(Effect.scoped(Effect.gen(function*() {
      const target = yield* RedisUrl.parse("rediss+sentinel://u:p@a,[::1]/g/2?sentinelPassword=s&commandTimeout=2s")
      if (target._tag === "Group") yield* Sentinel.make(target.options)
    }))))
})

describe("what is refused", () => {
  it.each<[unknown, RegExp]>([
    ["", /option url: it is empty/],
    ["localhost:6379", /option url\.scheme: expected redis:\/\//],
    ["http://localhost", /option url\.scheme/],
    ["redis:localhost", /option url\.scheme/],
    [5, /option url: expected a string/],
    [undefined, /option url: expected a string/],
    ["redis://local host", /option url: it contains a space/],
    [`redis://${"a".repeat(70_000)}`, /option url: it has more than/],
    ["redis://localhost:", /option url\.host: .*port/],
    ["redis://localhost:99999", /option url\.host: the port must be/],
    ["redis://localhost:x", /option url\.host: .*port/],
    ["redis://::1", /option url\.host: an IPv6 address must be in brackets/],
    ["redis://[::1", /option url\.host/],
    ["redis://%2Ftmp%2Fa", /option url\.host: expected a host, got a path/],
    ["redis://a,b", /option url\.host/],
    ["redis://localhost/x", /option url\.database: expected the number/],
    ["redis://localhost/1/2", /option url\.path/],
    ["redis://localhost/-1", /option url\.database/],
    ["redis://localhost/1?db=2", /option url\.database: the URL says it twice/],
    ["redis://localhost#g", /option url\.fragment/],
    ["redis://localhost?tls=true", /option url\.query: "tls" is unknown; known are db, /],
    ["redis://localhost?timeout=5", /option url\.query: "timeout" is unknown/],
    ["redis://localhost?toString=5", /option url\.query: "toString" is unknown/],
    ["redis://localhost?__proto__=5", /option url\.query: parameter 1 is unknown/],
    ["redis://localhost?db=1&word", /option url\.query: parameter 2 is unknown/],
    ["redis://localhost?db=1&db=1", /option url\.query\.db: it is there twice/],
    ["redis://localhost?db=", /option url\.query\.db: it has no value/],
    ["redis://localhost?db", /option url\.query\.db: it has no value/],
    ["redis://localhost?protocol=4", /option url\.query\.protocol: expected 2 or 3/],
    ["redis://localhost?commandTimeout=5", /option url\.query\.commandTimeout: .*unit/],
    ["redis://localhost?commandTimeout=0s", /option url\.query\.commandTimeout/],
    ["redis://localhost?clientName=a%20b", /option url\.query\.clientName/],
    ["redis://:%zz@localhost", /option url\.password: its percent-encoding/],
    ["redis://%zz:p@localhost", /option url\.username: its percent-encoding/],
    ["redis://a%20b:p@localhost", /option url\.username/],
    ["redis://:a/b@localhost", /option url: it has an @ after the host/],
    ["redis://:a?b@localhost", /option url: it has an @ after the host/],
    ["redis://:a#b@localhost", /option url: it has an @ after the host/],
    ["unix://tmp/redis.sock", /option url\.host: the URL of a Unix socket has none/],
    ["unix://", /option url\.path/],
    ["redis+sentinel:///g", /option url\.host: at least one sentinel/],
    ["redis+sentinel://a,/g", /option url\.host\[1\]/],
    ["redis+sentinel://a", /option url\.group: the group is missing/],
    ["redis+sentinel://u:p@a,u:p@b/g", /option url: it has an @ and a comma before the last @/],
    ["redis+sentinel://a//0", /option url\.path: it has an empty part/],
    ["redis://localhost//3", /option url\.path: it has an empty part/],
    ["redis://[localhost]", /option url\.host: only an IPv6 address may be in brackets/],
    ["redis+sentinel://a/g/x", /option url\.database/],
    ["redis+sentinel://a/g/1/2", /option url\.path/],
    ["redis+sentinel://a/g#h", /option url\.fragment/],
    ["redis+sentinel://a/g?sentinelUsername=u", /option url\.query\.sentinelUsername: it needs/],
    ["redis+sentinel://a/g?tls=yes", /option url\.query\.tls: expected true or false/],
    ["rediss+sentinel://a/g?tls=false", /option url\.query\.tls/],
    [`redis+sentinel://${Array.from({ length: 1001 }, () => "a").join(",")}/g`, /option url\.host: at most 1000/],
    ["redis-sentinel://a", /option url\.group: the group is missing: add #group/],
    ["redis-sentinel://a/g#g", /option url\.database/],
    ["redis-sentinel://a?sentinelMasterId=h#g", /option url\.group: the URL says it twice/],
    ["redis-sentinel://a?db=1&database=2#g", /option url\.query\.database: the URL says it twice/],
    ["redis-sentinel://a?timeout=5s&commandTimeout=3s#g", /option url\.query\.commandTimeout: the URL says it twice/],
    ["redis-sentinel://a#g?timeout=5s", /option url\.group: .*stand before the #/],
    ["redis-sentinel://a#g/0", /option url\.group: .*stand before the #/],
    ["redis-sentinel://a?verifyPeer=CA#g", /option url\.query\.verifyPeer/],
    ["redis-sentinel://a?libraryName=x#g", /option url\.query: "libraryName" is unknown/]
  ])("%.60s", (url, expected) => assert.match(refusal(url), expected))

  const marked = Schema.String

  it.effect.prop(
    "with a secret in any place, and no error, no text of a target and no Config repeats it",
    [marked, Schema.Literals(["redis", "rediss", "unix", "redis+sentinel", "redis-sentinel", "http", ""]), marked],
    ([left, scheme, right]) =>
      Effect.gen(function*() {
        const [noise, more] = [left.toWellFormed(), right.toWellFormed()]
        // Unmistakable, and with what the generator has found around it, not encoded.
        const secret = "S3cr3tZ"
        const word = `${noise.slice(0, 4)}${secret}${more.slice(0, 4)}`
        const urls = [
          `${scheme}://${word}@h:1/g`,
          `${scheme}://u:${word}@h:1,i/g/0`,
          `${scheme}://:${word}@h`,
          `${scheme}://u:${word}`,
          `${scheme}:${word}`,
          word,
          `${scheme}://h/g?sentinelPassword=${word}&x=1`,
          `${scheme}://h/g?sentinelPassword=${word}&sentinelUsername=${encodeURIComponent(noise)}`,
          `${scheme}://u:${encodeURIComponent(secret)}@h:${noise}/g/${more}#${noise}`,
          `${scheme}://u:${encodeURIComponent(secret)}@h/?db=${encodeURIComponent(noise)}`
        ]
        for (const url of urls) {
          const exit = yield* Effect.exit(RedisUrl.parse(Redacted.make(url)))
          const shown = Exit.isFailure(exit)
            ? `${Cause.pretty(exit.cause)} ${JSON.stringify(Cause.squash(exit.cause))}`
            : isShownOtherwise(exit.value)
            ? ""
            : `${inspect(exit.value, { depth: 9 })} ${JSON.stringify(exit.value)}`
          assert.notInclude(shown, secret, url)
          const read = yield* Effect.exit(
            Effect.provide(
              RedisUrl.config("REDIS_URL"),
              ConfigProvider.layer(ConfigProvider.fromUnknown({ REDIS_URL: url }))
            )
          )
          if (Exit.isFailure(read)) assert.notInclude(Cause.pretty(read.cause), secret, url)
        }
      }),
    { arbitrary: { runs: 40 } }
  )

  /** Where the word has become a host, a path, a group or a user, it is no secret any more. */
  const isShownOtherwise = (target: RedisUrl.Target): boolean =>
    target._tag === "Group"
      ? `${target.group} ${target.options.node.username} ${target.options.sentinel.username}`.includes("S3cr3tZ")
      : `${JSON.stringify(target.options.address)} ${target.options.username}`.includes("S3cr3tZ")
})

describe("layerUrl", () => {
  const env = (REDIS_URL: string) => ConfigProvider.layer(ConfigProvider.fromUnknown({ REDIS_URL }))
  const greet = Effect.gen(function*() {
    const redis = yield* RedisClient.RedisClient
    yield* redis.set("greeting", "hello")
    return yield* redis.get("greeting")
  })

  it.live("makes a client of one server and of a group from the same Config", () =>
    Effect.gen(function*() {
      const deployment = yield* RedisTesting.Deployment
      const live = RedisClient.layerUrl(Config.Redacted("REDIS_URL"))
      const primary = yield* deployment.primary
      for (const url of [`redis://:pw@${primary}`, `redis+sentinel://:pw@${deployment.sentinels.join(",")}/mymaster`]) {
        assert.strictEqual(yield* Effect.provide(greet, Layer.provide(live, env(url))), "hello")
      }
      const replica = RedisClient.layerReplicaUrl(`redis-sentinel://:pw@${deployment.sentinels[0]}#mymaster`)
      const read = Effect.flatMap(RedisClient.RedisReplica, (redis) => redis.get("nothing"))
      assert.isNull(yield* Effect.provide(read, replica))
    }).pipe(Effect.provide(RedisTesting.layer({ password: "pw" }))))

  it.effect("lets options replace those of the URL, and refuses what is wrong", () =>
    Effect.gen(function*() {
      const failure = (layer: Layer.Layer<any, any>) =>
        Effect.map(Effect.flip(Effect.scoped(Layer.build(layer))), (error) => String(error.message))
      const url = "redis://u:S3cr3tZ@localhost/3"
      assert.match(
        yield* failure(RedisClient.layerUrl(url, { node: { database: -1 } })),
        /Invalid option database/
      )
      assert.match(yield* failure(RedisClient.layerReplicaUrl(url)), /Invalid option url\.scheme/)
      assert.match(yield* failure(Layer.provide(RedisClient.layerUrl(Config.Redacted("OTHER")), env(url))), /OTHER/)
      const wrong = Layer.provide(RedisClient.layerUrl(Config.Redacted("REDIS_URL")), env(`${url}?S3cr3tZ`))
      assert.strictEqual(
        yield* failure(wrong),
        "Invalid option url.query: parameter 1 is unknown; known are db, clientName, protocol, connectTimeout, commandTimeout"
      )
    }))
})
