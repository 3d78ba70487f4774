/**
 * XINFO of a server in memory: what it says of streams, their groups, and the consumers of these.
 */
import { Failure, Fields, type Reply } from "../Reply.ts"
import type { Consumer, Pending, StreamGroup } from "../StreamGroup.ts"
import { printId } from "../StreamId.ts"
import type { StreamValue } from "../StreamValue.ts"
import { container, fail, int, type Scene } from "./command.ts"
import { entryReply, read } from "./streamArgs.ts"

const badSubcommand = (word: string): never =>
  fail(`unknown subcommand or wrong number of arguments for '${word.slice(0, 128)}'. Try XINFO HELP.`)

const unknown = (n: bigint): bigint | null => n === -1n ? null : n

const counters = (stream: StreamValue): ReadonlyArray<Reply> => {
  const { keys, nodes } = stream.tree
  return [
    "length",
    stream.entries.length,
    "radix-tree-keys",
    keys,
    "radix-tree-nodes",
    nodes,
    "last-generated-id",
    printId(stream.lastId),
    "max-deleted-entry-id",
    printId(stream.maxDeletedId),
    "entries-added",
    stream.entriesAdded,
    "recorded-first-entry-id",
    printId(stream.firstId)
  ]
}

const describe = (stream: StreamValue): Reply => {
  const [first, last] = [stream.entries[0], stream.entries.at(-1)]
  return new Fields([
    ...counters(stream),
    "groups",
    stream.groups.size,
    "first-entry",
    first === undefined ? null : entryReply(first),
    "last-entry",
    last === undefined ? null : entryReply(last)
  ])
}

const describeInFull = (stream: StreamValue, count: number): Reply => {
  const some = <A>(all: ReadonlyArray<A>): ReadonlyArray<A> => count === 0 ? all : all.slice(0, count)
  const delivery = ({ deliveredAt, deliveries }: Pending): ReadonlyArray<Reply> => [Math.floor(deliveredAt), deliveries]
  const consumerOf = (group: StreamGroup) => (consumer: Consumer): Reply =>
    new Fields([
      "name",
      consumer.name,
      "seen-time",
      Math.floor(consumer.seenAt),
      "pel-count",
      group.countOf(consumer),
      "pending",
      some(group.ordered(consumer)).map((pending) => [printId(pending.id), ...delivery(pending)])
    ])
  return new Fields([
    ...counters(stream),
    "entries",
    some(stream.entries).map(entryReply),
    "groups",
    stream.orderedGroups.map(([name, group]) =>
      new Fields([
        "name",
        name,
        "last-delivered-id",
        printId(group.lastId),
        "entries-read",
        unknown(group.entriesRead),
        "lag",
        stream.lagOf(group),
        "pel-count",
        group.pending.size,
        "pending",
        some(group.ordered()).map((pending) => [
          printId(pending.id),
          pending.consumer?.name ?? "",
          ...delivery(pending)
        ]),
        "consumers",
        group.orderedConsumers.map(consumerOf(group))
      ])
    )
  ])
}

const streamOf = (scene: Scene, args: ReadonlyArray<string>): StreamValue =>
  read(scene, args[2]!) ?? fail("no such key")

export const streamInfo = [container("stream", "xinfo", "read", {
  stream: [-3, (scene, args) => {
    const stream = streamOf(scene, args)
    if (args.length === 3) return describe(stream)
    if (args[3]!.toUpperCase() !== "FULL" || args.length > 6 || args.length === 5) return badSubcommand(args[1]!)
    if (args.length === 4) return describeInFull(stream, 10)
    if (args[4]!.toUpperCase() !== "COUNT") return badSubcommand(args[1]!)
    const count = int(args[5]!)
    return describeInFull(stream, count < 0 ? 10 : count)
  }],
  groups: [3, (scene, args) => {
    const stream = streamOf(scene, args)
    return stream.orderedGroups.map(([name, group]) =>
      new Fields([
        "name",
        name,
        "consumers",
        group.consumers.size,
        "pending",
        group.pending.size,
        "last-delivered-id",
        printId(group.lastId),
        "entries-read",
        unknown(group.entriesRead),
        "lag",
        stream.lagOf(group)
      ])
    )
  }],
  consumers: [4, (scene, args) => {
    const group = streamOf(scene, args).groups.get(args[3]!)
    if (group === undefined) throw new Failure(`NOGROUP No such consumer group '${args[3]}' for key name '${args[2]}'`)
    return group.orderedConsumers.map((consumer) =>
      new Fields([
        "name",
        consumer.name,
        "pending",
        group.countOf(consumer),
        "idle",
        Math.max(0, Math.floor(scene.now - consumer.seenAt))
      ])
    )
  }]
})]
