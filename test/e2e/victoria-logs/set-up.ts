import type { TestProject } from "vitest/node";
import { findVictoriaLogs, type FoundVictoriaLogs } from "./build.ts";

declare module "vitest" {
  interface ProvidedContext {
    victoriaLogs: FoundVictoriaLogs;
  }
}

/** As for the Collector: built once before all tests, skipped where it cannot be had, a failure where it is required. */
export default async function setUp(project: TestProject): Promise<void> {
  const found = await findVictoriaLogs(process.env);
  if (found.status === "absent" && process.env["SLACK_OTEL_E2E"] === "required") throw new Error(found.reason);
  project.provide("victoriaLogs", found);
}
