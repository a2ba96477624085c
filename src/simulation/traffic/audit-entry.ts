import type { Random } from "../random.ts";
import { AUDIT_ACTIONS, AUDIT_ACTION_ENTITIES } from "../vocabulary.ts";
import { auditDetails } from "./audit-details.ts";
import { auditEntity, auditUser } from "./audit-entity.ts";
import type { Cast, Person } from "./cast.ts";

/** One entry, with the shapes that are known to vary (S26). */
export function auditEntry(random: Random, cast: Cast, atMs: number): object {
  const action = random.chance(0.3) ? "user_login" : random.pick(AUDIT_ACTIONS);
  const person = random.pick(cast.people);
  const type = AUDIT_ACTION_ENTITIES[action];
  const details = auditDetails(random, cast, action, atMs);
  return {
    id: uuid(random),
    date_create: Math.floor(atMs / 1000),
    action,
    actor: { type: "user", user: auditUser(random, person) },
    entity: { type, [type]: auditEntity(random, cast, type, person) },
    context: auditContext(random, cast, person),
    ...(details === undefined ? {} : { details }),
    ...(random.chance(0.01) ? { schema_version: 2 } : {}),
  };
}

function auditContext(random: Random, { organisation, places, apps }: Cast, person: Person): object {
  const place = places.find(({ id }) => id === person.teamId) ?? random.pick(places);
  const atOrganisation = organisation !== undefined && random.chance(0.3);
  const { id, name, domain } = atOrganisation ? organisation : place;
  const device = random.pick(person.devices);
  const app = random.pick(apps);
  const appPart = random.pick([
    {},
    {},
    {},
    { app: null },
    {
      app: { id: app.id, name: app.name, scopes: [], scopes_bot: ["chat:write"], creator: person.id, team: app.teamId },
    },
    { app: { id: app.id, name: app.name, scopes: ["identify"], bot_scopes: ["commands"] } },
  ]);
  const session = random.between(800_000_000_000, 9_000_000_000_000);
  return {
    location: { type: atOrganisation ? "enterprise" : "workspace", id, name, domain },
    ua: device.userAgent,
    ...random.pick([
      { session_id: String(session) },
      { session_id: String(session) },
      { session_id: session },
      { session_id: null },
      {},
    ]),
    ...random.pick([
      { ip_address: device.ip },
      { ip_address: device.ip },
      { ip_address: device.ip },
      { ip_address: "" },
      {},
    ]),
    ...appPart,
  };
}

function uuid(random: Random): string {
  return [8, 4, 4, 4, 12].map((length) => random.hex(length)).join("-");
}
