/**
 * Sample calls of the commands of src/commands/server.ts and info.ts, and what those are that servers flag neither `readonly` nor `write`.
 */
import { commands as c } from "../../../src/index.ts"
import { asks, type Unflagged } from "./unflagged.ts"

export const server = {
  info: [c.info(), c.info("server", "clients"), c.info("everything")],
  role: [c.role()],
  time: [c.time()],
  dbsize: [c.dbsize()],
  flushdb: [c.flushdb(), c.flushdb("async"), c.flushdb("sync")],
  flushall: [c.flushall(), c.flushall("async"), c.flushall("sync")],
  swapdb: [c.swapdb(0, 1)],
  lolwut: [c.lolwut(), c.lolwut({ version: 5, parameters: [1, 2] })],
  wait: [c.wait(1, "100 millis")],
  waitaof: [c.waitaof(1, 1, "100 millis")],
  publish: [c.publish("ch", "m")],
  spublish: [c.spublish("ch", "m")]
}

export const unflagged: Readonly<Record<string, Unflagged>> = {
  "INFO": asks,
  "ROLE": asks,
  "TIME": asks,
  "WAIT": { mode: "read", repeatable: true, why: "it asks how many replicas have the connection's writes" },
  "WAITAOF": { mode: "read", repeatable: true, why: "it asks how many servers have saved the connection's writes" }
}
