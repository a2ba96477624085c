import type { Writable } from "node:stream";
import { z } from "zod";
import { jsonLines, MAX_LINE_BYTES } from "../otlp/json-lines.ts";
import { defineDestination } from "./destination-kind.ts";

/** The reader of our output is gone, or it cannot be written: the run ends with exit code 1, no position moved. */
export class ClosedPipeError extends Error {
  override readonly name = "ClosedPipeError";
}

/** Lines of OTLP/JSON (OTLP File Exporter specification): accepted is what the operating system took. */
export const stdout = defineDestination({
  summary: "standard output, one OTLP/JSON request a line",
  settings: z.strictObject({}),
  create: (_settings, { stdout: output }) => {
    // A write that fails is told to its callback; without a listener the same error would be thrown as well.
    const ignore = () => {};
    output.on("error", ignore);
    return Promise.resolve({
      name: "stdout",
      description: "standard output",
      limits: { maxBytes: MAX_LINE_BYTES },
      async send(records, signal) {
        for (const line of jsonLines(records)) await write(output, line, signal);
        return { status: "accepted", rejected: 0 };
      },
      probe(signal) {
        signal.throwIfAborted();
        if (output.writable) return Promise.resolve({ status: "accepted", rejected: 0 });
        const cause = { message: "standard output is closed" };
        return Promise.resolve({ status: "refused", fault: "configuration", cause });
      },
      close() {
        output.off("error", ignore);
        return Promise.resolve();
      },
    });
  },
});

/** Resolves when the line has left the process, so a slow reader slows the source. */
async function write(output: Writable, line: Uint8Array, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    output.write(line, (error) => {
      signal.removeEventListener("abort", abort);
      if (error === null || error === undefined) return resolve();
      const { code } = error as NodeJS.ErrnoException;
      reject(new ClosedPipeError(`standard output cannot be written: ${code ?? error.name}`));
    });
  });
}
