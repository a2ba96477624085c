import type { Invoked } from "../cli.ts";
import type { Configuration } from "../config/schema.ts";
import type { Connection } from "../connections.ts";
import type { ExitCode } from "../explain.ts";
import { configured, runOptions, tellStopping, type Program } from "../program.ts";
import type { Stop } from "../stop.ts";
import type { Telemetry } from "../telemetry.ts";
import type { StreamReport } from "../telemetry/stream-report.ts";
import type { StreamStatus } from "../telemetry/stream-status.ts";

export async function runCommand(
  { config, once, deadlineMs }: Invoked<"run">,
  program: Program,
  stop: Stop,
): Promise<ExitCode> {
  // The clock started with the process, not here.
  if (deadlineMs !== undefined) stop.within(deadlineMs - program.uptimeMs(), "the deadline is reached");
  const configuration = await configured(program, config);
  if (configuration === undefined) return 2;
  const statuses: StreamStatus[] = [];
  const connections: Connection[] = [];
  const telemetry = await telemetryOf(configuration, program, statuses, connections);
  tellStopping(program, stop.stop);
  await using _drawing = program.draw({ statuses });
  const { run } = await import("../run.ts");
  const options = await runOptions(program, configuration);
  const watching = telemetry === undefined ? {} : { onExport: telemetry.exported };
  const onConnection = (connection: Connection) => {
    connections.push(connection);
    // Each has a stream at least.
    program.fitTo(connections.length);
  };
  const onStream = ({ status }: StreamReport) => void statuses.push(status);
  const exitCode = await run({ ...options, once, onStream, onConnection, onStart: program.fitTo, ...watching }, stop);
  program.log("info", "stopped", { exit_code: exitCode });
  return exitCode;
}

/** Nothing is loaded of it unless the configuration asks for it. */
async function telemetryOf(
  configuration: Configuration,
  { version, clock, log, listen, beforeExit }: Program,
  statuses: readonly StreamStatus[],
  connections: readonly Connection[],
): Promise<Telemetry | undefined> {
  const { address, metrics, logs } = configuration.telemetry;
  if (address === undefined && metrics === undefined && logs === undefined) return undefined;
  const { startTelemetry } = await import("../telemetry.ts");
  const methods = () => connections.flatMap(({ client }) => client.quota.methods());
  const telemetry = await startTelemetry({ configuration, version, statuses: () => statuses, methods, clock, log });
  listen(telemetry.log);
  beforeExit(() => telemetry[Symbol.asyncDispose]());
  return telemetry;
}
