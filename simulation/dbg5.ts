import { VirtualClock } from "./Clock.ts"
const orig = (VirtualClock.prototype as any).push
if (process.argv[3]) (VirtualClock.prototype as any).push = function(x: any) { x.stack = x.stack ?? new Error("slept at " + (this.time - 1e6) + " until " + (x.at-1e6)).stack; (globalThis as any).clock = this; return orig.call(this, x) }
import { generate } from "./Scenario.ts"
import { run } from "./World.ts"
import { check } from "./Checker.ts"
const h = await run(generate(Number(process.argv[2])))
for (const v of check(h)) console.log(v.promise, v.text)
for (const e of h.events) console.log(String(Math.round(e.at)).padStart(7), e.text)

if (process.argv[3]) for (const x of (globalThis as any).clock.heap) if (x.wake) console.log("LEFT", x.stack)
