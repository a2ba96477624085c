import type { Random } from "../random.ts";
import type { ActivityEventType } from "../vocabulary.ts";
import type { App, Cast } from "./cast.ts";

/** What the scripts write entries with: time goes on and the trace stays. */
export interface Run {
  readonly random: Random;
  readonly cast: Cast;
  readonly app: App;
  readonly log: (eventType: ActivityEventType, payload: object, options?: LogOptions) => void;
}

export interface LogOptions {
  /** Default: info. */
  readonly level?: string;
  /** Default: the app's workflow. */
  readonly component?: { readonly type: string; readonly id: string };
  readonly source?: "slack" | "developer";
}

const PROVIDER = "google";

export function externalAuthentication({ random, app, cast, log }: Run): void {
  const person = random.pick(cast.people);
  const about = { team_id: app.teamId, user_id: person.id, provider_key: PROVIDER, app_id: app.id };
  const started = random.pick(["external_auth_started", "app_not_installed", "provider_not_found"]);
  log(
    "external_auth_started",
    { code: started, ...about },
    { level: started === "external_auth_started" ? "info" : "error" },
  );
  if (started !== "external_auth_started") {
    const name = random.pick([
      "external_auth_missing_selected_auth",
      "external_auth_missing_oauth_token_or_selected_auth",
    ] as const);
    log(name, { code: "missing_selected_auth", ...about }, { level: "error" });
    const functionId = random.pick(app.functions).id;
    const missing = { code: "function_not_found", team_id: app.teamId, function_id: functionId, app_id: app.id };
    log("external_auth_missing_function", missing, { level: "error" });
    return;
  }
  const well = random.chance(0.8);
  const code = well ? "oauth2_exchange_success" : "oauth2_callback_error";
  const extra = well ? {} : { extra_message: "access_denied" };
  log("external_auth_result", { code, ...about, ...extra }, { level: well ? "info" : "error" });
  const found = well ? "external_token_found" : random.pick(["token_not_found", "no_collaborator_found"]);
  log("external_auth_token_fetch_result", { code: found, ...about }, { level: well ? "info" : "error" });
}

/** An app's own life: it is deployed, published and taken back. */
export function life({ random, app, cast, log }: Run): void {
  const person = random.pick(cast.people);
  const action = random.pick(["Create", "Update", "Delete"]);
  const size = action === "Delete" ? {} : { bundle_size_kb: random.between(12, 900) };
  log("function_deployment", { action, team_id: app.teamId, user_id: person.id, ...size }, { source: "developer" });
  const workflow = { workflow_name: app.workflow.name };
  if (action === "Create") {
    const named = random.chance(0.5) ? workflow : {};
    const template = { template_id: random.id("Tp0", 8), date_created: 1_772_442_000, ...named };
    log("workflow_created_from_template", template);
    log("workflow_bot_invited", { channel_id: random.pick(cast.channels), bot_user_id: random.id("U0", 9) });
  }
  log(action === "Delete" ? "workflow_unpublished" : "workflow_published", workflow);
}

/** What only some know of, and what nobody does (S21). */
export function oddities({ random, log }: Run): void {
  if (random.chance(0.5)) {
    const stage = random.pick(["http_non_2xx", "http_request", "token_fetch", undefined]);
    const failure = stage === undefined ? {} : { error_stage: stage, http_status_code: 502, message: "bad gateway" };
    log(
      "mcp_connection_result",
      { server_name: "tickets", tool_name: "search", tool_count: 7, elapsed_ms: 312, tokens_checked: 2, ...failure },
      { level: stage === undefined ? "info" : "error" },
    );
    return;
  }
  log(
    "quantum_entangled",
    { spin: random.pick(["up", "down"]), shared_with: [random.hex(6)] },
    { level: "notice", component: { type: "quarks", id: random.id("Qk0", 9) } },
  );
}

export function workflowRun(run: Run): void {
  const { random, app, cast, log } = run;
  const person = random.pick(cast.people);
  const workflowName = app.workflow.name;
  const steps = app.functions.slice(0, random.between(1, 3));
  const failsAt = random.chance(0.12) ? random.below(steps.length) : -1;
  log("trigger_executed", { ...executedTrigger(run), function_name: workflowName });
  log("workflow_execution_started", { workflow_name: workflowName, actor: person.id });
  log("workflow_billing_result", billing(random, workflowName));
  for (const [index, step] of steps.entries()) {
    const failed = index === failsAt;
    const executionId = random.id("Fx0", 9);
    const about = { function_id: step.id, function_name: step.name, function_execution_id: executionId };
    const component = { type: "functions", id: step.id };
    log("workflow_step_started", { ...about, total_steps: steps.length, current_step: index + 1 });
    log("function_execution_started", { function_name: step.name, function_type: "app" }, { component });
    if (random.chance(0.5))
      log(
        "function_execution_output",
        { log: `looking up ${person.name}\nfound ${random.between(0, 40)} items\n` },
        { component, level: random.pick(["trace", "debug", "info"]), source: "developer" },
      );
    if (random.chance(0.3)) log("datastore_request_result", datastoreRequest(random), { level: "debug" });
    const error = failed ? { error: `Ticket service answered ${random.pick([404, 500, 503])}` } : {};
    const result = { function_name: step.name, ...(random.chance(0.5) ? { function_type: "app" } : {}), ...error };
    log("function_execution_result", result, { component, level: failed ? "error" : "info" });
    log("workflow_step_execution_result", {
      inputs: { user: person.id, channel: random.pick(cast.channels) },
      ...(random.chance(0.5)
        ? { outputs: { message_ts: `${random.between(1_700_000_000, 1_800_000_000)}.000100` } }
        : {}),
      ...about,
      exec_outcome: failed ? "Error" : "Success",
    });
    if (failed) break;
  }
  const failed = failsAt >= 0;
  log(
    "workflow_execution_result",
    {
      workflow_name: workflowName,
      exec_outcome: failed ? "Error" : random.pick(["Success", "Success", "Pending"]),
      ...(failed ? { error: "A step failed" } : {}),
    },
    { level: failed ? random.pick(["error", "fatal"]) : "info" },
  );
}

function executedTrigger({ random, cast, app }: Run): object {
  const type = random.pick(["event", "shortcut", "webhook", "scheduled", "external", "blockkit"]);
  const person = random.pick(cast.people);
  const trip = random.pick([
    null,
    {},
    { user_id: person.id, channel_id: random.pick(cast.channels) },
    { user_id: person.id, reaction: "eyes", message_ts: "1772442000.000200" },
  ]);
  const config = {
    name: `Start ${app.name}`,
    description: "",
    ...(type === "event" ? { event_type: "reaction_added" } : {}),
  };
  return { trigger: { id: random.id("Ft0", 9), type, config, trip_information: trip } };
}

/** `billing_reason` is a text in the documentation and a list in life (S21). */
function billing(random: Random, workflowName: string): object {
  return {
    workflow_name: workflowName,
    type: "execution",
    is_billing_excluded: random.chance(0.5),
    billing_reason: random.chance(0.5) ? "workflow_is_free" : ["workflow_is_free", "first_party"],
  };
}

function datastoreRequest(random: Random): object {
  const failed = random.chance(0.1);
  return {
    request_type: random.pick(["put", "get", "query", "delete"]),
    datastore_name: "tickets",
    details: JSON.stringify({ id: random.hex(8), items: random.between(0, 20) }),
    ...(failed ? { error: "datastore_error" } : {}),
  };
}

export function failedTrigger({ random, app, log }: Run): void {
  log("trigger_payload_received", { log: `{"body":"${random.hex(24)}"}` }, { level: "trace" });
  log(
    "trigger_executed",
    {
      function_name: app.workflow.name,
      reason: "parameter_validation_failed",
      errors: random.pick([null, JSON.stringify(["missing_required_parameter: user_id"])]),
    },
    { level: "error" },
  );
}
