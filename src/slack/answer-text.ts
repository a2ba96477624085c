import { isUtf8 } from "node:buffer";
import { parseLossless } from "../mapping/lossless.ts";
import type { ReadEntryList } from "../mapping/text/read-entries.ts";
import { endOfValue, skipSpace } from "../mapping/text/template.ts";

const [QUOTE, COMMA, COLON, OPEN_LIST, OPEN_MAP] = Buffer.from('",:[{');

/**
 * An answer whose list of entries is read by `readEntries`, and the rest of it by the parser. `undefined`: to be parsed
 * as a whole.
 */
export function readAnswerText(answer: Buffer, list: string, readEntries: ReadEntryList): unknown {
  const from = isUtf8(answer) ? startOfList(answer, list) : undefined;
  const read = from === undefined ? undefined : readEntries(answer, from);
  if (from === undefined || read === undefined) return undefined;
  const rest = `${answer.toString("utf8", 0, from)}]${answer.toString("utf8", read.end)}`;
  try {
    const body = parseLossless(rest) as Record<string, unknown>;
    const emptied = body[list];
    // A key that comes twice counts where it comes last.
    if (!Array.isArray(emptied) || emptied.length > 0) return undefined;
    return { ...body, [list]: read.entries };
  } catch {
    return undefined;
  }
}

/** Behind the bracket that opens the list under this key of the answer. */
function startOfList(answer: Buffer, list: string): number | undefined {
  let at = skipSpace(answer, 0);
  if (answer[at] !== OPEN_MAP) return undefined;
  do {
    at = skipSpace(answer, at + 1);
    if (answer[at] !== QUOTE) return undefined;
    const colon = skipSpace(answer, endOfValue(answer, at) ?? answer.length);
    const value = skipSpace(answer, colon + 1);
    if (answer[colon] !== COLON) return undefined;
    if (answer.toString("utf8", at + 1, colon).trimEnd() === `${list}"`) {
      return answer[value] === OPEN_LIST ? value + 1 : undefined;
    }
    at = skipSpace(answer, endOfValue(answer, value) ?? answer.length);
  } while (answer[at] === COMMA);
  return undefined;
}
