/**
 * What each of Slack's error codes calls for. `retry`: the same request again. `slow`: the same, but it takes hours
 * (a migration). `restart`: drop the cursor and walk on from the bounds. `credentials`: the token itself may be dead,
 * which auth.test decides. `unavailable`: a right, a scope or a plan is missing. `configuration`: the request is at
 * fault, so also a defect to report. `workspace`: with `team_id` this workspace only, without it this stream.
 *
 * Sources: the method pages on docs.slack.dev, and Slack's archived OpenAPI description.
 */
export type ErrorClass = "retry" | "slow" | "restart" | "credentials" | "unavailable" | "configuration" | "workspace";

const CODES: Readonly<Record<ErrorClass, readonly string[]>> = {
  retry: ["ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"],
  slow: ["team_added_to_org", "org_login_required"],
  restart: ["invalid_cursor", "over_pagination_limit", "invalid_range"],
  credentials: [
    "not_authed",
    "invalid_auth",
    "account_inactive",
    "token_revoked",
    "token_expired",
    "invalid_refresh_token",
    "bad_client_secret",
    "invalid_authentication",
    "missing_authentication",
  ],
  unavailable: [
    "missing_scope",
    "not_allowed_token_type",
    "no_permission",
    "two_factor_setup_required",
    "ekm_access_denied",
    "accesslimited",
    "is_bot",
    "user_is_bot",
    "not_an_admin",
    "feature_not_enabled",
    "restricted_plan_level",
    "free_team_not_allowed",
    "method_deprecated",
    "deprecated_endpoint",
    "unknown_method",
    "team_not_authorized",
    "user_not_authorized",
    "invalid_workspace",
  ],
  workspace: [
    "team_access_not_granted",
    "access_denied",
    "invalid_team_id",
    "invalid_team",
    "enterprise_is_restricted",
    "paid_only",
  ],
  configuration: [
    "missing_argument",
    "invalid_arguments",
    "invalid_args",
    "invalid_limit",
    "invalid_app_id",
    "invalid_app",
    "invalid_arg_name",
    "invalid_array_arg",
    "invalid_charset",
    "invalid_form_data",
    "invalid_post_type",
    "missing_post_type",
    "invalid_json",
    "json_not_object",
    "upgrade_required",
    "bad_endpoint",
    "invalid_action",
    "method_not_allowed",
  ],
};

const classes = new Map<string, ErrorClass>(
  Object.entries(CODES).flatMap(([name, codes]) => codes.map((code) => [code, name as ErrorClass] as const)),
);

/** `undefined`: a code that Slack does not document; it is tried again, and told. */
export function classOfCode(code: string): ErrorClass | undefined {
  return classes.get(code);
}

/** For an HTTP status without a readable error code. `undefined`: look at the body. */
export function classOfStatus(status: number): ErrorClass | undefined {
  if (status >= 200 && status < 300) return undefined;
  if (status === 401) return "credentials";
  if (status === 408 || status === 425 || status === 429 || status >= 500) return "retry";
  return "configuration";
}

const REMEDIES: Readonly<Record<string, string>> = {
  missing_scope: "add the scope to the app and install it again",
  not_allowed_token_type: "use a user token (xoxp-…), not a bot token",
  is_bot: "use a user token (xoxp-…), not a bot token",
  user_is_bot: "use a user token (xoxp-…), not a bot token",
  paid_only: "Slack shows this log to paid workspaces only",
  feature_not_enabled: "Slack has not enabled this log for the plan; the Audit Logs API needs Enterprise",
  no_permission: "the token's owner lacks the role that this log asks for",
  not_an_admin: "the token's owner has to be an admin",
  user_not_authorized: "the token's owner has to be an Owner of the organisation; admins are refused",
  team_not_authorized: "the app has to be installed on the organisation, not on a workspace",
  accesslimited: "allow the forwarder's IP address in Slack",
  team_access_not_granted: "approve the app for this workspace",
  invalid_auth:
    "the token is not valid, or its owner is not a member of this workspace, or the IP address is not allowed; mend that or make a new token, which is read again by itself from a file",
  token_expired: "replace the token; a token in a file is read again by itself",
  token_revoked: "create a new token; a token in a file is read again by itself",
  account_inactive: "the token's owner has left or was deactivated: create a token for another account",
  not_authed: "set slack.token (SLACK_TOKEN, SLACK_TOKEN_FILE)",
};

/** What a call that is made again means to a person, and what to do if it stays so. */
export function retryInWords(code: string): string {
  if (code === "http_429" || code.startsWith("rate"))
    return "Slack asks for a pause; the call is made again after it, and nothing is lost. If it is often so, something else uses up the quota: `slack-otel check` compares.";
  if (code.startsWith("connection failed"))
    return "Slack is not reached; the call is made again until it is, and nothing is lost. If it stays so: DNS, firewall, HTTPS_PROXY, slack.api_url, slack.audit_url.";
  return "Slack did not answer as it should; the call is made again until it does, and nothing is lost. If it stays so: Slack's own status page, and any proxy in between.";
}

/** One sentence for a person, without the code and without a full stop. */
export function remedyFor(code: string, errorClass: ErrorClass): string {
  const own = REMEDIES[code];
  if (own !== undefined) return own;
  switch (errorClass) {
    case "credentials":
      return "replace the token; a token in a file is read again by itself";
    case "unavailable":
    case "workspace":
      return "check the app's scopes, the owner's role and the plan";
    case "configuration":
      return "check slack.api_url and slack.audit_url and any proxy in between; if they are right, report this as a defect";
    case "retry":
    case "slow":
    case "restart":
      return "wait: it is tried again by itself";
    default:
      return errorClass satisfies never;
  }
}
