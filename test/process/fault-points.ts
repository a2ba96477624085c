/** Where a death is tried, each at several times. */
export const FAULT_POINTS = [
  "store-created",
  "page-fetched",
  "mapped",
  "before-send",
  "after-accept",
  "dead-letter-written",
  "dead-letter-synced",
  "position-begun",
  "position-written",
  "position-committed",
  "window-opened",
  "window-closed",
] as const;
export type FaultPoint = (typeof FAULT_POINTS)[number];
