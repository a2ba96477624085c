import { canonical } from "../mapping/canonical.ts";
import type { Clock } from "../model.ts";
import type { Call } from "../simulation/call.ts";
import type { Fault } from "../simulation/faults.ts";
import type { MethodName } from "../simulation/methods.ts";
import { createSimulatedSlack, type SimulatedSlack } from "../simulation/slack.ts";
import { createTraffic } from "../simulation/traffic.ts";

export interface ScenarioOptions {
  readonly clock: Clock;
  /** How long Slack is lively. */
  readonly durationMs: number;
  readonly seed: number;
}

/** A simulated organisation with some hours behind it, people at work, and a few mishaps on the way. */
export interface Scenario {
  readonly slack: SimulatedSlack;
  /** From now on nothing new happens and nothing fails. */
  quiet(): void;
  /** Entries that show long after their own time, as canonical JSON. */
  readonly late: readonly string[];
}

/** How far back the history goes. */
export const HISTORY_HOURS = 3;
const HISTORY = { logins: 900, integrationChanges: 60, activities: 700, auditEntries: 450 };
const PER_HOUR = { logins: 5_400, integrationChanges: 900, activities: 9_000, auditEntries: 4_500 };
const PEOPLE = 60;
const LATE_BY_MS = 90_000;

interface Mishap {
  readonly method: MethodName;
  readonly fault: Fault;
  readonly dueMs: number;
  readonly where?: (call: Call) => boolean;
}

export function createScenario({ clock, durationMs, seed }: ScenarioOptions): Scenario {
  const beganMs = clock.now();
  const inMidWalk = (call: Call) => (call.params["cursor"] ?? "") !== "";
  let mishaps: readonly Mishap[] = [
    { method: "audit.logs", fault: { kind: "expired_cursor" }, dueMs: 0, where: inMidWalk },
    {
      method: "admin.apps.activities.list",
      fault: { kind: "rate_limited", retryAfter: 1 },
      dueMs: beganMs + durationMs * 0.25,
    },
    { method: "team.accessLogs", fault: { kind: "truncated_json" }, dueMs: beganMs + durationMs * 0.4 },
  ];
  let lively = true;
  const slack = createSimulatedSlack({
    clock,
    beforeCall: () => void (lively && traffic.advance(slack.now())),
    faults(call) {
      const struck = mishaps.find(
        ({ method, dueMs, where }) => method === call.method && call.atMs >= dueMs && where?.(call) !== false,
      );
      mishaps = mishaps.filter((mishap) => mishap !== struck);
      return struck?.fault;
    },
  });
  const traffic = createTraffic(slack, { seed, people: PEOPLE, perHour: PER_HOUR });
  traffic.history(HISTORY, HISTORY_HOURS);
  const late = addLateEntries(slack, beganMs + durationMs * 0.6);
  return {
    slack,
    late,
    quiet() {
      lively = false;
      mishaps = [];
    },
  };
}

/** Slack may list an entry behind what was read already. */
function addLateEntries({ world }: SimulatedSlack, visibleAtMs: number): string[] {
  const atMs = visibleAtMs - LATE_BY_MS;
  const user = { type: "user", user: { id: "W0LATE00001", name: "Late Lara", email: "lara@example.com" } };
  const login = {
    id: "6f0c3b52-6f3c-4f0e-9c63-0c9b5a6f1a01",
    date_create: Math.floor(atMs / 1000),
    action: "user_login",
    actor: user,
    entity: user,
    context: {
      location: { type: "enterprise", id: "E0ACME00001", name: "Acme", domain: "acme" },
      ua: "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
      session_id: 1_847_288_814,
      ip_address: "198.51.100.99",
    },
  };
  const publication = {
    app_id: "A0LATE00001",
    level: "info",
    event_type: "workflow_published",
    source: "developer",
    component_type: "workflows",
    component_id: "Wf0LATE0001",
    payload: { workflow_name: "Night shift" },
    created: Math.floor(atMs) * 1000,
    trace_id: "Tr0LATE0001",
    team_id: "T0ACMEENG01",
    enterprise_id: "E0ACME00001",
  };
  world.audit.add(login, { visibleAtMs });
  world.activities.add(publication, { visibleAtMs });
  return [login, publication].map((entry) => canonical(entry));
}
