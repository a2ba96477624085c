import { Writable } from "node:stream";
import { destinations, type DestinationName } from "../../src/destinations/index.ts";
import type { DestinationDependencies, DestinationKind } from "../../src/destinations/destination-kind.ts";
import { createHttp } from "../../src/http.ts";
import type { Destination, LogLevel } from "../../src/model.ts";
import { createServerClock } from "../../src/server-clock.ts";
import { createVirtualClock } from "./virtual-clock.ts";

export interface LogLine {
  readonly level: LogLevel;
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>> | undefined;
}

/** A destination made of settings as they would be written, with a virtual clock and real HTTP. */
export async function makeDestination(
  name: DestinationName,
  written: Readonly<Record<string, unknown>>,
  dependencies: Partial<DestinationDependencies> = {},
): Promise<{ readonly destination: Destination; readonly log: readonly LogLine[] } & AsyncDisposable> {
  const kind: DestinationKind = destinations[name];
  const log: LogLine[] = [];
  const { clock = createVirtualClock(1_700_000_000_000) } = dependencies;
  const destination = await kind.create(kind.settings.parse(written), {
    createHttp,
    clock,
    serverClock: createServerClock(clock),
    log: (level, event, fields) => void log.push({ level, event, fields }),
    stdout: new Writable({ write: (_chunk, _encoding, done) => done() }),
    batchBytes: 4 * 1024 * 1024,
    ...dependencies,
  });
  return { destination, log, [Symbol.asyncDispose]: () => destination.close() };
}
