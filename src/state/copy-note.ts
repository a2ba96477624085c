import type { Store } from "../model.ts";

/** While this note says so, a copy into the state has begun and not come to its end: streams would begin anew. */
export const COPY_NOTE = "copy";
export const UNFINISHED = "unfinished";

export async function isUnfinished({ notes }: Store): Promise<boolean> {
  return (await notes.read(COPY_NOTE)) === UNFINISHED;
}
