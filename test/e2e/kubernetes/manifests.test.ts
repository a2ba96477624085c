import { execFile, spawnSync } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { KUBERNETES, WORKLOADS } from "../../kubernetes/manifest.ts";

interface Report {
  readonly objects: readonly { readonly kind: string; readonly metadata: { readonly name: string } }[];
  readonly wrong: readonly string[];
}

const HERE = fileURLToPath(new URL(".", import.meta.url));
/** The API's packages take minutes to compile the first time, on two cores that do other things too. */
const BUILD_MS = 12 * 60_000;
const hasGo = spawnSync("go", ["version"]).status === 0;
const REASON = "there is no `go` on PATH to build what renders and judges the manifests";

/** Renders each folder with kustomize, decodes it against the API of Kubernetes, and judges its Pods. */
async function judged(...folders: readonly string[]): Promise<Report[]> {
  const { stdout } = await promisify(execFile)("go", ["run", ".", ...folders], { cwd: HERE, timeout: BUILD_MS });
  const reports = JSON.parse(stdout) as Record<string, Report>;
  return folders.map((folder) => reports[folder] as Report);
}

test(
  "each kustomization renders, fits Kubernetes' API and passes the restricted profile",
  { timeout: BUILD_MS },
  async (context) => {
    context.skip(!hasGo, REASON);
    const ways = Object.keys(WORKLOADS);
    const reports = await judged(...ways.map((way) => join(KUBERNETES, way)));
    expect(Object.fromEntries(ways.map((way, index) => [way, reports[index]?.wrong]))).toEqual(
      Object.fromEntries(ways.map((way) => [way, []])),
    );
    for (const { objects } of reports) {
      const kinds = objects.map(({ kind }) => kind);
      expect(kinds).toEqual(expect.arrayContaining(["Namespace", "NetworkPolicy", "ConfigMap"]));
      // A changed configuration has another name, and so makes a new Pod.
      const configuration = objects.find(({ kind }) => kind === "ConfigMap");
      expect(configuration?.metadata.name).toMatch(/^(slack-otel|collector)-[a-z0-9]{10}$/);
    }
  },
);

const FAULTS = [
  ["replicas: 1", "replica: 1", /unknown field "spec\.replica"/],
  ["replicas: 1", 'replicas: "one"', /cannot unmarshal|unrecognized type/],
  ["runAsNonRoot: true", "runAsNonRoot: false", /runAsNonRoot/],
  ["{ drop: [ALL] }", "{ drop: [] }", /unrestricted capabilities/],
] as const;

test("what Kubernetes would refuse is found", { timeout: BUILD_MS }, async (context) => {
  context.skip(!hasGo, REASON);
  const folder = await mkdtemp(join(tmpdir(), "slack-otel-manifests-"));
  try {
    const spoilt = FAULTS.map((_, index) => join(folder, String(index), "deployment"));
    for (const [index, [good, bad]] of FAULTS.entries()) {
      await cp(KUBERNETES, join(folder, String(index)), { recursive: true });
      const file = join(spoilt[index] as string, "deployment.yaml");
      const text = await readFile(file, "utf8");
      expect(text).toContain(good);
      await writeFile(file, text.replace(good, bad));
    }
    const reports = await judged(...spoilt);
    for (const [index, [, , complaint]] of FAULTS.entries()) {
      expect(reports[index]?.wrong.join("\n")).toMatch(complaint);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
