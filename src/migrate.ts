import type { Configuration } from "./config/schema.ts";
import { SettingsError } from "./destinations/destination-kind.ts";
import type { Log } from "./model.ts";
import { copyState } from "./state/copy.ts";
import { describeState, type OpenStateOptions } from "./state/index.ts";

export interface MigrateOptions extends Omit<OpenStateOptions, "once"> {
  readonly from: Configuration;
  readonly to: Configuration;
  readonly log: Log;
}

/**
 * Copies the state of one configuration into that of another. Resolves with the exit code 0; rejects with a
 * `SettingsError` (2), a `StateError` (3) or the signal's reason.
 */
export async function migrate({ from, to, ...options }: MigrateOptions): Promise<0> {
  const [source, target] = [describeState(from.state), describeState(to.state)];
  if (source === target) throw new SettingsError("--to", `names the same state as --from: ${source}`);
  const copied = await copyState(from.state, to.state, { ...options, once: false });
  const message = `All of it was read back. ${source} is as it was: run with the other configuration from now on.`;
  options.log("info", "migrated", { from: source, to: target, ...copied, message });
  return 0;
}
