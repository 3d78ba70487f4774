/**
 * What a runtime has to be able to do, with the package as users install it: commands, a script, a transaction, a
 * subscription, a stream consumer and a failover, in memory, over TCP, and over TLS. `npm run test:runtimes` packs the
 * package, and runs this file on each runtime. It ends by itself when nothing is left open.
 */
import { Cause, Effect, Exit, Fiber, Layer, Schema, Stream } from "effect"
import { commands, Connector, RedisClient, Sentinel } from "effect-redis-sentinel"
import * as Channel from "effect-redis-sentinel/Channel"
import * as Doctor from "effect-redis-sentinel/Doctor"
import * as RedisStream from "effect-redis-sentinel/RedisStream"
import * as Script from "effect-redis-sentinel/Script"
import * as Testing from "effect-redis-sentinel/testing"
import assert from "node:assert/strict"
import { Buffer } from "node:buffer"
import { readFileSync } from "node:fs"
import * as Net from "node:net"
import * as Tls from "node:tls"
import { Worker } from "node:worker_threads"

const add = Script.make({
  keys: ["counter"],
  args: { by: Schema.Int },
  result: Schema.Int,
  lua: "return redis.call('INCRBY', KEYS[1], ARGV[1])"
})

const Job = Schema.Struct({ id: Schema.Int })
const jobs = RedisStream.make({ key: "jobs", schema: Job })
const news = Channel.make({ name: "news", schema: Job })

/** Longer than what a socket takes at once, and not ASCII: pieces are cut, and come back in chunks. */
const long = "\u{1f4e6} aé".repeat(400_000)

const until = (condition) =>
  Effect.gen(function*() {
    while (!(yield* condition)) yield* Effect.sleep("10 millis")
  })

/** What a client of a group does, before and after its primary is killed. */
const scenario = (deployment) =>
  Effect.gen(function*() {
    const redis = yield* RedisClient.RedisClient
    assert.equal(yield* redis.set("a", "é"), "OK")
    assert.equal(yield* redis.get("a"), "é")
    assert.deepEqual(Array.from(yield* redis.bytes.get("a")), [0xc3, 0xa9])
    assert.deepEqual(yield* redis.pipeline([commands.incr("n"), commands.incr("n"), commands.mget(["n", "none"])]), [
      1,
      2,
      ["2", null]
    ])
    assert.deepEqual(yield* redis.transaction([commands.incr("n"), add({ counter: "n", by: 4 })]), [3, 7])
    assert.equal(yield* redis.script(add)({ counter: "n", by: 1 }), 8)
    yield* redis.set("long", long)
    assert.equal((yield* redis.get("long")) === long, true)
    const failure = yield* Effect.exit(redis.lpush("a", "b"))
    assert.equal(Exit.isFailure(failure) && Cause.squash(failure.cause).code, "WRONGTYPE")

    const [watched] = yield* redis.watch(
      "n",
      (read) => Effect.map(read.get("n"), (n) => [commands.set("n", Number(n) + 1)])
    )
    assert.equal(watched, "OK")

    const messages = yield* redis.subscription(news, { events: true })
    const seen = []
    yield* Effect.forkScoped(Stream.runForEach(messages, (item) => Effect.sync(() => seen.push(item))))
    const published = (id) =>
      until(Effect.andThen(
        redis.run(news.publish({ id })),
        Effect.sync(() => seen.some((item) => item._tag === "Message" && item.payload.id === id))
      ))
    yield* published(1)

    const done = new Set()
    const consumer = yield* Effect.forkScoped(
      jobs.consume({ group: "workers", consumer: "one", from: "start" }, (entry) =>
        Effect.sync(() => done.add(entry.value.id)))
    )
    for (let id = 0; id < 20; id++) {
      yield* jobs.add({ id })
    }
    yield* until(Effect.sync(() =>
      done.size === 20
    ))

    // A write that waits while the primary is dead continues at the next one.
    const before = yield* deployment.primary
    yield* deployment.kill(before)
    yield* until(Effect.orElseSucceed(Effect.as(redis.set("after", "1"), true), () => false))
    assert.notEqual(yield* deployment.primary, before)
    yield* published(2)
    assert.ok(seen.some((item) => item._tag === "Gap"))
    yield* jobs.add({ id: 20 })
    yield* until(Effect.sync(() => done.has(20)))
    assert.equal(yield* redis.script(add)({ counter: "m", by: 5 }), 5)
    yield* Fiber.interrupt(consumer)

    const blocked = yield* Effect.forkChild(redis.blpop(["list"], "10 seconds"))
    yield* Effect.sleep("20 millis")
    yield* redis.rpush("list", "x")
    assert.deepEqual(yield* Fiber.join(blocked), ["list", "x"])
  })

const groupOf = (control, options = {}) =>
  RedisClient.layerPrimary(control.group).pipe(
    Layer.provide(Sentinel.layer({ sentinels: control.sentinels, ...options }))
  )

const inMemory = Effect.gen(function*() {
  const deployment = yield* Testing.Deployment
  yield* Effect.provide(scenario(deployment), groupOf(deployment))
}).pipe(Effect.provide(Testing.layer()))

const overTcp = Effect.gen(function*() {
  const deployment = yield* Testing.make({ tcp: true })
  yield* Effect.provide(scenario(deployment), groupOf(deployment))
  // A name that is looked up, and a port where nobody listens.
  const port = Number((yield* deployment.primary).split(":")[1])
  const named = yield* RedisClient.make({ address: `localhost:${port}` })
  assert.equal(yield* named.ping(), "PONG")
  const nobody = yield* RedisClient.make({ address: "127.0.0.1:1", schedule: undefined, commandTimeout: "200 millis" })
  assert.ok(Exit.isFailure(yield* Effect.exit(nobody.ping())))
})

/** A port that speaks TLS in front of a node. */
const tlsPort = (to, key, cert) =>
  Effect.acquireRelease(
    Effect.callback((resume) => {
      const sockets = new Set()
      const server = Tls.createServer({ key, cert }, (socket) => {
        const [host, port] = to.split(":")
        const node = Net.connect(Number(port), host)
        for (const one of [socket, node]) {
          sockets.add(one)
          one.on("error", () => {})
          one.on("close", () => {
            socket.destroy()
            node.destroy()
          })
        }
        socket.pipe(node)
        node.pipe(socket)
      })
      server.on("tlsClientError", () => {})
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed({ server, sockets, port: server.address().port })))
    }),
    ({ server, sockets }) =>
      Effect.callback((resume) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resume(Effect.void))
      })
  )

const overTls = Effect.gen(function*() {
  const deployment = yield* Testing.make({ tcp: true, replicas: 0, sentinels: 0 })
  const [key, cert] = ["key.pem", "cert.pem"].map((name) => readFileSync(new URL(name, import.meta.url)))
  const { port } = yield* tlsPort(yield* deployment.primary, key, cert)
  const redis = yield* RedisClient.make({ address: `localhost:${port}`, tls: { ca: cert } })
  yield* redis.set("long", long)
  assert.equal((yield* redis.get("long")) === long, true)
  const refused = (tls) =>
    Effect.gen(function*() {
      const client = yield* RedisClient.make({ address: `localhost:${port}`, tls, commandTimeout: "5 seconds" })
      const exit = yield* Effect.exit(client.ping())
      const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : assert.fail("it was accepted")
      assert.equal(error._tag, "ConnectFailed")
      return { isRetryable: error.isRetryable, message: error.message }
    })
  const unknown = yield* refused(true)
  assert.match(unknown.message, /the server's certificate is not trusted/)
  assert.equal(unknown.isRetryable, false)
  const other = yield* refused({ ca: cert, servername: "redis.example" })
  assert.match(other.message, /the server's certificate is for another name: expected redis\.example, found/)
  assert.equal(other.isRetryable, false)
})

/**
 * What had arrived while the thread was busy is read before the transport says so: what the client decides in a failover
 * stands on that, and on how the loop of the runtime takes turns.
 */
const inTurn = Effect.gen(function*() {
  const worker = yield* Effect.acquireRelease(
    Effect.sync(() => new Worker(new URL("peer.mjs", import.meta.url))),
    (worker) => Effect.promise(() => worker.terminate())
  )
  const port = yield* Effect.callback((resume) => void worker.once("message", (port) => resume(Effect.succeed(port))))
  const dial = yield* Connector.Connector
  for (let i = 0; i < 20; i++) {
    const transport = yield* dial({ address: { host: "127.0.0.1", port } })
    const read = yield* Effect.callback((resume) => {
      let text = ""
      transport.start({
        data: (chunk) => {
          text += Buffer.from(chunk).toString()
          if (text !== "begin") return
          const busyUntil = performance.now() + 60
          while (performance.now() < busyUntil);
          const ask = i % 2 === 0 ? transport.caughtUp : transport.behind
          const isAsked = ask(() => resume(Effect.succeed(text)))
          if (isAsked === false) resume(Effect.succeed("it is not behind"))
        },
        drain: () => {},
        closed: () => resume(Effect.succeed("closed"))
      })
      transport.write(["go"], true)
    })
    transport.destroy()
    assert.equal(read, "beginlate")
  }
})

/** The doctor sees the certificate of a sentinel, and nodes over plain sockets. */
const doctor = Effect.gen(function*() {
  const deployment = yield* Testing.make({ tcp: true, replicas: 0, sentinels: 1 })
  const [key, cert] = ["key.pem", "cert.pem"].map((name) => readFileSync(new URL(name, import.meta.url)))
  const { port } = yield* tlsPort(deployment.sentinels[0], key, cert)
  const report = yield* Doctor.examine({
    sentinels: [`localhost:${port}`],
    group: deployment.group,
    sentinel: { tls: { ca: cert } }
  })
  const codes = report.findings.map(({ code }) => code)
  for (const code of ["no-replicas", "too-few-sentinels", "tls-expires-soon"]) {
    assert.ok(codes.includes(code), `${codes}`)
  }
})

/** Every entry loads, and most have something to import: some are types alone. */
const allEntries = Effect.promise(async () => {
  const names = JSON.parse(readFileSync(new URL("entries.json", import.meta.url), "utf8"))
  let count = 0
  for (const name of names) count += Object.keys(await import(name)).length
  assert.ok(names.length > 20 && count > 200, `${names.length} entries have ${count} exports`)
})

const parts = {
  entries: allEntries,
  "in turn": inTurn,
  "in memory": inMemory,
  "over TCP": overTcp,
  "over TLS": overTls,
  doctor
}
let failed = false
for (const [name, part] of Object.entries(parts)) {
  const began = performance.now()
  const exit = await Effect.runPromiseExit(Effect.scoped(part).pipe(Effect.timeout("30 seconds")))
  const millis = Math.round(performance.now() - began)
  if (Exit.isFailure(exit)) console.error(`${name}: ${Cause.pretty(exit.cause)}`)
  failed ||= Exit.isFailure(exit)
  console.log(`${name}: ${Exit.isSuccess(exit) ? `ok, ${millis} ms` : "failed"}`)
}
process.exitCode = failed ? 1 : 0
