import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Client } from "pg";

/** A PostgreSQL of the tests' own: its data goes away with it. */
export interface PostgresServer extends AsyncDisposable {
  readonly port: number;
  /** Of a database with an own schema, so that each test has its own tables. `port`: of a proxy before it. */
  url(schema: string, port?: number): string;
  query(schema: string, text: string): Promise<readonly Record<string, unknown>[]>;
  /** Kills it as a crash would, and starts it again. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  start(): Promise<void>;
}

const VERSIONS = "/usr/lib/postgresql";
const USER = "postgres";

/** Why there is no PostgreSQL to test with; `undefined`: there is. */
export function postgresMissing(): string | undefined {
  if (process.platform === "win32") return "PostgreSQL is looked for on Linux only";
  return programs() === undefined
    ? "no PostgreSQL server below /usr/lib/postgresql (apt-get install postgresql)"
    : undefined;
}

function programs(): string | undefined {
  if (!existsSync(VERSIONS)) return undefined;
  const newest = readdirSync(VERSIONS).toSorted((a, b) => Number(b) - Number(a))[0];
  const folder = newest === undefined ? undefined : join(VERSIONS, newest, "bin");
  return folder !== undefined && existsSync(join(folder, "initdb")) ? folder : undefined;
}

export async function startPostgres(): Promise<PostgresServer> {
  const bin = programs();
  if (bin === undefined) throw new Error(postgresMissing());
  const identity = unprivileged();
  const folder = mkdtempSync(join(tmpdir(), "slack-otel-postgres-"));
  if (identity.uid !== undefined) chownSync(folder, identity.uid, identity.gid as number);
  const data = join(folder, "data");
  execFileSync(join(bin, "initdb"), ["--no-sync", "-A", "trust", "-U", USER, "-D", data], {
    ...identity,
    stdio: "ignore",
    cwd: folder,
  });
  const port = await freePort();
  const settings = [
    "fsync=off",
    "listen_addresses=127.0.0.1",
    `port=${port}`,
    `unix_socket_directories=${folder}`,
    "max_connections=100",
    "log_min_messages=fatal",
  ];
  const url = (schema: string, at = port): string =>
    `postgres://${USER}@127.0.0.1:${at}/postgres?options=${encodeURIComponent(`-c search_path=${schema}`)}`;
  const ask = async (schema: string, text: string): Promise<readonly Record<string, unknown>[]> => {
    const client = new Client({ connectionString: url(schema) });
    client.on("error", () => undefined);
    await client.connect();
    try {
      return (await client.query(text)).rows as Record<string, unknown>[];
    } finally {
      await client.end();
    }
  };
  const launch = async () => {
    const started = spawn(join(bin, "postgres"), ["-D", data, ...settings.flatMap((setting) => ["-c", setting])], {
      ...identity,
      stdio: "ignore",
      cwd: folder,
    });
    for (let tries = 0; ; tries += 1) {
      try {
        await ask("public", "SELECT 1");
        return started;
      } catch (error) {
        if (tries > 300 || started.exitCode !== null) throw error;
        await setTimeout(100);
      }
    }
  };
  let server = await launch();
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const gone = once(server, "exit");
    server.kill(signal);
    await gone;
  };
  return {
    port,
    url,
    query: ask,
    async restart() {
      await stop("SIGQUIT");
      server = await launch();
    },
    stop: () => stop("SIGQUIT"),
    async start() {
      server = await launch();
    },
    async [Symbol.asyncDispose]() {
      await stop("SIGINT");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The server refuses to run as root. */
function unprivileged(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(execFileSync("id", [flag, USER], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}
