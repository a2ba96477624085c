import type { Database, Row } from "../../../src/state/postgres/database.ts";

type Values = NonNullable<Parameters<Database["query"]>[1]>;
type Answer = (values: Values) => readonly Row[] | Promise<readonly Row[]>;

/** What is answered to a statement that has this text in it; the first that fits counts. */
export type Script = Readonly<Record<string, Answer>>;

export interface ScriptedDatabase extends Database {
  /** The text of the script that each statement has in it, in order. */
  readonly asked: readonly string[];
  /** The values of the statements with this text, in order. */
  valuesOf(text: string): readonly Values[];
}

/** More than any test asks for. */
const ENDLESS = 5_000;

/** Knows no SQL: what a real server makes of the statements is for the tests that have one. */
export function scriptedDatabase(script: Script): ScriptedDatabase {
  const asked: string[] = [];
  const given: Values[] = [];
  const query: Database["query"] = async (text, values = []) => {
    const [about, answer] = Object.entries(script).find(([part]) => text.includes(part)) ?? [];
    if (about === undefined || answer === undefined) throw new TypeError(`nobody expects ${text}`);
    if (asked.length === ENDLESS) throw new TypeError("asks without an end");
    asked.push(about);
    given.push(values);
    return answer(values);
  };
  return {
    where: "db:5432/logs",
    query,
    transaction: (work) => work(query),
    close: async () => undefined,
    asked,
    valuesOf: (text) => given.filter((_, n) => asked[n] === text),
  };
}

/** The database went away, and may be back soon. */
export function away(): never {
  throw new Error("Connection terminated unexpectedly");
}

/** The database will never do this. */
export function forbidden(): never {
  throw Object.assign(new Error("permission denied"), { code: "42501" });
}
