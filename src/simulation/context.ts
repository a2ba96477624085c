import type { Behaviour } from "./behaviour.ts";
import type { Call } from "./call.ts";
import type { Cursors } from "./cursors.ts";
import type { PageFault } from "./faults.ts";
import type { Grant } from "./grants.ts";
import type { Tenant } from "./tenant.ts";
import type { World } from "./world.ts";

/** All that an endpoint may look at to answer one call. */
export interface Context {
  readonly call: Call;
  readonly grant: Grant;
  readonly tenant: Tenant;
  readonly world: World;
  readonly behaviour: Behaviour;
  readonly cursors: Cursors;
  readonly warnings: readonly string[];
  /** What is to be odd about this page (S28). */
  readonly pageFault: PageFault | undefined;
}

/** How many entries a page may hold, and whether the listing is told to go on whatever comes. */
export function pageSize(limit: number, fault: PageFault | undefined): number {
  if (fault === "empty_page") return 0;
  return fault === "short_page" ? Math.max(1, Math.floor(limit / 3)) : limit;
}

/**
 * The cursor to send: none at the end. A repeated one is the one that was sent. An empty page needs one that differs
 * from it although the position stays, so the call's number joins it; endpoints ignore what follows the `#`.
 */
export function nextCursor(context: Context, position: string | undefined): string | undefined {
  const { call, cursors, pageFault } = context;
  const sent = call.params["cursor"];
  if (pageFault === "repeated_cursor" && sent !== undefined && sent !== "") return sent;
  if (position === undefined) return undefined;
  return cursors.give(pageFault === "empty_page" ? `${position}#${call.index}` : position, call);
}

/** The position in the cursor sent; absent: no cursor was sent; invalid: it is refused. */
export function readCursor({ call, cursors, pageFault }: Context): { position?: string; invalid?: true } {
  const sent = call.params["cursor"];
  if (sent === undefined || sent === "") return {};
  const position = pageFault === "expired_cursor" ? undefined : cursors.take(sent, call);
  return position === undefined ? { invalid: true } : { position: position.replace(/#.*$/, "") };
}
