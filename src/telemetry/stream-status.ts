import type { Coverage } from "../coverage/coverage.ts";
import type { Activity, Asking } from "./activity.ts";

/** What one stream is doing and has done since the program started. */
export interface StreamStatus {
  readonly name: string;
  readonly activity: Activity;
  readonly asking: Asking | undefined;
  /** Entries that Slack showed, repeats included. */
  readonly entries: number;
  /** Of these, the ones that were known already. */
  readonly repeated: number;
  readonly delivered: number;
  readonly deadLettered: number;
  /** Records that were rejected in batches that were accepted. */
  readonly rejected: number;
  /** Entries left out because the configuration says so. */
  readonly skipped: number;
  /** Up to when everything is delivered, epoch milliseconds; unknown before the first complete walk. */
  readonly reachedMs: number | undefined;
  /** Nothing more will come of it: it is not wanted any more, or the run has ended. */
  readonly isOver: boolean;
  /** What only a person can mend; absent while there is nothing. */
  readonly fault?: Fault | undefined;
  /** Which times are delivered and which are missing, now; `undefined` while it is not known. */
  readonly coverage: () => Coverage | undefined;
}

/** Why a stream stands still until somebody does something. */
export interface Fault {
  readonly side: "slack" | "destination";
  /** Slack's error code, or which part of the destination's settings is refused. */
  readonly reason: string;
  readonly isCredentials: boolean;
  /** What happened and what to do, for a person. */
  readonly message: string;
}
