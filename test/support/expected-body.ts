/**
 * The body that is expected of an entry, given as the text that Slack sends: found by a parser of its own, so that the
 * mapping is judged by something else. For entries that are not nested deeply.
 */
export function expectedBody(text: string): unknown {
  const tokens = text.match(/[{}[\],:]|"(?:[^"\\]|\\.)*"|[^\s{}[\],:"]+/g) ?? [];
  let index = 0;

  function value(): unknown {
    const token = tokens[index++] ?? "";
    if (token === "[") return items("]", value);
    if (token === "{") return named(items("}", member));
    if (token.startsWith('"')) return string(token).toWellFormed();
    return /^[-\d]/.test(token) ? number(token) : (JSON.parse(token) as unknown);
  }

  function items<T>(close: string, read: () => T): T[] {
    const found: T[] = [];
    while (tokens[index] !== close) {
      found.push(read());
      if (tokens[index] === ",") index += 1;
    }
    index += 1;
    return found;
  }

  function member(): [string, unknown] {
    const key = string(tokens[index] ?? "");
    index += 2;
    return [key, value()];
  }

  return value();
}

function string(token: string): string {
  return JSON.parse(token) as string;
}

/** Beyond what a double holds to the last digit, the digits as text. */
function number(digits: string): number | string {
  const value = Number(digits);
  const isExact = Number.isInteger(value) ? Math.abs(value) < 2 ** 53 : Number.isFinite(value);
  return isExact ? value + 0 : digits;
}

/** Keys with lone surrogates get new names, in the order of the keys; a name that is taken is made longer. */
function named(members: readonly (readonly [string, unknown])[]): object {
  const names = new Map(members.flatMap(([key]) => (key.isWellFormed() ? [[key, key] as const] : [])));
  const taken = new Set(members.map(([key]) => key));
  for (const key of [...taken].sort()) {
    if (names.has(key)) continue;
    let name = key.toWellFormed();
    while (taken.has(name)) name += "\uFFFD";
    taken.add(name);
    names.set(key, name);
  }
  return Object.fromEntries(members.map(([key, item]) => [names.get(key), item]));
}
