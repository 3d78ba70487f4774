/**
 * The set commands.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import type { Arg, Key } from "../Command.ts"
import { argv, listed, numkeys, scanArgs, type ScanOptions, type Several, several } from "../internal/commands/args.ts"

const { define, own: make } = Command

const SADD = define({ words: ["SADD"], mode: "write", keys: 1, decode: Command.int })
/** Adds members. How many are new. */
export const sadd = (key: Key, ...members: Several<Arg>) => make(SADD, several(argv(key), members))

const SREM = define({ words: ["SREM"], mode: "write", keys: 1, decode: Command.int })
/** Removes members. How many there were. */
export const srem = (key: Key, ...members: Several<Arg>) => make(SREM, several(argv(key), members))

const SMEMBERS = define({ words: ["SMEMBERS"], mode: "read", keys: 1, decode: Command.strings })
/** All members. */
export const smembers = (key: Key) => make(SMEMBERS, argv(key))

const SISMEMBER = define({ words: ["SISMEMBER"], mode: "read", keys: 1, decode: Command.flag })
/** Whether it is a member. */
export const sismember = (key: Key, member: Arg) => make(SISMEMBER, argv(key, member))

const SMISMEMBER = define({ words: ["SMISMEMBER"], mode: "read", keys: 1, decode: Command.flags })
/** For each, whether it is a member. */
export const smismember = (key: Key, ...members: Several<Arg>) => make(SMISMEMBER, several(argv(key), members))

const SCARD = define({ words: ["SCARD"], mode: "read", keys: 1, decode: Command.int })
/** How many members there are. */
export const scard = (key: Key) => make(SCARD, argv(key))

const SPOP = define({ words: ["SPOP"], mode: "write", keys: 1, decode: Command.stringOrNull })
/** Takes a random member, or null. */
export const spop = (key: Key) => make(SPOP, argv(key))

const SPOP_COUNT = define({ words: ["SPOP"], mode: "write", keys: 1, decode: Command.strings })
/** Takes up to that many random members. */
export const spopCount = (key: Key, count: number) => make(SPOP_COUNT, argv(key, count))

const SRANDMEMBER = define({ words: ["SRANDMEMBER"], mode: "read", keys: 1, decode: Command.stringOrNull })
/** A random member, or null. */
export const srandmember = (key: Key) => make(SRANDMEMBER, argv(key))

const SRANDMEMBER_COUNT = define({ words: ["SRANDMEMBER"], mode: "read", keys: 1, decode: Command.strings })
/** Random members; a negative count allows repetitions. */
export const srandmemberCount = (key: Key, count: number) => make(SRANDMEMBER_COUNT, argv(key, count))

const SMOVE = define({ words: ["SMOVE"], mode: "write", keys: 2, decode: Command.flag })
/** Moves a member to another set. */
export const smove = (source: Key, destination: Key, member: Arg) => make(SMOVE, argv(source, destination, member))

const SINTER = define({ words: ["SINTER"], mode: "read", keys: "all", decode: Command.strings })
/** The members that all sets have. */
export const sinter = (...keys: Several<Key>) => make(SINTER, several(argv(), keys))

const SINTERSTORE = define({ words: ["SINTERSTORE"], mode: "write", keys: "all", decode: Command.int })
/** Stores the members that all sets have. How many. */
export const sinterstore = (destination: Key, ...keys: Several<Key>) =>
  make(SINTERSTORE, several(argv(destination), keys))

const SINTERCARD = define({ words: ["SINTERCARD"], mode: "read", keys: numkeys(0), decode: Command.int })
/** How many members all sets have, counting up to a limit. Redis 7.0. */
export const sintercard = (keys: ReadonlyArray<Key>, limit?: number | undefined) =>
  make(SINTERCARD, [
    listed("SINTERCARD", "keys", keys).length,
    ...keys,
    ...(limit === undefined ? [] : ["LIMIT", limit])
  ])

const SUNION = define({ words: ["SUNION"], mode: "read", keys: "all", decode: Command.strings })
/** The members that any set has. */
export const sunion = (...keys: Several<Key>) => make(SUNION, several(argv(), keys))

const SUNIONSTORE = define({ words: ["SUNIONSTORE"], mode: "write", keys: "all", decode: Command.int })
/** Stores the members that any set has. How many. */
export const sunionstore = (destination: Key, ...keys: Several<Key>) =>
  make(SUNIONSTORE, several(argv(destination), keys))

const SDIFF = define({ words: ["SDIFF"], mode: "read", keys: "all", decode: Command.strings })
/** The members of the first set that none of the others has. */
export const sdiff = (...keys: Several<Key>) => make(SDIFF, several(argv(), keys))

const SDIFFSTORE = define({ words: ["SDIFFSTORE"], mode: "write", keys: "all", decode: Command.int })
/** Stores the members of the first set that none of the others has. How many. */
export const sdiffstore = (destination: Key, ...keys: Several<Key>) =>
  make(SDIFFSTORE, several(argv(destination), keys))

const SSCAN = define({ words: ["SSCAN"], mode: "read", keys: 1, decode: Command.page(Command.strings) })
/** One page of the members, from a cursor. */
export const sscan = (key: Key, cursor: string, options?: ScanOptions | undefined) =>
  make(SSCAN, scanArgs([key, cursor], options))
