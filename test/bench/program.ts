import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const built = (path: string) => fileURLToPath(new URL(`../../dist/${path}`, import.meta.url));
export const PROGRAM = built("slack-otel.mjs");
export const STOCK = built("bench/stock.mjs");

export interface Settings {
  /** Ends in a slash; the simulated Web API and Audit API are below it. */
  readonly slackUrl: string;
  /** Absent: every source. */
  readonly sources?: object;
  readonly destination: object;
}

/** The command line of one forwarding to the present: with a state of its own, which the next run with it finds. */
export async function onceWith({ slackUrl, sources, destination }: Settings, folder: string): Promise<string[]> {
  const own = await mkdtemp(join(folder, "run-"));
  const configuration = {
    slack: { token: "xoxp-simulated-owner", api_url: `${slackUrl}api/`, audit_url: `${slackUrl}audit/v1/` },
    ...(sources === undefined ? {} : { sources }),
    start: "earliest",
    destination,
    state: { sqlite: { path: join(own, "state.db") } },
    dead_letters: { path: join(own, "dead-letters") },
  };
  const file = join(own, "slack-otel.yaml");
  await writeFile(file, JSON.stringify(configuration));
  return [PROGRAM, "run", "--once", "--config", file];
}
