import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { checkCertificates } from "../../src/check/certificates.ts";
import { createHttp, type ShownCertificate } from "../../src/http.ts";

const NOW = Date.UTC(2026, 10, 1);
const DAY = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), "certificates-"));
afterAll(() => rmSync(folder, { recursive: true }));

const hasOpenssl = (() => {
  try {
    execFileSync("openssl", ["version"], { stdio: "pipe" });
    return true;
  } catch {
    return false;
  }
})();

function makeCertificate(days: number): { readonly key: string; readonly cert: string } {
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", String(days)];
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  execFileSync("openssl", ["req", "-x509", ...ec, "-keyout", key, "-out", cert, ...subject], { stdio: "pipe" });
  return { key, cert };
}

test.each([
  [60, "ok", "The certificate is good until 2026-12-31, 60 days."],
  [20, "warn", "The certificate is good until 2026-11-21, 20 days."],
  [0, "fail", "The certificate ended on 2026-11-01."],
  [-3, "fail", "The certificate ended on 2026-10-29."],
])("a host's certificate that ends in %d days: %s", async (days, level, what) => {
  const shown = [{ host: "collector.test", validToMs: NOW + days * DAY }];
  expect(await checkCertificates([...shown, ...shown], [], NOW)).toEqual([
    expect.objectContaining({ id: "certificate", subject: "collector.test", level, what }),
  ]);
});

test.skipIf(!hasOpenssl)(
  "the certificate that a server shows is seen, and that of a file (needs openssl)",
  async () => {
    const { key, cert } = makeCertificate(10);
    const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, answer) => answer.end("ok"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const shown: ShownCertificate[] = [];
    const options = {
      tls: { ca: readFileSync(cert, "utf8") },
      onCertificate: (one: ShownCertificate) => shown.push(one),
    };
    const client = createHttp(options);
    const { port } = server.address() as AddressInfo;
    const request = { method: "GET", url: `https://localhost:${port}/`, headers: {} } as const;
    const answer = await client.http({ ...request, timeoutMs: 5_000, maxBodyBytes: 100 }, new AbortController().signal);
    await client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect(answer).toMatchObject({ kind: "answer", status: 200 });
    const findings = await checkCertificates(shown, [cert, join(folder, "none.pem")], Date.now());
    expect(findings.map(({ subject, level, what }) => [subject, level, what.slice(-8)])).toEqual([
      ["localhost", "warn", " 9 days."],
      [cert, "warn", " 9 days."],
    ]);
  },
);
