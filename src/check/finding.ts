import type { ExitCode } from "../explain.ts";

/** Everything that `check` can find, with what each is about: the heading it has in the documentation. */
export const FINDINGS = {
  configuration: "the configuration",
  configuration_warning: "something in the configuration that is allowed and risky",
  token: "whose token it is and what it may do",
  token_expiry: "a token that ends by itself",
  clock: "this machine's clock against Slack's",
  source: "one of Slack's logs, read for a single entry",
  quota: "how often Slack would be asked, against what it allows",
  workspaces: "the workspaces of an organisation",
  destination: "the destination, asked without a record",
  test_record: "a marked record, sent to the destination",
  age_window: "entries older than the destination takes",
  size_limit: "requests larger than the destination takes",
  receiver: "a setting that this destination does not take",
  certificate: "a certificate that ends by itself",
  state: "the state file",
  state_age: "how far the streams have come",
  state_holes: "times that are missing",
  dead_letters: "records that the destination would not take",
} as const satisfies Readonly<Record<string, string>>;

export type FindingId = keyof typeof FINDINGS;

/** One thing that was looked at. Holds no secret and no entry content. */
export interface Finding {
  readonly id: FindingId;
  /** `warn`: it works, or will not always. `fail`: it does not work. */
  readonly level: "ok" | "warn" | "fail";
  /** What was looked at: a source, a host, a path. */
  readonly subject: string;
  /** What was found; whole sentences or none. */
  readonly what: string;
  /** What to do about it. */
  readonly remedy?: string;
}

/** 2 for the configuration, 3 for state and dead letters that cannot be written, 1 for what else fails. */
export function exitCodeOf(findings: readonly Finding[]): ExitCode {
  const failed = new Set(findings.flatMap(({ id, level }) => (level === "fail" ? [id] : [])));
  if (failed.has("configuration")) return 2;
  if (failed.has("state") || failed.has("dead_letters")) return 3;
  return failed.size > 0 ? 1 : 0;
}
