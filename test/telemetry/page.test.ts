import { expect, test } from "vitest";
import { PAGE_POLICY, renderPage, type PageStream } from "../../src/telemetry/page.ts";
import { readinessOf } from "../../src/telemetry/readiness.ts";
import { statusOf } from "./status-of.ts";

const NOW = Date.UTC(2026, 10, 1, 12);
const page = (streams: readonly PageStream[]) =>
  renderPage({
    version: "1.2.3",
    readiness: readinessOf(
      streams.map(({ status }) => status),
      [],
    ),
    streams,
    nowMs: NOW,
    monotonicMs: 0,
  });

test("a stream shows its name, how far it has come and what it does", () => {
  const html = page([{ status: statusOf("audit_logs/E1", { delivered: 7, reachedMs: NOW - 60_000 }), cells: [] }]);
  expect(html).toContain("<h2>audit_logs/E1</h2><span>complete to <b>60 s ago</b></span><span>7 delivered</span>");
  expect(html).toContain('<span class="badge" id="ready">ready</span>');
  expect(html).toContain('<p class="dim">reading</p>');
});

test("what is halted says why and what to do, and words from outside stay words", () => {
  const fault = { side: "slack", reason: "odd", isCredentials: false, message: `<script>"&'</script>` } as const;
  const html = page([{ status: statusOf("a/T1", { fault, deadLettered: 3 }), cells: [] }]);
  expect(html).toContain("odd: &lt;script&gt;&quot;&amp;&#39;&lt;/script&gt;");
  expect(html).not.toContain("<script");
  expect(html).toContain("not ready");
  expect(html).toContain("3 dead letters");
});

test("holes are drawn where they are and listed in words", () => {
  const hour = 3_600_000;
  const cell = (from: number, kind: "covered" | "hole" | "ahead", reason?: string) => ({
    fromMs: NOW + from * hour,
    toMs: NOW + (from + 1) * hour,
    kind,
    ...(reason === undefined ? {} : { reason }),
  });
  const cells = [cell(-4, "covered"), cell(-3, "hole", "quota"), cell(-2, "hole", "quota"), cell(-1, "ahead")];
  const html = page([{ status: statusOf("a/T1"), cells }]);
  expect(html).toContain('<rect class="hole" x="1" width="2" height="1"><title>2026-11-01 09:00 to 11:00 UTC: quota');
  expect(html).toContain("<li>2026-11-01 09:00 to 11:00 UTC: quota</li>");
  expect(html).toContain("<span>4 h ago</span><span>now</span>");
});

test("it loads nothing from anywhere, and its policy says so", () => {
  const html = page([{ status: statusOf("a/T1"), cells: [] }]);
  expect([...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, target]) => target)).toEqual([
    "data:,",
    "/readyz",
    "/livez",
    "/metrics",
  ]);
  expect(PAGE_POLICY).toMatch(/^default-src 'none'; img-src data:; style-src 'sha256-[A-Za-z0-9+/=]+'; /);
});
