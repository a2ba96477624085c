/** Where and when an entry stands, where its own fields do not say it or are not to be believed. */
export interface When {
  /** The time it is sorted by, in the log's unit. Default: the entry's own. */
  readonly at?: number;
  /** From when on Slack shows it. Default: its own time. */
  readonly visibleAtMs?: number;
  /** How long after its own time Slack shows it (S27). */
  readonly lateMs?: number;
  /** Default: the first workspace. */
  readonly teamId?: string;
}

/** An entry to be put into a log: a value, or the JSON text that is to be shown as it is. */
export type Given = string | object;

export type Fields = Readonly<Record<string, unknown>>;

export interface ReadEntry {
  readonly text: string;
  readonly fields: Fields;
}

/** Throws where a text is not JSON: every entry that is shown has to be. */
export function readEntry(given: Given): ReadEntry {
  const text = typeof given === "string" ? given : JSON.stringify(given);
  const value: unknown = typeof given === "string" ? JSON.parse(given) : given;
  return { text, fields: isFields(value) ? value : {} };
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

/** The time an entry is sorted by. `unitMs`: how many milliseconds one unit of it is. */
export function placeInTime(own: unknown, unitMs: number, when: When): { at: number; visibleAtMs: number } {
  const number = typeof own === "string" || typeof own === "number" ? Number(own) : Number.NaN;
  const at = when.at ?? number;
  if (!Number.isFinite(at)) throw new Error("an entry without a time of its own needs `at`");
  return { at, visibleAtMs: when.visibleAtMs ?? at * unitMs + (when.lateMs ?? 0) };
}
