import type { SourceName } from "../../model.ts";
import { accessLogs } from "./access-logs.ts";
import { appActivities } from "./app-activities.ts";
import { auditLogs } from "./audit-logs.ts";
import type { SourceDefinition } from "./definition.ts";
import { integrationLogs } from "./integration-logs.ts";

/** Every source, by its name in the configuration. To add one: one file, one line here, one fixture. */
export const sourceDefinitions: Readonly<Record<SourceName, SourceDefinition>> = {
  access_logs: accessLogs,
  integration_logs: integrationLogs,
  app_activities: appActivities,
  audit_logs: auditLogs,
};
