import { expect, test } from "vitest";
import { openDatabase } from "../../../src/state/postgres/database.ts";

test.each([
  [
    "cannot be read",
    () => {
      throw new Error("ENOENT: the file of the secret");
    },
  ],
  ["is half written", () => "post"],
])("a failure is told as it is although the URL %s when it is looked at again", async (_, later) => {
  let reveal = () => "postgres:///db?host=/nowhere";
  await using database = disposable(await openDatabase({ url: { reveal: () => reveal() }, timeoutMs: 1_000 }));
  reveal = later;
  await expect(database.query("SELECT 1")).rejects.toMatchObject({ code: "ENOENT", syscall: "connect" });
});

function disposable<T extends { close(): Promise<void> }>(closing: T): T & AsyncDisposable {
  return { ...closing, [Symbol.asyncDispose]: () => closing.close() };
}
