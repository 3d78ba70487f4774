/**
 * Sample calls of the commands of src/commands/geo.ts.
 */
import { commands as c } from "../../../src/index.ts"
import { place } from "./values.ts"

export const geo = {
  geoadd: [
    c.geoadd("k", [{ member: "m", ...place }]),
    ...(["nx", "xx"] as const).map((when) => c.geoadd("k", [{ member: "m", ...place }], { when, changed: true }))
  ],
  geodist: (["m", "km", "ft", "mi"] as const).map((unit) => c.geodist("k", "m", "n", unit)),
  geohash: [c.geohash("k", "m", "n")],
  geopos: [c.geopos("k", ["m", "n"])],
  geosearch: [
    ...(["m", "km", "ft", "mi"] as const).map((unit) =>
      c.geosearch("k", { from: { member: "m" }, by: { radius: 1, unit }, order: "asc", count: 2, any: true })
    ),
    c.geosearch("k", { from: place, by: { width: 1, height: 2, unit: "km" }, order: "desc" }),
    c.geosearch("k", { by: { polygon: [place, place, place] } })
  ],
  geosearchWith: [
    c.geosearchWith("k", { from: place, by: { radius: 1, unit: "km" } }, ["distance", "coordinates", "hash"])
  ],
  geosearchstore: [
    ...(["m", "km", "ft", "mi"] as const).map((unit) =>
      c.geosearchstore("d", "k", { from: place, by: { radius: 1, unit }, order: "asc", count: 2, any: true })
    ),
    c.geosearchstore("d", "k", {
      from: { member: "m" },
      by: { width: 1, height: 2, unit: "km" },
      order: "desc",
      storeDistance: true
    }),
    c.geosearchstore("d", "k", { by: { polygon: [place, place, place] } })
  ],
  georadius: [
    ...(["m", "km", "ft", "mi"] as const).map((unit) =>
      c.georadius("k", place, { radius: 1, unit, order: "asc", count: 2, any: true })
    ),
    c.georadius("k", place, { radius: 1, unit: "m", order: "desc" })
  ],
  georadiusWith: [c.georadiusWith("k", place, { radius: 1, unit: "m" }, ["distance", "coordinates", "hash"])],
  georadiusStore: [
    c.georadiusStore("k", place, "d", { radius: 1, unit: "m" }),
    c.georadiusStore("k", place, "d", { radius: 1, unit: "m", storeDistance: true })
  ],
  georadiusRo: [
    ...(["m", "km", "ft", "mi"] as const).map((unit) =>
      c.georadiusRo("k", place, { radius: 1, unit, order: "asc", count: 2, any: true })
    ),
    c.georadiusRo("k", place, { radius: 1, unit: "m", order: "desc" })
  ],
  georadiusRoWith: [c.georadiusRoWith("k", place, { radius: 1, unit: "m" }, ["distance", "coordinates", "hash"])],
  georadiusbymember: [
    ...(["m", "km", "ft", "mi"] as const).map((unit) =>
      c.georadiusbymember("k", "m", { radius: 1, unit, order: "asc", count: 2, any: true })
    ),
    c.georadiusbymember("k", "m", { radius: 1, unit: "m", order: "desc" })
  ],
  georadiusbymemberWith: [
    c.georadiusbymemberWith("k", "m", { radius: 1, unit: "m" }, ["distance", "coordinates", "hash"])
  ],
  georadiusbymemberStore: [
    c.georadiusbymemberStore("k", "m", "d", { radius: 1, unit: "m" }),
    c.georadiusbymemberStore("k", "m", "d", { radius: 1, unit: "m", storeDistance: true })
  ],
  georadiusbymemberRo: [
    ...(["m", "km", "ft", "mi"] as const).map((unit) =>
      c.georadiusbymemberRo("k", "m", { radius: 1, unit, order: "asc", count: 2, any: true })
    ),
    c.georadiusbymemberRo("k", "m", { radius: 1, unit: "m", order: "desc" })
  ],
  georadiusbymemberRoWith: [
    c.georadiusbymemberRoWith("k", "m", { radius: 1, unit: "m" }, ["distance", "coordinates", "hash"])
  ]
}
