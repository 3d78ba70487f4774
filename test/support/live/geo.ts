/** Scenes of places, and of the deprecated commands for them. */
import { anywhere, c, fits, given, is, scene } from "./scene.ts"

const palermo = { member: "Palermo", longitude: 13.361389, latitude: 38.115556 }
const catania = { member: "Catania", longitude: 15.087269, latitude: 37.502669 }
const center = { longitude: 15, latitude: 37 }
const towns = c.geoadd("g", [palermo, catania])
const near = (a: number, b: number): boolean => Math.abs(a - b) < 0.001
const within = { radius: 100, unit: "km" } as const
const wide = { radius: 200, unit: "km", order: "asc" } as const

/** Whether what was found is Catania with these details, seen from the center. */
const isCatania = (found: {
  readonly member: string
  readonly distance: number
  readonly hash: number
  readonly coordinates: { readonly longitude: number; readonly latitude: number }
}): boolean =>
  found.member === "Catania" && near(found.distance, 56.4413) && found.hash === 3479447370796909 &&
  near(found.coordinates.longitude, catania.longitude) && near(found.coordinates.latitude, catania.latitude)

export const geo = [
  anywhere(
    "places",
    is(towns, 2),
    is(c.geoadd("g", [{ ...catania, latitude: 38 }], { when: "xx", changed: true }), 1),
    given(towns),
    is(c.geodist("g", "Palermo", "Catania"), 166274.1516),
    is(c.geodist("g", "Palermo", "Catania", "km"), 166.2742),
    is(c.geodist("g", "Palermo", "none"), null),
    is(c.geohash("g", "Palermo", "none"), ["sqc8b49rny0", null]),
    fits(
      c.geopos("g", "Palermo", "none"),
      ([a, b]) =>
        a !== null && b === null && near(a!.longitude, palermo.longitude) && near(a!.latitude, palermo.latitude)
    )
  ),
  anywhere(
    "searches",
    given(towns),
    is(c.geosearch("g", { from: center, by: within }), ["Catania"]),
    is(c.geosearch("g", { from: { member: "Palermo" }, by: { width: 400, height: 400, unit: "km" }, order: "desc" }), [
      "Catania",
      "Palermo"
    ]),
    fits(
      c.geosearchWith("g", { from: center, by: within }, ["distance", "coordinates", "hash"]),
      (found) => found.length === 1 && isCatania(found[0]!)
    ),
    is(c.geosearchstore("d", "g", { from: center, by: within }), 1),
    is(c.zrange("d", 0, -1), ["Catania"])
  ),
  anywhere(
    "deprecated",
    given(towns),
    is(c.georadius("g", center, wide), ["Catania", "Palermo"]),
    is(c.georadiusRo("g", center, { ...wide, count: 1 }), ["Catania"]),
    is(c.georadiusbymember("g", "Catania", within), ["Catania"]),
    is(c.georadiusbymemberRo("g", "Catania", within), ["Catania"]),
    fits(
      c.georadiusWith("g", center, within, ["distance", "coordinates", "hash"]),
      (found) => found.length === 1 && isCatania(found[0]!)
    ),
    fits(
      c.georadiusRoWith("g", center, within, ["distance", "coordinates", "hash"]),
      (found) => found.length === 1 && isCatania(found[0]!)
    ),
    is(c.georadiusbymemberWith("g", "Catania", within, ["distance"]), [{ member: "Catania", distance: 0 }]),
    is(c.georadiusbymemberRoWith("g", "Catania", within, ["distance"]), [{ member: "Catania", distance: 0 }]),
    is(c.georadiusStore("g", center, "d", within), 1),
    is(c.georadiusbymemberStore("g", "Catania", "d", { ...within, storeDistance: true }), 1),
    is(c.zrangeWithScores("d", 0, -1), [{ member: "Catania", score: 0 }])
  ),
  scene(
    "places in a polygon",
    { options: ["GEOSEARCH BYPOLYGON"] },
    given(c.geoadd("g", [{ member: "in", longitude: 1, latitude: 1 }, { member: "out", longitude: 5, latitude: 5 }])),
    is(
      c.geosearch("g", {
        by: {
          polygon: [{ longitude: 0, latitude: 0 }, { longitude: 3, latitude: 0 }, { longitude: 0, latitude: 3 }]
        }
      }),
      ["in"]
    )
  )
]
