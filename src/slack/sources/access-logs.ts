import { toText } from "../../mapping/attributes.ts";
import type { Fields } from "../../mapping/fields.ts";
import { reachedBySweeps, walkSweeps } from "../sweeps.ts";
import type { SourceDefinition } from "./definition.ts";

/**
 * Who used the workspace from where: one row for each user, IP address and user agent, which Slack keeps rewriting.
 * https://docs.slack.dev/reference/methods/team.accessLogs
 */
export const accessLogs: SourceDefinition = {
  name: "access_logs",
  method: "team.accessLogs",
  endpoint: { api: "web", method: "team.accessLogs", verb: "GET", list: "logins" },
  scope: "admin",
  plan: "paid",
  rate: "Tier 2, 20 a minute",
  quota: 20,
  remedy: "Use the user token of an admin with the scope admin; Slack shows this log to paid workspaces only.",
  maxPageSize: 999,
  probe: { limit: "1" },
  identity: {
    kind: "row",
    key: ["user_id", "ip", "user_agent", "date_first"],
    count: "count",
    first: "date_first",
    last: "date_last",
  },
  time: { key: "date_last", unit: "seconds" },
  eventName: { prefix: "slack.access" },
  severity: () => ({ number: 9 }),
  attributes: [
    { name: "user.id", from: "user_id" },
    { name: "user.name", from: "username" },
    { name: "client.address", from: "ip" },
    { name: "user_agent.original", from: "user_agent" },
    { name: "client.as.organization", from: "isp" },
    { name: "geo.country.iso_code", from: "country" },
    { name: "geo.region.iso_code", from: ["country", "region"], read: regionCode },
    { name: "slack.access.count", from: "count", as: "number" },
    { name: "slack.access.date_first", from: "date_first", as: "number" },
    { name: "slack.access.date_last", from: "date_last", as: "number" },
  ],
  walk: walkSweeps,
  reachedMs: reachedBySweeps,
};

/** ISO 3166-2, as in `US-CA`. Slack's region may be a number, which is no part of such a code. */
function regionCode({ country, region }: Fields): string | undefined {
  const [of, code] = [toText(country), toText(region)];
  return of && code && /^[A-Za-z]{2,3}$/.test(code) ? `${of}-${code}` : undefined;
}
