import type { Call } from "./call.ts";
import type { RetryAfter } from "./faults.ts";
import { factsOf, type MethodName } from "./methods.ts";

/** S4. All tokens of the app share a pool; it is counted per method and workspace, audit per organisation. */
export interface RateOptions {
  /** Default: the whole seconds until the window ends. */
  readonly retryAfter?: RetryAfter;
  readonly as?: "status" | "ok_false";
  /** Instead of the documented tiers. */
  readonly callsPerMinute?: Partial<Readonly<Record<MethodName, number>>>;
  /** What another app of the organisation takes of the Audit API's pool. */
  readonly foreignAuditCallsPerMinute?: number;
}

export interface RateRefusal {
  readonly kind: "rate_limited";
  readonly retryAfter: RetryAfter;
  readonly as: "status" | "ok_false";
}

const WINDOW_MS = 60_000;

/** Counts a call; refused ones do not count. The window begins with the first call that finds none open. */
export function createRates(options: () => RateOptions | undefined): (call: Call) => RateRefusal | undefined {
  const windows = new Map<string, { startMs: number; calls: number }>();
  return (call) => {
    const settings = options();
    if (settings === undefined || call.method === "unknown") return undefined;
    const allowed = allowance(call, call.method, settings);
    const pool = factsOf(call.method).audit === true ? "audit" : `${call.method} ${call.workspace}`;
    let window = windows.get(pool);
    if (window === undefined || call.atMs - window.startMs >= WINDOW_MS || call.atMs < window.startMs) {
      window = { startMs: call.atMs, calls: 0 };
      windows.set(pool, window);
    }
    if (window.calls < allowed) {
      window.calls++;
      return undefined;
    }
    const seconds = Math.ceil((window.startMs + WINDOW_MS - call.atMs) / 1000);
    return { kind: "rate_limited", retryAfter: settings.retryAfter ?? seconds, as: settings.as ?? "status" };
  };
}

function allowance(call: Call, method: MethodName, settings: RateOptions): number {
  const facts = factsOf(method);
  const own = settings.callsPerMinute?.[method];
  if (own !== undefined) return own;
  if (facts.audit === true) return Math.max(0, facts.callsPerMinute - (settings.foreignAuditCallsPerMinute ?? 0));
  const unpaged = call.params["limit"] === undefined && call.params["cursor"] === undefined;
  return unpaged ? (facts.callsPerMinuteUnpaged ?? facts.callsPerMinute) : facts.callsPerMinute;
}
