import { Writable } from "node:stream";
import type { Configuration } from "../../src/config/schema.ts";
import type { Http } from "../../src/http.ts";
import { StateError, type Clock, type Store } from "../../src/model.ts";
import { run } from "../../src/run.ts";
import type { Faults } from "../../src/simulation/faults.ts";
import type { LogName } from "../../src/simulation/ledger.ts";
import { createSimulatedHttp } from "../../src/simulation/http.ts";
import type { Random } from "../../src/simulation/random.ts";
import type { SimulatedSlack } from "../../src/simulation/slack.ts";
import { createStop } from "../../src/stop.ts";
import type { Lookout } from "./canaries.ts";
import type { Disk, Mount } from "./disk.ts";
import type { Receiver } from "./receiver.ts";
import type { CrashPoint, LifePlan, Outage } from "./schedule.ts";
import type { Timeline } from "./timeline.ts";

const SLACK_LATENCY_MS = 50;
/** From the signal to the end, at most. */
const STOP_WITHIN_MS = 28_000;

export interface World {
  readonly timeline: Timeline;
  readonly slack: SimulatedSlack;
  readonly receiver: Receiver;
  readonly disk: Disk;
  readonly configuration: Configuration;
  readonly lookout: Lookout;
  readonly trace: (text: string) => void;
  readonly count: (what: string) => void;
  /** A log is read from a later time on than it was told, for what is older would not be kept. */
  readonly onCapped: (log: LogName, ms: number) => void;
}

/** How a start of the program ended. `code` 3 is a state that cannot be used or written. */
export type LifeEnd =
  | { readonly kind: "exit"; readonly code: 0 | 1 | 3; readonly stopped: boolean }
  | { readonly kind: "crash"; readonly point: CrashPoint }
  | { readonly kind: "defect"; readonly error: unknown };

/** Starts the program, `run()` with everything that it is made of, and waits for its end. */
export async function live(world: World, plan: LifePlan, random: Random): Promise<LifeEnd> {
  const { timeline, slack, receiver, disk, lookout, trace, count } = world;
  const startedMs = timeline.now();
  const elapsedMs = () => timeline.now() - startedMs;
  const reachedTimes = new Map<CrashPoint, number>();
  let end: LifeEnd | undefined;
  const isGone = () => end !== undefined;
  const die = (how: LifeEnd) => void (end ??= how);

  let answersRenewal = false;
  const diesAt = (point: CrashPoint): boolean => {
    if (isGone()) return false;
    const times = (reachedTimes.get(point) ?? 0) + 1;
    reachedTimes.set(point, times);
    trace(point);
    if (plan.crash?.point !== point || plan.crash.nth !== times) return false;
    die({ kind: "crash", point });
    count(`crash at ${point}`);
    if (point === "slack-answered" && answersRenewal) count("crash with a new token on its way");
    return true;
  };
  /** A dead program gets no further than this, and holds up nobody. */
  const reach = async (point: CrashPoint): Promise<void> => {
    if (isGone() || diesAt(point)) await new Promise<never>(() => {});
  };

  const { clockJump } = plan;
  const clock: Clock = {
    now: () => {
      const jumped = clockJump !== undefined && elapsedMs() >= clockJump.afterMs;
      return timeline.now() + (jumped ? clockJump.byMs : 0);
    },
    monotonic: elapsedMs,
    sleep: (ms, signal) => timeline.sleep(ms, signal, isGone),
  };
  if (clockJump !== undefined) count("clock jump");

  const out = (what: Outage["what"]) => {
    const since = elapsedMs();
    const isOut = plan.outages.some(
      (outage) => outage.what === what && since >= outage.fromMs && since < outage.fromMs + outage.forMs,
    );
    if (isOut) count(`outage: ${what}`);
    return isOut;
  };

  slack.setFaults(slackFaults(plan, out, random, count));
  const simulated = createSimulatedHttp({
    handle: slack.handle,
    sleep: clock.sleep,
    latencyMs: () => SLACK_LATENCY_MS,
  });
  const toSlack: Http = async (request, signal) => {
    await reach("slack-asked");
    const answer = await simulated(request, signal);
    answersRenewal = request.url.endsWith("/oauth.v2.access");
    await reach("slack-answered");
    return answer;
  };
  const connected = receiver.connect({
    now: slack.now,
    sleep: clock.sleep,
    below: random.below,
    told(what, records) {
      trace(`${what} ${records.map(({ uid }) => uid.slice(0, 8)).join(" ")}`);
      if (what !== "taken") count(`destination: ${what}`);
    },
    fate() {
      if (out("destination_down")) return "unavailable";
      if (out("destination_credentials")) return "credentials";
      if (out("destination_gone")) return "gone";
      return strike(plan.destinationFaults, random);
    },
  });
  const toDestination: Http = async (request, signal) => {
    await reach("before-send");
    const answer = await connected(request, signal);
    await reach("after-accept");
    return answer;
  };

  const mount: Mount = { reach, diesAt, isGone, diskFull: plan.diskFull, now: slack.now, count };
  const stop = createStop(clock);
  let stopMs = Number.POSITIVE_INFINITY;
  stop.stop.addEventListener("abort", () => void (stopMs = timeline.now()));
  clock.sleep(plan.stopAfterMs, new AbortController().signal).then(() => stop.request("SIGTERM"), die);
  let store: Store | undefined;
  run(
    {
      configuration: world.configuration,
      once: plan.mode === "once",
      version: "0.0.0",
      createHttp: () => ({
        http(request, signal) {
          const isToSlack = request.url.startsWith("https://slack.test/");
          lookout.lookAtRequest(request, isToSlack ? "slack" : "receiver");
          return (isToSlack ? toSlack : toDestination)(request, signal);
        },
        close: () => Promise.resolve(),
      }),
      stdout: new Writable({
        write(chunk, _encoding, done) {
          lookout.look("stdout", String(chunk));
          done();
        },
      }),
      clock,
      random: random.next,
      log(level, event, fields) {
        if (isGone()) return;
        trace(`${level} ${event} ${JSON.stringify(fields ?? {})}`);
        if (LOGGED.has(event)) count(`log: ${event}`);
        if (event === "start_capped") world.onCapped(...cappedBy(fields));
      },
      async openStore(signal) {
        store = await disk.open(mount, signal, timeline);
        return watched(store, count);
      },
      deadLetters: disk.deadLetters(mount),
    },
    stop,
  ).then(
    (code) => die({ kind: "exit", code, stopped: stop.stop.aborted }),
    (error: unknown) => {
      if (error instanceof StateError) die({ kind: "exit", code: 3, stopped: false });
      else die({ kind: "defect", error });
    },
  );
  stop.over.then(
    () => {
      count("stop gave up");
      die({ kind: "exit", code: 0, stopped: true });
    },
    () => undefined,
  );
  await timeline.runUntil(isGone);
  // What a dead program waits for is let go, so that nothing of it stays in memory; none of it gets any further.
  stop.request("SIGTERM");
  stop.request("SIGTERM");
  await store?.close();
  await disk.unmount();
  lookout.look("the state or dead letters", disk.text());
  if (end === undefined) throw new Error("a life without an end");
  const result: LifeEnd = end;
  trace(`end ${JSON.stringify(result.kind === "defect" ? String(result.error) : result)}`);
  if (timeline.now() - stopMs > STOP_WITHIN_MS) {
    return { kind: "defect", error: new Error(`it took ${timeline.now() - stopMs} ms to stop`) };
  }
  return result;
}

function cappedBy(fields: object | undefined): [LogName, number] {
  const { stream, start } = fields as { readonly stream: string; readonly start: string };
  return [stream.slice(0, stream.indexOf("/")) as LogName, Date.parse(start)];
}

/** The store, with what it is told of walks counted. */
function watched(store: Store, count: (what: string) => void): Store {
  return {
    ...store,
    async claim(stream, signal) {
      const claim = await store.claim(stream, signal);
      const { state } = claim;
      const found = partsOf(state.position);
      let deepDoneMs = found["deepMs"];
      for (const part of ["walk", "window", "deep"]) if (found[part] !== undefined) count(`resumed: ${part}`);
      return {
        lost: claim.lost,
        handOver: claim.handOver,
        [Symbol.asyncDispose]: () => claim[Symbol.asyncDispose](),
        state: {
          get position() {
            return state.position;
          },
          get report() {
            return state.report;
          },
          known: state.known,
          async commit(change) {
            await state.commit(change);
            const { deepMs = deepDoneMs } = partsOf(change.position);
            if (deepMs !== deepDoneMs) count("deep sweep");
            deepDoneMs = deepMs;
          },
        },
      };
    },
  };
}

function partsOf(position: unknown): Readonly<Record<string, unknown>> {
  return (position ?? {}) as Record<string, unknown>;
}

/** Lines of the log that tell of something a campaign has to have met. */
const LOGGED = new Set([
  "token_refreshed",
  "token_refresh_refused",
  "slack_walk_restarted",
  "dead_letter",
  "delivery_resumed",
  "coverage_partial",
  "stream_halted",
  "start_capped",
  "records_older_than_window",
]);

function slackFaults(
  plan: LifePlan,
  out: (what: Outage["what"]) => boolean,
  random: Random,
  count: (what: string) => void,
): Faults {
  return (call) => {
    if (out("slack_down")) return { kind: "html", status: 503 };
    if (out("slack_credentials")) return { kind: "error", error: "token_revoked", status: 401 };
    if (call.method === "audit.logs" && out("slack_scope"))
      return { kind: "error", error: "missing_scope", status: 403 };
    const fault = strike(plan.slackFaults, random);
    if (fault !== undefined) count(`slack: ${fault.kind}`);
    return fault;
  };
}

/** Every chance is drawn each time, so that one fault less in the plan leaves the others as they were. */
function strike<F>(
  chances: readonly { readonly fault: F; readonly probability: number }[],
  random: Random,
): F | undefined {
  return chances.filter(({ probability }) => random.chance(probability))[0]?.fault;
}
