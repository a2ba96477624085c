/**
 * Commits 1, 2, 3, … to two streams until it is killed, and says so after each. Arguments: the state's path, and
 * optionally a point at whose third passing it kills itself.
 */
import { openSqliteStore } from "../../src/state/sqlite.ts";
import { hex } from "./identity.ts";
import { stateOf } from "./held.ts";

const [path = "", point] = process.argv.slice(2);
let passed = 0;
const store = await openSqliteStore({
  path,
  recentAtMost: 100,
  reached: (reached) => {
    passed += reached === point ? 1 : 0;
    if (passed === (point === "store-created" ? 1 : 3)) process.kill(process.pid, "SIGKILL");
  },
});
const states = [await stateOf(store, "a"), await stateOf(store, "b")];
for (;;) {
  for (const [s, state] of states.entries()) {
    const n = Number(state.position ?? 0) + 1;
    const remember = Array.from({ length: 10 }, (_, i) => ({ key: hex(n * 10 + i), version: "", mark: n }));
    await state.commit({ remember, position: n, forgetBelow: n - 20 });
    process.stdout.write(`${s} ${n}\n`);
  }
}
