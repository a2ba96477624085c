import { globSync, readFileSync, statSync } from "node:fs";
import { basename } from "node:path";

/** The file system, as far as a configuration needs it. Both throw what `node:fs` throws. */
export interface Files {
  read(path: string): string;
  /** Differs whenever the file was written or replaced, also by a swapped symbolic link. */
  stamp(path: string): string;
}

/** Finds the files, links to files included, that match a pattern with `*`; hidden ones and folders are left out. */
export type ListFiles = (pattern: string) => readonly string[];

export const nodeFiles: Files = {
  read: (path) => readFileSync(path, "utf8"),
  stamp: (path) => {
    const { dev, ino, size, mtimeNs } = statSync(path, { bigint: true });
    return `${dev} ${ino} ${size} ${mtimeNs}`;
  },
};

export const listNodeFiles: ListFiles = (pattern) =>
  globSync(pattern)
    .filter((path) => !basename(path).startsWith(".") && isFile(path))
    .toSorted();

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Why a file cannot be read, from the error's code alone: an error's text may hold more than it should. */
export function unreadable(error: unknown): string {
  const code = error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? "") : "";
  switch (code) {
    case "ENOENT":
      return "there is no such file";
    case "EACCES":
    case "EPERM":
      return "this user has no right to read it";
    case "EISDIR":
      return "it is a folder";
    default:
      return `it cannot be read (${code || "no error code"})`;
  }
}
