#!/usr/bin/env node
/**
 * The command `effect-redis-sentinel`, as package.json names it. It answers signals from its first moment on, though the
 * rest takes a while to load. It loads the rest only after it has found `@effect/platform-node`, an optional peer of the
 * package, and says what to install if that is missing.
 */
const isJson = process.argv.some((argument) => /^--json(?:=(?:true|1|y|yes|on))?$/i.test(argument))

/** Ends the process, with a document where JSON is asked for, once what was written is out. */
const end = (exitCode: number, error: string): void => {
  const text = isJson ? `${JSON.stringify({ schema: 1, exitCode, error })}\n` : ""
  process.stdout.write(text, () => process.exit(exitCode))
}

const onSignal = (): void => end(130, "interrupted")
const missing = (error: unknown): string | undefined => {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  if (code !== "ERR_MODULE_NOT_FOUND" && code !== "MODULE_NOT_FOUND") return undefined
  return /@effect\/platform-node/.test(String(message)) ? "@effect/platform-node" : undefined
}

try {
  process.on("SIGINT", onSignal)
  process.on("SIGTERM", onSignal)
  // An output that nobody reads any more, or a disk that is full, ends nothing that was begun.
  process.stdout.on("error", () => {})
  process.stderr.on("error", () => {})
  const { run } = await import("./commands.ts")
  run(isJson)
  // From now on signals interrupt the command. None comes in between: they come between the turns of the event loop.
  process.off("SIGINT", onSignal)
  process.off("SIGTERM", onSignal)
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
  end(3, `the package ${name} is not installed`)
}
