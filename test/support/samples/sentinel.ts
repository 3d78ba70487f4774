/**
 * Sample calls of the commands of a sentinel, and what those are that servers flag neither `readonly` nor `write`.
 */
import { commands } from "../../../src/index.ts"
import { asks, type Unflagged } from "./unflagged.ts"

const s = commands.sentinel

export const sentinel = {
  getPrimaryAddrByName: [s.getPrimaryAddrByName("g")],
  primary: [s.primary("g")],
  primaries: [s.primaries()],
  replicas: [s.replicas("g")],
  sentinels: [s.sentinels("g")],
  ckquorum: [s.ckquorum("g")],
  configGet: [s.configGet("*")],
  configSet: [s.configSet("loglevel", "notice")],
  failover: [s.failover("g"), s.failover("g", { coordinated: true })],
  flushconfig: [s.flushconfig()],
  infoCache: [s.infoCache("g"), s.infoCache("g", "h")],
  isPrimaryDownByAddr: [s.isPrimaryDownByAddr("127.0.0.1", 1, 0)],
  monitor: [s.monitor("g", "127.0.0.1", 1, 2)],
  myid: [s.myid()],
  pendingScripts: [s.pendingScripts()],
  remove: [s.remove("g")],
  reset: [s.reset("*")],
  set: [s.set("g", { quorum: 2 })],
  simulateFailure: [s.simulateFailure("crash-after-election"), s.simulateFailure("crash-after-promotion")]
}

const changesSentinel: Unflagged = { mode: "write", repeatable: false, why: "it changes what a sentinel does" }

export const unflagged: Readonly<Record<string, Unflagged>> = {
  "SENTINEL GET-MASTER-ADDR-BY-NAME": asks,
  "SENTINEL MASTER": asks,
  "SENTINEL MASTERS": asks,
  "SENTINEL REPLICAS": asks,
  "SENTINEL SENTINELS": asks,
  "SENTINEL CKQUORUM": asks,
  "SENTINEL CONFIG GET": asks,
  "SENTINEL CONFIG SET": changesSentinel,
  "SENTINEL FAILOVER": changesSentinel,
  "SENTINEL FLUSHCONFIG": changesSentinel,
  "SENTINEL INFO-CACHE": asks,
  "SENTINEL IS-MASTER-DOWN-BY-ADDR": asks,
  "SENTINEL MONITOR": changesSentinel,
  "SENTINEL MYID": asks,
  "SENTINEL PENDING-SCRIPTS": asks,
  "SENTINEL REMOVE": changesSentinel,
  "SENTINEL RESET": changesSentinel,
  "SENTINEL SET": changesSentinel,
  "SENTINEL SIMULATE-FAILURE": changesSentinel
}
