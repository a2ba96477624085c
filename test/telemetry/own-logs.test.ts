import { InMemoryLogRecordExporter } from "@opentelemetry/sdk-logs";
import { expect, test } from "vitest";
import { createOwnLogs } from "../../src/telemetry/own-logs.ts";

test("a line of the log is a record: its event, its level, its sentence, its fields", async () => {
  const exporter = new InMemoryLogRecordExporter();
  const logs = createOwnLogs({ version: "1.2.3", exporter });
  logs.log("warn", "stream_halted", { stream: "audit_logs/E1", status: 401, hint: undefined, message: "What to do." });
  logs.log("info", "stream_resumed");
  const kept = exporter.getFinishedLogRecords.bind(exporter);
  // Closing sends what is left, and the exporter forgets all when it is shut down.
  exporter.shutdown = () => Promise.resolve();
  await logs.close();
  expect(
    kept().map(({ eventName, severityNumber, severityText, body, attributes, resource }) => ({
      eventName,
      severityNumber,
      severityText,
      body,
      attributes,
      resource: resource.attributes,
    })),
  ).toEqual([
    {
      eventName: "slack_otel.stream_halted",
      severityNumber: 13,
      severityText: "warn",
      body: "What to do.",
      attributes: { stream: "audit_logs/E1", status: 401 },
      resource: { "service.name": "slack-otel", "service.version": "1.2.3" },
    },
    expect.objectContaining({ severityNumber: 9, body: "stream resumed", attributes: {} }),
  ]);
});
