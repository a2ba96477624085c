import { AUTH_TEST } from "../slack/client.ts";
import { identityOf, type Identity } from "../slack/workspace.ts";
import type { Ask } from "./ask.ts";
import type { Finding } from "./finding.ts";

export interface Checked {
  readonly findings: readonly Finding[];
  /** Absent where Slack did not say whose token it is: nothing more can be asked then. */
  readonly identity?: Identity;
  /** What the token holds, where Slack tells. */
  readonly scopes?: readonly string[];
}

/** A stream's times come from Slack; an entry more than a day ahead of our clock is taken for one without a time. */
const CLOCK_NOTABLE_MS = 5_000;
const CLOCK_WRONG_MS = 24 * 3_600_000;
const EXPIRES_SOON_S = 14 * 86_400;

/** Whose token it is, as auth.test tells it, and how far the two clocks are apart. */
export async function checkToken(
  { subject, ask, isRenewed }: { readonly subject: string; readonly ask: Ask; readonly isRenewed: boolean },
  signal: AbortSignal,
): Promise<Checked> {
  const { answer, slackAheadMs } = await ask(AUTH_TEST, {}, signal);
  if (answer.kind !== "ok") {
    const isRefused = answer.kind === "halted";
    return {
      findings: [
        {
          id: "token",
          level: "fail",
          subject,
          what: isRefused ? answer.message : `Slack does not answer auth.test: ${answer.code}.`,
          ...(isRefused
            ? {}
            : {
                remedy:
                  "Look whether this machine reaches Slack (DNS, firewall, HTTPS_PROXY), and whether slack.api_url is right.",
              }),
        },
      ],
    };
  }
  const identity = identityOf(answer.body);
  if ("kind" in identity) return { findings: [{ id: "token", level: "fail", subject, what: identity.message }] };
  const scopes = answer.headers["x-oauth-scopes"]?.split(/,\s*/).filter((scope) => scope !== "");
  return {
    findings: [
      ownerFinding(subject, answer.body, identity, scopes),
      ...expiryFindings(subject, answer.body["expires_in"], isRenewed),
      ...clockFindings(slackAheadMs),
    ],
    identity,
    ...(scopes === undefined ? {} : { scopes }),
  };
}

function ownerFinding(
  subject: string,
  body: Readonly<Record<string, unknown>>,
  { teamId, enterpriseId, isOrganisation }: Identity,
  scopes: readonly string[] | undefined,
): Finding {
  const place = `the ${isOrganisation ? "organisation" : "workspace"} ${named(body["team"], teamId)}`;
  const plan = enterpriseId === undefined || isOrganisation ? "" : `, of the organisation ${enterpriseId}`;
  const owner = named(body["user"], body["user_id"]);
  const held = scopes === undefined ? "" : ` Scopes: ${scopes.join(", ") || "none"}.`;
  if (body["bot_id"] !== undefined) {
    return {
      id: "token",
      level: "fail",
      subject,
      what: `A bot's token, on ${place}${plan}.${held}`,
      remedy: "None of the four logs takes it: use a user token (xoxp-…), of an admin or Owner.",
    };
  }
  return {
    id: "token",
    level: "ok",
    subject,
    what: `The user token of ${owner}, on ${place}${plan}.${held}`,
    remedy:
      "The token is a person's: when that account is deactivated, every stream ends. Best is an account kept for this, and this machine's IP address allowed in Slack, for steady polling may look like an anomaly.",
  };
}

function expiryFindings(subject: string, expiresIn: unknown, isRenewed: boolean): Finding[] {
  if (typeof expiresIn !== "number") return [];
  const hours = Math.max(0, expiresIn / 3_600);
  const left = hours < 48 ? `${hours.toFixed(1)} hours` : `${Math.floor(hours / 24)} days`;
  if (isRenewed) return [{ id: "token_expiry", level: "ok", subject, what: `It ends in ${left}; \`run\` renews it.` }];
  return [
    {
      id: "token_expiry",
      level: expiresIn < EXPIRES_SOON_S ? "warn" : "ok",
      subject,
      what: `The token ends in ${left}.`,
      remedy: "Let something write a new one into the file that the configuration names before then: it is read again.",
    },
  ];
}

function clockFindings(slackAheadMs: number | undefined): Finding[] {
  if (slackAheadMs === undefined) return [];
  const apart = Math.abs(slackAheadMs);
  const seconds = Math.round(apart / 1_000);
  const found = { id: "clock", subject: "this machine's clock" } as const;
  if (apart < CLOCK_NOTABLE_MS) return [{ ...found, level: "ok", what: "The same as Slack's, to within 5 s." }];
  return [
    {
      ...found,
      level: apart >= CLOCK_WRONG_MS ? "fail" : "warn",
      what: `${seconds} s ${slackAheadMs > 0 ? "behind" : "ahead of"} Slack's.`,
      remedy: "Set it by NTP. Positions go by Slack's clock, but the observed time of every record goes by this one.",
    },
  ];
}

/** `Acme (E0123)`. */
function named(name: unknown, id: unknown): string {
  return typeof name === "string" && name !== "" ? `${name} (${String(id)})` : String(id);
}
