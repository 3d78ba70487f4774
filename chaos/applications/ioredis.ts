/**
 * ioredis in each kind of work, as BullMQ and others use it: with the failover
 * detector, a connection for commands and one for each blocking consumer, both with
 * `maxRetriesPerRequest: null`. A second variant has the timeout of blocking commands
 * of its README.
 */
import { load, nodes, type Place, told } from "../clients.ts"
import { sleep } from "../faults.ts"
import { type Entry, numberField, type QueueOptions, type WorkDriver, type WorkersOptions } from "./driver.ts"

const connect = (place: Place, extra: Record<string, unknown> = {}) => {
  const { Redis } = load("ioredis")
  const redis = new Redis({
    sentinels: nodes(place.sentinels),
    name: place.group,
    failoverDetector: true,
    ...extra
  })
  // Without a listener, ioredis writes errors to the console.
  redis.on("error", () => {})
  return redis
}

type Redis = ReturnType<typeof connect>

const messageOf = (error: unknown): string => (error as Error).message.slice(0, 60)

const entriesOf = (page: unknown): ReadonlyArray<Entry> =>
  (page as ReadonlyArray<readonly [string, ReadonlyArray<string>] | null>)
    // A deleted entry that was claimed has no fields.
    .filter((entry) => entry !== null && entry[1] !== null)
    .map((entry) => ({ id: entry![0], number: numberField(entry![1]) }))

const workers = async (connect: () => Redis, options: WorkersOptions) => {
  const { claimAfterMillis, concurrency, group, handle, key } = options
  const commands = connect()
  const blocking = options.consumers.map(() => connect())
  let closing = false
  const makeGroup = async () => {
    try {
      await commands.xgroup("CREATE", key, group, "0", "MKSTREAM")
    } catch (error) {
      if (!messageOf(error).startsWith("BUSYGROUP")) throw error
    }
  }
  const process = (entries: ReadonlyArray<Entry>, consumer: string) =>
    Promise.all(entries.map(async (entry) => {
      await handle(entry, consumer)
      await commands.xack(key, group, entry.id)
    }))
  const consume = async (consumer: string, index: number) => {
    let claimed = performance.now()
    while (!closing) {
      try {
        if (performance.now() - claimed > claimAfterMillis) {
          let cursor = "0-0"
          do {
            const [next, page] = await commands.xautoclaim(
              key,
              group,
              consumer,
              claimAfterMillis,
              cursor,
              "COUNT",
              concurrency
            )
            const claimed = entriesOf(page)
            options.mayRepeat(claimed.map(({ id }) => id))
            await process(claimed, consumer)
            cursor = next
          } while (cursor !== "0-0" && !closing)
          claimed = performance.now()
        }
        const reply = await blocking[index].xreadgroup(
          "GROUP",
          group,
          consumer,
          "COUNT",
          concurrency,
          "BLOCK",
          2000,
          "STREAMS",
          key,
          ">"
        )
        if (reply !== null) await process(entriesOf(reply[0][1]), consumer)
      } catch (error) {
        if (closing) return
        options.told(messageOf(error))
        if (messageOf(error).startsWith("NOGROUP")) {
          options.mayRepeatAfter("0-0")
          await makeGroup().catch(() => {})
        }
        await sleep(1000)
      }
    }
  }
  await makeGroup()
  const running = options.consumers.map(consume)
  return {
    close: async () => {
      closing = true
      await Promise.race([Promise.all(running), sleep(5000)])
      for (const redis of [commands, ...blocking]) redis.disconnect()
    }
  }
}

const consumers = (
  connect: () => Redis,
  { consumers, told }: QueueOptions,
  take: (redis: Redis, consumer: number) => Promise<void>
) => {
  let closing = false
  const blocking = Array.from({ length: consumers }, () => connect())
  const running = blocking.map(async (redis, consumer) => {
    while (!closing) {
      try {
        await take(redis, consumer)
      } catch (error) {
        if (closing) return
        told(messageOf(error))
        await sleep(1000)
      }
    }
  })
  return {
    close: async () => {
      closing = true
      await Promise.race([Promise.all(running), sleep(6000)])
      for (const redis of blocking) redis.disconnect()
    }
  }
}

const pops = async (connect: () => Redis, options: QueueOptions) =>
  consumers(connect, options, async (redis, consumer) => {
    const popped = await redis.blpop(options.key, 5)
    if (popped !== null) await options.handle(popped[1], consumer)
  })

const queue = async (connect: () => Redis, options: QueueOptions) =>
  consumers(connect, options, async (redis, consumer) => {
    const own = `${options.key}:processing:${consumer}`
    // Whatever a lost reply or a failed command has left here comes first.
    for (const left of await redis.lrange(own, 0, -1)) {
      await options.handle(left, consumer)
      await redis.lrem(own, 1, left)
    }
    const moved = await redis.blmove(options.key, own, "LEFT", "RIGHT", 5)
    if (moved === null) return
    await options.handle(moved, consumer)
    await redis.lrem(own, 1, moved)
  })

const counter = async (place: Place, key: string, callers: number) => {
  // WATCH is of a connection, so each caller has one of its own.
  const connections = Array.from({ length: callers }, () => connect(place))
  return {
    increment: (caller: number) =>
      told((async () => {
        const redis = connections[caller]
        for (;;) {
          await redis.watch(key)
          const value = Number(await redis.get(key) ?? 0)
          const replies = await redis.multi().set(key, value + 1).exec()
          if (replies === null) continue
          if (replies[0][0] !== null) throw replies[0][0]
          return value + 1
        }
      })()),
    close: async () => {
      for (const redis of connections) redis.disconnect()
    }
  }
}

/** `blocking`: options of the connections of consumers. */
export const ioredis = (name: string, blocking: Record<string, unknown>): WorkDriver => {
  const consumerOn = (place: Place) => () => connect(place, { maxRetriesPerRequest: null, ...blocking })
  return {
    name,
    isOurs: false,
    numberOf: numberField,
    producer: async (place, key) => {
      const redis = connect(place)
      return {
        add: (number) => told(redis.xadd(key, "*", "n", number)),
        close: async () => redis.disconnect()
      }
    },
    workers: (place, options) => workers(consumerOn(place), options),
    scripts: async (place, key, lua) => {
      const redis = connect(place)
      redis.defineCommand("addTo", { numberOfKeys: 1, lua })
      return {
        call: () => told(redis.addTo(key, 1)),
        close: async () => redis.disconnect()
      }
    },
    counter,
    subscriber: async (place, channels, listener) => {
      const redis = connect(place)
      redis.on("message", listener.message)
      await redis.subscribe(...channels)
      // It has no items for gaps. A careful user listens to these.
      for (const event of ["close", "ready"]) redis.on(event, listener.gap)
      return { close: async () => redis.disconnect() }
    },
    publisher: async (place) => {
      const redis = connect(place)
      return {
        publish: (channel, text) => told(redis.publish(channel, text)),
        close: async () => redis.disconnect()
      }
    },
    pusher: async (place) => {
      const redis = connect(place)
      return {
        push: (key, text) => told(redis.rpush(key, text)),
        close: async () => redis.disconnect()
      }
    },
    pops: (place, options) => pops(consumerOn(place), options),
    queue: (place, options) => queue(consumerOn(place), options)
  }
}
