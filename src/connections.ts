import { basename } from "node:path";
import type { Files, ListFiles } from "./config/files.ts";
import { readKey } from "./config/encryption-key.ts";
import { secretFromFile, type Fault } from "./config/references.ts";
import type { ConnectionSettings } from "./config/slack-settings.ts";
import type { Http } from "./http.ts";
import type { Clock, Log, Notes, Secret, Throttles } from "./model.ts";
import { createSlackClient, type SlackClient } from "./slack/client.ts";
import { retryInWords } from "./slack/errors.ts";
import { createRotation, type Rotation, type RotationOptions } from "./slack/rotation.ts";
import { createSeal } from "./slack/seal.ts";
import { borrowTokens } from "./slack/stored-tokens.ts";

/** What the program calls itself to Slack. */
export const PROGRAM = "slack-otel";

/** One token and what is done with it: a place to read logs from. */
export interface Connection {
  /** As the configuration or the token's file names it; absent where there is one connection and it has no name. */
  readonly name?: string;
  readonly settings: ConnectionSettings;
  readonly client: SlackClient;
  /** Renews its token; absent where that does not expire. */
  readonly rotation?: Rotation;
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
  /** Where tokens that rotate are kept, and renewed; with `read` alone they are used as they are found there. */
  readonly notes: Notes | Pick<Notes, "read">;
  /** What Slack has stopped, as other programs with the same connections know it. */
  readonly throttles?: Throttles;
}

/** A connection whose name is known, and its token, but for one with rotation. */
export interface Opening {
  readonly name?: string;
  readonly settings: ConnectionSettings;
  readonly token?: Secret;
  /** The file with the token, where it was found by a pattern. */
  readonly path?: string;
}

/** A file that holds no usable token. */
export interface FileFault extends Fault {
  readonly path: string;
}

/** The connections of the configuration, those of files as they are at this moment; what is `known` is not read again. */
export function openingsOf(
  settings: readonly ConnectionSettings[],
  files: Files,
  listFiles: ListFiles,
  known: (path: string) => Opening | undefined = () => undefined,
): { readonly openings: readonly Opening[]; readonly faults: readonly FileFault[] } {
  const openings: Opening[] = [];
  const faults: FileFault[] = [];
  for (const one of settings) {
    const { name, token, token_files } = one;
    if (token_files === undefined)
      openings.push({
        settings: one,
        ...(token === undefined ? {} : { token }),
        ...(name === undefined ? {} : { name }),
      });
    for (const path of token_files === undefined ? [] : listFiles(token_files)) {
      const before = known(path);
      if (before !== undefined) {
        openings.push(before);
        continue;
      }
      const secret = secretFromFile(path, files);
      if ("problem" in secret) faults.push({ path, ...secret });
      else openings.push({ name: basename(path), path, settings: one, token: secret });
    }
  }
  return { openings, faults };
}

/** Makes a connection; nothing is asked of Slack yet. The signal ends what goes on beside its calls. */
export function createConnection(
  { name, settings, ...opening }: Opening,
  options: ConnectionOptions,
  signal: AbortSignal,
): Connection {
  const { http, version, clock, random } = options;
  const log = damping(
    name === undefined
      ? options.log
      : (level, event, fields) => options.log(level, event, { connection: name, ...fields }),
    clock,
  );
  const shared = { http, apiUrl: settings.api_url, userAgent: userAgentOf(version), clock, random, log };
  const rotation =
    settings.rotation === undefined ? undefined : rotating(settings.rotation, options.notes, shared, signal);
  const token = rotation?.token ?? opening.token;
  if (token === undefined) throw new Error("a connection without a token");
  const client = createSlackClient({
    ...shared,
    token,
    ...(rotation === undefined ? {} : { renew: rotation.renew }),
    ...(options.throttles === undefined ? {} : { throttles: ofConnection(name, options.throttles) }),
    auditUrl: settings.audit_url,
  });
  return {
    ...(name === undefined ? {} : { name }),
    ...(rotation === undefined ? {} : { rotation }),
    settings,
    client,
    log,
  };
}

/** Each connection has a quota of its own. */
function ofConnection(name: string | undefined, { stop, leftMs }: Throttles): Throttles {
  const placeOf = (place: string) => `${name ?? ""}/${place}`;
  return { stop: (place, forMs) => stop(placeOf(place), forMs), leftMs: (place) => leftMs(placeOf(place)) };
}

type RotationSettings = NonNullable<ConnectionSettings["rotation"]>;
type Shared = Pick<RotationOptions, "http" | "apiUrl" | "userAgent" | "clock" | "random" | "log">;

function rotating(
  settings: RotationSettings,
  notes: ConnectionOptions["notes"],
  shared: Shared,
  signal: AbortSignal,
): Rotation {
  if (!("write" in notes)) return borrowing(settings, notes, shared.clock);
  return createRotation({ ...shared, ...secretsOf(settings), clientSecret: settings.client_secret, notes, signal });
}

/** The tokens that `run` keeps for a connection with rotation. */
export function borrowing(settings: RotationSettings, notes: Pick<Notes, "read">, clock: Clock): Rotation {
  return borrowTokens({ ...secretsOf(settings), notes, clock });
}

function secretsOf({ client_id, refresh_token, encryption_key }: RotationSettings) {
  const key = readKey(encryption_key.reveal());
  if (key === undefined) throw new Error("an encryption key that was checked before");
  return { clientId: client_id, refreshToken: refresh_token, seal: createSeal(key) };
}

/** A long outage is told at its start and then no more often than this. */
const REPEAT_MS = 10 * 60_000;

/** Tells every retry for the same reason once in a while only, in words; how many were left out is told with the next one. */
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
    const untold = last === undefined || last.untold === 0 ? undefined : last.untold;
    log(level, event, { ...fields, untold, message: retryInWords(String(fields["error"])) });
  };
}

/** Names the program, its version and what it is, so that whoever reads Slack's logs knows whose calls these are. */
export function userAgentOf(version: string): string {
  return `${PROGRAM}/${version} (forwards Slack's logs to OpenTelemetry)`;
}
