/** Words that Slack writes into its logs, as far as they are known. None of these lists is closed. */

/** `event_type` of an activity: the 23 known ones, both names of one of them, and one that nobody knows. */
export const ACTIVITY_EVENT_TYPES = [
  "function_execution_started",
  "function_execution_result",
  "function_execution_output",
  "function_deployment",
  "workflow_bot_invited",
  "workflow_execution_started",
  "workflow_execution_result",
  "workflow_step_started",
  "workflow_step_execution_result",
  "workflow_published",
  "workflow_unpublished",
  "workflow_created_from_template",
  "trigger_executed",
  "trigger_payload_received",
  "external_auth_started",
  "external_auth_result",
  "external_auth_token_fetch_result",
  "external_auth_missing_function",
  "external_auth_missing_selected_auth",
  "external_auth_missing_oauth_token_or_selected_auth",
  "datastore_request_result",
  "workflow_billing_result",
  "mcp_connection_result",
  "quantum_entangled",
] as const;
export type ActivityEventType = (typeof ACTIVITY_EVENT_TYPES)[number];

/** `change_type` of an integration's change. */
export const CHANGE_TYPES = ["added", "removed", "enabled", "disabled", "updated", "expanded"] as const;

/** `reason` of an integration's being disabled. */
export const DISABLED_REASONS = [
  "user",
  "rate_limits",
  "slack",
  "errors",
  "system",
  "admin",
  "api_decline",
  "deauth",
] as const;

/** Some `action`s of the Audit Logs API, and the type of entity that each is about. */
export const AUDIT_ACTION_ENTITIES = {
  user_login: "user",
  user_login_failed: "user",
  user_logout: "user",
  user_created: "user",
  user_deactivated: "user",
  user_email_updated: "user",
  user_session_reset_by_admin: "user",
  role_change_to_admin: "user",
  anomaly: "user",
  workspace_created: "workspace",
  emoji_added: "workspace",
  "pref.two_factor_auth_changed": "workspace",
  organization_renamed: "enterprise",
  "pref.sso_setting_changed": "enterprise",
  "pref.ext_audit_log_retention_type_changed": "enterprise",
  scheduled_export_started: "enterprise",
  public_channel_created: "channel",
  private_channel_created: "channel",
  user_channel_join: "channel",
  user_channel_leave: "channel",
  file_uploaded: "file",
  file_downloaded: "file",
  file_shared: "file",
  app_installed: "app",
  app_scopes_expanded: "app",
  app_token_preserved: "app",
  org_app_workspace_added: "app",
  workflow_created: "workflow",
  workflow_v2_published: "workflow_v2",
  template_created: "template",
  message_flagged: "message",
  message_tombstoned: "message",
  usergroup_updated: "usergroup",
  user_added_to_usergroup: "usergroup",
  role_assigned: "role",
  permissions_assigned: "account_type_role",
  canvas_created: "canvas",
  huddle_started: "huddle",
  huddle_ended: "huddle",
  list_created: "list",
  function_distribution_permission_added: "function",
  external_auth_oauth2_token_fetched: "external_auth_oauth2_token",
  barrier_created: "barrier",
  legal_hold_policy_created: "legal_hold_policy",
} as const;
export type AuditAction = keyof typeof AUDIT_ACTION_ENTITIES;
export type AuditEntityType = (typeof AUDIT_ACTION_ENTITIES)[AuditAction];
export const AUDIT_ACTIONS = Object.keys(AUDIT_ACTION_ENTITIES) as readonly AuditAction[];
