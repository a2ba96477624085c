/** The names of the events that a source file writes into the program's own log. */
export function eventsOf(code: string): string[] {
  const calls = /\b(?:log|say|sayRarely)\(\s*("\w+"|[^,()]+),\s*([^,)]+)|\bcomplain\(([^,]+)/g;
  return [...code.matchAll(calls)].flatMap(([, , event, complaint]) =>
    [...(event ?? complaint ?? "").matchAll(/"([a-z_]+)"/g)].map(([, name = ""]) => name),
  );
}
