import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import packageJson from "../../package.json" with { type: "json" };

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const run = promisify(execFile);

/** The instructions of a stage, in order, continued lines joined. */
function stagesOf(dockerfile: string): { readonly word: string; readonly rest: string }[][] {
  const lines = dockerfile.replaceAll("\\\n", " ").split("\n");
  const instructions = lines.flatMap((line) => {
    const [, word, rest] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    return word === undefined || rest === undefined ? [] : [{ word, rest }];
  });
  const starts = instructions.flatMap(({ word }, index) => (word === "FROM" ? [index] : []));
  return starts.map((start, index) => instructions.slice(start + 1, starts[index + 1]));
}

test("what the Dockerfile copies from here, .dockerignore lets through", async () => {
  const stages = stagesOf(await readFile(join(ROOT, "Dockerfile"), "utf8"));
  const ignored = (await readFile(join(ROOT, ".dockerignore"), "utf8")).split("\n");
  expect(ignored[0]).toBe("*");
  const copied = stages
    .flat()
    .flatMap(({ word, rest }) => (word === "COPY" && !rest.includes("--from=") ? [rest] : []));
  const sources = copied.flatMap((rest) => rest.split(/\s+/).slice(0, -1));
  expect(sources).toContain("src");
  expect(sources.filter((source) => !ignored.includes(`!${source}`))).toEqual([]);
});

// No container engine is needed: what the Dockerfile says is done in folders, and the result is run as it says.
test("the steps of the Dockerfile make a program that runs", { timeout: 300_000 }, async () => {
  const root = await mkdtemp(join(tmpdir(), "slack-otel-image-"));
  try {
    const [build = [], image = []] = stagesOf(await readFile(join(ROOT, "Dockerfile"), "utf8"));
    const [first, second] = [join(root, "build-stage"), join(root, "image")];
    const work = join(first, "build");
    await mkdir(work, { recursive: true });
    for (const { word, rest } of build) {
      if (word === "COPY") await copy(rest, ROOT, work);
      if (word === "RUN") await run("sh", ["-c", rest.replaceAll("/state", join(first, "state"))], { cwd: work });
    }
    for (const { word, rest } of image) {
      if (word === "COPY")
        await copy(rest.replace(/--chown=\S+ /, ""), rest.includes("--from=build") ? first : ROOT, second);
    }
    const instruction = (name: string) => image.filter(({ word }) => word === name).at(-1)?.rest ?? "";
    const [, ...flags] = JSON.parse(instruction("ENTRYPOINT")) as string[];
    const args = flags.map((flag) => (flag.startsWith("/") ? join(second, flag) : flag));
    const cwd = join(second, instruction("WORKDIR"));
    const options = { cwd, env: { NODE_OPTIONS: "--max-old-space-size=256" } };
    const { stdout, stderr } = await run(process.execPath, [...args, "--version"], options);
    expect({ stdout, stderr }).toEqual({ stdout: `${packageJson.version}\n`, stderr: "" });
    expect(instruction("ENV")).toBe(`NODE_OPTIONS=${options.env.NODE_OPTIONS}`);
    expect(JSON.parse(instruction("CMD"))).toEqual(["run"]);
    await expect(run(process.execPath, [...args, "run"], options)).rejects.toMatchObject({ code: 2 });
    const bom = JSON.parse(await readFile(join(second, "app/sbom.cdx.json"), "utf8")) as { metadata: unknown };
    expect(bom.metadata).toMatchObject({ component: { name: packageJson.name, version: packageJson.version } });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});

/** `COPY a b c/`: the last one is where to; a path with a slash begins at the stage's root. */
async function copy(rest: string, from: string, to: string): Promise<void> {
  const words = rest.replace(/--from=\S+ /, "").split(/\s+/);
  const target = words.pop() ?? "";
  for (const word of words) {
    const isFolder = target.endsWith("/") && !word.endsWith("/dist");
    const place = join(to, isFolder ? join(target, word.split("/").at(-1) ?? "") : target);
    await mkdir(dirname(place), { recursive: true });
    await cp(join(from, word), place, { recursive: true });
  }
}
