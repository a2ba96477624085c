import { describe, expect, it } from "vitest";
import { addHostileEntries, hostileEntries } from "../../src/simulation/hostile.ts";
import { createSimulatedSlack } from "../../src/simulation/slack.ts";
import { ask, TEAM } from "./ask.ts";

describe("S29: hostile entries", () => {
  const texts = new Map(hostileEntries({ created: 1 }).map(({ name, text }) => [name, text]));

  it("are JSON, every one, and begin with the members asked for", () => {
    for (const [name, text] of texts) {
      expect(() => JSON.parse(text), name).not.toThrow();
      if (text.startsWith("{") && name !== "empty_object") expect(text.startsWith(`{"created":1,`), name).toBe(true);
    }
    expect(texts.size).toBe(hostileEntries().length);
  });

  it("hold what the facts about Slack call for", () => {
    expect(texts.get("integers_beyond_double")).toContain("9007199254740993");
    expect(texts.get("prototype_keys")).toContain(`"__proto__":{`);
    expect(texts.get("lone_surrogate_in_value")).toContain(String.raw`\ud800`);
    expect(texts.get("nul_character")).toContain(String.raw`\u0000`);
    expect(texts.get("megabyte_string")?.length).toBeGreaterThan(1_000_000);
    expect(texts.get("deep_array")).toContain("[".repeat(10_000));
    expect(texts.get("deep_object")).toContain(`{"d":`.repeat(10_000));
    expect([texts.get("null_entry"), texts.get("number_entry")]).toEqual(["null", "12345678901234567890"]);
  });

  it.each([
    { method: "team.accessLogs", params: { count: 1000 }, list: "logins" },
    { method: "team.integrationLogs", params: { team_id: TEAM, count: 1000 }, list: "logs" },
    { method: "admin.apps.activities.list", params: { limit: 1000, min_log_level: "trace" }, list: "activities" },
    { method: "audit.logs", params: { limit: 1000 }, list: "entries" },
  ] as const)("reach the client digit by digit through $method", ({ method, params, list }) => {
    const slack = createSimulatedSlack();
    addHostileEntries(slack.world, slack.now());
    const { text, json } = ask(slack, method, params);
    expect(json[list]).toHaveLength(hostileEntries().length);
    for (const piece of [
      "123456789012345678901234567890",
      `"minus_zero":-0,`,
      "1e400",
      `"trailing":1.50`,
      String.raw`\udfff`,
    ])
      expect(text).toContain(piece);
    expect(text).toContain(`"deep":${"[".repeat(10_000)}${"]".repeat(10_000)}}`);
  });
});
