import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";
import packageLock from "../../package-lock.json" with { type: "json" };
import packageJson from "../../package.json" with { type: "json" };

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

interface Component {
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licenses?: readonly unknown[];
}

interface Bom {
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

const run = promisify(execFile);
const MAY_BE_PUBLISHED =
  /^(package\.json|README\.md|CHANGELOG\.md|LICENSE|config\/.+|dist\/[A-Za-z0-9-]+\.mjs|dist\/THIRD-PARTY-LICENSES\.txt|dist\/sbom\.cdx\.json)$/;

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

test("the package names all it is made of, as the lock file has it, and nothing that is for development alone", async () => {
  const bom = JSON.parse(await readFile(join(folder, "package/dist/sbom.cdx.json"), "utf8")) as Bom;
  expect(bom).toMatchObject({ bomFormat: "CycloneDX", specVersion: expect.stringMatching(/^1\.\d$/) });
  const { name, version } = packageJson;
  expect(bom.metadata.component).toMatchObject({
    type: "application",
    name,
    version,
    purl: `pkg:npm/${name}@${version}`,
  });
  const locked = Object.entries(packageLock.packages as Record<string, { version: string; dev?: boolean }>);
  const shipped = locked.flatMap(([path, { version: at, dev }]) =>
    path === "" || dev === true ? [] : [`${path.split("node_modules/").at(-1)}@${at}`],
  );
  const listed = bom.components.map((component) => `${component.name}@${component.version}`);
  expect(listed.toSorted()).toEqual(shipped.toSorted());
  for (const { purl, licenses } of bom.components) {
    expect(purl).toMatch(/^pkg:npm\//);
    expect(licenses, purl).not.toEqual([]);
  }
  const refs = bom.components.map((component) => component["bom-ref"]);
  const [root, ...others] = bom.dependencies.map(({ ref }) => ref);
  expect(root).toBe(bom.metadata.component["bom-ref"]);
  expect(others.toSorted()).toEqual(refs.toSorted());
  const direct = bom.dependencies[0]?.dependsOn.map((ref) => ref.slice(0, ref.lastIndexOf("@")));
  expect(direct?.toSorted()).toEqual(Object.keys(packageJson.dependencies).toSorted());
  expect(bom.dependencies.flatMap(({ dependsOn }) => dependsOn).filter((ref) => !refs.includes(ref))).toEqual([]);
});

test("what is bundled is among what the package names", async () => {
  const dist = join(folder, "package/dist");
  const bom = JSON.parse(await readFile(join(dist, "sbom.cdx.json"), "utf8")) as Bom;
  const licences = await readFile(join(dist, "THIRD-PARTY-LICENSES.txt"), "utf8");
  const bundled = [...licences.matchAll(/^(@?[a-z][\w./-]*) (\d+\.\d+\.\d+)$/gm)].map(
    ([, name, at]) => `${name}@${at}`,
  );
  const listed = bom.components.map(({ name, version }) => `${name}@${version}`);
  expect(bundled).toContain(`undici@${packageJson.dependencies.undici}`);
  expect(bundled.filter((one) => !listed.includes(one))).toEqual([]);
});
