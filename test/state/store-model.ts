import * as fc from "fast-check";
import { expect } from "vitest";
import type { Claim, Commit, Identity, Store, StreamState } from "../../src/model.ts";
import type { CommitPoint } from "../../src/state/commit-point.ts";
import { claimOf } from "./held.ts";

/** A kind of store, and one state that it keeps over restarts. */
export interface Harness {
  open(): Promise<Store>;
  /** The next commit is cut off at this point, and the store is lost with all that was not durable there. */
  crashAt(point: CommitPoint): void;
}

/** What the store should hold, told as plainly as possible. */
export interface Model {
  readonly notes: Map<string, string>;
  readonly streams: Map<string, { position: unknown; report: unknown; forgetBelow: number; remembered: Identity[] }>;
}
export interface Real {
  readonly harness: Harness;
  store: Store;
  readonly claims: Map<string, Claim>;
}
type StoreCommand = fc.AsyncCommand<Model, Real>;

const STREAMS = ["access_logs/T1", "audit_logs/E1", "app_activities/T1"];
const KEYS = Array.from({ length: 12 }, (_, i) => (i * 0x1234567).toString(16).padStart(32, i % 2 === 0 ? "0" : "f"));
const VERSIONS = ["", "1".repeat(32), "e".repeat(32)];

function expectedOf(model: Model, stream: string) {
  const { position, report, forgetBelow, remembered } = model.streams.get(stream) ?? emptyStream();
  const known = new Map<string, Identity[]>();
  for (const key of KEYS) {
    const versions = VERSIONS.flatMap((version) => {
      const same = remembered.filter((identity) => identity.key === key && identity.version === version);
      const highest = same.toSorted((a, b) => b.mark - a.mark)[0];
      return highest === undefined || highest.mark < forgetBelow ? [] : [highest];
    });
    if (versions.length > 0) known.set(key, versions);
  }
  return { position, report, known };
}

function emptyStream(): { position: unknown; report: unknown; forgetBelow: number; remembered: Identity[] } {
  return { position: undefined, report: undefined, forgetBelow: -Infinity, remembered: [] };
}

async function stateOf(real: Real, stream: string): Promise<StreamState> {
  const claim = real.claims.get(stream) ?? (await claimOf(real.store, stream));
  real.claims.set(stream, claim);
  return claim.state;
}

function applyTo(model: Model, stream: string, change: Commit): void {
  const content = model.streams.get(stream) ?? emptyStream();
  model.streams.set(stream, {
    position: change.position === undefined ? content.position : JSON.parse(JSON.stringify(change.position)),
    report: change.report === undefined ? content.report : JSON.parse(JSON.stringify(change.report)),
    forgetBelow: Math.max(content.forgetBelow, change.forgetBelow ?? -Infinity),
    remembered: [...content.remembered, ...change.remember],
  });
}

async function reopen(real: Real): Promise<void> {
  await real.store.close();
  real.claims.clear();
  real.store = await real.harness.open();
}

const look = (stream: string): StoreCommand => ({
  check: () => true,
  async run(model, real) {
    const state = await stateOf(real, stream);
    const { position, report, known } = expectedOf(model, stream);
    expect(state.position).toEqual(position);
    expect(state.report).toEqual(report);
    const found = await state.known(KEYS);
    const sorted = [...found].map(([key, versions]) => [key, versions.toSorted(byVersion)] as const);
    expect(new Map(sorted)).toEqual(known);
  },
  toString: () => `look(${stream})`,
});

function byVersion(a: Identity, b: Identity): number {
  return VERSIONS.indexOf(a.version) - VERSIONS.indexOf(b.version);
}

const commit = (stream: string, change: Commit): StoreCommand => ({
  check: () => true,
  async run(model, real) {
    await (await stateOf(real, stream)).commit(change);
    applyTo(model, stream, change);
  },
  toString: () => `commit(${stream}, ${JSON.stringify(change)})`,
});

const crash = (stream: string, change: Commit, point: CommitPoint): StoreCommand => ({
  check: () => true,
  async run(model, real) {
    const state = await stateOf(real, stream);
    real.harness.crashAt(point);
    await expect(state.commit(change)).rejects.toThrow("crash");
    await expect(state.commit(change)).rejects.toThrow("crash");
    if (point === "position-committed") applyTo(model, stream, change);
    await reopen(real);
  },
  toString: () => `crash(${stream}, ${JSON.stringify(change)}, ${point})`,
});

const writeNote = (name: string, text: string): StoreCommand => ({
  check: () => true,
  async run(model, real) {
    await real.store.notes.write(name, text);
    model.notes.set(name, text);
  },
  toString: () => `writeNote(${name}, ${JSON.stringify(text)})`,
});

const readNote = (name: string): StoreCommand => ({
  check: () => true,
  async run(model, real) {
    expect(await real.store.notes.read(name)).toBe(model.notes.get(name));
  },
  toString: () => `readNote(${name})`,
});

const release = (stream: string): StoreCommand => ({
  check: () => true,
  async run(_, real) {
    await real.claims.get(stream)?.[Symbol.asyncDispose]();
    real.claims.delete(stream);
  },
  toString: () => `release(${stream})`,
});

const restart = (): StoreCommand => ({
  check: () => true,
  async run(_, real) {
    await reopen(real);
    expect(real.store.isNew).toBe(false);
  },
  toString: () => "restart()",
});

const mark = fc.integer({ min: 0, max: 40 }).map((n) => 1_700_000_000_000_000 + n);
const identity = fc.record(
  {
    key: fc.constantFrom(...KEYS),
    version: fc.constantFrom(...VERSIONS),
    count: fc.nat(),
    lastSeconds: fc.nat(2_000_000_000),
    mark,
  },
  { requiredKeys: ["key", "version", "mark"] },
);
const change: fc.Arbitrary<Commit> = fc.record(
  {
    remember: fc.array(identity, { maxLength: 8 }),
    position: fc.jsonValue(),
    forgetBelow: mark,
    report: fc.jsonValue(),
  },
  { requiredKeys: ["remember"] },
);
const stream = fc.constantFrom(...STREAMS);
const point = fc.constantFrom<CommitPoint>("position-begun", "position-written", "position-committed");

export const storeCommands = fc.commands(
  [
    fc.tuple(stream, change).map((drawn) => commit(...drawn)),
    fc.tuple(stream, change).map((drawn) => commit(...drawn)),
    fc.tuple(stream, change, point).map((drawn) => crash(...drawn)),
    stream.map(look),
    stream.map(look),
    stream.map(release),
    fc.tuple(fc.constantFrom("a", "b"), fc.string({ unit: "binary" })).map((drawn) => writeNote(...drawn)),
    fc.constantFrom("a", "b").map(readNote),
    fc.constant(restart()),
  ],
  { maxCommands: 40, size: "max" },
);
