import { ProtobufLogsSerializer } from "@opentelemetry/otlp-transformer";
import type { HttpAnswer, HttpFailure } from "../http.ts";
import type { Attempt } from "../model.ts";
import { retryAfterMs } from "../retry-after.ts";
import { cleaned } from "../destinations/cleaned.ts";
import { attemptOfStatus } from "../destinations/status.ts";
import type { Encoding } from "./encode.ts";
import { readStatusMessage } from "./rpc-status.ts";

export interface AnswerContext {
  /** What was asked in: an answer without a content type is taken for the same. */
  readonly encoding: Encoding;
  /** How many records were sent. */
  readonly records: number;
  readonly nowMs: number;
  /** What must not be quoted from an answer. */
  readonly secrets: readonly string[];
}

/** What an OTLP/HTTP receiver's answer means (OTLP 1.11, "OTLP/HTTP Response"). */
export function attemptOfAnswer(answer: HttpAnswer | HttpFailure, context: AnswerContext): Attempt {
  if (answer.kind === "failed") return attemptOfFailure(answer);
  if (answer.status >= 200 && answer.status < 300) return attemptOfSuccess(answer, context);
  const text = cleaned(readError(answer, context.encoding), context.secrets);
  if (answer.status === 400) {
    const cause = { message: `HTTP 400: ${text}`, statusCode: 400 };
    // A Collector answers 400, not 413, to a body over its limit.
    if (/request body too large/i.test(text)) {
      return { status: "refused", fault: "payload", reason: "too_large", cause };
    }
    if (/unsupported content-encoding/i.test(text)) return { status: "refused", fault: "configuration", cause };
  }
  const afterMs = retryAfterMs(answer.headers, context.nowMs);
  return attemptOfStatus({ status: answer.status, text, afterMs });
}

/** No answer, or one whose body cannot be read: whether the records were taken is unknown. */
export function attemptOfFailure({ message, status }: HttpFailure): Attempt {
  if (status === undefined) return { status: "retry", cause: { message } };
  if (status < 200 || status >= 300) return attemptOfStatus({ status, text: message });
  return foreign(message, status);
}

/** A 2xx that is not the receiver's own, as a proxy's page is: not a yes. */
export function foreign(message: string, statusCode: number): Attempt {
  return {
    status: "retry",
    escalate: "configuration",
    cause: { message: `HTTP ${statusCode}, but not the receiver's answer: ${message}`, statusCode },
  };
}

/** What the Content-Type header says the body is; `undefined` without one. */
export function contentKind({ headers }: HttpAnswer): Encoding | "html" | "text" | "other" | undefined {
  const type = headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  switch (type) {
    case undefined:
    case "":
      return undefined;
    case "application/x-protobuf":
    case "application/protobuf":
      return "protobuf";
    case "application/json":
      return "json";
    case "text/html":
    case "application/xhtml+xml":
      return "html";
    case "text/plain":
      return "text";
    default:
      return "other";
  }
}

function attemptOfSuccess(answer: HttpAnswer, context: AnswerContext): Attempt {
  const kind = contentKind(answer) ?? context.encoding;
  if (kind === "html") return foreign("an HTML page", answer.status);
  if (answer.body.length === 0) return { status: "accepted", rejected: 0 };
  if (kind !== "json" && kind !== "protobuf") return foreign("a body of another content type", answer.status);
  const response = decode(answer.body, kind);
  const rejected = Number(response?.partialSuccess?.rejectedLogRecords ?? 0);
  if (response === undefined || !Number.isInteger(rejected)) {
    return foreign(`a body that is not an OTLP response in ${kind}`, answer.status);
  }
  const message = response.partialSuccess?.errorMessage;
  return {
    status: "accepted",
    rejected: Math.min(Math.max(rejected, 0), context.records),
    ...(typeof message === "string" && message !== "" ? { message: cleaned(message, context.secrets) } : {}),
  };
}

interface Response {
  readonly partialSuccess?: { readonly rejectedLogRecords?: unknown; readonly errorMessage?: unknown } | null;
}

function decode(body: Buffer, encoding: Encoding): Response | undefined {
  try {
    // The library's JSON reader takes any text for an empty success.
    const value: unknown =
      encoding === "json" ? JSON.parse(body.toString()) : ProtobufLogsSerializer.deserializeResponse(body);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function readError(answer: HttpAnswer, encoding: Encoding): string {
  const kind = contentKind(answer) ?? encoding;
  if (kind === "html") return "an HTML page";
  if (kind === "protobuf") return readStatusMessage(answer.body);
  return kind === "json" ? readJsonMessage(answer.body.toString()) : answer.body.toString();
}

/** `message` of a google.rpc.Status in JSON, or of anything else that has one; otherwise the text as it is. */
function readJsonMessage(text: string): string {
  try {
    const value = JSON.parse(text) as { readonly message?: unknown } | null;
    if (typeof value?.message === "string") return value.message;
  } catch {
    // Not JSON after all: the text itself is all there is to tell.
  }
  return text;
}
