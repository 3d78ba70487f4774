import { check } from "./Checker.ts"
import { generate } from "./Scenario.ts"
import { run } from "./World.ts"
const s = { ...generate(Number(process.argv[2] ?? 0)) }
const t0 = performance.now()
const h = await run(s)
const t1 = performance.now()
console.log("ran", t1 - t0, h.calls.length, h.executions.length, h.stopped, h.leftovers, h.dead, h.defect)
const v = check(h)
console.log("checked", performance.now() - t1, v.length)
console.log(v.slice(0, 3).map((x) => `${x.promise}: ${x.text}`.slice(0, 300)).join("\n"))
