/**
 * Sample calls of the commands of src/commands/latency.ts, memory.ts, slowLog.ts and hotkeys.ts, and what those are
 * that servers flag neither `readonly` nor `write`.
 */
import { commands as c } from "../../../src/index.ts"
import { asks, type Unflagged } from "./unflagged.ts"

const logs = ["slow", "large-request", "large-reply"] as const

export const observation = {
  latencyDoctor: [c.latencyDoctor()],
  latencyGraph: [c.latencyGraph("command")],
  latencyHistogram: [c.latencyHistogram(), c.latencyHistogram("get", "set")],
  latencyHistory: [c.latencyHistory("command")],
  latencyLatest: [c.latencyLatest()],
  latencyReset: [c.latencyReset(), c.latencyReset("command", "fork")],
  memoryDoctor: [c.memoryDoctor()],
  memoryMallocStats: [c.memoryMallocStats()],
  memoryPurge: [c.memoryPurge()],
  memoryStats: [c.memoryStats()],
  memoryUsage: [c.memoryUsage("k"), c.memoryUsage("k", { samples: 0 })],
  slowlogGet: [c.slowlogGet(), c.slowlogGet(2), c.slowlogGet("all")],
  slowlogLen: [c.slowlogLen()],
  slowlogReset: [c.slowlogReset()],
  commandlogGet: [
    c.commandlogGet(2, "slow"),
    c.commandlogGet("all", "large-request"),
    c.commandlogGet(1, "large-reply")
  ],
  commandlogLen: logs.map((log) => c.commandlogLen(log)),
  commandlogReset: logs.map((log) => c.commandlogReset(log)),
  hotkeysStart: [
    c.hotkeysStart(["cpu"]),
    c.hotkeysStart(["cpu", "net"], { count: 5, duration: "1 minute", sample: 10, slots: [1, 2] })
  ],
  hotkeysStop: [c.hotkeysStop()],
  hotkeysReset: [c.hotkeysReset()],
  hotkeysGet: [c.hotkeysGet()]
}

const removes: Unflagged = {
  mode: "read",
  repeatable: false,
  why: "each server has its own; again, it removes what came meanwhile"
}

export const unflagged: Readonly<Record<string, Unflagged>> = {
  "LATENCY DOCTOR": asks,
  "LATENCY GRAPH": asks,
  "LATENCY HISTOGRAM": asks,
  "LATENCY HISTORY": asks,
  "LATENCY LATEST": asks,
  "LATENCY RESET": removes,
  "MEMORY DOCTOR": asks,
  "MEMORY MALLOC-STATS": asks,
  "MEMORY PURGE": { mode: "read", repeatable: true, why: "it gives back memory that the server does not use" },
  "MEMORY STATS": asks,
  "SLOWLOG GET": asks,
  "SLOWLOG LEN": asks,
  "SLOWLOG RESET": removes,
  "COMMANDLOG GET": asks,
  "COMMANDLOG LEN": asks,
  "COMMANDLOG RESET": removes,
  "HOTKEYS START": { mode: "read", repeatable: false, why: "each server measures for itself; again, it fails" },
  "HOTKEYS STOP": { mode: "read", repeatable: false, why: "again, it ends a measurement that began meanwhile" },
  "HOTKEYS RESET": removes,
  "HOTKEYS GET": asks
}
