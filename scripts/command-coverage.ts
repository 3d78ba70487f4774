/**
 * Prints which commands of each server have no constructor, and which of their option words no sample uses
 * (test/support/commandCoverage.ts).
 *
 *   node scripts/command-coverage.ts
 */
import { coverage } from "../test/support/commandCoverage.ts"

for (const { server, version, missing, total, usedTokens, unusedTokens } of coverage()) {
  console.log(`${server} (${version})`)
  console.log(`  ${missing.length} of ${total} commands have no method: ${missing.join(", ")}`)
  const tokens = usedTokens + unusedTokens.length
  console.log(
    `  ${unusedTokens.length} of ${tokens} option words of the others are in no sample: ${unusedTokens.join(", ")}`
  )
}
