/** The candidate that a misspelt word most likely stands for; `undefined` only when there is none to choose from. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  const ranked = candidates.map((candidate) => ({ candidate, distance: distance(lower, candidate.toLowerCase()) }));
  return ranked.sort((a, b) => a.distance - b.distance)[0]?.candidate;
}

/** Restricted Damerau-Levenshtein: how many letters to insert, drop, replace or swap with the next one. */
function distance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current[column] = Math.min(
        (previous[column] as number) + 1,
        (current[column - 1] as number) + 1,
        (previous[column - 1] as number) + (same ? 0 : 1),
        swapped ? (beforePrevious[column - 2] as number) + 1 : Infinity,
      );
    }
    [beforePrevious, previous] = [previous, current];
  }
  return previous[b.length] as number;
}
