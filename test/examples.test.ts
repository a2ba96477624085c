import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { parseCommandLine } from "../src/cli.ts";
import { type Files } from "../src/config/files.ts";
import { describeConfigurationError } from "../src/config/layer.ts";
import { loadConfiguration } from "../src/config/load.ts";

const FOLDER = fileURLToPath(new URL("../config/", import.meta.url));
const yamlFiles = readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.ya?ml$/.test(name))
  .toSorted();
const read = (name: string) => readFileSync(FOLDER + name, "utf8");

/** Anything at all: what is looked for and not there is `undefined`, and fails its test. */
interface Json {
  readonly [key: string]: Json;
}
/** What Kubernetes' schema is not checked against: only what is asked for here. */
interface Container {
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly securityContext: unknown;
  readonly env?: readonly { readonly name: string }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
}

const documents = (name: string) => parseAllDocuments(read(name)).map((document) => document.toJS() as Json);
const ofKind = (objects: readonly Json[], kind: string) => objects.find((object) => Object.is(object["kind"], kind));
const kindOf = (name: string) => {
  const [top] = documents(name);
  if (top?.["apiVersion"] !== undefined) return "kubernetes";
  if (top?.["groups"] !== undefined) return "prometheus";
  return top?.["service"]?.["pipelines"] === undefined ? "slack-otel" : "collector";
};

test.each(yamlFiles)("%s is YAML without a warning", (name) => {
  const found = parseAllDocuments(read(name), { uniqueKeys: true }).flatMap(({ errors, warnings }) => [
    ...errors,
    ...warnings,
  ]);
  expect(found).toEqual([]);
});

test("each way to run it has its example", () => {
  const places = yamlFiles.filter((name) => name.startsWith("otlp/"));
  const others = yamlFiles.filter((name) => !places.includes(name));
  expect(places.map(kindOf).filter((kind) => kind !== "slack-otel")).toEqual([]);
  expect(Object.fromEntries(others.map((name) => [name, kindOf(name)]))).toEqual({
    "collector/collector.yaml": "collector",
    "collector/durable.yaml": "collector",
    "collector/splunk.yaml": "collector",
    "datadog/slack-otel.yaml": "slack-otel",
    "kubernetes/cronjob.yaml": "kubernetes",
    "kubernetes/sidecar.yaml": "kubernetes",
    "organisation/slack-otel.yaml": "slack-otel",
    "pipeline/collector.yaml": "collector",
    "pipeline/slack-otel.yaml": "slack-otel",
    "slack-otel.yaml": "slack-otel",
    "telemetry/alerts.yaml": "prometheus",
    "splunk/slack-otel.yaml": "slack-otel",
  });
});

describe.each(yamlFiles.filter((name) => kindOf(name) === "collector"))("%s, the Collector's", (name) => {
  const [collector] = documents(name);

  test("names only parts that it defines, and uses all of them", () => {
    const service = collector?.["service"];
    const used = (part: string) =>
      Object.values(service?.["pipelines"] ?? {}).flatMap((pipeline) => pipeline[part] ?? []);
    for (const part of ["receivers", "processors", "exporters"]) {
      expect(used(part)).toEqual(Object.keys(collector?.[part] ?? {}));
    }
    expect(service?.["extensions"]).toEqual(Object.keys(collector?.["extensions"] ?? {}));
  });
});

test.each(["collector/collector.yaml", "collector/splunk.yaml"])("%s says yes only when the backend has", (name) => {
  const [collector] = documents(name);
  const exporters = Object.values(collector?.["exporters"] ?? {});
  const direct = { sending_queue: { wait_for_result: true }, retry_on_failure: { enabled: false } };
  expect(exporters).toEqual([expect.objectContaining(direct)]);
  expect(Object.keys(collector?.["processors"] ?? {})).toEqual(["memory_limiter"]);
});

test("collector/durable.yaml says yes when it is on the disk, synced, and never gives up", () => {
  const [collector] = documents("collector/durable.yaml");
  expect(collector?.["extensions"]?.["file_storage"]).toMatchObject({ fsync: true });
  expect(collector?.["exporters"]?.["otlp_http"]).toMatchObject({
    sending_queue: { storage: "file_storage" },
    retry_on_failure: { max_elapsed_time: "0s" },
  });
});

describe.each(yamlFiles.filter((name) => kindOf(name) === "kubernetes"))("%s", (name) => {
  const objects = documents(name);
  const pick = (kind: string) => ofKind(objects, kind);
  const pod = (pick("CronJob")?.["spec"]?.["jobTemplate"]?.["spec"] ?? pick("StatefulSet")?.["spec"])?.["template"]?.[
    "spec"
  ];
  const containers = (pod?.["containers"] ?? []) as unknown as readonly Container[];
  const ours = containers.find((container) => container.name === "slack-otel");
  const data = pick("ConfigMap")?.["data"] as unknown as Readonly<Record<string, string>>;
  const mountOf = (volume: string) => ours?.volumeMounts.find((mount) => mount.name === volume);

  test("is held to the restricted profile of Kubernetes, and beyond", () => {
    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    });
    expect(pod).not.toHaveProperty("initContainers");
    expect(["hostNetwork", "hostPID", "hostIPC"].filter((key) => pod?.[key] !== undefined)).toEqual([]);
    expect(containers.map(({ securityContext }) => securityContext)).toEqual(
      containers.map(() => ({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      })),
    );
  });

  test("has the user that the image has", () => {
    const user = /^USER (\d+):(\d+)$/m.exec(readFileSync(new URL("../Dockerfile", import.meta.url), "utf8"));
    expect(pod?.["securityContext"]).toMatchObject({ runAsUser: Number(user?.[1]), fsGroup: Number(user?.[2]) });
  });

  test("calls the program as it wants to be called", () => {
    const invocation = parseCommandLine(ours?.args ?? []);
    expect(invocation).toMatchObject({ kind: "run", config: `${mountOf("configuration")?.mountPath}/slack-otel.yaml` });
  });

  test("has a configuration that loads, with the secret from a file and the state on the volume", () => {
    const secrets = mountOf("secrets");
    const asked: string[] = [];
    const files: Files = {
      read(path) {
        asked.push(path);
        return path === "slack-otel.yaml" ? (data["slack-otel.yaml"] ?? "") : "xoxp-example\n";
      },
      stamp: () => "always the same",
    };
    const loaded = loadConfiguration({ file: "slack-otel.yaml", env: {}, files });
    expect(loaded.ok ? [] : loaded.errors.map(describeConfigurationError)).toEqual([]);
    if (!loaded.ok) return;
    const { state, dead_letters } = loaded.configuration;
    expect(asked).toContain(`${secrets?.mountPath}/slack-token`);
    expect(secrets).toMatchObject({ readOnly: true });
    const volume = `${mountOf("state")?.mountPath}/`;
    const paths = [dead_letters.path, ...(state.name === "sqlite" ? [state.settings.path] : [])];
    expect(paths.filter((path) => !path.startsWith(volume))).toEqual([]);
    expect(containers.flatMap(({ env = [] }) => env.map((variable) => variable.name))).not.toContain("SLACK_TOKEN");
  });

  test("mounts only volumes that there are, the state from a claim", () => {
    const claims = (pick("StatefulSet")?.["spec"]?.["volumeClaimTemplates"] ?? []) as unknown as readonly {
      readonly metadata: { readonly name: string };
    }[];
    const volumes = (pod?.["volumes"] ?? []) as unknown as readonly {
      readonly name: string;
      readonly persistentVolumeClaim?: { readonly claimName: string };
    }[];
    const names = [...volumes, ...claims.map(({ metadata }) => metadata)].map((volume) => volume.name);
    const mounted = containers.flatMap(({ volumeMounts }) => volumeMounts.map((mount) => mount.name));
    expect([...new Set(mounted)].toSorted()).toEqual(names.toSorted());
    const claimed = volumes.find((volume) => volume.name === "state")?.persistentVolumeClaim?.claimName;
    const inPlace = claims.some(({ metadata }) => metadata.name === "state");
    expect(inPlace || pick("PersistentVolumeClaim")?.["metadata"]?.["name"] === claimed).toBe(true);
  });
});

test("the CronJob never runs twice at a time, and ends by itself before it is ended", () => {
  const objects = documents("kubernetes/cronjob.yaml");
  const spec = ofKind(objects, "CronJob")?.["spec"];
  const job = spec?.["jobTemplate"]?.["spec"];
  expect(spec).toMatchObject({ concurrencyPolicy: "Forbid", schedule: "*/15 * * * *" });
  const args = job?.["template"]?.["spec"]?.["containers"]?.[0]?.["args"] as unknown as readonly string[];
  const invocation = parseCommandLine(args);
  expect(invocation).toMatchObject({ kind: "run", once: true });
  const deadlineMs = invocation.kind === "run" ? (invocation.deadlineMs ?? Infinity) : Infinity;
  expect(deadlineMs).toBeLessThan(Number(job?.["activeDeadlineSeconds"]) * 1000);
  expect(Number(job?.["activeDeadlineSeconds"])).toBeLessThan(15 * 60);
});

test("the sidecar's Collector is the one that is explained", () => {
  const [configMap] = documents("kubernetes/sidecar.yaml");
  expect(configMap?.["data"]?.["collector.yaml"]).toBe(read("collector/collector.yaml"));
  const { receivers } = parse(read("collector/collector.yaml")) as Json;
  const listening = receivers?.["otlp"]?.["protocols"]?.["http"]?.["endpoint"] as unknown as string;
  expect(configMap?.["data"]?.["slack-otel.yaml"]).toContain(`endpoint: http://${listening}`);
});

test("every file that a text beside the examples points to is there", () => {
  const text = read("collector/README.md");
  const targets = [...text.matchAll(/\]\(([^)#]+)\)/g)].map(([, target]) => target ?? "");
  expect(targets.length).toBeGreaterThan(0);
  expect(targets.filter((target) => !existsSync(`${FOLDER}collector/${target}`))).toEqual([]);
});
