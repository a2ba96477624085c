import type { Secret, Settled } from "../model.ts";

/**
 * The headers as they are now, names in lower case: a secret from a file may have changed since the last request.
 * One that cannot be read is a refusal, which is waited out like a refused key.
 */
export function revealHeaders(
  secrets: Readonly<Record<string, Secret>>,
):
  | { readonly status: "revealed"; readonly headers: Record<string, string> }
  | Extract<Settled, { fault: "credentials" | "configuration" }> {
  const headers: Record<string, string> = {};
  for (const [name, secret] of Object.entries(secrets)) {
    try {
      headers[name.toLowerCase()] = secret.reveal();
    } catch {
      const message = `the value of the header ${name} cannot be read`;
      return { status: "refused", fault: "credentials", cause: { message } };
    }
  }
  return { status: "revealed", headers };
}
