import type { StateChoice } from "../state/index.ts";

/** The state of backfills stands beside that of `run`, so that both can work at a time: a file, or tables, of its own. */
export function backfillState(state: StateChoice): StateChoice {
  if (state.name === "postgres") return { ...state, settings: { ...state.settings, tables: "slack_otel_backfill_" } };
  return { name: "sqlite", settings: { path: `${state.settings.path}.backfill` } };
}
