import { onTestFinished } from "vitest";
import { type Replica, startReplica } from "../../../src/state/postgres/replica.ts";
import type { Holding } from "../../../src/state/postgres/lease.ts";
import { createVirtualClock } from "../../support/virtual-clock.ts";
import { type ReplicaDatabase, replicaDatabase } from "./replica-database.ts";

const never = new AbortController().signal;

/** A lease of three seconds: ten turns a second. */
export const LEASE_MS = 3_000;
export const TURN_MS = 100;

/** A replica whose first turn is just over. */
export async function startStage({
  once = false,
  leaseMs = LEASE_MS,
  database = replicaDatabase(),
}: {
  readonly once?: boolean;
  readonly leaseMs?: number;
  readonly database?: ReplicaDatabase;
} = {}) {
  const clock = createVirtualClock();
  const log: string[] = [];
  /** What is done about what Slack has stopped, and with the streams that are given away or taken. */
  const order: string[] = [];
  const throttles = {
    stop: () => undefined,
    leftMs: () => 0,
    tell: async () => void order.push("tell"),
    learn: async () => void order.push("learn"),
  };
  const replica: Replica = startReplica({
    database,
    name: "me",
    leaseMs,
    once,
    throttles,
    clock,
    log: (level, event, fields) => void log.push(`${level} ${event} ${String(fields?.["stream"] ?? "")}`.trim()),
  });
  onTestFinished(() => clock.run(replica.close()));
  await clock.advance(1);
  const hold = (name: string, signal = never): Promise<Holding> => replica.hold(name, signal);
  return { clock, log, order, database, replica, hold };
}

/** What has become of it so far. */
export function outcomeOf(work: Promise<unknown>): { readonly now: unknown } {
  let now: unknown = "waits";
  work.then(
    () => (now = "done"),
    (error: unknown) => (now = error),
  );
  return {
    get now() {
      return now;
    },
  };
}
