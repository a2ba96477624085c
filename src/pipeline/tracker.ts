import type { Commit, Ending, LogRecord, Page } from "../model.ts";
import type { Receipt, Refusal } from "./isolate.ts";

/**
 * Keeps, beside a stream's position, what people ask about it: which times are covered, where holes are, how it goes.
 * Its document is stored in one transaction with what it is about.
 */
export interface Tracker {
  /** A walk begins. */
  begun(): void;
  settled(receipt: Receipt): void;
  /** Everything of the page is settled, and its position is about to be stored. */
  page(page: Page): void;
  ended(ending: Ending | Refusal): void;
  /** The document, where it is to be stored with this commit: at a page's end if it changed, else only if it is urgent. */
  report(commit: "page" | "between"): Pick<Commit, "report">;
  /** Whether something has waited so long to be told that it cannot wait for the walk's end. */
  isDue(): boolean;
  /** What has to be told about holes. Each is a record that goes out as any other, and is no entry. */
  untold(): readonly LogRecord[];
  /** Some of what was untold is settled. */
  told(records: readonly LogRecord[]): void;
}
