/**
 * How values become the fields of entries, and values again: the checked codec of a stream, entries as servers send
 * them, and the items that are made of them.
 *
 * The layout of a schema, which says what each field is, is in layout.ts.
 */
import * as Schema from "effect/Schema"
import { Buffer } from "node:buffer"
import * as Codec from "../../Codec.ts"
import * as Command from "../../Command.ts"
import type { Arg, Key } from "../../Command.ts"
import { InvalidCommand } from "../../Errors.ts"
import type * as Resp from "../../Resp.ts"
import { fieldsOf, isBytes, kindOf } from "../common/values.ts"
import { codecOf, decodeWith, encodeWith, Unfit } from "../values/codecs.ts"
import { fieldsCodec, textOf } from "./layout.ts"
import type { Entry, EntryCodec, FieldsCodec, Misfit, RawEntry, RawFields } from "./types.ts"

/** The last value of a field. */
const fieldOf = (fields: RawFields, name: Buffer): Uint8Array | undefined => {
  for (let i = fields.length - 1; i >= 0; i--) if (name.equals(fields[i]![0])) return fields[i]![1]
  return undefined
}

/** Stores each value in one field. */
const inOneField = <T>(codec: Codec.Codec<T>, field: string): EntryCodec<T> => {
  const name = Buffer.from(field)
  return {
    encode: (value) => [[field, encodeWith(codec, value)]],
    decode: (fields) => {
      const stored = fieldOf(fields, name)
      if (stored === undefined) throw new Unfit(`it has no field ${JSON.stringify(field)}`)
      return decodeWith(codec, stored)
    }
  }
}

const isArg = (value: unknown): value is Arg =>
  typeof value === "string" || typeof value === "bigint" || (typeof value === "number" && !Number.isNaN(value)) ||
  isBytes(value)

/** The fields that a codec of a caller gives. */
const givenFields = (given: unknown): ReadonlyArray<readonly [Key, Arg]> => {
  if (typeof given !== "object" || given === null) {
    throw new Unfit(`expected its codec to give fields, got ${kindOf(given)}`)
  }
  const pairs: Array<readonly [unknown, unknown]> = Symbol.iterator in given
    ? Array.from(given as Iterable<readonly [unknown, unknown]>)
    : Object.entries(given)
  if (pairs.length === 0) throw new Unfit("an entry has at least one field")
  return pairs.map((pair) => {
    const [name, value] = Array.isArray(pair) ? pair : []
    if (typeof name !== "string" && !isBytes(name)) {
      throw new Unfit(`expected the name of a field as a string or bytes, got ${kindOf(name)}`)
    }
    if (!isArg(value)) throw new Unfit(`expected a field to be a string, a number or bytes, got ${kindOf(value)}`)
    return [name, value]
  })
}

/** The fields as a record; a field whose name is not UTF-8 is none that a codec can name. */
const recordOf = (fields: RawFields): Record<string, Uint8Array> => {
  const record: Record<string, Uint8Array> = {}
  for (const [name, value] of fields) {
    const text = textOf(name)
    if (text === undefined) continue
    Object.defineProperty(record, text, { value, enumerable: true, writable: true, configurable: true })
  }
  return record
}

const inGivenFields = <T>(codec: FieldsCodec<T>): EntryCodec<T> => {
  const unfit = (error: unknown): Unfit => error instanceof Unfit ? error : new Unfit("the codec does not accept it")
  return {
    encode: (value) => {
      try {
        return givenFields(codec.encode(value))
      } catch (error) {
        throw unfit(error)
      }
    },
    decode: (fields) => {
      try {
        return codec.decode(recordOf(fields))
      } catch (error) {
        throw unfit(error)
      }
    }
  }
}

/** What says how values are stored, among the options of a stream. */
export interface Format {
  readonly schema?: unknown
  readonly layout?: unknown
  readonly codec?: unknown
  readonly fields?: unknown
  readonly field?: unknown
}

/** The name of the field of entries that have only one. */
export const defaultField = "data"

const isSchema = (value: unknown): value is Schema.ConstraintCodec<unknown, unknown, never, never> => {
  try {
    return Schema.isSchema(value)
  } catch {
    return false
  }
}

/** The codec that options ask for. Throws `InvalidCommand`. */
export const entryCodecOf = (command: string, format: Format): EntryCodec<any> => {
  const invalid = (detail: string): InvalidCommand => new InvalidCommand({ command, detail })
  const { codec, field = defaultField, fields, layout, schema } = format
  const given = (["schema", "codec", "fields"] as const).filter((name) => format[name] !== undefined)
  if (given.length !== 1) {
    throw invalid(
      given.length === 0 ? "schema: it is needed, or codec, or fields" : `${given[1]}: not with ${given[0]}`
    )
  }
  if (layout !== undefined && layout !== "fields" && layout !== "json") {
    throw invalid(`layout: expected "fields" or "json", got ${kindOf(layout)}`)
  }
  if (layout !== undefined && schema === undefined) throw invalid("layout: it needs schema")
  if (typeof field !== "string") throw invalid(`field: expected a string, got ${kindOf(field)}`)
  if (codec !== undefined) return inOneField(codecOf<any>(command, codec as Codec.Codec<any>), field)
  if (fields !== undefined) {
    if (format.field !== undefined) throw invalid("field: not with fields")
    const checked = fieldsOf(fields)
    if (typeof checked === "string") throw invalid(`fields: ${checked}`)
    for (const name of ["encode", "decode"]) {
      if (typeof checked[name] !== "function") {
        throw invalid(`fields.${name}: expected a function, got ${kindOf(checked[name])}`)
      }
    }
    return inGivenFields(checked as unknown as FieldsCodec<any>)
  }
  if (!isSchema(schema)) throw invalid(`schema: expected a Schema, got ${kindOf(schema)}`)
  if (layout !== "json") {
    const laidOut = fieldsCodec(schema)
    if (typeof laidOut !== "string") {
      if (format.field !== undefined) {
        throw invalid("field: the values of this schema are stored as fields of their own")
      }
      return laidOut
    }
    if (layout === "fields") throw invalid(`layout: ${laidOut}`)
  }
  try {
    return inOneField(Codec.json(schema), field)
  } catch (error) {
    throw error instanceof InvalidCommand ? invalid(error.detail) : invalid("schema: it has no JSON")
  }
}

/** Gives the fields of a value. Throws `InvalidCommand`, in the name of `command`, for one that does not fit. */
export const encodeEntry = <T>(
  codec: EntryCodec<T>,
  value: T,
  command: string,
  where = "value"
): ReadonlyArray<readonly [field: Key, value: Arg]> => {
  try {
    return codec.encode(value)
  } catch (error) {
    throw error instanceof Unfit ? new InvalidCommand({ command, detail: `${where}: ${error.issue}` }) : error
  }
}

/** The item of an entry: its value, or why it does not fit. */
export const decodeEntry = <T>(codec: EntryCodec<T>, { fields, id }: RawEntry): Entry<T> | Misfit => {
  try {
    return { _tag: "Entry", id, value: codec.decode(fields) }
  } catch (error) {
    if (error instanceof Unfit) return { _tag: "Misfit", id, issue: error.issue, fields }
    throw error
  }
}

const rawFields: Command.Decode<RawFields> = Command.custom((value) => {
  const flat = Command.list(value)
  if (flat.length % 2 === 1) throw new Command.Mismatch("fields and values", value)
  const pairs: Array<readonly [Uint8Array, Uint8Array]> = []
  for (let i = 0; i < flat.length; i += 2) {
    pairs.push([Command.bulkString(flat[i]!, true) as Uint8Array, Command.bulkString(flat[i + 1]!, true) as Uint8Array])
  }
  return pairs
})

const idPattern = /^\d{1,20}-\d{1,20}$/

/** An id as servers send it. Throws a `Mismatch` for anything else. */
export const idWord: Command.Decode<string> = Command.custom((value: Resp.Value) => {
  const id = Command.text(value)
  if (!idPattern.test(id)) throw new Command.Mismatch("the id of an entry", value)
  return id
})

/** Reads an entry. For commands whose spec `Command.decoding` has made: their replies are bytes. */
export const rawEntry: Command.Decode<RawEntry> = Command.struct({ id: idWord, fields: rawFields })

/** Reads an array of entries. */
export const rawEntries: Command.Decode<Array<RawEntry>> = Command.array(rawEntry)

/** Reads an array of entries of which some are null, or have null in place of their fields: they have been deleted. */
export const rawEntriesOrDeleted: Command.Decode<Array<RawEntry | { readonly id: string | undefined }>> = Command
  .array(Command.custom((value, bytes) => {
    if (value === null) return { id: undefined }
    const reply = Command.list(value)
    return reply.length === 2 && reply[1] === null
      ? { id: idWord(reply[0]!, bytes) }
      : rawEntry(value, bytes)
  }))
