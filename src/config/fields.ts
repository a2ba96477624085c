/**
 * The kinds of setting, as zod fields: what may be written, what it becomes, and how it is told to a person.
 *
 * Add to each its own `.prefault("30s")` (a default as it would be written) or `.optional()`, and `.describe("…")`
 * last, so that help and JSON Schema show both. `writeOnly` in a field's meta is what makes it a secret.
 */
import { z } from "zod";
import type { Secret } from "../model.ts";
import { BYTE_SIZE_PATTERN, parseByteSize } from "./byte-size.ts";
import { DURATION_PATTERN, parseDuration } from "./duration.ts";
import { createSecret, isSecret, secretFault, secretRemedy, withoutFinalNewline } from "./secret.ts";

/** A span of time, written as `1m`, `24h`, `1h30m`, `500ms`, `0s`. Becomes milliseconds. */
export function duration(bounds: { readonly atLeast?: string; readonly atMost?: string } = {}) {
  const { atLeast = "0s", atMost = "3650d" } = bounds;
  const error = "is not a duration: a number and its unit, which is ms, s, m, h or d";
  return z
    .string({ error })
    .regex(DURATION_PATTERN, { error, abort: true })
    .meta({ examples: ["15s", "1m", "24h"] })
    .transform((text, context) => {
      const ms = parseDuration(text) ?? Infinity;
      if (ms < mustParse(atLeast)) return fault(context, `is too short: at least ${atLeast}`);
      if (ms > mustParse(atMost)) return fault(context, `is too long: at most ${atMost}`);
      return ms;
    });
}

/** A size, written as `4MiB`, `900kB` or a plain number of bytes. Becomes bytes. */
export function byteSize(bounds: { readonly atLeast?: number; readonly atMost?: number } = {}) {
  const { atLeast = 0, atMost = Number.MAX_SAFE_INTEGER } = bounds;
  const error = "is not a size: a number of bytes, or one with its unit, which is kB, MB, GB, KiB, MiB or GiB";
  return z
    .union([z.string().regex(BYTE_SIZE_PATTERN, { error }), z.int({ error }).min(0, { error })], { error })
    .meta({ examples: ["4MiB", "900kB", 1_000_000] })
    .transform((written, context) => {
      const bytes = typeof written === "number" ? written : (parseByteSize(written) ?? Infinity);
      if (bytes < atLeast) return fault(context, `is too small: at least ${atLeast} bytes`);
      if (bytes > atMost) return fault(context, `is too large: at most ${atMost} bytes`);
      return bytes;
    });
}

/** A text nobody may see. `${env:NAME}` and `${file:/path}` in it stay references: a file is read again on change. */
export function secret() {
  return z
    .custom<string | Secret>((value) => typeof value === "string" || isSecret(value), {
      error: "is not text",
      abort: true,
    })
    .meta({ type: "string", writeOnly: true, examples: ["${env:NAME}", "${file:/run/secrets/name}"] })
    .transform((given, context): Secret => {
      if (typeof given !== "string") return given;
      const text = withoutFinalNewline(given);
      const problem = secretFault(text);
      return problem === undefined ? createSecret(() => text) : fault(context, problem, secretRemedy);
    });
}

/** Header names (RFC 9110, section 5.6.2) and values, which are secrets. */
export function headers() {
  return z.record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, { error: "is not a header name" }), secret());
}

/**
 * A URL without user info, query and fragment; becomes its normal form, so a bare host ends in `/`.
 * `required-off-loopback`: `https:`, but for a loopback address.
 */
export function httpUrl({ tls }: { readonly tls: "required-off-loopback" | "optional" }) {
  return z
    .string({ error: "is not a URL" })
    .regex(/^[Hh][Tt][Tt][Pp][Ss]?:\/\/[^\s/?#@]+(?:\/[^\s?#]*)?$/, {
      error: (issue) => urlFault(String(issue.input)),
      abort: true,
    })
    .meta(tls === "optional" ? { examples: ["http://localhost:4318"] } : {})
    .transform((text, context) => {
      const url = URL.parse(text);
      if (url === null) return fault(context, "is not a URL");
      if (tls === "required-off-loopback" && url.protocol !== "https:" && !isLoopback(url))
        return fault(context, "is plain http: only https: is allowed, except on a loopback address");
      return url.href;
    });
}

/** The path of a file or folder; a relative one starts at the working folder. */
export function filePath() {
  return z
    .string({ error: "is not a path" })
    .min(1, { error: "is empty" })
    .refine((path) => !path.includes("\0"), { error: "has a NUL character in it" })
    .meta({ examples: ["./folder/file"] });
}

/** Whether the URL's host can only be this machine: `localhost`, 127.0.0.0/8 or `::1`. */
export function isLoopback(url: URL): boolean {
  return url.hostname === "localhost" || url.hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(url.hostname);
}

/** URLs are never quoted: user info and query strings carry passwords. */
function urlFault(text: string): string {
  if (!/^https?:\/\//i.test(text)) return "does not begin with https:// or http://";
  if (text.includes("?") || text.includes("#")) return "has a query or a fragment, which a base URL may not have";
  if (/^https?:\/\/[^/]*@/i.test(text)) return "has user info before the host, which would be a secret in plain sight";
  return "is not a URL";
}

function fault(context: z.RefinementCtx, message: string, remedy?: string): never {
  context.addIssue({ code: "custom", message, params: { remedy } });
  return z.NEVER;
}

function mustParse(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new TypeError(`not a duration: ${text}`);
  return ms;
}
