import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Configuration } from "../config/schema.ts";
import { missingUntil } from "../coverage/coverage.ts";
import { parseDocument } from "../coverage/document.ts";
import { isoMs } from "../coverage/hole-record.ts";
import { HOLE_REASONS } from "../coverage/hole.ts";
import { SOURCE_NAMES, StateError, type StoredStream } from "../model.ts";
import { probeDeadLetters } from "../pipeline/dead-letters.ts";
import { sourceDefinitions } from "../slack/sources/index.ts";
import { describeState, probeState } from "../state/index.ts";
import { span } from "../telemetry/activity.ts";
import type { Finding } from "./finding.ts";

export interface StateChecked {
  readonly findings: readonly Finding[];
  /** How far each stream has come that has come to an end once, epoch milliseconds. */
  readonly reachedMs: readonly number[];
}

/** A stream of a running instance polls each few minutes; a CronJob comes by once an hour or once a day. */
const BEHIND_RUNNING_MS = 3_600_000;
const BEHIND_AT_REST_MS = 26 * 3_600_000;

/** Whether the state could be written, and what it says. It stays as it is. */
export async function checkState(
  { state, sources, start }: Configuration,
  nowMs: number,
  signal: AbortSignal,
): Promise<StateChecked> {
  const subject = describeState(state);
  try {
    const probed = await probeState(state, signal);
    if (probed.kind === "new") {
      const from = start.kind === "back" ? `${span(start.ms)} back` : "at `start`";
      const what = `There is none yet: the first run makes it, and begins ${from}.`;
      return { findings: [{ id: "state", level: "ok", subject, what }], reachedMs: [] };
    }
    const reached = probed.streams.flatMap(({ name, position }) => {
      const source = SOURCE_NAMES.find((source) => name.startsWith(`${source}/`));
      const lookBackMs = source === undefined ? undefined : sources[source]?.look_back;
      if (source === undefined || lookBackMs === undefined) return [];
      const reachedMs = sourceDefinitions[source].reachedMs(position, lookBackMs);
      return reachedMs === undefined || !Number.isFinite(reachedMs) ? [] : [{ name, reachedMs }];
    });
    const use = probed.kind === "in_use" ? "In use by a running instance" : "Sound, and can be written";
    const counted = probed.streams.length === 1 ? "1 stream" : `${probed.streams.length} streams`;
    return {
      findings: [
        { id: "state", level: "ok", subject, what: `${use}: ${counted}.` },
        ...ageFindings(reached, nowMs, probed.kind === "in_use"),
        ...holeFindings(probed.streams, nowMs),
      ],
      reachedMs: reached.map(({ reachedMs }) => reachedMs),
    };
  } catch (error) {
    return { findings: [{ id: "state", level: "fail", subject, ...problemOf(error) }], reachedMs: [] };
  }
}

/** Of each stream that misses something: how much, and the newest of it. */
function holeFindings(streams: readonly StoredStream[], nowMs: number): Finding[] {
  return streams.flatMap(({ name, report }): Finding[] => {
    const coverage = parseDocument(report, name)?.coverage;
    const holes = coverage === undefined ? [] : missingUntil(coverage, nowMs);
    const newest = holes.at(-1);
    if (newest === undefined) return [];
    const what = `${holes.length === 1 ? "1 time is" : `${holes.length} times are`} not delivered, the newest from ${isoMs(newest.fromMs)}: ${HOLE_REASONS[newest.reason]}.`;
    const remedy = "See slack-otel status; slack-otel backfill --holes reads what can still be had.";
    return [{ id: "state_holes", level: "warn", subject: name, what, remedy }];
  });
}

function ageFindings(
  reached: readonly { readonly name: string; readonly reachedMs: number }[],
  nowMs: number,
  isRunning: boolean,
): Finding[] {
  const oldest = reached.toSorted((a, b) => a.reachedMs - b.reachedMs)[0];
  if (oldest === undefined) return [];
  const ageMs = nowMs - oldest.reachedMs;
  const isLate = ageMs > (isRunning ? BEHIND_RUNNING_MS : BEHIND_AT_REST_MS);
  return [
    {
      id: "state_age",
      level: isLate ? "warn" : "ok",
      subject: oldest.name,
      what: `The furthest behind: everything until ${span(ageMs)} ago is delivered.`,
      ...(isLate
        ? {
            remedy: isRunning
              ? "Look at what the running instance says about this stream."
              : "Look why nothing has run since. The next run goes on from there, as far as Slack still shows it.",
          }
        : {}),
    },
  ];
}

/** Whether dead letters could be written, and whether some wait to be looked at. */
export async function checkDeadLetters(path: string): Promise<Finding> {
  const found = { id: "dead_letters", subject: path } as const;
  try {
    if (!(await isThere(path))) return { ...found, level: "ok", what: "None; the folder is made when there is one." };
    await probeDeadLetters(path);
    const files = (await readdir(path)).filter((name) => name.endsWith(".jsonl"));
    const texts = await Promise.all(files.map((name) => readFile(join(path, name))));
    const letters = texts.reduce((sum, text) => sum + text.filter((byte) => byte === NEWLINE).length, 0);
    if (letters === 0) return { ...found, level: "ok", what: "None; the folder can be written." };
    return {
      ...found,
      level: "warn",
      what: `${letters} ${letters === 1 ? "record" : "records"} that the destination did not take, in ${files.length} ${files.length === 1 ? "file" : "files"}.`,
      remedy: `Read the reason that stands in each line; mend it, then: slack-otel replay ${join(path, "*.jsonl")}`,
    };
  } catch (error) {
    return { ...found, level: "fail", ...problemOf(error) };
  }
}

const NEWLINE = 0x0a;

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return false;
      throw new StateError(`${path} cannot be looked at (${error.code ?? error.name}): make it readable.`);
    },
  );
}

/** A `StateError` says what is wrong and what to do. */
function problemOf(error: unknown): Pick<Finding, "what"> {
  if (!(error instanceof StateError)) throw error;
  return { what: error.message };
}
