/**
 * Every data command of a server in memory, by its name in lower case.
 */
import { arrays } from "./arrays.ts"
import { bitmaps } from "./bitmaps.ts"
import type { Definition } from "./command.ts"
import { dumps } from "./dump.ts"
import { geo } from "./geo.ts"
import { hashes } from "./hashes.ts"
import { hashFieldExpiry } from "./hashFieldExpiry.ts"
import { hashImport } from "./hashImport.ts"
import { hyperLogLogs } from "./hyperLogLog.ts"
import { increx } from "./increx.ts"
import { keys } from "./keys.ts"
import { lists } from "./lists.ts"
import { servers } from "./server.ts"
import { sets } from "./sets.ts"
import { sortedSets } from "./sortedSets.ts"
import { streamGroups } from "./streamGroups.ts"
import { streamInfo } from "./streamInfo.ts"
import { streamReads } from "./streamReads.ts"
import { streams } from "./streams.ts"
import { stringConditions } from "./stringConditions.ts"
import { strings } from "./strings.ts"
import { vectorSets } from "./vectorSets.ts"

export const dataCommands: ReadonlyMap<string, Definition> = new Map(
  [
    ...strings,
    ...stringConditions,
    ...increx,
    ...bitmaps,
    ...hyperLogLogs,
    ...geo,
    ...keys,
    ...dumps,
    ...hashes,
    ...hashFieldExpiry,
    ...hashImport,
    ...lists,
    ...servers,
    ...sets,
    ...sortedSets,
    ...streams,
    ...vectorSets,
    ...arrays,
    ...streamReads,
    ...streamGroups,
    ...streamInfo
  ].map(
    (d) => [d.name, d]
  )
)
