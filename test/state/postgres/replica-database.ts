import type { Row } from "../../../src/state/postgres/database.ts";
import { streamChecksum } from "../../../src/state/postgres/schema.ts";
import { away, type Script, type ScriptedDatabase, scriptedDatabase } from "./scripted-database.ts";

/** What a replica asks of the database, by a part of the statement. */
export const ASKED = {
  join: "INSERT INTO slack_otel_replicas",
  renew: "UPDATE slack_otel_replicas",
  expire: "DELETE FROM slack_otel_replicas WHERE expires",
  leave: "DELETE FROM slack_otel_replicas",
  survey: "count(s.id) AS held",
  add: "INSERT INTO slack_otel_streams",
  take: "token = token + 1",
  free: "SELECT name FROM slack_otel_streams",
  freeAllBut: "AND id NOT IN",
  giveBack: "SET holder = NULL WHERE id",
} as const;

interface Stream {
  readonly id: number;
  readonly name: string;
  token: number;
  holder: number | undefined;
}

export interface ReplicaDatabase extends ScriptedDatabase {
  readonly replicas: Map<number, { wanted: number; waiting: number }>;
  readonly streams: Map<string, Stream>;
  /** By the name of a request, what is answered in its place. */
  readonly instead: Map<keyof typeof ASKED, Script[string]>;
  /** Does what the request asks for, without an answer to it. */
  really(request: keyof typeof ASKED, values: Parameters<Script[string]>[0]): ReturnType<Script[string]>;
  /** Another replica comes, which holds `names`. */
  other(standing: { readonly wanted: number; readonly waiting: number }, ...names: readonly string[]): number;
  heldBy(id: number | undefined): readonly string[];
}

/** Replicas and streams as the database has them, with nothing of time: no lease of another ends here by itself. */
export function replicaDatabase(): ReplicaDatabase {
  const replicas: ReplicaDatabase["replicas"] = new Map();
  const streams = new Map<string, Stream>();
  const instead: ReplicaDatabase["instead"] = new Map();
  let ids = 0;

  const join = (standing = { wanted: 0, waiting: 0 }): number => {
    replicas.set(++ids, standing);
    return ids;
  };
  const add = (name: string): Stream => {
    const stream = streams.get(name) ?? { id: streams.size + 1, name, token: 0, holder: undefined };
    streams.set(name, stream);
    return stream;
  };
  const free = (which: (stream: Stream) => boolean): Row[] => {
    for (const stream of streams.values()) if (which(stream)) stream.holder = undefined;
    return [];
  };
  const heldBy = (id: number | undefined) => [...streams.values()].filter(({ holder }) => holder === id);
  const freeOf = (names: unknown) => {
    const asked = JSON.parse(String(names)) as string[];
    return asked.filter((name) => streams.get(name)?.holder === undefined && streams.has(name));
  };

  const answers: Readonly<Record<keyof typeof ASKED, Script[string]>> = {
    join: () => [{ id: join() }],
    renew([id, wanted, waiting]) {
      if (!replicas.has(Number(id))) return [];
      replicas.set(Number(id), { wanted: Number(wanted), waiting: Number(waiting) });
      return [{ id: Number(id) }];
    },
    expire: () => [],
    leave([id]) {
      replicas.delete(Number(id));
      return free(({ holder }) => holder === id);
    },
    survey: () => [...replicas].map(([id, standing]) => ({ id, ...standing, held: heldBy(id).length })),
    add([given]) {
      for (const { name } of JSON.parse(String(given)) as { name: string }[]) add(name);
      return [];
    },
    free: ([names]) => freeOf(names).map((name) => ({ name })),
    take: ([id, names, atMost]) =>
      freeOf(names)
        .toSorted()
        .slice(0, Number(atMost))
        .map((name) => {
          const stream = Object.assign(add(name), { holder: id, token: add(name).token + 1 });
          return rowOf(stream);
        }),
    freeAllBut: ([id, held]) =>
      free((stream) => stream.holder === id && !(JSON.parse(String(held)) as number[]).includes(stream.id)),
    giveBack: ([id, token, holder]) =>
      free((stream) => stream.id === id && stream.token === token && stream.holder === holder),
  };

  const script = Object.entries(ASKED).map(([name, part]): [string, Script[string]] => {
    const request = name as keyof typeof ASKED;
    return [part, (values) => (instead.get(request) ?? answers[request])(values)];
  });
  const database = scriptedDatabase(Object.fromEntries(script));
  return {
    ...database,
    replicas,
    streams,
    instead,
    really: (request, values) => answers[request](values),
    other(standing, ...names) {
      const id = join(standing);
      for (const name of names) add(name).holder = id;
      return id;
    },
    heldBy: (id) => heldBy(id).map(({ name }) => name),
  };
}

function rowOf({ id, name, token }: Stream): Row {
  const empty = { position: null, report: null, generation: 0 };
  return {
    id,
    name,
    token,
    ...empty,
    forget_below: null,
    checksum: streamChecksum({ name, ...empty, forgetBelow: null }),
  };
}

/** The database is away, until `instead` is cleared. */
export function cut({ instead }: ReplicaDatabase): void {
  for (const request of Object.keys(ASKED)) instead.set(request as keyof typeof ASKED, away);
}
