/** A reporter of vitest: the names of the tests that failed, and their first lines, after everything else. */
import type { Reporter, TestModule } from "vitest/node"

export class FailuresAtTheEnd implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, errors: ReadonlyArray<{ readonly message?: string }>): void {
    const lines: Array<string> = []
    for (const module of modules) {
      for (const error of module.errors()) lines.push(`${module.relativeModuleId}: ${firstLine(error)}`)
      for (const test of module.children.allTests("failed")) {
        lines.push(`${module.relativeModuleId} > ${test.fullName}: ${firstLine(test.result().errors?.[0])}`)
      }
    }
    for (const error of errors) lines.push(`outside of tests: ${firstLine(error)}`)
    if (lines.length > 0) process.on("exit", () => console.error(["", "FAILED", ...lines, ""].join("\n")))
  }
}

const firstLine = (error: { readonly message?: string } | undefined): string => error?.message?.split("\n", 1)[0] ?? ""
