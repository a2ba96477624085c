import { describe, expect, test } from "vitest";
import { createSecret } from "../../src/config/secret.ts";
import { otlp } from "../../src/destinations/otlp.ts";
import type { HttpRequest } from "../../src/http.ts";
import { makeDestination } from "../support/destination.ts";
import { createReceiver } from "../support/receiver.ts";
import { recordNumbers } from "../support/records.ts";

const { signal } = new AbortController();

/** What a request would be, with nothing sent. */
async function requestFor(written: Record<string, unknown>): Promise<HttpRequest> {
  const requests: HttpRequest[] = [];
  const createHttp = () => ({
    http: (request: HttpRequest) => {
      requests.push(request);
      return Promise.resolve({ kind: "answer" as const, status: 200, headers: {}, body: Buffer.alloc(0) });
    },
    close: () => Promise.resolve(),
  });
  await using made = await makeDestination("otlp", written, { createHttp });
  await made.destination.send(recordNumbers(1), signal);
  return requests[0] as HttpRequest;
}

describe("the address", () => {
  test.each([
    [{}, "http://localhost:4318/v1/logs"],
    [{ endpoint: "http://localhost:4318" }, "http://localhost:4318/v1/logs"],
    [{ endpoint: "http://localhost:4318/" }, "http://localhost:4318/v1/logs"],
    [{ endpoint: "https://gateway.example/otlp" }, "https://gateway.example/otlp/v1/logs"],
    [{ endpoint: "https://gateway.example/otlp//" }, "https://gateway.example/otlp/v1/logs"],
    [{ logs_endpoint: "https://gateway.example/own/path" }, "https://gateway.example/own/path"],
    [{ endpoint: "http://localhost:4318", logs_endpoint: "http://localhost:1/logs" }, "http://localhost:1/logs"],
  ])("of %j is %s", async (written, url) => {
    expect((await requestFor(written)).url).toBe(url);
  });

  test("is shown without its path where that may be a secret", async () => {
    await using own = await makeDestination("otlp", { logs_endpoint: "https://collect.example/receiver/s3cret" });
    expect(own.destination.description).toBe("https://collect.example");
    await using base = await makeDestination("otlp", { endpoint: "https://collect.example/otlp" });
    expect(base.destination.description).toBe("https://collect.example/otlp/v1/logs");
  });
});

test("without further settings it is protobuf, gzip and 30 s", async () => {
  const request = await requestFor({ endpoint: "http://localhost:4318" });
  expect(request).toMatchObject({ method: "POST", timeoutMs: 30_000, maxBodyBytes: 4 * 1024 * 1024 });
  expect(request.headers).toStrictEqual({ "content-type": "application/x-protobuf", "content-encoding": "gzip" });
});

test("settings reach the request", async () => {
  const request = await requestFor({
    endpoint: "http://localhost:4318",
    encoding: "json",
    compression: "none",
    timeout: "5s",
    headers: { "X-Scope-OrgID": "tenant" },
  });
  expect(request.timeoutMs).toBe(5_000);
  expect(request.headers).toStrictEqual({ "x-scope-orgid": "tenant", "content-type": "application/json" });
});

test.each([
  [{ encoding: "grpc" }, "encoding"],
  [{ compression: "deflate" }, "compression"],
  [{ headers: { "a b": "c" } }, "headers"],
  [{ timeout: "0s" }, "timeout"],
])("%j is refused", (written, key) => {
  const result = otlp.settings.safeParse({ endpoint: "http://localhost:4318", ...written });
  expect(result.error?.issues[0]?.path[0]).toBe(key);
});

test("an unknown key is refused", () => {
  expect(otlp.settings.safeParse({ endpoint: "http://localhost:4318", retries: 5 }).success).toBe(false);
});

test("a batch over the configured size is split and delivered, a large record alone as well", async () => {
  await using receiver = await createReceiver();
  await using made = await makeDestination("otlp", { endpoint: receiver.url }, { batchBytes: 100 });
  expect(await made.destination.send(recordNumbers(2), signal)).toMatchObject({ reason: "too_large" });
  expect(await made.destination.send(recordNumbers(1), signal)).toMatchObject({ status: "accepted" });
  expect(receiver.requests).toHaveLength(1);
});

test("a mended header is used at the next try", async () => {
  await using receiver = await createReceiver({ credentials: { name: "api-key", value: "right" } });
  let key = "wrong";
  const headers = { "api-key": createSecret(() => key) };
  await using made = await makeDestination("otlp", { endpoint: receiver.url, headers });
  expect(await made.destination.send(recordNumbers(2), signal)).toMatchObject({ fault: "credentials" });
  key = "right";
  expect(await made.destination.send(recordNumbers(2), signal)).toMatchObject({ status: "accepted" });
  expect(receiver.accepted).toHaveLength(2);
});
