import { canonical } from "../mapping/canonical.ts";
import type { SimulatedSlack } from "../simulation/slack.ts";
import type { Account } from "./account.ts";
import { LOGS } from "./describe.ts";
import type { Printer } from "./printer.ts";

export interface Outcome {
  readonly accounts: readonly Account[];
  readonly slack: Pick<SimulatedSlack, "calls" | "ledger">;
  /** How many of the late entries Slack showed. */
  readonly lateShown: number;
  /** How often the destination did not accept, and why not the last time. */
  readonly failures: number;
  readonly lastFailure: string | undefined;
  /** Whether the second run reached the present. */
  readonly isComplete: boolean;
}

/** Prints the books and what was survived. True: nothing is missing. */
export function printSummary(printer: Printer, outcome: Outcome): boolean {
  const { accounts, slack, isComplete, lastFailure } = outcome;
  const total = accounts.reduce(
    (sum, account) => ({
      shown: sum.shown + account.shown,
      delivered: sum.delivered + account.delivered,
      repeated: sum.repeated + account.repeated,
      lost: sum.lost + account.lost,
    }),
    { shown: 0, delivered: 0, repeated: 0, lost: 0 },
  );
  printer.line();
  printer.line(row("", ["shown", "delivered", "repeated", "lost"]), "bold");
  for (const account of accounts) printer.line(row(account.log, numbers(account)), account.lost > 0 ? "red" : "none");
  printer.line(row("total", numbers(total)), "bold");
  printer.line();
  const survived = survivals(outcome);
  if (survived.length > 0) printer.line("On the way:", "bold");
  for (const sentence of survived) printer.line(`  ${sentence}`);
  printer.line();
  if (total.lost === 0) {
    printer.line(
      `Nothing was lost: ${slack.calls.length} calls to Slack, ${total.delivered} records accepted.`,
      "green",
    );
    return true;
  }
  const why = lastFailure === undefined ? "" : ` The destination's last refusal: ${lastFailure}.`;
  printer.line(
    isComplete
      ? `${total.lost} entries that Slack showed were not accepted.${why}`
      : `Ended before the present was reached: ${total.lost} entries that Slack showed are not accepted yet. A real run keeps its position and reads them again.${why}`,
    "red",
  );
  return false;
}

function survivals({ slack, lateShown, failures }: Outcome): string[] {
  const count = (outcome: string) => slack.calls.filter((call) => call.outcome === outcome).length;
  const versions = new Map<string, number>();
  for (const { view, id } of slack.ledger.shown("access_logs")) {
    versions.set(`${view} ${id}`, (versions.get(`${view} ${id}`) ?? 0) + 1);
  }
  const rewritten = [...versions.values()].filter((shown) => shown > 1).length;
  const events: [label: string, number: number][] = [
    ["Rows of access_logs that Slack rewrote meanwhile", rewritten],
    ["Entries that turned up behind what was read already", lateShown],
    ["Answers 429 of Slack, waited out", count("rate_limited")],
    ["Answers of Slack that were cut short, asked for again", count("truncated_json")],
    ["Cursors that Slack refused in mid-walk, walked again", count("invalid_cursor")],
    ["Requests that the destination did not accept, sent again", failures],
    ["Restarts, read on from the stored position", 1],
  ];
  return events.flatMap(([label, number]) => (number === 0 ? [] : [label.padEnd(58) + String(number).padStart(4)]));
}

/** How many of the texts Slack showed. */
export function shownOf(ledger: SimulatedSlack["ledger"], texts: readonly string[]): number {
  const shown = new Set(LOGS.flatMap((name) => ledger.shown(name).map(({ text }) => canonical(JSON.parse(text)))));
  return texts.filter((text) => shown.has(text)).length;
}

function numbers({ shown, delivered, repeated, lost }: Omit<Account, "log">): string[] {
  return [shown, delivered, repeated, lost].map(String);
}

function row(name: string, cells: readonly string[]): string {
  return name.padEnd(18) + cells.map((cell) => cell.padStart(11)).join("");
}
