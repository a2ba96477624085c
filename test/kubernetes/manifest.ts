import { mkdir, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { DEFAULT_TOKEN } from "../../src/simulation/grants.ts";
import type { Scene } from "../process/scene.ts";
import type { CommandOptions } from "../support/command.ts";

export const KUBERNETES = fileURLToPath(new URL("../../config/kubernetes/", import.meta.url));

/** Each way to run it, with the file of its workload. */
export const WORKLOADS = {
  cronjob: "cronjob.yaml",
  deployment: "deployment.yaml",
  replicas: "stateful-set.yaml",
  sidecar: "stateful-set.yaml",
} as const;
export type Way = keyof typeof WORKLOADS;

/** Anything at all: what is looked for and not there is `undefined`, and fails its test. */
export interface Json {
  readonly [key: string]: Json;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly env?: readonly { readonly name: string }[];
  readonly restartPolicy?: string;
  readonly resources: { readonly requests?: object; readonly limits?: { readonly memory?: string } };
  readonly livenessProbe?: { readonly httpGet: { readonly path: string } };
  readonly readinessProbe?: { readonly httpGet: { readonly path: string } };
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
}

export interface Workload {
  readonly objects: readonly Json[];
  /** The Deployment, the StatefulSet or the CronJob. */
  readonly top: Json;
  readonly pod: Json;
  readonly containers: readonly Container[];
  /** The one that runs this program. */
  readonly ours: Container;
  /** slack-otel.yaml beside it. */
  readonly configuration: string;
}

export function readWorkload(way: Way): Workload {
  const text = readFileSync(join(KUBERNETES, way, WORKLOADS[way]), "utf8");
  const objects = parseAllDocuments(text).map((document) => document.toJS() as Json);
  const top = objects.find(({ spec }) => spec?.["template"] ?? spec?.["jobTemplate"]);
  const pod = (top?.["spec"]?.["jobTemplate"]?.["spec"] ?? top?.["spec"])?.["template"]?.["spec"];
  const containers = [pod?.["initContainers"] ?? [], pod?.["containers"] ?? []].flat() as unknown as Container[];
  const ours = containers.find(({ name }) => name === "slack-otel");
  if (top === undefined || pod === undefined || ours === undefined) throw new Error(`no container in ${way}`);
  const configuration = readFileSync(join(KUBERNETES, way, "slack-otel.yaml"), "utf8");
  return { objects, top, pod, containers, ours, configuration };
}

/**
 * The container's own arguments and configuration, its mounts as folders of the scene, and the scene's Slack and
 * receiver in place of the real ones. `secrets`: what the Secret holds beside the token.
 */
export async function asProcess(
  way: Way,
  { folder, server }: Pick<Scene, "folder" | "server">,
  endpoint: string,
  secrets: Readonly<Record<string, string>> = {},
): Promise<{ readonly args: string[]; readonly options: CommandOptions }> {
  const { ours, configuration } = readWorkload(way);
  const folders = new Map(ours.volumeMounts.map(({ mountPath }) => [mountPath, join(folder, mountPath)]));
  for (const path of folders.values()) await mkdir(path, { recursive: true });
  const moved = (text: string) =>
    [...folders].reduce((before, [inside, outside]) => before.replaceAll(inside, outside), text);
  const file = join(folder, "/etc/slack-otel/slack-otel.yaml");
  const written = moved(configuration)
    .replace(/endpoint: \S+/, `endpoint: ${endpoint}`)
    .replace(/address: \S+/, "address: 127.0.0.1:0");
  await writeFile(file, written);
  for (const [name, secret] of Object.entries({ "slack-token": DEFAULT_TOKEN, ...secrets }))
    await writeFile(join(folder, "/run/secrets/slack-otel", name), secret);
  return {
    args: ours.args.map(moved),
    // What the file leaves open comes from the environment: only Slack's addresses do.
    options: { folder, env: { SLACK_API_URL: server.apiUrl, SLACK_AUDIT_URL: server.auditUrl } },
  };
}
