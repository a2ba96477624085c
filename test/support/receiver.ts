import type { ServerOptions } from "node:https";
import { decodeRequest, inflateRequest, uidOf, type DecodedRecord } from "./otlp-decoder.ts";
import {
  createScriptedServer,
  type ReceivedRequest,
  type ScriptedServer,
  type ServerAnswer,
} from "./scripted-server.ts";

/** What the receiver does with one request instead of taking it. */
export type Reply =
  | { readonly kind: "accept" }
  /** Nothing is taken. `message` goes into a google.rpc.Status, in the request's encoding. */
  | { readonly kind: "status"; readonly status: number; readonly retryAfter?: string; readonly message?: string }
  /** Everything but the first `rejected` records is taken. */
  | { readonly kind: "partial"; readonly rejected: number; readonly message?: string }
  | { readonly kind: "redirect"; readonly status: 301 | 302 | 303 | 307 | 308; readonly to: string }
  /** A proxy's page, with 200. */
  | { readonly kind: "html" }
  | { readonly kind: "hang" }
  | { readonly kind: "reset" }
  /** The records are taken, and the connection is reset before the answer: the sender cannot know. */
  | { readonly kind: "lost" }
  /** Takes the records once `until` is resolved. */
  | { readonly kind: "slow"; readonly until: Promise<unknown> }
  /** Anything else, as it is; nothing is taken. */
  | { readonly kind: "raw"; readonly answer: ServerAnswer };

export interface ReceiverOptions {
  /** Replies to the first requests, in turn; afterwards everything is taken. More may be pushed at any time. */
  readonly script?: readonly Reply[];
  /** Asked for every request the script says nothing about; `undefined`: take it. */
  readonly respond?: (request: LedgerRequest) => Reply | undefined;
  /** A request with one such record is refused whole with 400, without saying which record it was. */
  readonly poison?: (uid: string) => boolean;
  /** Bound on a body, on the wire and inflated. `collector`: answers 400 as a Collector does, not 413. */
  readonly bodyLimit?: { readonly bytes: number; readonly answer: "413" | "collector" };
  /** Requests without this header and value get 401. Changed by `setCredentials`. */
  readonly credentials?: { readonly name: string; readonly value: string } | undefined;
  readonly tls?: ServerOptions;
}

/** One request as the ledger keeps it. */
export interface LedgerRequest {
  readonly received: ReceivedRequest;
  readonly encoding: string | undefined;
  readonly compression: string | undefined;
  /** After it was inflated; 0 when it could not be. */
  readonly bytes: number;
  readonly records: readonly DecodedRecord[];
  /** What it was answered with, and nothing for `hang`, `reset` and `lost`. */
  status: number | undefined;
}

export interface Receiver extends AsyncDisposable {
  /** Base URL, as an OTLP `endpoint`. */
  readonly url: string;
  /** Every record taken, in order; one that came twice is there twice. */
  readonly accepted: readonly DecodedRecord[];
  readonly requests: readonly LedgerRequest[];
  /** The uids of `accepted`, in order. */
  uids(): string[];
  script(...replies: readonly Reply[]): void;
  setCredentials(credentials: { readonly name: string; readonly value: string } | undefined): void;
  close(): Promise<void>;
}

/** An OTLP/HTTP receiver of logs that keeps a ledger and fails as it is told. It answers as a Collector does. */
export async function createReceiver(options: ReceiverOptions = {}): Promise<Receiver> {
  const script = [...(options.script ?? [])];
  const accepted: DecodedRecord[] = [];
  const requests: LedgerRequest[] = [];
  let credentials = options.credentials;

  const handle = async (received: ReceivedRequest): Promise<ServerAnswer> => {
    const { request, refusal } = readRequest(received, { ...options, credentials });
    requests.push(request);
    const reply = script.shift() ?? options.respond?.(request) ?? { kind: "accept" };
    const answer = await answerOf(reply, request, refusal);
    request.status = typeof answer === "string" ? undefined : answer.status;
    return answer;
  };

  const answerOf = async (
    reply: Reply,
    request: LedgerRequest,
    refusal: Refusal | undefined,
  ): Promise<ServerAnswer> => {
    const { encoding, records } = request;
    switch (reply.kind) {
      case "accept":
        if (refusal !== undefined) return error(refusal, encoding);
        accepted.push(...records);
        return success(encoding);
      case "slow":
        await reply.until;
        return answerOf({ kind: "accept" }, request, refusal);
      case "partial":
        accepted.push(...records.slice(reply.rejected));
        return success(encoding, reply);
      case "lost":
        accepted.push(...records);
        return "reset";
      case "status":
        return error({ message: "as the script says", ...reply }, encoding);
      case "redirect":
        return { status: reply.status, headers: { location: reply.to } };
      case "html":
        return {
          status: 200,
          headers: { "content-type": "text/html" },
          body: "<html><body>Please log in</body></html>",
        };
      case "raw":
        return reply.answer;
      case "hang":
      case "reset":
        break;
    }
    return reply.kind;
  };

  const server: ScriptedServer = await createScriptedServer(
    handle,
    options.tls === undefined ? {} : { tls: options.tls },
  );
  return {
    url: server.url,
    accepted,
    requests,
    uids: () => accepted.map(uidOf),
    script: (...replies) => void script.push(...replies),
    setCredentials: (changed) => void (credentials = changed),
    close: () => server.close(),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

interface Refusal {
  readonly status: number;
  readonly message: string;
  readonly retryAfter?: string;
}

function readRequest(
  received: ReceivedRequest,
  { poison, bodyLimit, credentials }: ReceiverOptions,
): { request: LedgerRequest; refusal: Refusal | undefined } {
  const { method, path, headers, body } = received;
  const base = { received, encoding: headers["content-type"], compression: headers["content-encoding"] };
  const refused = (status: number, message: string, rest: Partial<LedgerRequest> = {}) => ({
    request: { ...base, bytes: 0, records: [], status: undefined, ...rest },
    refusal: { status, message },
  });
  const tooLarge = (rest?: Partial<LedgerRequest>) =>
    bodyLimit?.answer === "413" ? refused(413, "too large", rest) : refused(400, "http: request body too large", rest);
  if (path !== "/v1/logs") return refused(404, "404 page not found");
  if (method !== "POST") return refused(405, "405 method not allowed, supported: [POST]");
  if (credentials !== undefined && headers[credentials.name] !== credentials.value) return refused(401, "who are you?");
  if (bodyLimit !== undefined && body.length > bodyLimit.bytes) return tooLarge();
  try {
    const inflated = inflateRequest(base.compression, body);
    const bytes = inflated.length;
    if (bodyLimit !== undefined && bytes > bodyLimit.bytes) return tooLarge({ bytes });
    const records = decodeRequest(base.encoding, inflated);
    if (poison !== undefined && records.some((record) => poison(uidOf(record)))) {
      return refused(400, "a record cannot be read", { bytes, records });
    }
    return { request: { ...base, bytes, records, status: undefined }, refusal: undefined };
  } catch (error) {
    const known = base.encoding === "application/x-protobuf" || base.encoding === "application/json";
    return refused(known ? 400 : 415, (error as Error).message);
  }
}

function success(
  encoding: string | undefined,
  partial?: { readonly rejected: number; readonly message?: string },
): ServerAnswer {
  const headers = { "content-type": encoding ?? "application/json" };
  if (encoding !== "application/x-protobuf") {
    const rejected = partial === undefined ? {} : { rejectedLogRecords: String(partial.rejected) };
    const partialSuccess = { ...rejected, errorMessage: partial?.message };
    return { status: 200, headers, body: JSON.stringify({ partialSuccess }) };
  }
  if (partial === undefined) return { status: 200, headers };
  const inner = [0x08, ...varint(partial.rejected), ...lengthDelimited(2, Buffer.from(partial.message ?? ""))];
  return { status: 200, headers, body: Uint8Array.from(lengthDelimited(1, inner)) };
}

/** A google.rpc.Status in the request's encoding, or text where that is unknown. */
function error({ status, message, retryAfter }: Refusal, encoding: string | undefined): ServerAnswer {
  const after = retryAfter === undefined ? {} : { "retry-after": retryAfter };
  if (encoding === "application/x-protobuf") {
    const body = Uint8Array.from([0x08, 3, ...lengthDelimited(2, Buffer.from(message))]);
    return { status, headers: { "content-type": encoding, ...after }, body };
  }
  if (encoding === "application/json") {
    return { status, headers: { "content-type": encoding, ...after }, body: JSON.stringify({ code: 3, message }) };
  }
  return { status, headers: { "content-type": "text/plain", ...after }, body: message };
}

function lengthDelimited(field: number, bytes: Iterable<number>): number[] {
  const content = [...bytes];
  return [(field << 3) | 2, ...varint(content.length), ...content];
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(Math.floor(value / 128))];
}
