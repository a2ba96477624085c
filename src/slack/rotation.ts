import { backoffMs, clampServerDelayMs } from "../backoff.ts";
import type { Http } from "../http.ts";
import type { Clock, Halt, Log, Notes, Secret } from "../model.ts";
import { retry, type Try } from "../retry.ts";
import { readAnswer } from "./answer.ts";
import type { Seal } from "./seal.ts";
import { type Pair, readTokens, tokensNote, unreadable } from "./stored-tokens.ts";

const CALL_TIMEOUT_MS = 30_000;
const MAX_BODY_BYTES = 1024 * 1024;
/** Slack's tokens live for twelve hours, and are refreshed this long before their end. */
const EARLY_MS = 2 * 60 * 60_000;
/** How often it is looked whether a refresh is due: clocks jump and machines sleep. */
const LOOK_MS = 5 * 60_000;
/** A refresh token that Slack refuses is tried again this often while the access token still lives. */
const REFUSED_MS = 30 * 60_000;

export interface RotationOptions {
  readonly clientId: string;
  readonly clientSecret: Secret;
  /** The first refresh token; it works once. Another one in its place begins anew. */
  readonly refreshToken: Secret;
  readonly seal: Seal;
  readonly notes: Notes;
  readonly http: Http;
  /** Ends in a slash. */
  readonly apiUrl: string;
  readonly userAgent: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** Ends every refresh. */
  readonly signal: AbortSignal;
}

/**
 * Renews an access token that lives for twelve hours only. A new pair of tokens is stored, encrypted, before any of it
 * is used: the refresh token that brought it works no second time but for a short grace. Only one refresh is made at a
 * time, by whichever process; the others find its pair in the store.
 * https://docs.slack.dev/authentication/using-token-rotation
 */
export interface Rotation {
  /** The access token as it is now. Not to be revealed before `ready` has resolved with nothing. */
  readonly token: Secret;
  /** Resolves when there is an access token to call with, or with why there is none. Network trouble is waited out. */
  ready(): Promise<Halt | undefined>;
  /** Slack takes this token for expired: resolves when there is another, or none to be had. */
  renew(bearer: string, signal: AbortSignal): Promise<void>;
  /** Refreshes in good time; rejects with the reason of the rotation's signal. */
  keep(): Promise<void>;
}

type Refreshed = { readonly pair: Pair } | { readonly refused: string };

export function createRotation(options: RotationOptions): Rotation {
  const { seal, notes, clock, random, log, signal } = options;
  let pair: Pair | undefined;
  let refusedMs = Number.NEGATIVE_INFINITY;
  let renewing: Promise<Halt | undefined> | undefined;

  const noteName = () => tokensNote(options.clientId, options.refreshToken);
  const read = (name: string) => readTokens(notes, name, seal);
  const write = (name: string, now: Pair) => notes.write(name, seal.close(JSON.stringify(now), name));

  const isDue = ({ expiresMs, pending }: Pair) => pending === true || clock.now() >= expiresMs - EARLY_MS;

  /** What another process has stored since, or else a new pair from Slack. */
  async function refresh(unlike: string | undefined): Promise<Halt | undefined> {
    const name = noteName();
    return notes.exclusively(name, signal, async () => {
      const stored = await read(name);
      if (stored === "unreadable") return unreadable();
      if (stored !== undefined && !isDue(stored) && stored.access !== unlike) {
        pair = stored;
        return undefined;
      }
      const from: Pair = stored ?? { access: "", refresh: options.refreshToken.reveal(), expiresMs: 0 };
      await write(name, { ...from, pending: true });
      const refreshed = await retry((attempt) => ask(from.refresh, attempt), clock, signal);
      if ("pair" in refreshed) {
        await write(name, refreshed.pair);
        pair = refreshed.pair;
        const expires = Math.round((pair.expiresMs - clock.now()) / 1000);
        log("info", "token_refreshed", { expires_in_seconds: expires });
        return undefined;
      }
      refusedMs = clock.monotonic();
      return refused(refreshed.refused, from);
    });
  }

  /** The old access token may live on for hours when the refresh token is of no use any more. */
  function refused(code: string, from: Pair): Halt | undefined {
    const lives = from.access !== "" && from.expiresMs > clock.now();
    const until = lives ? ` The access token lives until ${new Date(from.expiresMs).toISOString()}.` : "";
    const message = `Slack refuses to refresh the token with ${code}: ${remedyOf(code)}.${until}`;
    log("error", "token_refresh_refused", { error: code, message });
    if (lives) pair = from;
    return lives ? undefined : { kind: "halted", scope: "token", reason: "credentials", code, message };
  }

  async function ask(refreshToken: string, attempt: number): Promise<Try<Refreshed>> {
    const basic = Buffer.from(`${options.clientId}:${options.clientSecret.reveal()}`).toString("base64");
    const form = new URLSearchParams({ grant_type: "refresh_token", refresh_token: refreshToken });
    const answer = await options.http(
      {
        method: "POST",
        url: `${options.apiUrl}oauth.v2.access`,
        headers: {
          authorization: `Basic ${basic}`,
          accept: "application/json",
          "content-type": "application/x-www-form-urlencoded",
          "user-agent": options.userAgent,
        },
        body: form.toString(),
        timeoutMs: CALL_TIMEOUT_MS,
        maxBodyBytes: MAX_BODY_BYTES,
      },
      signal,
    );
    const result = readAnswer({ api: "web", requires: "access_token" }, answer, clock.now());
    if (result.kind === "ok") {
      const { access_token: access, refresh_token: next, expires_in: seconds } = result.page.body;
      if (typeof access !== "string" || typeof next !== "string" || typeof seconds !== "number")
        return again("answer_without_tokens", attempt);
      return { done: true, value: { pair: { access, refresh: next, expiresMs: clock.now() + seconds * 1000 } } };
    }
    if (result.kind === "error" && result.class === "credentials")
      return { done: true, value: { refused: result.code } };
    if (result.kind === "error" && result.class === "configuration")
      return { done: true, value: { refused: result.code } };
    return again(result.code, attempt, "afterMs" in result ? result.afterMs : undefined);
  }

  /** The first tries follow each other closely: the refresh token's grace is short. */
  function again(code: string, attempt: number, afterMs = 0): Try<Refreshed> {
    const delayMs = Math.max(backoffMs(attempt, random), clampServerDelayMs(afterMs));
    log("warn", "slack_retry", { method: "oauth.v2.access", error: code, delay_ms: Math.round(delayMs) });
    return { done: false, delayMs };
  }

  /** One at a time in this process; the others wait for the same one. */
  function renewOnce(unlike?: string): Promise<Halt | undefined> {
    renewing ??= refresh(unlike).finally(() => (renewing = undefined));
    return renewing;
  }

  const isUsable = () => pair !== undefined && !isDue(pair);

  return {
    token: { reveal: () => pair?.access ?? "" },
    async ready() {
      if (isUsable()) return undefined;
      const stored = await read(noteName());
      if (stored === "unreadable") return unreadable();
      if (stored !== undefined && !isDue(stored)) pair = stored;
      return isUsable() ? undefined : renewOnce();
    },
    async renew(bearer, callSignal) {
      if (pair?.access !== bearer) return;
      // One call that is given up must not take the refresh away from the others.
      const renewed = renewOnce(bearer).catch((error: unknown) => {
        if (!signal.aborted || error !== signal.reason) throw error;
      });
      await untilAborted(renewed, callSignal);
    },
    async keep() {
      for (;;) {
        await clock.sleep(LOOK_MS, signal);
        if (pair === undefined || isUsable() || clock.monotonic() - refusedMs < REFUSED_MS) continue;
        await renewOnce();
      }
    },
  };
}

function untilAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    work.then(() => resolve(), reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function remedyOf(code: string): string {
  switch (code) {
    case "bad_client_secret":
    case "invalid_client_id":
      return "check rotation.client_id and rotation.client_secret";
    case "invalid_refresh_token":
      return "install the app again and give its new refresh token as rotation.refresh_token; if the state was lost, the one given there was used up long ago";
    default:
      return "check the app's settings at Slack";
  }
}
