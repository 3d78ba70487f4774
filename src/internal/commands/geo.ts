/**
 * Arguments and replies that the geo commands have in common, for the constructors in
 * commands/: origins, shapes, and what is returned of each member.
 */
import * as Command from "../../Command.ts"
import type { Arg } from "../../Command.ts"
import { InvalidCommand } from "../../Errors.ts"
import { kindOf } from "../common/values.ts"
import { arrayOf, keyword, objectOf } from "./args.ts"
import { bulkString, custom, type Decode, double, integer, list, mismatch } from "./decoders.ts"
import type { Certain } from "./details.ts"

/**
 * A unit of distance: metres, kilometres, feet or miles.
 *
 * @since 0.1.0
 * @category models
 */
export type GeoUnit = "m" | "km" | "ft" | "mi"

/**
 * A place on the Earth, in degrees.
 *
 * @since 0.1.0
 * @category models
 */
export interface GeoCoordinates {
  /** East of Greenwich, from -180 to 180. */
  readonly longitude: number
  /** North of the equator, from -85.05112878 to 85.05112878. */
  readonly latitude: number
}

/**
 * What can be returned with a member: its distance from the origin in the unit of the
 * search, its coordinates, and its geohash as an integer of 52 bits.
 *
 * @since 0.1.0
 * @category models
 */
export type GeoDetail = "distance" | "coordinates" | "hash"

/** All that a search can return of a member. */
interface GeoDetails {
  /** How far it is from the origin, in the unit of the search. */
  readonly distance: number
  /** Where it is. */
  readonly coordinates: GeoCoordinates
  /** Its geohash as an integer of 52 bits, which is its score in the sorted set. */
  readonly hash: number
}

/**
 * A member that a search found, with the details that were asked for. Where the type of the
 * list does not say which those are, each may be missing.
 *
 * @since 0.1.0
 * @category models
 */
export type GeoFound<Details extends ReadonlyArray<GeoDetail>, A = string> =
  & {
    /** The member. */
    readonly member: A
  }
  & Pick<GeoDetails, Certain<Details>>
  & Partial<Pick<GeoDetails, Exclude<Details[number], Certain<Details>>>>

/** Units, for `keyword`. */
const geoUnits: ReadonlyArray<GeoUnit> = ["m", "km", "ft", "mi"]

/** A unit as an argument. */
export const unitArg = (command: string, unit: GeoUnit): Arg => keyword(command, "unit", unit, geoUnits).toLowerCase()

/** Appends a longitude and a latitude. Other fields do not count: a place that was found may have a name. */
export const appendCoordinates = (command: string, field: string, out: Array<Arg>, given: GeoCoordinates): void => {
  const { latitude, longitude } = objectOf(command, given) ?? {}
  if (typeof longitude !== "number" || typeof latitude !== "number") {
    throw new InvalidCommand({ command, detail: `${field}: expected a longitude and a latitude` })
  }
  out.push(longitude, latitude)
}

/** Reads a longitude and a latitude. */
export const coordinates: Decode<GeoCoordinates> = custom((value) => {
  const [longitude, latitude] = list(value)
  if (longitude === undefined || latitude === undefined) return mismatch("a longitude and a latitude", value)
  return { longitude: double(longitude), latitude: double(latitude) }
})

/** Reads the members that a search found. The server's order of details: distance, hash, coordinates. */
const found = <Details extends ReadonlyArray<GeoDetail>>(
  details: ReadonlySet<GeoDetail>
): Decode<Array<GeoFound<Details>>, Array<GeoFound<Details, Uint8Array>>> =>
  custom<Array<GeoFound<Details>>, Array<GeoFound<Details, Uint8Array>>>((value, bytes) =>
    list(value).map((item) => {
      const parts = list(item)
      if (parts.length !== details.size + 1) return mismatch(`a member with ${details.size} details`, item)
      let at = 1
      const member: { readonly member: unknown } & Partial<GeoDetails> = {
        member: bulkString(parts[0]!, bytes),
        ...(details.has("distance") ? { distance: double(parts[at++]!) } : {}),
        ...(details.has("hash") ? { hash: integer(parts[at++]!) } : {}),
        ...(details.has("coordinates") ? { coordinates: coordinates(parts[at]!, bytes) } : {})
      }
      return member as GeoFound<Details>
    })
  )

/**
 * Makes a command that returns details: appends WITHCOORD, WITHDIST and WITHHASH to its
 * arguments, and reads them. Throws `InvalidCommand` for no details and for unknown ones.
 */
export const makeWithDetails = <M extends Command.Mode, const Details extends ReadonlyArray<GeoDetail>>(
  spec: Command.Spec<any, M, any>,
  args: Array<Arg>,
  details: Details
): Command.Command<Array<GeoFound<Details>>, M, Array<GeoFound<Details, Uint8Array>>> => {
  const all = new Set<GeoDetail>(arrayOf(spec.name, "details", details))
  for (const detail of all) keyword(spec.name, "details", detail, ["distance", "coordinates", "hash"])
  if (all.size === 0) throw new InvalidCommand({ command: spec.name, detail: "details: at least one is needed" })
  if (all.has("coordinates")) args.push("WITHCOORD")
  if (all.has("distance")) args.push("WITHDIST")
  if (all.has("hash")) args.push("WITHHASH")
  return Command.withDecode(Command.own(spec, args), found<Details>(all))
}

/** How many members are returned, and in which order. */
interface Selection {
  readonly order?: "asc" | "desc" | undefined
  readonly count?: number | undefined
  readonly any?: unknown
}

/** Appends the order and COUNT. */
export const appendSelection = (command: string, out: Array<Arg>, given: Selection): void => {
  if (given.order !== undefined) out.push(keyword(command, "order", given.order, ["asc", "desc"]))
  if (given.count !== undefined) {
    if (!Number.isSafeInteger(given.count) || given.count < 1) {
      const detail = `count: expected a whole number of at least 1, got ${kindOf(given.count)}`
      throw new InvalidCommand({ command, detail })
    }
    out.push("COUNT", given.count)
  }
  if (given.any === true) {
    if (given.count === undefined) throw new InvalidCommand({ command, detail: "any: it needs count" })
    out.push("ANY")
  }
}
