import { styleText } from "node:util";
import { check } from "../check.ts";
import { renderJson, renderScreen } from "../check/screen.ts";
import type { Invoked } from "../cli.ts";
import { loadConfiguration } from "../config/load.ts";
import type { ExitCode } from "../explain.ts";
import { createHttp } from "../http.ts";
import type { Program } from "../program.ts";
import type { Stop } from "../stop.ts";

export async function checkCommand(
  { config, json, send }: Invoked<"check">,
  { version, env, stdout, stderr, clock, random, log, proxy }: Program,
  { stop }: Stop,
): Promise<ExitCode> {
  const loaded = loadConfiguration({ env, ...(config === undefined ? {} : { file: config }) });
  // The test record of this destination has standard output for itself.
  const output = loaded.ok && send && loaded.configuration.destination.name === "stdout" ? stderr : stdout;
  const options = { loaded, send, version, createHttp, stdout, clock, random, ...proxy };
  const result = await check(options, stop).catch((error: unknown) => {
    if (error === stop.reason) return undefined;
    throw error;
  });
  if (result === undefined) {
    log("warn", "stopped", { exit_code: 1, message: "Stopped before everything was looked at." });
    return 1;
  }
  const { findings, exitCode } = result;
  const style: typeof styleText = (format, text) => styleText(format, text, { stream: output });
  const columns = output.columns || 100;
  output.write(
    json ? renderJson(findings, exitCode, version) : renderScreen(findings, exitCode, { style, columns, version }),
  );
  return exitCode;
}
