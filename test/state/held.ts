import type { Claim, Store, StreamState } from "../../src/model.ts";

export function claimOf(store: Store, stream: string): Promise<Claim> {
  return store.claim(stream, new AbortController().signal);
}

/** The state of a stream that is held for as long as the store is open. */
export async function stateOf(store: Store, stream: string): Promise<StreamState> {
  return (await claimOf(store, stream)).state;
}
