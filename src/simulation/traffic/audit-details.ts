import type { Random } from "../random.ts";
import type { AuditAction } from "../vocabulary.ts";
import type { Cast } from "./cast.ts";

/** `details` are of no fixed shape; absent for most (S26). */
export function auditDetails(random: Random, cast: Cast, action: AuditAction, atMs: number): object | undefined {
  const person = random.pick(cast.people);
  if (action === "anomaly")
    return {
      action_timestamp: Math.floor(atMs) * 1000 - 51_000_000,
      location: "Reno, Nevada",
      previous_ip_address: "192.0.2.77",
      previous_ua: "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
      reason: ["ip_address", "user_agent"],
      ip_address_details: ["cloud-asn"],
    };
  if (action.startsWith("pref."))
    return random.pick([
      { new_value: "on", previous_value: "off" },
      { new_value: ["sso", "google"], previous_value: [] },
      { new_value: { allowed: ["T0ACMEENG01"] }, previous_value: { allowed: [] }, is_flagged: "false" },
    ]);
  if (action === "user_added_to_usergroup" || action === "permissions_assigned")
    return random.chance(0.5)
      ? { succeeded_users: JSON.stringify([person.id]), failed_users: "[]" }
      : { succeeded_users: [person.id], failed_users: [] };
  if (action === "user_channel_join")
    return {
      inviter: random.chance(0.5) ? { id: person.id } : { type: "user", user: { id: person.id, email: person.email } },
    };
  if (action === "scheduled_export_started")
    return {
      export_start_ts: "1772400000",
      export_end_ts: "1772441999",
      exporting_team_id: 1_134_128_598_372,
      permissions: [{ resource: { type: "workspace" }, permission: { name: "export" } }],
    };
  if (action === "app_scopes_expanded") return { new_scopes: ["files:write"], previous_scopes: ["chat:write"] };
  if (action === "user_session_reset_by_admin") return { reason: random.chance(0.5) ? "lost device" : ["lost device"] };
  return random.chance(0.02) ? { agent_id: random.id("Ag0", 8), API: true } : undefined;
}
