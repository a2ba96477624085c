import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { createHttp, type HttpOptions, type HttpRequest } from "../src/http.ts";
import { createScriptedServer, type ServerAnswer } from "./support/scripted-server.ts";

const never = new AbortController().signal;
const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

async function serverThat(answers: ServerAnswer | ((path: string) => ServerAnswer)) {
  const server = await createScriptedServer(({ path }) => (typeof answers === "function" ? answers(path) : answers));
  open.push(() => server.close());
  return server;
}

async function listening(server: Server): Promise<string> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  open.push(async () => {
    server.closeAllConnections();
    await once(server.close(), "close");
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function client(options?: HttpOptions) {
  const made = createHttp(options);
  open.push(() => made.close());
  return made.http;
}

function get(url: string, more: Partial<HttpRequest> = {}): HttpRequest {
  return { method: "GET", url, headers: {}, timeoutMs: 5_000, maxBodyBytes: 100_000, ...more };
}

describe("createHttp", () => {
  it("gives status, headers and body of an answer, whatever the status", async () => {
    const { url } = await serverThat({ status: 418, headers: { "x-test": "1" }, body: "short" });
    const answer = await client()(get(url), never);
    expect(answer).toMatchObject({ kind: "answer", status: 418, headers: { "x-test": "1" } });
    expect(answer.kind === "answer" && answer.body.toString()).toBe("short");
  });

  it("opens no connection for each of very many exchanges at once, and ends them all", async () => {
    const server = createServer((_request, response) => {
      waiting.push(() => response.end("done"));
      if (waiting.length === 64) for (const answer of waiting.splice(0)) setImmediate(answer);
    });
    const waiting: (() => void)[] = [];
    let connections = 0;
    server.on("connection", () => (connections += 1));
    const url = await listening(server);
    const http = client();
    const answers = await Promise.all(Array.from({ length: 192 }, () => http(get(url), never)));
    expect(answers.filter(({ kind }) => kind === "answer")).toHaveLength(192);
    expect(connections).toBe(64);
  });

  it.each([
    ["gzip", gzipSync],
    ["x-gzip", gzipSync],
    ["deflate", deflateSync],
    ["br", brotliCompressSync],
  ])("inflates %s", async (encoding, compress) => {
    const body = compress(Buffer.from("entries ".repeat(1000)));
    const { url } = await serverThat({ status: 200, headers: { "content-encoding": encoding }, body });
    const answer = await client()(get(url), never);
    expect(answer.kind === "answer" && answer.body.toString()).toBe("entries ".repeat(1000));
  });

  it("says so when a body is not in its encoding, or in one that nobody asked for", async () => {
    const http = client();
    const broken = await serverThat({ status: 200, headers: { "content-encoding": "gzip" }, body: "no gzip" });
    expect(await http(get(broken.url), never)).toMatchObject({ kind: "failed", reason: "undecodable", status: 200 });
    const unknown = await serverThat({ status: 200, headers: { "content-encoding": "compress" }, body: "x" });
    expect(await http(get(unknown.url), never)).toMatchObject({ kind: "failed", reason: "undecodable" });
  });

  it("[P18] stops reading a body beyond the limit, and inflating one", async () => {
    const http = client();
    const large = await serverThat({ status: 200, body: Buffer.alloc(100_001) });
    expect(await http(get(large.url), never)).toMatchObject({ kind: "failed", reason: "too_large", status: 200 });
    const exact = await serverThat({ status: 200, body: Buffer.alloc(100_000) });
    expect(await http(get(exact.url), never)).toMatchObject({ kind: "answer" });
    const bomb = await serverThat({
      status: 200,
      headers: { "content-encoding": "gzip" },
      body: gzipSync(Buffer.alloc(50_000_000)),
    });
    expect(await http(get(bomb.url), never)).toMatchObject({ kind: "failed", reason: "too_large" });
  });

  it.each(["hang", "stall"] as const)("bounds the whole exchange where the server is %s", async (fault) => {
    const { url } = await serverThat(fault);
    const answer = await client()(get(url, { timeoutMs: 100 }), never);
    expect(answer).toEqual({ kind: "failed", reason: "timeout", message: "no complete answer within 0.1 s" });
  });

  it("[N3] bounds an answer that keeps dripping", async () => {
    const server = createServer((_, response) => {
      const drip = setInterval(() => response.write("x"), 10);
      response.on("close", () => clearInterval(drip));
    });
    const answer = await client()(get(await listening(server), { timeoutMs: 150 }), never);
    expect(answer).toMatchObject({ kind: "failed", reason: "timeout" });
  });

  it.each(["reset", "cut"] as const)(
    "[N1] tells a connection that is %s as a failure of the network",
    async (fault) => {
      const { url } = await serverThat(fault);
      expect(await client()(get(url), never)).toMatchObject({ kind: "failed", reason: "network" });
    },
  );

  it("[N1] tells a refused connection and an unknown host by their codes alone", async () => {
    const { url, close } = await serverThat({ status: 200 });
    await close();
    const secret = "very-secret";
    const answer = await client()(get(`${url}/?token=${secret}`, { headers: { authorization: secret } }), never);
    expect(answer).toEqual({ kind: "failed", reason: "network", message: "connection failed: ECONNREFUSED" });
    const unknown = await client()(get("http://no-such-host.invalid/"), never);
    expect(unknown).toMatchObject({ reason: "network", message: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/) });
  });

  it("rejects with the signal's reason, before and while an answer comes", async () => {
    const { url } = await serverThat("stall");
    const http = client();
    await expect(http(get(url), AbortSignal.abort(new Error("stop")))).rejects.toThrow("stop");
    const later = new AbortController();
    setImmediate(() => later.abort(new Error("stop later")));
    await expect(http(get(url), later.signal)).rejects.toThrow("stop later");
  });

  it.each([301, 302, 303, 307, 308])("follows no %d: header and body stay where they were sent", async (status) => {
    const other = await serverThat({ status: 200 });
    const { url, requests } = await serverThat((path) => {
      const location = path === "/same" ? "/elsewhere" : other.url;
      return { status, headers: { location } };
    });
    const http = client();
    for (const path of ["/same", "/other"]) {
      const request = get(url + path, { method: "POST", headers: { authorization: "Bearer x" }, body: "payload" });
      expect(await http(request, never)).toMatchObject({ kind: "answer", status });
    }
    expect(requests.map(({ path }) => path)).toEqual(["/same", "/other"]);
    expect(other.requests).toEqual([]);
  });

  it("[N2] goes through the proxy of the environment, and past it where NO_PROXY says so", async () => {
    const target = await serverThat({ status: 200, body: "direct" });
    const asked: string[] = [];
    const proxy = createServer((request, response) => {
      asked.push(request.url ?? "");
      response.end("through the proxy");
    });
    proxy.on("connect", (request, socket) => {
      asked.push(request.url ?? "");
      socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    });
    const http = await listening(proxy);
    await client({ proxy: { http, https: http } })(get(target.url), never);
    expect(asked).toHaveLength(1);
    expect(target.requests).toEqual([]);
    const past = await client({ proxy: { http, https: http, no: "127.0.0.1" } })(get(target.url), never);
    expect(past.kind === "answer" && past.body.toString()).toBe("direct");
    expect(asked).toHaveLength(1);
  });
});
