import type { Commit, Identity } from "../model.ts";

const KEY = /^[0-9a-f]{32}$/;
const VERSION = /^(?:[0-9a-f]{32})?$/;

/**
 * Throws a `TypeError` for what no store could give back as it was: a defect of the source. Returns the position as
 * JSON text, where there is one.
 */
export function checkCommit({ remember, position, forgetBelow = 0 }: Commit): string | undefined {
  remember.forEach(checkIdentity);
  if (!Number.isFinite(forgetBelow)) throw new TypeError("forgetBelow must be finite");
  if (position === undefined) return undefined;
  const text = JSON.stringify(position) as string | undefined;
  if (text === undefined) throw new TypeError("A position must be JSON");
  return text;
}

function checkIdentity({ key, version, count = 0, lastSeconds = 0, mark }: Identity): void {
  if (!KEY.test(key)) throw new TypeError("An identity's key must be 32 lower-case hex digits");
  if (!VERSION.test(version)) throw new TypeError("An identity's version must be empty or 32 lower-case hex digits");
  if (![count, lastSeconds, mark].every(Number.isFinite)) throw new TypeError("An identity's numbers must be finite");
}
