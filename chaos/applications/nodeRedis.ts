/**
 * node-redis in each kind of work: one `createSentinel` for commands with a pool of
 * connections to the primary. Each blocking consumer and each caller of WATCH has a
 * lease of the pool for as long as it works: a lease takes its connection along to
 * another primary, and to make one costs about 100 ms of computing.
 */
import { load, nodes, type Place, told } from "../clients.ts"
import { sleep } from "../faults.ts"
import { type Entry, numberField, type QueueOptions, type WorkDriver, type WorkersOptions } from "./driver.ts"
import { groupLoop, type ListClient, moveLoop, popLoop } from "./loops.ts"

const connect = async (place: Place, extra: Record<string, unknown> = {}) => {
  const { createSentinel } = load("redis")
  const sentinel = createSentinel({
    name: place.group,
    sentinelRootNodes: nodes(place.sentinels),
    scanInterval: 10_000,
    ...extra
  })
  sentinel.on("error", () => {})
  await sentinel.connect()
  return sentinel
}

const close = async (sentinel: { readonly destroy: () => Promise<void> }): Promise<void> => {
  await Promise.race([sentinel.destroy().catch(() => {}), sleep(2000)])
}

const entriesOf = (
  page: ReadonlyArray<{ readonly id: string; readonly message: { readonly n: string } } | null>
): ReadonlyArray<Entry> =>
  page.filter((entry) => entry !== null).map(({ id, message }) => ({ id, number: Number(message.n) }))

const workers = async (place: Place, options: WorkersOptions) => {
  const { claimAfterMillis, concurrency, group, key } = options
  // A connection for each blocking consumer, and one for the other commands.
  const sentinel = await connect(place, { masterPoolSize: options.consumers.length + 1 })
  return groupLoop({
    create: () => sentinel.xGroupCreate(key, group, "0", { MKSTREAM: true }),
    acknowledge: (id) => sentinel.xAck(key, group, id),
    claim: async (consumer, cursor) => {
      const { messages, nextId } = await sentinel.xAutoClaim(key, group, consumer, claimAfterMillis, cursor, {
        COUNT: concurrency
      })
      return { next: nextId, entries: entriesOf(messages) }
    },
    reader: async (consumer) => {
      const lease = await sentinel.acquire()
      return async () => {
        const reply = await lease.xReadGroup(group, consumer, { key, id: ">" }, { COUNT: concurrency, BLOCK: 2000 })
        return reply === null ? [] : entriesOf(reply[0].messages)
      }
    },
    close: () => close(sentinel)
  }, options)
}

const lists = async (place: Place, { consumers }: QueueOptions): Promise<ListClient> => {
  const sentinel = await connect(place, { masterPoolSize: consumers + 1 })
  return {
    connection: async () => {
      const lease = await sentinel.acquire()
      return {
        pop: async (key) => (await lease.blPop(key, 5))?.element ?? null,
        move: (from, to) => lease.blMove(from, to, "LEFT", "RIGHT", 5),
        all: (key) => lease.lRange(key, 0, -1),
        remove: (key, text) => lease.lRem(key, 1, text)
      }
    },
    close: () => close(sentinel)
  }
}

const counter = async (place: Place, key: string, callers: number) => {
  const sentinel = await connect(place, { masterPoolSize: callers })
  const { WatchError } = load("redis")
  const leases: Array<typeof sentinel> = []
  for (let caller = 0; caller < callers; caller++) leases.push(await sentinel.acquire())
  return {
    increment: (caller: number) =>
      told((async () => {
        const lease = leases[caller]
        for (;;) {
          try {
            await lease.watch(key)
            const value = Number(await lease.get(key) ?? 0)
            await lease.multi().set(key, String(value + 1)).exec()
            return value + 1
          } catch (error) {
            if (!(error instanceof WatchError)) throw error
          }
        }
      })()),
    close: () => close(sentinel)
  }
}

interface Parser {
  readonly pushKey: (key: string) => void
  readonly push: (...args: ReadonlyArray<string>) => void
}

export const nodeRedis: WorkDriver = {
  name: "node-redis",
  isOurs: false,
  numberOf: numberField,
  producer: async (place, key) => {
    const sentinel = await connect(place)
    return {
      add: (number) => told(sentinel.xAdd(key, "*", { n: String(number) })),
      close: () => close(sentinel)
    }
  },
  workers,
  scripts: async (place, key, lua) => {
    const { defineScript } = load("redis")
    const addTo = defineScript({
      SCRIPT: lua,
      NUMBER_OF_KEYS: 1,
      FIRST_KEY_INDEX: 1,
      parseCommand: (parser: Parser, name: string, amount: string) => {
        parser.pushKey(name)
        parser.push(amount)
      },
      transformReply: undefined
    })
    const sentinel = await connect(place, { scripts: { addTo } })
    return {
      call: () => told(sentinel.addTo(key, "1")),
      close: () => close(sentinel)
    }
  },
  counter,
  subscriber: async (place, channels, listener) => {
    const sentinel = await connect(place)
    await sentinel.subscribe(channels, (text: string, channel: string) => listener.message(channel, text))
    // It has no items for gaps. A careful user listens to these.
    for (const event of ["topology-change", "reconnecting", "ready"]) sentinel.on(event, listener.gap)
    return { close: () => close(sentinel) }
  },
  publisher: async (place) => {
    const sentinel = await connect(place)
    return {
      publish: (channel, text) => told(sentinel.publish(channel, text)),
      close: () => close(sentinel)
    }
  },
  pusher: async (place) => {
    const sentinel = await connect(place)
    return {
      push: (key, text) => told(sentinel.rPush(key, text)),
      close: () => close(sentinel)
    }
  },
  pops: async (place, options) => popLoop(await lists(place, options), options),
  queue: async (place, options) => moveLoop(await lists(place, options), options)
}
