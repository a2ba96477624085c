import { checkCertificates } from "./check/certificates.ts";
import { createAsk } from "./check/ask.ts";
import { checkDestination, sendTestRecord } from "./check/destination.ts";
import { exitCodeOf, type Finding } from "./check/finding.ts";
import { checkLimits } from "./check/limits.ts";
import { checkSources } from "./check/sources.ts";
import { checkDeadLetters, checkState } from "./check/state.ts";
import { checkToken } from "./check/token.ts";
import { listNodeFiles, nodeFiles } from "./config/files.ts";
import type { LoadedConfiguration } from "./config/load.ts";
import type { Configuration } from "./config/schema.ts";
import { borrowing, openingsOf, userAgentOf } from "./connections.ts";
import { SettingsError } from "./destinations/destination-kind.ts";
import type { ExitCode } from "./explain.ts";
import type { ShownCertificate } from "./http.ts";
import { type Halt, type Secret, StateError } from "./model.ts";
import { createDestination, type RunOptions } from "./run.ts";
import { readNote } from "./state/index.ts";

export interface CheckOptions extends Omit<RunOptions, "configuration" | "once" | "log" | "onStream"> {
  readonly loaded: LoadedConfiguration;
  /** Send a marked record to the destination as well. */
  readonly send: boolean;
}

export interface CheckResult {
  readonly findings: readonly Finding[];
  readonly exitCode: ExitCode;
}

/**
 * Whether `run` would work, looked at from both ends. Nothing is moved: no position, no entry, and no record but the
 * marked one when it is asked for. Rejects only with the signal's reason, or for a defect.
 */
export async function check({ loaded, ...options }: CheckOptions, signal: AbortSignal): Promise<CheckResult> {
  if (!loaded.ok) {
    const findings = loaded.errors.map((error): Finding => ({
      id: "configuration",
      level: "fail",
      subject: [error.where, error.key].filter((part) => part !== "").join(": "),
      what: sentence(error.problem),
      remedy: sentence(error.remedy),
    }));
    return { findings, exitCode: exitCodeOf(findings) };
  }
  const { configuration, warnings } = loaded;
  const shown: ShownCertificate[] = [];
  const findings: Finding[] = [
    { id: "configuration", level: "ok", subject: "configuration", what: summaryOf(configuration) },
    ...warnings.map((what): Finding => ({
      id: "configuration_warning",
      level: "warn",
      subject: "configuration",
      what: sentence(what),
    })),
  ];
  const looking = {
    ...options,
    configuration,
    createHttp: (http: Parameters<RunOptions["createHttp"]>[0]) =>
      options.createHttp({ ...http, onCertificate: (certificate) => void shown.push(certificate) }),
  };
  const [slack, state, letters] = await Promise.all([
    checkSlack(looking, signal),
    checkState(configuration, options.clock.now(), signal),
    checkDeadLetters(configuration.dead_letters.path),
  ]);
  const destination = await checkDelivery(looking, state.reachedMs, signal);
  const certificates = await checkCertificates(shown, certificateFiles(configuration), options.clock.now());
  findings.push(...slack, ...destination, ...certificates, ...state.findings, letters);
  return { findings, exitCode: exitCodeOf(findings) };
}

type Looking = Omit<CheckOptions, "loaded"> & { readonly configuration: Configuration };

async function checkSlack(options: Looking, signal: AbortSignal): Promise<readonly Finding[]> {
  const { configuration, version, clock, random, proxy } = options;
  const slack = options.createHttp(proxy === undefined ? {} : { proxy });
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => slack.close());
  const { openings, faults } = openingsOf(configuration.slack, nodeFiles, listNodeFiles);
  const unreadable = faults.map(({ path, problem, remedy }): Finding => ({
    id: "token",
    level: "fail",
    subject: path,
    what: sentence(problem),
    remedy: sentence(remedy),
  }));
  if (openings.length === 0 && faults.length === 0) unreadable.push(noTokens(configuration));
  const findings = await Promise.all(
    openings.map(async (opening) => {
      const { settings, token, name } = opening;
      const subject = opening.path ?? (name === undefined ? "slack.token" : `slack: ${name}`);
      const notes = { read: (note: string) => readNote(configuration.state, note) };
      const kept = settings.rotation === undefined ? undefined : borrowing(settings.rotation, notes, clock);
      // A state that cannot be read is told where the state is looked at.
      const halt = await kept?.ready().catch(unlessUnreadable);
      if (halt !== undefined) return [notTried(subject, halt)];
      const ask = createAsk({
        http: slack.http,
        token: kept?.token ?? (token as Secret),
        apiUrl: settings.api_url,
        auditUrl: settings.audit_url,
        userAgent: userAgentOf(version),
        clock,
        random,
      });
      const { findings, identity, scopes } = await checkToken({ subject, ask, isRenewed: kept !== undefined }, signal);
      if (identity === undefined) return findings;
      return [...findings, ...(await checkSources({ configuration, settings, identity, scopes, ask }, signal))];
    }),
  );
  return [...unreadable, ...findings.flat()];
}

/** A refresh token works once: what `run` has stored is used, and never used up, by looking. */
function notTried(subject: string, { code, message }: Pick<Halt, "code" | "message">): Finding {
  const level = code === "tokens_unreadable" ? "fail" : "warn";
  return { id: "token", level, subject, what: message, remedy: "Look at what `run` says: token_refreshed, connected." };
}

function unlessUnreadable(error: unknown): Pick<Halt, "code" | "message"> {
  if (!(error instanceof StateError)) throw error;
  return { code: "state", message: "Not tried: its token is kept in the state, which cannot be read." };
}

function noTokens({ slack }: Configuration): Finding {
  const subject = slack.flatMap(({ token_files }) => token_files ?? []).join(" ");
  return { id: "token", level: "fail", subject, what: "No file with a token is there.", remedy: "Put one there." };
}

async function checkDelivery(
  options: Looking,
  reachedMs: readonly number[],
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  await using cleanup = new AsyncDisposableStack();
  try {
    const destination = await createDestination({ ...options, once: true, log: () => undefined });
    cleanup.defer(() => destination.close());
    const findings = [
      await checkDestination(destination, signal),
      ...checkLimits({ ...options, destination, reachedMs }),
    ];
    if (options.send) findings.push(await sendTestRecord({ ...options, destination }, signal));
    return findings;
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return [{ id: "configuration", level: "fail", subject: error.key, what: sentence(error.message) }];
  }
}

function summaryOf({ sources, destination, start }: Configuration): string {
  const listed = Object.entries(sources).map(([name]) => name);
  const from = start.kind === "at" ? new Date(start.epochMs).toISOString() : start.kind;
  return `Sources ${listed.join(", ")}; destination ${destination.name}; start ${start.kind === "back" ? `${start.ms / 3_600_000} h back` : from}.`;
}

function certificateFiles({ destination: { settings } }: Configuration): string[] {
  return ["certificate", "client_certificate"].flatMap((key) => {
    const file = (settings as Readonly<Record<string, unknown>>)[key];
    return typeof file === "string" ? [file] : [];
  });
}

/** Begins large and ends in a full stop. */
function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}
