import { describe, expect } from "vitest";
import type { LogRecord } from "../../../src/model.ts";
import { createStillSlack, expectedRecords, runOnce } from "../whole-run.ts";
import { victoriaLogsTest, type Row, type VictoriaLogs } from "./victoria-logs.ts";

/** What it keeps is there to be found within a second or so. */
const PATIENCE = { timeout: 20_000, interval: 200 };

/** Delivers a whole run, and gives back what was expected and what is found. */
async function deliver(database: VictoriaLogs, destination: object, uidField = "log.record.uid") {
  const slack = createStillSlack(15);
  const expected = await expectedRecords(slack);
  const { code, stderr } = await runOnce(slack, { destination });
  expect(code, stderr).toBe(0);
  await expect.poll(async () => (await database.query("*")).length, PATIENCE).toBe(expected.size);
  const rows = new Map((await database.query("*")).map((row) => [row[uidField] ?? "", row]));
  expect([...rows.keys()].toSorted()).toEqual([...expected.keys()].toSorted());
  return { expected, rows };
}

/** As VictoriaLogs flattens a value: dots for maps, JSON text for lists, no field for what is null or empty. */
function flattened(value: unknown, path: string, into: Record<string, string> = {}): Record<string, string> {
  if (Array.isArray(value)) into[path] = JSON.stringify(value);
  else if (typeof value === "object" && value !== null)
    for (const [key, item] of Object.entries(value)) flattened(item, `${path}.${key}`, into);
  else if (value !== null && value !== undefined && value !== "")
    into[path] = typeof value === "string" ? value : JSON.stringify(value);
  return into;
}

function nanosOf({ log: { hrTime } }: LogRecord): bigint {
  return BigInt(hrTime[0]) * 1_000_000_000n + BigInt(hrTime[1]);
}
/** `_time` is RFC 3339 with as many digits as it needs. */
function nanosOfRow({ _time = "" }: Row): bigint {
  const [, whole = "", fraction = ""] = /^(.*?)(?:\.(\d+))?Z$/.exec(_time) ?? [];
  return BigInt(Date.parse(`${whole}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}

const traceIdOf = ({ log }: LogRecord) => log.spanContext?.traceId ?? "";

/** Asks for the longest trace by its id, and for nothing else. */
async function findTrace(
  database: VictoriaLogs,
  uidField: string,
  field: string,
  records: Iterable<LogRecord>,
  idOf: (record: LogRecord) => string,
): Promise<void> {
  const traces = Map.groupBy(records, idOf);
  traces.delete("");
  expect(traces.size).toBeGreaterThan(20);
  const [id, ofTrace = []] = [...traces].toSorted(([, a], [, b]) => b.length - a.length)[0] ?? [];
  const found = await database.query(`"${field}":="${id}"`);
  expect(found.length).toBeGreaterThan(1);
  expect(found.map((row) => row[uidField] ?? "").toSorted()).toEqual(ofTrace.map(({ uid }) => uid).toSorted());
}

describe("a whole run of all four sources", () => {
  victoriaLogsTest("by OTLP is there, and is found by a trace id", async ({ victoriaLogs }) => {
    const destination = { otlp: { endpoint: `${victoriaLogs.url}/insert/opentelemetry` } };
    const { expected, rows } = await deliver(victoriaLogs, destination);
    for (const [uid, row] of rows) expect(nanosOfRow(row)).toBe(nanosOf(expected.get(uid) as LogRecord));
    // It spreads the keys of a body among a log's own, so an entry's trace_id lies over the record's: Slack's id it is.
    await findTrace(victoriaLogs, "log.record.uid", "slack.trace_id", expected.values(), ({ log }) =>
      JSON.stringify(log.attributes["slack.trace_id"] ?? "").slice(1, -1),
    );
  });

  victoriaLogsTest("by the HTTP Event Collector's protocol is there field by field", async ({ victoriaLogs }) => {
    const endpoint = `${victoriaLogs.url}/insert/splunk`;
    const settings = {
      endpoint,
      token: "any",
      index: "slack",
      source: "slack-otel",
      sourcetype: "_json",
      host: "here",
    };
    const { expected, rows } = await deliver(victoriaLogs, { splunk_hec: settings }, "fields.log.record.uid");
    for (const [uid, row] of rows) {
      const record = expected.get(uid) as LogRecord;
      const { log } = record;
      expect(nanosOfRow(row)).toBe(nanosOf(record));
      const { _time, _stream, _stream_id, _msg, ...fields } = row;
      expect(fields).toEqual({
        ...flattened(log.body, "event"),
        ...flattened({ ...log.resource.attributes, ...log.attributes }, "fields"),
        ...flattened(
          {
            "otel.log.name": log.eventName,
            "otel.log.severity.number": log.severityNumber,
            "otel.log.severity.text": log.severityText,
            trace_id: log.spanContext?.traceId,
            span_id: log.spanContext?.spanId,
          },
          "fields",
        ),
        index: "slack",
        source: "slack-otel",
        sourcetype: "_json",
        host: "here",
      });
    }
    await findTrace(victoriaLogs, "fields.log.record.uid", "fields.trace_id", expected.values(), traceIdOf);
  });

  victoriaLogsTest("by Datadog's v2 protocol is there field by field", async ({ victoriaLogs }) => {
    const settings = { endpoint: `${victoriaLogs.url}/insert/datadog`, api: "v2", api_key: "any", tags: ["env:test"] };
    const { expected, rows } = await deliver(victoriaLogs, { datadog: settings });
    for (const [uid, row] of rows) {
      const { log } = expected.get(uid) as LogRecord;
      const { _msg = "", ...fields } = row;
      expect(JSON.parse(_msg)).toEqual({ slack: { entry: log.body } });
      const attributes = flattened(log.attributes, "");
      for (const [name, value] of Object.entries(attributes)) expect(fields[name.slice(1)]).toBe(value);
      expect(fields).toMatchObject({ service: "slack", ddsource: "slack", env: "test" });
      expect(fields["otel.trace_id"]).toBe(log.spanContext?.traceId);
      expect(fields["otel.event_name"]).toBe(log.eventName);
    }
    await findTrace(victoriaLogs, "log.record.uid", "otel.trace_id", expected.values(), traceIdOf);
  });
});
