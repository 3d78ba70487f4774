/**
 * The dumps of streams of a server in memory: their entries in listpacks, their counters, and their
 * groups with what is pending.
 *
 * Source of the format: rdb.c and t_stream.c of Redis 7.0.
 */
import { decodeListpack, encodeListpack } from "../listpack.ts"
import { StreamGroup } from "../StreamGroup.ts"
import { type Id, idOf, millisOf, sequenceOf } from "../StreamId.ts"
import { type Block, entryElements, headElements, type StreamItem, StreamValue } from "../StreamValue.ts"
import { badFormat, length, millis, type RdbReader, text } from "./rdb.ts"

const isDeleted = 1
const hasSameFields = 2

const raw = (id: Id): string =>
  Array.from({ length: 16 }, (_, i) => String.fromCharCode(Number((id >> BigInt(8 * (15 - i))) & 0xffn))).join("")

const twoLengths = (id: Id): string => length(millisOf(id)) + length(sequenceOf(id))

/** The entries of a block: first the fields of its first one, then each with the difference of its id. */
const listpackOf = (block: Block, entries: ReadonlyArray<StreamItem>): string =>
  encodeListpack([
    ...headElements(block.names, entries.length),
    ...entries.flatMap((entry) => entryElements(block, entry))
  ])

const writeGroup = (name: string, group: StreamGroup): string => {
  // The format has no place for an entry without a consumer.
  const pending = group.ordered().filter(({ consumer }) => consumer !== undefined)
  return text(name) + twoLengths(group.lastId) + length(group.entriesRead) + length(pending.length) +
    pending.map(({ deliveredAt, deliveries, id }) => raw(id) + millis(deliveredAt) + length(deliveries)).join("") +
    length(group.consumers.size) +
    group.orderedConsumers.map((consumer) => {
      const own = group.ordered(consumer)
      return text(consumer.name) + millis(consumer.seenAt) + length(own.length) + own.map(({ id }) => raw(id)).join("")
    }).join("")
}

/** A stream without its type. */
export const writeStream = (stream: StreamValue): string => {
  const { blocks } = stream
  return length(blocks.length) +
    blocks.map(([block, entries]) => text(raw(block.first)) + text(listpackOf(block, entries))).join("") +
    length(stream.entries.length) + twoLengths(stream.lastId) + twoLengths(stream.firstId) +
    twoLengths(stream.maxDeletedId) + length(stream.entriesAdded) + length(stream.groups.size) +
    stream.orderedGroups.map(([name, group]) => writeGroup(name, group)).join("")
}

const fromRaw = (bytes: string): Id => {
  let id = 0n
  for (let i = 0; i < bytes.length; i++) id = (id << 8n) | BigInt(bytes.charCodeAt(i))
  return id
}

/** The entries of a block, those left out that were deleted. */
const readBlock = (key: string, listpack: string): ReadonlyArray<StreamItem> => {
  const elements = decodeListpack(listpack)
  if (elements === undefined) throw badFormat
  const first = fromRaw(key)
  let at = 0
  const next = (): string => {
    const element = elements[at++]
    if (element === undefined) throw badFormat
    return element
  }
  const number = (): bigint => {
    const element = next()
    if (!/^-?\d+$/.test(element)) throw badFormat
    return BigInt(element)
  }
  const several = (count: number): ReadonlyArray<string> => {
    if (count > elements.length) throw badFormat
    return Array.from({ length: count }, next)
  }
  const [live, deleted] = [Number(number()), Number(number())]
  const names = several(Number(number()))
  number()
  const block: Block = { first, names, total: live + deleted, live, bytes: listpack.length }
  const entries: Array<StreamItem> = []
  while (at < elements.length) {
    const flags = Number(number())
    const [millis, sequence] = [number(), number()]
    const id = idOf(
      BigInt.asUintN(64, millisOf(first) + millis),
      BigInt.asUintN(64, sequenceOf(first) + sequence)
    )
    const fields = (flags & hasSameFields) !== 0
      ? names.flatMap((name) => [name, next()])
      : several(2 * Number(number()))
    number()
    if ((flags & isDeleted) === 0) entries.push({ id, fields, block })
  }
  if (entries.length !== live) throw badFormat
  return entries
}

const readGroup = (reader: RdbReader, hasActivity: boolean): readonly [name: string, group: StreamGroup] => {
  const name = reader.text()
  const lastId = idOf(reader.unsigned(), reader.unsigned())
  const group = new StreamGroup(lastId, BigInt.asIntN(64, reader.unsigned()))
  for (const _ of Array(reader.length())) {
    const id = fromRaw(reader.take(16))
    const deliveredAt = reader.millis()
    group.pending.set(id, { id, consumer: undefined, deliveredAt, deliveries: reader.unsigned() })
  }
  for (const _ of Array(reader.length())) {
    const consumer = { name: reader.text(), seenAt: reader.millis(), activeAt: hasActivity ? reader.millis() : -1 }
    group.consumers.set(consumer.name, consumer)
    for (const _ of Array(reader.length())) {
      const pending = group.pending.get(fromRaw(reader.take(16)))
      if (pending === undefined) throw badFormat
      pending.consumer = consumer
    }
  }
  return [name, group]
}

/** A stream after its type, and whether its consumers have the time at which they last got an entry. */
export const readStream = (reader: RdbReader, hasActivity: boolean): StreamValue => {
  const stream = new StreamValue()
  for (const _ of Array(reader.length())) {
    const key = reader.text()
    if (key.length !== 16) throw badFormat
    stream.entries.push(...readBlock(key, reader.text()))
  }
  if (reader.unsigned() !== BigInt(stream.entries.length)) throw badFormat
  stream.lastId = idOf(reader.unsigned(), reader.unsigned())
  idOf(reader.unsigned(), reader.unsigned())
  stream.maxDeletedId = idOf(reader.unsigned(), reader.unsigned())
  stream.entriesAdded = reader.unsigned()
  for (const _ of Array(reader.length())) stream.groups.set(...readGroup(reader, hasActivity))
  return stream
}
