import { createHash } from "node:crypto";
import type { Clock, Halt, Notes, Secret } from "../model.ts";
import type { Rotation } from "./rotation.ts";
import type { Seal } from "./seal.ts";

/** A pair of tokens as it is stored. Times are epoch milliseconds of our clock. */
export interface Pair {
  readonly access: string;
  readonly refresh: string;
  readonly expiresMs: number;
  /** A refresh was begun and its answer is not stored: Slack may have used the refresh token up. */
  readonly pending?: true;
}

/** The note of the pairs that come from this first refresh token: another one in its place has a note of its own. */
export function tokensNote(clientId: string, refreshToken: Secret): string {
  const first = `${clientId}\n${refreshToken.reveal()}`;
  return `rotation/${createHash("sha256").update(first).digest("hex").slice(0, 32)}`;
}

export async function readTokens(
  notes: Pick<Notes, "read">,
  name: string,
  seal: Seal,
): Promise<Pair | "unreadable" | undefined> {
  const note = await notes.read(name);
  if (note === undefined) return undefined;
  const text = seal.open(note, name);
  return text === undefined ? "unreadable" : (JSON.parse(text) as Pair);
}

export function unreadable(): Halt {
  const message =
    "The stored tokens cannot be opened with rotation.encryption_key: give the key they were stored with, or install the app again and give its new refresh token.";
  return { kind: "halted", scope: "token", reason: "configuration", code: "tokens_unreadable", message };
}

export interface BorrowOptions {
  readonly clientId: string;
  readonly refreshToken: Secret;
  readonly seal: Seal;
  /** Of the state in which `run` keeps its tokens. */
  readonly notes: Pick<Notes, "read">;
  readonly clock: Clock;
}

/**
 * The access token that `run` keeps, for those who must not renew it: a refresh token works only once. It is read again
 * when Slack takes it for expired.
 */
export function borrowTokens({ clientId, refreshToken, seal, notes, clock }: BorrowOptions): Rotation {
  let access = "";

  async function read(): Promise<Halt | undefined> {
    const stored = await readTokens(notes, tokensNote(clientId, refreshToken), seal);
    if (stored === "unreadable") return unreadable();
    if (stored === undefined || stored.access === "" || stored.expiresMs <= clock.now()) return missing();
    access = stored.access;
    return undefined;
  }

  return {
    token: { reveal: () => access },
    ready: read,
    renew: async () => void (await read()),
    keep: () => Promise.resolve(),
  };
}

function missing(): Halt {
  const message =
    "Only `run` renews a token that rotates, since a refresh token works only once, and it has stored none that lives: start it, then try again.";
  return { kind: "halted", scope: "token", reason: "credentials", code: "no_stored_token", message };
}
