import { expect, test } from "vitest";
import { describeState, type StateChoice } from "../../src/state/index.ts";

const postgres = (url: string): StateChoice => ({
  name: "postgres",
  settings: { url: { reveal: () => url }, lease: 1 },
});

test("where a state is, is told without the password to it", () => {
  expect(describeState({ name: "sqlite", settings: { path: "/data/state.db" } })).toBe("/data/state.db");
  expect(describeState(postgres("postgres://user:secret@db.test:5432/slack?sslmode=require"))).toBe(
    "PostgreSQL at db.test:5432/slack",
  );
  expect(describeState(postgres("secret, and no address"))).toBe("PostgreSQL at ");
});
