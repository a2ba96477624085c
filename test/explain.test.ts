import { expect, test } from "vitest";
import { SettingsError } from "../src/destinations/destination-kind.ts";
import { ClosedPipeError } from "../src/destinations/stdout.ts";
import { explain } from "../src/explain.ts";
import { StateError } from "../src/model.ts";

test("knows the errors of its own by their exit codes", () => {
  expect(explain(new StateError("State file x: gone."))).toEqual({ exitCode: 3, message: "State file x: gone." });
  expect(explain(new SettingsError("destination.otlp.certificate", "x cannot be read"))).toEqual({
    exitCode: 2,
    message: "destination.otlp.certificate: x cannot be read",
  });
  expect(explain(new ClosedPipeError("standard output cannot be written: EPIPE"))).toMatchObject({ exitCode: 1 });
});

test("calls anything else a defect, tells where, and never quotes its message", () => {
  const secret = "xoxp-1234";
  const { exitCode, message } = explain(new TypeError(`Invalid header value\n    at ${secret}`, { cause: secret }));
  expect(exitCode).toBe(1);
  expect(message).toMatch(/^A defect in slack-otel; please report it: TypeError at .*explain\.test\.ts/);
  expect(message).not.toContain(secret);
  expect(explain("text").message).not.toContain("text");
  expect(explain(undefined).exitCode).toBe(1);
});
