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

/** Some `action`s of the Audit Logs API. */
export const AUDIT_ACTIONS = [
  "user_login",
  "user_logout",
  "user_created",
  "user_deactivated",
  "user_channel_join",
  "user_session_reset_by_admin",
  "role_change_to_admin",
  "public_channel_created",
  "private_channel_created",
  "channel_archive",
  "file_uploaded",
  "file_downloaded",
  "file_shared",
  "app_installed",
  "app_scopes_expanded",
  "app_token_preserved",
  "workflow_created",
  "workflow_published",
  "huddle_started",
  "canvas_created",
  "barrier_created",
  "message_flagged",
  "message_tombstoned",
  "usergroup_update",
  "bulk_session_reset_by_admin",
  "emoji_added",
  "workspace_created",
  "organization_renamed",
  "manual_export_started",
  "channels_export_completed",
  "legal_hold_policy_created",
  "external_auth_token_created",
  "pref.sso_setting_changed",
  "pref.ext_audit_log_retention_changed",
  "anomaly",
] as const;
