import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { HttpOptions } from "../http.ts";
import { filePath } from "../config/fields.ts";
import { SettingsError } from "./destination-kind.ts";

/** The settings of every destination that is reached by HTTPS. */
export const tlsSettings = {
  certificate: filePath().optional().describe("PEM file of certificates to trust, beside the system's own"),
  client_certificate: filePath().optional().describe("PEM file of the certificate to show, for mutual TLS"),
  client_key: filePath().optional().describe("PEM file of the private key of client_certificate, not encrypted"),
};

export interface TlsSettings {
  readonly certificate?: string | undefined;
  readonly client_certificate?: string | undefined;
  readonly client_key?: string | undefined;
}

/** Reads the files once, at the start. Rejects with a `SettingsError` that names the key and the file. */
export async function readTls(settings: TlsSettings): Promise<NonNullable<HttpOptions["tls"]>> {
  if ((settings.client_certificate === undefined) !== (settings.client_key === undefined)) {
    const missing = settings.client_key === undefined ? "client_key" : "client_certificate";
    throw new SettingsError(missing, "client_certificate and client_key go together: give both, or neither");
  }
  const ca = await readPem("certificate", settings, (text) => new X509Certificate(text));
  const cert = await readPem("client_certificate", settings, (text) => new X509Certificate(text));
  const key = await readPem("client_key", settings, (text) => createPrivateKey(text));
  return {
    ...(ca === undefined ? {} : { ca: [...(await systemRoots()), ca] }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

/** `node:tls` takes a while to load, which a start without it need not wait for. */
async function systemRoots(): Promise<readonly string[]> {
  const { getCACertificates } = await import("node:tls");
  return getCACertificates("default");
}

async function readPem(
  name: keyof TlsSettings,
  settings: TlsSettings,
  parse: (text: string) => unknown,
): Promise<string | undefined> {
  const path = settings[name];
  if (path === undefined) return undefined;
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new SettingsError(name, `${path} cannot be read: ${error.code ?? error.name}`);
  });
  try {
    parse(text);
  } catch {
    // The parser's own words may quote the key.
    const kind = name === "client_key" ? "private key that is not encrypted" : "certificate";
    throw new SettingsError(name, `${path} holds no ${kind} in PEM form`);
  }
  return text;
}
