/**
 * The loops of consumers that users of clients write themselves: of groups of streams, and of lists. Once, for all clients
 * that have none of their own; how a client executes the commands in them is in the file of its driver.
 */
import { sleep } from "../faults.ts"
import type { Entry, QueueOptions, Running, WorkersOptions } from "./driver.ts"

export const messageOf = (error: unknown): string => (error as Error).message.slice(0, 60)

/** Waits until the loops have ended, for a while, and closes the connections. */
const ending = async (running: ReadonlyArray<Promise<void>>, limitMillis: number, close: () => Promise<void>) => {
  await Promise.race([Promise.all(running), sleep(limitMillis)])
  await close()
}

/** A client of a group, for the commands that do not wait. */
export interface GroupClient {
  /** XGROUP CREATE with MKSTREAM, from the beginning. */
  readonly create: () => Promise<unknown>
  readonly acknowledge: (id: string) => Promise<unknown>
  /** A page of XAUTOCLAIM. */
  readonly claim: (
    consumer: string,
    cursor: string
  ) => Promise<{ readonly next: string; readonly entries: ReadonlyArray<Entry> }>
  /** Gives a consumer what it reads with: XREADGROUP that waits for 2 seconds. */
  readonly reader: (consumer: string, index: number) => Promise<() => Promise<ReadonlyArray<Entry>>>
  readonly close: () => Promise<void>
}

export const groupLoop = async (client: GroupClient, options: WorkersOptions): Promise<Running> => {
  let closing = false
  const makeGroup = async (): Promise<void> => {
    try {
      await client.create()
    } catch (error) {
      if (!messageOf(error).startsWith("BUSYGROUP")) throw error
    }
  }
  const process = (entries: ReadonlyArray<Entry>, consumer: string) =>
    Promise.all(entries.map(async (entry) => {
      await options.handle(entry, consumer)
      await client.acknowledge(entry.id)
    }))
  const claimAll = async (consumer: string): Promise<void> => {
    let cursor = "0-0"
    do {
      const { entries, next } = await client.claim(consumer, cursor)
      options.mayRepeat(entries.map(({ id }) => id))
      await process(entries, consumer)
      cursor = next
    } while (cursor !== "0-0" && !closing)
  }
  const consume = async (consumer: string, index: number): Promise<void> => {
    const read = await client.reader(consumer, index)
    let claimed = performance.now()
    while (!closing) {
      try {
        if (performance.now() - claimed > options.claimAfterMillis) {
          await claimAll(consumer)
          claimed = performance.now()
        }
        await process(await read(), consumer)
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
    close: () => {
      closing = true
      return ending(running, 5000, client.close)
    }
  }
}

/** A connection of a consumer of lists. */
export interface ListConnection {
  /** BLPOP that waits for 5 seconds. */
  readonly pop: (key: string) => Promise<string | null>
  /** BLMOVE from the left to the right that waits for 5 seconds. */
  readonly move: (from: string, to: string) => Promise<string | null>
  readonly all: (key: string) => Promise<ReadonlyArray<string>>
  readonly remove: (key: string, text: string) => Promise<unknown>
}

/** The connections of the consumers of a list. */
export interface ListClient {
  readonly connection: (consumer: number) => Promise<ListConnection>
  readonly close: () => Promise<void>
}

const listLoop = (
  client: ListClient,
  { consumers, told }: QueueOptions,
  take: (connection: ListConnection, consumer: number) => Promise<void>
): Running => {
  let closing = false
  const running = Array.from({ length: consumers }, async (_, consumer) => {
    const connection = await client.connection(consumer)
    while (!closing) {
      try {
        await take(connection, consumer)
      } catch (error) {
        if (closing) return
        told(messageOf(error))
        await sleep(1000)
      }
    }
  })
  return {
    close: () => {
      closing = true
      return ending(running, 6000, client.close)
    }
  }
}

/** An item is removed before it is handled. */
export const popLoop = (client: ListClient, options: QueueOptions): Running =>
  listLoop(client, options, async (connection, consumer) => {
    const popped = await connection.pop(options.key)
    if (popped !== null) await options.handle(popped, consumer)
  })

/** An item is moved to a list of the consumer, handled, and removed there. */
export const moveLoop = (client: ListClient, options: QueueOptions): Running =>
  listLoop(client, options, async (connection, consumer) => {
    const own = `${options.key}:processing:${consumer}`
    // Whatever a lost reply or a failed command has left here comes first.
    for (const left of await connection.all(own)) {
      await options.handle(left, consumer)
      await connection.remove(own, left)
    }
    const moved = await connection.move(options.key, own)
    if (moved === null) return
    await options.handle(moved, consumer)
    await connection.remove(own, moved)
  })
