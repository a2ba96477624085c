import { INFO } from "../../mapping/severity.ts";
import { reachedBySweeps, walkSweeps } from "../sweeps.ts";
import { at, number, type SourceDefinition, text } from "./definition.ts";

/** ISO 3166-2 wants the country in front; Slack's region is no code when it is longer, or a number. */
function regionCode(country: unknown, region: unknown): string | undefined {
  if (typeof country !== "string" || typeof region !== "string") return undefined;
  return country !== "" && /^[A-Za-z]{2,3}$/.test(region) ? `${country}-${region}` : undefined;
}

/** https://docs.slack.dev/reference/methods/team.accessLogs */
export const accessLogs: SourceDefinition = {
  name: "access_logs",
  method: "team.accessLogs",
  endpoint: { api: "web", method: "team.accessLogs", verb: "GET", list: "logins" },
  scope: "admin",
  plan: "paid",
  rate: "Tier 2, 20 a minute",
  maxPageSize: 999,
  identity: "row",
  time: { key: "date_last", unit: "s" },
  eventName: { prefix: "slack.access" },
  severity: () => ({ number: INFO }),
  attributes: [
    text("user.id", "user_id"),
    text("user.name", "username"),
    text("client.address", "ip"),
    text("user_agent.original", "user_agent"),
    text("client.as.organization", "isp"),
    text("geo.country.iso_code", "country"),
    { name: "geo.region.iso_code", from: (row) => regionCode(at(row, "country"), at(row, "region")), as: "text" },
    number("slack.access.count", "count"),
    number("slack.access.date_first", "date_first"),
    number("slack.access.date_last", "date_last"),
  ],
  walk: walkSweeps,
  reachedMs: reachedBySweeps,
};
