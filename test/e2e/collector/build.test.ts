import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, inject, test } from "vitest";
import { findCollector } from "./build.ts";

const nothing = "/nonexistent";

test("the binary that OTELCOL names is taken", async () => {
  expect(await findCollector({ OTELCOL: process.execPath })).toEqual({ status: "found", path: process.execPath });
});

test("OTELCOL that names nothing is an error, whatever else there is", async () => {
  await expect(findCollector({ ...process.env, OTELCOL: nothing })).rejects.toThrow(`OTELCOL names ${nothing}`);
});

test("without go and without a binary the reason says what is missing", async ({ onTestFinished }) => {
  const cache = await mkdtemp(join(tmpdir(), "slack-otel-cache-"));
  onTestFinished(() => rm(cache, { recursive: true }));
  expect(await findCollector({ XDG_CACHE_HOME: cache, PATH: nothing })).toEqual({
    status: "absent",
    reason: expect.stringContaining("no `go` on PATH"),
  });
});

test("what was found once is found again without go", async ({ skip }) => {
  const found = inject("collector");
  skip(found.status === "absent", "there is no Collector");
  expect(await findCollector({ ...process.env, PATH: nothing })).toEqual(found);
});
