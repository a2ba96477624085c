import { walkNumberedPages } from "../numbered-pages.ts";
import { reachedByPages } from "../pages-position.ts";
import type { SourceDefinition } from "./definition.ts";

/** Reasons for which Slack, not a person, disabled an integration. */
const FAILURES = new Set<unknown>(["errors", "rate_limits", "slack", "api_decline", "deauth"]);

/**
 * What was added, changed and removed among apps and integrations.
 * https://docs.slack.dev/reference/methods/team.integrationLogs
 */
export const integrationLogs: SourceDefinition = {
  name: "integration_logs",
  method: "team.integrationLogs",
  endpoint: { api: "web", method: "team.integrationLogs", verb: "GET", list: "logs" },
  scope: "admin",
  plan: "any",
  rate: "Tier 2, 20 a minute",
  quota: 20,
  remedy: "Use the user token of an admin of the workspace with the scope admin.",
  maxPageSize: 1000,
  probe: { count: "1", page: "1" },
  identity: { kind: "content" },
  time: { key: "date", unit: "seconds" },
  eventName: { prefix: "slack.integration", key: "change_type" },
  severity: ({ change_type, reason }) => ({ number: change_type === "disabled" && FAILURES.has(reason) ? 13 : 9 }),
  attributes: [
    { name: "user.id", from: "user_id" },
    { name: "user.name", from: "user_name" },
    { name: "slack.integration.change_type", from: "change_type" },
    { name: "slack.integration.reason", from: "reason" },
    { name: "slack.integration.scopes", from: "scope", as: "list" },
    { name: "slack.integration.resolution", from: "resolution" },
    { name: "slack.app.id", from: "app_id" },
    { name: "slack.app.name", from: "app_type" },
    { name: "slack.service.id", from: "service_id" },
    { name: "slack.service.type", from: "service_type" },
    { name: "slack.channel.id", from: "channel" },
    { name: "slack.admin_app.id", from: "admin_app_id" },
    { name: "slack.rss_feed.title", from: "rss_feed_title" },
    { name: "slack.rss_feed.url", from: "rss_feed_url" },
    { name: "slack.rss_feed.change_type", from: "rss_feed_change_type" },
  ],
  walk: walkNumberedPages,
  reachedMs: reachedByPages,
};
