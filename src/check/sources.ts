import type { Configuration } from "../config/schema.ts";
import type { ConnectionSettings } from "../config/slack-settings.ts";
import { SOURCE_NAMES, type Log, type SourceName, type Stream } from "../model.ts";
import type { SlackClient } from "../slack/client.ts";
import type { SourceDefinition } from "../slack/sources/definition.ts";
import { sourceDefinitions } from "../slack/sources/index.ts";
import { listWorkspaces, sourcesByWorkspace, streamsOf, tellWorkspaces, type Identity } from "../slack/workspace.ts";
import type { Ask } from "./ask.ts";
import type { Finding } from "./finding.ts";

export interface SourcesOptions {
  readonly configuration: Configuration;
  readonly settings: ConnectionSettings;
  readonly identity: Identity;
  readonly scopes: readonly string[] | undefined;
  readonly ask: Ask;
}

/** One entry of so many workspaces is read: each costs a call of a small quota. */
const WORKSPACES_READ = 3;

/** Each source that is configured: one entry of it is read, and what its polls cost is set against the quota. */
export async function checkSources(options: SourcesOptions, signal: AbortSignal): Promise<Finding[]> {
  const { configuration, identity } = options;
  const findings: Finding[] = [];
  const names = SOURCE_NAMES.filter((name) => configuration.sources[name] !== undefined);
  const streams = streamsOf(names, identity, await workspacesOf(options, names, findings, signal), new Set());
  const found = await Promise.all(
    names.map((name) =>
      checkSource(
        name,
        streams.filter(({ source }) => source === name),
        options,
        signal,
      ),
    ),
  );
  return [...findings, ...found.flat()];
}

async function workspacesOf(
  { settings, identity, ask }: SourcesOptions,
  names: readonly SourceName[],
  findings: Finding[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const [source] = sourcesByWorkspace(names, identity, new Set());
  if (source === undefined) return [];
  if (settings.workspaces !== "all") return settings.workspaces;
  const found = await listWorkspaces(clientOf(ask), signal);
  tellWorkspaces(found, undefined, source, workspaceFindings(findings));
  return found.approved;
}

async function checkSource(
  name: SourceName,
  streams: readonly Stream[],
  { configuration, scopes, ask }: SourcesOptions,
  signal: AbortSignal,
): Promise<Finding[]> {
  const settings = configuration.sources[name];
  if (settings === undefined) return [];
  const definition = sourceDefinitions[name];
  const endpoint = { ...definition.endpoint, callsPerMinute: settings.calls_per_minute };
  const findings: Finding[] = [];
  let read = 0;
  for (const stream of streams.slice(0, WORKSPACES_READ)) {
    const { answer } = await ask(endpoint, { ...definition.probe, team_id: stream.teamId }, signal);
    if (answer.kind === "ok") {
      read += 1;
      continue;
    }
    const subject = stream.teamId === undefined ? name : stream.name;
    if (answer.kind === "unanswered") findings.push(unanswered(subject, answer.code, definition));
    else findings.push(refused(subject, answer.code, settings.listed, scopes, definition));
  }
  if (read > 0) {
    const of = streams.length > 1 ? ` of ${read} of ${streams.length} workspaces` : "";
    const pace = `${callsText(streams.length, settings.interval)}, of ${definition.quota} that Slack allows`;
    findings.unshift({ id: "source", level: "ok", subject: name, what: `Read${of}. ${pace}.` });
  }
  return [...findings, ...quotaFindings(name, streams.length, settings, definition)];
}

function refused(
  subject: string,
  code: string,
  listed: boolean,
  scopes: readonly string[] | undefined,
  { scope, plan, remedy }: SourceDefinition,
): Finding {
  const isMissing = scopes !== undefined && !scopes.includes(scope);
  const lacks = isMissing ? ` The token lacks the scope ${scope}.` : "";
  const needs = `It needs the scope ${scope}${plan === "any" ? "" : ` and the plan ${plan}`}.`;
  return {
    id: "source",
    level: listed ? "fail" : "warn",
    subject,
    what: `Slack refuses it with ${code}.${lacks || ` ${needs}`}${listed ? "" : " It is left out: nothing else is."}`,
    remedy: listed ? remedy : `${remedy} Or name the sources to read in \`sources\`, and this is no longer looked at.`,
  };
}

function unanswered(subject: string, code: string, { method }: SourceDefinition): Finding {
  const isThrottled = code === "http_429" || code === "ratelimited" || code === "rate_limited";
  return {
    id: "source",
    level: isThrottled ? "warn" : "fail",
    subject,
    what: isThrottled
      ? `Slack has stopped ${method} for a while (${code}): its quota is used up.`
      : `${method} gives no usable answer: ${code}.`,
    remedy: isThrottled
      ? "Check again in a few minutes. If it stays so, something else of the same app reads this log: lower calls_per_minute."
      : "Check again; if it stays so, look at Slack's status page, and at any proxy in between.",
  };
}

/** What the polls cost at least: one call each. */
function quotaFindings(
  name: SourceName,
  streams: number,
  { interval, calls_per_minute }: { readonly interval: number; readonly calls_per_minute: number },
  { quota }: SourceDefinition,
): Finding[] {
  const calls = callsPerMinute(streams, interval);
  const allowed = Math.min(calls_per_minute, quota);
  const findings: Finding[] = [];
  if (calls > allowed) {
    const longer = Math.ceil((streams * 60) / allowed);
    findings.push({
      id: "quota",
      level: "warn",
      subject: name,
      what: `${callsText(streams, interval)}, but only ${allowed} may be made: polls come later than every ${interval / 1_000} s.`,
      remedy: `Set sources.${name}.interval to ${longer}s or more; nothing is lost either way, entries come later.`,
    });
  }
  if (calls_per_minute > quota) {
    findings.push({
      id: "quota",
      level: "warn",
      subject: name,
      what: `calls_per_minute is ${calls_per_minute}; Slack documents ${quota}.`,
      remedy: `Set sources.${name}.calls_per_minute to ${quota} or less: what is over it is answered with a wait.`,
    });
  }
  return findings;
}

function callsText(streams: number, intervalMs: number): string {
  const calls = callsPerMinute(streams, intervalMs);
  return `${calls < 10 ? calls.toFixed(1) : Math.round(calls)} calls a minute at least`;
}

function callsPerMinute(streams: number, intervalMs: number): number {
  return (streams * 60_000) / intervalMs;
}

/** What is told of workspaces on the way, as findings. */
function workspaceFindings(findings: Finding[]): Log {
  return (level, event, fields = {}) => {
    const subject = String(fields["source"] ?? "workspaces");
    const found = { id: "workspaces", level: level === "warn" ? "warn" : "ok", subject } as const;
    switch (event) {
      case "workspaces_not_listed":
        findings.push({
          ...found,
          what: `Slack does not list them (${String(fields["error"])}): only those listed so far are read.`,
          remedy: "Check again; if it stays so, install the app on the organisation.",
        });
        return;
      case "no_workspaces":
        findings.push({
          ...found,
          what: "No workspace has approved the app.",
          remedy: "Approve the app for each workspace whose integration log is wanted, in the organisation's settings.",
        });
        return;
      case "workspaces_not_approved":
        findings.push({
          ...found,
          what: `Not read, for they have not approved the app: ${String(fields["workspaces"])}.`,
          remedy: "Approve the app for them.",
        });
        return;
      default:
        findings.push({ ...found, what: String(fields["message"] ?? event) });
    }
  };
}

/** No answer is an answer here: it becomes a halt, with what came instead for its code. */
function clientOf(ask: Ask): SlackClient {
  const nothing: Disposable = { [Symbol.dispose]: () => undefined };
  return {
    async call(endpoint, params, signal) {
      const { answer } = await ask(endpoint, params, signal);
      if (answer.kind !== "unanswered") return answer;
      const message = `${endpoint.method} gives no usable answer: ${answer.code}`;
      return { kind: "halted", scope: "stream", reason: "stuck", code: answer.code, message };
    },
    now: () => Number.NaN,
    tokenVersion: () => 0,
    quota: { methods: () => [], poll: () => ({ ...nothing, reading: () => nothing }) },
  };
}
