import { failure, listBody, wholeNumber, type Answer, type Shown } from "./answer.ts";
import { nextCursor, pageSize, readCursor, type Context } from "./context.ts";
import { isFields, placeInTime, readEntry, textOf, type Fields, type Given, type When } from "./entries.ts";
import { createListing, firstIndex, type Entry, type Listing } from "./listing.ts";
import { AUDIT_ACTIONS } from "./vocabulary.ts";

export interface AuditEntry extends Entry, Shown {
  readonly action: string | undefined;
  readonly actorId: string | undefined;
  readonly entityId: string | undefined;
}

export interface AuditLog {
  /** `at` is in epoch seconds. */
  add(entry: Given, when?: When): void;
  readonly listing: Listing<AuditEntry>;
  knowsAction(action: string): boolean;
}

export function createAuditLog(): AuditLog {
  const listing = createListing<AuditEntry>();
  const actions = new Set<string>(AUDIT_ACTIONS);
  return {
    listing,
    knowsAction: (action) => actions.has(action),
    add(given, when = {}) {
      const { text, fields } = readEntry(given);
      const sequence = listing.all.length + 1;
      const action = textOf(fields["action"]);
      if (action !== undefined) actions.add(action);
      listing.add({
        text,
        id: sequence,
        sequence,
        ...placeInTime(fields["date_create"], 1000, when),
        action,
        actorId: idInside(fields["actor"]),
        entityId: idInside(fields["entity"]),
      });
    },
  };
}

/** `{type: "user", user: {id}}` */
function idInside(value: unknown): string | undefined {
  if (!isFields(value)) return undefined;
  const inner = value[textOf(value["type"]) ?? ""];
  return isFields(inner) ? textOf(inner["id"]) : undefined;
}

/** The feature's first day, 2018-03-01. */
const FIRST_SECONDS = 1_519_862_400;

/** `GET /audit/v1/logs`: newest first, a page never splits a second (S22, S23). */
export function auditLogs(context: Context): Answer {
  const { call, behaviour, world, pageFault, tenant, grant } = context;
  const { params } = call;
  const how = behaviour.audit;
  const nowSeconds = Math.floor(call.atMs / 1000);
  const [oldest, latest] = [wholeNumber(params["oldest"]), wholeNumber(params["latest"])];
  const limit = wholeNumber(params["limit"]) ?? 1000;
  if (Number.isNaN(oldest) || Number.isNaN(latest) || !(limit >= 1)) return failure("invalid_arguments");
  const bad = (bound: number | undefined) => bound !== undefined && (bound > nowSeconds || bound < FIRST_SECONDS);
  if (how.outOfRange === "invalid_range" && (bad(oldest) || bad(latest))) return failure("invalid_range");
  const actions = params["action"]?.split(",");
  if (actions !== undefined && actions.length > 30) return failure("invalid_arguments");
  if (actions?.some((action) => !world.audit.knowsAction(action)) === true) return failure("invalid_action");
  const cursor = readCursor(context);
  if (cursor.invalid) return failure("invalid_cursor");

  // Only what this call says bounds it: the cursor remembers no bound but its own second.
  const from = cursor.position === undefined ? Infinity : Number(cursor.position);
  const retained = how.retentionMs === undefined ? -Infinity : (call.atMs - how.retentionMs) / 1000;
  const entries = world.audit.listing.visible(call.atMs);
  const low = Math.max(oldest ?? -Infinity, retained);
  const start = firstIndex(entries, ({ at }) => at > Math.min(latest ?? Infinity, from)) - 1;
  const page = takeSeconds(entries, start, {
    size: pageSize(Math.min(limit, 9999), pageFault),
    low,
    wanted: filterOf(params, actions),
    repeated: how.cursorSecond === "repeated" ? from : undefined,
  });
  const stay = cursor.position ?? String(entries[start]?.at ?? nowSeconds);
  const last = page.items.at(-1);
  const nextSeconds = how.cursorSecond === "repeated" ? last?.at : page.nextAt;
  const position = page.nextAt === undefined ? undefined : pageFault === "empty_page" ? stay : String(nextSeconds);
  const next = nextCursor(context, position);
  return {
    kind: "success",
    entries: page.items.length,
    body: listBody({ ok: false, key: "entries", items: page.items, next: { cursor: next, ending: how.ending } }),
    showing: { log: "audit_logs", view: tenant.organisation?.id ?? grant.teamId ?? "", items: page.items },
  };
}

function filterOf(params: Fields, actions: readonly string[] | undefined): (entry: AuditEntry) => boolean {
  return ({ action, actorId, entityId }) =>
    (actions === undefined || (action !== undefined && actions.includes(action))) &&
    (params["actor"] === undefined || actorId === params["actor"]) &&
    (params["entity"] === undefined || entityId === params["entity"]);
}

interface Taking {
  readonly size: number;
  readonly low: number;
  readonly wanted: (entry: AuditEntry) => boolean;
  /** A second that was shown before and does not count. */
  readonly repeated: number | undefined;
}

/** Whole seconds, newest first, until there are enough. `nextAt`: the second that would come next. */
function takeSeconds(
  entries: readonly AuditEntry[],
  start: number,
  { size, low, wanted, repeated }: Taking,
): { items: AuditEntry[]; nextAt: number | undefined } {
  const items: AuditEntry[] = [];
  let counted = 0;
  for (let index = start; index >= 0; index--) {
    const entry = entries[index] as AuditEntry;
    if (entry.at < low) break;
    if (!wanted(entry)) continue;
    if (counted >= size && items.at(-1)?.at !== entry.at) return { items, nextAt: entry.at };
    items.push(entry);
    if (entry.at !== repeated) counted++;
  }
  return { items, nextAt: undefined };
}
