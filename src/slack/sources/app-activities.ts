import { reachedForward, walkForward } from "../oldest-first.ts";
import { at, type Fields, type SourceDefinition, text } from "./definition.ts";

const payload = (name: string, key: string) => text(name, "payload", key);

function isFailure(entry: Fields): boolean {
  const level = at(entry, "level");
  return level === "error" || level === "fatal" || at(entry, "payload", "exec_outcome") === "Error";
}

function ofFailure(...keys: readonly string[]) {
  return (entry: Fields): unknown => {
    if (!isFailure(entry)) return undefined;
    return keys.map((key) => at(entry, "payload", key)).find((value) => value !== undefined && value !== null);
  };
}

function userOf(entry: Fields): unknown {
  return at(entry, "payload", "user_id") ?? at(entry, "payload", "actor");
}

/** https://docs.slack.dev/reference/methods/admin.apps.activities.list */
export const appActivities: SourceDefinition = {
  name: "app_activities",
  method: "admin.apps.activities.list",
  endpoint: { api: "web", method: "admin.apps.activities.list", verb: "POST", list: "activities" },
  scope: "admin.app_activities:read",
  plan: "Enterprise",
  rate: "Tier 3, 50 a minute",
  maxPageSize: 1000,
  identity: "content",
  time: { key: "created", unit: "us" },
  eventName: { prefix: "slack.activity", key: "event_type" },
  severity: (entry) => ({ level: at(entry, "level") }),
  trace: (entry) => ({
    traceId: at(entry, "trace_id"),
    executionId: at(entry, "payload", "function_execution_id"),
  }),
  attributes: [
    text("slack.activity.event_type", "event_type"),
    text("slack.trace_id", "trace_id"),
    text("slack.app.id", "app_id"),
    text("slack.activity.source", "source"),
    text("slack.component.type", "component_type"),
    text("slack.component.id", "component_id"),
    text("slack.team.id", "team_id"),
    text("slack.enterprise.id", "enterprise_id"),
    payload("slack.function.id", "function_id"),
    payload("slack.function.name", "function_name"),
    payload("slack.function.type", "function_type"),
    payload("slack.function.execution_id", "function_execution_id"),
    payload("slack.workflow.name", "workflow_name"),
    text("slack.trigger.id", "payload", "trigger", "id"),
    text("slack.trigger.type", "payload", "trigger", "type"),
    payload("slack.activity.outcome", "exec_outcome"),
    { name: "user.id", from: userOf, as: "text" },
    { name: "error.type", from: ofFailure("code", "reason"), as: "text" },
    { name: "slack.activity.error", from: ofFailure("error"), as: "text" },
  ],
  walk: walkForward,
  reachedMs: reachedForward,
};
