const bytesPerUnit = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 } as const;

/** A number with a unit, decimal (`900kB`, `1MB`) or binary (`4MiB`); digits alone are bytes. */
export const BYTE_SIZE_PATTERN = /^(\d+(?:\.\d+)?)(B|kB|MB|GB|KiB|MiB|GiB)$|^(\d+)$/;

/** Bytes, rounded down to whole ones; `undefined` when the text is not a size. */
export function parseByteSize(text: string): number | undefined {
  const match = BYTE_SIZE_PATTERN.exec(text);
  if (match === null) return undefined;
  const [, amount, unit = "B", bytes] = match;
  const size = Math.floor(Number(bytes ?? amount) * bytesPerUnit[unit as keyof typeof bytesPerUnit]);
  return Number.isSafeInteger(size) ? size : undefined;
}
