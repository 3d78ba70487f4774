/**
 * Runs one client in its own process: `node clients.mjs NAME PORT SENTINEL_PORT GROUP`.
 * Over IPC its parent asks it to check itself, to run a workload for a time, and
 * to end. Each client is used as its own documentation shows.
 */
import * as Net from "node:net"
import { join } from "node:path"
import * as Url from "node:url"
import { BIG, BYTES, FIELDS, KEYS, promiseLoop, VALUE } from "./workloads.mjs"

const [name, port, sentinelPort, group] = process.argv.slice(2)
const host = "127.0.0.1"
// `ours:FOLDER` is another build of this library.
const build = name.startsWith("ours:") ? Url.pathToFileURL(join(name.slice(5), "index.js")).href : "../dist/index.js"

const ofPromises = (ops) => ({ loop: promiseLoop(ops), once: (op) => ops[op](0) })

const mixed = (get, set) => (i) => (i % 4 === 3 ? set(i) : get(i))

const ioredis = async (options) => {
  const { Redis } = await import("ioredis")
  const ops = (redis) => ({
    get: (i) => redis.get(KEYS[i]),
    set: (i) => redis.set(KEYS[i], VALUE),
    mix: mixed((i) => redis.get(KEYS[i]), (i) => redis.set(KEYS[i], VALUE)),
    pipeline: () => {
      const pipeline = redis.pipeline()
      for (const key of KEYS) pipeline.set(key, VALUE)
      return pipeline.exec()
    },
    mget: () => redis.mget(KEYS),
    lrange: () => redis.lrange("list", 0, -1),
    hgetall: () => redis.hgetall("hash"),
    setBig: () => redis.set("big:set", BIG),
    getBig: () => redis.get("big"),
    setBytes: () => redis.set("big:set", BYTES),
    getBytes: () => redis.getBuffer("big")
  })
  const redis = new Redis({ host, port: Number(port), ...options })
  const sentinel = new Redis({ sentinels: [{ host, port: Number(sentinelPort) }], name: group, ...options })
  return { direct: ofPromises(ops(redis)), sentinel: ofPromises(ops(sentinel)) }
}

const ours = async (sentinelOf) => {
  const Effect = await import("effect/Effect")
  const Exit = await import("effect/Exit")
  const Scope = await import("effect/Scope")
  const { commands, RedisClient, Sentinel } = await import(build)
  const make = (redis) => {
    const sets = KEYS.map((key) => commands.set(key, VALUE))
    const ops = {
      get: (i) => redis.get(KEYS[i]),
      set: (i) => redis.set(KEYS[i], VALUE),
      mix: mixed((i) => redis.get(KEYS[i]), (i) => redis.set(KEYS[i], VALUE)),
      pipeline: () => redis.pipeline(sets),
      mget: () => redis.mget(KEYS),
      lrange: () => redis.lrange("list", 0, -1),
      hgetall: () => redis.hgetall("hash"),
      setBig: () => redis.set("big:set", BIG),
      getBig: () => redis.get("big"),
      setBytes: () => redis.set("big:set", BYTES),
      getBytes: () => redis.bytes.get("big")
    }
    return {
      once: (op) => Effect.runPromise(ops[op](0)),
      loop: async (op, inflight, millis) => {
        const run = ops[op]
        let done = 0
        let stop = false
        const begin = performance.now()
        const timer = setTimeout(() => {
          stop = true
        }, millis)
        const worker = (from) =>
          Effect.gen(function*() {
            for (let i = from; !stop; i++) {
              yield* run(i % 1000)
              done++
            }
          })
        await Effect.runPromise(
          Effect.forEach(Array.from({ length: inflight }, (_, i) => i), worker, {
            concurrency: "unbounded",
            discard: true
          })
        )
        clearTimeout(timer)
        return { done, millis: performance.now() - begin }
      }
    }
  }
  const scope = Effect.runSync(Scope.make())
  process.once("disconnect", () => Effect.runPromise(Scope.close(scope, Exit.void)))
  const inScope = (effect) => Effect.runPromise(Scope.provide(effect, scope))
  const redis = await inScope(RedisClient.make({ address: `${host}:${port}` }))
  const sentinel = await inScope(await sentinelOf({ Sentinel }))
  return { direct: make(redis), sentinel: make(await inScope(sentinel.primaryFor(group))) }
}

const clients = {
  ours: () => ours(({ Sentinel }) => Sentinel.make({ sentinels: [`${host}:${sentinelPort}`] })),
  // Without sentinels: no subscription, no fence, no regular questions.
  "ours off": () => ours(async ({ Sentinel }) => Sentinel.makeStatic({ primary: `${host}:${port}` })),
  ioredis: () => ioredis({}),
  "ioredis auto": () => ioredis({ enableAutoPipelining: true }),
  "node-redis": async () => {
    const { createClient, createSentinel, RESP_TYPES } = await import("redis")
    const ops = (redis, bytes = redis.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })) => ({
      get: (i) => redis.get(KEYS[i]),
      set: (i) => redis.set(KEYS[i], VALUE),
      mix: mixed((i) => redis.get(KEYS[i]), (i) => redis.set(KEYS[i], VALUE)),
      pipeline: () => {
        const multi = redis.multi()
        for (const key of KEYS) multi.set(key, VALUE)
        return multi.execAsPipeline()
      },
      mget: () => redis.mGet(KEYS),
      lrange: () => redis.lRange("list", 0, -1),
      hgetall: () => redis.hGetAll("hash"),
      setBig: () => redis.set("big:set", BIG),
      getBig: () => redis.get("big"),
      setBytes: () => redis.set("big:set", BYTES),
      getBytes: () => bytes.get("big")
    })
    const redis = await createClient({ socket: { host, port: Number(port) } }).on("error", () => {}).connect()
    const sentinel = await createSentinel({
      name: group,
      sentinelRootNodes: [{ host, port: Number(sentinelPort) }]
    }).on("error", () => {}).connect()
    return { direct: ofPromises(ops(redis)), sentinel: ofPromises(ops(sentinel)) }
  },
  "valkey-glide": async () => {
    const { Batch, Decoder, GlideClient } = await import("@valkey/valkey-glide")
    const client = await GlideClient.createClient({ addresses: [{ host, port: Number(port) }], requestTimeout: 5000 })
    return {
      direct: ofPromises({
        get: (i) => client.get(KEYS[i]),
        set: (i) => client.set(KEYS[i], VALUE),
        mix: mixed((i) => client.get(KEYS[i]), (i) => client.set(KEYS[i], VALUE)),
        pipeline: () => {
          const batch = new Batch(false)
          for (const key of KEYS) batch.set(key, VALUE)
          return client.exec(batch, true)
        },
        mget: () => client.mget(KEYS),
        lrange: () => client.lrange("list", 0, -1),
        hgetall: () => client.hgetall("hash"),
        setBig: () => client.set("big:set", BIG),
        getBig: () => client.get("big"),
        setBytes: () => client.set("big:set", BYTES),
        getBytes: () => client.get("big", { decoder: Decoder.Bytes })
      })
    }
  },
  // No client at all: frames prepared in advance, and replies counted by their length.
  floor: async () => {
    const frame = (...args) => `*${args.length}\r\n${args.map((a) => `$${a.length}\r\n${a}\r\n`).join("")}`
    const bulk = (s) => `$${s.length}\r\n${s}\r\n`.length
    const gets = KEYS.map((key) => frame("GET", key))
    const sets = KEYS.map((key) => frame("SET", key, VALUE))
    const same = (request, reply) => ({ request: () => request, reply: () => reply })
    const ops = {
      get: { request: (i) => gets[i], reply: () => bulk(VALUE) },
      set: { request: (i) => sets[i], reply: () => 5 },
      mix: { request: (i) => (i % 4 === 3 ? sets[i] : gets[i]), reply: (i) => (i % 4 === 3 ? 5 : bulk(VALUE)) },
      pipeline: same(sets.join(""), 5 * KEYS.length),
      mget: same(frame("MGET", ...KEYS), `*1000\r\n`.length + 1000 * bulk(VALUE)),
      lrange: same(frame("LRANGE", "list", "0", "-1"), "*5000\r\n".length + 5000 * bulk(VALUE)),
      hgetall: same(
        frame("HGETALL", "hash"),
        "*200\r\n".length + FIELDS.reduce((n, f) => n + bulk(f) + bulk(VALUE), 0)
      ),
      setBig: same(frame("SET", "big:set", BIG), 5),
      getBig: same(frame("GET", "big"), bulk(BIG)),
      setBytes: same(frame("SET", "big:set", BIG), 5),
      getBytes: same(frame("GET", "big"), bulk(BIG))
    }
    const socket = Net.connect({ host, port: Number(port), noDelay: true })
    await new Promise((resolve) => socket.once("connect", resolve))
    const waiting = []
    let head = 0
    let have = 0
    socket.on("data", (chunk) => {
      have += chunk.length
      while (head < waiting.length && have >= waiting[head].length) {
        const next = waiting[head++]
        have -= next.length
        next.done()
      }
      if (head === waiting.length) {
        waiting.length = 0
        head = 0
      }
    })
    let out = ""
    const send = (text, length, done) => {
      if (out === "") {
        queueMicrotask(() => {
          const text = out
          out = ""
          socket.write(text, "latin1")
        })
      }
      out += text
      waiting.push({ length, done })
    }
    const loop = (op, inflight, millis) =>
      new Promise((resolve) => {
        const { reply, request } = ops[op]
        let done = 0
        let stop = false
        let running = inflight
        const begin = performance.now()
        setTimeout(() => {
          stop = true
        }, millis)
        const start = (from) => {
          let i = from
          const step = () => {
            if (stop) {
              if (--running === 0) resolve({ done, millis: performance.now() - begin })
              return
            }
            const at = i++ % 1000
            send(request(at), reply(at), () => {
              done++
              step()
            })
          }
          step()
        }
        for (let worker = 0; worker < inflight; worker++) start(worker)
      })
    return { direct: { loop, once: undefined }, sentinel: undefined }
  }
}

/** Every client must give the same answer to the same question. */
const verify = async (side) => {
  if (side?.once === undefined) return
  const expect = (what, is) => {
    if (!is) throw new Error(`${name}: ${what} is not what it should be`)
  }
  expect("SET", (await side.once("set")) === "OK")
  expect("GET", (await side.once("get")) === VALUE)
  const many = await side.once("mget")
  expect("MGET", many.length === 1000 && many.every((v) => v === VALUE))
  const list = await side.once("lrange")
  expect("LRANGE", list.length === 5000 && list.every((v) => v === VALUE))
  const hash = await side.once("hgetall")
  expect("HGETALL", Array.isArray(hash) ? hash.length === 100 : Object.keys(hash).length === 100)
  expect("GET of 1 MB", (await side.once("getBig")) === BIG)
  expect("GET of 1 MB as bytes", BYTES.equals(await side.once("getBytes")))
  expect("pipeline", (await side.once("pipeline")).length === 1000)
}

const sides = await (clients[name] ?? clients.ours)()
await verify(sides.direct)
await verify(sides.sentinel)

process.on("message", async ({ inflight, millis, op, sentinel }) => {
  const side = sentinel ? sides.sentinel : sides.direct
  process.send(side === undefined ? { done: 0, millis: 0 } : await side.loop(op, inflight, millis))
})
process.once("disconnect", () => setTimeout(() => process.exit(), 100))
process.send("ready")
