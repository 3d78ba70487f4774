import { defineConfig } from "vitest/config"

// Where redis-server is missing, scripts/test.mjs says so and leaves the
// integration tests out; it refuses to in CI.
const without = process.env["WITHOUT_REDIS"] === "1"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts", "examples/**/*.test.ts"],
    exclude: without ? ["test/integration/**", "test/conformance/**"] : [],
    testTimeout: 30_000,
    hookTimeout: 60_000
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
