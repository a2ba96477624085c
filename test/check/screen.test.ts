import { expect, test } from "vitest";
import type { Finding } from "../../src/check/finding.ts";
import { exitCodeOf } from "../../src/check/finding.ts";
import { renderScreen } from "../../src/check/screen.ts";

const plain = (_format: unknown, text: string) => text;
const screen = (findings: readonly Finding[], columns = 60) =>
  renderScreen(findings, exitCodeOf(findings), { style: plain, columns, version: "1.2.3" });

const fine: Finding = { id: "state", level: "ok", subject: "a.db", what: "Sound.", remedy: "never shown" };
const letters: Finding = {
  id: "dead_letters",
  level: "warn",
  subject: "./dead",
  what: "2 records.",
  remedy: "Replay them.",
};
const refused: Finding = {
  id: "source",
  level: "fail",
  subject: "audit_logs",
  what: "Slack refuses it with missing_scope. The token lacks the scope auditlogs:read.",
  remedy: "Install the app on the organisation and use its Owner's user token.",
};

test("what is fine takes one line, what is not its remedy below, and nothing is wider than the terminal", () => {
  expect(screen([fine, letters, refused])).toMatchInlineSnapshot(`
    "slack-otel 1.2.3: would it work?

    ok    a.db: Sound.
    warn  ./dead: 2 records.
          → Replay them.
    fail  audit_logs: Slack refuses it with missing_scope. The
          token lacks the scope auditlogs:read.
          → Install the app on the organisation and use its
            Owner's user token.

    It would not work as it is: 1 to mend, and 1 to look at (exit code 1).
    "
  `);
});

test("the last line is the verdict", () => {
  expect(screen([fine])).toMatch(/\nIt would work\.\n$/);
  expect(screen([fine, letters])).toMatch(/\nIt would work; 1 to look at\.\n$/);
});

test("the exit code is that of the worst finding, the configuration before the state before the rest", () => {
  const fails = (id: Finding["id"]) => ({ ...refused, id });
  expect(exitCodeOf([fine, letters])).toBe(0);
  expect(exitCodeOf([refused])).toBe(1);
  expect(exitCodeOf([refused, fails("state")])).toBe(3);
  expect(exitCodeOf([fails("dead_letters")])).toBe(3);
  expect(exitCodeOf([fails("state"), fails("configuration")])).toBe(2);
});

test("a name that Slack sends forges no line and moves no cursor", () => {
  const forged = { ...fine, what: "Acme\u001B[2J\nok    all is well\u202E" };
  expect(screen([forged]).split("\n")[2]).toBe("ok    a.db: Acme ok    all is well ");
});
