import { styleText } from "node:util";
import type { Invoked } from "../cli.ts";
import { momentMs } from "../config/moment.ts";
import type { ExitCode } from "../explain.ts";
import { configured, type Program } from "../program.ts";
import { status } from "../status.ts";
import { renderJson } from "../status/json.ts";
import { renderScreen } from "../status/screen.ts";

export async function statusCommand(
  { config, json, from, to }: Invoked<"status">,
  program: Program,
): Promise<ExitCode> {
  const { version, stdout, clock, complain } = program;
  const configuration = await configured(program, config, { stateOnly: true });
  if (configuration === undefined) return 2;
  const nowMs = clock.now();
  const toMs = to === undefined ? nowMs : momentMs(to, nowMs);
  const asked = from === undefined ? undefined : { fromMs: momentMs(from, nowMs), toMs };
  if (asked !== undefined && asked.fromMs >= asked.toMs) {
    complain("usage_error", "--from has to be before --to");
    return 2;
  }
  const found = await status(configuration, nowMs, asked);
  const style: typeof styleText = (format, text) => styleText(format, text, { stream: stdout });
  const columns = stdout.columns || 100;
  stdout.write(json ? renderJson(found, version) : renderScreen(found, { style, columns, version }));
  return 0;
}
