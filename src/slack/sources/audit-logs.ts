import { fieldsOf, type Fields } from "../../mapping/fields.ts";
import { reachedByWindows, walkWindows } from "../windows.ts";
import type { SourceDefinition } from "./definition.ts";

/** Who did what to what in an Enterprise organisation. https://docs.slack.dev/admins/audit-logs-api */
export const auditLogs: SourceDefinition = {
  name: "audit_logs",
  method: "audit.logs",
  endpoint: { api: "audit", method: "logs", verb: "GET", list: "entries" },
  scope: "auditlogs:read",
  plan: "Enterprise",
  rate: "50 a minute for the organisation, all apps together",
  quota: 50,
  remedy:
    "Install the app on the organisation and use its Owner's user token with the scope auditlogs:read; it needs Enterprise.",
  maxPageSize: 9999,
  probe: { limit: "1" },
  identity: { kind: "id", key: "id" },
  time: { key: "date_create", unit: "seconds" },
  eventName: { prefix: "slack.audit", key: "action" },
  severity: ({ action }) => ({ number: action === "anomaly" ? 13 : 9 }),
  attributes: [
    { name: "user.id", from: "actor.user.id" },
    { name: "user.name", from: "actor.user.name" },
    { name: "user.email", from: "actor.user.email" },
    { name: "client.address", from: "context.ip_address", read: addressOf },
    { name: "user_agent.original", from: "context.ua" },
    { name: "session.id", from: "context.session_id" },
    { name: "slack.audit.action", from: "action" },
    { name: "slack.entity.type", from: "entity.type" },
    { name: "slack.entity.id", from: "entity.<type>.id", read: (entry) => entityOf(entry)["id"] },
    { name: "slack.entity.name", from: "entity.<type>.name", read: (entry) => entityOf(entry)["name"] },
    { name: "slack.team.id", from: "context.location.id" },
    { name: "slack.team.domain", from: "context.location.domain" },
  ],
  upTo: (ms) => ({ latest: String(Math.floor(ms / 1000)), limit: "1" }),
  walk: walkWindows,
  reachedMs: reachedByWindows,
};

/** The entity stands under the name of its type. */
function entityOf({ entity: value }: Fields): Fields {
  const entity = fieldsOf(value);
  const type = entity["type"];
  return typeof type === "string" && Object.hasOwn(entity, type) ? fieldsOf(entity[type]) : {};
}

/** An address that Slack does not know is an empty text. */
function addressOf({ context }: Fields): unknown {
  return fieldsOf(context)["ip_address"] || undefined;
}
