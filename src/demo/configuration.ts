import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { loadConfiguration, type LoadedConfiguration } from "../config/load.ts";
import { DEFAULT_TOKEN } from "../simulation/grants.ts";
import type { Listening } from "../simulation/server.ts";

export interface DemoConfigurationOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly server: Pick<Listening, "apiUrl" | "auditUrl">;
  /** Holds the file, the state and the dead letters. */
  readonly folder: string;
  readonly startHours: number;
}

/** Whether the environment says where to deliver. */
export function namesEndpoint(env: DemoConfigurationOptions["env"]): boolean {
  const names = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"];
  return names.some((name) => (env[name]?.trim() ?? "") !== "");
}

/**
 * A configuration file like any other, at a brisk pace. Of the environment it takes the OpenTelemetry variables alone: a
 * true token must not go to the simulated Slack.
 */
export async function demoConfiguration(options: DemoConfigurationOptions): Promise<LoadedConfiguration> {
  const { env, server, folder, startHours } = options;
  const inFolder = (name: string) => JSON.stringify(join(folder, name).replaceAll("$", "$$$$"));
  const file = join(folder, "demo.yaml");
  await writeFile(
    file,
    `
slack: { api_url: "${server.apiUrl}", audit_url: "${server.auditUrl}" }
sources:
  access_logs: { interval: 1s, calls_per_minute: 1000, deep_sweep: 0s }
  integration_logs: { interval: 1s, calls_per_minute: 1000, deep_sweep: 0s }
  app_activities: { interval: 1s, calls_per_minute: 1000 }
  audit_logs: { interval: 1s, calls_per_minute: 1000 }
start: ${startHours}h
batch: { max_records: 200 }
state: { sqlite: { path: ${inFolder("state.db")} } }
dead_letters: { path: ${inFolder("dead-letters")} }
${namesEndpoint(env) ? "" : "destination: { stdout: {} }"}
`,
  );
  const standard = Object.entries(env).filter(([name]) => name.startsWith("OTEL_") || name.startsWith("NODE_"));
  return loadConfiguration({ file, env: { ...Object.fromEntries(standard), SLACK_TOKEN: DEFAULT_TOKEN } });
}
