/**
 * Opens the state named by its first argument, commits as many pages of identities as the second says, and prints what
 * came of it.
 */
import { openSqliteStore } from "../../src/state/sqlite.ts";
import { hex } from "./identity.ts";
import { stateOf } from "./held.ts";

const [path = "", pages = "1"] = process.argv.slice(2);
let done = "nothing";
try {
  const store = await openSqliteStore({ path });
  done = "opened";
  const state = await stateOf(store, "access_logs/T1");
  for (let page = 0; page < Number(pages); page += 1) {
    const remember = Array.from({ length: 1000 }, (_, i) => ({ key: hex(page * 1000 + i), version: "", mark: page }));
    await state.commit({ remember, position: { page } });
    done = `committed ${page + 1}`;
  }
  await store.close();
  process.stdout.write(`${done}\n`);
} catch (error) {
  process.stdout.write(`${done}, then ${String(error)}\n`);
}
