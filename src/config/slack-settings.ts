import { z } from "zod";
import { readKey } from "./encryption-key.ts";
import { filePath, httpUrl, secret } from "./fields.ts";

/** The keys by which a connection gets its token: one of them. */
const TOKEN_KEYS = ["token", "token_files", "rotation"] as const;

const NAME_REMEDY = "give each connection of a list its own name, by which the log speaks of it, such as name: acme";

/** One connection to Slack, or a list of them. Becomes a list. */
export function slack() {
  return z
    .union([connection(), connections()])
    .prefault({})
    .transform((given): readonly ConnectionSettings[] => (Array.isArray(given) ? given : [given]))
    .describe("Slack's side: one connection, or a list of them");
}

/** One connection as written, with its defaults; with `token_files`, one connection for each file. */
export type ConnectionSettings = z.output<ReturnType<typeof connection>>;

function connections() {
  return z
    .array(connection())
    .min(1, { error: "names no connection" })
    .superRefine((list, context) => {
      const names = list.map(({ name }) => name);
      for (const [index, { name, token_files }] of list.entries()) {
        const path = [index, "name"];
        if (name === undefined && token_files === undefined)
          context.addIssue({ code: "custom", path, message: "is missing", params: { remedy: NAME_REMEDY } });
        if (name !== undefined && names.indexOf(name) < index)
          context.addIssue({
            code: "custom",
            path,
            message: "is a name given before",
            params: { remedy: NAME_REMEDY },
          });
      }
    });
}

function connection() {
  return z
    .strictObject({
      name: z
        .string()
        .regex(/^[\w.-]{1,64}$/, { error: "is not a name: up to 64 letters, digits, dots, dashes and underscores" })
        .meta({ examples: ["acme"] })
        .optional()
        .describe("What the log calls this connection; needed in a list"),
      token: secret().optional().describe("The token Slack is called with"),
      token_files: filePath()
        .meta({ examples: ["/run/secrets/slack/*"] })
        .optional()
        .describe("Files with one token each, found anew while it runs: one connection for each, named after its file"),
      rotation: rotation().optional(),
      api_url: slackUrl("https://slack.com/api/").describe("The Web API; GovSlack: https://slack-gov.com/api/"),
      audit_url: slackUrl("https://api.slack.com/audit/v1/").describe("The Audit Logs API"),
      workspaces: workspaces(),
    })
    .refine((given) => TOKEN_KEYS.some((key) => given[key] !== undefined), {
      path: ["token"],
      when: ({ value, issues }) => isObject(value) && !issues.some(({ path }) => path?.[0] === "token"),
    })
    .refine((given) => TOKEN_KEYS.filter((key) => given[key] !== undefined).length < 2, {
      error: ({ input }) =>
        `names ${TOKEN_KEYS.filter((key) => (input as Record<string, unknown>)[key] !== undefined).join(" and ")}: exactly one is allowed`,
      params: { remedy: "keep one of them" },
      when: ({ value }) => isObject(value),
    });
}

/** Token rotation: the access token lives for twelve hours and is renewed. */
function rotation() {
  const error = "is not a key of 32 bytes";
  const remedy = "make one with `openssl rand -base64 32` and keep it where the token would be kept";
  return z
    .strictObject({
      client_id: z.string().min(1, { error: "is empty" }).describe("The app's client id"),
      client_secret: secret().describe("The app's client secret"),
      refresh_token: secret().describe(
        "The refresh token of the app's installation; each works once, so only the first is read here",
      ),
      encryption_key: secret()
        .refine((key) => readKey(key.reveal()) !== undefined, { error, params: { remedy } })
        .describe("32 bytes in base64 or hex: what the tokens are encrypted with in the state"),
    })
    .describe("For an app with token rotation, in place of token");
}

/** A number or a truth value in the list is a workspace's id misspelt, and is told as such. */
function workspaces() {
  const error = "is neither `all` nor a list of workspace ids";
  const id = z.string({ error: "is not a workspace id" }).regex(/^[A-Z0-9]{2,}$/, { error: "is not a workspace id" });
  return z
    .union([z.literal("all"), z.array(id.meta({ examples: ["T0123456789"] })).min(1)], { error })
    .default("all")
    .meta({ examples: ["[T0123456789, T9876543210]"] })
    .describe(
      "With an organisation's token: the workspaces whose integration logs are read, all that are found or these",
    );
}

function slackUrl(byDefault: string) {
  return httpUrl({ tls: "required-off-loopback" })
    .transform((url) => (url.endsWith("/") ? url : `${url}/`))
    .prefault(byDefault);
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}
