/**
 * The geo commands of a server in memory, with Redis's geohashes of 52 bits and its
 * distances. A search without an order gives members by their geohashes.
 */
import { SortedSet } from "../Keyspace.ts"
import { Double, nullArray, type Protocol, type Reply } from "../Reply.ts"
import { type Definition, fail, first, group, int, parseFloating, type Scene, syntaxError } from "./command.ts"
import { sortedSets } from "./sortedSets.ts"

const define = group("geo")

const earthRadius = 6372797.560856
const maxLatitude = 85.05112878

interface Place {
  readonly longitude: number
  readonly latitude: number
}

// -----------------------------------------------------------------------------
// Geohashes and distances
// -----------------------------------------------------------------------------

/** The bits of a number, each followed by a zero. The greatest place of all needs 27 of them. */
const spread = (n: number): bigint => {
  let out = 0n
  for (let i = 0n; i < 27n; i++) if ((BigInt(n) >> i & 1n) === 1n) out |= 1n << 2n * i
  return out
}

const gather = (bits: bigint): number => {
  let out = 0
  for (let i = 0; i < 27; i++) if ((bits >> BigInt(2 * i) & 1n) === 1n) out += 2 ** i
  return out
}

const hashOf = ({ latitude, longitude }: Place, limit = maxLatitude): bigint => {
  const cell = (n: number, max: number): number => Math.floor((n + max) / (2 * max) * 2 ** 26)
  return spread(cell(latitude, limit)) | spread(cell(longitude, 180)) << 1n
}

/** The bits of a score, as a processor converts it that has no unsigned integers. */
const bitsOf = (score: number): bigint =>
  score >= 2 ** 64 ? 0n : score < -(2 ** 63) ? 2n ** 63n : BigInt.asUintN(64, BigInt(Math.trunc(score)))

const placeOf = (score: number): Place => {
  const bits = bitsOf(score)
  const middle = (cell: number, max: number): number => {
    const low = -max + cell / 2 ** 26 * (2 * max)
    const high = -max + (cell + 1) / 2 ** 26 * (2 * max)
    return Math.max(-max, Math.min(max, (low + high) / 2))
  }
  return { longitude: middle(gather(bits >> 1n), 180), latitude: middle(gather(bits), maxLatitude) }
}

const radians = (degrees: number): number => degrees * (Math.PI / 180)

const latitudeDistance = (a: number, b: number): number => earthRadius * Math.abs(radians(b) - radians(a))

const distance = (a: Place, b: Place): number => {
  const v = Math.sin((radians(b.longitude) - radians(a.longitude)) / 2)
  if (v === 0) return latitudeDistance(a.latitude, b.latitude)
  const [from, to] = [radians(a.latitude), radians(b.latitude)]
  const u = Math.sin((to - from) / 2)
  return 2 * earthRadius * Math.asin(Math.sqrt(u * u + Math.cos(from) * Math.cos(to) * v * v))
}

const alphabet = "0123456789bcdefghjkmnpqrstuvwxyz"

const standardHash = (place: Place): string => {
  const bits = hashOf(place, 90)
  let out = ""
  for (let i = 1; i <= 10; i++) out += alphabet[Number(bits >> BigInt(52 - i * 5) & 31n)]
  return `${out}0`
}

// -----------------------------------------------------------------------------
// Arguments and replies
// -----------------------------------------------------------------------------

const number = (text: string, message = "value is not a valid float"): number => parseFloating(text) ?? fail(message)

const place = (longitudeText: string, latitudeText: string): Place => {
  const [longitude, latitude] = [number(longitudeText), number(latitudeText)]
  if (Math.abs(longitude) > 180 || Math.abs(latitude) > maxLatitude) {
    const [x, y] = [longitude, latitude].map((n) => Number.isFinite(n) ? n.toFixed(6) : n > 0 ? "inf" : "-inf")
    return fail(`invalid longitude,latitude pair ${x},${y}`)
  }
  return { longitude, latitude }
}

const units: ReadonlyMap<string, number> = new Map([["m", 1], ["km", 1000], ["ft", 0.3048], ["mi", 1609.34]])

const unitOf = (text: string): number =>
  units.get(text.toLowerCase()) ?? fail("unsupported unit provided. please use M, KM, FT, MI")

const read = ({ db, now }: Scene, key: string): SortedSet | undefined => db.read(key, "zset", now)

const coordinate = (n: number, protocol: Protocol): Reply => {
  const text = n.toFixed(17)
  const trimmed = text.replace(/\.?0+$/, "")
  return protocol === 3 ? new Double(Number(trimmed), trimmed) : trimmed
}

const placeReply = ({ latitude, longitude }: Place, protocol: Protocol): Reply => [
  coordinate(longitude, protocol),
  coordinate(latitude, protocol)
]

const originOf = (set: SortedSet, member: string): Place => {
  const score = set.scores.get(member)
  return score === undefined ? fail("could not decode requested zset member") : placeOf(score)
}

// -----------------------------------------------------------------------------
// Searches
// -----------------------------------------------------------------------------

/** The area of a search, in metres. */
type Shape =
  | { readonly radius: number; readonly unit: number }
  | { readonly width: number; readonly height: number; readonly unit: number }
  | { readonly corners: ReadonlyArray<Place>; readonly unit: 1 }

const circle = (text: string, unitText: string): Shape => {
  const radius = number(text, "need numeric radius")
  if (radius < 0) return fail("radius cannot be negative")
  const unit = unitOf(unitText)
  return { radius: radius * unit, unit }
}

const box = (widthText: string, heightText: string, unitText: string): Shape => {
  const width = number(widthText, "need numeric width")
  const height = number(heightText, "need numeric height")
  if (width < 0 || height < 0) return fail("height or width cannot be negative")
  const unit = unitOf(unitText)
  return { width: width * unit, height: height * unit, unit }
}

/** BYPOLYGON of Valkey 9.0: the number of corners is the first word. */
const polygon = (args: ReadonlyArray<string>, at: number): ReadonlyArray<Place> => {
  const count = int(args[at]!, "invalid number of vertices")
  if (count < 3 || args.length < at + 1 + 2 * count) return fail("GEOSEARCH BYPOLYGON must have at least 3 vertices")
  return Array.from({ length: count }, (_, i) => place(args[at + 1 + 2 * i]!, args[at + 2 + 2 * i]!))
}

/** The middle of the corners on the sphere, from which distances are measured. */
const middleOf = (corners: ReadonlyArray<Place>): Place => {
  let [x, y, z] = [0, 0, 0]
  for (const { latitude, longitude } of corners) {
    const [far, up] = [Math.cos(radians(latitude)), Math.sin(radians(latitude))]
    x += far * Math.cos(radians(longitude))
    y += far * Math.sin(radians(longitude))
    z += up
  }
  return { longitude: Math.atan2(y, x) * 180 / Math.PI, latitude: Math.atan2(z, Math.hypot(x, y)) * 180 / Math.PI }
}

/** Whether a line from a place to the east crosses the sides an odd number of times. */
const isInside = (corners: ReadonlyArray<Place>, { latitude, longitude }: Place): boolean =>
  corners.filter((a, i) => {
        const b = corners.at(i - 1)!
        return a.latitude > latitude !== b.latitude > latitude &&
          longitude <
            (b.longitude - a.longitude) * (latitude - a.latitude) / (b.latitude - a.latitude) + a.longitude
      }).length % 2 === 1

/** How far a place is from the origin, if it is in the shape. */
const within = (shape: Shape, origin: Place, to: Place): number | undefined => {
  if ("corners" in shape) return isInside(shape.corners, to) ? distance(origin, to) : undefined
  if ("width" in shape) {
    if (latitudeDistance(to.latitude, origin.latitude) > shape.height / 2) return undefined
    const across = distance(to, { longitude: origin.longitude, latitude: to.latitude })
    if (across > shape.width / 2) return undefined
  }
  const far = distance(origin, to)
  return "radius" in shape && far > shape.radius ? undefined : far
}

/** Where a command has what it needs: `null` for a member of a key that does not exist. */
interface Search {
  readonly source: string
  readonly from: number
  readonly isNew: boolean
  readonly mayStore: boolean
  readonly destination?: string | undefined
  readonly origin?: ((set: SortedSet | undefined) => Place | null) | undefined
  readonly shape?: (() => Shape) | undefined
}

const search = (scene: Scene, args: ReadonlyArray<string>, of: Search): Reply => {
  const set = read(scene, of.source)
  let origin = of.origin?.(set)
  let shape = origin === null ? undefined : of.shape?.()
  let destination = of.destination
  const isStore = destination !== undefined
  let byDistance = false
  let order: "ASC" | "DESC" | undefined
  let count = 0
  let isAny = false
  const details = new Set<string>()
  for (let i = of.from; i < args.length; i++) {
    const word = args[i]!.toUpperCase()
    const left = args.length - i - 1
    if (["WITHDIST", "WITHHASH", "WITHCOORD"].includes(word)) details.add(word)
    else if (word === "ANY") isAny = true
    else if (word === "ASC" || word === "DESC") order = word
    else if (word === "COUNT" && left >= 1) {
      count = int(args[++i]!)
      if (count <= 0) return fail("COUNT must be > 0")
    } else if ((word === "STORE" || word === "STOREDIST") && left >= 1 && of.mayStore && !of.isNew) {
      destination = args[++i]!
      byDistance = word === "STOREDIST"
    } else if (word === "FROMMEMBER" && left >= 1 && of.isNew && origin === undefined) {
      i++
      origin = set === undefined ? null : originOf(set, args[i]!)
    } else if (word === "FROMLONLAT" && left >= 2 && of.isNew && origin === undefined) {
      origin = place(args[i + 1]!, args[i + 2]!)
      i += 2
    } else if (word === "BYRADIUS" && left >= 2 && of.isNew && shape === undefined) {
      shape = circle(args[i + 1]!, args[i + 2]!)
      i += 2
    } else if (word === "BYBOX" && left >= 3 && of.isNew && shape === undefined) {
      shape = box(args[i + 1]!, args[i + 2]!, args[i + 3]!)
      i += 3
    } else if (word === "BYPOLYGON" && left >= 1 && of.isNew && (shape === undefined ? !origin : "corners" in shape)) {
      const corners = polygon(args, i + 1)
      origin = middleOf(corners)
      shape = { corners, unit: 1 }
      i += 1 + 2 * corners.length
    } else if (word === "STOREDIST" && isStore) byDistance = true
    else return syntaxError()
  }
  if (destination !== undefined && details.size > 0) {
    return fail(
      `${
        isStore ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS"
      } is not compatible with WITHDIST, WITHHASH and WITHCOORD options`
    )
  }
  if (origin === undefined) {
    return fail(`exactly one of FROMMEMBER or FROMLONLAT can be specified for ${args[0]}`)
  }
  if (of.isNew && shape === undefined) {
    return fail(`exactly one of BYRADIUS and BYBOX can be specified for ${args[0]}`)
  }
  if (isAny && count === 0) return fail("the ANY argument requires COUNT argument")
  if (set === undefined || origin === null || shape === undefined) {
    if (destination === undefined) return []
    scene.db.delete(destination, scene.now)
    return 0
  }
  if (count > 0 && order === undefined && !isAny) order = "ASC"
  const { unit } = shape
  let found: Array<readonly [member: string, score: number, far: number, at: Place]> = []
  for (const [member, score] of set.ranked) {
    // Redis looks into cells of 52 bits: it finds nothing at exactly 180 degrees, which has more.
    if (score >= 2 ** 52) break
    if (score < 0) continue
    const at = placeOf(score)
    const far = within(shape, origin, at)
    if (far !== undefined) found.push([member, score, far, at])
    if (isAny && found.length === count) break
  }
  if (order !== undefined) found.sort(([, , a], [, , b]) => order === "ASC" ? a - b : b - a)
  if (count > 0) found = found.slice(0, count)
  if (destination !== undefined) {
    const scores = new Map(found.map(([member, score, far]) => [member, byDistance ? far / unit : score]))
    scene.db.store(destination, "zset", new SortedSet(scores), scene.now)
    return found.length
  }
  return found.map(([member, score, far, at]): Reply => {
    if (details.size === 0) return member
    const item: Array<Reply> = [member]
    if (details.has("WITHDIST")) item.push((far / unit).toFixed(4))
    if (details.has("WITHHASH")) item.push(Math.trunc(score))
    if (details.has("WITHCOORD")) item.push(placeReply(at, scene.protocol))
    return item
  })
}

const byPlace = (scene: Scene, args: ReadonlyArray<string>, mayStore: boolean): Reply =>
  search(scene, args, {
    source: args[1]!,
    from: 6,
    isNew: false,
    mayStore,
    origin: () => place(args[2]!, args[3]!),
    shape: () => circle(args[4]!, args[5]!)
  })

const byMember = (scene: Scene, args: ReadonlyArray<string>, mayStore: boolean): Reply =>
  search(scene, args, {
    source: args[1]!,
    from: 5,
    isNew: false,
    mayStore,
    origin: (set) => set === undefined ? null : originOf(set, args[2]!),
    shape: () => circle(args[3]!, args[4]!)
  })

/** The source, and the destination behind STORE or STOREDIST. */
const stored = (from: number) => (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const at = args.findLastIndex((word, i) => i >= from && /^STORE(DIST)?$/i.test(word) && i + 1 < args.length)
  return at < 0 ? [args[1]!] : [args[1]!, args[at + 1]!]
}

const zadd = sortedSets.find(({ name }) => name === "zadd")!

export const geo: ReadonlyArray<Definition> = [
  define("geoadd", -5, "write denyoom", first, (scene, args) => {
    let at = 2
    while (at < args.length && /^(NX|XX|CH)$/i.test(args[at]!)) at++
    const options = args.slice(2, at)
    const has = (option: string): boolean => options.some((word) => word.toUpperCase() === option)
    if ((args.length - at) % 3 !== 0 || (has("NX") && has("XX"))) return syntaxError()
    const pairs: Array<string> = []
    for (let i = at; i < args.length; i += 3) {
      pairs.push(String(hashOf(place(args[i]!, args[i + 1]!))), args[i + 2]!)
    }
    return zadd.run(scene, ["zadd", args[1]!, ...options, ...pairs])
  }),
  define("geodist", -4, "read", first, (scene, args) => {
    const unit = args.length === 5 ? unitOf(args[4]!) : 1
    if (args.length > 5) return syntaxError()
    const scores = read(scene, args[1]!)?.scores
    const [a, b] = [scores?.get(args[2]!), scores?.get(args[3]!)]
    return a === undefined || b === undefined ? null : (distance(placeOf(a), placeOf(b)) / unit).toFixed(4)
  }),
  define("geohash", -2, "read", first, (scene, args) => {
    const scores = read(scene, args[1]!)?.scores
    return args.slice(2).map((member) => {
      const score = scores?.get(member)
      return score === undefined ? null : standardHash(placeOf(score))
    })
  }),
  define("geopos", -2, "read", first, (scene, args) => {
    const scores = read(scene, args[1]!)?.scores
    return args.slice(2).map((member) => {
      const score = scores?.get(member)
      return score === undefined ? nullArray : placeReply(placeOf(score), scene.protocol)
    })
  }),
  define(
    "geosearch",
    -7,
    "read",
    first,
    (scene, args) => search(scene, args, { source: args[1]!, from: 2, isNew: true, mayStore: false })
  ),
  define("geosearchstore", -8, "write denyoom", (args) => [args[1]!, args[2]!], (scene, args) =>
    search(scene, args, {
      source: args[2]!,
      from: 3,
      isNew: true,
      mayStore: true,
      destination: args[1]!
    })),
  define("georadius", -6, "write denyoom", stored(6), (scene, args) => byPlace(scene, args, true)),
  define("georadius_ro", -6, "read", first, (scene, args) => byPlace(scene, args, false)),
  define("georadiusbymember", -5, "write denyoom", stored(5), (scene, args) => byMember(scene, args, true)),
  define("georadiusbymember_ro", -5, "read", first, (scene, args) => byMember(scene, args, false))
]
