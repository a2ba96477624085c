import type { Random } from "../random.ts";
import { CHANGE_TYPES, DISABLED_REASONS } from "../vocabulary.ts";
import type { Cast } from "./cast.ts";

const SERVICES = ["Google Calendar", "Airbrake", "RSS", "GitHub", "Outgoing WebHook"];
const SCOPES = ["incoming-webhook", "chat:write", "channels:read", "users:read", "commands", "files:write"];

/** One change, with the types that are known to vary: `date` a string, `service_id` a number or a string (S18). */
export function integrationChange(random: Random, cast: Cast, atMs: number): { entry: object; teamId: string } {
  const changeType = random.pick(CHANGE_TYPES);
  const person = random.pick(cast.people);
  const who = { user_id: person.id, user_name: person.name };
  const when = { date: String(Math.floor(atMs / 1000)), change_type: changeType };
  const scope = Array.from({ length: random.between(1, 3) }, () => random.pick(SCOPES)).join(",");
  const disabled = changeType === "disabled" ? { reason: random.pick(DISABLED_REASONS) } : {};
  if (changeType === "expanded" || random.chance(0.6)) {
    const app = random.pick(cast.apps);
    const approved = random.chance(0.2) ? { resolution: "approved", admin_app_id: app.id } : {};
    const entry = { app_id: app.id, app_type: app.name, ...who, ...when, ...disabled, scope, ...approved };
    return { entry, teamId: app.teamId };
  }
  const serviceType = random.pick(SERVICES);
  const serviceId = random.between(1_000_000_000, 9_999_999_999);
  const feed =
    serviceType === "RSS"
      ? {
          rss_feed: random.chance(0.5) ? true : "1",
          rss_feed_change_type: random.pick(["added", "removed"]),
          rss_feed_title: "Release notes",
          rss_feed_url: `https://example.com/feed/${random.hex(8)}.xml`,
        }
      : {};
  return {
    entry: {
      service_id: random.chance(0.5) ? serviceId : String(serviceId),
      service_type: serviceType,
      ...who,
      channel: random.pick(cast.channels),
      ...when,
      ...disabled,
      scope: "incoming-webhook",
      ...feed,
    },
    teamId: person.teamId,
  };
}
