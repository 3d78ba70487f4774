/**
 * Sample calls of the commands of src/commands/config.ts, and what those are that servers flag neither `readonly` nor `write`.
 */
import * as Redacted from "effect/Redacted"
import { commands as c } from "../../../src/index.ts"
import { asks, type Unflagged } from "./unflagged.ts"

export const config = {
  configGet: [c.configGet("save"), c.configGet("save", "max*")],
  configSet: [
    c.configSet("maxmemory", "100mb"),
    c.configSet("maxclients", 100),
    c.configSet("requirepass", Redacted.make("a password")),
    c.configSet({ maxmemory: 0, masterauth: Redacted.make("a password") })
  ],
  configResetstat: [c.configResetstat()],
  configRewrite: [c.configRewrite()]
}

const changes =
  "each server has a configuration of its own, and that of a primary is meant; again, it may undo another change"

export const unflagged: Readonly<Record<string, Unflagged>> = {
  "CONFIG GET": asks,
  "CONFIG SET": { mode: "write", repeatable: false, why: changes },
  "CONFIG RESETSTAT": { mode: "write", repeatable: false, why: "again, it removes what was counted meanwhile" },
  "CONFIG REWRITE": { mode: "write", repeatable: false, why: changes }
}
