/** The state of backfills stands beside that of `run`, which admits one writer: so both can work at a time. */
export function backfillPath(statePath: string): string {
  return `${statePath}.backfill`;
}
