/** What the processes of the bench say to one another. */

export const PAGE_SIZE = 1000;

/** From a server that is ready. */
export interface Ready {
  /** Base URL, ending in a slash. */
  readonly url: string;
}

/** From the activities' server: the mean of an entry as JSON. */
export interface ActivitiesReady extends Ready {
  readonly entryBytes: number;
}

/** From the receiver, asked with `report`: what came since the last report. */
export interface Received {
  readonly requests: number;
  readonly records: number;
  /** On the wire. */
  readonly bytes: number;
}

/** From the simulated Slack, asked with `report`: the methods called since the last report, in order. */
export interface Calls {
  readonly methods: readonly string[];
}

export function send(message: Ready | ActivitiesReady | Received | Calls): void {
  process.send?.(message);
}
