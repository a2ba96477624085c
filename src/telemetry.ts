import { stat } from "node:fs/promises";
import type { Configuration } from "./config/schema.ts";
import type { Clock, Log, Secret } from "./model.ts";
import { HOLE_REASONS } from "./coverage/hole.ts";
import { timeline, type Cell } from "./coverage/timeline.ts";
import type { PageOptions, TimelineCell } from "./telemetry/page.ts";
import type { Metrics } from "./telemetry/metrics.ts";
import { observe, type MethodUse } from "./telemetry/observe.ts";
import type { OwnLogs } from "./telemetry/own-logs.ts";
import { readinessOf } from "./telemetry/readiness.ts";
import { createRefusedTokens } from "./telemetry/refused-tokens.ts";
import { serve, type Answer } from "./telemetry/server.ts";
import type { StreamStatus } from "./telemetry/stream-status.ts";
import type { Outcome } from "./telemetry/timed.ts";

export interface TelemetryOptions {
  readonly configuration: Configuration;
  readonly version: string;
  readonly statuses: () => readonly StreamStatus[];
  readonly methods: () => readonly MethodUse[];
  readonly clock: Clock;
  readonly log: Log;
}

export interface Telemetry extends AsyncDisposable {
  /** Takes the program's log, for readiness and for OTLP. */
  readonly log: Log;
  exported(ms: number, outcome: Outcome): void;
}

/** The address cannot be listened on: wrong configuration, exit code 2. */
class TelemetryAddressError extends Error {
  override readonly name = "SettingsError";
  readonly key = "telemetry.address";
}

/** How long the last metrics and log records may take to leave. */
const CLOSING_MS = 2_000;
const DEFAULT_ENDPOINT = "http://localhost:4318";
const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** What the configuration asks for of metrics, health and own logs; what it does not ask for is not even loaded. */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const { configuration, clock, log } = options;
  const { settings } = { settings: configuration.telemetry };
  await using failing = new AsyncDisposableStack();
  const refused = createRefusedTokens(clock);
  const logs = settings.logs === undefined ? undefined : await startOwnLogs(options);
  if (logs !== undefined) failing.defer(() => quietly(logs.close(), clock));
  const needsMetrics = settings.address !== undefined || settings.metrics !== undefined;
  const metrics = needsMetrics ? await startMetrics(options, refused.reasons) : undefined;
  if (metrics !== undefined) failing.defer(() => quietly(metrics.close(), clock));
  if (settings.address !== undefined && metrics !== undefined) {
    const page = await import("./telemetry/page.ts");
    const server = await listen(settings.address, {
      "/": () => {
        const { renderPage, PAGE_POLICY } = page;
        const body = renderPage({ ...pageOf(options), readiness: readinessOf(options.statuses(), refused.reasons()) });
        const headers = { "content-security-policy": PAGE_POLICY };
        return { status: 200, type: "text/html; charset=utf-8", body, headers };
      },
      "/livez": () => json(200, { live: true }),
      "/readyz": () => {
        const readiness = readinessOf(options.statuses(), refused.reasons());
        return json(readiness.ready ? 200 : 503, readiness);
      },
      "/metrics": async () => ({ status: 200, type: PROMETHEUS_TYPE, body: await metrics.prometheus() }),
    });
    failing.defer(() => server.close());
    log("info", "telemetry_served", { url: server.url });
  }
  const cleanup = failing.move();
  return {
    log(level, event, fields) {
      refused.log(level, event, fields);
      logs?.log(level, event, fields);
    },
    exported: (ms, outcome) => metrics?.exported(ms, outcome),
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
}

/** The last day of each stream, a quarter of an hour a cell. */
const PAGE_MS = 24 * 3_600_000;
const PAGE_CELLS = 96;

function pageOf({ version, statuses, clock }: TelemetryOptions): Omit<PageOptions, "readiness"> {
  const nowMs = clock.now();
  const time = { fromMs: nowMs - PAGE_MS, toMs: nowMs };
  const streams = statuses()
    .filter(({ isOver }) => !isOver)
    .map((status) => {
      const coverage = status.coverage();
      const cells = coverage === undefined ? [] : timeline(coverage, time, PAGE_CELLS, nowMs);
      return { status, cells: cells.map(inWords) };
    });
  return { version, streams, nowMs, monotonicMs: clock.monotonic() };
}

function inWords({ reason, ...cell }: Cell): TimelineCell {
  return reason === undefined ? cell : { ...cell, reason: HOLE_REASONS[reason] };
}

async function startMetrics(
  { configuration, version, statuses, methods, clock }: TelemetryOptions,
  refused: ReturnType<typeof createRefusedTokens>["reasons"],
): Promise<Metrics> {
  const [{ createMetrics }, readers] = await Promise.all([
    import("./telemetry/metrics.ts"),
    configuration.telemetry.metrics === undefined
      ? []
      : import("./telemetry/otlp-metrics.ts").then(({ otlpMetricReader }) => {
          const { endpoint, headers } = receiverOf(configuration);
          return [otlpMetricReader(endpoint, headers)];
        }),
  ]);
  return createMetrics({
    version,
    readers,
    async observe() {
      const streams = statuses();
      const isFailing = (side: "slack" | "destination") =>
        streams.some(({ fault }) => fault?.side === side && fault.isCredentials);
      const failing = { slack: refused().length > 0 || isFailing("slack"), destination: isFailing("destination") };
      const stateBytes = await sizeOf(configuration);
      return observe({ streams, methods: methods(), failing, stateBytes, nowMs: clock.now() });
    },
  });
}

async function startOwnLogs({ configuration, version }: TelemetryOptions): Promise<OwnLogs> {
  const { createOwnLogs, otlpLogExporter } = await import("./telemetry/own-logs.ts");
  const { endpoint, headers } = receiverOf(configuration);
  return createOwnLogs({ version, exporter: otlpLogExporter(endpoint, headers) });
}

/** Where the program's own OTLP goes, without a slash at its end. */
function receiverOf({ telemetry, destination }: Configuration) {
  const { otlp } = telemetry;
  const same = destination.name === "otlp" && otlp.endpoint === undefined ? destination.settings : undefined;
  const headers: Readonly<Record<string, Secret>> = { ...same?.headers, ...otlp.headers };
  return {
    endpoint: (otlp.endpoint ?? same?.endpoint ?? DEFAULT_ENDPOINT).replace(/\/+$/, ""),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.reveal()])),
  };
}

async function listen(...[address, routes]: Parameters<typeof serve>): ReturnType<typeof serve> {
  try {
    return await serve(address, routes);
  } catch (error) {
    const { code, name } = error as NodeJS.ErrnoException;
    throw new TelemetryAddressError(
      `${address.host}:${address.port} cannot be listened on (${code ?? name}): give another address, or end what has it`,
      { cause: error },
    );
  }
}

async function sizeOf({ state }: Configuration): Promise<number | undefined> {
  if (state.name !== "sqlite") return undefined;
  return stat(state.settings.path).then(
    ({ size }) => size,
    () => undefined,
  );
}

/** What cannot be sent in time is lost, and said nowhere: standard error has had every line. */
async function quietly(closing: Promise<void>, clock: Clock): Promise<void> {
  const patience = new AbortController();
  const over = clock.sleep(CLOSING_MS, patience.signal).catch(() => undefined);
  await Promise.race([closing.catch(() => undefined), over]);
  patience.abort(new Error("closed"));
}

function json(status: number, value: unknown): Answer {
  return { status, type: "application/json", body: `${JSON.stringify(value)}\n` };
}
