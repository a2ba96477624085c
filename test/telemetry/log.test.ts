import { styleText } from "node:util";
import { expect, test } from "vitest";
import { createLog, type LogOptions } from "../../src/telemetry/log.ts";
import { createVirtualClock } from "../support/virtual-clock.ts";

function logged(options: Partial<LogOptions> = {}) {
  const written: string[] = [];
  const log = createLog({
    write: (text) => void written.push(text),
    format: "json",
    style: (_format, text) => text,
    level: "info",
    clock: createVirtualClock(Date.UTC(2026, 0, 2, 3, 4, 5, 678)),
    ...options,
  });
  return { log, written };
}

test("writes one JSON object a line, time, level and event first, and leaves out what is not there", () => {
  const { log, written } = logged();
  log("warn", "behind", { stream: "audit_logs/E1", reached: undefined, behind_seconds: 7 });
  expect(written).toEqual([
    '{"time":"2026-01-02T03:04:05.678Z","level":"warn","event":"behind","stream":"audit_logs/E1","behind_seconds":7}\n',
  ]);
});

test("writes nothing below its level", () => {
  const { log, written } = logged({ level: "warn" });
  log("debug", "one");
  log("info", "two");
  log("warn", "three");
  log("error", "four");
  expect(written.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual(["three", "four"]);
});

test.each(["json", "text"] as const)("takes what could forge a line or a screen out of a field, as %s", (format) => {
  const { log, written } = logged({ format });
  log("error", "stream_halted", {
    error: "a\nb\u0000c\u001B[31md\u001B]0;title\u0007e\u202Ef\u2028g\u009B2Jh",
    message: "x\r\ny\u001B[2Jz\uD800",
  });
  const text = written.join("");
  // eslint-disable-next-line no-control-regex
  expect(text.replaceAll("\n", "")).not.toMatch(/[\u0000-\u001F\u007F-\u009F\u202E\u2028]/);
  expect(text.isWellFormed()).toBe(true);
  expect(text.trimEnd().split("\n")).toHaveLength(format === "json" ? 1 : 2);
});

test("cuts a field that is long, but not a message with its remedy at the end", () => {
  const { log, written } = logged();
  log("error", "failed", { error: "e".repeat(10_000), message: `${"m".repeat(1_000)} do this.` });
  log("error", "failed", { message: "m".repeat(10_000) });
  const lines = written.map((line) => JSON.parse(line) as { error?: string; message: string });
  expect(lines[0]?.error).toHaveLength(256);
  expect(lines[0]?.message).toMatch(/do this\.$/);
  expect(lines[1]?.message).toHaveLength(2_000);
});

test("writes readable lines for a terminal", () => {
  const { log, written } = logged({ format: "text" });
  log("info", "first_run", { stream: "audit_logs/E1", error: 'HTTP 503: "no"', count: 3 });
  log("error", "failed", { message: "It is so. Do this." });
  expect(written.join("")).toBe(
    '03:04:05 info  first run  stream=audit_logs/E1  error="HTTP 503: \\"no\\""  count=3\n' +
      "03:04:05 error failed\n               It is so. Do this.\n",
  );
});

test("colours the level", () => {
  const style: typeof styleText = (format, text) => styleText(format, text, { validateStream: false });
  const { log, written } = logged({ format: "text", style });
  log("error", "failed");
  expect(written[0]).toContain("\u001B[31merror\u001B[39m");
});
