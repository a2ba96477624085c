import { backfill } from "../backfill.ts";
import { progressLines, type BackfillProgress } from "../backfill/progress.ts";
import type { Invoked } from "../cli.ts";
import type { ExitCode } from "../explain.ts";
import { configured, runOptions, tellStopping, type Program } from "../program.ts";
import type { Stop } from "../stop.ts";

export async function backfillCommand(
  { config, ...wanted }: Invoked<"backfill">,
  program: Program,
  stop: Stop,
): Promise<ExitCode> {
  const configuration = await configured(program, config);
  if (configuration === undefined) return 2;
  tellStopping(program, stop.stop);
  const stretches: BackfillProgress[] = [];
  const { clock, style } = program;
  await using _drawing = program.draw({
    lines: (width) => progressLines(stretches, width, clock.monotonic(), style),
  });
  const onProgress = (stretch: BackfillProgress) => void stretches.push(stretch);
  const exitCode = await backfill({ ...(await runOptions(program, configuration)), wanted, onProgress }, stop);
  program.log("info", "stopped", { exit_code: exitCode });
  return exitCode;
}
