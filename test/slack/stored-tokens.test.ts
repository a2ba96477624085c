import { expect, test } from "vitest";
import { createSimulatedSlack } from "../../src/simulation/slack.ts";
import { createRotation } from "../../src/slack/rotation.ts";
import { createSeal } from "../../src/slack/seal.ts";
import { borrowTokens } from "../../src/slack/stored-tokens.ts";
import { createMemoryStore } from "../../src/state/memory.ts";
import { createVirtualClock } from "../support/virtual-clock.ts";

const HOUR_MS = 3_600_000;
const never = new AbortController().signal;

function stage(key = 1) {
  const clock = createVirtualClock();
  const slack = createSimulatedSlack({
    clock,
    rotation: { clientId: "id", clientSecret: "sesame", refreshToken: "xoxe-1-first" },
  });
  const { notes } = createMemoryStore();
  const of = (seal: number) => ({
    clientId: "id",
    refreshToken: { reveal: () => "xoxe-1-first" },
    seal: createSeal(Buffer.alloc(32, seal)),
    notes,
    clock,
  });
  const keeper = createRotation({
    ...of(1),
    clientSecret: { reveal: () => "sesame" },
    http: slack.http,
    apiUrl: "https://slack.test/api/",
    userAgent: "slack-otel/test",
    random: () => 0.5,
    log: () => undefined,
    signal: never,
  });
  return { clock, keeper, slack, borrowed: borrowTokens(of(key)) };
}

test("what is borrowed is the token that is kept, the next one once that is expired, and none is renewed for it", async () => {
  const { clock, keeper, slack, borrowed } = stage();
  expect(await borrowed.ready()).toMatchObject({ code: "no_stored_token", scope: "token" });
  await clock.run(keeper.ready());
  expect(await borrowed.ready()).toBeUndefined();
  const first = borrowed.token.reveal();
  expect(first).toBe(keeper.token.reveal());
  await clock.advance(11 * HOUR_MS);
  await clock.run(keeper.ready());
  expect(keeper.token.reveal()).not.toBe(first);
  expect(borrowed.token.reveal()).toBe(first);
  await borrowed.renew(first, never);
  expect(borrowed.token.reveal()).toBe(keeper.token.reveal());
  await borrowed.keep();
  expect(slack.calls.filter(({ method }) => method === "oauth.v2.access")).toHaveLength(2);
});

test("a token that is over, or that another key closed, is not borrowed", async () => {
  const { clock, keeper, borrowed } = stage();
  await clock.run(keeper.ready());
  await clock.advance(13 * HOUR_MS);
  expect(await borrowed.ready()).toMatchObject({ code: "no_stored_token", reason: "credentials" });
  const other = stage(2);
  await other.clock.run(other.keeper.ready());
  expect(await other.borrowed.ready()).toMatchObject({ code: "tokens_unreadable", reason: "configuration" });
});
