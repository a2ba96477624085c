import { createAccessRows, type AccessRows } from "./access-rows.ts";
import { createActivityLog, type ActivityLog } from "./activities.ts";
import { createAuditLog, type AuditLog } from "./audit.ts";
import type { Behaviour } from "./behaviour.ts";
import { createIntegrationLog, type IntegrationLog } from "./integration.ts";

/**
 * What happened at the organisation: put entries in at any time, with times past or to come. An entry shows from its
 * own time on, unless it is said to come later.
 */
export interface World {
  readonly access: AccessRows;
  readonly integration: IntegrationLog;
  readonly activities: ActivityLog;
  readonly audit: AuditLog;
}

export function createWorld(behaviour: Behaviour, firstTeamId: string): World {
  return {
    access: createAccessRows(() => behaviour.access, firstTeamId),
    integration: createIntegrationLog(firstTeamId),
    activities: createActivityLog(firstTeamId),
    audit: createAuditLog(),
  };
}
