import type { Http, HttpAnswer, HttpFailure } from "../../src/http.ts";
import type { Clock, Log } from "../../src/model.ts";
import { createSlackClient, type SlackClient, type SlackClientOptions } from "../../src/slack/client.ts";
import type { LogLine } from "./destination.ts";
import { createVirtualClock, type VirtualClock } from "./virtual-clock.ts";

/** A request as Slack would read it. */
export interface SlackRequest {
  /** `team.accessLogs`; of the Audit Logs API `logs`. */
  readonly method: string;
  readonly verb: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** From the query and from the body. */
  readonly params: Readonly<Record<string, string>>;
  /** The clock's monotonic milliseconds. */
  readonly atMs: number;
}

/** `hang`: nothing comes until the caller's time is up. */
export type ScriptedAnswer =
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      /** A text goes as it is, anything else as JSON. */
      readonly body?: unknown;
    }
  | HttpFailure
  | "hang";

export interface ScriptedSlack {
  readonly client: SlackClient;
  readonly clock: VirtualClock;
  readonly requests: readonly SlackRequest[];
  readonly log: readonly LogLine[];
}

type Answering = (request: SlackRequest, index: number) => ScriptedAnswer | Promise<ScriptedAnswer>;

/** A Slack that says what it is told to say. No sockets. */
export function createScriptedHttp(
  answer: Answering,
  clock: VirtualClock,
): { readonly http: Http; readonly requests: readonly SlackRequest[] } {
  const requests: SlackRequest[] = [];
  return {
    requests,
    async http({ method: verb, url, headers, body, timeoutMs }, signal) {
      signal.throwIfAborted();
      const { pathname, searchParams } = new URL(url);
      const sent = body?.toString();
      const request: SlackRequest = {
        method: pathname.slice(pathname.lastIndexOf("/") + 1),
        verb,
        url,
        headers,
        body: sent,
        params: Object.fromEntries([...searchParams, ...new URLSearchParams(sent)]),
        atMs: clock.monotonic(),
      };
      requests.push(request);
      return toAnswer(await answer(request, requests.length - 1), timeoutMs, clock, signal);
    },
  };
}

/** The real client in front of it. */
export function createScriptedSlack(
  answer: Answering,
  options: Partial<SlackClientOptions> & { readonly clock?: VirtualClock } = {},
): ScriptedSlack {
  const clock = options.clock ?? createVirtualClock();
  const { http, requests } = createScriptedHttp(answer, clock);
  const log: LogLine[] = [];
  const write: Log = (level, event, fields) => void log.push({ level, event, fields });
  const client = createSlackClient({
    http,
    token: { reveal: () => "xoxp-1" },
    apiUrl: "https://slack.test/api/",
    auditUrl: "https://audit.test/audit/v1/",
    userAgent: "slack-otel/test",
    clock,
    random: () => 0.5,
    log: write,
    ...options,
  });
  return { client, clock, requests, log };
}

async function toAnswer(
  answer: ScriptedAnswer,
  timeoutMs: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<HttpAnswer | HttpFailure> {
  if (answer === "hang") {
    await clock.sleep(timeoutMs, signal);
    return { kind: "failed", reason: "timeout", message: `no complete answer within ${timeoutMs / 1000} s` };
  }
  if ("kind" in answer) return answer;
  const { status = 200, headers = {}, body = "" } = answer;
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { kind: "answer", status, headers, body: Buffer.from(text) };
}
