import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { parseCommandLine } from "../../src/cli.ts";
import type { Files } from "../../src/config/files.ts";
import { describeConfigurationError } from "../../src/config/layer.ts";
import { loadConfiguration } from "../../src/config/load.ts";
import { KUBERNETES, readWorkload, WORKLOADS, type Json, type Way } from "./manifest.ts";

const ways = Object.keys(WORKLOADS) as Way[];
const text = (path: string) => readFileSync(join(KUBERNETES, path), "utf8");

function configured(configuration: string) {
  const asked: string[] = [];
  const files: Files = {
    read(path) {
      asked.push(path);
      if (path === "slack-otel.yaml") return configuration;
      return path.endsWith("database-url") ? "postgres://slack-otel:example@postgres/slack-otel\n" : "xoxp-example\n";
    },
    stamp: () => "always the same",
  };
  const loaded = loadConfiguration({ file: "slack-otel.yaml", env: {}, files });
  if (!loaded.ok) throw new Error(loaded.errors.map(describeConfigurationError).join("\n"));
  return { configuration: loaded.configuration, asked };
}

// What the schemas of Kubernetes and the restricted profile say is checked in test/e2e/kubernetes.
describe.each(ways)("%s", (way) => {
  const { objects, top, pod, containers, ours, configuration } = readWorkload(way);
  const mountOf = (volume: string) => ours.volumeMounts.find((mount) => mount.name === volume);

  test("has no token of a service account, and the user that the image has", () => {
    const user = /^USER (\d+):(\d+)$/m.exec(readFileSync(new URL("../../Dockerfile", import.meta.url), "utf8"));
    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsUser: Number(user?.[1]), fsGroup: Number(user?.[2]) },
    });
    const readOnly = { securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false } };
    for (const container of containers) expect(container).toMatchObject(readOnly);
  });

  test("asks for memory and CPU as they were measured, and limits it above Node's heap", () => {
    const heap = /max-old-space-size=(\d+)/.exec(readFileSync(new URL("../../Dockerfile", import.meta.url), "utf8"));
    const mebibytes = (memory: string | undefined) => Number(/^(\d+)Mi$/.exec(memory ?? "")?.[1]);
    const { requests, limits } = ours.resources as {
      requests: { memory: string; cpu: string };
      limits: { memory: string };
    };
    expect(mebibytes(limits.memory)).toBe(Number(heap?.[1]) + 128);
    const measured = [...text("README.md").matchAll(/^\| .*? \| (\d+) MiB \| (\d+m)?.*\|$/gm)];
    const benched = /^\| peak memory \| (\d+) MiB \|/m.exec(text("../../README.md"))?.[1];
    const peaks = [...measured.map(([, peak]) => peak), benched].map(Number);
    expect(peaks.length).toBe(4);
    expect(mebibytes(requests.memory)).toBeGreaterThanOrEqual(Math.max(...peaks));
    const cpus = measured.flatMap(([, , cpu]) => (cpu === undefined ? [] : [Number.parseInt(cpu, 10)]));
    expect(cpus.length).toBe(2);
    expect(Number.parseInt(requests.cpu, 10)).toBeGreaterThanOrEqual(Math.max(...cpus));
  });

  test("calls the program as it wants to be called", () => {
    const invocation = parseCommandLine(ours.args);
    const file = `${mountOf("configuration")?.mountPath}/slack-otel.yaml`;
    expect(invocation).toMatchObject({ kind: "run", config: file, once: way === "cronjob" });
  });

  test("has a configuration that loads, with the secret from a file and the state on the volume", () => {
    const { configuration: loaded, asked } = configured(configuration);
    const secrets = mountOf("secrets");
    expect(asked).toContain(`${secrets?.mountPath}/slack-token`);
    expect(secrets).toMatchObject({ readOnly: true });
    const volume = `${mountOf("state")?.mountPath}/`;
    const { state, dead_letters } = loaded;
    const paths = [dead_letters.path, ...(state.name === "sqlite" ? [state.settings.path] : [])];
    expect(paths.filter((path) => !path.startsWith(volume))).toEqual([]);
    expect(containers.flatMap(({ env = [] }) => env.map(({ name }) => name))).not.toContain("SLACK_TOKEN");
  });

  test("mounts only volumes that there are, the state from a claim", () => {
    const claims = (top["spec"]?.["volumeClaimTemplates"] ?? []) as unknown as readonly Json[];
    const volumes = (pod["volumes"] ?? []) as unknown as readonly Json[];
    const names = [...volumes.map(({ name }) => name), ...claims.map(({ metadata }) => metadata?.["name"])];
    const mounted = containers.flatMap(({ volumeMounts }) => volumeMounts.map((mount) => mount.name));
    expect([...new Set(mounted)].toSorted()).toEqual(names.map(String).toSorted());
    const state = volumes.find((volume) => Object.is(volume["name"], "state"));
    const own = objects.find((object) => Object.is(object["kind"], "PersistentVolumeClaim"));
    const claim = own === undefined ? claims[0] : own;
    expect(claim?.["spec"]?.["accessModes"]).toEqual(["ReadWriteOncePod"]);
    if (own !== undefined) expect(state?.["persistentVolumeClaim"]).toEqual({ claimName: own["metadata"]?.["name"] });
  });

  test("has the version of the image that this version builds", () => {
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as Json;
    const { images } = parse(text(`${way}/kustomization.yaml`)) as { images: unknown };
    expect(images).toEqual([{ name: "slack-otel", newName: "slack-otel", newTag: version }]);
  });
});

test.each(ways.filter((way) => way !== "cronjob"))("%s is asked for its health where it serves it", (way) => {
  const { ours, configuration } = readWorkload(way);
  const { configuration: loaded } = configured(configuration);
  const { address } = loaded.telemetry;
  expect(ours).toMatchObject({
    ports: [{ name: "telemetry", containerPort: address?.port }],
    livenessProbe: { httpGet: { path: "/livez", port: "telemetry" } },
    readinessProbe: { httpGet: { path: "/readyz", port: "telemetry" } },
  });
  const policy = parse(text("base/network-policy.yaml")) as { spec: { ingress: { ports: unknown }[] } };
  expect(policy.spec.ingress.map(({ ports }) => ports)).toEqual([[{ protocol: "TCP", port: address?.port }]]);
});

test("the CronJob never runs twice at a time, and ends by itself before it is ended", () => {
  const { top, ours } = readWorkload("cronjob");
  expect(top["spec"]).toMatchObject({ concurrencyPolicy: "Forbid", schedule: "*/15 * * * *" });
  const invocation = parseCommandLine(ours.args);
  const deadlineMs = invocation.kind === "run" ? (invocation.deadlineMs ?? Infinity) : Infinity;
  const activeSeconds = Number(top["spec"]?.["jobTemplate"]?.["spec"]?.["activeDeadlineSeconds"]);
  expect(deadlineMs).toBeLessThan(activeSeconds * 1000);
  expect(activeSeconds).toBeLessThan(15 * 60);
});

test("the sidecar is a native one, and its Collector the one that is explained", () => {
  const { ours, pod, configuration } = readWorkload("sidecar");
  expect(ours.restartPolicy).toBe("Always");
  expect((pod["initContainers"] as unknown as readonly unknown[]).length).toBe(1);
  const collector = text("sidecar/collector.yaml");
  expect(collector).toBe(text("../collector/collector.yaml"));
  const { receivers } = parse(collector) as Json;
  const listening = receivers?.["otlp"]?.["protocols"]?.["http"]?.["endpoint"] as unknown as string;
  expect(configuration).toContain(`endpoint: http://${listening}`);
});
