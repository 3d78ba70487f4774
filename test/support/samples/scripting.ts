/**
 * Sample calls of the commands of src/commands/scripting.ts and functions.ts, and what those are that servers flag neither `readonly` nor `write`.
 */
import { commands as c } from "../../../src/index.ts"
import { asks, type Unflagged } from "./unflagged.ts"

export const scripting = {
  eval: [c.eval("return 1"), c.eval("return KEYS", ["k", "l"], [1, "a"])],
  evalRo: [c.evalRo("return 1"), c.evalRo("return KEYS", ["k", "l"], [1, "a"])],
  evalsha: [c.evalsha("e0e1f9fabfc9d4800c877a703b823ac0578ff8db", ["k", "l"], [1, "a"])],
  evalshaRo: [c.evalshaRo("e0e1f9fabfc9d4800c877a703b823ac0578ff8db", ["k", "l"], [1, "a"])],
  fcall: [c.fcall("f"), c.fcall("f", ["k", "l"], [1, "a"])],
  fcallRo: [c.fcallRo("f"), c.fcallRo("f", ["k", "l"], [1, "a"])],
  scriptLoad: [c.scriptLoad("return 1")],
  scriptExists: [c.scriptExists("e0e1f9fabfc9d4800c877a703b823ac0578ff8db")],
  scriptFlush: [c.scriptFlush(), c.scriptFlush("async"), c.scriptFlush("sync")],
  scriptKill: [c.scriptKill()],
  scriptShow: [c.scriptShow("e0e1f9fabfc9d4800c877a703b823ac0578ff8db")],
  functionLoad: [c.functionLoad("#!lua name=l"), c.functionLoad("#!lua name=l", { replace: true })],
  functionDelete: [c.functionDelete("l")],
  functionFlush: [c.functionFlush(), c.functionFlush("async"), c.functionFlush("sync")],
  functionList: [c.functionList(), c.functionList("a*")],
  functionListWithCode: [c.functionListWithCode("a*")],
  functionStats: [c.functionStats()],
  functionDump: [c.functionDump()],
  functionRestore: [
    c.functionRestore(new Uint8Array(10)),
    ...(["append", "replace", "flush"] as const).map((how) => c.functionRestore(new Uint8Array(10), how))
  ],
  functionKill: [c.functionKill()]
}

const runsAnything: Unflagged = { mode: "write", repeatable: false, why: "a script may write" }

export const unflagged: Readonly<Record<string, Unflagged>> = {
  "EVAL": runsAnything,
  "EVALSHA": runsAnything,
  "FCALL": runsAnything,
  "SCRIPT LOAD": {
    mode: "read",
    repeatable: true,
    why: "each server has scripts of its own; again, it changes nothing"
  },
  "SCRIPT EXISTS": asks,
  "SCRIPT SHOW": asks,
  "SCRIPT FLUSH": { mode: "read", repeatable: false, why: "again, it removes scripts that were loaded meanwhile" },
  "SCRIPT KILL": { mode: "read", repeatable: false, why: "a replica may be busy, too; again, it ends the next script" },
  "FUNCTION LIST": asks,
  "FUNCTION STATS": asks,
  "FUNCTION DUMP": asks,
  "FUNCTION KILL": { mode: "read", repeatable: false, why: "a replica may be busy, too; again, it ends the next one" }
}
