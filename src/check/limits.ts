import type { Configuration } from "../config/schema.ts";
import type { Clock, Destination } from "../model.ts";
import { startOf } from "../start-of.ts";
import type { Finding } from "./finding.ts";

const HOUR_MS = 3_600_000;

/** What a receiver of OTLP is known to limit; each from its own documentation. */
interface Receiver {
  readonly name: string;
  /** The end of its host names. */
  readonly host: RegExp;
  readonly maxBytes?: number;
  readonly maxAgeHours?: number;
  readonly encoding?: "protobuf";
  readonly compressions?: readonly string[];
}

const RECEIVERS: readonly Receiver[] = [
  { name: "New Relic", host: /\.nr-data\.net$/, maxBytes: 1_000_000 },
  { name: "Dynatrace", host: /\.dynatrace\.com$/, maxBytes: 10_000_000, maxAgeHours: 24, encoding: "protobuf" },
  { name: "CrowdStrike LogScale", host: /\.(?:humio|crowdstrike)\.com$/, encoding: "protobuf" },
  { name: "AWS CloudWatch", host: /^logs\..*\.amazonaws\.com$/, compressions: ["gzip", "none"] },
];

export interface LimitsOptions {
  readonly configuration: Configuration;
  readonly destination: Destination;
  readonly clock: Clock;
  /** How far the streams that there are have come, epoch milliseconds; empty on a first run. */
  readonly reachedMs: readonly number[];
}

/** Limits of the destination that this configuration, as it is, would meet. */
export function checkLimits({ configuration, destination, clock, reachedMs }: LimitsOptions): Finding[] {
  const { name, settings } = configuration.destination;
  const subject = `${destination.name} ${destination.description}`;
  const receiver = name === "otlp" ? receiverOf(settings) : undefined;
  const findings: Finding[] = [];
  findings.push(...ageWindow({ configuration, destination, clock, reachedMs }, subject, receiver));
  if (receiver === undefined || name !== "otlp") return findings;
  const { encoding, compression } = settings;
  if (receiver.maxBytes !== undefined && configuration.batch.max_bytes > receiver.maxBytes) {
    findings.push({
      id: "size_limit",
      level: "warn",
      subject,
      what: `batch.max_bytes is ${configuration.batch.max_bytes}; ${receiver.name} takes ${receiver.maxBytes}.`,
      remedy: `Set batch.max_bytes to ${receiver.maxBytes} or less: each larger batch costs a refusal before it is halved.`,
    });
  }
  if (receiver.encoding !== undefined && encoding !== receiver.encoding) {
    findings.push({
      id: "receiver",
      level: "fail",
      subject,
      what: `${receiver.name} takes ${receiver.encoding} only; encoding is ${encoding}.`,
      remedy: `Set destination.otlp.encoding to ${receiver.encoding}.`,
    });
  }
  if (receiver.compressions !== undefined && !receiver.compressions.includes(compression)) {
    findings.push({
      id: "receiver",
      level: "fail",
      subject,
      what: `${receiver.name} takes ${receiver.compressions.join(" or ")}; compression is ${compression}.`,
      remedy: `Set destination.otlp.compression to ${receiver.compressions.join(" or ")}.`,
    });
  }
  return findings;
}

function receiverOf({
  endpoint,
  logs_endpoint,
}: {
  endpoint?: string | undefined;
  logs_endpoint?: string | undefined;
}) {
  const host = URL.parse(logs_endpoint ?? endpoint ?? "")?.hostname ?? "";
  return RECEIVERS.find((receiver) => receiver.host.test(host));
}

/** Records older than the destination keeps: what becomes of those that this configuration would send. */
function ageWindow(
  { configuration, destination, clock, reachedMs }: LimitsOptions,
  subject: string,
  receiver?: Receiver,
): Finding[] {
  const { maxAgeMs } = destination.limits;
  const hours = maxAgeMs === undefined ? receiver?.maxAgeHours : maxAgeMs / HOUR_MS;
  if (hours === undefined) return [];
  const now = clock.now();
  const begin = startOf(configuration.start, now, maxAgeMs);
  const isFirst = reachedMs.length === 0;
  const oldestMs = isFirst ? begin.wantedMs : Math.min(...reachedMs);
  if (now - oldestMs <= hours * HOUR_MS) return [];
  const back = oldestMs === 0 ? "back without an end" : `${Math.round((now - oldestMs) / HOUR_MS)} hours back`;
  const reaches = `${isFirst ? "`start`" : "The position"} reaches ${back}; it takes ${hours} hours.`;
  const warning = (what: string, remedy: string): Finding[] => [
    { id: "age_window", level: "warn", subject, what, remedy },
  ];
  if (maxAgeMs === undefined) {
    const without = `Set start: ${hours - 1}h, or send to a destination without such a window.`;
    return warning(reaches, `Entries that are older may vanish there without an error. ${without}`);
  }
  // What is known to be too old is not sent there: see `startOf` and the destination's own limits.
  if (!isFirst) {
    const remedy = "To have it sent all the same, set `late` to restamp or send.";
    return warning(`${reaches} What is older becomes dead letters.`, remedy);
  }
  const begins = `A first run begins ${Math.round((10 * (now - begin.ms)) / HOUR_MS) / 10} hours back.`;
  const remedy = `To have what is older as well, set \`late\` to restamp or send. Else set start: ${hours - 1}h.`;
  return warning(`${reaches} ${begins}`, remedy);
}
