import { factsOf, methodAt, type MethodName } from "./methods.ts";
import type { Request } from "./call.ts";

export interface ReadRequest {
  readonly method: MethodName | undefined;
  readonly audit: boolean;
  /** Without the token. Of a repeated argument the first value. */
  readonly params: Readonly<Record<string, string>>;
  readonly token: string | undefined;
  /** HTTP Basic, as `oauth.v2.access` prefers it. */
  readonly basic: { readonly name: string; readonly password: string } | undefined;
  /** Slack's error code where the request cannot be read. */
  readonly unreadable: string | undefined;
  readonly warnings: readonly string[];
}

/** Arguments from the query and, of a POST, from its form. */
export function readRequest(request: Request): ReadRequest {
  const { pathname, query } = partsOf(request.url);
  const method = methodAt(pathname);
  const params: Record<string, string> = Object.create(null);
  for (const [name, value] of fieldsOf(query)) params[name] ??= value;
  // Slack ignores a token in the query.
  delete params["token"];
  const body = readBody(request, method !== undefined && factsOf(method).json);
  for (const [name, value] of body.params) params[name] ??= value;
  const authorization = request.headers["authorization"];
  const token = bearer(authorization) ?? params["token"];
  delete params["token"];
  return {
    method,
    audit: pathname.startsWith("/audit/"),
    params,
    token,
    basic: basic(authorization),
    unreadable: body.error,
    warnings: body.warnings,
  };
}

/** Texts that are what they say, with nothing escaped. */
const PLAIN_URL = /^https?:\/\/[a-z0-9.:]+(\/[\w./]*)(?:\?([\w.=&-]*))?$/;
const PLAIN_FIELDS = /^[\w.=&-]*$/;

function partsOf(text: string): { readonly pathname: string; readonly query: string } {
  const [, pathname, query = ""] = PLAIN_URL.exec(text) ?? [];
  if (pathname !== undefined && !pathname.includes("..")) return { pathname, query };
  const url = new URL(text, "http://slack.invalid");
  return { pathname: url.pathname, query: url.search.slice(1) };
}

function fieldsOf(form: string): Iterable<readonly [string, string]> {
  if (form === "") return [];
  if (!PLAIN_FIELDS.test(form)) return new URLSearchParams(form);
  return form.split("&").flatMap((field) => {
    if (field === "") return [];
    const [name = "", ...value] = field.split("=");
    return [[name, value.join("=")] as const];
  });
}

interface Body {
  readonly params: Iterable<readonly [string, string]>;
  readonly error?: string;
  readonly warnings: readonly string[];
}

function readBody({ method, headers, body }: Request, takesJson: boolean): Body {
  if (method !== "POST" || body === "") return { params: [], warnings: [] };
  const [type = "", ...attributes] = (headers["content-type"] ?? "")
    .split(";")
    .map((part) => part.trim().toLowerCase());
  const charset = attributes.some((attribute) => attribute.startsWith("charset="));
  if (type === "application/x-www-form-urlencoded")
    return { params: fieldsOf(body), warnings: charset ? ["superfluous_charset"] : [] };
  if (type === "") return { params: [], error: "missing_post_type", warnings: [] };
  if (type !== "application/json" || !takesJson) return { params: [], error: "invalid_post_type", warnings: [] };
  const warnings = charset ? [] : ["missing_charset"];
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== "object" || value === null || Array.isArray(value))
      return { params: [], error: "json_not_object", warnings };
    return { params: Object.entries(value).map(([name, item]) => [name, String(item)] as const), warnings };
  } catch {
    return { params: [], error: "invalid_json", warnings };
  }
}

function bearer(authorization: string | undefined): string | undefined {
  return /^bearer (.+)$/i.exec(authorization ?? "")?.[1]?.trim();
}

function basic(authorization: string | undefined): { name: string; password: string } | undefined {
  const encoded = /^basic (.+)$/i.exec(authorization ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, "base64").toString();
  const colon = text.indexOf(":");
  return colon < 0 ? undefined : { name: text.slice(0, colon), password: text.slice(colon + 1) };
}
