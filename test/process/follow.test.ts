import { expect, test, vi } from "vitest";
import { DEFAULT_TOKEN } from "../../src/simulation/grants.ts";
import { arrived, asked, createScene, FAST, shownBy, textsOf } from "./scene.ts";

const following = { sources: FAST };

test.concurrent("run follows every source; SIGTERM while idle ends it at once, and the next run repeats nothing", async () => {
  await using scene = await createScene({ settings: following });
  await using command = await scene.start();
  const { traffic, receiver } = scene;
  await arrived(scene, 390);
  const before = receiver.accepted.length;
  traffic.history({ logins: 5, integrationChanges: 3, activities: 20, auditEntries: 10 }, 0.02);
  await arrived(scene, before + 34);
  expect(new Set(receiver.uids()).size).toBe(receiver.accepted.length);

  const signalled = performance.now();
  command.signal("SIGTERM");
  const ended = await command.ended;
  expect(performance.now() - signalled).toBeLessThan(2_000);
  expect(ended).toMatchObject({ code: 0, signal: null, stdout: "" });
  expect(ended.log.slice(-1)).toMatchObject([{ event: "stopped", exit_code: 0 }]);

  const accepted = receiver.accepted.length;
  expect((await scene.once()).code).toBe(0);
  expect(receiver.accepted.length).toBe(accepted);
});

test.concurrent("[P16] SIGTERM while a request is in flight waits for its answer and keeps the receipt", async () => {
  const release = Promise.withResolvers<void>();
  await using scene = await createScene({
    receiver: { script: [{ kind: "slow", until: release.promise }] },
    settings: { sources: { app_activities: {} } },
  });
  await using command = await scene.start();
  await asked(scene);
  command.signal("SIGTERM");
  await command.until("stopping");
  setTimeout(release.resolve, 400);
  const ended = await command.ended;
  expect(ended.code).toBe(0);
  expect(scene.receiver.accepted.length).toBeGreaterThan(100);
  expect(scene.receiver.requests.length).toBe(1);

  expect((await scene.once()).code).toBe(0);
  expect(textsOf(scene.receiver.accepted)).toEqual(shownBy(scene.slack));
});

test.concurrent("[P16] a second signal stops at once, whatever hangs, and the next run delivers what was in flight", async () => {
  await using scene = await createScene({
    receiver: { script: [{ kind: "hang" }] },
    settings: { sources: { audit_logs: {} } },
  });
  await using command = await scene.start();
  await asked(scene);
  command.signal("SIGTERM");
  await command.until("stopping");
  const second = performance.now();
  command.signal("SIGINT");
  const ended = await command.ended;
  expect(performance.now() - second).toBeLessThan(1_500);
  expect(ended).toMatchObject({ code: 0, signal: null });
  expect(ended.log.map(({ level }) => level)).not.toContain("error");
  expect(scene.receiver.accepted).toEqual([]);

  expect((await scene.once()).code).toBe(0);
  expect(textsOf(scene.receiver.accepted)).toEqual(shownBy(scene.slack));
});

test.concurrent("a signal while it waits for Slack or for the destination is a clean stop", async () => {
  await using scene = await createScene({ settings: { sources: { access_logs: {} } } });
  scene.slack.setFaults(() => ({ kind: "silence" }));
  await using waitingForSlack = await scene.start();
  await vi.waitFor(() => expect(scene.slack.calls.length).toBe(1), { timeout: 45_000, interval: 10 });
  waitingForSlack.signal("SIGTERM");
  expect(await waitingForSlack.ended).toMatchObject({ code: 0, signal: null });

  scene.slack.setFaults([]);
  const settings = { destination: { otlp: { endpoint: "http://127.0.0.1:9" } } };
  await using waitingForDestination = await scene.start([], { settings });
  await waitingForDestination.until("destination_retry");
  waitingForDestination.signal("SIGTERM");
  expect(await waitingForDestination.ended).toMatchObject({ code: 0, signal: null });
});

test.concurrent("a token file that is replaced while it runs is read again", async () => {
  await using scene = await createScene({ settings: following });
  const { slack, receiver } = scene;
  const tokenFile = await scene.write("token", `${DEFAULT_TOKEN}\n`);
  await using command = await scene.start([], {
    settings: {
      slack: { token: `\${file:${tokenFile}}`, api_url: scene.server.apiUrl, audit_url: scene.server.auditUrl },
    },
  });
  await arrived(scene, 390);
  slack.tokens.add({ token: "xoxp-simulated-next" });
  await scene.write("token", "xoxp-simulated-next\n");
  slack.tokens.revoke(DEFAULT_TOKEN);
  const before = receiver.accepted.length;
  const calls = slack.calls.length;
  scene.traffic.history({ activities: 20, auditEntries: 20 }, 0.02);
  await arrived(scene, before + 40);
  expect(slack.calls.slice(calls + 10).map(({ outcome }) => outcome)).not.toContain("token_revoked");
  command.signal("SIGTERM");
  expect((await command.ended).code).toBe(0);
});
