import { expect, test, vi } from "vitest";
import { arrived, createScene, FAST, shownBy, textsOf } from "./scene.ts";

const LOGS = ["team.accessLogs", "team.integrationLogs", "admin.apps.activities.list", "audit.logs"];

test("while the destination is down nothing is read beyond one page and one batch a stream; afterwards all of it arrives once", async () => {
  let isDown = true;
  await using scene = await createScene({
    history: { logins: 200, integrationChanges: 400, activities: 800, auditEntries: 600 },
    settings: { sources: FAST, batch: { max_records: 50 } },
    receiver: { respond: () => (isDown ? { kind: "status", status: 503, retryAfter: "1" } : undefined) },
  });
  const { slack, receiver } = scene;
  await using command = await scene.start();
  const calls = () => slack.calls.filter(({ method }) => LOGS.includes(method));
  const refusals = async (count: number) => {
    const isRefused = () => expect(receiver.requests.length).toBeGreaterThanOrEqual(count);
    await vi.waitFor(isRefused, { timeout: 10_000, interval: 10 });
    return calls().length;
  };
  const early = await refusals(8);
  expect(await refusals(15)).toBe(early);
  const byStream = Map.groupBy(calls(), ({ method, workspace }) => `${method} ${workspace}`);
  expect(byStream.size).toBe(5);
  for (const [stream, made] of byStream) expect(made.length, stream).toBeLessThanOrEqual(2);
  expect(command.log.filter(({ event }) => event === "destination_retry")).toHaveLength(5);
  expect(receiver.accepted).toEqual([]);

  isDown = false;
  await arrived(scene, 1_800);
  expect(new Set(receiver.uids()).size).toBe(receiver.accepted.length);
  expect(command.log.filter(({ event }) => event === "delivery_resumed")).toHaveLength(5);
  command.signal("SIGTERM");
  expect((await command.ended).code).toBe(0);
  expect(textsOf(receiver.accepted)).toEqual(shownBy(slack));
}, 30_000);
