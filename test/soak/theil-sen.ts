/** One measurement at a time. The slope's unit is that of `value` for each unit of `at`. */
export interface Sample {
  readonly at: number;
  readonly value: number;
}

/** The median of the slopes between all pairs of samples (Theil and Sen): outliers such as a collection do not sway it. */
export function theilSenSlope(samples: readonly Sample[]): number {
  const slopes: number[] = [];
  for (const [index, first] of samples.entries())
    for (const second of samples.slice(index + 1))
      if (second.at !== first.at) slopes.push((second.value - first.value) / (second.at - first.at));
  if (slopes.length === 0) throw new Error("a slope needs samples of two times");
  slopes.sort((a, b) => a - b);
  const middle = slopes.length >> 1;
  return slopes.length % 2 === 1 ? at(slopes, middle) : (at(slopes, middle - 1) + at(slopes, middle)) / 2;
}

function at(values: readonly number[], index: number): number {
  return values[index] as number;
}
