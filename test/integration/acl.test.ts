/**
 * The ACL rules of docs/operations.md, on real servers: with exactly these users everything works, a planned failover
 * among it, and the servers deny nothing; and each rule that the tables name is needed by something.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { readFileSync } from "node:fs"
import * as FunctionLibrary from "../../src/FunctionLibrary.ts"
import { type Client, commands, RedisClient, Sentinel } from "../../src/index.ts"
import * as Script from "../../src/Script.ts"
import { type Deployment, deployment } from "../support/processes.ts"
import { chosenPrograms, versionOf } from "../support/servers.ts"

const page = readFileSync(new URL("../../docs/operations.md", import.meta.url), "utf8")

/** The rules of the users of the page, in its order, without names and passwords. */
const users = Array.from(page.matchAll(/^```acl\n([\s\S]*?)^```$/gm), ([, lines]) => lines!.trim().split("\n"))
  .flat()
  .map((line) => {
    const [, name, rules] = /^user (\S+) on >SECRET (.*)$/.exec(line) ?? []
    assert.isDefined(rules, line)
    return { name: name!, rules: rules!.split(" ") }
  })
const rulesOf = (name: string, index = 0): ReadonlyArray<string> =>
  users.filter((user) => user.name === name)[index]!.rules
const onNodes = rulesOf("app")
const onSentinels = rulesOf("app", 1)
const ofSentinels = rulesOf("sentinel")
const ofReplicas = rulesOf("replica")

/** What a user needs besides for `redis.keyspace`. */
const keyspaceChannels = "&__keyspace@0__:app:*"
assert.include(page, `\`${keyspaceChannels}\``)

/** The categories that the first column of the table of the nodes names, besides those of the application's commands. */
const categories = ["transaction", "scripting", "pubsub", "connection"]

/** The single commands that the first column of a table names, of the section with this heading. */
const namedIn = (heading: string): ReadonlyArray<string> => {
  const section = page.slice(page.indexOf(`### ${heading}`)).split(/^#{2,3} /m)[1]!
  return Array.from(section.matchAll(/^\| ((?:[^|\\]|\\.)*) \|/gm), ([, cell]) => cell!)
    .flatMap((cell) =>
      Array.from(cell.matchAll(/\+([a-z][a-z|\\-]*)/g), ([, command]) => command!.replaceAll("\\", ""))
    )
}

const login = (username: string) => ({ username, password: Redacted.make("SECRET") })

const at = <A, E>(address: string, f: (redis: Client.PrimaryClient) => Effect.Effect<A, E>, as?: string) =>
  Effect.scoped(Effect.flatMap(RedisClient.make({ address, ...as === undefined ? {} : login(as) }), f))

const setUser = (redis: Client.PrimaryClient, name: string, rules: ReadonlyArray<string>) =>
  redis.send("ACL SETUSER", name, "reset", "on", ">SECRET", ...rules)

/** From 7.2 on a session says which library it is of. */
const setsInfo = (): boolean => {
  const { product, version } = versionOf(chosenPrograms().server)
  return product === "valkey" || !version.startsWith("7.0.")
}

/** What the sentinels' user needs besides where the primary hands over by itself. */
const handOver = "+failover +client|pause +client|unpause"
assert.include(page, `\`${handOver}\``)

/** From Valkey 9 on the primary can hand over by itself. */
const canCoordinate = (): boolean => {
  const { product, version } = versionOf(chosenPrograms().server)
  return product === "valkey" && Number(version.split(".")[0]) >= 9
}

/** The rules of the sentinels' user, as the page says for this server. */
const sentinelRules = (): ReadonlyArray<string> => [...onSentinels, ...setsInfo() ? ["+client|setinfo"] : []]

const until = <E, R>(condition: Effect.Effect<boolean, E, R>): Effect.Effect<void, unknown, R> =>
  condition.pipe(
    Effect.flatMap((yes) => yes ? Effect.void : Effect.fail("not yet" as const)),
    Effect.retry(Schedule.spaced("20 millis").pipe(Schedule.upTo({ duration: "30 seconds" })))
  )

/** A deployment whose nodes have the users of the page, and nobody else but `admin`. */
const guarded: Effect.Effect<Deployment, unknown, Scope.Scope> = Effect.gen(function*() {
  const d = yield* deployment({
    // Sentinels take a pause that lasts longer for a dead node.
    downAfterMillis: 5000,
    config: [
      "user admin on >SECRET ~* &* +@all",
      `user app on >SECRET ${onNodes.join(" ")} ${keyspaceChannels}`,
      `user sentinel on >SECRET ${ofSentinels.join(" ")}${canCoordinate() ? ` ${handOver}` : ""}`,
      `user replica on >SECRET ${ofReplicas.join(" ")}`,
      "masteruser replica",
      "masterauth SECRET"
    ]
  })
  for (const sentinel of d.sentinels) {
    yield* at(sentinel.address, (redis) =>
      Effect.gen(function*() {
        yield* redis.run(commands.sentinel.set(d.group, { "auth-user": "sentinel", "auth-pass": "SECRET" }))
        yield* setUser(redis, "app", sentinelRules())
      }))
  }
  for (const node of [d.primary, ...d.replicas]) {
    yield* at(node.address, (redis) =>
      Effect.gen(function*() {
        yield* redis.send("ACL SETUSER", "default", "off")
        yield* redis.aclLogReset()
      }), "admin")
    // The sentinels have left their sessions of the default user.
    yield* until(
      at(
        node.address,
        (redis) =>
          Effect.map(
            redis.clientList(),
            (list) =>
              list.filter(({ user }) => user === "sentinel").length >= 3 && list.every(({ user }) => user !== "default")
          ),
        "admin"
      )
    )
  }
  return d
})

/** What the nodes have denied, as `user command`. */
const deniedAt = (address: string, as?: string) =>
  at(address, (redis) => Effect.map(redis.aclLog(128), (log) => log.map((e) => `${e.username} ${e.object}`).sort()), as)

const take = Script.make({
  keys: ["stock"],
  result: Schema.Int,
  lua: "return redis.call('INCR', KEYS[1])"
})

const library = FunctionLibrary.make({
  name: "acl",
  lua: "redis.register_function('acl_add', function(keys) return redis.call('INCR', keys[1]) end)",
  functions: { add: { name: "acl_add", keys: ["key"], result: Schema.Int } }
})

/** Everything that the library does on nodes, as far as the user may. */
const work = (d: Deployment, redis: Client.PrimaryClient, replica: Client.ReplicaClient) =>
  Effect.gen(function*() {
    const each = [
      redis.ping(),
      redis.set("app:a", "1"),
      redis.get("app:a"),
      redis.transaction([commands.incr("app:a"), commands.hset("app:h", { f: "1" })]),
      redis.watch("app:a", (watched) => Effect.as(watched.get("app:a"), [commands.incr("app:a")])),
      redis.script(take)({ stock: "app:a" }),
      redis.pipeline([take({ stock: "app:a" }), commands.incr("app:a")]),
      redis.functions(library).add({ key: "app:a" }),
      Stream.runDrain(redis.scanStream({ match: "app:*" })),
      Effect.scoped(
        Effect.gen(function*() {
          const news = yield* redis.subscription({ channels: ["app:news"] })
          yield* redis.publish("app:news", "hello")
          yield* Stream.runHead(news)
        })
      ),
      redis.set("app:a", "2").pipe(
        RedisClient.withReplicas({ replicas: 1, timeout: "2 seconds" }),
        Effect.provideService(RedisClient.RedisClient, redis)
      ),
      // Ended at the server.
      Effect.gen(function*() {
        const waiting = yield* Effect.forkChild(redis.blpop("app:none", "Infinity"))
        yield* Effect.sleep("300 millis")
        yield* Fiber.interrupt(waiting)
      }),
      // Fails, since nothing is published; where the setting cannot be read, it waits for events.
      Effect.exit(
        Effect.timeout(Stream.runDrain(redis.keyspace({ exactKeys: ["app:a"], events: ["del"] })), "1 second")
      ),
      replica.get("app:a"),
      // A pause of writes, longer than the client takes for silence.
      Effect.gen(function*() {
        yield* at(d.primary.address, (admin) => admin.clientPause("1200 millis", "write"), "admin")
        yield* redis.set("app:a", "3")
      })
    ]
    const failures: Array<string> = []
    for (const one of each as ReadonlyArray<Effect.Effect<unknown, { readonly message: string }>>) {
      const result = yield* Effect.result(Effect.timeout(one, "10 seconds"))
      if (result._tag === "Failure") failures.push(result.failure.message)
    }
    return failures
  })

const clients = (d: Deployment, user: string, ofSentinel = "app") =>
  Effect.gen(function*() {
    const sentinel = yield* Sentinel.make({
      sentinels: d.sentinelAddresses,
      sentinel: { ...login(ofSentinel), pingInterval: "200 millis" },
      node: {
        ...login(user),
        clientName: "acl",
        stallTimeout: "800 millis",
        pingInterval: "200 millis",
        commandTimeout: "5 seconds"
      }
    })
    return {
      sentinel,
      redis: yield* sentinel.primaryFor(d.group),
      replica: yield* sentinel.replicaFor(d.group, { replicaSelection: "latency", maxLag: { time: "10 seconds" } })
    }
  })

describe("the ACL rules of operations.md", () => {
  it.live("let the library do everything, and the sentinels a failover; the servers deny nothing", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const d = yield* guarded
        const { redis, replica, sentinel } = yield* clients(d, "app")
        assert.deepStrictEqual(yield* work(d, redis, replica), [])
        const topology = yield* sentinel.topology(d.group)
        assert.isTrue((yield* topology.current).sentinels.every(({ isSubscribed }) => isSubscribed === true))

        yield* at(d.sentinelAddresses[0]!, (one) =>
          one.run(commands.sentinel.failover(d.group, { coordinated: canCoordinate() })))
        yield* until(Effect.map(topology.current, ({ epoch, fence }) =>
          epoch > 0 && fence === undefined))
        yield* redis.set("app:after", "1")
        // The sentinels make the other replica follow the new primary.
        yield* until(Effect.map(topology.current, ({ replicas }) => replicas.some(({ isHealthy }) => isHealthy)))
        yield* until(Effect.map(replica.get("app:after"), (value) => value === "1"))

        for (const node of [d.primary, ...d.replicas]) {
          assert.deepStrictEqual(yield* deniedAt(node.address, "admin"), [], node.address)
        }
        for (const address of d.sentinelAddresses) assert.deepStrictEqual(yield* deniedAt(address), [], address)
      })
    ), 90_000)

  it.live("are needed, each of them", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const d = yield* guarded
        const named = namedIn("The application, on the nodes").filter((c) => c !== "monitor" && c !== "waitaof")
        assert.includeMembers(Array.from(named), [
          "role",
          "info",
          "wait",
          "client|unblock",
          "client|list",
          "config|get"
        ])
        // Without ROLE and INFO there is no client at all.
        const less = named.filter((command) => command !== "info").map((command) => `-${command}`)
        for (const node of [d.primary, ...d.replicas]) {
          yield* at(node.address, (redis) =>
            Effect.gen(function*() {
              const rules = [...onNodes, keyspaceChannels]
              yield* setUser(redis, "less", [...rules, ...less])
              yield* setUser(redis, "least", [...rules, "-role", "-info"])
              yield* setUser(redis, "bare", [...rules, ...categories.map((category) => `-@${category}`)])
            }), "admin")
        }

        const ofSentinel = namedIn("The application, on the sentinels")
        const [address, ping] = ["sentinel|get-master-addr-by-name", "ping"]
        assert.includeMembers(Array.from(ofSentinel), [address, ping, "subscribe", "psubscribe", "sentinel|master"])
        const others = ofSentinel.filter((command) => command !== address && command !== ping)
        for (const one of d.sentinelAddresses) {
          yield* at(one, (redis) =>
            Effect.gen(function*() {
              yield* setUser(redis, "less", [...sentinelRules(), ...others.map((command) => `-${command}`)])
              yield* setUser(redis, "least", [...sentinelRules(), `-${address}`])
              // It subscribes, and is idle: a session that asks all the time sends no PING.
              yield* setUser(redis, "idle", [...sentinelRules(), `-${ping}`])
            }))
        }

        const { redis, replica } = yield* clients(d, "less")
        yield* work(d, redis, replica)
        const blind = yield* clients(d, "app", "less")
        yield* Effect.result(blind.redis.get("app:a"))
        const bare = yield* clients(d, "bare")
        yield* work(d, bare.redis, bare.replica)
        const least = yield* clients(d, "least")
        assert.strictEqual(
          (yield* Effect.result(least.redis.run(commands.ping(), { timeout: "1 second" })))._tag,
          "Failure"
        )
        const idle = yield* clients(d, "app", "idle")
        yield* idle.redis.get("app:a")
        yield* until(
          Effect.map(deniedAt(d.sentinelAddresses[0]!), (denied) => denied.some((entry) => entry === `idle ${ping}`))
        )
        const lost = yield* clients(d, "app", "least")
        assert.strictEqual(
          (yield* Effect.result(lost.redis.run(commands.ping(), { timeout: "1 second" })))._tag,
          "Failure"
        )

        const atNode = yield* deniedAt(d.primary.address, "admin")
        for (const command of named) assert.include(atNode, `${command === "info" ? "least" : "less"} ${command}`)
        for (const category of categories) {
          const all = yield* at(d.primary.address, (redis) => redis.aclCat(category), "admin")
          assert.isTrue(all.some((command) => atNode.includes(`bare ${command}`)), `${category}: ${atNode.join(", ")}`)
        }
        const atSentinels = (yield* Effect.forEach(d.sentinelAddresses, (one) => deniedAt(one))).flat()
        for (const command of others) assert.include(atSentinels, `less ${command}`)
        assert.include(atSentinels, `least ${address}`)
      })
    ), 90_000)
})
