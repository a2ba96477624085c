import { INFO, WARN } from "../../mapping/severity.ts";
import { reachedByPages, walkNumberedPages } from "../numbered-pages.ts";
import { at, type SourceDefinition, text } from "./definition.ts";

/** Reasons for which Slack, not a person, switched an integration off. */
const TROUBLE = new Set<unknown>(["errors", "rate_limits", "slack", "api_decline", "deauth"]);

/** https://docs.slack.dev/reference/methods/team.integrationLogs */
export const integrationLogs: SourceDefinition = {
  name: "integration_logs",
  method: "team.integrationLogs",
  endpoint: { api: "web", method: "team.integrationLogs", verb: "GET", list: "logs" },
  scope: "admin",
  plan: "any",
  rate: "Tier 2, 20 a minute",
  maxPageSize: 1000,
  identity: "content",
  time: { key: "date", unit: "s" },
  eventName: { prefix: "slack.integration", key: "change_type" },
  severity: (entry) => ({
    number: at(entry, "change_type") === "disabled" && TROUBLE.has(at(entry, "reason")) ? WARN : INFO,
  }),
  attributes: [
    text("user.id", "user_id"),
    text("user.name", "user_name"),
    text("slack.integration.change_type", "change_type"),
    text("slack.integration.reason", "reason"),
    { name: "slack.integration.scopes", from: ["scope"], as: "texts" },
    text("slack.integration.resolution", "resolution"),
    text("slack.app.id", "app_id"),
    text("slack.app.name", "app_type"),
    text("slack.service.id", "service_id"),
    text("slack.service.type", "service_type"),
    text("slack.channel.id", "channel"),
    text("slack.admin_app.id", "admin_app_id"),
    text("slack.rss_feed.title", "rss_feed_title"),
    text("slack.rss_feed.url", "rss_feed_url"),
    text("slack.rss_feed.change_type", "rss_feed_change_type"),
  ],
  walk: walkNumberedPages,
  reachedMs: reachedByPages,
};
