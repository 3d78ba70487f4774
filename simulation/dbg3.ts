import { Network } from "../src/testing/index.ts"
import { generate } from "./Scenario.ts"
import { run } from "./World.ts"
let n = 0
const orig = Network.prototype.dialer
Network.prototype.dialer = function(party) {
  const d = orig.call(this, party)
  return (o) => {
    if (++n > Number(process.argv[3]) && n < Number(process.argv[3]) + 60) {
      console.log(this.time.now() - 1e6, party, JSON.stringify(o.address))
    }
    if (n > Number(process.argv[3]) + 60) process.exit()
    return d(o)
  }
}
console.log(JSON.stringify(generate(Number(process.argv[2]))))
await run(generate(Number(process.argv[2])))
console.log("dials", n)
