import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** The suites that need a real part: see the `set-up.ts` of each for how it is found. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL("..", import.meta.url)),
    include: ["test/e2e/**/*.test.ts"],
    globalSetup: ["test/e2e/collector/set-up.ts", "test/e2e/victoria-logs/set-up.ts"],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    reporters: ["verbose"],
  },
});
