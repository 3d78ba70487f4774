import { check } from "./Checker.ts"
import { generate } from "./Scenario.ts"
import { run } from "./World.ts"
const from = Number(process.argv[2]), to = Number(process.argv[3])
let t = performance.now()
for (let i = from; i < to; i++) {
  process.stdout.write(`${i} `)
  const h = await run(generate(i))
  const v = check(h)
  const now = performance.now()
  process.stdout.write(
    `${Math.round(now - t)} ${h.stopped ?? ""} ${
      v.map((x) => `${x.promise}: ${x.text}`.slice(0, 200)).slice(0, 2).join(" | ")
    }\n`
  )
  t = now
}
