import { INFO, WARN } from "../../mapping/severity.ts";
import { reachedByWindows, walkWindows } from "../windows.ts";
import { at, type Fields, type SourceDefinition, text } from "./definition.ts";

/** What an audit entry is about stands under a key named like its type. */
function ofEntity(key: string) {
  return (entry: Fields): unknown => {
    const type = at(entry, "entity", "type");
    return typeof type === "string" ? at(entry, "entity", type, key) : undefined;
  };
}

/** https://docs.slack.dev/admins/audit-logs-api */
export const auditLogs: SourceDefinition = {
  name: "audit_logs",
  method: "audit.logs",
  endpoint: { api: "audit", method: "logs", verb: "GET", list: "entries" },
  scope: "auditlogs:read",
  plan: "Enterprise",
  rate: "50 a minute for the organisation, of which 30 are used",
  maxPageSize: 9999,
  identity: "id",
  time: { key: "date_create", unit: "s" },
  eventName: { prefix: "slack.audit", key: "action" },
  severity: (entry) => ({ number: at(entry, "action") === "anomaly" ? WARN : INFO }),
  attributes: [
    text("user.id", "actor", "user", "id"),
    text("user.name", "actor", "user", "name"),
    text("user.email", "actor", "user", "email"),
    { name: "client.address", from: (entry) => at(entry, "context", "ip_address") || undefined, as: "text" },
    text("user_agent.original", "context", "ua"),
    text("session.id", "context", "session_id"),
    text("slack.audit.action", "action"),
    text("slack.entity.type", "entity", "type"),
    { name: "slack.entity.id", from: ofEntity("id"), as: "text" },
    { name: "slack.entity.name", from: ofEntity("name"), as: "text" },
    text("slack.team.id", "context", "location", "id"),
    text("slack.team.domain", "context", "location", "domain"),
  ],
  walk: walkWindows,
  reachedMs: reachedByWindows,
};
