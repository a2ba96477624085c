import type { Connection } from "./connections.ts";
import type { Clock, SourceName, Stream } from "./model.ts";
import { HALT_RETRY_MS } from "./pipeline/drain.ts";
import {
  identifyToken,
  listWorkspaces,
  sourcesByWorkspace,
  streamsOf,
  tellWorkspaces,
  type Identity,
  type Workspaces,
} from "./slack/workspace.ts";
import type { StreamOutcome } from "./streams.ts";
import type { Supervisor } from "./supervisor.ts";

/** Workspaces come and go: they are listed again this often. */
const DISCOVERY_MS = 10 * 60_000;
/** A token that was replaced is noticed within this time. */
const TOKEN_MS = 60_000;

export interface ConnectionRun {
  readonly connection: Connection;
  /** What the supervisor knows the connection by. */
  readonly owner: string;
  readonly sources: readonly SourceName[];
  /** Find the streams once and leave it at that. */
  readonly once: boolean;
  readonly supervisor: Supervisor<StreamOutcome>;
  readonly runStream: (
    stream: Stream,
    connection: Connection,
    identity: Identity,
    signal: AbortSignal,
  ) => Promise<StreamOutcome>;
  /** Told when the streams are known, and when the token was refused: each time. */
  readonly onAnswer: (streams: number | undefined) => void;
  readonly clock: Clock;
}

/**
 * Finds out whose token it is and which streams it has, and keeps the supervisor told while it runs. `once`: resolves as
 * soon as the streams are known, or the token is refused. Else it rejects with the signal's reason.
 */
export async function runConnection(options: ConnectionRun, signal: AbortSignal): Promise<"known" | "refused"> {
  const { connection, once, clock, onAnswer } = options;
  const { client, log } = connection;
  for (;;) {
    const identity = (await connection.rotation?.ready()) ?? (await identifyToken(client, signal));
    if ("kind" in identity) {
      const next = once ? "" : " It is asked again once a minute.";
      log("error", "token_refused", { error: identity.code, message: `${identity.message}${next}` });
      onAnswer(undefined);
      if (once) return "refused";
      await clock.sleep(HALT_RETRY_MS, signal);
      continue;
    }
    const version = client.tokenVersion();
    tell(identity, connection);
    const following = createFollowing(options, identity);
    onAnswer((await following.refresh(signal)).length);
    if (once) return "known";
    for (let sinceMs = clock.monotonic(); client.tokenVersion() === version;) {
      await clock.sleep(TOKEN_MS, signal);
      if (!following.hasWorkspaces() || clock.monotonic() - sinceMs < DISCOVERY_MS) continue;
      await following.refresh(signal);
      sinceMs = clock.monotonic();
    }
  }
}

/** One identity's streams. Slack's answers add to what has to be read workspace by workspace. */
function createFollowing(options: ConnectionRun, identity: Identity) {
  const { connection, owner, sources, supervisor } = options;
  const { client, settings, log } = connection;
  const refusedForAll = new Set<SourceName>();
  let workspaces: Workspaces | undefined;

  async function find(signal: AbortSignal): Promise<readonly string[]> {
    const [source] = sourcesByWorkspace(sources, identity, refusedForAll);
    if (source === undefined) return [];
    if (settings.workspaces !== "all") return settings.workspaces;
    const found = await listWorkspaces(client, signal);
    tellWorkspaces(found, workspaces, source, log);
    // What a listing that broke off does not show may be there all the same.
    const kept = found.code === undefined ? [] : (workspaces?.approved ?? []);
    workspaces = { ...found, approved: [...new Set([...found.approved, ...kept])] };
    return workspaces.approved;
  }

  async function refresh(signal: AbortSignal): Promise<readonly Stream[]> {
    const streams = streamsOf(sources, identity, await find(signal), refusedForAll);
    supervisor.assign(
      owner,
      streams.map((stream) => ({ name: stream.name, run: (streamSignal) => run(stream, streamSignal) })),
    );
    return streams;
  }

  async function run(stream: Stream, signal: AbortSignal): Promise<StreamOutcome> {
    const outcome = await options.runStream(stream, connection, identity, signal);
    if (outcome.result !== "needs_workspaces") return outcome;
    const { source } = stream;
    log("warn", "coverage_partial", {
      source,
      message: `Slack refuses ${source} for the whole organisation, so each workspace is read by itself; Slack shows only team-site and third-party-app access that way.`,
    });
    refusedForAll.add(source);
    try {
      const streams = await refresh(signal);
      if (streams.some((other) => other.source === source)) return outcome;
    } catch (error) {
      if (!signal.aborted || error !== signal.reason) throw error;
      return { ...outcome, result: "behind" };
    }
    // Nothing of this log was read: that is no success, whoever asked for it.
    return { ...outcome, stream: source, result: "failed" };
  }

  return { refresh, hasWorkspaces: () => workspaces !== undefined };
}

function tell(
  { teamId, enterpriseId, isOrganisation, userId, scopes, expiresInSeconds }: Identity,
  { log }: Connection,
) {
  log("info", "connected", {
    team: isOrganisation ? undefined : teamId,
    enterprise: enterpriseId ?? (isOrganisation ? teamId : undefined),
    user: userId,
    scopes: scopes?.join(" "),
    expires_in_seconds: expiresInSeconds,
  });
}
