export interface Row {
  readonly figure: string;
  readonly ours: string;
  /** What it is compared with, by name. */
  readonly other?: string;
  readonly ratio?: number;
  readonly target?: string;
}

/** As Markdown. */
export function table(rows: readonly Row[]): string {
  const lines = rows.map(({ figure, ours, other, ratio, target }) =>
    [figure, ours, other ?? "", ratio?.toFixed(2) ?? "", target ?? ""].join(" | "),
  );
  const head = ["figure | slack-otel | compared with | ratio | target", "--- | ---: | ---: | ---: | ---:"];
  return [...head, ...lines].map((line) => `| ${line} |\n`).join("");
}

export interface Figure<T> {
  readonly name: string;
  readonly of: (measured: T) => number;
  readonly write: (value: number) => string;
}

/** The medians of one figure, side by side. */
export function compare<T>(
  { name, of, write }: Figure<T>,
  ours: readonly T[],
  against: { readonly name: string; readonly measured: readonly T[]; readonly target: string },
): Row {
  const [our, other] = [median(ours.map(of)), median(against.measured.map(of))];
  const { target } = against;
  return { figure: name, ours: write(our), other: `${write(other)} ${against.name}`, ratio: our / other, target };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2;
}
