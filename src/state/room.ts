import { stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";

import { tooLittleRoom } from "./failure.ts";

const GROWTH_BYTES = 262_144;

/** Rejects with a `StateError` when one commit to the state file may not find room on its volume. */
export async function assertRoom(path: string): Promise<void> {
  // A commit that moves identities may put every page into the journal.
  const neededBytes = (await stat(path)).size + GROWTH_BYTES;
  const { blocks, bavail, bsize } = await statfs(dirname(path));
  // Some volumes have no size.
  if (blocks > 0 && bavail * bsize < neededBytes) throw tooLittleRoom(path, neededBytes);
}
