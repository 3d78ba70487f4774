/**
 * node-redis in each kind of work: one `createSentinel` for commands with a pool of
 * connections to the primary. Each blocking consumer and each caller of WATCH has a
 * lease of the pool for as long as it works: a lease takes its connection along to
 * another primary, and to make one costs about 100 ms of computing.
 */
import { load, nodes, type Place, told } from "../clients.ts"
import { sleep } from "../faults.ts"
import { type Entry, numberField, type QueueOptions, type WorkDriver, type WorkersOptions } from "./driver.ts"

const messageOf = (error: unknown): string => (error as Error).message.slice(0, 60)

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
  const { claimAfterMillis, concurrency, group, handle, key } = options
  // A connection for each blocking consumer, and one for the other commands.
  const sentinel = await connect(place, { masterPoolSize: options.consumers.length + 1 })
  let closing = false
  const makeGroup = async () => {
    try {
      await sentinel.xGroupCreate(key, group, "0", { MKSTREAM: true })
    } catch (error) {
      if (!messageOf(error).startsWith("BUSYGROUP")) throw error
    }
  }
  const process = (entries: ReadonlyArray<Entry>, consumer: string) =>
    Promise.all(entries.map(async (entry) => {
      await handle(entry, consumer)
      await sentinel.xAck(key, group, entry.id)
    }))
  const consume = async (consumer: string) => {
    const lease = await sentinel.acquire()
    let claimed = performance.now()
    while (!closing) {
      try {
        if (performance.now() - claimed > claimAfterMillis) {
          let cursor = "0-0"
          do {
            const { messages, nextId } = await sentinel.xAutoClaim(
              key,
              group,
              consumer,
              claimAfterMillis,
              cursor,
              { COUNT: concurrency }
            )
            const claimed = entriesOf(messages)
            options.mayRepeat(claimed.map(({ id }) => id))
            await process(claimed, consumer)
            cursor = nextId
          } while (cursor !== "0-0" && !closing)
          claimed = performance.now()
        }
        const reply = await lease.xReadGroup(
          group,
          consumer,
          { key, id: ">" },
          { COUNT: concurrency, BLOCK: 2000 }
        )
        if (reply !== null) await process(entriesOf(reply[0].messages), consumer)
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
      await close(sentinel)
    }
  }
}

const consumers = async (
  place: Place,
  options: QueueOptions,
  take: (lease: Awaited<ReturnType<typeof connect>>, consumer: number) => Promise<void>
) => {
  let closing = false
  const sentinel = await connect(place, { masterPoolSize: options.consumers + 1 })
  const running = Array.from({ length: options.consumers }, async (_, consumer) => {
    const lease = await sentinel.acquire()
    while (!closing) {
      try {
        await take(lease, consumer)
      } catch (error) {
        if (closing) return
        options.told(messageOf(error))
        await sleep(1000)
      }
    }
  })
  return {
    close: async () => {
      closing = true
      await Promise.race([Promise.all(running), sleep(6000)])
      await close(sentinel)
    }
  }
}

const pops = (place: Place, options: QueueOptions) =>
  consumers(place, options, async (lease, consumer) => {
    const popped = await lease.blPop(options.key, 5)
    if (popped !== null) await options.handle(popped.element, consumer)
  })

const queue = (place: Place, options: QueueOptions) =>
  consumers(place, options, async (lease, consumer) => {
    const own = `${options.key}:processing:${consumer}`
    // Whatever a lost reply or a failed command has left here comes first.
    for (const left of await lease.lRange(own, 0, -1)) {
      await options.handle(left, consumer)
      await lease.lRem(own, 1, left)
    }
    const moved = await lease.blMove(options.key, own, "LEFT", "RIGHT", 5)
    if (moved === null) return
    await options.handle(moved, consumer)
    await lease.lRem(own, 1, moved)
  })

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
  pops,
  queue
}
