/** Works of many streams in one transaction: what makes a transaction durable costs the same for one as for a hundred. */
export interface Groups {
  /**
   * Runs the work in the next transaction. `work` may run again when the transaction could not begin or end; `settle`,
   * which it returns, runs once when all is durable.
   */
  run(work: () => () => void): Promise<void>;
}

interface Member {
  readonly work: () => () => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** `transaction` runs the works it is given in one transaction, durable when it resolves. When it rejects, all have failed. */
export function createGroups(transaction: (works: () => (() => void)[]) => Promise<(() => void)[]>): Groups {
  let waiting: Member[] = [];
  let isRunning = false;

  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      try {
        const settles = await transaction(() => group.map(({ work }) => work()));
        for (const settle of settles) settle();
        for (const { resolve } of group) resolve();
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    isRunning = false;
  }

  return {
    run(work) {
      return new Promise((resolve, reject) => {
        waiting.push({ work, resolve, reject });
        if (isRunning) return;
        isRunning = true;
        // What other streams bring in this turn of the event loop joins.
        setImmediate(() => void flush());
      });
    },
  };
}
