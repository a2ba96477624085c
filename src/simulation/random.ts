/** A seeded source of chance: the same seed gives the same world on every machine. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** A whole number in [0, limit). */
  below(limit: number): number;
  /** A whole number in [low, high], both included. */
  between(low: number, high: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** An id in Slack's style: the prefix and upper-case base 36. */
  id(prefix: string, length: number): string;
  hex(length: number): string;
}

export function createRandom(seed: number): Random {
  let state = mix(seed, 0x9e3779b9);
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    return mix(state, 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  const text = (alphabet: string, length: number) => {
    let out = "";
    for (let index = 0; index < length; index++) out += alphabet[below(alphabet.length)];
    return out;
  };
  return {
    next,
    below,
    between: (low, high) => low + below(high - low + 1),
    chance: (probability) => next() < probability,
    pick: <T>(items: readonly T[]) => items[below(items.length)] as T,
    id: (prefix, length) => prefix + text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", length),
    hex: (length) => text("0123456789abcdef", length),
  };
}

/** 32 well-mixed bits of two numbers. */
export function mix(a: number, b: number): number {
  let bits = (a ^ Math.imul(b + 1, 0x85ebca6b)) | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x7feb352d);
  bits = Math.imul(bits ^ (bits >>> 15), 0x846ca68b);
  return (bits ^ (bits >>> 16)) >>> 0;
}
