import type { SeverityNumber } from "@opentelemetry/api";
import { toText } from "../../mapping/attributes.ts";
import { fieldsOf, type Fields } from "../../mapping/fields.ts";
import { reachedForward, walkForward } from "../oldest-first.ts";
import type { SourceDefinition } from "./definition.ts";

const LEVELS: ReadonlyMap<unknown, SeverityNumber> = new Map([
  ["trace", 1],
  ["debug", 5],
  ["info", 9],
  ["warn", 13],
  ["error", 17],
  ["fatal", 21],
]);

/**
 * What apps, functions, workflows and triggers did.
 * https://docs.slack.dev/reference/methods/admin.apps.activities.list
 */
export const appActivities: SourceDefinition = {
  name: "app_activities",
  method: "admin.apps.activities.list",
  endpoint: { api: "web", method: "admin.apps.activities.list", verb: "POST", list: "activities" },
  scope: "admin.app_activities:read",
  plan: "Enterprise",
  rate: "Tier 3, 50 a minute",
  quota: 50,
  remedy:
    "Use the user token of an organisation's admin with the scope admin.app_activities:read; it needs Enterprise.",
  maxPageSize: 1000,
  probe: { limit: "1", sort_direction: "asc", min_log_level: "trace" },
  identity: { kind: "content" },
  time: { key: "created", unit: "microseconds" },
  eventName: { prefix: "slack.activity", key: "event_type" },
  severity({ level }) {
    const number = LEVELS.get(level);
    const text = toText(level);
    if (text === undefined || text === "") return {};
    return number === undefined ? { text } : { number, text };
  },
  trace: { traceId: "trace_id", spanId: "payload.function_execution_id" },
  attributes: [
    { name: "slack.activity.event_type", from: "event_type" },
    { name: "slack.trace_id", from: "trace_id" },
    { name: "slack.app.id", from: "app_id" },
    { name: "slack.activity.source", from: "source" },
    { name: "slack.component.type", from: "component_type" },
    { name: "slack.component.id", from: "component_id" },
    { name: "slack.team.id", from: "team_id" },
    { name: "slack.enterprise.id", from: "enterprise_id" },
    { name: "slack.function.id", from: "payload.function_id" },
    { name: "slack.function.name", from: "payload.function_name" },
    { name: "slack.function.type", from: "payload.function_type" },
    { name: "slack.function.execution_id", from: "payload.function_execution_id" },
    { name: "slack.workflow.name", from: "payload.workflow_name" },
    { name: "slack.trigger.id", from: "payload.trigger.id" },
    { name: "slack.trigger.type", from: "payload.trigger.type" },
    { name: "slack.activity.outcome", from: "payload.exec_outcome" },
    { name: "user.id", from: ["payload.user_id", "payload.actor"] },
    {
      name: "error.type",
      from: ["payload.code", "payload.reason"],
      read: ofFailure(({ code, reason }) => code ?? reason),
    },
    { name: "slack.activity.error", from: "payload.error", read: ofFailure(({ error }) => error) },
  ],
  looksAt: ["level", "payload.exec_outcome", "payload.code", "payload.reason", "payload.error"],
  upTo: (ms) => ({ max_date_created: String(Math.floor(ms) * 1000), min_log_level: "trace", limit: "1" }),
  walk: walkForward,
  reachedMs: reachedForward,
};

/** Reads from the payload of a failure alone: level error or fatal, or outcome `Error`. */
function ofFailure(read: (payload: Fields) => unknown): (entry: Fields) => unknown {
  return ({ level, payload: value }) => {
    const payload = fieldsOf(value);
    const failed = level === "error" || level === "fatal" || payload["exec_outcome"] === "Error";
    return failed ? read(payload) : undefined;
  };
}
