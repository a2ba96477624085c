import { backoffMs, clampServerDelayMs } from "../backoff.ts";
import type { Http } from "../http.ts";
import type { Clock, Halt, Log, Secret, Throttles } from "../model.ts";
import { retry, type Try } from "../retry.ts";
import { readAnswer, warningsOf, type Exchange, type Expected, type Page } from "./answer.ts";
import { remedyFor, type ErrorClass } from "./errors.ts";
import type { Turn } from "./pace.ts";
import { createQuota, type Quota } from "./quota.ts";
import { createServerClock } from "../server-clock.ts";

/** A page of a thousand large entries stays far below this; above it the walk asks for fewer. */
const MAX_BODY_BYTES = 32 * 1024 * 1024;
const CALL_TIMEOUT_MS = 60_000;

/** One method of Slack. Arguments go as form fields: in the query of a GET, in the body of a POST. */
export interface Endpoint extends Expected {
  /** `team.accessLogs`; for the Audit Logs API the path below its base, `logs`. */
  readonly method: string;
  readonly verb: "GET" | "POST";
  readonly callsPerMinute: number;
  /** What deep sweeps and backfills may take of it at most. */
  readonly deepCallsPerMinute?: number;
}

/** `restart`: walk again from the stored bounds, without the cursor. `too_large`: ask for fewer entries. */
export type SlackAnswer = Page | { readonly kind: "restart" | "too_large"; readonly code: string } | Halt;

export interface SlackClient {
  /**
   * One call, with its turn waited for and whatever passes tried again without an end. Rejects only with the signal's
   * reason. `params` without a value are left out. `turn`: who calls; live calls go before others, and turns go round
   * among streams.
   */
  call(
    endpoint: Endpoint,
    params: Readonly<Record<string, string | undefined>>,
    signal: AbortSignal,
    turn?: Turn,
  ): Promise<SlackAnswer>;
  /** What its calls have cost so far, and what is left of the quota. */
  readonly quota: Pick<Quota, "methods" | "poll">;
  /** Slack's clock, epoch milliseconds; never ahead of Slack. */
  now(): number;
  /** Another number for another token: what a refused one could not read may be open to the next. */
  tokenVersion(): number;
}

export interface SlackClientOptions {
  readonly http: Http;
  readonly token: Secret;
  /** Slack takes this token for expired: resolves when there is another one, or none to be had. */
  readonly renew?: (bearer: string, signal: AbortSignal) => Promise<void>;
  /** Base URLs, ending in a slash. */
  readonly apiUrl: string;
  readonly auditUrl: string;
  /** Names the program and its version. */
  readonly userAgent: string;
  /** What Slack has stopped, as other programs with this token know it. */
  readonly throttles?: Throttles;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

export const AUTH_TEST: Endpoint = {
  api: "web",
  method: "auth.test",
  verb: "POST",
  requires: "team_id",
  callsPerMinute: 100,
};

export function createSlackClient(options: SlackClientOptions): SlackClient {
  const { http, token, clock, random, log } = options;
  const serverClock = createServerClock(clock);
  const quota = createQuota(clock, log, options.throttles);
  let last = { token: token.reveal(), version: 0 };

  function tokenVersion(): number {
    const now = token.reveal();
    if (now !== last.token) last = { token: now, version: last.version + 1 };
    return last.version;
  }

  async function exchange(
    endpoint: Endpoint,
    params: Readonly<Record<string, string | undefined>>,
    bearer: string,
    signal: AbortSignal,
  ): Promise<Exchange> {
    const base = endpoint.api === "web" ? options.apiUrl : options.auditUrl;
    const form = formOf(params);
    const query = endpoint.verb === "GET" && form !== "" ? `?${form}` : "";
    const answeredOn = serverClock.ask();
    const answer = await http(
      {
        method: endpoint.verb,
        url: `${base}${endpoint.method}${query}`,
        headers: {
          authorization: `Bearer ${bearer}`,
          accept: "application/json",
          "accept-encoding": "gzip",
          "user-agent": options.userAgent,
          ...(endpoint.verb === "POST" ? { "content-type": "application/x-www-form-urlencoded" } : {}),
        },
        ...(endpoint.verb === "POST" ? { body: form } : {}),
        timeoutMs: CALL_TIMEOUT_MS,
        maxBodyBytes: MAX_BODY_BYTES,
      },
      signal,
    );
    const result = readAnswer(endpoint, answer, clock.now());
    // Errors may be a proxy's, and so is then their date.
    if (result.kind === "ok") answeredOn(result.page.headers["date"]);
    return result;
  }

  async function tryOnce(
    endpoint: Endpoint,
    params: Readonly<Record<string, string | undefined>>,
    attempt: number,
    signal: AbortSignal,
    turn: Turn,
  ): Promise<Try<SlackAnswer>> {
    const workspace = params["team_id"] ?? "";
    await quota.turn(endpoint, workspace, turn, signal);
    const bearer = token.reveal();
    const result = await exchange(endpoint, params, bearer, signal);
    switch (result.kind) {
      case "ok":
        for (const warning of warningsOf(result.page.body)) {
          log("debug", "slack_warning", { method: endpoint.method, warning });
        }
        return { done: true, value: result.page };
      case "too_large":
        return { done: true, value: { kind: "too_large", code: result.code } };
      case "throttled": {
        const delayMs = throttleDelayMs(result.afterMs, attempt);
        quota.throttle(endpoint.method, workspace, delayMs);
        return again(endpoint, result.code, delayMs);
      }
      case "error":
        break;
      default:
        return result satisfies never;
    }
    const errorClass = result.class ?? "retry";
    switch (errorClass) {
      case "retry": {
        const serverMs = result.afterMs === undefined ? 0 : clampServerDelayMs(result.afterMs);
        return again(endpoint, result.code, Math.max(backoffMs(attempt, random), serverMs));
      }
      case "slow":
        return again(endpoint, result.code, 5 * 60_000 * (1 + random()));
      case "restart":
        // Where there is no listing there is no cursor either: an answer that means something else.
        if (endpoint.list === undefined) return again(endpoint, result.code, backoffMs(attempt, random));
        return { done: true, value: { kind: "restart", code: result.code } };
      case "credentials":
        return judgeCredentials(endpoint, result.code, bearer, refuser(workspace), signal);
      case "unavailable":
        return { done: true, value: halt(endpoint, result.code, errorClass, "unavailable", "stream") };
      case "workspace":
        return { done: true, value: halt(endpoint, result.code, errorClass, "unavailable", refuser(workspace)) };
      case "configuration":
        return { done: true, value: halt(endpoint, result.code, errorClass, "configuration", "stream") };
      default:
        return errorClass satisfies never;
    }
  }

  /** Some methods say that the token is bad where only this log is closed to it; auth.test knows. */
  async function judgeCredentials(
    endpoint: Endpoint,
    code: string,
    bearer: string,
    scope: Halt["scope"],
    signal: AbortSignal,
  ): Promise<Try<SlackAnswer>> {
    const wasReplaced = () => token.reveal() !== bearer;
    const anew = { done: false, delayMs: 0 } as const;
    // A token in a file may have been replaced since this call was made, or while auth.test was asked.
    if (wasReplaced()) return anew;
    if (endpoint === AUTH_TEST && code === "token_expired") {
      await options.renew?.(bearer, signal);
      if (wasReplaced()) return anew;
    }
    if (endpoint === AUTH_TEST)
      return { done: true, value: halt(endpoint, code, "credentials", "credentials", "token") };
    const verdict = await call(AUTH_TEST, {}, signal);
    if (wasReplaced()) return anew;
    if (verdict.kind === "halted") return { done: true, value: verdict };
    return { done: true, value: halt(endpoint, code, "credentials", "unavailable", scope) };
  }

  function again(endpoint: Endpoint, code: string, delayMs: number): Try<SlackAnswer> {
    log("warn", "slack_retry", { method: endpoint.method, error: code, delay_ms: Math.round(delayMs) });
    return { done: false, delayMs };
  }

  function throttleDelayMs(serverMs: number | undefined, attempt: number): number {
    if (serverMs === undefined || !(serverMs >= 0 && serverMs < 1e10)) {
      return Math.min(30_000 * 2 ** Math.min(attempt - 1, 8), 15 * 60_000);
    }
    return clampServerDelayMs(serverMs) * (1 + 0.1 * random());
  }

  const call: SlackClient["call"] = (endpoint, params, signal, turn = {}) =>
    retry((attempt) => tryOnce(endpoint, params, attempt, signal, turn), clock, signal);

  return { call, now: serverClock.now, tokenVersion, quota };
}

/** Who it is that refuses a call for a reason of the workspace named with it, or of none (`""`). */
function refuser(workspace: string): Halt["scope"] {
  return workspace === "" ? "stream" : "workspace";
}

function halt(
  endpoint: Endpoint,
  code: string,
  errorClass: ErrorClass,
  reason: Halt["reason"],
  scope: Halt["scope"],
): Halt {
  const name = endpoint.api === "audit" ? "the Audit Logs API" : endpoint.method;
  return {
    kind: "halted",
    scope,
    reason,
    code,
    message: `Slack refuses ${name} with ${code}: ${remedyFor(code, errorClass)}.`,
  };
}

function formOf(params: Readonly<Record<string, string | undefined>>): string {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) if (value !== undefined) form.append(name, value);
  return form.toString();
}
