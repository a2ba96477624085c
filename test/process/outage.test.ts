import { expect, test, vi } from "vitest";
import type { DecodedRecord } from "../support/otlp-decoder.ts";
import { arrived, createScene, FAST, shownBy, textsOf } from "./scene.ts";

function streamOf({ resource, attributes }: DecodedRecord): string {
  return JSON.stringify([attributes.get("slack.method"), ...resource]);
}

const LOGS = ["team.accessLogs", "team.integrationLogs", "admin.apps.activities.list", "audit.logs"];

test("[D1] while the destination is down nothing is read beyond one page and one batch a stream; afterwards all of it arrives once", async () => {
  let isDown = true;
  await using scene = await createScene({
    history: { logins: 200, integrationChanges: 400, activities: 800, auditEntries: 600 },
    settings: { sources: FAST, batch: { max_records: 50 } },
    receiver: { respond: () => (isDown ? { kind: "status", status: 503, retryAfter: "1" } : undefined) },
  });
  const { slack, receiver } = scene;
  await using command = await scene.start();
  const calls = () => slack.calls.filter(({ method }) => LOGS.includes(method));
  /** Waits until every stream was refused so often, and tells how often Slack was asked by then. */
  const refused = async (times: number) => {
    await vi.waitFor(
      () => {
        const streams = Map.groupBy(receiver.requests, ({ records }) => streamOf(records[0] as DecodedRecord));
        expect([...streams.values()].filter(({ length }) => length >= times)).toHaveLength(5);
      },
      { timeout: 45_000, interval: 20 },
    );
    return calls().length;
  };
  // By the second time what is read ahead has come.
  const early = await refused(2);
  expect(await refused(3)).toBe(early);
  const byStream = Map.groupBy(calls(), ({ method, workspace }) => `${method} ${workspace}`);
  expect(byStream.size).toBe(5);
  for (const [stream, made] of byStream) expect(made.length, stream).toBeLessThanOrEqual(2);
  expect(command.log.filter(({ event }) => event === "destination_retry")).toHaveLength(5);
  expect(receiver.accepted).toEqual([]);

  isDown = false;
  await arrived(scene, 1_800);
  expect(new Set(receiver.uids()).size).toBe(receiver.accepted.length);
  // What has arrived is told when its answer is back.
  await vi.waitFor(
    () => expect(command.log.filter(({ event }) => event === "delivery_resumed")).toHaveLength(5),
    5_000,
  );
  command.signal("SIGTERM");
  expect((await command.ended).code).toBe(0);
  // A page that was read just before the stop is delivered by the next run.
  expect((await scene.once()).code).toBe(0);
  expect(textsOf(receiver.accepted)).toEqual(shownBy(slack));
}, 30_000);
