import type { Identity } from "../model.ts";

/** Identities by their key. Of one version only the one with the highest mark is there, of several the first. */
export type Identities = Map<string, readonly Identity[]>;

export function addIdentity(identities: Identities, identity: Identity): void {
  const versions = identities.get(identity.key);
  if (versions === undefined) {
    identities.set(identity.key, [identity]);
    return;
  }
  const old = versions.find(({ version }) => version === identity.version);
  if (old !== undefined && old.mark >= identity.mark) return;
  identities.set(identity.key, [...versions.filter((other) => other !== old), identity]);
}

/** Those whose mark is not below. */
export function kept(identities: Identities, forgetBelow: number): Identities {
  const result: Identities = new Map();
  for (const [key, versions] of identities) {
    const remaining = versions.every(({ mark }) => mark >= forgetBelow)
      ? versions
      : versions.filter(({ mark }) => mark >= forgetBelow);
    if (remaining.length > 0) result.set(key, remaining);
  }
  return result;
}
