import { createHash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import type { Identity, Store } from "../../src/model.ts";
import { openSqliteStore } from "../../src/state/sqlite.ts";
import { hex, identity } from "./identity.ts";
import { claimOf } from "./held.ts";

const STREAMS = ["access_logs/T1", "integration_logs/T1", "audit_logs/E1"];
const KEYS = Array.from({ length: 200 }, (_, i) => hex(i * 0x5bd1_e995));

/**
 * A small state with something in every table: three streams with positions, identities of some in the ledger and of
 * others in receipts, and forgotten ones in both. Returns the digest of its content.
 */
export async function makeSample(path: string): Promise<string> {
  const store = await openSqliteStore({ path, recentAtMost: 40 });
  for (const [s, name] of STREAMS.entries()) {
    await using claim = await claimOf(store, name);
    const { state } = claim;
    for (let page = 0; page < 6; page += 1) {
      const remember = KEYS.slice(page * 30, page * 30 + 12).map((key, i) => ({
        ...identity(page, { key, version: i % 3 === 0 ? hex(i) : "" }),
        ...(i % 2 === 0 && { count: i, lastSeconds: 1_700_000_000 + i }),
      }));
      const position = { low: page, high: s, seen: KEYS.slice(0, 8) };
      await state.commit({ remember, position, forgetBelow: 1001 + s, report: { page, lastError: null } });
    }
  }
  for (const name of ["token", "quota"]) await store.notes.write(name, `${name}: ${KEYS[0]}`);
  const content = await contentOf(store);
  await store.close();
  // Without free pages, so that most bytes mean something.
  const database = new DatabaseSync(path);
  database.exec("VACUUM");
  database.close();
  return content;
}

/** A digest of all that can be seen of a state; of the first version's, which had neither reports nor notes. */
export async function contentOf(store: Store, version: 1 | 2 = 2): Promise<string> {
  const digest = createHash("sha256");
  for (const name of STREAMS) {
    await using claim = await claimOf(store, name);
    const { state } = claim;
    const known = [...(await state.known(KEYS)).values()].flat().map(lineOf);
    digest.update(JSON.stringify([name, state.position, known.toSorted(), ...(version === 1 ? [] : [state.report])]));
  }
  if (version === 1) return digest.digest("hex");
  for (const name of ["token", "quota"]) digest.update(JSON.stringify([await store.notes.read(name)]));
  return digest.digest("hex");
}

function lineOf({ key, version, count, lastSeconds, mark }: Identity): string {
  return [key, version, count, lastSeconds, mark].join(" ");
}
