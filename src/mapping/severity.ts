/** OpenTelemetry's severity number of each of Slack's levels: the lowest of its range. */
const NUMBERS = new Map([
  ["trace", 1],
  ["debug", 5],
  ["info", 9],
  ["warn", 13],
  ["error", 17],
  ["fatal", 21],
]);

export const INFO = 9;
export const WARN = 13;

/** `undefined` for a level nobody knows. */
export function severityOf(level: string): number | undefined {
  return NUMBERS.get(level.toLowerCase());
}
