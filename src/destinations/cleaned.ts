const MAX_CHARACTERS = 200;
/** Shorter parts of a header are words like `Basic`, not secrets. */
const MIN_SECRET_CHARACTERS = 8;

/**
 * What a receiver wrote, fit for a log line: one line of at most 200 characters without control, format and
 * replacement characters. A receiver may echo what it got, so whatever of `secrets` is in it is taken out first.
 */
export function cleaned(text: string, secrets: readonly string[] = []): string {
  const parts = secrets.flatMap((secret) => [secret, ...secret.split(/[\s:=,;]+/)]);
  const hidden = parts
    .filter((part) => part.length >= MIN_SECRET_CHARACTERS)
    .toSorted((a, b) => b.length - a.length)
    .reduce((rest, part) => rest.replaceAll(part, "[REDACTED]"), text);
  const line = hidden
    .toWellFormed()
    .replaceAll(/[\p{C}\p{Z}\uFFFD]+/gu, " ")
    .trim();
  return line.length <= MAX_CHARACTERS ? line : `${line.slice(0, MAX_CHARACTERS - 1).toWellFormed()}…`;
}
