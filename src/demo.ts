import type { Writable } from "node:stream";
import { styleText } from "node:util";
import type { RunOptions, StopSignals } from "./run.ts";

export interface DemoOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Pick<Writable, "write">;
  /** How long Slack is lively. */
  readonly durationMs?: number;
  readonly proxy?: NonNullable<RunOptions["proxy"]>;
}

/**
 * Shows the real pipeline at work against a simulated Slack in this process. Resolves with the exit code; 1: something
 * that Slack showed was not accepted.
 */
export async function demo(options: DemoOptions, interrupt: StopSignals): Promise<0 | 1 | 2> {
  const { env, stdout, version } = options;
  const closed = new AbortController();
  stdout.on("error", (error) => closed.abort(error));
  const coloured = stdout.isTTY === true && !env["NO_COLOR"] && env["TERM"] !== "dumb";
  const title = `slack-otel ${version}: a simulated Slack runs in this process; its four logs are forwarded.`;
  // Before the program itself is loaded, so that a person sees something at once.
  stdout.write(`${coloured ? styleText("bold", title, { validateStream: false }) : title}\n`);
  const { play } = await import("./demo/play.ts");
  return play({ ...options, coloured, closed: closed.signal }, interrupt);
}
