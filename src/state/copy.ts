import { type Identity, StateError, type Store } from "../model.ts";
import { COPY_NOTE, isUnfinished, UNFINISHED } from "./copy-note.ts";
import { describeState, openStateAnyhow, type OpenStateOptions, probeState, type StateChoice } from "./index.ts";

/** One stream of a state, as it is copied. */
export interface CopiedStream {
  readonly name: string;
  readonly forgetBelow: number | undefined;
  /** What is remembered and not forgotten, some at a time; an identity may come twice. */
  readonly identities: AsyncIterable<readonly Identity[]>;
}

/** All that is in a state but positions and reports, which its claims give. */
export interface Copied {
  readonly streams: readonly CopiedStream[];
  readonly notes: readonly { readonly name: string; readonly text: string }[];
}

export interface CopyReport {
  readonly streams: number;
  readonly identities: number;
  readonly notes: number;
}

/**
 * Copies everything from one state into another, which must be empty or hold a copy that was broken off, and reads it
 * back. The first stays as it is. `last` runs before the copy counts as whole. Rejects with a `StateError`: also when a
 * program is using either.
 */
export async function copyState(
  from: StateChoice,
  to: StateChoice,
  options: OpenStateOptions,
  last: () => Promise<void> = () => Promise.resolve(),
): Promise<CopyReport> {
  const { signal } = options;
  const source = await probeState(from, signal);
  if (source.kind === "new") throw new StateError(`There is no state at ${describeState(from)}: nothing to copy.`);
  for (const state of [from, to]) await assertUnused(state, signal);
  await using old = await opened(from, options);
  await using fresh = await opened(to, options);
  await assertEmpty(to, fresh.store);
  await fresh.store.notes.write(COPY_NOTE, UNFINISHED);
  const copied = await contentOf(from);
  const report = { streams: copied.streams.length, identities: 0, notes: 0 };
  for (const stream of copied.streams) report.identities += await copyStream(stream, old.store, fresh.store, signal);
  for (const { name, text } of copied.notes) {
    if (name === COPY_NOTE) continue;
    await fresh.store.notes.write(name, text);
    if ((await fresh.store.notes.read(name)) !== text) throw differs(to, `the note ${name}`);
    report.notes += 1;
  }
  for (const stream of copied.streams) await compare(stream, old.store, fresh.store, to, signal);
  await last();
  await fresh.store.notes.write(COPY_NOTE, "complete");
  return report;
}

async function assertUnused(state: StateChoice, signal: AbortSignal): Promise<void> {
  if ((await probeState(state, signal)).kind !== "in_use") return;
  throw new StateError(`State at ${describeState(state)}: a program is using it. Stop every instance, then try again.`);
}

async function assertEmpty(state: StateChoice, store: Store): Promise<void> {
  if (store.isNew || (await isUnfinished(store))) return;
  const { streams, notes } = await contentOf(state);
  if (streams.length === 0 && notes.length === 0) return;
  throw new StateError(
    `State at ${describeState(state)}: it is not empty (${streams.length} streams). It was left as it is. Name another ` +
      "place, or remove it first.",
  );
}

async function opened(state: StateChoice, options: OpenStateOptions) {
  const store = await openStateAnyhow(state, options);
  return { store, [Symbol.asyncDispose]: () => store.close() };
}

async function contentOf(state: StateChoice): Promise<Copied> {
  switch (state.name) {
    case "sqlite":
      return (await import("./read-all.ts")).readSqliteState(state.settings.path);
    case "postgres":
      return (await import("./postgres/read-all.ts")).readPostgresState(state.settings.url, state.settings.tables);
    default:
      return state satisfies never;
  }
}

async function copyStream(stream: CopiedStream, from: Store, to: Store, signal: AbortSignal): Promise<number> {
  await using old = await from.claim(stream.name, signal);
  await using fresh = await to.claim(stream.name, signal);
  let copied = 0;
  for await (const identities of stream.identities) {
    signal.throwIfAborted();
    await fresh.state.commit({ remember: identities });
    copied += identities.length;
  }
  const { position, report } = old.state;
  const { forgetBelow } = stream;
  await fresh.state.commit({
    remember: [],
    ...(position === undefined ? {} : { position }),
    ...(report === undefined ? {} : { report }),
    ...(forgetBelow === undefined ? {} : { forgetBelow }),
  });
  return copied;
}

async function compare(stream: CopiedStream, from: Store, to: Store, at: StateChoice, signal: AbortSignal) {
  await using old = await from.claim(stream.name, signal);
  await using fresh = await to.claim(stream.name, signal);
  for (const what of ["position", "report"] as const) {
    if (JSON.stringify(old.state[what]) !== JSON.stringify(fresh.state[what]))
      throw differs(at, `the ${what} of ${stream.name}`);
  }
  for await (const identities of stream.identities) {
    const keys = identities.map(({ key }) => key);
    const [expected, found] = [await old.state.known(keys), await fresh.state.known(keys)];
    for (const key of keys) {
      if (textOf(expected.get(key)) !== textOf(found.get(key))) throw differs(at, `the ledger of ${stream.name}`);
    }
  }
}

function textOf(identities: readonly Identity[] | undefined): string {
  const lines = (identities ?? []).map(({ key, version, count, lastSeconds, mark }) =>
    JSON.stringify([key, version, count, lastSeconds, mark]),
  );
  return lines.toSorted().join();
}

function differs(state: StateChoice, what: string): StateError {
  return new StateError(
    `State at ${describeState(state)}: ${what} does not read back as it was written. Do not use it; look at its disk, ` +
      "then try again.",
  );
}
