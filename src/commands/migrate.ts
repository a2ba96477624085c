import type { Invoked } from "../cli.ts";
import type { ExitCode } from "../explain.ts";
import { migrate } from "../migrate.ts";
import { configured, type Program } from "../program.ts";
import type { Stop } from "../stop.ts";

export async function migrateCommand(
  invocation: Invoked<"migrate">,
  program: Program,
  { stop }: Stop,
): Promise<ExitCode> {
  const only = { stateOnly: true };
  const from = await configured(program, invocation.from, only);
  const to = await configured(program, invocation.to, only);
  if (from === undefined || to === undefined) return 2;
  const { clock, log } = program;
  return migrate({ from, to, clock, log, signal: stop });
}
