/**
 * Sample calls of every command constructor: test/commands.test.ts compares them with what servers say of their
 * commands. A constructor without a sample does not compile.
 *
 * The calls of one constructor together use every option that it has. They run against no server. Each file has the
 * samples of some files of src/commands.
 */
import { Buffer } from "node:buffer"
import { type Command, type commands } from "../../../src/index.ts"
import * as acl from "./acl.ts"
import * as administration from "./administration.ts"
import { arrays } from "./arrays.ts"
import { bitmaps } from "./bitmaps.ts"
import * as cluster from "./cluster.ts"
import * as config from "./config.ts"
import * as connection from "./connection.ts"
import { deprecated } from "./deprecated.ts"
import { geo } from "./geo.ts"
import * as hashes from "./hashes.ts"
import { hashFieldExpiry } from "./hashFieldExpiry.ts"
import { hyperLogLog } from "./hyperLogLog.ts"
import { keys } from "./keys.ts"
import { lists } from "./lists.ts"
import * as observation from "./observation.ts"
import * as pubSub from "./pubSub.ts"
import * as scripting from "./scripting.ts"
import * as sentinel from "./sentinel.ts"
import * as server from "./server.ts"
import { sets } from "./sets.ts"
import { sortedSets } from "./sortedSets.ts"
import { streams } from "./streams.ts"
import { strings } from "./strings.ts"
import type { Unflagged } from "./unflagged.ts"
import { vectorSets } from "./vectorSets.ts"

/** The names of the constructors among the exports of a module. */
type Constructor<A> = { [K in keyof A]: A[K] extends (...args: any) => Command.Any ? K : never }[keyof A]

type Samples<A> = { readonly [K in Constructor<A>]: ReadonlyArray<Command.Any> }

/** Sample calls of the commands of a node. */
export const samples: Samples<Omit<typeof commands, "sentinel">> = {
  ...arrays,
  ...acl.acl,
  ...bitmaps,
  ...config.config,
  ...administration.administration,
  ...cluster.cluster,
  ...connection.connection,
  ...deprecated,
  ...geo,
  ...hashFieldExpiry,
  ...hashes.hashes,
  ...hyperLogLog,
  ...keys,
  ...lists,
  ...observation.observation,
  ...pubSub.pubSub,
  ...scripting.scripting,
  ...server.server,
  ...sets,
  ...sortedSets,
  ...streams,
  ...strings,
  ...vectorSets
}

/** Sample calls of the commands of a sentinel. */
export const sentinelSamples: Samples<typeof commands.sentinel> = sentinel.sentinel

/** The commands that servers flag neither `readonly` nor `write`, by name. */
export const unflagged: Readonly<Record<string, Unflagged>> = {
  ...acl.unflagged,
  ...config.unflagged,
  ...administration.unflagged,
  ...cluster.unflagged,
  ...connection.unflagged,
  ...hashes.unflagged,
  ...observation.unflagged,
  ...pubSub.unflagged,
  ...scripting.unflagged,
  ...sentinel.unflagged,
  ...server.unflagged
}

/** A call as the server gets it, as text. */
export const callOf = (command: Command.Any): ReadonlyArray<string> => [
  ...command.spec.words,
  ...command.args.map((arg) => (typeof arg === "object" ? Buffer.from(arg).toString("latin1") : String(arg)))
]
