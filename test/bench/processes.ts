import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Ready } from "./messages.ts";

export interface Server<R extends Ready, Report> extends Disposable {
  readonly ready: R;
  report(): Promise<Report>;
}

/** Starts a file of the bench as a process of its own, so that its CPU time is not counted as the program's. */
export async function serve<R extends Ready, Report>(
  name: string,
  args: readonly string[] = [],
): Promise<Server<R, Report>> {
  const child = fork(fileURLToPath(new URL(name, import.meta.url)), args);
  const gone = new AbortController();
  child.once("exit", () => gone.abort(new Error(`${name} has ended`)));
  const next = async () => ((await once(child, "message", { signal: gone.signal })) as [unknown])[0];
  const ready = (await next()) as R;
  return {
    ready,
    async report() {
      child.send("report");
      return (await next()) as Report;
    },
    [Symbol.dispose]: () => void child.kill(),
  };
}

export interface Usage {
  readonly wallMs: number;
  /** User and system time of the whole process, its start included. */
  readonly cpuMs: number;
  /** Resident, at its highest. */
  readonly peakBytes: number;
}

/** Tells what the process used (getrusage) through file descriptor 3 when it ends. */
const TELL_USAGE = `data:text/javascript,import { writeSync } from "node:fs";
process.on("exit", () => writeSync(3, JSON.stringify(process.resourceUsage())));`;

/** Runs Node to its end; rejects when that was no success. What it writes to stdout is thrown away by the system. */
export async function measure(args: readonly string[]): Promise<Usage> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, ["--import", encodeURI(TELL_USAGE), ...args], {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  const ended = once(child, "exit").then(([code]) => ({ code, wallMs: performance.now() - startedMs }));
  const [{ code, wallMs }, log, usage] = await Promise.all([
    ended,
    text(child.stderr as Readable),
    text(child.stdio[3] as Readable),
  ]);
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}:\n${log}`);
  const { userCPUTime, systemCPUTime, maxRSS } = JSON.parse(usage) as NodeJS.ResourceUsage;
  return { wallMs, cpuMs: (userCPUTime + systemCPUTime) / 1000, peakBytes: maxRSS * 1024 };
}

/** The time from the start of Node to its end, in milliseconds, with nothing added to it. */
export async function time(args: readonly string[]): Promise<number> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, args, { stdio: "ignore" });
  const [code] = (await once(child, "exit")) as [number];
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}`);
  return performance.now() - startedMs;
}
