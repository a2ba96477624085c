import { expect } from "vitest";
import { StateError } from "../../src/model.ts";

/** The message of the `StateError` that the work must end in. */
export async function refusal(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => "no error",
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StateError);
  return (error as StateError).message;
}
