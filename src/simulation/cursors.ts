import type { CursorBehaviour } from "./behaviour.ts";
import type { Call } from "./call.ts";

/** Gives cursors out and takes them back: base64 of a readable position, as Slack's own are. */
export interface Cursors {
  give(position: string, call: Call): string;
  /** The position, or `undefined` where the cursor is unreadable, of another method, or expired. */
  take(cursor: string, call: Call): string | undefined;
  /** Ends every cursor given so far. */
  expireAll(): void;
}

export function createCursors(behaviour: () => CursorBehaviour): Cursors {
  const given = new Map<string, Call>();
  return {
    give(position, call) {
      const cursor = Buffer.from(position).toString("base64");
      given.set(`${call.method} ${cursor}`, call);
      const oldest = given.keys().next().value;
      if (given.size > 10_000 && oldest !== undefined) given.delete(oldest);
      return cursor;
    },
    take(cursor, call) {
      const from = given.get(`${call.method} ${cursor}`);
      if (from === undefined) return undefined;
      const { expireAfterMs, expireAfterCalls } = behaviour();
      if (expireAfterMs !== undefined && call.atMs - from.atMs > expireAfterMs) return undefined;
      if (expireAfterCalls !== undefined && call.nth - from.nth > expireAfterCalls) return undefined;
      return Buffer.from(cursor, "base64").toString();
    },
    expireAll: () => given.clear(),
  };
}
