import { describe, expect, test } from "vitest";
import { createAccepted } from "../../src/demo/account.ts";
import { createLedger, type LogName } from "../../src/simulation/ledger.ts";
import { mapped } from "../support/mapped.ts";

const START_MS = 1_767_220_000_000;

function books() {
  const ledger = createLedger();
  const accepted = createAccepted();
  let ids = 0;
  return {
    show(log: LogName, entries: readonly object[], id?: number) {
      const items = entries.map((entry) => ({ id: id ?? ++ids, text: JSON.stringify(entry) }));
      ledger.record({ log, view: "T0123", items }, START_MS);
      return JSON.stringify(entries);
    },
    accept: (log: LogName, answer: string) => accepted.add(mapped(log, answer)),
    of: (log: LogName) => accepted.accounts(ledger, START_MS).find((account) => account.log === log),
  };
}

const entry = (n: number) => ({ id: `e${n}`, action: "user_login", date_create: START_MS / 1000 + n });

test("what was shown and accepted is not lost, whatever the order of its keys", () => {
  const { show, accept, of } = books();
  show("audit_logs", [entry(1), entry(2)]);
  accept("audit_logs", JSON.stringify([Object.fromEntries(Object.entries(entry(2)).toReversed()), entry(1)]));
  expect(of("audit_logs")).toEqual({ log: "audit_logs", shown: 2, delivered: 2, repeated: 0, lost: 0 });
  expect(of("access_logs")).toEqual({ log: "access_logs", shown: 0, delivered: 0, repeated: 0, lost: 0 });
});

test("what was shown again counts once, and what was accepted again is repeated", () => {
  const { show, accept, of } = books();
  const answer = show("audit_logs", [entry(1)], 1);
  show("audit_logs", [entry(1)], 1);
  accept("audit_logs", answer);
  accept("audit_logs", answer);
  expect(of("audit_logs")).toEqual({ log: "audit_logs", shown: 1, delivered: 1, repeated: 1, lost: 0 });
});

test("what was shown and never accepted is lost", () => {
  const { show, accept, of } = books();
  show("audit_logs", [entry(1), entry(2), entry(3)]);
  accept("audit_logs", JSON.stringify([entry(2)]));
  expect(of("audit_logs")).toMatchObject({ shown: 3, delivered: 1, lost: 2 });
});

test("another content does not stand in for what was shown, nor does the same of another workspace", () => {
  const { show, accept, of } = books();
  show("audit_logs", [entry(1)]);
  accept("audit_logs", JSON.stringify([{ ...entry(1), action: "user_logout" }]));
  expect(of("audit_logs")).toMatchObject({ delivered: 1, lost: 1 });
  const other = createLedger();
  other.record({ log: "audit_logs", view: "T9999", items: [{ id: 1, text: JSON.stringify(entry(1)) }] }, START_MS);
  const accepted = createAccepted();
  accepted.add(mapped("audit_logs", JSON.stringify([entry(1)])));
  expect(accepted.accounts(other, START_MS).at(-1)).toMatchObject({ log: "audit_logs", lost: 1 });
});

test("equal entries of one answer are separate, and each is owed", () => {
  const { show, accept, of } = books();
  const twin = { date: String(START_MS / 1000), change_type: "added" };
  const answer = show("integration_logs", [twin, twin]);
  accept("integration_logs", JSON.stringify([twin]));
  expect(of("integration_logs")).toMatchObject({ shown: 2, delivered: 1, lost: 1 });
  accept("integration_logs", answer);
  expect(of("integration_logs")).toMatchObject({ shown: 2, delivered: 2, repeated: 1, lost: 0 });
});

describe("of access rows", () => {
  const row = (count: number) => ({ user_id: "U1", date_first: 1, date_last: START_MS / 1000 + count, count });

  test("only the version shown last is owed", () => {
    const { show, accept, of } = books();
    show("access_logs", [row(1)], 1);
    show("access_logs", [row(2)], 1);
    accept("access_logs", JSON.stringify([row(2)]));
    expect(of("access_logs")).toEqual({ log: "access_logs", shown: 2, delivered: 1, repeated: 0, lost: 0 });
  });

  test("an older version does not stand in for it", () => {
    const { show, accept, of } = books();
    show("access_logs", [row(1)], 1);
    show("access_logs", [row(2)], 1);
    accept("access_logs", JSON.stringify([row(1)]));
    expect(of("access_logs")).toMatchObject({ lost: 1 });
  });
});

test("what is older than the start is not owed", () => {
  const { show, of } = books();
  show("audit_logs", [entry(-1), entry(0)]);
  show("access_logs", [{ user_id: "U1", date_last: START_MS / 1000 - 1 }]);
  expect(of("audit_logs")).toMatchObject({ shown: 1, lost: 1 });
  expect(of("access_logs")).toMatchObject({ shown: 0, lost: 0 });
});
