/**
 * ioredis in each kind of work, as BullMQ and others use it: with the failover
 * detector, a connection for commands and one for each blocking consumer, both with
 * `maxRetriesPerRequest: null`. A second variant has the timeout of blocking commands
 * of its README.
 */
import { load, nodes, type Place, told } from "../clients.ts"
import { type Entry, numberField, type WorkDriver, type WorkersOptions } from "./driver.ts"
import { groupLoop, type ListClient, moveLoop, popLoop } from "./loops.ts"

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

const entriesOf = (page: unknown): ReadonlyArray<Entry> =>
  (page as ReadonlyArray<readonly [string, ReadonlyArray<string>] | null>)
    // A deleted entry that was claimed has no fields.
    .filter((entry) => entry !== null && entry[1] !== null)
    .map((entry) => ({ id: entry![0], number: numberField(entry![1]) }))

const workers = (connect: () => Redis, options: WorkersOptions) => {
  const { claimAfterMillis, concurrency, group, key } = options
  const commands = connect()
  const blocking = options.consumers.map(() => connect())
  return groupLoop({
    create: () => commands.xgroup("CREATE", key, group, "0", "MKSTREAM"),
    acknowledge: (id) => commands.xack(key, group, id),
    claim: async (consumer, cursor) => {
      const [next, page] = await commands.xautoclaim(
        key,
        group,
        consumer,
        claimAfterMillis,
        cursor,
        "COUNT",
        concurrency
      )
      return { next, entries: entriesOf(page) }
    },
    reader: async (consumer, index) => async () => {
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
      return reply === null ? [] : entriesOf(reply[0][1])
    },
    close: async () => {
      for (const redis of [commands, ...blocking]) redis.disconnect()
    }
  }, options)
}

const lists = (connect: () => Redis): ListClient => {
  const connections: Array<Redis> = []
  return {
    connection: async () => {
      const redis = connect()
      connections.push(redis)
      return {
        pop: async (key) => (await redis.blpop(key, 5))?.[1] ?? null,
        move: (from, to) => redis.blmove(from, to, "LEFT", "RIGHT", 5),
        all: (key) => redis.lrange(key, 0, -1),
        remove: (key, text) => redis.lrem(key, 1, text)
      }
    },
    close: async () => {
      for (const redis of connections) redis.disconnect()
    }
  }
}

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
    pops: async (place, options) => popLoop(lists(consumerOn(place)), options),
    queue: async (place, options) => moveLoop(lists(consumerOn(place)), options)
  }
}
