import { rename, stat } from "node:fs/promises";
import { dirname, extname } from "node:path";
import { z } from "zod";
import { byteSize, duration, filePath } from "../config/fields.ts";
import { appendLines, codeOf, cutTornLine, makeFolder, syncFolder } from "../durable-file.ts";
import type { Attempt } from "../model.ts";
import { jsonLines, MAX_LINE_BYTES } from "../otlp/json-lines.ts";
import { defineDestination, SettingsError } from "./destination-kind.ts";

const settings = z.strictObject({
  path: filePath().describe("The file that is written to; full ones stand beside it, with the time in their name"),
  max_bytes: byteSize({ atLeast: 1_000 }).prefault("100MiB").describe("Size from which on a new file is begun"),
  max_age: duration({ atLeast: "1s" }).prefault("24h").describe("Age from which on a new file is begun"),
});

/** What a person has to mend. Anything else, a full disk for one, may pass. */
const FOR_A_PERSON = new Set(["EACCES", "EPERM", "EROFS", "EISDIR", "ENOTDIR", "ENOENT"]);

/** A name beside the file with the time in it, which no other file has. */
async function freeName(path: string, nowMs: number): Promise<string> {
  const extension = extname(path);
  const stem = `${path.slice(0, path.length - extension.length)}-${new Date(nowMs).toISOString().replaceAll(/[-:]/g, "")}`;
  for (let copy = 0; ; copy++) {
    const name = `${stem}${copy === 0 ? "" : `-${copy}`}${extension}`;
    const isTaken = await stat(name).then(
      () => true,
      () => false,
    );
    if (!isTaken) return name;
  }
}

/** Lines of OTLP/JSON in a file: accepted is what is on the disk. Nothing here takes old files away. */
export const file = defineDestination({
  summary: "a file of OTLP/JSON requests, one a line, synced and rotated",
  settings,
  async create({ path, max_bytes: maxBytes, max_age: maxAgeMs }, { clock, log }) {
    try {
      await makeFolder(dirname(path));
      const cut = await cutTornLine(path);
      if (cut > 0) {
        const message = "A crash had torn the last line. No receipt was given for it: its records are sent again.";
        log("warn", "torn_line_cut", { path, bytes: cut, message });
      }
      await appendLines(path, "");
    } catch (error) {
      throw new SettingsError("path", `${path} cannot be written: ${codeOf(error)}`);
    }
    let bornMs = (await stat(path)).birthtimeMs;
    // Streams send at the same time, and a file is rotated between two batches.
    let turn: Promise<unknown> = Promise.resolve();

    async function rotate(size: number, added: number): Promise<void> {
      if (size === 0) return void (bornMs = clock.now());
      if (size + added <= maxBytes && clock.now() - bornMs < maxAgeMs) return;
      await rename(path, await freeName(path, clock.now()));
      await syncFolder(dirname(path));
      bornMs = clock.now();
    }

    async function append(bytes: Uint8Array): Promise<Attempt> {
      try {
        const size = await stat(path).then(
          (found) => found.size,
          () => 0,
        );
        await rotate(size, bytes.length);
        await appendLines(path, bytes);
        return { status: "accepted", rejected: 0 };
      } catch (error) {
        const code = codeOf(error);
        const cause = { message: `${path} cannot be written: ${code}` };
        return FOR_A_PERSON.has(code)
          ? { status: "refused", fault: "configuration", cause }
          : { status: "retry", cause };
      }
    }

    function inTurn(bytes: Uint8Array, signal: AbortSignal): Promise<Attempt> {
      signal.throwIfAborted();
      const written = turn.then(() => append(bytes));
      turn = written;
      return written;
    }

    return {
      name: "file",
      description: path,
      limits: { maxBytes: MAX_LINE_BYTES },
      send: async (records, signal) => inTurn(Buffer.concat([...jsonLines(records)]), signal),
      probe: async (signal) => inTurn(new Uint8Array(), signal),
      close: async () => void (await turn),
    };
  },
});
