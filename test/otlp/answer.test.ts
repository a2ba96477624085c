import { describe, expect, test } from "vitest";
import type { HttpAnswer } from "../../src/http.ts";
import { attemptOfAnswer } from "../../src/otlp/answer.ts";

const nowMs = Date.UTC(2026, 9, 21, 7, 28, 0);
const PROTOBUF = "application/x-protobuf";
const JSON_TYPE = "application/json; charset=utf-8";

function answer(
  status: number,
  type?: string,
  body: string | number[] = "",
  more: Record<string, string> = {},
): HttpAnswer {
  const headers = { ...(type === undefined ? {} : { "content-type": type }), ...more };
  return { kind: "answer", status, headers, body: typeof body === "string" ? Buffer.from(body) : Buffer.from(body) };
}

function judge(given: Parameters<typeof attemptOfAnswer>[0], encoding: "protobuf" | "json" = "protobuf") {
  return attemptOfAnswer(given, { encoding, records: 10, nowMs, secrets: ["Bearer topsecretvalue"] });
}

/** partial_success: rejected 7, "no". */
const partial = [0x0a, 6, 0x08, 7, 0x12, 2, 0x6e, 0x6f];
const warning = [0x0a, 4, 0x12, 2, 0x6e, 0x6f];

describe("a 2xx", () => {
  test.each<[string, HttpAnswer, object]>([
    ["with an empty protobuf body", answer(200, PROTOBUF), { rejected: 0 }],
    ["with nothing at all", answer(204), { rejected: 0 }],
    ["with an empty text", answer(200, "text/plain"), { rejected: 0 }],
    ["with an empty JSON object", answer(200, JSON_TYPE, "{}"), { rejected: 0 }],
    ["with an empty partial success", answer(200, JSON_TYPE, '{"partialSuccess":{}}'), { rejected: 0 }],
    ["with a null partial success", answer(200, JSON_TYPE, '{"partialSuccess":null}'), { rejected: 0 }],
    ["with words of its own", answer(202, JSON_TYPE, '{"status":"ok"}'), { rejected: 0 }],
    ["of a partial success in protobuf", answer(200, PROTOBUF, partial), { rejected: 7, message: "no" }],
    ["of a partial success without a type", answer(200, undefined, partial), { rejected: 7, message: "no" }],
    ["of a warning in protobuf", answer(200, PROTOBUF, warning), { rejected: 0, message: "no" }],
    [
      "of a partial success in JSON",
      answer(200, JSON_TYPE, '{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"a\\nb"}}'),
      { rejected: 3, message: "a b" },
    ],
    [
      "that rejects more than was sent",
      answer(200, JSON_TYPE, '{"partialSuccess":{"rejectedLogRecords":11}}'),
      { rejected: 10 },
    ],
    [
      "that rejects fewer than none",
      answer(200, JSON_TYPE, '{"partialSuccess":{"rejectedLogRecords":"-1"}}'),
      { rejected: 0 },
    ],
  ])("%s is a yes", (_name, given, expected) => {
    expect(judge(given)).toStrictEqual({ status: "accepted", ...expected });
  });

  test.each<[string, HttpAnswer]>([
    ["with an HTML page", answer(200, "text/html; charset=utf-8", "<html>")],
    ["with an empty HTML page", answer(200, "text/html")],
    ["with a text", answer(200, "text/plain", "OK")],
    ["with HTML that says it is protobuf", answer(200, PROTOBUF, "<html><body>Log in</body></html>")],
    ["with HTML that says it is JSON", answer(200, JSON_TYPE, "<html>")],
    ["with a JSON null", answer(200, JSON_TYPE, "null")],
    ["with a JSON array", answer(200, JSON_TYPE, "[]")],
    ["with cut JSON", answer(200, JSON_TYPE, '{"partialSuccess":{"rejected')],
    ["with cut protobuf", answer(200, PROTOBUF, [0x0a, 6, 0x08])],
    ["with a count that is none", answer(200, JSON_TYPE, '{"partialSuccess":{"rejectedLogRecords":"some"}}')],
  ])("%s is not the receiver's", (_name, given) => {
    expect(judge(given)).toMatchObject({ status: "retry", escalate: "configuration", cause: { statusCode: 200 } });
  });
});

const credentials = { status: "refused", fault: "credentials" };
const configuration = { status: "refused", fault: "configuration" };
const rejected = { status: "refused", fault: "payload", reason: "rejected" };
const tooLarge = { status: "refused", fault: "payload", reason: "too_large" };

test.each<[number, object]>([
  [400, rejected],
  [401, credentials],
  [402, rejected],
  [403, credentials],
  [404, configuration],
  [405, configuration],
  [407, credentials],
  [408, { status: "retry" }],
  [409, rejected],
  [413, tooLarge],
  [415, configuration],
  [422, rejected],
  [425, { status: "retry" }],
  [429, { status: "retry" }],
  [500, { status: "retry", escalate: "payload" }],
  [501, configuration],
  [502, { status: "retry" }],
  [503, { status: "retry" }],
  [504, { status: "retry" }],
  [505, configuration],
  [599, { status: "retry" }],
  [300, configuration],
  [301, configuration],
  [302, configuration],
  [304, configuration],
  [307, configuration],
  [308, configuration],
])("[D12] HTTP %d", (status, expected) => {
  const { cause, ...verdict } = judge(answer(status, "text/plain", "why")) as { cause: object };
  expect(verdict).toStrictEqual(expected);
  expect(cause).toMatchObject({ statusCode: status, message: expect.stringContaining(`HTTP ${status}`) });
});

test.each([
  ["in protobuf", answer(400, PROTOBUF, [0x08, 3, 0x12, 28, ...Buffer.from("http: request body too large")])],
  ["in JSON", answer(400, JSON_TYPE, '{"code":3,"message":"http: request body too large"}')],
  ["in text", answer(400, "text/plain", "http: Request body too large\n")],
])("a Collector's 400 for size, %s, is a matter of size", (_name, given) => {
  expect(judge(given)).toMatchObject({ ...tooLarge, cause: { message: expect.stringContaining("too large") } });
});

test("a 400 for an encoding is a matter of configuration, and one that only says so elsewhere is not", () => {
  expect(judge(answer(400, "text/plain", "unsupported Content-Encoding: zstd"))).toMatchObject(configuration);
  expect(judge(answer(409, "text/plain", "unsupported Content-Encoding: zstd"))).toMatchObject(rejected);
});

test.each([
  ["protobuf", answer(400, PROTOBUF, [0x12, 3, ...Buffer.from("why")]), "HTTP 400: why"],
  ["JSON", answer(400, JSON_TYPE, '{"message":"why","code":3}'), "HTTP 400: why"],
  ["JSON without a message", answer(400, JSON_TYPE, '{"error":"why"}'), 'HTTP 400: {"error":"why"}'],
  ["JSON that is none", answer(400, JSON_TYPE, "why"), "HTTP 400: why"],
  ["JSON null", answer(422, JSON_TYPE, "null"), "HTTP 422: null"],
  ["HTML", answer(404, "text/html", "<h1>why</h1>"), "HTTP 404: an HTML page"],
  ["nothing", answer(404), "HTTP 404"],
  ["control characters", answer(404, "text/plain", "a\u001b[31m\r\nb\u202e\u0000c"), "HTTP 404: a [31m b c"],
  ["the secret", answer(401, "text/plain", "no such key: topsecretvalue"), "HTTP 401: no such key: [REDACTED]"],
])("an error with %s is told in a line", (_name, given, message) => {
  expect(judge(given)).toMatchObject({ cause: { message } });
});

test("an error's text is cut after 200 characters, and no secret is left at the cut", () => {
  const text = `${"x".repeat(190)} topsecretvalue`;
  const { message } = (judge(answer(403, "text/plain", text.repeat(9))) as { cause: { message: string } }).cause;
  expect(message.length).toBeLessThanOrEqual(200 + "HTTP 403: ".length);
  expect(message).not.toContain("topse");
});

test("where a redirect leads to is not told", () => {
  const given = answer(307, undefined, "", { location: "https://elsewhere/?key=abc" });
  expect(JSON.stringify(judge(given))).not.toContain("elsewhere");
});

test.each([
  ["5", 5_000],
  ["Wed, 21 Oct 2026 07:28:30 GMT", 30_000],
])("Retry-After %s comes along as it is", (value, afterMs) => {
  for (const status of [429, 500, 503]) {
    expect(judge(answer(status, undefined, "", { "retry-after": value }))).toMatchObject({ status: "retry", afterMs });
  }
});

test("[D14] an unreadable Retry-After is none", () => {
  expect(judge(answer(503, undefined, "", { "retry-after": "soon" }))).not.toHaveProperty("afterMs");
});

describe("without a readable answer", () => {
  test.each(["network", "timeout"] as const)("%s is tried again", (reason) => {
    expect(judge({ kind: "failed", reason, message: "it broke" })).toStrictEqual({
      status: "retry",
      cause: { message: "it broke" },
    });
  });

  test.each(["too_large", "undecodable"] as const)("%s after a 2xx is not the receiver's", (reason) => {
    expect(judge({ kind: "failed", reason, status: 200, message: "odd" })).toMatchObject({
      status: "retry",
      escalate: "configuration",
      cause: { statusCode: 200 },
    });
  });

  test("an error with an endless body counts by its status", () => {
    expect(judge({ kind: "failed", reason: "too_large", status: 400, message: "odd" })).toMatchObject(rejected);
    expect(judge({ kind: "failed", reason: "too_large", status: 401, message: "odd" })).toMatchObject(credentials);
  });
});
