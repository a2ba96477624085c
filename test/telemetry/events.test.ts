import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { eventsOf } from "../support/events.ts";

const SOURCE = fileURLToPath(new URL("../../src/", import.meta.url));

/** Operators make alerts of these names: a change of one is a change for them. */
test("the names of the events in the program's own log are the ones that are known", () => {
  const events = new Set(
    globSync("**/*.ts", { cwd: SOURCE, exclude: ["demo/**", "simulation/**"] }).flatMap((file) =>
      eventsOf(readFileSync(SOURCE + file, "utf8")),
    ),
  );
  expect([...events].toSorted()).toMatchInlineSnapshot(`
    [
      "backfill_interrupted",
      "backfill_progress",
      "backfill_resumed",
      "backfill_started",
      "backfilled",
      "backfills_unreadable",
      "behind",
      "configuration",
      "configuration_error",
      "connected",
      "connection_added",
      "connection_removed",
      "coverage_filled",
      "coverage_hole",
      "coverage_partial",
      "dead_lettered",
      "delivered",
      "delivery_resumed",
      "destination_refuses",
      "destination_retry",
      "destination_warning",
      "failed",
      "first_run",
      "holes_not_closed",
      "intervals_kept",
      "intervals_stretched",
      "lease_lost",
      "migrated",
      "no_token_files",
      "no_workspaces",
      "nothing_read",
      "nothing_to_backfill",
      "nothing_to_read",
      "older_than_destination_takes",
      "partial_success",
      "read_elsewhere",
      "records_older_than_window",
      "replayed",
      "slack_filter_refused",
      "slack_pages_beyond_reach",
      "slack_retry",
      "slack_walk_restarted",
      "slack_warning",
      "source_not_available",
      "start_capped",
      "started",
      "state_created",
      "state_reachable",
      "state_unreachable",
      "stopped",
      "stopping",
      "stream_claimed",
      "stream_halted",
      "stream_handed_over",
      "stream_lost",
      "stream_resumed",
      "stream_taken",
      "telemetry_served",
      "token_file_unreadable",
      "token_refresh_refused",
      "token_refreshed",
      "token_refused",
      "torn_line_cut",
      "usage_error",
      "workspaces_added",
      "workspaces_gone",
      "workspaces_may_be_missing",
      "workspaces_not_approved",
      "workspaces_not_listed",
    ]
  `);
});
