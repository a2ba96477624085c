import { basename } from "node:path";
import type { Files, ListFiles } from "./config/files.ts";
import { secretFromFile, type Fault } from "./config/references.ts";
import type { ConnectionSettings } from "./config/slack-settings.ts";
import type { Http } from "./http.ts";
import type { Clock, Log, Secret } from "./model.ts";
import { createSlackClient, type SlackClient } from "./slack/client.ts";

/** What the program calls itself to Slack. */
export const PROGRAM = "slack-otel";

/** One token and what is done with it: a place to read logs from. */
export interface Connection {
  /** As the configuration or the token's file names it; absent where there is one connection and it has no name. */
  readonly name?: string;
  readonly settings: ConnectionSettings;
  readonly client: SlackClient;
  /** Names the connection in every line. */
  readonly log: Log;
}

export interface ConnectionOptions {
  readonly http: Http;
  readonly version: string;
  readonly clock: Clock;
  /** 0 inclusive to 1 exclusive. */
  readonly random: () => number;
  readonly log: Log;
}

/** A connection whose name and token are known. */
export interface Opening {
  readonly name?: string;
  readonly settings: ConnectionSettings;
  readonly token: Secret;
  /** The file with the token, where it was found by a pattern. */
  readonly path?: string;
}

/** A file that holds no usable token. */
export interface FileFault extends Fault {
  readonly path: string;
}

/** The connections of the configuration, those of files as they are at this moment. */
export function openingsOf(
  settings: readonly ConnectionSettings[],
  files: Files,
  listFiles: ListFiles,
): { readonly openings: readonly Opening[]; readonly faults: readonly FileFault[] } {
  const openings: Opening[] = [];
  const faults: FileFault[] = [];
  for (const one of settings) {
    const { name, token, token_files } = one;
    if (token !== undefined) openings.push({ settings: one, token, ...(name === undefined ? {} : { name }) });
    for (const path of token_files === undefined ? [] : listFiles(token_files)) {
      const secret = secretFromFile(path, files);
      if ("problem" in secret) faults.push({ path, ...secret });
      else openings.push({ name: basename(path), path, settings: one, token: secret });
    }
  }
  return { openings, faults };
}

/** Makes a connection; nothing is asked of Slack yet. */
export function createConnection({ name, settings, token }: Opening, options: ConnectionOptions): Connection {
  const { http, version, clock, random } = options;
  const log = damping(
    name === undefined
      ? options.log
      : (level, event, fields) => options.log(level, event, { connection: name, ...fields }),
    clock,
  );
  const client = createSlackClient({
    http,
    token,
    apiUrl: settings.api_url,
    auditUrl: settings.audit_url,
    userAgent: userAgentOf(version),
    clock,
    random,
    log,
  });
  return { ...(name === undefined ? {} : { name }), settings, client, log };
}

/** A long outage is told at its start and then no more often than this. */
const REPEAT_MS = 10 * 60_000;

/** Tells every retry for the same reason once in a while only; how many were left out is told with the next one. */
function damping(log: Log, clock: Clock): Log {
  const told = new Map<string, { readonly atMs: number; untold: number }>();
  return (level, event, fields = {}) => {
    if (event !== "slack_retry") return log(level, event, fields);
    const key = `${fields["method"]} ${fields["error"]}`;
    const last = told.get(key);
    const now = clock.monotonic();
    if (last !== undefined && now - last.atMs < REPEAT_MS) {
      last.untold += 1;
      return;
    }
    told.set(key, { atMs: now, untold: 0 });
    log(level, event, { ...fields, untold: last === undefined || last.untold === 0 ? undefined : last.untold });
  };
}

/** Names the program, its version and what it is, so that whoever reads Slack's logs knows whose calls these are. */
export function userAgentOf(version: string): string {
  return `${PROGRAM}/${version} (forwards Slack's logs to OpenTelemetry)`;
}
