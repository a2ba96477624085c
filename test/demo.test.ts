import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { demo, type DemoOptions } from "../src/demo.ts";
import { createReceiver } from "./support/receiver.ts";

const never = new AbortController().signal;
let folder: string;
let before: string | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "demo-test-"));
  before = process.env["TMPDIR"];
  process.env["TMPDIR"] = folder;
});

afterEach(() => {
  if (before === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = before;
  rmSync(folder, { recursive: true });
});

function sink(onText: (text: string) => void = () => undefined) {
  let text = "";
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      onText(text);
      done();
    },
  });
  return Object.assign(stream, { text: () => text });
}

async function play(options: Partial<DemoOptions> = {}, signals = { stop: never, abort: never }, stdout = sink()) {
  const stderr = sink();
  const code = await demo({ env: {}, version: "1.2.3", stdout, stderr, durationMs: 1_200, ...options }, signals);
  return { code, out: stdout.text(), err: stderr.text() };
}

/** The table at the end. */
function table(out: string): Record<string, { shown: number; delivered: number; repeated: number; lost: number }> {
  const rows = [...out.matchAll(/^(\w+_logs|app_activities|total) +(\d+) +(\d+) +(\d+) +(\d+)$/gm)];
  return Object.fromEntries(
    rows.map(([, name, ...cells]) => {
      const [shown = NaN, delivered = NaN, repeated = NaN, lost = NaN] = cells.map(Number);
      return [name, { shown, delivered, repeated, lost }];
    }),
  );
}

const sources = ["access_logs", "integration_logs", "app_activities", "audit_logs"];

describe("a demo", () => {
  test("forwards all four sources from a simulated Slack, shows records, and accounts for each", async () => {
    const { code, out, err } = await play();
    expect(err).toBe("");
    const accounts = table(out);
    expect(Object.keys(accounts)).toEqual([...sources, "total"]);
    for (const source of sources) {
      const { shown, ...rest } = accounts[source] ?? {};
      expect({ source, ...rest }).toEqual({ source, delivered: shown, repeated: 0, lost: 0 });
      expect(shown).toBeGreaterThan(20);
    }
    expect(out).toMatch(/^[\d:]{8} {2}access .*used Slack \d+ times/m);
    expect(out).toMatch(/^[\d:]{8} {2}audit {8}\w.*/m);
    expect(out).toContain("Nothing was lost");
    expect(out).not.toContain("\u001B");
    expect(code).toBe(0);
  });

  test("tells which mishaps it survived, and leaves nothing behind", async () => {
    const { out } = await play({ durationMs: 2_500 });
    for (const mishap of ["rewrote", "turned up", "429", "cut short", "refused in mid-walk", "did not accept"]) {
      expect(out).toMatch(new RegExp(`^  \\w.*${mishap}.* [1-9]\\d*$`, "m"));
    }
    expect(table(out)["total"]).toMatchObject({ repeated: 0, lost: 0 });
    expect(readdirSync(folder)).toEqual([]);
  });

  test("says at once where records come from and where they go", async () => {
    const first = sink();
    await play({ durationMs: 100 }, undefined, first);
    expect(first.text().split("\n").slice(0, 4)).toEqual([
      expect.stringContaining("slack-otel 1.2.3"),
      expect.stringMatching(/^ {2}from {2}http:\/\/127\.0\.0\.1:\d+\/api\/, an organisation/),
      "  to    this terminal",
      expect.stringContaining("0.1 s"),
    ]);
  });

  test("is ended early by a signal, with the summary and nothing lost", async () => {
    const stop = new AbortController();
    const begun = performance.now();
    const stdout = sink((text) => {
      if (text.includes("more\n")) stop.abort(new Error("a signal"));
    });
    const { code, out } = await play({ durationMs: 60_000 }, { stop: stop.signal, abort: never }, stdout);
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(table(out)["total"]).toMatchObject({ lost: 0 });
    expect(code).toBe(0);
  });

  test("that is cut off twice does not claim that all is well", async () => {
    const stop = new AbortController();
    const stdout = sink((text) => {
      if (text.includes("more\n")) stop.abort(new Error("a signal"));
    });
    const { code, out } = await play({ durationMs: 60_000 }, { stop: stop.signal, abort: stop.signal }, stdout);
    expect(table(out)["total"]?.lost).toBeGreaterThan(0);
    expect(out).toContain("Ended before the present was reached");
    expect(code).toBe(1);
  });

  test("ends when nobody reads it any more", async () => {
    const stdout = new Writable({ write: (_chunk, _encoding, done) => done(new Error("EPIPE")) });
    const code = await demo(
      { env: {}, version: "1.2.3", stdout, stderr: sink(), durationMs: 60_000 },
      {
        stop: never,
        abort: never,
      },
    );
    expect(code).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("with OTEL_EXPORTER_OTLP_ENDPOINT set, a demo", () => {
  test("delivers there, each record once, and shows them here too", async () => {
    await using receiver = await createReceiver();
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
    const { code, out } = await play({ env });
    const { total } = table(out);
    expect(out).toContain(`  to    ${receiver.url}/v1/logs`);
    expect(out).toContain("Late Lara");
    expect(receiver.accepted).toHaveLength(total?.delivered ?? 0);
    expect(new Set(receiver.uids()).size).toBe(total?.shown);
    expect(total).toMatchObject({ repeated: 0, lost: 0 });
    expect(code).toBe(0);
  });

  test("reports what the destination never took as lost, with its reason", async () => {
    await using receiver = await createReceiver({ respond: () => ({ kind: "status", status: 503 }) });
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
    const stop = new AbortController();
    const stdout = sink((text) => {
      if (text.includes("HTTP 503")) stop.abort(new Error("a signal"));
    });
    const { code, out } = await play({ env }, { stop: stop.signal, abort: stop.signal }, stdout);
    const { total } = table(out);
    expect(total).toMatchObject({ delivered: 0, lost: total?.shown });
    expect(out).toContain("last refusal: HTTP 503");
    expect(code).toBe(1);
  });

  test("counts a batch of which some records were rejected as not delivered", async () => {
    await using receiver = await createReceiver({ script: [{ kind: "partial", rejected: 1 }] });
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
    const { code, out } = await play({ env });
    const { total } = table(out);
    // Rows that Slack rewrote later came again, in a new version.
    expect(total?.lost).toBeLessThanOrEqual((total?.shown ?? 0) - (total?.delivered ?? 0));
    expect(total?.lost).toBeGreaterThan(0);
    expect(code).toBe(1);
  });

  test("refuses an endpoint that is none, with exit code 2", async () => {
    const { code, err, out } = await play({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: "nowhere" } });
    expect({ code, lines: out.split("\n").length - 1 }).toEqual({ code: 2, lines: 1 });
    expect(err).toMatch(/^slack-otel: environment variable OTEL_EXPORTER_OTLP_ENDPOINT: /);
    expect(existsSync(folder) && readdirSync(folder)).toEqual([]);
  });
});

test("a true token and true URLs in the environment are never used", async () => {
  await using receiver = await createReceiver();
  const env = {
    SLACK_TOKEN: "xoxp-real",
    SLACK_API_URL: `${receiver.url}/`,
    SLACK_AUDIT_URL: `${receiver.url}/`,
    SLACK_OTEL_STATE: join(folder, "mine.db"),
  };
  const { code } = await play({ env, durationMs: 300 });
  expect(code).toBe(0);
  expect(receiver.requests).toEqual([]);
  expect(readdirSync(folder)).toEqual([]);
});
