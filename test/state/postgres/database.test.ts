import { expect, onTestFinished, test, vi } from "vitest";
import { openDatabase } from "../../../src/state/postgres/database.ts";
import { refusal } from "../refusal.ts";

const FAILURE = { code: "ENOENT", syscall: "connect", message: expect.stringContaining("/nowhere") };

test.each([
  [
    "cannot be read",
    () => {
      throw new Error("ENOENT: the file of the secret");
    },
  ],
  ["is half written", () => "post"],
])(
  "a failure is told as it is although the URL %s when it is looked at again, and the old one counts on",
  async (_how, later) => {
    let reveal = () => "postgres:///db?host=/nowhere";
    await using database = disposable(await openDatabase({ url: { reveal: () => reveal() }, timeoutMs: 1_000 }));
    reveal = later;
    for (const _ of ["first", "second"]) await expect(database.query("SELECT 1")).rejects.toMatchObject(FAILURE);
  },
);

test.each([
  ["postgres://me:hidden@db:5432/logs", "db:5432/logs"],
  ["postgresql://db/logs?sslmode=require", "db/logs"],
  ["postgres:///logs?host=/run/postgresql", "/run/postgresql/logs"],
  ["postgres:///logs", "localhost/logs"],
])("%s is named without what is secret: %s", async (url, where) => {
  await using database = disposable(await openDatabase({ url: { reveal: () => url }, timeoutMs: 1_000 }));
  expect(database.where).toBe(where);
});

test.each(["prefer", "require", "verify-ca"])("sslmode=%s is taken as it is meant, without a warning", async (mode) => {
  const warn = vi.spyOn(process, "emitWarning").mockReturnValue();
  onTestFinished(() => warn.mockRestore());
  const url = `postgres:///db?host=/nowhere&sslmode=${mode}`;
  await using database = disposable(await openDatabase({ url: { reveal: () => url }, timeoutMs: 1_000 }));
  await expect(database.query("SELECT 1")).rejects.toMatchObject(FAILURE);
  expect(warn).not.toHaveBeenCalled();
});

test.each(["", "me:hidden@db", "https://me:hidden@db/logs", "postgres://me:hid/den@db:5432/logs"])(
  "%s is refused without being quoted",
  async (url) => {
    const message = await refusal(openDatabase({ url: { reveal: () => url }, timeoutMs: 1_000 }));
    expect(message).toMatch(/^state\.postgres\.url is no URL .* percent-encoded\.$/);
    expect(message).not.toMatch(/hid/);
  },
);

function disposable<T extends { close(): Promise<void> }>(closing: T): T & AsyncDisposable {
  return { ...closing, [Symbol.asyncDispose]: () => closing.close() };
}
