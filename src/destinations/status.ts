import type { Attempt } from "../model.ts";

export interface StatusAnswer {
  /** Not 2xx. */
  readonly status: number;
  /** What the receiver wrote, cleaned; may be empty. */
  readonly text: string;
  readonly afterMs?: number | undefined;
}

/**
 * What an HTTP status means where the receiver says nothing more precise. OTLP would have 408 and 500 dropped; losing
 * is worse than repeating, so they are retried, and a 500 that stays with its batch becomes the batch's fault.
 */
export function attemptOfStatus({ status, text, afterMs }: StatusAnswer): Attempt {
  const cause = { message: text === "" ? `HTTP ${status}` : `HTTP ${status}: ${text}`, statusCode: status };
  switch (status) {
    case 401:
    case 403:
    case 407:
      return { status: "refused", fault: "credentials", cause };
    case 404:
    case 405:
    case 415:
    case 501:
    case 505:
      return { status: "refused", fault: "configuration", cause };
    case 413:
      return { status: "refused", fault: "payload", reason: "too_large", cause };
    case 500:
      return { ...retry(), escalate: "payload" };
    case 408:
    case 425:
    case 429:
      return retry();
    default:
      if (status >= 500) return retry();
      if (status >= 400) return { status: "refused", fault: "payload", reason: "rejected", cause };
      return { status: "refused", fault: "configuration", cause: redirected(status) };
  }

  function retry() {
    return { status: "retry" as const, cause, ...(afterMs === undefined ? {} : { afterMs }) };
  }
}

/** The place it points to is not told: it may hold a token. */
function redirected(status: number) {
  return { message: `HTTP ${status}: redirects are not followed; configure the final address`, statusCode: status };
}
