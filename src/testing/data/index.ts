/**
 * Every data command of a server in memory, by its name in lower case.
 */
import type { Definition } from "./command.ts"
import { dumps } from "./dump.ts"
import { hashes } from "./hashes.ts"
import { keys } from "./keys.ts"
import { lists } from "./lists.ts"
import { sets } from "./sets.ts"
import { sortedSets } from "./sortedSets.ts"
import { strings } from "./strings.ts"

export const dataCommands: ReadonlyMap<string, Definition> = new Map(
  [...strings, ...keys, ...dumps, ...hashes, ...lists, ...sets, ...sortedSets].map((d) => [d.name, d])
)
