/** Runs the tests of one source file again and again, each time with the text of it that the parent sends. */
import { fileURLToPath } from "node:url";
import { createVitest, type TestModule } from "vitest/node";

const [file = "", ...tests] = process.argv.slice(2);
let text: string | undefined;
const vitest = await createVitest(
  "test",
  {
    config: ".ci/vitest.config.ts",
    exclude: ["**/node_modules/**"],
    watch: false,
    reporters: [{}],
    bail: 1,
    // They end with the process, whatever they are at.
    pool: "threads",
    maxWorkers: 1,
    setupFiles: [fileURLToPath(new URL("setup.ts", import.meta.url))],
    testTimeout: tests.some((test) => test.startsWith("test/e2e/")) ? 20_000 : 5_000,
    fsModuleCache: false,
  },
  { plugins: [{ name: "mutant", enforce: "pre", load: (id: string) => (id === file ? text : undefined) }] },
);
const specifications = await vitest.globTestSpecifications(tests);

process.on("message", (mutated: string) => {
  text = mutated;
  vitest.invalidateFile(file);
  void noticedBy().then(
    (by) => process.send?.(by === undefined ? { kind: "survived" } : { kind: "killed", by }),
    (error: unknown) => process.send?.({ kind: "broken", by: String(error) }),
  );
});
// Nobody is left to be told: it ends with all that its tests started, which hears of no Ctrl+C.
process.once("disconnect", () => process.kill(-process.pid, "SIGKILL"));
process.send?.("ready");

/** One file of tests after the other, in the order given: the first that fails is enough, and is told. */
async function noticedBy(): Promise<string | undefined> {
  for (const test of tests) {
    const [specification, ...others] = specifications.filter(({ moduleId }) => moduleId.endsWith(`/${test}`));
    if (specification === undefined || others.length > 0) throw new Error(`there is no ${test}`);
    const { testModules, unhandledErrors } = await vitest.runTestSpecifications([specification]);
    // Those of earlier runs are among them.
    const module = testModules.find(({ moduleId }) => moduleId === specification.moduleId);
    if (module === undefined) throw new Error(`${test} was not run`);
    if (!module.ok()) return `${test}: ${failureOf(module)}`;
    if (unhandledErrors.length > 0) return `${test}: ${messageOf(unhandledErrors[0])}`;
  }
  return undefined;
}

function failureOf(module: TestModule): string {
  for (const failed of module.children.allTests("failed")) {
    return `${failed.fullName}: ${failed.result().errors?.[0]?.message.split("\n")[0]}`;
  }
  return module.errors()[0]?.message ?? "fails";
}

/** Of an error that was copied from the thread it was thrown in, which may be no `Error` any more. */
function messageOf(error: unknown): string {
  return typeof error === "object" && error !== null && "message" in error ? String(error.message) : typeof error;
}
