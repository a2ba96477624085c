/** Decides how many records, from the head of what is left of a batch, go into the next request. */
export interface Search {
  size(): number;
  /** The request was refused for its content, and it held more than one record. */
  refused(tooLarge: boolean): void;
  /** The request was accepted; `left` records remain. */
  accepted(left: number): void;
  /** So many of the request were accepted, and nothing is known of its others. */
  taken(count: number): void;
  /** One record was found at fault and set aside; `left` records remain, and nothing is known of them. */
  found(left: number): void;
}

/**
 * A binary search for the first record at fault: the first one costs at most log2(length) + 2 requests, and everything
 * behind it goes out in one further request. A request that was too large need not hold a culprit at all, so there the
 * second half is tried whole once before it is searched.
 */
export function createSearch(length: number): Search {
  let size = length;
  /** So many records at the head were refused together and not yet cleared; 0: nothing is known. */
  let tainted = 0;
  let splitting = false;
  return {
    size: () => size,
    refused(tooLarge) {
      splitting = tooLarge && !(splitting && size === tainted);
      tainted = size;
      size = Math.ceil(size / 2);
    },
    accepted(left) {
      tainted = Math.max(0, tainted - size);
      if (tainted === 0) size = splitting ? Math.min(left, size * 2) : left;
      else size = splitting ? tainted : Math.ceil(tainted / 2);
    },
    taken(count) {
      tainted = Math.max(0, tainted - count);
      size -= count;
    },
    found(left) {
      tainted = 0;
      size = left;
    },
  };
}
