/** All scenes by family, and the constructors that none of them can cover. */
import { acl } from "./acl.ts"
import { administration } from "./administration.ts"
import { bitmaps } from "./bitmaps.ts"
import { cluster } from "./cluster.ts"
import { connection } from "./connection.ts"
import { geo } from "./geo.ts"
import { hashes } from "./hashes.ts"
import { info } from "./info.ts"
import { keys } from "./keys.ts"
import { lists } from "./lists.ts"
import { observation } from "./observation.ts"
import { pubSub } from "./pubSub.ts"
import type { Scene } from "./scene.ts"
import { scripting } from "./scripting.ts"
import { sentinel } from "./sentinel.ts"
import { server } from "./server.ts"
import { sets } from "./sets.ts"
import { sortedSets } from "./sortedSets.ts"
import { streamGroups } from "./streamGroups.ts"
import { streams } from "./streams.ts"
import { strings } from "./strings.ts"
import { vectorSets } from "./vectorSets.ts"

/** Scenes that run on a node. */
export const families: Readonly<Record<string, ReadonlyArray<Scene>>> = {
  acl,
  administration,
  bitmaps,
  connection,
  geo,
  hashes,
  info,
  keys,
  lists,
  observation,
  pubSub,
  scripting,
  server,
  sets,
  sortedSets,
  streamGroups,
  streams,
  strings,
  vectorSets
}

/** Scenes that run on a sentinel. */
export const sentinelFamilies: Readonly<Record<string, ReadonlyArray<Scene>>> = { sentinel }

/** Scenes that run on a node of a cluster. */
export const clusterFamilies: Readonly<Record<string, ReadonlyArray<Scene>>> = { cluster }

/** Constructors whose commands no server at hand has, by the server that has them first. */
export const onNoServer: Readonly<Record<string, string>> = {
  arcount: "Redis 8.8",
  ardel: "Redis 8.8",
  ardelrange: "Redis 8.8",
  arget: "Redis 8.8",
  argetrange: "Redis 8.8",
  argrep: "Redis 8.8",
  argrepWithValues: "Redis 8.8",
  arinfo: "Redis 8.8",
  arinfoFull: "Redis 8.8",
  arinsert: "Redis 8.8",
  arlastitems: "Redis 8.8",
  arlen: "Redis 8.8",
  armget: "Redis 8.8",
  armset: "Redis 8.8",
  arnext: "Redis 8.8",
  arop: "Redis 8.8",
  arring: "Redis 8.8",
  arscan: "Redis 8.8",
  arseek: "Redis 8.8",
  arset: "Redis 8.8",
  blmovem: "Redis 8.10",
  delex: "Redis 8.4",
  digest: "Redis 8.4",
  himportDiscard: "Redis 8.10",
  himportDiscardall: "Redis 8.10",
  himportPrepare: "Redis 8.10",
  himportSet: "Redis 8.10",
  increx: "Redis 8.8",
  lmovem: "Redis 8.10",
  sdiffcard: "Redis 8.10",
  sunioncard: "Redis 8.10",
  vrange: "Redis 8.4",
  backupAbort: "Redis 8.10",
  backupCleanup: "Redis 8.10",
  backupList: "Redis 8.10",
  backupSeal: "Redis 8.10",
  backupStart: "Redis 8.10",
  backupStatus: "Redis 8.10",
  clusterMigrationStatus: "Redis 8.4",
  hotkeysGet: "Redis 8.6",
  hotkeysReset: "Redis 8.6",
  hotkeysStart: "Redis 8.6",
  hotkeysStop: "Redis 8.6",
  xackdel: "Redis 8.2",
  xcfgset: "Redis 8.6",
  xdelex: "Redis 8.2",
  xnack: "Redis 8.8"
}

/** Constructors whose commands a server may have, but that no scene can run, with the reason. */
export const notLive: Readonly<Record<string, string>> = {
  moduleLoad: "no module is at hand",
  moduleLoadex: "no module is at hand",
  moduleUnload: "no module is at hand",
  xreadgroupClaim: "no server at hand has CLAIM, which Redis has from 8.4 on"
}
