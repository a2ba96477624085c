import type { Identity } from "../../src/model.ts";

/** A number as a key. */
export function hex(n: number): string {
  return n.toString(16).padStart(32, "0");
}

export function identity(n: number, more: Partial<Identity> = {}): Identity {
  return { key: hex(n), version: "", mark: 1000 + n, ...more };
}
