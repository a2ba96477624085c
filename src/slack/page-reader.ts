import { backoffMs } from "../backoff.ts";
import type { Halt, Lookup } from "../model.ts";
import type { Identified } from "../mapping/identity.ts";
import type { Endpoint } from "./client.ts";
import type { ChangeType } from "./pages-position.ts";
import { pagingOf, type Paging } from "./paging.ts";
import type { Priority } from "./pace.ts";
import { sift, type Sifted, type WalkContext } from "./source.ts";

/** Slack shows no page beyond this one. */
export const MAX_PAGES = 100;
const LARGEST_PAGE = 1000;

/** One page of a listing, parted by what the ledger knows. */
export interface NumberedPage {
  readonly entries: readonly Identified[];
  readonly paging: Paging;
  /** Of those that are owed. */
  readonly sifted: Sifted;
  /** How many Slack sent. */
  readonly sent: number;
  /** By Slack's clock; epoch milliseconds. */
  readonly arrivedMs: number;
}

/** Reads pages by their number. Slack counts pages, not entries, so that larger ones reach further back. */
export interface PageReader {
  /** How many entries a page is asked for at present. */
  readonly size: number;
  /** How many entries of one listing can be read, with pages of the largest size that Slack's answers allow. */
  readonly reach: number;
  /** Begins a listing of so many entries, as far as that is known, with pages of the size it needs. */
  begin(total: number | undefined): void;
  /** Asks for pages of the largest size from here on. `false`: it does so already. */
  enlarge(): boolean;
  /** Tries again until there is an answer, with smaller pages where one is too large. */
  read(number: number, kind: ChangeType | undefined, priority: Priority): Promise<NumberedPage | Halt>;
}

/** `startMs`: entries dated before it are not owed; epoch milliseconds. */
export function createPageReader(
  { client, endpoint, stream, pageSize, identify, clock, random }: WalkContext,
  startMs: number,
  known: Lookup,
  signal: AbortSignal,
): PageReader {
  let largest = LARGEST_PAGE;
  let size = pageSize;
  const isOwed = ({ timeMicros }: Identified) => !(timeMicros !== undefined && timeMicros < startMs * 1000);

  return {
    get size() {
      return size;
    },
    get reach() {
      return largest * MAX_PAGES;
    },
    begin(total = 0) {
      size = total > pageSize * MAX_PAGES ? largest : Math.min(pageSize, largest);
    },
    enlarge() {
      if (size >= largest) return false;
      size = largest;
      return true;
    },
    async read(number, kind, priority) {
      for (let tries = 1; ; tries++) {
        const params = { page: String(number), count: String(size), change_type: kind, team_id: stream.teamId };
        const answer = await client.call(endpoint, params, signal, { priority });
        if (answer.kind === "halted") return answer;
        if (answer.kind === "ok") {
          const entries = identify(answer.entries);
          const sifted = await sift(entries.filter(isOwed), known);
          const { arrivedMs } = answer;
          return { entries, paging: pagingOf(answer), sifted, sent: answer.entries.length, arrivedMs };
        }
        if (answer.kind === "restart" && tries > MAX_PAGES) return stuck(endpoint, answer.code);
        if (answer.kind === "too_large" && size === 1) return stuck(endpoint, answer.code);
        if (answer.kind === "too_large") largest = size = Math.ceil(size / 2);
        await clock.sleep(backoffMs(tries, random), signal);
      }
    },
  };
}

function stuck({ method }: Endpoint, code: string): Halt {
  const message = `${method} cannot be read (${code}); it is tried again later, from where it stands`;
  return { kind: "halted", scope: "stream", reason: "stuck", code, message };
}
