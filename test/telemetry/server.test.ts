import { connect } from "node:net";
import { once } from "node:events";
import { request } from "undici";
import { expect, onTestFinished, test } from "vitest";
import { serve, type Routes } from "../../src/telemetry/server.ts";

async function served(routes: Routes) {
  const server = await serve({ host: "127.0.0.1", port: 0 }, routes);
  onTestFinished(() => server.close());
  return server;
}

const json = () => ({ status: 503, type: "application/json", body: '{"ready":false}' });

test("a route is answered with its status and type, and never kept by anybody", async () => {
  const { url } = await served({ "/readyz": json });
  const answer = await request(`${url}/readyz?x=1`);
  expect(await answer.body.json()).toEqual({ ready: false });
  expect(answer.statusCode).toBe(503);
  expect(answer.headers).toMatchObject({
    "content-type": "application/json",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  });
  const head = await request(`${url}/readyz`, { method: "HEAD" });
  expect([head.statusCode, await head.body.text(), head.headers["content-length"]]).toEqual([503, "", "15"]);
});

test.each(["POST", "PUT", "DELETE", "OPTIONS", "PATCH"] as const)("%s is refused", async (method) => {
  const { url } = await served({ "/readyz": json });
  const { statusCode, headers, body } = await request(`${url}/readyz`, { method });
  await body.dump();
  expect([statusCode, headers["allow"]]).toEqual([405, "GET, HEAD"]);
});

test.each(["/", "/constructor", "/..%2f", "/readyz/"])("%s is not there", async (path) => {
  const { url } = await served({ "/readyz": json });
  const { statusCode, body } = await request(`${url}${path}`);
  expect([statusCode, await body.text()]).toEqual([404, "there is /readyz\n"]);
});

test("what goes wrong within says nothing to the outside", async () => {
  const { url } = await served({ "/metrics": () => Promise.reject(new Error("xoxp-canary")) });
  const { statusCode, body } = await request(`${url}/metrics`);
  expect(statusCode).toBe(500);
  expect(await body.text()).not.toContain("canary");
});

test("who does not finish its request is cut off", async () => {
  const { url } = await served({ "/readyz": json });
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.write("GET /readyz HTTP/1.1\r\nhost: a\r\n");
  const text: Buffer[] = [];
  socket.on("data", (data) => text.push(data));
  await once(socket, "close");
  expect(Buffer.concat(text).toString()).not.toContain("ready");
});

test("an address that is taken is an error", async () => {
  const { url } = await served({});
  await expect(serve({ host: "127.0.0.1", port: Number(new URL(url).port) }, {})).rejects.toThrow("EADDRINUSE");
});
