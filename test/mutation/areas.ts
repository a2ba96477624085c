const walk = (name: string) => `test/slack/walks/${name}.test.ts`;

const state = (name: string) => `test/state/${name}.test.ts`;

/** Against a real PostgreSQL, which has to be there; those that start the program would see nothing of a mutant. */
const postgres = (...names: readonly string[]) => names.map((name) => `test/e2e/postgres/${name}.test.ts`);

/** A replica among others, with a stub of the database. */
const REPLICA = ["replica", "replica-lease", "replica-once"].map((name) => state(`postgres/${name}`));

/** What is mutated, and the tests that have to notice, the quickest first. */
export const AREAS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  pipeline: {
    "src/pipeline/batch.ts": ["test/pipeline/batch.test.ts"],
    "src/pipeline/dead-letters.ts": ["test/pipeline/dead-letters.test.ts"],
    "src/pipeline/drain.ts": ["test/pipeline/drain.test.ts"],
    "src/pipeline/follow.ts": ["test/pipeline/follow.test.ts"],
    "src/pipeline/in-order.ts": ["test/pipeline/in-order.test.ts"],
    "src/pipeline/isolate.ts": ["test/pipeline/isolate.test.ts"],
    "src/pipeline/retry.ts": ["test/pipeline/retry.test.ts"],
    "src/pipeline/search.ts": ["test/pipeline/search.test.ts", "test/pipeline/isolate.test.ts"],
  },
  walking: {
    "src/slack/count-delta.ts": ["test/slack/count-delta.test.ts", walk("sweeps")],
    "src/slack/listing.ts": ["test/slack/listing.test.ts"],
    "src/slack/numbered-pages.ts": [walk("numbered-pages")],
    "src/slack/oldest-first.ts": ["test/slack/reached.test.ts", walk("oldest-first")],
    "src/slack/order.ts": ["test/slack/order.test.ts"],
    "src/slack/page-reader.ts": [walk("numbered-pages")],
    "src/slack/pages-position.ts": [walk("numbered-pages")],
    "src/slack/paging.ts": ["test/slack/paging.test.ts"],
    "src/slack/passes.ts": [walk("numbered-pages")],
    "src/slack/rise.ts": ["test/slack/rise.test.ts", walk("oldest-first")],
    "src/slack/source.ts": [walk("windows")],
    "src/slack/sweeps.ts": [walk("sweeps")],
    "src/slack/windows.ts": ["test/slack/reached.test.ts", walk("windows")],
  },
  state: {
    "src/state/check-commit.ts": [state("memory")],
    "src/state/claims.ts": [state("claims"), state("memory")],
    "src/state/content.ts": [state("verify"), state("inspect"), state("migrate")],
    "src/state/copy-note.ts": [state("copy")],
    "src/state/copy.ts": [state("copy")],
    "src/state/create.ts": [state("inspect"), state("disk"), state("sqlite")],
    "src/state/failure.ts": [state("failure")],
    "src/state/file.ts": [state("file"), state("journal")],
    "src/state/groups.ts": [state("groups")],
    "src/state/header.ts": [state("header"), state("inspect")],
    "src/state/identities.ts": [state("memory")],
    "src/state/index.ts": [state("index"), state("copy")],
    "src/state/inspect.ts": [state("inspect"), state("journal")],
    "src/state/ledger.ts": [state("ledger")],
    "src/state/locate.ts": [state("locate")],
    "src/state/lock.ts": [state("lock"), state("disk")],
    "src/state/memory.ts": [state("memory")],
    "src/state/migrate.ts": [state("migrate")],
    "src/state/notes.ts": [state("verify"), state("copy"), state("sqlite")],
    "src/state/postgres/database.ts": [state("postgres/database"), ...postgres("leases", "contract")],
    "src/state/postgres/failure.ts": [state("postgres/failure")],
    "src/state/postgres/inspect.ts": postgres("inspect", "leases"),
    "src/state/postgres/lease.ts": [state("postgres/lease")],
    "src/state/postgres/ledger.ts": [state("postgres/ledger"), ...postgres("contract")],
    "src/state/postgres/membership.ts": REPLICA,
    "src/state/postgres/notes.ts": [state("postgres/notes"), ...postgres("contract")],
    "src/state/postgres/queue.ts": [state("postgres/queue")],
    "src/state/postgres/read-all.ts": postgres("read-all"),
    "src/state/postgres/replica.ts": REPLICA,
    "src/state/postgres/schema.ts": [state("postgres/schema"), ...postgres("contract")],
    "src/state/postgres/shares.ts": [state("postgres/shares")],
    "src/state/postgres/store.ts": postgres("contract", "leases"),
    "src/state/postgres/stream-state.ts": [
      state("postgres/stream-state"),
      state("postgres/forgetting"),
      ...postgres("contract"),
    ],
    "src/state/postgres/throttles.ts": [state("postgres/throttles")],
    "src/state/postgres/turns.ts": [state("postgres/turns")],
    "src/state/probe.ts": [state("probe"), state("disk")],
    "src/state/read-all.ts": [state("read-all"), state("copy")],
    "src/state/room.ts": [state("disk")],
    "src/state/rows.ts": [state("rows"), state("header")],
    "src/state/sqlite.ts": [state("verify"), state("migrate"), state("disk"), state("sqlite")],
    "src/state/streams.ts": [state("verify"), state("migrate"), state("sqlite")],
    "src/state/transaction.ts": [state("transaction"), state("disk")],
    "src/state/turns.ts": [state("turns"), state("memory")],
    "src/state/verify.ts": [state("probe"), state("verify"), state("journal")],
    "src/state/version-1.ts": [state("migrate")],
  },
};
