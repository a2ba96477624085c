import type { Http } from "../../src/http.ts";
import { canonical } from "../../src/mapping/canonical.ts";
import type { Clock, Ending, Log, LogRecord, Page, SourceName } from "../../src/model.ts";
import { drain } from "../../src/pipeline/drain.ts";
import type { Deliver } from "../../src/pipeline/isolate.ts";
import { DEFAULT_TOKEN } from "../../src/simulation/grants.ts";
import { createSlackClient } from "../../src/slack/client.ts";
import { createSource, type SourceOptions, type SourceSettings } from "../../src/slack/create-source.ts";
import { identifyToken } from "../../src/slack/workspace.ts";
import { createMemoryDisk, createMemoryStore } from "../../src/state/memory.ts";
import { sourceDefinitions } from "../../src/slack/sources/index.ts";
import type { LogLine } from "./destination.ts";
import { createScriptedHttp, type SlackRequest } from "./scripted-slack.ts";
import { createVirtualClock, type VirtualClock } from "./virtual-clock.ts";

const never = new AbortController().signal;
const MINUTE_MS = 60_000;

export interface Sent {
  readonly uid: string;
  readonly body: any;
  /** The body as canonical JSON. */
  readonly text: string;
  readonly countDelta: unknown;
}

export interface BenchOptions {
  readonly http: Http;
  readonly clock: Clock;
  readonly settings?: Partial<SourceSettings>;
  /** Default: as far back as Slack goes. */
  readonly startMs?: (slackNowMs: number) => number;
  readonly pageSize?: number;
  readonly teamId?: string;
  readonly own?: NonNullable<SourceOptions["own"]>;
}

/** Where the program is killed: around its `at`th commit of a poll, counted from 1. */
export interface Kill {
  readonly at: number;
  readonly when: "before" | "after";
}

export interface PollOptions {
  readonly kill?: Kill;
  readonly signal?: AbortSignal;
  /** Called with each batch, before it is accepted. */
  readonly onBatch?: (records: readonly LogRecord[]) => void | Promise<void>;
}

/** One stream on a disk in memory, read by a program that may be killed and started again. */
export interface Bench {
  /** What `run --once` does for the stream, from start to end: a new client, and auth.test first. */
  poll(options?: PollOptions): Promise<Ending | "killed">;
  /** Everything that was accepted, in order. */
  readonly sent: readonly Sent[];
  /** What the walks told to be out of reach. */
  readonly unread: readonly Page["unread"][];
  position(): unknown;
  /** Up to when the position says that everything is delivered, epoch milliseconds. */
  reachedMs(): number | undefined;
  /** How many entries were left out. */
  skipped(): number;
  /** How many versions of how many entries are known. */
  known(): number;
  readonly log: readonly LogLine[];
}

class Killed extends Error {
  override readonly name = "Killed";
}

export function createBench(source: SourceName, options: BenchOptions): Bench {
  const { http, clock, teamId } = options;
  const name = `${source}/${teamId ?? "T1"}`;
  const disk = createMemoryDisk();
  const sent: Sent[] = [];
  const unread: Page["unread"][] = [];
  const log: LogLine[] = [];
  let leftOut = 0;
  const write: Log = (level, event, fields) => void log.push({ level, event, fields });
  const settings: SourceSettings = {
    interval: MINUTE_MS,
    calls_per_minute: 100_000,
    look_back: 15 * MINUTE_MS,
    deep_sweep: 360 * MINUTE_MS,
    ...options.settings,
  };

  async function* watched(walk: AsyncGenerator<Page, Ending, void>): AsyncGenerator<Page, Ending, void> {
    try {
      for (;;) {
        const step = await walk.next();
        if (step.done === true) return step.value;
        if (step.value.unread !== undefined) unread.push(step.value.unread);
        yield step.value;
      }
    } finally {
      await walk.return({ kind: "present" });
    }
  }

  const position = (): unknown => JSON.parse(disk.streams.get(name)?.position ?? "null") ?? undefined;
  return {
    sent,
    unread,
    log,
    position,
    reachedMs: () => sourceDefinitions[source].reachedMs(position(), settings.look_back),
    skipped: () => leftOut,
    known: () => [...(disk.streams.get(name)?.ledger.values() ?? [])].flat().length,
    async poll({ kill, signal = never, onBatch } = {}) {
      const random = () => 0.5;
      const client = createSlackClient({
        http,
        token: { reveal: () => DEFAULT_TOKEN },
        apiUrl: "https://slack.test/api/",
        auditUrl: "https://slack.test/audit/v1/",
        userAgent: "slack-otel/test",
        clock,
        random,
        log: write,
      });
      const identity = await identifyToken(client, signal);
      if ("kind" in identity) throw new Error(identity.message);
      const stream = { name, source, ...(teamId === undefined ? {} : { teamId }) };
      const pages = createSource(stream, {
        settings,
        client,
        ...(options.own === undefined ? {} : { own: options.own }),
        resource: {},
        version: "0.0.0",
        startMs: options.startMs ?? (() => 0),
        pageSize: options.pageSize ?? 10,
        clock,
        random,
        log: write,
      });
      const { state } = await createMemoryStore({ disk }).claim(name, signal);
      let commits = 0;
      const deliver: Deliver = async function* (records) {
        await onBatch?.(records);
        sent.push(...records.map(toSent));
        yield { outcome: "accepted", records, rejected: 0 };
        return { kind: "settled" };
      };
      const ending = await drain(
        {
          source: { ...pages, pages: (...walk) => watched(pages.pages(...walk)) },
          state: {
            ...state,
            position: state.position,
            report: state.report,
            async commit(change) {
              commits += 1;
              if (kill?.at === commits && kill.when === "before") throw new Killed();
              await state.commit(change);
              if (kill?.at === commits) throw new Killed();
            },
          },
          deliver,
          limits: { maxRecords: 1_000_000, maxBytes: 1e9 },
          clock,
          events: {
            page: (_entries, _fresh, skipped = 0) => void (leftOut += skipped),
            receipt() {},
            refused() {},
            position() {},
          },
          patient: true,
        },
        signal,
      ).catch((error: unknown) => {
        if (error instanceof Killed) return "killed" as const;
        throw error;
      });
      if (ending !== "killed" && ending.kind === "refused") throw new Error("nothing refuses here");
      return ending;
    },
  };
}

/** A page, or an error's code, or `too_large` for an answer beyond all bounds. `next`: the cursor. */
export type ScriptedPage =
  | { readonly entries: readonly unknown[]; readonly next?: string; readonly paging?: object }
  | string;

/** A stream in front of a listing that goes by the test's own rule, on a clock that follows `startMs`. */
export function createScriptedBench(
  source: SourceName,
  answer: (request: SlackRequest, index: number) => ScriptedPage,
  options: Partial<BenchOptions> & { readonly nowMs: number },
): Bench & { readonly clock: VirtualClock; readonly requests: readonly SlackRequest[] } {
  const clock = createVirtualClock(options.nowMs);
  const requests: SlackRequest[] = [];
  const list = sourceDefinitions[source].endpoint.list ?? "";
  const { http } = createScriptedHttp((request) => {
    const headers = { date: new Date(clock.now()).toUTCString() };
    if (request.method === "auth.test") return { headers, body: { ok: true, team_id: "T1" } };
    requests.push(request);
    const page = answer(request, requests.length - 1);
    if (page === "too_large") return { kind: "failed", reason: "too_large", status: 200, message: "too large" };
    if (typeof page === "string") return { headers, body: { ok: false, error: page } };
    const { entries, next = "", paging } = page;
    return { headers, body: { ok: true, [list]: entries, paging, response_metadata: { next_cursor: next } } };
  }, clock);
  return { clock, requests, ...createBench(source, { http, clock, ...options }) };
}

/** As many rows as asked for, from where the cursor points. */
export function cutPage(rows: readonly unknown[], { cursor = "0", limit }: SlackRequest["params"]): ScriptedPage {
  const end = Number(cursor) + Number(limit);
  return { entries: rows.slice(Number(cursor), end), ...(end < rows.length ? { next: String(end) } : {}) };
}

function toSent({ uid, log }: LogRecord): Sent {
  return { uid, body: log.body, text: canonical(log.body), countDelta: log.attributes["slack.access.count_delta"] };
}
