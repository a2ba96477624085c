import type { AttributeValue } from "../mapping/attributes.ts";
import type { LogRecord } from "../model.ts";
import type { LogName } from "../simulation/ledger.ts";
import { sourceDefinitions } from "../slack/sources/index.ts";

/** One record as a person reads it: who did what, from where. */
export interface Description {
  /** Epoch milliseconds. */
  readonly timeMs: number;
  readonly log: LogName;
  readonly who: string;
  readonly what: string;
  readonly where: string;
  readonly mood: "usual" | "odd" | "bad";
}

type Value = AttributeValue | undefined;
type Attributes = Readonly<Record<string, Value>>;
type Telling = Pick<Description, "who" | "what" | "where">;

/** The logs that the simulated Slack keeps. */
export const LOGS: readonly LogName[] = ["access_logs", "integration_logs", "app_activities", "audit_logs"];

const TELL: Readonly<Record<LogName, (attributes: Attributes) => Telling>> = {
  access_logs: (attributes) => ({
    who: first(attributes, "user.name", "user.id"),
    what: words("used Slack", times(attributes["slack.access.count"]), more(attributes["slack.access.count_delta"])),
    where: list(
      attributes["client.address"],
      attributes["client.as.organization"],
      attributes["geo.region.iso_code"] ?? attributes["geo.country.iso_code"],
    ),
  }),
  integration_logs: (attributes) => ({
    who: first(attributes, "user.name", "user.id"),
    what: words(
      attributes["slack.integration.change_type"],
      first(attributes, "slack.app.name", "slack.service.type", "slack.app.id"),
      because(attributes["slack.integration.reason"]),
    ),
    where: list(attributes["slack.channel.id"], attributes["slack.integration.scopes"]),
  }),
  app_activities: (attributes) => ({
    who: first(attributes, "user.id", "slack.app.id"),
    what: words(
      readable(attributes["slack.activity.event_type"]),
      first(attributes, "slack.function.name", "slack.workflow.name", "slack.trigger.type"),
      because(attributes["slack.activity.error"] ?? attributes["error.type"]),
    ),
    where: list(attributes["slack.component.type"], attributes["slack.trace_id"]),
  }),
  audit_logs: (attributes) => ({
    who: first(attributes, "user.name", "user.email", "user.id"),
    what: words(readable(attributes["slack.audit.action"]), first(attributes, "slack.entity.name", "slack.entity.id")),
    where: list(attributes["client.address"], attributes["slack.team.domain"]),
  }),
};

export function describeRecord(record: LogRecord): Description {
  const { hrTime, hrTimeObserved, severityNumber } = record.log;
  const attributes = record.log.attributes as Attributes;
  const log = logOf(record);
  const [seconds, nanos] = hrTime[0] === 0 ? hrTimeObserved : hrTime;
  const severity: number = severityNumber ?? 9;
  return {
    timeMs: seconds * 1000 + Math.floor(nanos / 1e6),
    log,
    ...TELL[log](attributes),
    mood: severity >= 17 ? "bad" : severity >= 13 ? "odd" : "usual",
  };
}

/** The log a record came from. */
export function logOf({ log }: LogRecord): LogName {
  const name = LOGS.find((name) => sourceDefinitions[name].method === log.attributes["slack.method"]);
  if (name === undefined) throw new Error("a record of a log that the simulated Slack does not keep");
  return name;
}

function first(attributes: Attributes, ...names: readonly string[]): string {
  return text(names.map((name) => attributes[name]).find((value) => value !== undefined));
}

function words(...parts: readonly Value[]): string {
  return parts.map(text).filter(Boolean).join(" ");
}

function list(...parts: readonly Value[]): string {
  return parts.map(text).filter(Boolean).join(", ");
}

function text(value: Value): string {
  return typeof value === "object" ? value.join(" ") : String(value ?? "");
}

function times(count: Value): string {
  return count === undefined ? "" : count === 1 ? "once" : `${text(count)} times`;
}

function more(delta: Value): string {
  return delta === undefined ? "" : `(+${text(delta)})`;
}

function because(reason: Value): string {
  return reason === undefined ? "" : `(${text(reason)})`;
}

function readable(word: Value): string {
  return text(word).replaceAll(/[._]/g, " ");
}
