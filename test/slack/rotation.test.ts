import { describe, expect, test } from "vitest";
import type { Notes } from "../../src/model.ts";
import { createSimulatedSlack, type SimulatedSlackOptions } from "../../src/simulation/slack.ts";
import { createRotation } from "../../src/slack/rotation.ts";
import { createSeal } from "../../src/slack/seal.ts";
import { createMemoryDisk, createMemoryStore } from "../../src/state/memory.ts";
import { createVirtualClock } from "../support/virtual-clock.ts";

const HOUR_MS = 3_600_000;
const FIRST = "xoxe-1-first";

function stage(options: SimulatedSlackOptions = {}) {
  const clock = createVirtualClock();
  const slack = createSimulatedSlack({
    clock,
    rotation: { clientId: "id", clientSecret: "sesame", refreshToken: FIRST },
    ...options,
  });
  const disk = createMemoryDisk();
  const stop = new AbortController();
  const log: string[] = [];
  const open = (
    more: { key?: number; refreshToken?: string; secret?: string; wrap?: (notes: Notes) => Notes } = {},
  ) => {
    const { notes } = createMemoryStore({ disk });
    return createRotation({
      clientId: "id",
      clientSecret: { reveal: () => more.secret ?? "sesame" },
      refreshToken: { reveal: () => more.refreshToken ?? FIRST },
      seal: createSeal(Buffer.alloc(32, more.key ?? 1)),
      notes: more.wrap?.(notes) ?? notes,
      http: slack.http,
      apiUrl: "https://slack.test/api/",
      userAgent: "slack-otel/test",
      clock,
      random: () => 0.5,
      log: (_level, event) => void log.push(event),
      signal: stop.signal,
    });
  };
  return {
    clock,
    slack,
    disk,
    stop,
    log,
    open,
    works: (token: string) => {
      const grant = slack.tokens.find(token);
      return grant !== undefined && (grant.expiresAtMs ?? Infinity) > slack.now();
    },
    refreshes: () => slack.calls.filter(({ method }) => method === "oauth.v2.access").map(({ outcome }) => outcome),
  };
}

test("the first refresh token brings the first access token, and what is stored of both cannot be read", async () => {
  const { clock, open, works, disk } = stage();
  const rotation = open();
  expect(await clock.run(rotation.ready())).toBeUndefined();
  expect(works(rotation.token.reveal())).toBe(true);
  const notes = [...disk.notes].flat().join();
  expect(notes).not.toMatch(/xoxe|sesame/);
  expect(disk.notes.size).toBe(1);
});

test("a token is renewed two hours before its end, for days, and always works", async () => {
  const { clock, open, works, stop, refreshes } = stage();
  const rotation = open();
  await clock.run(rotation.ready());
  const kept = rotation.keep().catch((error: unknown) => error);
  for (let hours = 0; hours < 72; hours++) {
    await clock.advance(HOUR_MS);
    expect(works(rotation.token.reveal())).toBe(true);
  }
  expect(refreshes()).toEqual(Array.from({ length: 8 }, () => "ok"));
  stop.abort(new Error("stop"));
  expect(await kept).toEqual(new Error("stop"));
});

test("the program that comes after goes on with the pair that is stored", async () => {
  const { clock, open, refreshes } = stage();
  const before = open();
  await clock.run(before.ready());
  await clock.advance(HOUR_MS);
  const after = open();
  await clock.run(after.ready());
  expect(after.token.reveal()).toBe(before.token.reveal());
  await clock.advance(10 * HOUR_MS);
  await clock.run(open().ready());
  expect(refreshes()).toEqual(["ok", "ok"]);
});

test("the new pair is stored before its access token is used", async () => {
  const { clock, open } = stage();
  const shown: string[] = [];
  const rotation: ReturnType<typeof open> = open({
    wrap: (notes) => ({
      ...notes,
      async write(name, text) {
        shown.push(rotation.token.reveal());
        await notes.write(name, text);
      },
    }),
  });
  await clock.run(rotation.ready());
  // Before the call, and before the use of what it brought.
  expect(shown).toEqual(["", ""]);
  expect(rotation.token.reveal()).not.toBe("");
});

describe("a refresh whose answer is lost", () => {
  test("is made again at once, within the grace of the old refresh token", async () => {
    const { clock, open, works, refreshes, slack } = stage();
    slack.setFaults([
      { fault: { kind: "cut" }, where: ({ method, nth }) => method === "oauth.v2.access" && nth === 1 },
    ]);
    const rotation = open();
    expect(await clock.run(rotation.ready())).toBeUndefined();
    expect(refreshes()).toEqual(["cut", "ok"]);
    expect(works(rotation.token.reveal())).toBe(true);
  });

  test("with the program that made it is made again by the next one, although the token would live on", async () => {
    const { clock, open, works, refreshes, slack, stop } = stage();
    await clock.run(open().ready());
    await clock.advance(10.5 * HOUR_MS);
    slack.setFaults([
      { fault: { kind: "stall" }, where: ({ method, nth }) => method === "oauth.v2.access" && nth === 2 },
    ]);
    const dying = open()
      .ready()
      .catch(() => undefined);
    await clock.advance(5_000);
    expect(refreshes()).toEqual(["ok", "stall"]);
    slack.setFaults([]);
    const next = open();
    expect(await clock.run(next.ready())).toBeUndefined();
    expect(works(next.token.reveal())).toBe(true);
    stop.abort(new Error("it has died"));
    await clock.run(dying);
  });

  test("beyond the grace leaves the old access token in use while it lives, and is told", async () => {
    const { clock, open, works, log, slack } = stage();
    const before = open();
    await clock.run(before.ready());
    await clock.advance(10.5 * HOUR_MS);
    slack.setFaults([
      { fault: { kind: "error", error: "invalid_refresh_token" }, where: ({ method }) => method === "oauth.v2.access" },
    ]);
    const next = open();
    expect(await clock.run(next.ready())).toBeUndefined();
    expect(next.token.reveal()).toBe(before.token.reveal());
    expect(works(next.token.reveal())).toBe(true);
    expect(log).toContain("token_refresh_refused");
    await clock.advance(2 * HOUR_MS);
    expect(await clock.run(open().ready())).toMatchObject({ scope: "token", code: "invalid_refresh_token" });
  });
});

test("two programs with one state make one refresh, and both have its token", async () => {
  const { clock, slack, disk, refreshes } = stage();
  const { notes } = createMemoryStore({ disk });
  const make = () =>
    createRotation({
      clientId: "id",
      clientSecret: { reveal: () => "sesame" },
      refreshToken: { reveal: () => FIRST },
      seal: createSeal(Buffer.alloc(32, 1)),
      notes,
      http: slack.http,
      apiUrl: "https://slack.test/api/",
      userAgent: "slack-otel/test",
      clock,
      random: () => 0.5,
      log: () => undefined,
      signal: new AbortController().signal,
    });
  const [a, b] = [make(), make()];
  await clock.run(Promise.all([a.ready(), b.ready(), a.ready()]));
  expect(refreshes()).toEqual(["ok"]);
  expect(a.token.reveal()).toBe(b.token.reveal());
  await clock.advance(10.5 * HOUR_MS);
  const signal = new AbortController().signal;
  await clock.run(Promise.all([a.renew(a.token.reveal(), signal), b.renew(b.token.reveal(), signal)]));
  expect(refreshes()).toEqual(["ok", "ok"]);
  expect(a.token.reveal()).toBe(b.token.reveal());
});

test("a token that Slack takes for expired before its time is renewed; one that is another by now is not", async () => {
  const { clock, open, refreshes } = stage();
  const rotation = open();
  const { signal } = new AbortController();
  await clock.run(rotation.ready());
  const old = rotation.token.reveal();
  await clock.run(rotation.renew(old, signal));
  expect(rotation.token.reveal()).not.toBe(old);
  await clock.run(rotation.renew(old, signal));
  expect(refreshes()).toEqual(["ok", "ok"]);
});

test("a call that is given up does not take the refresh away from the others", async () => {
  const { clock, open, works } = stage({ latencyMs: 1_000 });
  const rotation = open();
  await clock.run(rotation.ready());
  const old = rotation.token.reveal();
  const stop = new AbortController();
  const given = rotation.renew(old, stop.signal).catch((error: unknown) => error);
  const other = rotation.renew(old, new AbortController().signal);
  stop.abort(new Error("given up"));
  expect(await given).toEqual(new Error("given up"));
  await clock.run(other);
  expect(rotation.token.reveal()).not.toBe(old);
  expect(works(rotation.token.reveal())).toBe(true);
});

test("another refresh token in the configuration begins anew", async () => {
  const { clock, open, disk, refreshes } = stage();
  await clock.run(open({ refreshToken: "xoxe-1-used-up" }).ready());
  expect(await clock.run(open().ready())).toBeUndefined();
  expect(refreshes()).toEqual(["invalid_refresh_token", "ok"]);
  expect(disk.notes.size).toBe(2);
});

test("tokens that were stored with another key are not overwritten, and the remedy is told", async () => {
  const { clock, open, refreshes, disk } = stage();
  await clock.run(open().ready());
  const notes = [...disk.notes];
  const halt = await clock.run(open({ key: 2 }).ready());
  expect(halt).toMatchObject({ kind: "halted", scope: "token", code: "tokens_unreadable" });
  expect(halt?.message).toContain("rotation.encryption_key");
  expect(refreshes()).toEqual(["ok"]);
  expect([...disk.notes]).toEqual(notes);
});

test("a secret that is wrong is told by its key", async () => {
  const { clock, open } = stage();
  const halt = await clock.run(open({ secret: "wrong" }).ready());
  expect(halt).toMatchObject({ code: "bad_client_secret", reason: "credentials" });
  expect(halt?.message).toContain("rotation.client_secret");
  expect(halt?.message).not.toContain("wrong");
});
