import { backfillState } from "./backfill/place.ts";
import type { Configuration } from "./config/schema.ts";
import { SettingsError } from "./destinations/destination-kind.ts";
import type { Log } from "./model.ts";
import { copyState } from "./state/copy.ts";
import { describeState, type OpenStateOptions, probeState } from "./state/index.ts";

export interface MigrateOptions extends Omit<OpenStateOptions, "once"> {
  readonly from: Configuration;
  readonly to: Configuration;
  readonly log: Log;
}

/**
 * Copies the state of one configuration into that of another, and that of its backfills where there is one. Resolves with the exit code 0; rejects with a
 * `SettingsError` (2), a `StateError` (3) or the signal's reason.
 */
export async function migrate({ from, to, ...options }: MigrateOptions): Promise<0> {
  const [source, target] = [describeState(from.state), describeState(to.state)];
  if (source === target) throw new SettingsError("--to", `names the same state as --from: ${source}`);
  const opening = { ...options, once: false };
  const [old, fresh] = [backfillState(from.state), backfillState(to.state)];
  let backfills = 0;
  const copied = await copyState(from.state, to.state, opening, async () => {
    if ((await probeState(old, options.signal)).kind === "new") return;
    backfills = (await copyState(old, fresh, opening)).streams;
  });
  const message = `All of it was read back. ${source} is as it was: run with the other configuration from now on.`;
  options.log("info", "migrated", { from: source, to: target, ...copied, backfills, message });
  return 0;
}
