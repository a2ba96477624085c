import { inflateRequest } from "../support/otlp-decoder.ts";

/**
 * The secrets that the program is given, each made of letters and digits that no encoding breaks off at, and the search
 * for them in all that comes out of it (I15).
 */
export const CANARIES = { slack: "xoxp-c4n4ryOfSl4ck", receiver: "c4n4ryOfTh3R3c31v3r" } as const;

/** What they have in common, and nothing else has. */
const NEEDLES = [...new Set(formsOf(Buffer.from("c4n4ryOf")))];

/** The first canary in a text, in whatever form it is there. */
export function canaryIn(text: string): string | undefined {
  return NEEDLES.find((needle) => text.includes(needle));
}

/** As it is, as base64 wherever it begins there, as hex, percent-encoded and escaped as JSON escapes. */
function formsOf(core: Buffer): string[] {
  const bytes = [...core].map((byte) => byte.toString(16).padStart(2, "0"));
  const forms = [
    bytes.join(""),
    bytes.map((hex) => `%${hex}`).join(""),
    bytes.map((hex) => `\\u00${hex}`).join(""),
    bytes.map((hex) => `\\x${hex}`).join(""),
  ];
  return [core.toString(), ...[0, 1, 2].map((before) => base64Within(core, before)), ...forms, ...forms.map(upper)];
}

function upper(form: string): string {
  return form.replace(/[a-f]/g, (letter) => letter.toUpperCase());
}

/** What is the same of its base64 whatever stands around it, where `before` bytes too many do. */
function base64Within(core: Buffer, before: number): string {
  const text = Buffer.concat([Buffer.alloc(before), core]).toString("base64url");
  const from = Math.ceil((before * 8) / 6);
  const to = Math.floor(((before + core.length) * 8) / 6);
  return text.slice(from, to);
}

export interface Lookout {
  /** What was found, and where. */
  readonly leaks: ReadonlySet<string>;
  look(where: string, text: string): void;
  /** A request may hold one of them, in the header that is made for it. */
  lookAtRequest(request: SentRequest, owner: keyof typeof CANARIES): void;
}

export interface SentRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export function createLookout(): Lookout {
  const leaks = new Set<string>();
  const look = (where: string, text: string) => {
    const canary = canaryIn(text);
    if (canary !== undefined) leaks.add(`leaked into ${where}: ${canary}`);
  };
  return {
    leaks,
    look,
    lookAtRequest({ url, headers, body = "" }, owner) {
      // Tokens are renewed with nothing but secrets.
      if (url.endsWith("/oauth.v2.access")) return;
      let all = url;
      for (const [name, value] of Object.entries(headers))
        all += `\n${name === "authorization" || name === "dd-api-key" ? value.replace(CANARIES[owner], "") : value}`;
      look(`a request to ${owner}`, `${all}\n${textOf(body, headers["content-encoding"])}`);
    },
  };
}

/** What is compressed, as it was before. */
function textOf(body: string | Uint8Array, encoding: string | undefined): string {
  return typeof body === "string" ? body : Buffer.from(inflateRequest(encoding, body)).toString("latin1");
}
