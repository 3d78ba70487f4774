/**
 * The geo commands: members of a sorted set with places on the Earth, distances between
 * them, and searches. Their older forms are in geoRadius.ts.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg, Key } from "../Command.ts"
import { InvalidCommand } from "../Errors.ts"
import {
  appendVariadic,
  argv,
  arrayOf,
  type FieldsOf,
  keyword,
  optionsOf,
  type Variadic
} from "../internal/commands/args.ts"
import {
  appendCoordinates,
  appendSelection,
  coordinates,
  type GeoCoordinates,
  type GeoDetail,
  type GeoFound,
  type GeoUnit,
  makeWithDetails,
  unitArg
} from "../internal/commands/geo.ts"
import type { NotWith } from "./options.ts"

export type { GeoCoordinates, GeoDetail, GeoFound, GeoUnit }

/**
 * A member with its place.
 *
 * @since 0.1.0
 * @category models
 */
export interface GeoMember extends GeoCoordinates {
  /** The member. */
  readonly member: Arg
}

/**
 * Options of GEOADD: which members it adds or moves, and what it counts.
 *
 * @since 0.1.0
 * @category models
 */
export interface GeoaddOptions {
  /** `"nx"`: only adds new members. `"xx"`: only moves those that exist. Default: both. */
  readonly when?: "nx" | "xx" | undefined
  /** Whether the result counts members that moved, too (CH). Default false: only new ones. */
  readonly changed?: boolean | undefined
}

const GEOADD = define({ words: ["GEOADD"], mode: "write", keys: 1, decode: Command.int })
const geoaddFields: FieldsOf<GeoaddOptions> = { when: "value", changed: "flag" }

/**
 * GEOADD adds members with their places to a sorted set, or moves members that exist. The result is how many of the
 * members are new, or, with `changed`, how many are new or have moved. Places are rounded to a grid with a spacing
 * of less than a metre. A missing key is created. Fails with ERR for a place out of range, and with WRONGTYPE if the
 * key holds another type.
 *
 * **Example** (Two cities)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const added = commands.geoadd("cities", [
 *   { member: "Palermo", longitude: 13.361389, latitude: 38.115556 },
 *   { member: "Catania", longitude: 15.087269, latitude: 37.502669 }
 * ])
 * ```
 *
 * @see https://redis.io/docs/latest/commands/geoadd/
 * @since 0.1.0
 * @category geo
 */
export const geoadd = (key: Key, members: ReadonlyArray<GeoMember>, options?: GeoaddOptions | undefined) => {
  const args = argv(key)
  const given = optionsOf("GEOADD", options, geoaddFields)
  if (given?.when !== undefined) args.push(keyword("GEOADD", "when", given.when, ["nx", "xx"]))
  if (given?.changed === true) args.push("CH")
  const all = arrayOf("GEOADD", "members", members)
  if (all.length === 0) throw new InvalidCommand({ command: "GEOADD", detail: "members: at least one is needed" })
  for (const member of all) {
    appendCoordinates("GEOADD", "members", args, member)
    args.push(member.member)
  }
  return make(GEOADD, args)
}

const GEODIST = define({ words: ["GEODIST"], mode: "read", keys: 1, decode: Command.floatOrNull })
/**
 * GEODIST returns the distance between two members, or `null` if one of them does not exist. The default unit is
 * metres. The Earth counts as a sphere, so that the distance may be wrong by 0.5 %. Fails with WRONGTYPE if the key
 * holds another type.
 *
 * @see https://redis.io/docs/latest/commands/geodist/
 * @since 0.1.0
 * @category geo
 */
export const geodist = (key: Key, member1: Arg, member2: Arg, unit: GeoUnit = "m") =>
  make(GEODIST, argv(key, member1, member2, unitArg("GEODIST", unit)))

const GEOHASH = define({ words: ["GEOHASH"], mode: "read", keys: 1, decode: Command.array(Command.wordOrNull) })
/**
 * GEOHASH returns the standard geohashes of members, with 11 characters, in the order of the members, with `null`
 * for each that does not exist. Fails with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/geohash/
 * @since 0.1.0
 * @category geo
 */
export const geohash = (key: Key, ...members: Variadic<Arg>) =>
  make(GEOHASH, appendVariadic(GEOHASH.name, "members", argv(key), members))

const GEOPOS = define({
  words: ["GEOPOS"],
  mode: "read",
  keys: 1,
  decode: Command.array(Command.nullable(coordinates))
})
/**
 * GEOPOS returns the places of members, in the order of the members, with `null` for each that does not exist. They
 * may differ a little from those that were added. Fails with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/geopos/
 * @since 0.1.0
 * @category geo
 */
export const geopos = (key: Key, ...members: Variadic<Arg>) =>
  make(GEOPOS, appendVariadic(GEOPOS.name, "members", argv(key), members))

/**
 * Members as the origin of a search.
 *
 * @since 0.1.0
 * @category models
 */
export interface GeoFromMember {
  /** The member of the sorted set where the search begins (FROMMEMBER). */
  readonly member: Arg
  /** Not with `member`. */
  readonly latitude?: NotWith<"member"> | undefined
  /** Not with `member`. */
  readonly longitude?: NotWith<"member"> | undefined
}

/**
 * A place as the origin of a search (FROMLONLAT).
 *
 * @since 0.1.0
 * @category models
 */
export interface GeoFromCoordinates extends GeoCoordinates {
  /** Not with a place. */
  readonly member?: NotWith<"longitude"> | undefined
}

/**
 * A circle around the origin (BYRADIUS).
 *
 * @since 0.1.0
 * @category models
 */
export interface GeoCircle {
  /** Its radius, in the unit. */
  readonly radius: number
  /** The unit of the radius and of distances. */
  readonly unit: GeoUnit
  /** Not with `radius`. */
  readonly height?: NotWith<"radius"> | undefined
  /** Not with `radius`. */
  readonly polygon?: NotWith<"radius"> | undefined
  /** Not with `radius`. */
  readonly width?: NotWith<"radius"> | undefined
}

/**
 * A box with the origin in its middle, its sides along the meridians and the parallels
 * (BYBOX).
 *
 * @since 0.1.0
 * @category models
 */
export interface GeoBox {
  /** Its extent from west to east, in the unit. */
  readonly width: number
  /** Its extent from south to north, in the unit. */
  readonly height: number
  /** The unit of the sides and of distances. */
  readonly unit: GeoUnit
  /** Not with `width`. */
  readonly polygon?: NotWith<"width"> | undefined
  /** Not with `width`. */
  readonly radius?: NotWith<"width"> | undefined
}

/**
 * A polygon, which needs no origin (BYPOLYGON). Needs Valkey 9.0.
 *
 * @since 0.1.0
 * @category models
 */
export interface GeoPolygon {
  /** Its corners in turn, at least three. */
  readonly polygon: ReadonlyArray<GeoCoordinates>
  /** Not with `polygon`. */
  readonly height?: NotWith<"polygon"> | undefined
  /** Not with `polygon`. */
  readonly radius?: NotWith<"polygon"> | undefined
  /** Not with `polygon`. */
  readonly unit?: NotWith<"polygon"> | undefined
  /** Not with `polygon`. */
  readonly width?: NotWith<"polygon"> | undefined
}

/**
 * Where a search looks: around an origin.
 *
 * @since 0.1.0
 * @category models
 */
export interface GeoAround {
  /** The origin. */
  readonly from: GeoFromMember | GeoFromCoordinates
  /** The shape around it. */
  readonly by: GeoCircle | GeoBox
}

/**
 * Where a search looks: in a polygon. Needs Valkey 9.0.
 *
 * @since 0.1.0
 * @category models
 */
export interface GeoWithin {
  /** The polygon. */
  readonly by: GeoPolygon
  /** Not with a polygon. */
  readonly from?: NotWith<"polygon"> | undefined
}

/**
 * All members that a search finds, or those that are nearest or farthest.
 *
 * @since 0.1.0
 * @category models
 */
export interface GeoSelection {
  /** From the nearest (`"asc"`) or the farthest on. Default: in no order; with `count`, from the nearest on. */
  readonly order?: "asc" | "desc" | undefined
  /** How many members are returned at most, at least 1. Default: all. */
  readonly count?: number | undefined
  /** Whether the search ends at the first `count` members that it comes across (ANY). Default false. */
  readonly any?: boolean | undefined
}

/**
 * A search of GEOSEARCH: where, which members, and in which order.
 *
 * @since 0.1.0
 * @category models
 */
export type GeoSearch = (GeoAround | GeoWithin) & GeoSelection

interface AnyShape {
  readonly radius?: number
  readonly width?: number
  readonly height?: number
  readonly unit?: GeoUnit
  readonly polygon?: ReadonlyArray<GeoCoordinates>
}

const fromFields = { member: "value", latitude: "value", longitude: "value" } as const

const anyShapeFields: FieldsOf<AnyShape> = {
  radius: "value",
  width: "value",
  height: "value",
  unit: "value",
  polygon: "value"
}

const geoSearchFields: FieldsOf<GeoSearch> = { from: "value", by: "value", order: "value", count: "value", any: "flag" }

const appendSearch = (
  command: string,
  out: Array<Arg>,
  search: GeoSearch,
  fields: FieldsOf<GeoSearch> = geoSearchFields
): void => {
  const refuse = (detail: string): never => {
    throw new InvalidCommand({ command, detail })
  }
  const { by, from } = optionsOf(command, search, fields) ?? refuse("search: an object is needed")
  const shape: AnyShape = optionsOf<AnyShape>(command, by as never, anyShapeFields) ??
    refuse("by: a shape is needed")
  const shapes = (["radius", "width", "polygon"] as const).filter((name) => shape[name] !== undefined)
  if (shapes.length !== 1) return refuse("by: one of radius, width and polygon is needed")
  if (shapes[0] === "polygon") {
    if (from !== undefined) return refuse("from: not with polygon")
    const corners = arrayOf(command, "polygon", shape.polygon!)
    if (corners.length < 3) return refuse("polygon: at least three corners are needed")
    out.push("BYPOLYGON", corners.length)
    for (const corner of corners) appendCoordinates(command, "polygon", out, corner)
  } else {
    const origin = optionsOf(command, from as GeoFromMember | GeoFromCoordinates, fromFields) ??
      refuse("from: an origin is needed")
    if (origin.member !== undefined) {
      if (origin.longitude !== undefined || origin.latitude !== undefined) return refuse("longitude: not with member")
      out.push("FROMMEMBER", origin.member)
    } else {
      out.push("FROMLONLAT")
      appendCoordinates(command, "from", out, origin as GeoCoordinates)
    }
    const unit = unitArg(command, shape.unit as GeoUnit)
    if (shapes[0] === "radius") out.push("BYRADIUS", shape.radius!, unit)
    else if (typeof shape.height !== "number") return refuse("height: a box needs it")
    else out.push("BYBOX", shape.width!, shape.height, unit)
  }
  appendSelection(command, out, search)
}

const GEOSEARCH = define({ words: ["GEOSEARCH"], mode: "read", keys: 1, decode: Command.strings })
/**
 * GEOSEARCH returns the members in a circle or a box around an origin, or in a polygon. A missing key gives `[]`.
 * Fails with ERR if the origin is a member that does not exist, with WRONGTYPE if the key holds another type, and
 * with `InvalidCommand` for two origins or two shapes.
 *
 * **Example** (The three nearest within 200 km)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const nearest = commands.geosearch("cities", {
 *   from: { longitude: 15, latitude: 37 },
 *   by: { radius: 200, unit: "km" },
 *   count: 3
 * })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/geosearch/
 * @since 0.1.0
 * @category geo
 */
export const geosearch = (key: Key, search: GeoSearch) => {
  const args = argv(key)
  appendSearch("GEOSEARCH", args, search)
  return make(GEOSEARCH, args)
}

const GEOSEARCH_WITH = define({ words: ["GEOSEARCH"], mode: "read", keys: 1, decode: Command.value })
/**
 * GEOSEARCH with WITHDIST, WITHCOORD or WITHHASH returns the members that a search finds, each with the details that
 * were asked for: `"distance"` from the origin in the unit of the shape, `"coordinates"` and `"hash"`. A missing key
 * gives `[]`. Fails with ERR if the origin is a member that does not exist, with WRONGTYPE if the key holds another
 * type, and with `InvalidCommand` for two origins, two shapes, or no details.
 *
 * **Example** (Distances from a member)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { RedisClient } from "effect-redis-sentinel"
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   const around = { from: { member: "Palermo" }, by: { width: 400, height: 400, unit: "km" } } as const
 *   const found = yield* redis.geosearchWith("cities", around, ["distance"])
 *   return found.map(({ distance, member }) => `${member}: ${distance} km`)
 * })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/geosearch/
 * @since 0.1.0
 * @category geo
 */
export const geosearchWith = <const Details extends ReadonlyArray<GeoDetail>>(
  key: Key,
  search: GeoSearch,
  details: Details
): Command.Command<Array<GeoFound<Details>>, "read", Array<GeoFound<Details, Uint8Array>>> => {
  const args = argv(key)
  appendSearch("GEOSEARCH", args, search)
  return makeWithDetails(GEOSEARCH_WITH, args, details)
}

const storeFields: FieldsOf<GeoSearch & { readonly storeDistance?: boolean | undefined }> = {
  from: "value",
  by: "value",
  order: "value",
  count: "value",
  any: "flag",
  storeDistance: "flag"
}

const GEOSEARCHSTORE = define({ words: ["GEOSEARCHSTORE"], mode: "write", keys: 2, decode: Command.int })
/**
 * GEOSEARCHSTORE stores the members that a search finds as a sorted set at `destination`, with their places or, with
 * `storeDistance`, with their distances from the origin as scores. It returns how many there are. It replaces a
 * value of any type there; an empty result deletes it. Fails with ERR if the origin is a member that does not exist,
 * with WRONGTYPE if `source` holds another type, and with `InvalidCommand` for two origins or two shapes.
 *
 * @see https://redis.io/docs/latest/commands/geosearchstore/
 * @since 0.1.0
 * @category geo
 */
export const geosearchstore = (
  destination: Key,
  source: Key,
  search: GeoSearch & {
    /** Whether the scores are the distances, in the unit of the shape (STOREDIST). Default false. */
    readonly storeDistance?: boolean | undefined
  }
) => {
  const args = argv(destination, source)
  appendSearch("GEOSEARCHSTORE", args, search, storeFields)
  if (search.storeDistance === true) args.push("STOREDIST")
  return make(GEOSEARCHSTORE, args)
}
