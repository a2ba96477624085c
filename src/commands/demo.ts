import type { Invoked } from "../cli.ts";
import { demo } from "../demo.ts";
import type { ExitCode } from "../explain.ts";
import type { Program } from "../program.ts";
import type { Stop } from "../stop.ts";

export async function demoCommand(
  { durationMs }: Invoked<"demo">,
  { version, env, stdout, stderr, proxy }: Program,
  stop: Stop,
): Promise<ExitCode> {
  const options = { env, version, stdout, stderr, ...proxy };
  return demo(durationMs === undefined ? options : { ...options, durationMs }, stop);
}
