import { inspect } from "node:util";
import type { Secret } from "../model.ts";

const brand = Symbol("secret");
const redacted = (): string => "[REDACTED]";

/**
 * Wraps a way to get at a value. Text, JSON and inspect forms say `[REDACTED]`, and no property that can be enumerated
 * leads to the value.
 */
export function createSecret(reveal: () => string): Secret {
  const hidden = (value: unknown): PropertyDescriptor => ({ value, enumerable: false });
  return Object.freeze(
    Object.defineProperties(
      {},
      {
        reveal: hidden(reveal),
        toString: hidden(redacted),
        toJSON: hidden(redacted),
        [Symbol.toPrimitive]: hidden(redacted),
        [inspect.custom]: hidden(redacted),
        [brand]: hidden(true),
      },
    ),
  ) as Secret;
}

export function isSecret(value: unknown): value is Secret {
  return typeof value === "object" && value !== null && brand in value;
}

/**
 * What is wrong with a secret's text, in words that do not show it; `undefined` when nothing is. A secret travels in an
 * HTTP header: printable ASCII only.
 */
export function secretFault(text: string): string | undefined {
  if (text === "") return "the secret is empty";
  if (/[\r\n]/.test(text)) return "the secret has a line break inside";
  if (!/^[\x20-\x7e]+$/.test(text)) return "the secret has a character that is not printable ASCII";
  if (text !== text.trim()) return "the secret begins or ends with a space";
  return undefined;
}

/** What to do about a secret that has a fault. */
export const secretRemedy = "give one line of printable ASCII characters; one newline at its end is allowed";

/** Editors and `echo` end a text with a newline that is no part of the secret: one is taken off. */
export function withoutFinalNewline(text: string): string {
  return text.replace(/\r?\n$/, "");
}
