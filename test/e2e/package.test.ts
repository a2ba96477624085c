import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";
import packageJson from "../../package.json" with { type: "json" };

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

const run = promisify(execFile);
const MAY_BE_PUBLISHED =
  /^(package\.json|README\.md|CHANGELOG\.md|LICENSE|config\/.+|dist\/[A-Za-z0-9-]+\.mjs|dist\/THIRD-PARTY-LICENSES\.txt)$/;

let folder: string;
let packed: Packed;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "slack-otel-package-"));
  const { stdout } = await run("npm", ["pack", "--json", "--silent", "--pack-destination", folder]);
  // `prepack` builds first and says so on stdout too.
  [packed] = JSON.parse(stdout.slice(stdout.indexOf("[\n"))) as [Packed];
  await run("tar", ["-xzf", join(folder, packed.filename), "-C", folder]);
  return () => rm(folder, { recursive: true });
});

test("the package holds the built program and its documents, nothing else", () => {
  const paths = packed.files.map(({ path }) => path);
  expect(paths.filter((path) => !MAY_BE_PUBLISHED.test(path))).toEqual([]);
  expect(paths).toEqual(expect.arrayContaining(["dist/main.mjs", "dist/slack-otel.mjs", "LICENSE", "CHANGELOG.md"]));
});

test("the packed program runs with nothing installed beside it", async () => {
  const program = join(folder, "package", packageJson.bin["slack-otel"]);
  const { stdout, stderr } = await run(process.execPath, ["--disable-proto=delete", program, "--version"]);
  expect({ stdout, stderr }).toEqual({ stdout: `${packageJson.version}\n`, stderr: "" });
  await expect(run(process.execPath, [program, "rnu"])).rejects.toMatchObject({ code: 2 });
});
