/** All scenes by family, and the constructors that none of them can cover. */
import { acl } from "./acl.ts"
import { bitmaps } from "./bitmaps.ts"
import { connection } from "./connection.ts"
import { geo } from "./geo.ts"
import { hashes } from "./hashes.ts"
import { info } from "./info.ts"
import { keys } from "./keys.ts"
import { lists } from "./lists.ts"
import { pubSub } from "./pubSub.ts"
import type { Scene } from "./scene.ts"
import { scripting } from "./scripting.ts"
import { sentinel } from "./sentinel.ts"
import { server } from "./server.ts"
import { sets } from "./sets.ts"
import { sortedSets } from "./sortedSets.ts"
import { streams } from "./streams.ts"
import { strings } from "./strings.ts"

/** Scenes that run on a node. */
export const families: Readonly<Record<string, ReadonlyArray<Scene>>> = {
  acl,
  bitmaps,
  connection,
  geo,
  hashes,
  info,
  keys,
  lists,
  pubSub,
  scripting,
  server,
  sets,
  sortedSets,
  streams,
  strings
}

/** Scenes that run on a sentinel. */
export const sentinelFamilies: Readonly<Record<string, ReadonlyArray<Scene>>> = { sentinel }

/** Constructors whose commands no server at hand has, by the server that has them first. */
export const onNoServer: Readonly<Record<string, string>> = {
  xackdel: "Redis 8.2",
  xcfgset: "Redis 8.6",
  xdelex: "Redis 8.2",
  xnack: "Redis 8.8"
}

/** Constructors whose commands a server may have, but that no scene can run, with the reason. */
export const notLive: Readonly<Record<string, string>> = {}
