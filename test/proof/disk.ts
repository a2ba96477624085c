import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cause, StateError, type Store } from "../../src/model.ts";
import type { DeadLetter, DeadLetterReason, DeadLetters } from "../../src/pipeline/dead-letters.ts";
import type { CommitPoint } from "../../src/state/commit-point.ts";
import { createMemoryDisk, createMemoryStore, type MemoryDisk } from "../../src/state/memory.ts";
import { openSqliteStore } from "../../src/state/sqlite.ts";
import type { CrashPoint, LifePlan, Schedule } from "./schedule.ts";
import type { Timeline } from "./timeline.ts";

/** A record that was set aside, and is on the disk for good. */
export interface Letter {
  readonly uid: string;
  readonly stream: string;
  readonly reason: DeadLetterReason;
  /** The body as JSON, its keys in their order. */
  readonly text: string;
  readonly cause: Cause;
  /** By the program's clock. */
  readonly ageMs: number;
}

/** What the program asks of its disk, and where it may die while it does. */
export interface Mount {
  /** Never resolves once the program is dead. */
  readonly reach: (point: CrashPoint) => Promise<void>;
  /** The same inside a transaction, which cannot wait: whether the program dies here. */
  readonly diesAt: (point: CrashPoint) => boolean;
  /** A dead program writes nothing any more, wherever it was killed. */
  readonly isGone: () => boolean;
  readonly diskFull: LifePlan["diskFull"];
  /** A clock that is right. */
  readonly now: () => number;
  readonly count: (what: "disk_full") => void;
}

/** What outlives a crash: state and dead letters. */
export interface Disk {
  readonly letters: readonly Letter[];
  open(mount: Mount, signal: AbortSignal, timeline: Timeline): Promise<Store>;
  deadLetters(mount: Mount): (stream: string) => DeadLetters;
  /** After a life: what a dead program had open is given back, as the system does. */
  unmount(): Promise<void>;
  /** Keeps what a backup would hold. */
  backUp(): void;
  restore(): void;
  /** Harms the state; tells what undoes it, or nothing where there is no state yet. */
  harm(how: "cut" | "bit_flipped" | "empty", below: (limit: number) => number): Harm | undefined;
  /** All that is on it, each byte a character where it is bytes. */
  text(): string;
  dispose(): void;
}

export interface Harm {
  /** Whether the state is byte for byte as it was harmed. */
  isUntouched(): boolean;
  undo(): void;
}

class Crash extends Error {
  override readonly name = "Crash";
}

export function createDisk(kind: Schedule["store"]): Disk {
  const letters: Letter[] = [];
  const state = kind === "memory" ? createMemoryState() : createSqliteState();
  return {
    ...state,
    letters,
    text: () => state.text() + JSON.stringify(letters),
    deadLetters(mount) {
      let writes = 0;
      return (stream) => ({
        full: () => Promise.resolve(undefined),
        async write(written) {
          writes += 1;
          const { diskFull } = mount;
          if (diskFull?.at === "dead_letter" && writes >= diskFull.nth) {
            mount.count("disk_full");
            throw new StateError("dead letters cannot be written: the disk is full");
          }
          // Until it is synced nothing of it is sure to be there.
          await mount.reach("dead-letter-written");
          letters.push(...written.map((letter) => letterOf(letter, stream, mount.now())));
          await mount.reach("dead-letter-synced");
        },
      });
    },
  };
}

function letterOf({ record, reason, cause }: DeadLetter, stream: string, nowMs: number): Letter {
  const { body, hrTime } = record.log;
  const ageMs = nowMs - (hrTime[0] * 1000 + hrTime[1] / 1e6);
  return { uid: record.uid, stream, reason, cause, text: JSON.stringify(body), ageMs };
}

type State = Omit<Disk, "letters" | "deadLetters">;

/** Counts commits: from the nth on there is no room. */
function fullAfter({ diskFull, count }: Mount): () => void {
  let commits = 0;
  return () => {
    commits += 1;
    if (diskFull?.at !== "commit" || commits < diskFull.nth) return;
    count("disk_full");
    throw new StateError("the disk is full");
  };
}

function createMemoryState(): State {
  let disk = createMemoryDisk();
  let backup: MemoryDisk | undefined;
  return {
    async open(mount) {
      if (disk.isNew) await mount.reach("store-created");
      const checkRoom = fullAfter(mount);
      return createMemoryStore({
        disk,
        reached: (point) => {
          if (point === "position-written") checkRoom();
          return mount.reach(point);
        },
      });
    },
    unmount: () => Promise.resolve(),
    backUp: () => void (backup = structuredClone(disk)),
    restore: () => void (disk = structuredClone(backup ?? disk)),
    harm: () => undefined,
    text: () =>
      JSON.stringify([
        [...disk.streams].map(([name, content]) => [name, content, [...content.ledger]]),
        [...disk.notes],
      ]),
    dispose: () => undefined,
  };
}

/** Where the system has one, a folder in memory: what is tried here is the program's death, not the machine's. */
const FOLDER = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
const FILES = ["state.db", "state.db-journal"];

function createSqliteState(): State {
  const root = mkdtempSync(join(FOLDER, "slack-otel-proof-"));
  let generation = 0;
  let folder = join(root, "0");
  let open: Store | undefined;
  let backup: ReadonlyMap<string, Buffer> | undefined;
  mkdirSync(folder);

  const copyTo = (target: string) => {
    mkdirSync(target);
    for (const name of FILES) if (existsSync(join(folder, name))) copyFileSync(join(folder, name), join(target, name));
  };
  const contents = () =>
    new Map(
      FILES.filter((name) => existsSync(join(folder, name))).map((name) => [name, readFileSync(join(folder, name))]),
    );
  const replace = (files: ReadonlyMap<string, Buffer>) => {
    for (const name of FILES) {
      const content = files.get(name);
      if (content === undefined) rmSync(join(folder, name), { force: true });
      else writeFileSync(join(folder, name), content);
    }
  };

  return {
    async open(mount, signal, timeline) {
      const checkRoom = fullAfter(mount);
      /** What a killed process leaves behind is what the files hold at this moment. */
      const reached = (point: CommitPoint | "store-created" | "migration-written") => {
        if (mount.isGone()) throw new Crash(point);
        if (point === "position-written") checkRoom();
        if (point === "migration-written" || !mount.diesAt(point)) return;
        generation += 1;
        const next = join(root, String(generation));
        copyTo(next);
        folder = next;
        throw new Crash(point);
      };
      const store = await timeline.outside(openSqliteStore({ path: join(folder, "state.db"), signal, reached }));
      open = { ...store, close: () => timeline.outside(store.close()) };
      return open;
    },
    async unmount() {
      await open?.close();
      open = undefined;
    },
    backUp: () => void (backup = contents()),
    restore: () => backup !== undefined && replace(backup),
    harm(how, below) {
      const before = contents();
      const path = join(folder, "state.db");
      if (!existsSync(path)) return undefined;
      const bytes = readFileSync(path);
      if (how === "empty") truncateSync(path, 0);
      else if (how === "cut") truncateSync(path, 1 + below(bytes.length - 1));
      else {
        const at = below(bytes.length);
        bytes[at] = (bytes[at] as number) ^ (1 << below(8));
        writeFileSync(path, bytes);
      }
      const harmed = contents();
      return {
        isUntouched: () => {
          const now = contents();
          return (
            [...harmed].every(([name, content]) => now.get(name)?.equals(content) === true) && now.size === harmed.size
          );
        },
        undo: () => replace(before),
      };
    },
    text: () => [...contents().values()].map((bytes) => bytes.toString("latin1")).join("\n"),
    dispose: () => rmSync(root, { recursive: true, force: true }),
  };
}
