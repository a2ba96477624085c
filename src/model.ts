/**
 * The words that both sides share, and the contract between them.
 *
 * Data goes one way: source → page → batch → destination → position.
 *
 * Delivery contract:
 * 1. A source yields pages in the order in which they must be settled. It is asked for the next page only after
 *    every record of the page before was accepted or dead-lettered, and the page's position was stored.
 * 2. Sending settles records: `accepted` is the receiver's own yes; a dead letter is on disk and synced. Only then
 *    are their identities stored, in the same transaction as the position that the page's end allows.
 * 3. A position therefore never covers a record that was not settled. After a crash the page is read again, and
 *    what the ledger of identities knows is not sent again.
 * 4. What is expected (a throttle, a refusal, an expired cursor) is a value. What throws is a defect, or a state
 *    store that cannot be written, and ends the program.
 */
import type { ReadableLogRecord } from "@opentelemetry/sdk-logs";

/** The four logs, by their name in the configuration. */
export const SOURCE_NAMES = ["access_logs", "integration_logs", "app_activities", "audit_logs"] as const;
export type SourceName = (typeof SOURCE_NAMES)[number];

/** One source of one workspace or organisation. */
export interface Stream {
  /** `<source>/<team or enterprise id>`, e.g. `access_logs/T0123`. Part of every uid, so it never changes. */
  readonly name: string;
  readonly source: SourceName;
  /** The workspace id sent as `team_id`, where the method must be told. */
  readonly teamId?: string;
}

/**
 * What makes an entry the same entry when it is met again. All texts are 32 lower-case hex digits.
 * A source whose entries never change uses `key` alone, with an empty `version`.
 */
export interface Identity {
  readonly key: string;
  readonly version: string;
  /** `team.accessLogs` only: the row's `count` in this version. */
  readonly count?: number;
  /** `team.accessLogs` only: the row's `date_last` in this version, epoch seconds. */
  readonly lastSeconds?: number;
  /**
   * What decides how long the identity is kept: identities with a mark below `Page.forgetBelow` are dropped. Its unit
   * is the source's own (an entry's time, or the number of a sweep).
   */
  readonly mark: number;
}

/** How the values of a JSON text nest. Its scalars are slots, numbered as they stand in the text. */
export type Outline =
  /** `isText`: a string; else a whole number that a double holds, a boolean or null. */
  | { readonly kind: "slot"; readonly slot: number; readonly isText: boolean }
  | { readonly kind: "list"; readonly items: readonly Outline[] }
  | { readonly kind: "map"; readonly members: readonly (readonly [key: string, value: Outline])[] };

/** An attribute whose value is a text: here, or what stands in a slot of the entry. */
export type TextAttribute =
  | { readonly name: string; readonly text: string }
  | { readonly name: string; readonly slot: number };

/** A record whose entry is still the text it came in, for encoders that can do without making objects of it. */
export interface LogText {
  /** What the slots are ranges of: first the answer, in UTF-8, then strings that had escapes in it, without them. */
  readonly bytes: Buffer;
  readonly unescaped: Buffer;
  /** Where each slot begins and where it ends; those of this entry from `firstSlot` on, two numbers each. */
  readonly slots: Int32Array;
  readonly firstSlot: number;
  /** One object for all entries that have the same keys. */
  readonly outline: Outline;
  /** The attribute `log.record.uid`, which stands before the others. */
  readonly uid: string;
  readonly attributes: readonly TextAttribute[];
  /** The rest of what goes out. */
  readonly head: Omit<ReadableLogRecord, "body" | "attributes">;
}

/** The buffer of the two that holds this place. */
export function holderOf({ bytes, unescaped }: Pick<LogText, "bytes" | "unescaped">, place: number): Buffer {
  return place < bytes.length ? bytes : unescaped;
}

/** Where in the buffer that holds it the place is. */
export function offsetOf({ bytes }: Pick<LogText, "bytes">, place: number): number {
  return place < bytes.length ? place : place - bytes.length;
}

/** One entry, mapped and safe for every receiver, with what the ledger has to remember once it is settled. */
export interface LogRecord {
  /** `log.record.uid`: 32 hex digits, the same on every run and every machine. */
  readonly uid: string;
  readonly identity: Identity;
  /**
   * What goes out. `resource` and `instrumentationScope` are one object per stream: encoders group by identity. May be
   * made at each look.
   */
  readonly log: ReadableLogRecord;
  /** The same as `log`, if the entry was not looked at closely. Goes when another log is set: see `withLog`. */
  readonly text?: LogText;
  /** About how many bytes the record takes in a request before compression. */
  readonly sizeBytes: number;
}

/** The same entry with something else going out for it. */
export function withLog({ uid, identity, sizeBytes }: LogRecord, log: ReadableLogRecord): LogRecord {
  return { uid, identity, log, sizeBytes };
}

/** What one call to Slack brought, less what the ledger knows already. */
export interface Page {
  readonly records: readonly LogRecord[];
  /** Identities to store although nothing is sent for them: rows older than `start`, and known rows seen again. */
  readonly remember: readonly Identity[];
  /** Where the stream is read on from once this page is settled. Opaque to everything but its source; JSON. */
  readonly position: unknown;
  /** Identities with a lower mark may be dropped once this page is settled: they cannot be read again. */
  readonly forgetBelow?: number;
  /** Times of which nothing could be read, and why; what was delivered of them before still counts. Epoch milliseconds. */
  readonly unread?: { readonly fromMs: number; readonly toMs: number; readonly reason: "page_ceiling" | "retention" };
  /** How many entries Slack showed in this answer, known ones included. */
  readonly entries: number;
  /** How many new ones are left out because the configuration says so: they are remembered and not sent. */
  readonly skipped?: number;
}

/**
 * Why a walk stopped before the present. `stream`: only this stream; `workspace`: the same, and for a reason that lies in
 * its workspace, where those of others go on; `token`: every stream of the token.
 */
export interface Halt {
  readonly kind: "halted";
  readonly scope: "stream" | "workspace" | "token";
  /** `unavailable`: a right, a scope or a plan is missing, so a source nobody asked for by name may be left out. */
  readonly reason: "unavailable" | "credentials" | "configuration" | "stuck";
  /** Slack's error code, or our own word. */
  readonly code: string;
  /** What happened and what to do, for a person. Holds no secret and no entry content. */
  readonly message: string;
}
export type Ending = { readonly kind: "present" } | Halt;

/** Looks identities up in the ledger: for each key that is known, its versions. */
export type Lookup = (keys: readonly string[]) => Promise<ReadonlyMap<string, readonly Identity[]>>;

export interface Source {
  readonly stream: Stream;
  /** Milliseconds between the starts of two polls. */
  readonly intervalMs: number;
  /**
   * Walks from the stored position (`undefined`: the first run) to the present. Ends by returning; throws only the
   * signal's reason, or a defect.
   */
  pages(from: unknown, known: Lookup, signal: AbortSignal): AsyncGenerator<Page, Ending, void>;
  /** Up to when a position says that everything is delivered, epoch milliseconds; unknown before the first walk's end. */
  reachedMs(position: unknown): number | undefined;
}

/** Why something was refused or has to be retried; for logs and dead letters. Holds no secret and no entry content. */
export interface Cause {
  readonly message: string;
  /** The HTTP status, where there was an answer. */
  readonly statusCode?: number;
}

type Verdict =
  /** `rejected` counts records of an OTLP partial success: nobody says which. */
  | { readonly status: "accepted"; readonly rejected: number; readonly message?: string }
  /**
   * The content is at fault. `too_old`: the receiver would not keep it, which is known without asking. `too_large`: fewer records may pass (HTTP 413, or a size limit known beforehand).
   * `server_error`: the same batch failed again and again, which may yet be an outage. `at`: the records before it
   * were taken, and this one is the culprit.
   */
  | {
      readonly status: "refused";
      readonly fault: "payload";
      readonly reason: "rejected" | "too_large" | "too_old" | "server_error";
      readonly at?: number;
      readonly cause: Cause;
    }
  | { readonly status: "refused"; readonly fault: "credentials" | "configuration"; readonly cause: Cause };

/** `taken`: the first `count` of the records are in; the others may be sent after `waitMs`, for nobody looked at them. */
export type Settled = Verdict | { readonly status: "taken"; readonly count: number; readonly waitMs: number };

/**
 * `taken`: so many records at the head were taken all the same, and not all of them. `afterMs`: the receiver's own wish
 * (Retry-After), as it came. `escalate`: what five such answers in a row mean (`payload` for HTTP 500, `configuration`
 * for a 2xx that is not the receiver's).
 */
export type Attempt =
  | Verdict
  | {
      readonly status: "retry";
      readonly taken?: number;
      readonly afterMs?: number;
      readonly escalate?: "payload" | "configuration";
      readonly cause: Cause;
    };

/** Sends records in one request. Rejects only with the signal's reason, or for a defect. */
export type Send<R> = (records: readonly LogRecord[], signal: AbortSignal) => Promise<R>;

export interface Destination {
  /** Its name in the configuration. */
  readonly name: string;
  /** Where it sends to, without secrets, for people. */
  readonly description: string;
  /** The receiver's own limits, where they are smaller than the configured batch. Bytes before compression. */
  readonly limits: {
    readonly maxRecords?: number;
    readonly maxBytes?: number;
    /** How old a record may be for the receiver to keep it, milliseconds. */
    readonly maxAgeMs?: number;
  };
  readonly send: Send<Attempt>;
  /**
   * Asks without a record whether the receiver is there and takes the credentials, in one request where it is reached
   * by one. Leaves nothing behind. A refusal for its payload means that only the empty request was not to its liking.
   */
  probe(signal: AbortSignal): Promise<Attempt>;
  close(): Promise<void>;
}

/** One transaction. Everything in it is durable when `commit` resolves, or none of it is. */
export interface Commit {
  /** Upserted: a known identity gets the higher of both marks. */
  readonly remember: readonly Identity[];
  /** Absent: the position stays. */
  readonly position?: unknown;
  readonly forgetBelow?: number;
  /** Absent: the report stays. What `status` tells of the stream; opaque to the store, replaced as a whole; JSON. */
  readonly report?: unknown;
}

export interface StreamState {
  /** `undefined` on the first run. */
  readonly position: unknown;
  /** `undefined` until the first is stored. */
  readonly report: unknown;
  readonly known: Lookup;
  /** Rejects with a `StateError`, or with the reason of `Claim.lost`; after either nothing may be sent any more. */
  commit(change: Commit): Promise<void>;
}

/**
 * The right to read a stream, which one holder has at a time, among all that use the state. Disposing of it gives the
 * stream to whoever waits for it; what is asked of its state afterwards is refused.
 */
export interface Claim extends AsyncDisposable {
  readonly state: StreamState;
  /**
   * Aborted when another has, or may have, the stream: whatever is under way must end at once, the attempt in flight
   * included, and nothing more can be committed. Read from the claim it is as of that moment, even after a pause of the
   * whole program. A file is never lost to another.
   */
  readonly lost: AbortSignal;
  /** Aborted when another waits for its share of the streams: end as for a stop, and give the stream back. */
  readonly handOver: AbortSignal;
}

/** Small texts that belong to no stream, e.g. the sealed tokens of rotation. */
export interface Notes {
  read(name: string): Promise<string | undefined>;
  /** Durable when it resolves. */
  write(name: string, text: string): Promise<void>;
  /** Runs `work` while no other, among all that use the state, runs work of that name. The signal ends the wait for it. */
  exclusively<T>(name: string, signal: AbortSignal, work: () => Promise<T>): Promise<T>;
}

/** What Slack has stopped for a while, told to all that use the state. */
export interface Throttles {
  /**
   * This place was stopped for so long, milliseconds. Others hear of it before they are given a stream that this program
   * held, and else within a few seconds; from one that dies at that moment they may never.
   */
  stop(place: string, forMs: number): void;
  /** For how long still, as far as anybody has told; 0 or less: it is not stopped. */
  leftMs(place: string): number;
}

export interface Store {
  /** Whether the store was made by this run. */
  readonly isNew: boolean;
  /** Waits while somebody else holds the stream, until the signal. */
  claim(stream: string, signal: AbortSignal): Promise<Claim>;
  readonly notes: Notes;
  /** Absent: no other program uses the state. */
  readonly throttles?: Throttles;
  close(): Promise<void>;
}

/** What the state holds of a stream, for a reader beside the running program. */
export interface StoredStream {
  readonly name: string;
  /** `undefined`: nothing was delivered yet. */
  readonly position: unknown;
  readonly report: unknown;
  /** How many identities are remembered, those of forgotten entries included until they are removed. */
  readonly identities: number;
}

/** The state cannot be read or written: exit code 3. The message names the file and the remedy. */
export class StateError extends Error {
  override readonly name = "StateError";
}

/** Time, as an argument: tests pass a virtual one. */
export interface Clock {
  /** Wall clock, epoch milliseconds. */
  now(): number;
  /** Never goes back; milliseconds from an arbitrary start. */
  monotonic(): number;
  /** Rejects with the signal's reason as soon as it is aborted, and leaves no timer and no listener behind. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export type LogLevel = "debug" | "info" | "warn" | "error";
/** The program's own log. `event` is a stable snake_case word; fields hold no secret and no entry content. */
export type Log = (
  level: LogLevel,
  event: string,
  fields?: Readonly<Record<string, string | number | boolean | undefined>>,
) => void;

/**
 * A value that must not be seen. Its text, JSON and inspect forms say `[REDACTED]`.
 */
export interface Secret {
  /** The value, now. One that came from a file is read again when the file has changed. */
  reveal(): string;
}
