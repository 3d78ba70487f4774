import { generate } from "./Scenario.ts"
import { run } from "./World.ts"
import { VirtualClock } from "./Clock.ts"
const orig = VirtualClock.prototype.jump
let n = 0
VirtualClock.prototype.jump = function() { const r = orig.call(this); if (++n % 500 === 0) console.log(n, this.currentTimeMillisUnsafe() - 1e6, this.sleepers); return r }
await run(generate(Number(process.argv[2])))
