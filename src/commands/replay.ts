import type { Invoked } from "../cli.ts";
import type { ExitCode } from "../explain.ts";
import { configured, runOptions, tellStopping, type Program } from "../program.ts";
import { replay } from "../replay.ts";
import type { Stop } from "../stop.ts";

export async function replayCommand(
  { config, files }: Invoked<"replay">,
  program: Program,
  stop: Stop,
): Promise<ExitCode> {
  const configuration = await configured(program, config);
  if (configuration === undefined) return 2;
  tellStopping(program, stop.stop);
  return replay({ ...(await runOptions(program, configuration)), once: true, files }, stop);
}
