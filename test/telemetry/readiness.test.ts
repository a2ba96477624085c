import { expect, test } from "vitest";
import { readinessOf } from "../../src/telemetry/readiness.ts";
import { createRefusedTokens } from "../../src/telemetry/refused-tokens.ts";
import { statusOf } from "./status-of.ts";

const fault = { side: "destination", reason: "credentials", isCredentials: true, message: "Mend the key." } as const;

test("it is ready when streams have begun and none is halted", () => {
  expect(readinessOf([statusOf("a/T1"), statusOf("b/T1")], [])).toEqual({ ready: true, reasons: [] });
});

test("an outage that passes by itself is no reason to be taken out of service", () => {
  const activity = { kind: "waiting", untilMs: 0, why: "the destination: HTTP 503", trouble: true } as const;
  expect(readinessOf([statusOf("a/T1", { activity })], []).ready).toBe(true);
});

test("before Slack has said whose token it is it is not", () => {
  expect(readinessOf([], [])).toEqual({ ready: false, reasons: [expect.objectContaining({ reason: "starting" })] });
});

test("each halted stream is a reason with its remedy; one that is over is none", () => {
  const streams = [statusOf("a/T1", { fault }), statusOf("b/T1"), statusOf("c/T1", { fault, isOver: true })];
  expect(readinessOf(streams, [])).toEqual({
    ready: false,
    reasons: [{ stream: "a/T1", reason: "credentials", message: "Mend the key." }],
  });
});

test("a token that is refused is a reason until it is taken, or is not complained of any more", () => {
  let now = 0;
  const tokens = createRefusedTokens({ monotonic: () => now });
  tokens.log("error", "token_refused", { error: "token_revoked", message: "Slack refuses it." });
  tokens.log("error", "token_refused", { connection: "acme", error: "invalid_auth", message: "Slack refuses it." });
  expect(tokens.reasons()).toEqual([
    { reason: "token_revoked", message: "Slack refuses it." },
    { reason: "invalid_auth", message: "acme: Slack refuses it." },
  ]);
  tokens.log("info", "started");
  now = 60_000;
  tokens.log("error", "token_refused", { error: "token_revoked", message: "Slack refuses it." });
  now = 120_000;
  expect(tokens.reasons().map(({ reason }) => reason)).toEqual(["token_revoked"]);
});
