import { type Commit, StateError, type Store, type StreamState } from "../model.ts";
import { checkCommit, type CommitTexts, jsonValue } from "./check-commit.ts";
import { lastingClaim } from "./claims.ts";
import type { CommitPoint } from "./commit-point.ts";
import { addIdentity, type Identities, kept } from "./identities.ts";
import { createTurns } from "./turns.ts";

interface StreamContent {
  position: string | undefined;
  report: string | undefined;
  generation: number;
  forgetBelow: number;
  ledger: Identities;
}

/** What outlives a store: the next one finds it, as a restarted program finds its disk. `structuredClone` copies it. */
export interface MemoryDisk {
  isNew: boolean;
  readonly streams: Map<string, StreamContent>;
  readonly notes: Map<string, string>;
}

export function createMemoryDisk(): MemoryDisk {
  return { isNew: true, streams: new Map(), notes: new Map() };
}

/**
 * Keeps the state for as long as the disk given lives. For tests and simulations.
 *
 * `reached` is called at each point of each commit. What it throws is a crash there: the commit rejects with it, and
 * so does everything that is asked of this store afterwards.
 */
export function createMemoryStore({
  disk = createMemoryDisk(),
  reached = () => {},
}: {
  readonly disk?: MemoryDisk;
  readonly reached?: (point: CommitPoint, stream: string) => void | Promise<void>;
} = {}): Store {
  const { isNew } = disk;
  disk.isNew = false;
  const closed = new AbortController();
  const [streamTurn, noteTurn] = [createTurns(), createTurns()];
  let failure: { readonly error: unknown } | undefined;

  const assertUsable = (): void => {
    if (failure !== undefined) throw failure.error;
  };
  const guarded = async <T>(work: () => T | Promise<T>): Promise<T> => {
    assertUsable();
    try {
      return await work();
    } catch (error) {
      failure ??= { error };
      throw error;
    }
  };

  const open = (stream: string): StreamState => {
    const content: StreamContent = disk.streams.get(stream) ?? newContent();
    disk.streams.set(stream, content);
    let { generation } = content;
    return {
      get position() {
        return jsonValue(content.position);
      },
      get report() {
        return jsonValue(content.report);
      },
      known: (keys) => guarded(() => lookUp(content, keys)),
      commit: async (change) => {
        assertUsable();
        const texts = checkCommit(change);
        await guarded(async () => {
          await reached("position-begun", stream);
          await reached("position-written", stream);
          assertUsable();
          if (content.generation !== generation) throw new StateError(`Another instance wrote to ${stream}`);
          generation = apply(content, change, texts);
          await reached("position-committed", stream);
        });
      },
    };
  };

  return {
    isNew,
    claim: async (stream, signal) => {
      assertUsable();
      const release = await streamTurn(stream, AbortSignal.any([signal, closed.signal]));
      return lastingClaim(open(stream), release);
    },
    notes: {
      read: (name) => guarded(() => disk.notes.get(name)),
      write: (name, text) => guarded(() => void disk.notes.set(name, text)),
      exclusively: async (name, signal, work) => {
        assertUsable();
        const release = await noteTurn(name, AbortSignal.any([signal, closed.signal]));
        try {
          return await work();
        } finally {
          release();
        }
      },
    },
    close: async () => {
      failure ??= { error: new Error("The store is closed") };
      closed.abort(failure.error);
    },
  };
}

function newContent(): StreamContent {
  return { position: undefined, report: undefined, generation: 0, forgetBelow: -Infinity, ledger: new Map() };
}

function lookUp({ ledger }: StreamContent, keys: readonly string[]): Identities {
  return new Map(keys.flatMap((key) => (ledger.has(key) ? [[key, ledger.get(key) ?? []]] : [])));
}

function apply(content: StreamContent, change: Commit, { position, report }: CommitTexts): number {
  content.position = position ?? content.position;
  content.report = report ?? content.report;
  for (const identity of change.remember) addIdentity(content.ledger, { ...identity });
  content.forgetBelow = Math.max(content.forgetBelow, change.forgetBelow ?? -Infinity);
  if (content.forgetBelow > -Infinity) content.ledger = kept(content.ledger, content.forgetBelow);
  content.generation += 1;
  return content.generation;
}
