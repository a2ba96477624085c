import { hash } from "node:crypto";

/**
 * A W3C trace id of Slack's: one that is already 32 hex digits and not all zero is used as it is, any other text gives
 * the first 16 bytes of its SHA-256. All entries of one run of an app so share one trace, and anyone can compute it.
 */
export function traceIdOf(slackTraceId: string): string {
  if (/^[0-9a-f]{32}$/i.test(slackTraceId) && !/^0+$/.test(slackTraceId)) return slackTraceId.toLowerCase();
  return hash("sha256", slackTraceId.toWellFormed(), "hex").slice(0, 32);
}

/** The first 8 bytes of the SHA-256 of a function execution's id. */
export function spanIdOf(functionExecutionId: string): string {
  return hash("sha256", functionExecutionId.toWellFormed(), "hex").slice(0, 16);
}
