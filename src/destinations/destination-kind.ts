import type { Writable } from "node:stream";
import type { z } from "zod";
import type { Http, HttpOptions } from "../http.ts";
import type { Clock, Destination, Log } from "../model.ts";
import type { ServerClock } from "../server-clock.ts";

/** What the program gives every destination. */
export interface DestinationDependencies {
  /** `createHttp` of http.ts, or a stand-in. */
  readonly createHttp: (options: HttpOptions) => { readonly http: Http; close(): Promise<void> };
  /** The proxy variables of the environment. */
  readonly proxy?: NonNullable<HttpOptions["proxy"]>;
  readonly clock: Clock;
  /** The time of servers, whatever the host's clock says. */
  readonly serverClock: ServerClock;
  readonly log: Log;
  /** Where data goes when the destination is `stdout`. */
  readonly stdout: Writable;
  /** `batch.max_bytes` of the configuration: records are split over it, but one alone may be larger. */
  readonly batchBytes: number;
}

/** A destination as the registry knows it: what may be configured, and what is made of it. */
export interface DestinationKind<Settings extends z.ZodType = z.ZodType> {
  /** One line for help and documentation. */
  readonly summary: string;
  readonly settings: Settings;
  /** Rejects with a `SettingsError`. Sends nothing. */
  create(settings: z.output<Settings>, dependencies: DestinationDependencies): Promise<Destination>;
}

/** A setting that could not be judged before: a file that cannot be read, for one. Wrong configuration, exit code 2. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  /** The key within the destination's settings. */
  readonly key: string;
  constructor(key: string, message: string) {
    super(message);
    this.key = key;
  }
}

/** Keeps the types of settings and `create` together. */
export function defineDestination<Settings extends z.ZodType>(
  kind: DestinationKind<Settings>,
): DestinationKind<Settings> {
  return kind;
}
