import { stripVTControlCharacters, styleText } from "node:util";
import { expect, test } from "vitest";
import { createProgress, type ProgressOptions } from "../../src/telemetry/progress.ts";
import type { StreamStatus } from "../../src/telemetry/stream-status.ts";
import { statusOf } from "./status-of.ts";
import { createVirtualClock } from "../support/virtual-clock.ts";

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

const status: (...given: Parameters<typeof statusOf>) => Writable<StreamStatus> = statusOf;

function drawn(statuses: readonly StreamStatus[], options: Partial<ProgressOptions> = {}) {
  const clock = createVirtualClock();
  const written: string[] = [];
  const progress = createProgress({
    write: (text) => void written.push(text),
    style: (_format, text) => text,
    size: () => ({ columns: 120, rows: 40 }),
    clock,
    statuses: () => statuses,
    ...options,
  });
  const end = new AbortController();
  return { clock, written, progress, end, following: () => progress.follow(end.signal) };
}

/** What a terminal shows after all that was written. */
function screen(written: readonly string[]): string[] {
  let lines = [""];
  // eslint-disable-next-line no-control-regex
  for (const piece of written.join("").split(/(\r\u001B\[\d+A\u001B\[J)/)) {
    // eslint-disable-next-line no-control-regex
    const up = /^\r\u001B\[(\d+)A/.exec(piece);
    if (up !== null) {
      lines = [...lines.slice(0, lines.length - 1 - Number(up[1])), ""];
      continue;
    }
    const [head = "", ...rest] = stripVTControlCharacters(piece).split("\n");
    lines = [...lines.slice(0, -1), (lines.at(-1) ?? "") + head, ...rest];
  }
  return lines.slice(0, -1);
}

test("shows position, records, rate and what is waited for, one line a stream", async () => {
  const access = status("access_logs/T1");
  const audit = status("audit_logs/E1", { deadLettered: 2 });
  const { clock, written, end, following } = drawn([access, audit]);
  const done = following();
  access.delivered = 100;
  await clock.advance(2_000);
  access.delivered = 150;
  access.reachedMs = clock.now() - 65_000;
  access.activity = { kind: "waiting", untilMs: clock.monotonic() + 43_000, why: "up to date", trouble: false };
  audit.delivered = 15;
  audit.activity = {
    kind: "waiting",
    untilMs: clock.monotonic() + 9_000,
    why: "the destination: HTTP 503 (try 4)",
    trouble: true,
  };
  await clock.advance(3_000);
  end.abort();
  await done;
  expect(screen(written)).toEqual([
    "stream          records   rate  complete to    now",
    "access_logs/T1      150   30/s  68 s ago       up to date, next look in 40 s",
    "audit_logs/E1        15  3.0/s  not yet known  2 dead letters; next try in 6 s: the destination: HTTP 503 (try 4)",
  ]);
});

test("keeps the block at the bottom while the log is written above it, and leaves it there at the end", async () => {
  const { clock, written, progress, end, following } = drawn([status("access_logs/T1")]);
  const log = progress.above((text) => void written.push(text));
  log("before\n");
  const done = following();
  log("one\n");
  await clock.advance(1_000);
  log("two\n");
  end.abort();
  await done;
  log("after\n");
  expect(screen(written)).toEqual([
    "before",
    "one",
    "two",
    "stream          records  rate  complete to    now",
    "access_logs/T1        0   0/s  not yet known  reading",
    "after",
  ]);
});

test("stays within the terminal, however many streams there are and however narrow it is", async () => {
  const many = Array.from({ length: 100 }, (_, index) => status(`integration_logs/T${index}`));
  const size = { columns: 60, rows: 12 };
  const { clock, written, end, following } = drawn(many, { size: () => size });
  const done = following();
  await clock.advance(1_000);
  expect(screen(written).length).toBeLessThan(size.rows);
  expect(screen(written).at(-1)).toBe("and 91 more");
  for (const line of screen(written)) expect(line.length).toBeLessThan(size.columns);
  end.abort();
  await done;
});

test("takes 80 columns where the terminal does not tell, and colours what is in trouble", async () => {
  const halted = status("audit_logs/E1", {
    activity: { kind: "waiting", untilMs: 60_000, why: "halted ".repeat(20), trouble: true },
  });
  const style: typeof styleText = (format, text) => styleText(format, text, { validateStream: false });
  const { clock, written, end, following } = drawn([halted], { size: () => ({ columns: 0, rows: 0 }), style });
  const done = following();
  await clock.advance(0);
  end.abort();
  await done;
  expect(written.join("")).toContain("\u001B[33maudit_logs/E1");
  expect(screen(written).at(-1)).toHaveLength(79);
  expect(screen(written).at(-1)).toMatch(/…$/);
});

test("shows nothing while there is no stream yet", async () => {
  const { clock, written, end, following } = drawn([]);
  const done = following();
  await clock.advance(3_000);
  end.abort();
  await done;
  expect(written.join("")).toBe("");
});
