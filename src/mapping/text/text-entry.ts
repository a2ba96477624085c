import type { LogText } from "../../model.ts";
import { parseLossless } from "../lossless.ts";
import type { Template } from "./template.ts";

/** An entry that was not made into objects. */
export interface TextEntry {
  readonly answer: TextAnswer;
  readonly template: Template;
  /** Where its text stands in the answer. */
  readonly from: number;
  readonly end: number;
  readonly firstSlot: number;
  /** SHA-256 over the prefix and the canonical text: the first 32 hex digits. */
  readonly digest: string;
  /** The size of the canonical text. */
  readonly bytes: number;
}

/** What the entries of one answer share: see `LogText`. */
export type TextAnswer = { -readonly [Name in "bytes" | "unescaped" | "slots"]: LogText[Name] };

/** Values of JSON have no symbols. */
export const TEXT = Symbol("text");

export function isTextEntry(entry: unknown): entry is TextEntry {
  return typeof entry === "object" && entry !== null && TEXT in entry;
}

/** The entry as it would have come from the parser. */
export function valueOf({ answer, from, end }: TextEntry): unknown {
  return parseLossless(answer.bytes.toString("utf8", from, end));
}
