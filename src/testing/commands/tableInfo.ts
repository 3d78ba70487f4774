/**
 * The COMMAND commands of servers in memory, from the commands that they have. What the table does not have is left
 * out: the texts of COMMAND DOCS, tips, and key specifications beyond a range.
 */
import { type Definition, fail, matches, syntaxError } from "../data/command.ts"
import { Fields, Members, type Reply, Simple } from "../Reply.ts"
import { commandsIn, keyAccess, knownCategories } from "./categories.ts"

type Table = ReadonlyMap<string, Definition>

const wrongNumber = (args: ReadonlyArray<string>): never =>
  fail(`wrong number of arguments for 'command|${args[1]!.toLowerCase()}' command`)

const words = (list: Iterable<string>): Members => new Members(Array.from(list, (word) => new Simple(word)))

/** Where the keys of a command are, if they are always at the same places. */
const placesOf = ({ arity, keys }: Definition): readonly [first: number, last: number, step: number] => {
  const call = Array.from({ length: Math.max(Math.abs(arity), 2) + (arity < 0 ? 4 : 0) }, (_, i) => `word${i}`)
  const places = keys(call).map((key) => call.indexOf(key))
  const [first, second] = places
  if (first === undefined || places.includes(-1)) return [0, 0, 0]
  const last = places.at(-1)!
  const isOpen = arity < 0 && last >= call.length - 2 && places.length > 1
  return [first, isOpen ? last - call.length : last, second === undefined ? 1 : second - first]
}

const infoOf = (definition: Definition): Reply => {
  const { arity, flags, name } = definition
  const [first, last, step] = placesOf(definition)
  const shown = Array.from(flags, (flag) => flag === "read" ? "readonly" : flag).filter((flag) => flag !== "connection")
  const access = keyFlags(name, [name], flags.has("write"), 0)
  const spec = new Fields([
    "flags",
    words(access),
    "begin_search",
    new Fields(["type", "index", "spec", new Fields(["index", first])]),
    "find_keys",
    new Fields([
      "type",
      "range",
      "spec",
      new Fields(["lastkey", last < 0 ? last : last - first, "keystep", step, "limit", 0])
    ])
  ])
  return [
    name,
    arity,
    words(shown),
    first,
    last,
    step,
    words(Array.from(knownCategories(name) ?? [], (category) => `@${category}`)),
    new Members([]),
    new Members(first === 0 ? [] : [spec]),
    new Members([])
  ]
}

const keyFlags = (
  name: string,
  args: ReadonlyArray<string>,
  isWrite: boolean,
  index: number
): ReadonlyArray<string> => {
  const { reads, writes } = keyAccess(name, args, isWrite, index)
  return !writes ? ["RO", "access"] : reads ? ["RW", "access", "update"] : ["OW", "update"]
}

/** A call whose keys are asked for. */
const callOf = (table: Table, args: ReadonlyArray<string>): readonly [Definition, ReadonlyArray<string>] => {
  if (args.length < 3) return wrongNumber(args)
  const call = args.slice(2)
  const definition = table.get(call[0]!.toLowerCase())
  if (definition === undefined) return fail("Invalid command specified")
  if (definition.arity > 0 ? call.length !== definition.arity : call.length < -definition.arity) {
    return fail("Invalid number of arguments specified for command")
  }
  return [definition, definition.keys(call)]
}

const list = (table: Table, args: ReadonlyArray<string>): Reply => {
  if (args.length === 2) return Array.from(table.keys())
  const [, , filterBy, kind, value] = args
  if (args.length !== 5 || filterBy!.toUpperCase() !== "FILTERBY") return syntaxError()
  switch (kind!.toUpperCase()) {
    case "MODULE":
      return []
    case "ACLCAT":
      return commandsIn(value!.toLowerCase()).filter((name) => table.has(name.split("|")[0]!))
    case "PATTERN":
      return Array.from(table.keys()).filter((name) => matches(value!.toLowerCase(), name))
    default:
      return syntaxError()
  }
}

/** Answers COMMAND and its subcommands. */
export const command = (table: Table, args: ReadonlyArray<string>): Reply => {
  if (args.length === 1) return Array.from(table.values(), infoOf)
  switch (args[1]!.toLowerCase()) {
    case "count":
      return args.length === 2 ? table.size : wrongNumber(args)
    case "list":
      return list(table, args)
    case "info":
      return args.length === 2
        ? Array.from(table.values(), infoOf)
        : args.slice(2).map((name) => {
          const definition = table.get(name.toLowerCase())
          return definition === undefined ? null : infoOf(definition)
        })
    case "docs": {
      const names = args.length === 2 ? Array.from(table.keys()) : args.slice(2).map((name) => name.toLowerCase())
      return new Fields(names.flatMap((name): ReadonlyArray<Reply> => {
        const definition = table.get(name)
        return definition === undefined ? [] : [name, new Fields(["group", definition.group])]
      }))
    }
    case "getkeys": {
      const [, keys] = callOf(table, args)
      return keys.length === 0 ? fail("The command has no key arguments") : keys
    }
    case "getkeysandflags": {
      const [{ flags, name }, keys] = callOf(table, args)
      if (keys.length === 0) return fail("The command has no key arguments")
      return keys.map((key, i) => [key, words(keyFlags(name, args.slice(2), flags.has("write"), i))])
    }
    default:
      return fail(`unknown subcommand '${args[1]}'. Try COMMAND HELP.`)
  }
}
