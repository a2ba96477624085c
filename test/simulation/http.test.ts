import { describe, expect, it } from "vitest";
import type { HttpRequest } from "../../src/http.ts";
import type { Fault } from "../../src/simulation/faults.ts";
import { createSimulatedSlack, type SimulatedSlackOptions } from "../../src/simulation/slack.ts";
import { TOKEN } from "./ask.ts";

const never = new AbortController().signal;
const REQUEST: HttpRequest = {
  method: "GET",
  url: "https://slack.com/api/admin.apps.activities.list?min_log_level=trace",
  headers: { Authorization: `Bearer ${TOKEN}` },
  timeoutMs: 5000,
  maxBodyBytes: 100_000,
};

function slackWith(fault?: Fault, options: SimulatedSlackOptions = {}) {
  const slack = createSimulatedSlack({ ...options, ...(fault === undefined ? {} : { faults: [{ fault }] }) });
  slack.world.activities.add({ created: slack.now() * 1000, text: "ä" });
  return slack;
}

describe("the client without sockets", () => {
  it("brings answers as they are", async () => {
    const slack = slackWith();
    const answer = await slack.http(REQUEST, never);
    if (answer.kind !== "answer") throw new Error(answer.message);
    expect(answer.status).toBe(200);
    expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
    expect(answer.body).toBeInstanceOf(Buffer);
    expect(JSON.parse(answer.body.toString()).activities[0].text).toBe("ä");
  });

  it("takes a body, whichever its type", async () => {
    for (const body of ["limit=x", new TextEncoder().encode("limit=x")]) {
      const headers = { ...REQUEST.headers, "Content-Type": "application/x-www-form-urlencoded" };
      const answer = await slackWith().http({ ...REQUEST, method: "POST", headers, body }, never);
      expect(answer.kind === "answer" && JSON.parse(answer.body.toString()).error).toBe("invalid_args");
    }
  });

  it.each([
    { fault: { kind: "reset" }, reason: "network" },
    { fault: { kind: "cut" }, reason: "network" },
    { fault: { kind: "silence" }, reason: "timeout" },
    { fault: { kind: "stall" }, reason: "timeout" },
    { fault: { kind: "late", afterMs: 5000 }, reason: "timeout" },
    { fault: { kind: "drip", overMs: 6000 }, reason: "timeout" },
    { fault: { kind: "broken_gzip" }, reason: "undecodable" },
    { fault: { kind: "oversized_body", bytes: 100_000 }, reason: "too_large" },
  ] as const)("$fault.kind is a failure: $reason", async ({ fault, reason }) => {
    const slack = slackWith(fault);
    const startMs = slack.now();
    expect(await slack.http(REQUEST, never)).toMatchObject({ kind: "failed", reason });
    expect(slack.now() - startMs).toBe(reason === "timeout" ? 5000 : 0);
    expect(slack.ledger.shown("app_activities")).toEqual([]);
  });

  it("waits for a late answer, and then it counts as shown", async () => {
    const slack = slackWith({ kind: "late", afterMs: 4999 });
    const startMs = slack.now();
    expect(await slack.http(REQUEST, never)).toMatchObject({ kind: "answer" });
    expect(slack.now() - startMs).toBe(4999);
    expect(slack.ledger.shown("app_activities")).toHaveLength(1);
  });

  it("takes as long as it is told, on the clock it is given, and rejects with the signal's reason", async () => {
    const waits: number[] = [];
    const clock = { now: () => 1_772_442_000_000, sleep: async (ms: number) => void waits.push(ms) };
    await slackWith({ kind: "silence" }, { clock, latencyMs: 120 }).http(REQUEST, never);
    expect(waits).toEqual([120, 5000]);
    const aborted = AbortSignal.abort(new Error("stop"));
    await expect(slackWith().http(REQUEST, aborted)).rejects.toThrow("stop");
  });
});

describe("S8: the clock", () => {
  it("is Slack's own, in every time and in the `Date` header, however wrong the client's is", async () => {
    let clientMs = 1_772_442_000_000;
    const slack = createSimulatedSlack({ clock: { now: () => clientMs }, clockOffsetMs: 3 * 3_600_000 });
    slack.world.audit.add({ id: "a", date_create: (clientMs + 2 * 3_600_000) / 1000 });
    const url = "https://api.slack.com/audit/v1/logs";
    const now = async () => {
      const answer = await slack.http(
        { ...REQUEST, url: `${url}?latest=${Math.floor((clientMs + 3 * 3_600_000) / 1000)}` },
        never,
      );
      if (answer.kind !== "answer") throw new Error(answer.message);
      return { date: answer.headers["date"], entries: JSON.parse(answer.body.toString()).entries.length };
    };
    expect(await now()).toEqual({ date: "Mon, 02 Mar 2026 12:00:00 GMT", entries: 1 });
    clientMs -= 3_600_001;
    expect(await now()).toMatchObject({ date: "Mon, 02 Mar 2026 10:59:59 GMT" });
    expect(() => slack.setNow(0)).toThrow(/clock/);
  });

  it("of its own moves only when told", () => {
    const slack = createSimulatedSlack({ startMs: 5000, clockOffsetMs: 100 });
    expect(slack.now()).toBe(5100);
    slack.setNow(9000);
    expect(slack.now()).toBe(9000);
  });
});
