import { gzipSync } from "node:zlib";
import type { Answer } from "./answer.ts";
import type { Call, Delivery, Reply } from "./call.ts";
import type { ReplacingFault, RetryAfter, SpoilingFault } from "./faults.ts";
import type { MethodFacts } from "./methods.ts";

const WHOLE: Delivery = { how: "whole" };
const JSON_TYPE = "application/json; charset=utf-8";
const HTML = "<!DOCTYPE html><html><head><title>Server Error</title></head><body>Something went wrong.</body></html>";
/** Of the Audit API. Anything not listed is 400. */
const AUDIT_STATUS: Readonly<Record<string, number>> = {
  missing_scope: 403,
  not_allowed_token_type: 403,
  feature_not_enabled: 403,
  user_not_authorized: 403,
  team_not_authorized: 403,
  invalid_workspace: 403,
  method_not_allowed: 405,
  bad_endpoint: 404,
  internal_error: 500,
};
const TOKEN_ERRORS: readonly string[] = [
  "not_authed",
  "invalid_auth",
  "token_revoked",
  "account_inactive",
  "token_expired",
  "invalid_authentication",
  "missing_authentication",
];

export interface ReplyTo {
  readonly call: Call;
  /** Of an unknown method: none. */
  readonly facts: MethodFacts | undefined;
  /** Whether it was the Audit API that was called. */
  readonly audit: boolean;
  /** `x-oauth-scopes`: what the token holds. */
  readonly scopes: readonly string[] | undefined;
}

type AnswerReply = Extract<Reply, { kind: "answer" }>;

/** The endpoint's answer on the wire: failures at 200, but for the Audit API, which has real codes (S3). */
export function replyWith(answer: Answer, to: ReplyTo, status?: number): AnswerReply {
  if (answer.kind === "success") return jsonReply(answer.body, to, 200);
  const { audit } = to;
  // The Audit API answers a bad token with no JSON at all.
  if (audit && status === undefined && TOKEN_ERRORS.includes(answer.error))
    return { ...jsonReply("Unauthorized", to, 401), headers: headersOf(to, "text/plain") };
  const body = JSON.stringify({ ok: false, error: answer.error, ...answer.fields });
  return jsonReply(body, to, status ?? (audit ? (AUDIT_STATUS[answer.error] ?? 400) : 200));
}

/** What comes instead of the true answer. */
export function replyInstead(fault: ReplacingFault, to: ReplyTo): Reply {
  switch (fault.kind) {
    case "error":
      return replyWith({ kind: "failure", error: fault.error, fields: fault.fields ?? {} }, to, fault.status);
    case "rate_limited":
      return rateLimited(fault, to);
    case "html":
      return { ...jsonReply(HTML, to, fault.status), headers: headersOf(to, "text/html; charset=utf-8") };
    case "empty_body":
      return jsonReply("", to, fault.status);
    case "null_body":
      return jsonReply("null", to, 200);
    case "body": {
      const reply = jsonReply(fault.body, to, fault.status);
      return { ...reply, headers: { ...reply.headers, ...fault.headers } };
    }
    case "without_list":
      return jsonReply(to.audit ? "{}" : `{"ok":true}`, to, 200);
    case "redirect": {
      const reply = jsonReply("", to, fault.status ?? 302);
      return { ...reply, headers: { ...reply.headers, location: fault.location } };
    }
    case "oversized_body":
      return jsonReply(`{"ok":true,"padding":"${" ".repeat(fault.bytes)}"}`, to, 200);
    case "silence":
      return { kind: "silence" };
    case "reset":
      return { kind: "reset" };
    default:
      return fault satisfies never;
  }
}

/** What the fault makes of the true answer. `spoilt`: the client cannot have read it. */
export function spoil(reply: AnswerReply, fault: SpoilingFault): { reply: AnswerReply; spoilt: boolean } {
  switch (fault.kind) {
    case "truncated_json":
      return { reply: { ...reply, body: reply.body.slice(0, Math.floor(reply.body.length / 2)) }, spoilt: true };
    case "cut":
      return { reply: { ...reply, delivery: { how: "cut" } }, spoilt: true };
    case "stall":
      return { reply: { ...reply, delivery: { how: "stall" } }, spoilt: true };
    case "broken_gzip": {
      const packed = gzipSync(reply.body);
      const headers = { ...reply.headers, "content-encoding": "gzip" };
      return { reply: { ...reply, headers, body: packed.subarray(0, packed.length >> 1) }, spoilt: true };
    }
    case "late":
      return { reply: { ...reply, delivery: { how: "late", afterMs: fault.afterMs } }, spoilt: false };
    case "drip":
      return { reply: { ...reply, delivery: { how: "drip", overMs: fault.overMs } }, spoilt: false };
    default:
      return fault satisfies never;
  }
}

function rateLimited(fault: Extract<ReplacingFault, { kind: "rate_limited" }>, to: ReplyTo): Reply {
  const error = to.audit ? "rate_limited" : "ratelimited";
  const status = fault.as === "ok_false" ? 200 : 429;
  const reply = jsonReply(JSON.stringify({ ok: false, error }), to, status);
  const retryAfter = retryAfterText(fault.retryAfter ?? 30, to.call.atMs);
  if (retryAfter === undefined || status === 200) return reply;
  return { ...reply, headers: { ...reply.headers, "retry-after": retryAfter } };
}

function retryAfterText(retryAfter: RetryAfter, nowMs: number): string | undefined {
  if (retryAfter === "absent") return undefined;
  if (retryAfter === "http_date") return new Date(nowMs + 30_000).toUTCString();
  return typeof retryAfter === "number" ? String(retryAfter) : retryAfter.text;
}

function jsonReply(body: string | Uint8Array, to: ReplyTo, status: number): AnswerReply {
  return { kind: "answer", status, headers: headersOf(to, JSON_TYPE), body, delivery: WHOLE };
}

function headersOf({ call, facts, scopes }: ReplyTo, contentType: string): Record<string, string> {
  return {
    "content-type": contentType,
    date: new Date(call.atMs).toUTCString(),
    "cache-control": "private, no-cache, no-store, must-revalidate",
    ...(scopes === undefined ? {} : { "x-oauth-scopes": scopes.join(",") }),
    ...(facts?.scope === undefined ? {} : { "x-accepted-oauth-scopes": facts.scope }),
  };
}
