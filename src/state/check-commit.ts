import type { Commit, Identity } from "../model.ts";

const KEY = /^[0-9a-f]{32}$/;
const VERSION = /^(?:[0-9a-f]{32})?$/;

/** The texts of a commit, as JSON; `undefined` where it brings none. */
export interface CommitTexts {
  readonly position: string | undefined;
  readonly report: string | undefined;
}

/** Throws a `TypeError` for what no store could give back as it was: a defect of whoever made it. */
export function checkCommit({ remember, position, forgetBelow = 0, report }: Commit): CommitTexts {
  remember.forEach(checkIdentity);
  if (!Number.isFinite(forgetBelow)) throw new TypeError("forgetBelow must be finite");
  return { position: jsonText("position", position), report: jsonText("report", report) };
}

/** What a store gives back for what it holds as JSON. */
export function jsonValue(text: string | null | undefined): unknown {
  return text === null || text === undefined ? undefined : (JSON.parse(text) as unknown);
}

function jsonText(what: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new TypeError(`A ${what} must be JSON`);
  return text;
}

function checkIdentity({ key, version, count = 0, lastSeconds = 0, mark }: Identity): void {
  if (!KEY.test(key)) throw new TypeError("An identity's key must be 32 lower-case hex digits");
  if (!VERSION.test(version)) throw new TypeError("An identity's version must be empty or 32 lower-case hex digits");
  const isFinite = Number.isFinite(count) && Number.isFinite(lastSeconds) && Number.isFinite(mark);
  if (!isFinite) throw new TypeError("An identity's numbers must be finite");
}
