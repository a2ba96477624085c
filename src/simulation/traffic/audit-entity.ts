import type { Random } from "../random.ts";
import type { AuditEntityType } from "../vocabulary.ts";
import type { Cast, Person } from "./cast.ts";

/** What an action is about: the fields of `/audit/v1/schemas`, and of the types that are only seen elsewhere. */
export function auditEntity(random: Random, cast: Cast, type: AuditEntityType, person: Person): object {
  const place = random.pick(cast.places);
  const app = random.pick(cast.apps);
  const { id, name, domain } = place;
  switch (type) {
    case "user":
      return auditUser(random, random.chance(0.5) ? person : random.pick(cast.people));
    case "workspace":
      return { id, name, domain };
    case "enterprise":
      return cast.organisation ?? { id, name, domain };
    case "channel":
      return {
        id: random.pick(cast.channels),
        privacy: random.pick(["public", "private"]),
        name: "incident-room",
        is_shared: false,
        is_org_shared: random.chance(0.2),
        ...(random.chance(0.2) ? { teams_shared_with: [id], original_connected_channel_id: null } : {}),
      };
    case "file":
      return { id: random.id("F0", 9), name: "quarter.pdf", filetype: "application/pdf", title: "Quarter" };
    case "app":
      return {
        id: app.id,
        name: app.name,
        is_distributed: false,
        is_directory_approved: false,
        is_workflow_app: random.chance(0.5),
        scopes: ["chat:write"],
        ...(random.chance(0.5) ? { bot_scopes: ["commands"] } : { creator: person.id, team: app.teamId }),
      };
    case "workflow":
      return { id: app.workflow.id, name: app.workflow.name };
    case "workflow_v2":
      return {
        id: app.workflow.id,
        app_id: app.id,
        date_updated: 1_772_441_000,
        callback_id: random.hex(12),
        name: app.workflow.name,
        updated_by: person.id,
        step_configuration: [{ function_id: app.functions[0]?.id, is_required: true }],
      };
    case "template":
      return { id: random.id("Tp0", 8), template_name: "Welcome" };
    case "message":
      return { team: id, channel: random.pick(cast.channels), timestamp: "1772441000.000300" };
    case "usergroup":
      return { id: random.id("S0", 9), name: "on-call" };
    case "role":
      return { id: random.id("Rl0", 8), name: "Channels admin", type: "channels_admin" };
    case "account_type_role":
      return { id: random.id("Rl0", 8), name: "Full member" };
    case "canvas":
      return { id: random.id("F0", 9), filetype: "canvas", title: "Runbook" };
    case "huddle": {
      const open = random.chance(0.5);
      const dates = { date_start: 1_772_441_000, date_end: open ? 0 : 1_772_441_900 };
      return { id: random.id("R0", 9), ...dates, participants: [person.id, random.pick(cast.people).id] };
    }
    case "list":
      return { id: random.id("F0", 9) };
    case "function":
      return { id: random.pick(app.functions).id, app_id: app.id, callback_id: "reverse_text" };
    case "external_auth_oauth2_token":
      return { id: random.id("Et0", 8), provider: { id: 4_398_046_511_104 + random.below(1000), name: "google" } };
    case "barrier":
      return {
        id: random.id("Br0", 8),
        primary_usergroup: random.id("S0", 9),
        ...(random.chance(0.5)
          ? { barriered_from_usergroup: random.id("S0", 9) }
          : { barriered_from_usergroups: [random.id("S0", 9)] }),
        restricted_subjects: ["im", "mpim", "call"],
      };
    case "legal_hold_policy":
      return { id: random.id("Lh0", 8), name: "Matter 7" };
    default:
      return type satisfies never;
  }
}

export function auditUser(random: Random, { id, fullName, email, teamId }: Person): object {
  return {
    id,
    name: fullName,
    email,
    ...(random.chance(0.8) ? { team: teamId } : {}),
    ...(random.chance(0.1) ? { account_type: "full_member" } : {}),
  };
}
