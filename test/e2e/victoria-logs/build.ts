import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rename, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { isExecutable, whyNot } from "../collector/build.ts";

export type FoundVictoriaLogs = { status: "found"; path: string } | { status: "absent"; reason: string };

const VERSION = "1.52.2";
/** About a minute and a half on two cores with nothing downloaded and nothing compiled. */
const BUILD_TIMEOUT_MS = 15 * 60_000;

/**
 * The binary that VICTORIA_LOGS names; else the one built from its Go module, kept under the user's cache folder; else,
 * with `go` on PATH, that one after it is built. Throws where VICTORIA_LOGS names nothing that runs.
 */
export async function findVictoriaLogs(env: NodeJS.ProcessEnv): Promise<FoundVictoriaLogs> {
  const named = env["VICTORIA_LOGS"];
  if (named !== undefined && named !== "") {
    if (!(await isExecutable(named))) throw new Error(`VICTORIA_LOGS names ${named}, which is no executable file`);
    return { status: "found", path: named };
  }
  const cache = join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "slack-otel");
  const path = join(cache, `victoria-logs-${VERSION}-${process.platform}-${process.arch}`);
  if (await isExecutable(path)) return { status: "found", path };
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, "build-"));
  const startedAt = performance.now();
  try {
    const module = `github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs@v${VERSION}`;
    const options = { env: { ...env, GOBIN: folder }, timeout: BUILD_TIMEOUT_MS, maxBuffer: 64 * 1024 * 1024 };
    await promisify(execFile)("go", ["install", module], options);
    // Whole or not there at all, also for another process that builds the same.
    await rename(join(folder, "victoria-logs"), path);
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    console.error(
      `built VictoriaLogs ${VERSION} in ${seconds} s, ${Math.round((await stat(path)).size / 2 ** 20)} MiB`,
    );
    return { status: "found", path };
  } catch (error) {
    return { status: "absent", reason: `no VictoriaLogs: ${whyNot(error, "VICTORIA_LOGS")}` };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const found = await findVictoriaLogs(process.env);
  if (found.status === "found") console.log(found.path);
  else {
    console.error(found.reason);
    process.exitCode = 1;
  }
}
