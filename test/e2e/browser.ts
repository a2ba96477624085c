import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Debian's; another one by CHROMIUM. */
export const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

export interface Opened {
  /** The value of an expression in the page. */
  evaluate(expression: string): Promise<unknown>;
  /** A picture of the whole page, PNG. */
  picture(): Promise<Buffer>;
  /** What the browser asked for, in order. */
  readonly asked: readonly string[];
  /** What it complained of: errors, and what the page's policy forbade. */
  readonly complaints: readonly string[];
}

export interface Browser extends AsyncDisposable {
  open(url: string, options: { width: number; height: number; scheme: "light" | "dark" }): Promise<Opened>;
}

type Message = {
  readonly id?: number;
  readonly sessionId?: string;
  readonly method?: string;
  readonly params?: Record<string, never>;
  readonly result?: Record<string, never>;
  readonly error?: { readonly message: string };
};

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"];
const QUIET = ["--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0"];

/** A Chromium of its own, spoken to by its DevTools protocol: https://chromedevtools.github.io/devtools-protocol/ */
export async function startBrowser(): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), "chromium-"));
  const child = spawn(CHROMIUM, [...FLAGS, ...QUIET, `--user-data-dir=${profile}`, "about:blank"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = once(child, "exit");
  const url = await listening(createInterface({ input: child.stderr }));
  const socket = new WebSocket(url);
  await once(socket, "open");
  const waiting = new Map<number, (message: Message) => void>();
  const listeners = new Set<(message: Message) => void>();
  socket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(String(data)) as Message;
    if (message.id !== undefined) waiting.get(message.id)?.(message);
    for (const listen of listeners) listen(message);
  });
  let last = 0;
  async function send(method: string, params: object = {}, sessionId?: string): Promise<Record<string, never>> {
    const id = ++last;
    const answered = new Promise<Message>((resolve) => waiting.set(id, resolve));
    socket.send(JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) }));
    const { result, error } = await answered;
    if (result === undefined) throw new Error(`${method}: ${error?.message ?? "no result"}`);
    return result;
  }
  return {
    async open(address, { width, height, scheme }) {
      const { targetId } = await send("Target.createTarget", { url: "about:blank" });
      const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
      const call = (method: string, params: object = {}) => send(method, params, sessionId);
      const [asked, complaints] = [[] as string[], [] as string[]];
      const { promise: loaded, resolve } = Promise.withResolvers<void>();
      listeners.add(({ sessionId: of, method, params = {} }) => {
        if (of !== sessionId) return;
        const { request, entry, exceptionDetails } = params as unknown as {
          request?: { url: string };
          entry?: { text: string };
          exceptionDetails?: { text: string };
        };
        if (method === "Network.requestWillBeSent") asked.push(request?.url ?? "");
        if (method === "Log.entryAdded") complaints.push(entry?.text ?? "");
        if (method === "Runtime.exceptionThrown") complaints.push(exceptionDetails?.text ?? "");
        if (method === "Page.loadEventFired") resolve();
      });
      for (const domain of ["Page", "Network", "Log", "Runtime"]) await call(`${domain}.enable`);
      await call("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: width < 600 });
      await call("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
      await call("Page.navigate", { url: address });
      await loaded;
      return {
        asked,
        complaints,
        async evaluate(expression) {
          const { result } = await call("Runtime.evaluate", { expression, returnByValue: true });
          return (result as { value?: unknown } | undefined)?.value;
        },
        async picture() {
          const { data } = await call("Page.captureScreenshot", { captureBeyondViewport: true });
          return Buffer.from(data as unknown as string, "base64");
        },
      };
    },
    async [Symbol.asyncDispose]() {
      socket.close();
      child.kill("SIGKILL");
      await exited;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function listening(lines: AsyncIterable<string>): Promise<string> {
  for await (const line of lines) {
    const url = /^DevTools listening on (ws:\S+)$/.exec(line)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error(`${CHROMIUM} ended before it listened`);
}
