import type { Files } from "../../src/config/files.ts";

/** Files in memory. Every write gives a new stamp; `remove` takes a file away; reads are counted. */
export function fileSystem(initial: Readonly<Record<string, string>> = {}) {
  const contents = new Map(Object.entries(initial));
  const stamps = new Map<string, number>();
  let writes = 0;
  const reads = { count: 0 };
  const missing = (path: string): Error => Object.assign(new Error(`ENOENT: ${path}`), { code: "ENOENT" });
  const files: Files = {
    read(path) {
      reads.count++;
      const text = contents.get(path);
      if (text === undefined) throw missing(path);
      return text;
    },
    stamp(path) {
      if (!contents.has(path)) throw missing(path);
      return String(stamps.get(path) ?? 0);
    },
  };
  return {
    files,
    reads,
    write(path: string, text: string): void {
      contents.set(path, text);
      stamps.set(path, ++writes);
    },
    remove(path: string): void {
      contents.delete(path);
    },
  };
}
