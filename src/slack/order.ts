/** What the rows of a listing, in the order in which Slack shows them, say about a column of times. */
export interface Order {
  /** NaN: the row has no usable time, and says nothing. */
  observe(seconds: number): void;
  /** The listing is read again from an earlier place: the next row does not follow on the last one. */
  breakOff(): void;
  /** No time was later than the one before it. True of an empty listing. */
  readonly neverRises: boolean;
  readonly neverFalls: boolean;
  /** The smallest time seen; infinity when there was none. */
  readonly smallest: number;
  /** Minus infinity when there was none. */
  readonly largest: number;
}

export function createOrder(): Order {
  let last = Number.NaN;
  const order = {
    neverRises: true,
    neverFalls: true,
    smallest: Number.POSITIVE_INFINITY,
    largest: Number.NEGATIVE_INFINITY,
    observe(seconds: number) {
      if (Number.isNaN(seconds)) return;
      if (seconds > last) order.neverRises = false;
      if (seconds < last) order.neverFalls = false;
      last = seconds;
      order.smallest = Math.min(order.smallest, seconds);
      order.largest = Math.max(order.largest, seconds);
    },
    breakOff() {
      last = Number.NaN;
    },
  };
  return order;
}
