import { it } from "vitest";
import { postgresMissing } from "./server.ts";

/** Tests that need a real PostgreSQL. Where it is absent they are skipped with the reason, or fail where all must run. */
export function postgresTest(define: () => void): void {
  const missing = postgresMissing();
  if (missing === undefined) return define();
  it("needs PostgreSQL", ({ skip }) => {
    if (process.env["SLACK_OTEL_E2E"] === "required") throw new Error(missing);
    skip(missing);
  });
}
