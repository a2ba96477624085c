import type { Reply } from "../../src/simulation/call.ts";
import { factsOf, type MethodName } from "../../src/simulation/methods.ts";
import type { SimulatedSlack } from "../../src/simulation/slack.ts";

export const TOKEN = "xoxp-simulated-owner";
export const TEAM = "T0ACMEENG01";
export const OTHER_TEAM = "T0ACMEOPS01";

export interface AskOptions {
  /** `null`: none. */
  readonly token?: string | null;
  readonly verb?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Asked {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  // The tests say what they expect of it.
  readonly json: any;
}

type Params = Readonly<Record<string, string | number>>;

/** One call and its answer; a call without an answer throws. */
export function ask(slack: SimulatedSlack, method: MethodName, params: Params = {}, options: AskOptions = {}): Asked {
  const reply = askForReply(slack, method, params, options);
  if (reply.kind !== "answer") throw new Error(`no answer but ${reply.kind}`);
  const text = typeof reply.body === "string" ? reply.body : Buffer.from(reply.body).toString();
  return { status: reply.status, headers: reply.headers, text, json: parsed(text) };
}

export function askForReply(
  slack: SimulatedSlack,
  method: MethodName,
  params: Params = {},
  { token = TOKEN, verb = "GET", headers = {}, body = "" }: AskOptions = {},
): Reply {
  const query = new URLSearchParams(
    Object.entries(params).map(([name, value]): [string, string] => [name, String(value)]),
  ).toString();
  const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
  const url = `${factsOf(method).path}?${query}`;
  return slack.handle({ method: verb, url, headers: { ...authorization, ...headers }, body });
}

const LISTS = {
  "team.accessLogs": "logins",
  "admin.apps.activities.list": "activities",
  "audit.logs": "entries",
  "auth.teams.list": "teams",
  "admin.teams.list": "teams",
} as const;

/** Follows the cursors to the end: the list of each page. */
export function walk(slack: SimulatedSlack, method: keyof typeof LISTS, params: Params = {}): any[][] {
  const pages: any[][] = [];
  let cursor: string | undefined = "";
  do {
    const { json } = ask(slack, method, cursor === "" ? params : { ...params, cursor });
    if (json === undefined || json.error !== undefined) throw new Error(`${method}: ${json?.error}`);
    pages.push(json[LISTS[method]]);
    cursor = json.response_metadata?.next_cursor ?? "";
    if (pages.length > 10_000) throw new Error("the walk does not end");
  } while (cursor !== undefined && cursor !== "");
  return pages;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
