import { expect, test, vi } from "vitest";
import { runCommand } from "../support/command.ts";
import { createScene } from "./scene.ts";

// Runs several commands.
vi.setConfig({ testTimeout: 90_000 });

test("check and backfill read with the tokens that run keeps, and use no refresh token up", async () => {
  const rotation = { client_id: "id", client_secret: "sesame", refresh_token: "xoxe-1-first" };
  await using scene = await createScene({
    slack: {
      clock: { now: Date.now },
      rotation: { clientId: "id", clientSecret: "sesame", refreshToken: "xoxe-1-first" },
    },
  });
  const slack = {
    rotation: { ...rotation, encryption_key: Buffer.alloc(32, 5).toString("base64") },
    api_url: scene.server.apiUrl,
    audit_url: scene.server.auditUrl,
  };
  const settings = { slack, start: "1h" };
  const command = async (name: string, ...args: readonly string[]) => {
    const { args: run, options } = await scene.prepare([], { settings });
    return runCommand([name, ...run.slice(1, 3), ...args], options);
  };
  const findings = async () => {
    const { stdout } = await command("check", "--json");
    const { findings } = JSON.parse(stdout) as { findings: { id: string; level: string }[] };
    return findings.flatMap(({ id, level }) => (/^(?:token|token_expiry|source)$/.test(id) ? [`${id} ${level}`] : []));
  };
  const refreshes = () => scene.slack.calls.filter(({ method }) => method === "oauth.v2.access").length;

  expect(await findings()).toEqual(["token warn"]);
  const early = await command("backfill", "--from", "5h");
  expect([early.code, early.log.find(({ event }) => event === "token_refused")?.["error"]]).toEqual([
    1,
    "no_stored_token",
  ]);
  expect(refreshes()).toBe(0);

  expect((await scene.once([], { settings })).code).toBe(0);
  expect(refreshes()).toBe(1);
  const found = await findings();
  expect(found.slice(0, 2)).toEqual(["token ok", "token_expiry ok"]);
  expect(found.slice(2).length).toBeGreaterThanOrEqual(4);
  expect(new Set(found.slice(2))).toEqual(new Set(["source ok"]));
  const before = scene.receiver.accepted.length;
  expect((await command("backfill", "--from", "20h")).code).toBe(0);
  expect(scene.receiver.accepted.length).toBeGreaterThan(before);
  expect(refreshes()).toBe(1);
});
