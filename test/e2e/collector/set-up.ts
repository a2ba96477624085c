import type { TestProject } from "vitest/node";
import { findCollector, type FoundCollector } from "./build.ts";

declare module "vitest" {
  interface ProvidedContext {
    collector: FoundCollector;
  }
}

/**
 * Runs once before all end-to-end tests, so that no two of them build the Collector at the same time. Where it cannot
 * be had the tests that need it are skipped with the reason; SLACK_OTEL_E2E=required makes that a failure.
 */
export default async function setUp(project: TestProject): Promise<void> {
  const found = await findCollector(process.env);
  if (found.status === "absent" && process.env["SLACK_OTEL_E2E"] === "required") throw new Error(found.reason);
  project.provide("collector", found);
}
