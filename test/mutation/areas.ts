const walk = (name: string) => `test/slack/walks/${name}.test.ts`;

/** What is mutated, and the tests that have to notice. */
export const AREAS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  pipeline: {
    "src/pipeline/batch.ts": ["test/pipeline/batch.test.ts"],
    "src/pipeline/dead-letters.ts": ["test/pipeline/dead-letters.test.ts"],
    "src/pipeline/drain.ts": ["test/pipeline/drain.test.ts"],
    "src/pipeline/in-order.ts": ["test/pipeline/in-order.test.ts"],
    "src/pipeline/isolate.ts": ["test/pipeline/isolate.test.ts"],
    "src/pipeline/retry.ts": ["test/pipeline/retry.test.ts"],
    "src/pipeline/search.ts": ["test/pipeline/isolate.test.ts"],
  },
  walking: {
    "src/slack/count-delta.ts": ["test/slack/count-delta.test.ts", walk("sweeps")],
    "src/slack/listing.ts": ["test/slack/listing.test.ts"],
    "src/slack/numbered-pages.ts": [walk("numbered-pages")],
    "src/slack/oldest-first.ts": [walk("oldest-first")],
    "src/slack/order.ts": ["test/slack/order.test.ts"],
    "src/slack/pages-position.ts": [walk("numbered-pages")],
    "src/slack/paging.ts": ["test/slack/paging.test.ts"],
    "src/slack/rise.ts": ["test/slack/rise.test.ts", walk("oldest-first")],
    "src/slack/source.ts": [walk("windows")],
    "src/slack/sweeps.ts": [walk("sweeps")],
    "src/slack/windows.ts": [walk("windows")],
  },
  state: {
    "src/state/check-commit.ts": ["test/state/memory.test.ts"],
    "src/state/claims.ts": ["test/state/memory.test.ts"],
    "src/state/groups.ts": ["test/state/groups.test.ts"],
    "src/state/identities.ts": ["test/state/memory.test.ts"],
    "src/state/ledger.ts": ["test/state/sqlite.test.ts"],
    "src/state/memory.ts": ["test/state/memory.test.ts"],
    "src/state/rows.ts": ["test/state/sqlite.test.ts"],
    "src/state/streams.ts": ["test/state/sqlite.test.ts"],
    "src/state/turns.ts": ["test/state/memory.test.ts"],
  },
};
