import type { Call } from "./call.ts";
import type { MethodName } from "./methods.ts";
import { createRandom } from "./random.ts";

/**
 * Odd pages (S28). `short_page`: a third of what was asked, more to come. `empty_page`: nothing, more to come.
 * `repeated_cursor`: the cursor sent comes back. `expired_cursor`: the cursor sent is refused.
 */
export type PageFault = "short_page" | "empty_page" | "repeated_cursor" | "expired_cursor";

/** Whole seconds, or one of the other forms that have been met (S4). */
export type RetryAfter = number | "absent" | "http_date" | { readonly text: string };

export type Fault = { readonly kind: PageFault } | ReplacingFault | SpoilingFault;

/** What comes instead of the true answer. */
export type ReplacingFault =
  /** Slack's own refusal. `status` is the Audit API's, and 200 elsewhere unless given. */
  | {
      readonly kind: "error";
      readonly error: string;
      readonly status?: number;
      readonly fields?: Readonly<Record<string, string>>;
    }
  /** As HTTP 429, or as `ok:false` at 200. */
  | { readonly kind: "rate_limited"; readonly retryAfter?: RetryAfter; readonly as?: "status" | "ok_false" }
  /** An HTML page. */
  | { readonly kind: "html"; readonly status: number }
  | { readonly kind: "empty_body"; readonly status: number }
  | { readonly kind: "null_body" }
  /** Any other answer. */
  | {
      readonly kind: "body";
      readonly status: number;
      readonly body: string | Uint8Array;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** `ok:true` (or, for the Audit API, an object) without the list. */
  | { readonly kind: "without_list" }
  | { readonly kind: "redirect"; readonly location: string; readonly status?: number }
  /** A body of so many bytes, which compress to next to nothing. */
  | { readonly kind: "oversized_body"; readonly bytes: number }
  /** The connection is closed before any header. */
  | { readonly kind: "reset" }
  | { readonly kind: "silence" };

/** What becomes of the true answer on its way. Late and dripping ones may yet arrive whole. */
export type SpoilingFault =
  /** Cut in the middle, with a length that agrees. */
  | { readonly kind: "truncated_json" }
  /** Headers and half of the body, then a reset. */
  | { readonly kind: "cut" }
  /** Headers and half of the body, then nothing. */
  | { readonly kind: "stall" }
  | { readonly kind: "late"; readonly afterMs: number }
  | { readonly kind: "drip"; readonly overMs: number }
  /** A gzip stream that ends too early. */
  | { readonly kind: "broken_gzip" };

export type Faults = (call: Call) => Fault | undefined;

/** A fault and the calls that it befalls: those for which every condition given holds. */
export interface ScheduledFault {
  readonly fault: Fault;
  readonly method?: MethodName;
  readonly workspace?: string;
  /** Which calls, from 1: of the method where one is named, else of all. */
  readonly nth?: number | readonly number[];
  /** Every so many calls, counted likewise. */
  readonly every?: number;
  /** Slack's clock. */
  readonly fromMs?: number;
  readonly untilMs?: number;
  readonly where?: (call: Call) => boolean;
}

/** The first in the list that applies. */
export function scheduledFaults(schedule: readonly ScheduledFault[]): Faults {
  return (call) => schedule.find((entry) => applies(entry, call))?.fault;
}

function applies(entry: ScheduledFault, call: Call): boolean {
  const number = entry.method === undefined ? call.index : call.nth;
  const nth = typeof entry.nth === "number" ? [entry.nth] : entry.nth;
  return (
    (entry.method === undefined || entry.method === call.method) &&
    (entry.workspace === undefined || entry.workspace === call.workspace) &&
    (nth === undefined || nth.includes(number)) &&
    (entry.every === undefined || number % entry.every === 0) &&
    (entry.fromMs === undefined || call.atMs >= entry.fromMs) &&
    (entry.untilMs === undefined || call.atMs < entry.untilMs) &&
    (entry.where === undefined || entry.where(call))
  );
}

/** Each fault with its own probability at each call; the first that strikes counts. Seeded. */
export function randomFaults(
  seed: number,
  chances: readonly { readonly fault: Fault; readonly probability: number; readonly method?: MethodName }[],
): Faults {
  const random = createRandom(seed);
  return (call) => {
    // Every chance is drawn at every call, so that one more chance in the list leaves the others as they were.
    const struck = chances.filter(({ probability }) => random.chance(probability));
    return struck.find(({ method }) => method === undefined || method === call.method)?.fault;
  };
}

const PAGE_FAULTS: readonly string[] = ["short_page", "empty_page", "repeated_cursor", "expired_cursor"];
const SPOILING_FAULTS: readonly string[] = ["truncated_json", "cut", "stall", "late", "drip", "broken_gzip"];

export interface SortedFault {
  readonly page?: PageFault;
  readonly replacing?: ReplacingFault;
  readonly spoiling?: SpoilingFault;
}

export function sortFault(fault: Fault | undefined): SortedFault {
  if (fault === undefined) return {};
  if (PAGE_FAULTS.includes(fault.kind)) return { page: fault.kind as PageFault };
  if (SPOILING_FAULTS.includes(fault.kind)) return { spoiling: fault as SpoilingFault };
  return { replacing: fault as ReplacingFault };
}
