import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createSecureServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SettingsError } from "../../src/destinations/destination-kind.ts";
import { readTls } from "../../src/destinations/tls.ts";
import { makeDestination } from "../support/destination.ts";
import { createReceiver, type Receiver } from "../support/receiver.ts";
import { recordNumbers } from "../support/records.ts";

const { signal } = new AbortController();
const folder = mkdtempSync(join(tmpdir(), "tls-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string) => join(folder, name);

const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
const hasOpenssl = (() => {
  try {
    openssl("version");
    return true;
  } catch {
    return false;
  }
})();

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
function makeAuthority(name: string): void {
  openssl(
    "req",
    "-x509",
    ...KEY,
    "-keyout",
    `${name}.key`,
    "-out",
    `${name}.pem`,
    "-days",
    "2",
    "-subj",
    `/CN=${name}`,
  );
}
function makeCertificate(name: string, authority: string): void {
  openssl("req", ...KEY, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
  writeFileSync(file("san"), "subjectAltName=DNS:localhost");
  const signer = ["-CA", `${authority}.pem`, "-CAkey", `${authority}.key`, "-CAcreateserial", "-days", "2"];
  openssl("x509", "-req", "-in", `${name}.csr`, ...signer, "-extfile", "san", "-out", `${name}.pem`);
}

describe.skipIf(!hasOpenssl)("over TLS (needs openssl)", () => {
  let receiver: Receiver;
  beforeAll(async () => {
    makeAuthority("authority");
    makeAuthority("stranger");
    makeCertificate("server", "authority");
    makeCertificate("client", "authority");
    makeCertificate("impostor", "stranger");
    const read = (name: string) => readFileSync(file(name));
    receiver = await createReceiver({
      tls: {
        cert: read("server.pem"),
        key: read("server.key"),
        ca: read("authority.pem"),
        requestCert: true,
        rejectUnauthorized: true,
      },
    });
  });
  afterAll(() => receiver.close());

  const sendWith = async (tls: Record<string, string>) => {
    const settings = Object.fromEntries(Object.entries(tls).map(([key, name]) => [key, file(name)]));
    await using made = await makeDestination("otlp", { endpoint: receiver.url, ...settings });
    return await made.destination.send(recordNumbers(2), signal);
  };

  test("a trusted server takes records from a client it trusts", async () => {
    const tls = { certificate: "authority.pem", client_certificate: "client.pem", client_key: "client.key" };
    expect(await sendWith(tls)).toStrictEqual({ status: "accepted", rejected: 0 });
    expect(receiver.accepted).toHaveLength(2);
  });

  test.each([
    [
      "a server that is not trusted",
      { client_certificate: "client.pem", client_key: "client.key" },
      /SELF_SIGNED|VERIFY|ISSUER/,
    ],
    ["a server of another authority", { certificate: "stranger.pem" }, /SELF_SIGNED|VERIFY|ISSUER/],
    ["no client certificate", { certificate: "authority.pem" }, /CERTIFICATE_REQUIRED|ECONNRESET|EPIPE|SOCKET/],
    [
      "a client certificate of another authority",
      { certificate: "authority.pem", client_certificate: "impostor.pem", client_key: "impostor.key" },
      /UNKNOWN_CA|ECONNRESET|EPIPE|SOCKET/,
    ],
  ])("with %s nothing is taken, and it is tried again", async (_name, tls, code) => {
    const before = receiver.requests.length;
    expect(await sendWith(tls as unknown as Record<string, string>)).toMatchObject({
      status: "retry",
      cause: { message: expect.stringMatching(code) },
    });
    expect(receiver.requests).toHaveLength(before);
  });

  test("a server that speaks HTTP/2 too, and would rather, is spoken to in HTTP/1.1", async () => {
    const spoken: string[] = [];
    const both = { cert: readFileSync(file("server.pem")), key: readFileSync(file("server.key")), allowHTTP1: true };
    await using server = createSecureServer(both, (request, response) => {
      spoken.push(request.httpVersion);
      request.resume();
      response.writeHead(200).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const endpoint = `https://localhost:${(server.address() as AddressInfo).port}`;
    {
      await using made = await makeDestination("otlp", { endpoint, certificate: file("authority.pem") });
      await made.destination.send(recordNumbers(2), signal);
    }
    expect(spoken).toEqual(["1.1"]);
  });

  test("the system's roots stay trusted beside a certificate of one's own", async () => {
    const { ca } = await readTls({ certificate: file("authority.pem") });
    expect(ca?.length).toBeGreaterThan(50);
    expect(ca).toContain(readFileSync(file("authority.pem"), "utf8"));
  });

  test("a certificate where a key should be is named", async () => {
    const settings = { client_certificate: file("client.pem"), client_key: file("client.pem") };
    await expect(readTls(settings)).rejects.toMatchObject({
      name: "SettingsError",
      key: "client_key",
      message: `${file("client.pem")} holds no private key that is not encrypted in PEM form`,
    });
  });
});

test("without settings there is nothing to add", async () => {
  expect(await readTls({})).toStrictEqual({});
});

test("a file that is not there is named with its key", async () => {
  const settings = { endpoint: "https://localhost:1", certificate: file("nothing.pem") };
  await expect(makeDestination("otlp", settings)).rejects.toThrow(SettingsError);
  await expect(makeDestination("otlp", settings)).rejects.toMatchObject({
    key: "certificate",
    message: `${file("nothing.pem")} cannot be read: ENOENT`,
  });
});

test("a file without a certificate is named, and not quoted", async () => {
  writeFileSync(file("odd.pem"), "canary");
  const reading = readTls({ certificate: file("odd.pem") });
  await expect(reading).rejects.toMatchObject({ key: "certificate", message: expect.not.stringContaining("canary") });
});

test.each([
  [{ client_certificate: "a.pem" }, "client_key"],
  [{ client_key: "a.key" }, "client_certificate"],
])("%j lacks %s", async (settings, key) => {
  await expect(readTls(settings)).rejects.toMatchObject({ name: "SettingsError", key });
});
