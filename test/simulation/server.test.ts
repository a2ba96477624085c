import { afterEach, describe, expect, it } from "vitest";
import { createHttp, type HttpRequest } from "../../src/http.ts";
import type { Fault } from "../../src/simulation/faults.ts";
import { listen, type Listening, type ListenOptions } from "../../src/simulation/server.ts";
import { createSimulatedSlack } from "../../src/simulation/slack.ts";
import { TOKEN } from "./ask.ts";

const never = new AbortController().signal;
const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

async function start(fault?: Fault, options: ListenOptions = {}) {
  const slack = createSimulatedSlack(fault === undefined ? {} : { faults: [{ fault }] });
  for (let index = 0; index < 50; index++) slack.world.activities.add({ created: slack.now() * 1000, index });
  const server = await listen(slack, options);
  const client = createHttp();
  open.push(server, client);
  const ask = (more: Partial<HttpRequest> = {}) =>
    client.http({ ...requestTo(server), url: `${server.apiUrl}admin.apps.activities.list`, ...more }, never);
  return { slack, server, ask };
}

function requestTo({ apiUrl }: Listening): HttpRequest {
  const headers = { authorization: `Bearer ${TOKEN}`, "accept-encoding": "gzip" };
  return { method: "GET", url: `${apiUrl}auth.test`, headers, timeoutMs: 5000, maxBodyBytes: 200_000 };
}

describe("the server", () => {
  it("serves both APIs on a free port of the loopback address", async () => {
    const { server, ask } = await start();
    expect(server.apiUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/api\/$/);
    const web = await ask();
    expect(web.kind === "answer" && JSON.parse(web.body.toString()).activities).toHaveLength(50);
    const audit = await ask({ url: `${server.auditUrl}logs` });
    expect(audit.kind === "answer" && audit.body.toString()).toContain(`{"entries":[]`);
    const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/x-www-form-urlencoded" };
    const posted = await ask({ method: "POST", headers, body: "limit=3" });
    expect(posted.kind === "answer" && JSON.parse(posted.body.toString()).activities).toHaveLength(3);
  });

  it.each([
    { gzip: "accepted", header: "gzip", encoding: "gzip" },
    { gzip: "accepted", header: "identity", encoding: undefined },
    { gzip: "never", header: "gzip", encoding: undefined },
    { gzip: "always", header: "identity", encoding: "gzip" },
  ] as const)("packs its answers: $gzip, asked for $header", async ({ gzip, header, encoding }) => {
    const { ask } = await start(undefined, { gzip });
    const answer = await ask({ headers: { authorization: `Bearer ${TOKEN}`, "accept-encoding": header } });
    if (answer.kind !== "answer") throw new Error(answer.message);
    expect(answer.headers["content-encoding"]).toBe(encoding);
    expect(JSON.parse(answer.body.toString()).activities).toHaveLength(50);
  });

  it.each([
    { fault: { kind: "reset" }, reason: "network" },
    { fault: { kind: "cut" }, reason: "network" },
    { fault: { kind: "silence" }, reason: "timeout" },
    { fault: { kind: "stall" }, reason: "timeout" },
    { fault: { kind: "late", afterMs: 60_000 }, reason: "timeout" },
    { fault: { kind: "drip", overMs: 60_000 }, reason: "timeout" },
    { fault: { kind: "broken_gzip" }, reason: "undecodable" },
    { fault: { kind: "oversized_body", bytes: 5_000_000 }, reason: "too_large" },
  ] as const)("does to the wire what the fault says: $fault.kind", async ({ fault, reason }) => {
    const { slack, ask } = await start(fault);
    const failed = await ask({ timeoutMs: reason === "timeout" ? 150 : 5000 });
    expect(failed).toMatchObject({ kind: "failed", reason });
    expect(slack.ledger.shown("app_activities")).toEqual([]);
  });

  it("lets a dripping answer arrive in the end, and counts it as shown only then", async () => {
    const { slack, ask } = await start({ kind: "drip", overMs: 40 });
    const answer = await ask();
    expect(answer.kind === "answer" && JSON.parse(answer.body.toString()).activities).toHaveLength(50);
    expect(slack.ledger.shown("app_activities")).toHaveLength(50);
  });

  it("redirects are answers", async () => {
    const { ask } = await start({ kind: "redirect", location: "http://127.0.0.1:9/", status: 307 });
    expect(await ask()).toMatchObject({ kind: "answer", status: 307, headers: { location: "http://127.0.0.1:9/" } });
  });

  it("ends at once, with connections hanging, by `close` and by its signal", async () => {
    const { server, ask } = await start({ kind: "silence" });
    const hanging = ask();
    await new Promise<void>((resolve) => setImmediate(resolve));
    await server.close();
    expect(await hanging).toMatchObject({ kind: "failed", reason: "network" });
    await server.close();

    const stop = new AbortController();
    const other = await start(undefined, { signal: stop.signal });
    stop.abort();
    await other.server.close();
    expect(await other.ask()).toMatchObject({ kind: "failed", reason: "network" });
    await expect(listen(other.slack, { signal: stop.signal })).rejects.toThrow();
  });
});
