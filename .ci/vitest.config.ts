import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: fileURLToPath(new URL("..", import.meta.url)),
    include: ["test/**/*.test.ts"],
    exclude: ["test/e2e/**", "**/node_modules/**"],
    // Many start processes, on machines that do other things too. What hangs is found all the same.
    testTimeout: 60_000,
    // Most of the time is spent on waiting for those.
    maxWorkers: "100%",
    reporters: ["default"],
    coverage: { provider: "v8", include: ["src/**"] },
  },
});
