import { hash } from "node:crypto";

/** The first 16 bytes of SHA-256 over a stream's name and an identity, in hex. Equal on every run and machine. */
export function uidOf(stream: string, identity: string): string {
  return hash("sha256", `${stream}\n${identity}`, "hex").slice(0, 32);
}
