/**
 * Finds the Collector that the tests run, and builds it where there is none yet.
 *
 * As a program (`node test/e2e/collector/build.ts`) it prints the binary's path, or fails with the reason.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { access, constants, copyFile, mkdir, mkdtemp, readFile, rename, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parse } from "yaml";

export type FoundCollector = { status: "found"; path: string } | { status: "absent"; reason: string };

interface Build {
  readonly version: string;
  readonly cache: string;
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;
}

const MANIFEST = fileURLToPath(new URL("builder.yaml", import.meta.url));
/** Two to three minutes on two cores with nothing downloaded and nothing compiled. */
const BUILD_TIMEOUT_MS = 15 * 60_000;

/**
 * The binary that OTELCOL names; else the one built from the manifest, kept under the user's cache folder and built
 * anew when the manifest changes; else, with `go` on PATH, that one after it is built. Throws where OTELCOL names
 * nothing that runs: what was asked for by name is not replaced in silence.
 */
export async function findCollector(env: NodeJS.ProcessEnv): Promise<FoundCollector> {
  const named = env["OTELCOL"];
  if (named !== undefined && named !== "") {
    if (!(await isExecutable(named))) throw new Error(`OTELCOL names ${named}, which is no executable file`);
    return { status: "found", path: named };
  }
  const manifest = await readFile(MANIFEST, "utf8");
  const { version } = (parse(manifest) as { dist: { version: string } }).dist;
  const hash = createHash("sha256").update(manifest).digest("hex").slice(0, 16);
  const cache = join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "slack-otel");
  const path = join(cache, `otelcol-${hash}-${process.platform}-${process.arch}`);
  if (await isExecutable(path)) return { status: "found", path };
  return build({ version, cache, path, env });
}

async function build({ version, cache, path, env }: Build): Promise<FoundCollector> {
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, "build-"));
  const startedAt = performance.now();
  try {
    const builder = `go.opentelemetry.io/collector/cmd/builder@v${version}`;
    await promisify(execFile)("go", ["run", builder, "--config", MANIFEST], {
      cwd: folder,
      env,
      timeout: BUILD_TIMEOUT_MS,
      maxBuffer: 64 * 1024 * 1024,
    });
    const partial = join(folder, "finished");
    await copyFile(join(folder, "dist", "otelcol"), partial);
    // Whole or not there at all, also for another process that builds the same.
    await rename(partial, path);
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    const { size } = await stat(path);
    console.error(`built the Collector ${version} in ${seconds} s, ${Math.round(size / 2 ** 20)} MiB`);
    return { status: "found", path };
  } catch (error) {
    return { status: "absent", reason: `no Collector: ${whyNot(error, "OTELCOL")}` };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Why something could not be built with `go`; `variable` is the one that names a binary. */
export function whyNot(error: unknown, variable: string): string {
  const { code, killed, stderr, message } = error as NodeJS.ErrnoException & { killed?: boolean; stderr?: string };
  if (code === "ENOENT") return `${variable} names none, and there is no \`go\` on PATH to build one`;
  if (killed === true) return `building it took longer than ${BUILD_TIMEOUT_MS / 60_000} minutes`;
  const lines = (stderr || message).split("\n").filter((line) => line !== "" && !line.startsWith("go: downloading"));
  return `building it failed:\n${lines.slice(-12).join("\n")}`;
}

export async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

if (import.meta.main) {
  const found = await findCollector(process.env);
  if (found.status === "found") console.log(found.path);
  else {
    console.error(found.reason);
    process.exitCode = 1;
  }
}
