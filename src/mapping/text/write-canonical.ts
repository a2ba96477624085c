import { holderOf, offsetOf } from "../../model.ts";
import type { Template } from "./template.ts";
import type { TextAnswer } from "./text-entry.ts";

/** Texts shorter than this are copied faster here than by a call into the runtime. */
const SHORT = 48;

/** Makes canonical texts, each behind the prefix; what is returned is overwritten by the next. */
export type WriteCanonical = (template: Template, answer: TextAnswer, forms: Int32Array, entryBytes: number) => Buffer;

/** `forms`: where in the answer the canonical form of each slot begins and ends. `entryBytes`: the size of the entry as it came. */
export function createWriteCanonical(prefix: Buffer): WriteCanonical {
  let canonical = Buffer.allocUnsafeSlow(0);
  return ({ pieces, order, pieceBytes }, answer, forms, entryBytes) => {
    const most = prefix.length + pieceBytes + entryBytes;
    if (canonical.length < most) {
      canonical = Buffer.allocUnsafeSlow(2 * most);
      canonical.set(prefix);
    }
    let at = copy(pieces[0]!, 0, pieces[0]!.length, canonical, prefix.length);
    for (let index = 0; index < order.length; index++) {
      const slot = 2 * order[index]!;
      const begin = forms[slot]!;
      const from = offsetOf(answer, begin);
      at = copy(holderOf(answer, begin), from, from + forms[slot + 1]! - begin, canonical, at);
      const piece = pieces[index + 1]!;
      at = copy(piece, 0, piece.length, canonical, at);
    }
    return canonical.subarray(0, at);
  };
}

/** Returns where it ends. */
function copy(source: Buffer, from: number, end: number, target: Buffer, at: number): number {
  const length = end - from;
  if (length < SHORT) for (let index = 0; index < length; index++) target[at + index] = source[from + index]!;
  else source.copy(target, at, from, end);
  return at + length;
}
