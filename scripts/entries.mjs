/** The entries of the package, as users import them, from a build. */
import { readdirSync } from "node:fs"

const filesOf = (folder) =>
  readdirSync(`dist/${folder}`).filter((file) => file.endsWith(".js") && file !== "index.js").map((file) =>
    `${folder}${file.slice(0, -".js".length)}`
  )

/** `effect-redis-sentinel`, `effect-redis-sentinel/Sentinel`, ... */
export const entries = () => [
  "effect-redis-sentinel",
  ...["commands", "testing", ...filesOf(""), ...filesOf("modules/")].map((name) => `effect-redis-sentinel/${name}`)
]
