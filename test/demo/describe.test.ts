import { expect, test } from "vitest";
import { describeRecord } from "../../src/demo/describe.ts";
import type { LogName } from "../../src/simulation/ledger.ts";
import { mappedOne, OBSERVED_MS } from "../support/mapped.ts";

const cases: [log: LogName, entry: object, line: object][] = [
  [
    "access_logs",
    {
      user_id: "U1",
      username: "ada",
      date_first: 1_767_200_000,
      date_last: 1_767_220_000,
      count: 4,
      ip: "198.51.100.7",
      user_agent: "x",
      isp: "BigCo ISP",
      country: "US",
      region: "CA",
    },
    {
      timeMs: 1_767_220_000_000,
      who: "ada",
      what: "used Slack 4 times (+3)",
      where: "198.51.100.7, BigCo ISP, US-CA",
      mood: "usual",
    },
  ],
  [
    "integration_logs",
    {
      user_name: "joe",
      date: "1767220000",
      change_type: "disabled",
      reason: "errors",
      service_type: "RSS",
      scope: "a,b",
    },
    { timeMs: 1_767_220_000_000, who: "joe", what: "disabled RSS (errors)", where: "a b", mood: "odd" },
  ],
  [
    "app_activities",
    {
      level: "error",
      event_type: "function_execution_result",
      component_type: "functions",
      payload: { function_name: "open_ticket", error: "no" },
      created: 1_767_220_000_123_456,
      trace_id: "Tr1",
      app_id: "A1",
    },
    {
      timeMs: 1_767_220_000_123,
      who: "A1",
      what: "function execution result open_ticket (no)",
      where: "functions, Tr1",
      mood: "bad",
    },
  ],
  [
    "audit_logs",
    {
      id: "1",
      action: "user_channel_join",
      date_create: 1_767_220_000,
      actor: { type: "user", user: { id: "W1", name: "Grace" } },
      entity: { type: "channel", channel: { id: "C1", name: "incident-room" } },
      context: { ip_address: "2001:db8::1", location: { id: "T1", domain: "acme" } },
    },
    {
      timeMs: 1_767_220_000_000,
      who: "Grace",
      what: "user channel join incident-room",
      where: "2001:db8::1, acme",
      mood: "usual",
    },
  ],
];

test.each(cases)("a record of %s says who did what from where", (log, entry, line) => {
  const countDelta = log === "access_logs" ? { countDelta: 3 } : {};
  expect(describeRecord(mappedOne(log, JSON.stringify(entry), countDelta))).toEqual({ log, ...line });
});

test("a record of an entry without anything is a line all the same, at the time it was seen", () => {
  expect(describeRecord(mappedOne("audit_logs", "{}"))).toEqual({
    log: "audit_logs",
    timeMs: OBSERVED_MS,
    who: "",
    what: "",
    where: "",
    mood: "usual",
  });
});
