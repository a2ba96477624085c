import type { Pool } from "pg";

import { type Secret, StateError } from "../../model.ts";
import { explained } from "./failure.ts";

type Value = string | number | null;
export type Row = Readonly<Record<string, string | number | boolean | null>>;

/** One database: each request is one statement, and so one transaction that no pause of this program can hold open. */
export interface Database {
  /** Host, port and name, for people. */
  readonly where: string;
  /** Rejects with what pg throws. What is a number in the database comes back as one. */
  query(text: string, values?: readonly Value[]): Promise<readonly Row[]>;
  /** Statements on one connection, in one transaction. */
  transaction<T>(work: (query: Database["query"]) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly url: Secret;
  /** How long a request, and connecting, may take. */
  readonly timeoutMs: number;
  /** What the names of the tables begin with, where the statements say `slack_otel_`. */
  readonly tables?: string;
}

const CONNECTIONS = 8;
const [INT8, NUMERIC] = [20, 1700];
const NAMES = "slack_otel_";

/** Connects as needed; the URL is as PostgreSQL has it. pg is loaded here, for those who use it. */
export async function openDatabase({ url, timeoutMs, tables = NAMES }: DatabaseOptions): Promise<Database> {
  const { where } = parsed(url);
  const named = (text: string) => (tables === NAMES ? text : text.replaceAll(NAMES, tables));
  const pg = (await import("pg")).default;
  const types = {
    getTypeParser: (oid: number, format?: "text" | "binary") =>
      oid === INT8 || oid === NUMERIC ? Number : (pg.types.getTypeParser(oid, format) as unknown),
  };
  const connect = (connectionString: string): Pool => {
    const pool = new pg.Pool({
      connectionString,
      application_name: "slack-otel",
      max: CONNECTIONS,
      connectionTimeoutMillis: timeoutMs,
      query_timeout: timeoutMs,
      statement_timeout: timeoutMs,
      keepAlive: true,
      types,
    });
    // A connection that breaks while nobody uses it: the next request makes another one.
    pool.on("error", () => undefined);
    return pool;
  };
  let { connectionString } = parsed(url);
  let pool = connect(connectionString);

  /** After a failure the URL is looked at again: its file may have been changed. */
  const lookAgain = (): void => {
    const changed = readable(url);
    if (changed === undefined || changed === connectionString) return;
    void pool.end().catch(() => undefined);
    connectionString = changed;
    pool = connect(changed);
  };
  const watched = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      lookAgain();
      throw error;
    }
  };

  return {
    where,
    query: async (text, values = []) => (await watched(pool.query<Row>(named(text), [...values]))).rows,
    async transaction(work) {
      const client = await watched(pool.connect());
      let failure: Error | undefined;
      try {
        await client.query("BEGIN");
        const result = await work(
          async (text, values = []) => (await client.query<Row>(named(text), [...values])).rows,
        );
        await client.query("COMMIT");
        return result;
      } catch (error) {
        failure = error as Error;
        throw error;
      } finally {
        // A connection with an error is closed, which ends its transaction.
        client.release(failure);
      }
    },
    // Waits for requests under way, which end by their time-out at the latest.
    close: () => pool.end().catch(() => undefined),
  };
}

/**
 * Every `sslmode` that asks for TLS has it verified in full, which is what pg makes of them, warning of it on stderr.
 */
function parsed(secret: Secret): { readonly connectionString: string; readonly where: string } {
  const url = URL.parse(secret.reveal());
  if (url === null || !/^postgres(?:ql)?:$/.test(url.protocol)) throw unusableUrl();
  if (/^(?:prefer|require|verify-ca)$/.test(url.searchParams.get("sslmode") ?? "")) {
    url.searchParams.set("sslmode", "verify-full");
  }
  const host = url.host || (url.searchParams.get("host") ?? "localhost");
  return { connectionString: url.href, where: `${host}${url.pathname}` };
}

function unusableUrl(): StateError {
  return new StateError(
    "state.postgres.url is no URL of a PostgreSQL database. Write it as postgres://user:password@host:5432/database, " +
      "with what is special in the password percent-encoded.",
  );
}

/** Nothing while it cannot be read, or is half written: the failure before it is what counts. */
function readable(secret: Secret): string | undefined {
  try {
    return parsed(secret).connectionString;
  } catch {
    return undefined;
  }
}

/** The work's result; what it rejects with is put into words. */
export async function inWords<T>({ where }: Database, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw explained(where, error);
  }
}
