import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"
import { FailuresAtTheEnd } from "./test/support/reporter.ts"
import { LongestFirst } from "./test/support/sequencer.ts"

// Where redis-server, Chromium or tmux is missing, scripts/test.mjs says so and leaves the
// tests that need it out; it refuses to in CI.
const withoutRedis = process.env["WITHOUT_REDIS"] === "1"
const withoutTmux = process.env["WITHOUT_TMUX"] === "1"
const withoutChromium = process.env["WITHOUT_CHROMIUM"] === "1"

/** The tests that start servers. They mostly wait, so more of them than processors run at once, after all others. */
const real = ["test/integration/**/*.test.ts", "test/conformance/**/*.test.ts"]

/** The tests that open pages in a browser, one file after the other: a browser has several processes of its own. */
const browsed = ["test/browser/**/*.test.ts"]

/** The tests of the built site, which only `npm run docs -- --check` runs, since it has built it. */
const built = ["test/site/**/*.test.ts"]

/** For what hangs, in milliseconds: a machine that is busy takes several times as long as a quiet one. */
const timeout = Number(process.env["ERS_TEST_TIMEOUT"] ?? 120_000)

const common = { testTimeout: timeout, hookTimeout: timeout }

const memory = {
  extends: true as const,
  test: {
    ...common,
    name: "memory",
    include: ["test/**/*.test.ts", "examples/**/*.test.ts"],
    exclude: [...real, ...browsed, ...built],
    maxWorkers: availableParallelism(),
    sequence: { groupOrder: 0 }
  }
}

const servers = {
  extends: true as const,
  test: {
    ...common,
    name: "servers",
    include: real,
    exclude: withoutTmux ? ["test/integration/terminal.test.ts"] : [],
    maxWorkers: availableParallelism() * 2,
    sequence: { groupOrder: 1 }
  }
}

const browser = {
  extends: true as const,
  test: {
    ...common,
    name: "browser",
    include: browsed,
    maxWorkers: 1,
    sequence: { groupOrder: 2 }
  }
}

const site = { extends: true as const, test: { ...common, name: "site", include: built, maxWorkers: 1 } }

export default defineConfig({
  test: {
    reporters: ["default", new FailuresAtTheEnd()],
    sequence: { sequencer: LongestFirst },
    projects: process.env["ERS_SITE"] === "1"
      ? [site]
      : [memory, ...(withoutRedis ? [] : [servers]), ...(withoutChromium ? [] : [browser])]
  },
  resolve: {
    alias: [
      { find: /^effect-redis-sentinel$/, replacement: new URL("./src/index.ts", import.meta.url).pathname },
      {
        find: /^effect-redis-sentinel\/testing$/,
        replacement: new URL("./src/testing/index.ts", import.meta.url).pathname
      },
      { find: /^effect-redis-sentinel\/(.+)$/, replacement: new URL("./src/$1.ts", import.meta.url).pathname }
    ]
  }
})
