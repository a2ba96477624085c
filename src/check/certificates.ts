import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { ShownCertificate } from "../http.ts";
import type { Finding } from "./finding.ts";

const DAY_MS = 86_400_000;
/** Authorities renew at a third of 90 days; what comes closer was forgotten. */
const SOON_DAYS = 21;

/** Of each host, and of each file that the configuration names, when the certificate ends. */
export async function checkCertificates(
  shown: readonly ShownCertificate[],
  files: readonly string[],
  nowMs: number,
): Promise<Finding[]> {
  const ofHosts = new Map(shown.map(({ host, validToMs }) => [host, validToMs]));
  const ofFiles = await Promise.all(files.map(async (file) => [file, await endOf(file)] as const));
  return [...ofHosts, ...ofFiles].flatMap(([subject, endMs]) =>
    endMs === undefined ? [] : [endFinding(subject, endMs, nowMs, files.includes(subject))],
  );
}

function endFinding(subject: string, endMs: number, nowMs: number, isOurs: boolean): Finding {
  const days = Math.floor((endMs - nowMs) / DAY_MS);
  const what =
    endMs <= nowMs
      ? `The certificate ended on ${dateText(endMs)}.`
      : `The certificate is good until ${dateText(endMs)}, ${days} days.`;
  const remedy = isOurs
    ? "Put a new one into the file, then restart: it is read at the start."
    : "Ask whoever runs that host, or the proxy in between, to renew it.";
  const level = endMs <= nowMs ? "fail" : days < SOON_DAYS ? "warn" : "ok";
  return { id: "certificate", level, subject, what, ...(level === "ok" ? {} : { remedy }) };
}

/** When the first of them in the file ends; a file that holds none was told of before. */
async function endOf(file: string): Promise<number | undefined> {
  try {
    return Date.parse(new X509Certificate(await readFile(file)).validTo);
  } catch {
    return undefined;
  }
}

function dateText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
