import { type Commit, StateError, type Store, type StreamState } from "../model.ts";
import type { CommitPoint } from "./commit-point.ts";
import { addIdentity, type Identities, kept } from "./identities.ts";
import { checkCommit } from "./check-commit.ts";

interface StreamContent {
  position: string | undefined;
  generation: number;
  forgetBelow: number;
  ledger: Identities;
}

/** What outlives a store: the next one finds it, as a restarted program finds its disk. `structuredClone` copies it. */
export interface MemoryDisk {
  isNew: boolean;
  readonly streams: Map<string, StreamContent>;
}

export function createMemoryDisk(): MemoryDisk {
  return { isNew: true, streams: new Map() };
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
        return content.position === undefined ? undefined : (JSON.parse(content.position) as unknown);
      },
      known: (keys) => guarded(() => lookUp(content, keys)),
      commit: async (change) => {
        assertUsable();
        const position = checkCommit(change);
        await guarded(async () => {
          await reached("position-begun", stream);
          await reached("position-written", stream);
          assertUsable();
          if (content.generation !== generation) throw new StateError(`Another instance wrote to ${stream}`);
          generation = apply(content, change, position);
          await reached("position-committed", stream);
        });
      },
    };
  };

  return {
    isNew,
    open: (stream) => guarded(() => open(stream)),
    close: async () => {
      failure ??= { error: new Error("The store is closed") };
    },
  };
}

function newContent(): StreamContent {
  return { position: undefined, generation: 0, forgetBelow: -Infinity, ledger: new Map() };
}

function lookUp({ ledger }: StreamContent, keys: readonly string[]): Identities {
  return new Map(keys.flatMap((key) => (ledger.has(key) ? [[key, ledger.get(key) ?? []]] : [])));
}

function apply(content: StreamContent, change: Commit, position: string | undefined): number {
  content.position = position ?? content.position;
  for (const identity of change.remember) addIdentity(content.ledger, { ...identity });
  content.forgetBelow = Math.max(content.forgetBelow, change.forgetBelow ?? -Infinity);
  if (content.forgetBelow > -Infinity) content.ledger = kept(content.ledger, content.forgetBelow);
  content.generation += 1;
  return content.generation;
}
