#!/usr/bin/env node
/**
 * The command `effect-redis-sentinel`, as package.json names it. It loads the rest only after it has found
 * `@effect/platform-node`, an optional peer of the package, and says what to install if that is missing.
 */
const missing = (error: unknown): string | undefined => {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  if (code !== "ERR_MODULE_NOT_FOUND" && code !== "MODULE_NOT_FOUND") return undefined
  return /@effect\/platform-node/.test(String(message)) ? "@effect/platform-node" : undefined
}

try {
  const { run } = await import("./commands.ts")
  run()
} catch (error) {
  const name = missing(error)
  if (name === undefined) throw error
  console.error(
    `The command effect-redis-sentinel needs the package ${name}, which is not installed. In a project, install it:

  npm install --save-dev ${name}@^4.1.0

Without a project, npx installs it for one run:

  npx --package effect-redis-sentinel --package ${name}@^4.1.0 effect-redis-sentinel ${
      process.argv[2]?.startsWith("-") === false ? process.argv[2] : "--help"
    }
`
  )
  process.exit(3)
}
