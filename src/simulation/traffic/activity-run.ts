import type { Random } from "../random.ts";
import { externalAuthentication, failedTrigger, life, oddities, workflowRun, type Run } from "./activity-scripts.ts";
import type { Cast } from "./cast.ts";

export interface ActivityOfRun {
  readonly entry: { readonly created: number; readonly trace_id: string; readonly event_type: string };
  readonly teamId: string;
}

/** All that one run of an app leaves in the log, with one `trace_id`, oldest first. */
export function activityRun(random: Random, cast: Cast, atMs: number): readonly ActivityOfRun[] {
  const app = random.pick(cast.apps);
  const traceId = random.id("Tr0", 9);
  const parent = random.chance(0.1) ? { parent_execution_id: random.id("Fx0", 9) } : {};
  const entries: ActivityOfRun[] = [];
  let createdUs = Math.floor(atMs) * 1000 + random.below(1000);
  const log: Run["log"] = (eventType, payload, options = {}) => {
    const { level = "info", component = { type: "workflows", id: app.workflow.id }, source = "slack" } = options;
    const entry = {
      app_id: app.id,
      level,
      event_type: eventType,
      source,
      component_type: component.type,
      component_id: component.id,
      payload,
      created: createdUs,
      trace_id: traceId,
      team_id: app.teamId,
      ...(cast.organisation === undefined ? {} : { enterprise_id: cast.organisation.id }),
      ...parent,
    };
    entries.push({ teamId: app.teamId, entry });
    // Several entries of one microsecond happen (S20).
    if (!random.chance(0.15)) createdUs += random.between(1, 400_000);
  };
  const run: Run = { random, cast, app, log };
  const script = random.next();
  if (script < 0.75) workflowRun(run);
  else if (script < 0.83) failedTrigger(run);
  else if (script < 0.9) externalAuthentication(run);
  else if (script < 0.97) life(run);
  else oddities(run);
  return entries;
}
