/**
 * The older searches for places, which GEOSEARCH and GEOSEARCHSTORE replace (geo.ts).
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg, Key } from "../Command.ts"
import { InvalidCommand } from "../Errors.ts"
import { argv, type FieldsOf, optionsOf } from "../internal/commands/args.ts"
import {
  appendCoordinates,
  appendSelection,
  type GeoCoordinates,
  type GeoDetail,
  type GeoFound,
  type GeoUnit,
  makeWithDetails,
  unitArg
} from "../internal/commands/geo.ts"
import type { GeoSelection } from "./geo.ts"

/**
 * The radius of GEORADIUS, and which members it returns.
 *
 * @since 0.1.0
 * @category models
 */
export interface GeoradiusSearch extends GeoSelection {
  /** The radius, in the unit. */
  readonly radius: number
  /** The unit of the radius and of distances. */
  readonly unit: GeoUnit
}

/**
 * The radius of GEORADIUS with STORE or STOREDIST, and which members it stores.
 *
 * @since 0.1.0
 * @category models
 */
export interface GeoradiusStore extends GeoradiusSearch {
  /** Whether the scores are the distances, in the unit (STOREDIST). Default false: the places (STORE). */
  readonly storeDistance?: boolean | undefined
}

const georadiusSearchFields: FieldsOf<GeoradiusSearch> = {
  radius: "value",
  unit: "value",
  order: "value",
  count: "value",
  any: "flag"
}

const georadiusStoreFields: FieldsOf<GeoradiusStore> = {
  radius: "value",
  unit: "value",
  order: "value",
  count: "value",
  any: "flag",
  storeDistance: "flag"
}

type SearchFields = FieldsOf<GeoradiusSearch>

const radiusArgs = (command: string, args: Array<Arg>, search: GeoradiusSearch, fields: SearchFields): Array<Arg> => {
  const given = optionsOf(command, search, fields)
  if (given === undefined) throw new InvalidCommand({ command, detail: "search: an object is needed" })
  args.push(given.radius, unitArg(command, given.unit))
  appendSelection(command, args, given)
  return args
}

const aroundPlace = (
  command: string,
  key: Key,
  center: GeoCoordinates,
  search: GeoradiusSearch,
  fields: SearchFields = georadiusSearchFields
): Array<Arg> => {
  const args = argv(key)
  appendCoordinates(command, "center", args, center)
  return radiusArgs(command, args, search, fields)
}

const aroundMember = (
  command: string,
  key: Key,
  member: Arg,
  search: GeoradiusSearch,
  fields: SearchFields = georadiusSearchFields
): Array<Arg> => radiusArgs(command, argv(key, member), search, fields)

const appendStore = (args: Array<Arg>, destination: Key, search: GeoradiusStore): Array<Arg> => {
  args.push(search.storeDistance === true ? "STOREDIST" : "STORE", destination)
  return args
}

const sourceAndDestination = (args: ReadonlyArray<Arg>): ReadonlyArray<Key> =>
  [args[0], args[args.length - 1]] as ReadonlyArray<Key>

const GEORADIUS = define({ words: ["GEORADIUS"], mode: "write", keys: 1, decode: Command.strings })
/**
 * GEORADIUS returns the members in a circle around a place; `[]` if the key does not exist. It changes nothing, but the server counts it as a write.
 * Fails with ERR for a place out of range, and with WRONGTYPE if the key holds another type.
 *
 * @deprecated Use `geosearch` with `from` and `by: { radius, unit }`.
 * @see https://redis.io/docs/latest/commands/georadius/
 * @since 0.1.0
 * @category geo
 */
export const georadius = (key: Key, center: GeoCoordinates, search: GeoradiusSearch) =>
  make(GEORADIUS, aroundPlace(GEORADIUS.name, key, center, search))

const GEORADIUS_WITH = define({ words: ["GEORADIUS"], mode: "write", keys: 1, decode: Command.value })
/**
 * GEORADIUS with WITHDIST, WITHCOORD or WITHHASH returns the members in a circle around a place, each with the
 * details that were asked for; `[]` if the key does not exist. It changes nothing, but the server counts it as a write.
 * Fails with ERR for a place out of range, and with WRONGTYPE if the key holds another type.
 *
 * @deprecated Use `geosearchWith` with `from` and `by: { radius, unit }`.
 * @see https://redis.io/docs/latest/commands/georadius/
 * @since 0.1.0
 * @category geo
 */
export const georadiusWith = <const Details extends ReadonlyArray<GeoDetail>>(
  key: Key,
  center: GeoCoordinates,
  search: GeoradiusSearch,
  details: Details
): Command.Command<Array<GeoFound<Details>>, "write", Array<GeoFound<Details, Uint8Array>>> =>
  makeWithDetails(GEORADIUS_WITH, aroundPlace(GEORADIUS.name, key, center, search), details)

const GEORADIUS_RO = define({ words: ["GEORADIUS_RO"], mode: "read", keys: 1, decode: Command.strings })
/**
 * GEORADIUS_RO returns the members in a circle around a place; `[]` if the key does not exist.
 * Fails with ERR for a place out of range, and with WRONGTYPE if the key holds another type.
 *
 * @deprecated Use `geosearch` with `from` and `by: { radius, unit }`.
 * @see https://redis.io/docs/latest/commands/georadius_ro/
 * @since 0.1.0
 * @category geo
 */
export const georadiusRo = (key: Key, center: GeoCoordinates, search: GeoradiusSearch) =>
  make(GEORADIUS_RO, aroundPlace(GEORADIUS_RO.name, key, center, search))

const GEORADIUS_RO_WITH = define({ words: ["GEORADIUS_RO"], mode: "read", keys: 1, decode: Command.value })
/**
 * GEORADIUS_RO with WITHDIST, WITHCOORD or WITHHASH returns the members in a circle around a place, each with the
 * details that were asked for; `[]` if the key does not exist.
 * Fails with ERR for a place out of range, and with WRONGTYPE if the key holds another type.
 *
 * @deprecated Use `geosearchWith` with `from` and `by: { radius, unit }`.
 * @see https://redis.io/docs/latest/commands/georadius_ro/
 * @since 0.1.0
 * @category geo
 */
export const georadiusRoWith = <const Details extends ReadonlyArray<GeoDetail>>(
  key: Key,
  center: GeoCoordinates,
  search: GeoradiusSearch,
  details: Details
): Command.Command<Array<GeoFound<Details>>, "read", Array<GeoFound<Details, Uint8Array>>> =>
  makeWithDetails(GEORADIUS_RO_WITH, aroundPlace(GEORADIUS_RO.name, key, center, search), details)

const GEORADIUS_STORE = define({ words: ["GEORADIUS"], mode: "write", keys: sourceAndDestination, decode: Command.int })
/**
 * GEORADIUS with STORE or STOREDIST stores the members in a circle around a place as a sorted set at
 * `destination`, and returns how many there are. It replaces a value of any type there; an empty result deletes it.
 * Fails with ERR for a place out of range, and with WRONGTYPE if the key holds another type.
 *
 * @deprecated Use `geosearchstore` with `from` and `by: { radius, unit }`.
 * @see https://redis.io/docs/latest/commands/georadius/
 * @since 0.1.0
 * @category geo
 */
export const georadiusStore = (key: Key, center: GeoCoordinates, destination: Key, search: GeoradiusStore) =>
  make(
    GEORADIUS_STORE,
    appendStore(aroundPlace(GEORADIUS.name, key, center, search, georadiusStoreFields), destination, search)
  )

const GEORADIUSBYMEMBER = define({ words: ["GEORADIUSBYMEMBER"], mode: "write", keys: 1, decode: Command.strings })
/**
 * GEORADIUSBYMEMBER returns the members in a circle around a member; `[]` if the key does not exist. It changes nothing, but the server counts it as a write.
 * Fails with ERR if the member does not exist, and with WRONGTYPE if the key holds another type.
 *
 * @deprecated Use `geosearch` with `from` and `by: { radius, unit }`.
 * @see https://redis.io/docs/latest/commands/georadiusbymember/
 * @since 0.1.0
 * @category geo
 */
export const georadiusbymember = (key: Key, member: Arg, search: GeoradiusSearch) =>
  make(GEORADIUSBYMEMBER, aroundMember(GEORADIUSBYMEMBER.name, key, member, search))

const GEORADIUSBYMEMBER_WITH = define({ words: ["GEORADIUSBYMEMBER"], mode: "write", keys: 1, decode: Command.value })
/**
 * GEORADIUSBYMEMBER with WITHDIST, WITHCOORD or WITHHASH returns the members in a circle around a member, each with the
 * details that were asked for; `[]` if the key does not exist. It changes nothing, but the server counts it as a write.
 * Fails with ERR if the member does not exist, and with WRONGTYPE if the key holds another type.
 *
 * @deprecated Use `geosearchWith` with `from` and `by: { radius, unit }`.
 * @see https://redis.io/docs/latest/commands/georadiusbymember/
 * @since 0.1.0
 * @category geo
 */
export const georadiusbymemberWith = <const Details extends ReadonlyArray<GeoDetail>>(
  key: Key,
  member: Arg,
  search: GeoradiusSearch,
  details: Details
): Command.Command<Array<GeoFound<Details>>, "write", Array<GeoFound<Details, Uint8Array>>> =>
  makeWithDetails(GEORADIUSBYMEMBER_WITH, aroundMember(GEORADIUSBYMEMBER.name, key, member, search), details)

const GEORADIUSBYMEMBER_RO = define({ words: ["GEORADIUSBYMEMBER_RO"], mode: "read", keys: 1, decode: Command.strings })
/**
 * GEORADIUSBYMEMBER_RO returns the members in a circle around a member; `[]` if the key does not exist.
 * Fails with ERR if the member does not exist, and with WRONGTYPE if the key holds another type.
 *
 * @deprecated Use `geosearch` with `from` and `by: { radius, unit }`.
 * @see https://redis.io/docs/latest/commands/georadiusbymember_ro/
 * @since 0.1.0
 * @category geo
 */
export const georadiusbymemberRo = (key: Key, member: Arg, search: GeoradiusSearch) =>
  make(GEORADIUSBYMEMBER_RO, aroundMember(GEORADIUSBYMEMBER_RO.name, key, member, search))

const GEORADIUSBYMEMBER_RO_WITH = define({
  words: ["GEORADIUSBYMEMBER_RO"],
  mode: "read",
  keys: 1,
  decode: Command.value
})
/**
 * GEORADIUSBYMEMBER_RO with WITHDIST, WITHCOORD or WITHHASH returns the members in a circle around a member, each with the
 * details that were asked for; `[]` if the key does not exist.
 * Fails with ERR if the member does not exist, and with WRONGTYPE if the key holds another type.
 *
 * @deprecated Use `geosearchWith` with `from` and `by: { radius, unit }`.
 * @see https://redis.io/docs/latest/commands/georadiusbymember_ro/
 * @since 0.1.0
 * @category geo
 */
export const georadiusbymemberRoWith = <const Details extends ReadonlyArray<GeoDetail>>(
  key: Key,
  member: Arg,
  search: GeoradiusSearch,
  details: Details
): Command.Command<Array<GeoFound<Details>>, "read", Array<GeoFound<Details, Uint8Array>>> =>
  makeWithDetails(GEORADIUSBYMEMBER_RO_WITH, aroundMember(GEORADIUSBYMEMBER_RO.name, key, member, search), details)

const GEORADIUSBYMEMBER_STORE = define({
  words: ["GEORADIUSBYMEMBER"],
  mode: "write",
  keys: sourceAndDestination,
  decode: Command.int
})
/**
 * GEORADIUSBYMEMBER with STORE or STOREDIST stores the members in a circle around a member as a sorted set at
 * `destination`, and returns how many there are. It replaces a value of any type there; an empty result deletes it.
 * Fails with ERR if the member does not exist, and with WRONGTYPE if the key holds another type.
 *
 * @deprecated Use `geosearchstore` with `from` and `by: { radius, unit }`.
 * @see https://redis.io/docs/latest/commands/georadiusbymember/
 * @since 0.1.0
 * @category geo
 */
export const georadiusbymemberStore = (key: Key, member: Arg, destination: Key, search: GeoradiusStore) =>
  make(
    GEORADIUSBYMEMBER_STORE,
    appendStore(aroundMember(GEORADIUSBYMEMBER.name, key, member, search, georadiusStoreFields), destination, search)
  )
