import { createHash } from "node:crypto";
import { describeActivity, span } from "./activity.ts";
import type { Readiness } from "./readiness.ts";
import type { StreamStatus } from "./stream-status.ts";

/** A stretch of a stream's time and what is known of it. */
export interface TimelineCell {
  readonly fromMs: number;
  readonly toMs: number;
  readonly kind: "covered" | "provisional" | "ahead" | "hole" | "before";
  /** Why it is missing, in words. */
  readonly reason?: string;
}

export interface PageStream {
  readonly status: StreamStatus;
  /** From old to new, all of the same time; empty while coverage is not known. */
  readonly cells: readonly TimelineCell[];
}

export interface PageOptions {
  readonly version: string;
  readonly readiness: Readiness;
  readonly streams: readonly PageStream[];
  /** Wall clock, epoch milliseconds. */
  readonly nowMs: number;
  readonly monotonicMs: number;
}

const REFRESH_S = 10;

const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --dim: #59636e; --ground: #fff; --line: #d8dee4;
  --good: #2da44e; --soft: #a7dcb6; --bad: #cf222e; --wait: #d4a72c; --none: #eaeef2; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --dim: #9198a1; --ground: #0d1117; --line: #30363d;
  --good: #2ea043; --soft: #1c5a2c; --bad: #f85149; --wait: #9e6a03; --none: #21262d; } }
body { margin: 0 auto; padding: 1rem; max-width: 70rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.45 system-ui, sans-serif; }
h1 { font-size: 1.25rem; margin: 0 0 .5rem; } h2 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
p { margin: .25rem 0; } small, .dim { color: var(--dim); font-size: .875rem; }
.badge { border-radius: .3rem; padding: .1rem .5rem; color: #fff; background: var(--good); }
.badge.bad { background: var(--bad); }
section { border-top: 1px solid var(--line); padding: .75rem 0; }
.row { display: flex; flex-wrap: wrap; gap: .1rem 1.25rem; align-items: baseline; }
.trouble { color: var(--bad); overflow-wrap: anywhere; }
svg { display: block; width: 100%; height: 1.25rem; margin-top: .5rem; border-radius: .2rem; background: var(--none); }
.covered { fill: var(--good); } .provisional { fill: var(--soft); } .hole { fill: var(--bad); }
.ahead { fill: var(--wait); } .before { fill: var(--none); }
.scale { display: flex; justify-content: space-between; }
.key { display: inline-block; width: .8rem; height: .8rem; border-radius: .15rem; margin-right: .3rem; }
.key.covered { background: var(--good); } .key.provisional { background: var(--soft); } .key.hole { background: var(--bad); }
.key.ahead { background: var(--wait); } .key.before { background: var(--none); }
ul { padding-left: 1.2rem; margin: .25rem 0; }
`;

/** What the page may load and run: its own style, known by its hash, and nothing else. There is no script. */
export const PAGE_POLICY = `default-src 'none'; img-src data:; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

const LEGEND = [
  ["covered", "delivered"],
  ["provisional", "delivered; late entries are still looked for"],
  ["ahead", "not read yet"],
  ["hole", "missing"],
  ["before", "before the start"],
] as const;

/** The page for a person: every stream, how far it has come, and what is missing. Complete in itself, without a script. */
export function renderPage({ version, readiness, streams, nowMs, monotonicMs }: PageOptions): string {
  const isReady = readiness.ready;
  const general = readiness.reasons.filter(({ stream }) => stream === undefined);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="${REFRESH_S}">
<title>slack-otel: ${isReady ? "ready" : "not ready"}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<h1>slack-otel <span class="badge${isReady ? "" : " bad"}" id="ready">${isReady ? "ready" : "not ready"}</span></h1>
<p class="dim">Version ${escape(version)}. As of <time datetime="${iso(nowMs)}">${iso(nowMs).slice(0, 19)}Z</time>; read again every ${REFRESH_S} s.</p>
${general.map(({ message }) => `<p class="trouble">${escape(message)}</p>\n`).join("")}<main>
${streams.map((stream) => sectionOf(stream, nowMs, monotonicMs)).join("")}</main>
<p class="row dim">${LEGEND.map(([kind, text]) => `<span><span class="key ${kind}"></span>${text}</span>`).join(" ")}</p>
<p class="dim">Also here: <a href="/readyz">/readyz</a>, <a href="/livez">/livez</a>, <a href="/metrics">/metrics</a>.</p>
</body>
</html>
`;
}

function sectionOf({ status, cells }: PageStream, nowMs: number, monotonicMs: number): string {
  const { name, activity, asking, delivered, deadLettered, reachedMs, fault } = status;
  const reached =
    reachedMs === undefined || !Number.isFinite(reachedMs)
      ? "not yet known how far"
      : `complete to <b>${span(nowMs - reachedMs)} ago</b>`;
  const letters =
    deadLettered === 0
      ? ""
      : `<span class="trouble">${deadLettered} dead letter${deadLettered === 1 ? "" : "s"}</span>`;
  const doing = escape(describeActivity(activity, asking, monotonicMs));
  return `<section>
<div class="row"><h2>${escape(name)}</h2><span>${reached}</span><span>${delivered} delivered</span>${letters}</div>
${fault === undefined ? `<p class="dim">${doing}</p>` : `<p class="trouble">${escape(fault.reason)}: ${escape(fault.message)}</p>`}
${timelineOf(name, cells)}</section>
`;
}

function timelineOf(name: string, cells: readonly TimelineCell[]): string {
  const [first, last] = [cells[0], cells.at(-1)];
  if (first === undefined || last === undefined) return "";
  const label = `${name} from ${iso(first.fromMs)} to ${iso(last.toMs)}`;
  const bars = runsOf(cells).map(({ kind, reason, from, to, fromMs, toMs }) => {
    const words = LEGEND.find(([known]) => known === kind)?.[1] ?? kind;
    const title = `${period(fromMs, toMs)}: ${reason ?? words}`;
    return `<rect class="${kind}" x="${from}" width="${to - from}" height="1"><title>${escape(title)}</title></rect>`;
  });
  const holes = runsOf(cells).filter(({ kind }) => kind === "hole");
  const list = holes.map(
    ({ fromMs, toMs, reason }) => `<li>${period(fromMs, toMs)}: ${escape(reason ?? "missing")}</li>`,
  );
  return `<svg viewBox="0 0 ${cells.length} 1" preserveAspectRatio="none" role="img" aria-label="${escape(label)}">${bars.join("")}</svg>
<div class="scale dim"><span>${span(last.toMs - first.fromMs)} ago</span><span>now</span></div>
${list.length === 0 ? "" : `<ul class="trouble">${list.join("")}</ul>`}`;
}

interface Run extends TimelineCell {
  readonly from: number;
  readonly to: number;
}

/** Neighbours of one kind and reason as one. */
function runsOf(cells: readonly TimelineCell[]): Run[] {
  const runs: Run[] = [];
  for (const [index, cell] of cells.entries()) {
    const before = runs.at(-1);
    if (before !== undefined && before.kind === cell.kind && before.reason === cell.reason) {
      runs[runs.length - 1] = { ...before, to: index + 1, toMs: cell.toMs };
    } else runs.push({ ...cell, from: index, to: index + 1 });
  }
  return runs;
}

/** `2026-11-01 09:00 to 11:00 UTC` */
function period(fromMs: number, toMs: number): string {
  const [from, to] = [iso(fromMs).slice(0, 16), iso(toMs).slice(0, 16)].map((text) => text.replace("T", " "));
  const day = from?.slice(0, 10) ?? "";
  return `${from} to ${to?.startsWith(day) === true ? to.slice(11) : to} UTC`;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Slack's and a receiver's words are text, whatever they hold. */
function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}
