import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { nodeFiles } from "../../src/config/files.ts";
import { type Resolved, resolveReferences, secretFromFile } from "../../src/config/references.ts";
import type { Secret } from "../../src/model.ts";
import { fileSystem } from "../support/file-system.ts";

const env = { NAME: "value", EMPTY: "", DOLLARS: "$$a${env:NAME}", NUMBER: "0123" };
const { files } = fileSystem({ "/text": "from a file\n", "/two": "a\n\n", "/crlf": "a\r\n" });

function resolved(text: string): Resolved {
  const result = resolveReferences(text, { env, files });
  if ("problem" in result) throw new Error(result.problem);
  return result;
}

function problem(text: string): string {
  const result = resolveReferences(text, { env, files });
  return "problem" in result ? result.problem : "none";
}

function secretOf(result: Secret | { problem: string }): Secret {
  if ("problem" in result) throw new Error(result.problem);
  return result;
}

test.each([
  ["plain", "plain"],
  ["${env:NAME}", "value"],
  ["${NAME}", "value"],
  ["a ${env:NAME} and ${env:NAME}!", "a value and value!"],
  ["${env:NOT_SET:-other}", "other"],
  ["${env:NOT_SET:-}", ""],
  ["${env:NOT_SET:-a:-b}", "a:-b"],
  ["${env:NAME:-other}", "value"],
  ["${env:EMPTY:-other}", ""],
  ["${file:/text}", "from a file"],
  ["${file:/two}", "a\n"],
  ["${file:/crlf}", "a"],
  ["$$", "$"],
  ["$$$$", "$$"],
  ["$${env:NAME}", "${env:NAME}"],
  ["$$${env:NAME}", "$value"],
  ["5$ and $NAME", "5$ and $NAME"],
  ["${env:DOLLARS}", "$$a${env:NAME}"],
])("%s becomes %s", (text, expected) => {
  expect(resolved(text).text).toBe(expected);
});

test.each([
  ["${env:NOT_SET}", /variable NOT_SET is not set/],
  ["${env:toString}", /variable toString is not set/],
  ["${env:}", /neither/],
  ["${env:1ST}", /neither/],
  ["${vault:secret}", /neither/],
  ["${}", /neither/],
  ["${env:NAME", /not closed/],
  ["${file:/none}", /file \/none: there is no such file/],
])("%s is at fault", (text, fault) => {
  expect(problem(text)).toMatch(fault);
});

test("only a reference that is the whole scalar may stand for a number", () => {
  expect(resolved("${env:NUMBER}").whole).toBe(true);
  expect(resolved("1${env:NUMBER}").whole).toBe(false);
  expect(resolved("$$").whole).toBe(false);
  expect(resolved("123").whole).toBe(false);
});

test("origins are named, for messages", () => {
  expect(resolved("${env:NAME} ${file:/text}").origins).toEqual(["environment variable NAME", "file /text"]);
});

test("text without a dollar sign is kept as it is; doubled dollar signs keep any text", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("$", "{", "}", "a", ":", "\n") }), (text) => {
      expect(resolved(text.replaceAll("$", "$$$$")).text).toBe(text);
    }),
  );
});

test("a variable's text is taken as it is", () => {
  fc.assert(
    fc.property(fc.string(), (value) => {
      const result = resolveReferences("<${env:ANY}>", { env: { ANY: value }, files });
      expect(result).toMatchObject({ text: `<${value}>` });
    }),
  );
});

test("a secret is put together from text, variables and files", () => {
  const { files } = fileSystem({ "/token": "abc\n" });
  const result = resolveReferences("Bearer ${file:/token}.${env:NAME}", { env, files }) as Resolved;
  expect(secretOf(result.secret()).reveal()).toBe("Bearer abc.value");
});

test("a secret's fault names where it comes from and does not show it", () => {
  const canary = "xoxp-canary";
  const { files } = fileSystem({ "/token": `${canary}\nmore`, "/empty": "\n" });
  const sources = { env: { TOKEN: `${canary}\nmore` }, files };
  const faults = ["${file:/token}", "x${env:TOKEN}", "${file:/empty}"].map((text) => {
    return JSON.stringify((resolveReferences(text, sources) as Resolved).secret());
  });
  expect(faults[0]).toMatch(/file \/token: the secret has a line break/);
  expect(faults[1]).toMatch(/environment variable TOKEN: the secret has a line break/);
  expect(faults[2]).toMatch(/file \/empty: the secret is empty/);
  expect(faults.join("")).not.toContain(canary);
});

test("one final newline of a secret in a variable is taken off", () => {
  const result = resolveReferences("${env:TOKEN}", { env: { TOKEN: "abc\n" }, files }) as Resolved;
  expect(secretOf(result.secret()).reveal()).toBe("abc");
});

test("a secret's file is read again when it has changed, and only then", () => {
  const system = fileSystem({ "/token": "first\n" });
  const secret = secretOf(secretFromFile("/token", system.files));
  expect(secret.reveal()).toBe("first");
  const readsBefore = system.reads.count;
  secret.reveal();
  expect(system.reads.count).toBe(readsBefore);
  system.write("/token", "second\n");
  expect(secret.reveal()).toBe("second");
  const readsAfter = system.reads.count;
  expect(secret.reveal()).toBe("second");
  expect(system.reads.count).toBe(readsAfter);
});

test("the last good text stands while the file is away, empty or broken", () => {
  const system = fileSystem({ "/token": "first" });
  const secret = secretOf(secretFromFile("/token", system.files));
  system.remove("/token");
  expect(secret.reveal()).toBe("first");
  system.write("/token", "");
  expect(secret.reveal()).toBe("first");
  system.write("/token", "half\nwritten");
  expect(secret.reveal()).toBe("first");
  system.write("/token", "second");
  expect(secret.reveal()).toBe("second");
});

test("a file that was away when it was looked at is read as soon as it is back, though it is as old as before", () => {
  const system = fileSystem({ "/token": "first" });
  const secret = secretOf(secretFromFile("/token", system.files));
  system.write("/token", "");
  secret.reveal();
  system.write("/token", "second");
  expect(secret.reveal()).toBe("second");
});

test("a swapped symbolic link brings the new secret, as Kubernetes does it", ({ onTestFinished }) => {
  const folder = mkdtempSync(join(tmpdir(), "slack-otel-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const version of ["v1", "v2"]) {
    mkdirSync(join(folder, version));
    writeFileSync(join(folder, version, "token"), `secret-${version}\n`);
  }
  symlinkSync("v1", join(folder, "..data"));
  symlinkSync("..data/token", join(folder, "token"));
  const secret = secretOf(secretFromFile(join(folder, "token"), nodeFiles));
  expect(secret.reveal()).toBe("secret-v1");
  symlinkSync("v2", join(folder, "..data_tmp"));
  renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
  expect(secret.reveal()).toBe("secret-v2");
});
