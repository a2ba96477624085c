import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../clock.ts";
import type { DemoOptions } from "../demo.ts";
import { describeConfigurationError } from "../config/layer.ts";
import { createAccepted } from "./account.ts";
import { demoConfiguration, namesEndpoint } from "./configuration.ts";
import { createTerminalDestination, watched } from "./destination.ts";
import { createPrinter, type Printer } from "./printer.ts";
import { createScenario, HISTORY_HOURS } from "./scenario.ts";
import { printSummary, shownOf } from "./summary.ts";
import { tell } from "./tell.ts";
import { createHttp } from "../http.ts";
import { createDestination, run, type RunOptions, type StopSignals } from "../run.ts";
import { listen } from "../simulation/server.ts";
import { createStop } from "../stop.ts";

const DURATION_MS = 10_000;
/** The last round to the present may take this long. */
const CATCH_UP_MS = 5_000;
const START_HOURS = HISTORY_HOURS + 1;
const SEED = 7;
/** Of a line, where no terminal says it. */
const COLUMNS = 130;

export interface PlayOptions extends DemoOptions {
  readonly coloured: boolean;
  /** Nobody reads standard output any more. */
  readonly closed: AbortSignal;
}

/**
 * The real pipeline against a simulated Slack, over HTTP on the loopback address. After a while it is stopped and
 * started again for one last round, so that whatever Slack showed is owed. Resolves with the exit code; 1: something of
 * that was not accepted.
 */
export async function play(options: PlayOptions, interrupt: StopSignals): Promise<0 | 1 | 2> {
  const { env, stdout, durationMs = DURATION_MS, proxy, closed } = options;
  const clock = systemClock;
  await using cleanup = new AsyncDisposableStack();
  const scenario = createScenario({ clock, durationMs, seed: SEED });
  const server = await listen(scenario.slack);
  cleanup.defer(() => server.close());
  const folder = await mkdtemp(join(tmpdir(), "slack-otel-demo-"));
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  const loaded = await demoConfiguration({ env, server, folder, startHours: START_HOURS });
  if (!loaded.ok) {
    for (const error of loaded.errors) options.stderr.write(`slack-otel: ${describeConfigurationError(error)}\n`);
    return 2;
  }

  const printer = createPrinter({
    write: (text) => void (closed.aborted || stdout.write(text)),
    coloured: options.coloured,
    columns: () => stdout.columns ?? COLUMNS,
  });
  const base: RunOptions = {
    configuration: loaded.configuration,
    once: false,
    version: options.version,
    createHttp,
    stdout,
    clock,
    random: Math.random,
    log: tell(printer),
    // Slack is in this process: nothing between us and it.
    ...(proxy === undefined ? {} : { proxy: { ...proxy, no: `127.0.0.1,${proxy.no ?? ""}` } }),
  };
  const accepted = createAccepted();
  const failures: string[] = [];
  const inProcess = createTerminalDestination(clock, clock.now() + durationMs / 2);
  const destination = async () =>
    watched(namesEndpoint(env) ? await createDestination(base) : inProcess, {
      accepted(records) {
        accepted.add(records);
        printer.records(records);
      },
      failed: (message) => void failures.push(message),
    });

  const first = await destination();
  introduce(printer, { durationMs, slackUrl: server.apiUrl, to: first.description });
  const startMs = clock.now() - START_HOURS * 3_600_000;
  using lively = createStop(clock);
  lively.after(durationMs, CATCH_UP_MS, "the demo is over");
  await runUntil(
    { ...base, destination: first },
    {
      stop: AbortSignal.any([interrupt.stop, closed, lively.stop]),
      abort: AbortSignal.any([interrupt.abort, closed, lively.abort]),
    },
  );

  scenario.quiet();
  printer.line();
  printer.line("Stopped, and started again to read what is left.", "bold");
  using last = createStop(clock);
  last.after(CATCH_UP_MS, 0, "the demo is over");
  const stop = AbortSignal.any([interrupt.abort, closed, last.stop]);
  const code = await runUntil({ ...base, once: true, destination: await destination() }, { stop, abort: stop });

  const { slack, late } = scenario;
  const isWhole = printSummary(printer, {
    accounts: accepted.accounts(slack.ledger, startMs),
    slack,
    lateShown: shownOf(slack.ledger, late),
    failures: failures.length,
    lastFailure: failures.at(-1),
    isComplete: code === 0 && !stop.aborted,
  });
  return isWhole && !closed.aborted ? code : 1;
}

/** Being stopped at any point is no error here. Resolves with 1 where that kept the run from ending in good order. */
async function runUntil(options: RunOptions, signals: StopSignals): Promise<0 | 1> {
  try {
    return await run(options, signals);
  } catch (error) {
    if (![signals.stop, signals.abort].some(({ aborted, reason }) => aborted && reason === error)) throw error;
    return 1;
  }
}

interface Introduction {
  readonly durationMs: number;
  readonly slackUrl: string;
  /** Where records go. */
  readonly to: string;
}

function introduce(printer: Printer, { durationMs, slackUrl, to }: Introduction): void {
  printer.line(`  from  ${slackUrl}, an organisation with ${HISTORY_HOURS} hours behind it and people at work`);
  printer.line(`  to    ${to}`);
  printer.line(`  for   ${durationMs / 1_000} s; Ctrl-C ends it early. Times are UTC.`);
  printer.line();
}
