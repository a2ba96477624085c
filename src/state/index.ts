/** The kinds of state, by their name in the configuration. What a kind needs is loaded when it is used. */
import { type Clock, type Log, type Secret, StateError, type Store, type StoredStream } from "../model.ts";
import { isUnfinished } from "./copy-note.ts";
import type { StateProbe } from "./probe.ts";

export type StateChoice =
  | { readonly name: "sqlite"; readonly settings: { readonly path: string } }
  | {
      readonly name: "postgres";
      readonly settings: {
        readonly url: Secret;
        readonly lease: number;
        /** What the names of its tables begin with, in place of `slack_otel_`. */
        readonly tables?: string;
      };
    };

export interface OpenStateOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** To read each stream once and end: what another program reads on and on is left to it. */
  readonly once: boolean;
  readonly signal: AbortSignal;
}

/** Opens the state, or makes it where there is none. Rejects with a `StateError`. */
export async function openState(state: StateChoice, options: OpenStateOptions): Promise<Store> {
  const store = await openStateAnyhow(state, options);
  try {
    if (!(await isUnfinished(store))) return store;
    throw new StateError(
      `State at ${describeState(state)}: a copy into it was broken off. Run the same "slack-otel migrate" again.`,
    );
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** As `openState`, and also one into which a copy was broken off. */
export async function openStateAnyhow(state: StateChoice, options: OpenStateOptions): Promise<Store> {
  switch (state.name) {
    case "sqlite": {
      const { openSqliteStore } = await import("./sqlite.ts");
      return openSqliteStore({ path: state.settings.path, signal: options.signal });
    }
    case "postgres": {
      const { openPostgresStore } = await import("./postgres/store.ts");
      return openPostgresStore({ ...options, ...state.settings, leaseMs: state.settings.lease });
    }
    default:
      return state satisfies never;
  }
}

/** What is in the state, beside a running program; `undefined` when there is none. Rejects with a `StateError`. */
export async function inspectState(state: StateChoice): Promise<readonly StoredStream[] | undefined> {
  switch (state.name) {
    case "sqlite":
      return (await import("./inspect.ts")).inspectSqliteState(state.settings.path);
    case "postgres":
      return (await import("./postgres/inspect.ts")).inspectPostgresState(state.settings.url, state.settings.tables);
    default:
      return state satisfies never;
  }
}

/** A note in the state, beside a running program; `undefined` where there is none. Rejects with a `StateError`. */
export async function readNote(state: StateChoice, name: string): Promise<string | undefined> {
  switch (state.name) {
    case "sqlite":
      return (await import("./inspect.ts")).readSqliteNote(state.settings.path, name);
    case "postgres":
      return (await import("./postgres/inspect.ts")).readPostgresNote(state.settings.url, name, state.settings.tables);
    default:
      return state satisfies never;
  }
}

/** Whether `run` could work with the state, which stays as it is. Rejects with a `StateError` where `run` would. */
export async function probeState(state: StateChoice, signal: AbortSignal): Promise<StateProbe> {
  switch (state.name) {
    case "sqlite":
      return (await import("./probe.ts")).probeSqliteState(state.settings.path, signal);
    case "postgres":
      return (await import("./postgres/inspect.ts")).probePostgresState(
        state.settings.url,
        signal,
        state.settings.tables,
      );
    default:
      return state satisfies never;
  }
}

/** Where the state is, for people, without secrets. */
export function describeState(state: StateChoice): string {
  if (state.name === "sqlite") return state.settings.path;
  const { host, pathname } = URL.parse(state.settings.url.reveal()) ?? { host: "", pathname: "" };
  return `PostgreSQL at ${host}${pathname}`;
}
