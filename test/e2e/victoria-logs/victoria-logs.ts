import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { request } from "undici";
import { inject, test } from "vitest";

/** A log as a query tells it: every field is text, and what was nested has dots in its name. */
export type Row = Readonly<Record<string, string>>;

export interface VictoriaLogs {
  readonly url: string;
  /** LogsQL: https://docs.victoriametrics.com/victorialogs/logsql/ */
  query(text: string): Promise<readonly Row[]>;
}

/** `test` with a real VictoriaLogs, empty at its beginning and gone at its end. Skipped where there is none. */
export const victoriaLogsTest = test.extend("victoriaLogs", async ({ skip, onTestFailed }, { onCleanup }) => {
  const found = inject("victoriaLogs");
  if (found.status === "absent") return skip(found.reason);
  const folder = await mkdtemp(join(tmpdir(), "slack-otel-victoria-"));
  const port = await freePort();
  const flags = [`-httpListenAddr=127.0.0.1:${port}`, `-storageDataPath=${folder}`, "-loggerLevel=WARN"];
  const child = spawn(found.path, flags, { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
  onTestFailed(() => console.error(log));
  onCleanup(async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    await rm(folder, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${port}`;
  await ready(url, AbortSignal.timeout(20_000));
  const query = async (text: string): Promise<readonly Row[]> => {
    const { statusCode, body } = await request(`${url}/select/logsql/query`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ query: text }).toString(),
    });
    const answer = await body.text();
    if (statusCode !== 200) throw new Error(answer);
    return answer
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Row);
  };
  return { url, query } satisfies VictoriaLogs;
});

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function ready(url: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const isReady = await request(`${url}/health`, { signal }).then(
      async ({ statusCode, body }) => {
        await body.dump();
        return statusCode === 200;
      },
      () => false,
    );
    if (isReady) return;
    await delay(25, undefined, { signal });
  }
}
