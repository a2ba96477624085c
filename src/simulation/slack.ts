import type { Http } from "../http.ts";
import { answerCall } from "./answer-call.ts";
import { createBehaviour, type Behaviour, type BehaviourOptions } from "./behaviour.ts";
import type { Call, CallRecord, Reply, Request } from "./call.ts";
import { createSlackClock } from "./clock.ts";
import { createCursors, type Cursors } from "./cursors.ts";
import { scheduledFaults, sortFault, type Faults, type ScheduledFault } from "./faults.ts";
import { createGrants, type Grant, type Grants, type NewGrant } from "./grants.ts";
import { createSimulatedHttp } from "./http.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import { factsOf } from "./methods.ts";
import { createRotation, type RotationOptions } from "./oauth.ts";
import { createRates, type RateOptions } from "./rates.ts";
import { readRequest, type ReadRequest } from "./read-request.ts";
import { replyInstead, replyWith, spoil, type ReplyTo } from "./reply.ts";
import { createTenant, type Tenant, type TenantOptions } from "./tenant.ts";
import { createWorld, type World } from "./world.ts";

export interface SimulatedSlackOptions {
  /**
   * The client's clock, which Slack's own follows at `clockOffsetMs`. Default: one of its own that only `setNow` and the
   * waits of `http` move.
   */
  readonly clock?: { now(): number; sleep?(ms: number, signal: AbortSignal): Promise<void> };
  /** Where the clock of its own begins, epoch milliseconds. */
  readonly startMs?: number;
  /** How far Slack's clock is ahead of the client's (S8). */
  readonly clockOffsetMs?: number;
  readonly tenant?: TenantOptions;
  /** Default: one, an organisation owner's with every scope. */
  readonly tokens?: readonly NewGrant[];
  /** Off unless given: tokens do not expire, and nothing can be refreshed. */
  readonly rotation?: RotationOptions;
  readonly behaviour?: BehaviourOptions;
  readonly faults?: Faults | readonly ScheduledFault[];
  /** Off unless given. */
  readonly rates?: RateOptions;
  /** How long `http` takes for each call. */
  readonly latencyMs?: number;
  /** Runs before each call is looked at: the world may change between two pages of a walk. */
  readonly beforeCall?: (call: Call, slack: SimulatedSlack) => void;
  /** What a caller's own row in `team.accessLogs` says, where calls count as access (S14). */
  readonly callerIp?: string;
  /** The ledger and the list of calls cost memory; a benchmark does without. Default: kept. */
  readonly bookkeeping?: "kept" | "off";
}

/** A workspace or organisation and its log endpoints, with neither sockets nor timers. */
export interface SimulatedSlack {
  /** Slack's clock, epoch milliseconds. */
  now(): number;
  /** Moves the clock of its own; an injected one moves itself. */
  setNow(ms: number): void;
  readonly world: World;
  readonly tenant: Tenant;
  readonly tokens: Grants;
  readonly behaviour: Behaviour;
  readonly cursors: Pick<Cursors, "expireAll">;
  /** Replaces the faults from the next call on. */
  setFaults(faults: Faults | readonly ScheduledFault[]): void;
  setRates(rates: RateOptions | undefined): void;
  handle(request: Request): Reply;
  /** Any base URL will do: `/api/` and `/audit/v1/` are told apart by path. */
  readonly http: Http;
  readonly calls: readonly CallRecord[];
  readonly ledger: Ledger;
}

export function createSimulatedSlack(options: SimulatedSlackOptions = {}): SimulatedSlack {
  const clock = createSlackClock(options);
  const tenant = createTenant(options.tenant);
  const tokens = createGrants(tenant, options.tokens);
  const behaviour = createBehaviour(options.behaviour);
  const world = createWorld(behaviour, tenant.workspaces.keys().next().value ?? "");
  const cursors = createCursors(() => behaviour.cursors);
  const ledger = createLedger();
  const refresh = createRotation(options.rotation, tokens, tenant, clock.now());
  const calls: CallRecord[] = [];
  const keep = options.bookkeeping !== "off";
  const counts = new Map<string, number>();
  let callCount = 0;
  let faults = readFaults(options.faults);
  let rates = options.rates;
  const countRate = createRates(() => rates);

  const describe = (request: Request, read: ReadRequest, grant: Grant | undefined): Call => {
    const method = read.method ?? "unknown";
    const nth = (counts.get(method) ?? 0) + 1;
    counts.set(method, nth);
    const workspace = read.params["team_id"] ?? grant?.teamId ?? tenant.organisation?.id;
    // The arguments of a refresh are secrets.
    const params = method === "oauth.v2.access" ? {} : read.params;
    return { index: ++callCount, nth, atMs: clock.now(), http: request.method, method, params, workspace };
  };

  const handle = (request: Request): Reply => {
    const read = readRequest(request);
    const grant = read.token === undefined ? undefined : tokens.find(read.token);
    const call = describe(request, read, grant);
    options.beforeCall?.(call, slack);
    const to: ReplyTo = {
      call,
      facts: read.method === undefined ? undefined : factsOf(read.method),
      audit: read.audit,
      scopes: grant?.scopes,
    };
    const record = (outcome: string, entries = 0) => {
      if (keep) calls.push({ ...call, outcome, entries });
    };
    const fault = sortFault(faults(call));
    const replacing = fault.replacing ?? countRate(call);
    if (replacing !== undefined) {
      record(replacing.kind === "error" ? replacing.error : replacing.kind);
      return replyInstead(replacing, to);
    }

    const answer = answerCall({
      read,
      grant,
      call,
      slack,
      cursors,
      refresh,
      pageFault: fault.page,
      caller: { ip: options.callerIp ?? "203.0.113.10", userAgent: request.headers["user-agent"] ?? "unknown" },
    });
    const plain = replyWith(answer, to);
    const { reply, spoilt } =
      fault.spoiling === undefined ? { reply: plain, spoilt: false } : spoil(plain, fault.spoiling);
    if (answer.kind === "failure") {
      record(answer.error);
      return reply;
    }
    record(spoilt ? (fault.spoiling?.kind ?? "") : "ok", answer.entries);
    const { showing } = answer;
    if (showing === undefined || spoilt || !keep) return reply;
    const delivered = () => ledger.record(showing, call.atMs);
    if (reply.delivery.how !== "whole") return { ...reply, delivered };
    delivered();
    return reply;
  };

  const slack: SimulatedSlack = {
    now: clock.now,
    setNow: clock.setNow,
    world,
    tenant,
    tokens,
    behaviour,
    cursors,
    setFaults: (next) => void (faults = readFaults(next)),
    setRates: (next) => void (rates = next),
    handle,
    http: createSimulatedHttp({ handle, sleep: clock.sleep, latencyMs: () => options.latencyMs ?? 0 }),
    calls,
    ledger,
  };
  return slack;
}

function readFaults(given: SimulatedSlackOptions["faults"]): Faults {
  return typeof given === "function" ? given : scheduledFaults(given ?? []);
}
