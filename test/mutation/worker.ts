/** Runs the tests of one source file again and again, each time with the text of it that the parent sends. */
import { createVitest } from "vitest/node";

const [file = "", ...tests] = process.argv.slice(2);
let text: string | undefined;
const vitest = await createVitest(
  "test",
  {
    config: ".ci/vitest.config.ts",
    watch: false,
    reporters: [{}],
    bail: 1,
    maxWorkers: 1,
    testTimeout: 5_000,
    fsModuleCache: false,
  },
  { plugins: [{ name: "mutant", enforce: "pre", load: (id: string) => (id === file ? text : undefined) }] },
);
const specifications = await vitest.globTestSpecifications(tests);

process.on("message", (mutated: string) => {
  text = mutated;
  vitest.invalidateFile(file);
  void vitest.runTestSpecifications(specifications).then(({ testModules, unhandledErrors }) => {
    process.send?.(unhandledErrors.length > 0 || testModules.some((module) => !module.ok()) ? "killed" : "survived");
  });
});
process.send?.("ready");
