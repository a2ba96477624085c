import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, inject } from "vitest";
import { removePlace, startCollector } from "../collector/collector.ts";
import { shipped } from "../collector/shipped.ts";
import { createStillSlack, expectedRecords, runOnce } from "../whole-run.ts";
import { victoriaLogsTest } from "./victoria-logs.ts";

const PAGE = fileURLToPath(new URL("../../../config/collector/README.md", import.meta.url));
const PATIENCE = { timeout: 20_000, interval: 200 };

victoriaLogsTest(
  "from zero to the first search, as the Collector's page says: each search finds something",
  async ({ victoriaLogs, skip }) => {
    const found = inject("collector");
    if (found.status === "absent") throw skip(found.reason);
    const page = await readFile(PAGE, "utf8");
    const searches = [...page.matchAll(/^curl .*$/gm)].map(([line]) =>
      line.replace("http://localhost:9428", victoriaLogs.url),
    );
    const backend = /^BACKEND_OTLP_ENDPOINT=http:\/\/localhost:9428(\S+) otelcol/m.exec(page)?.[1];
    const config = await shipped("collector.yaml", `${victoriaLogs.url}${backend}`);
    const collector = await startCollector({ binary: found.path, config });
    try {
      const slack = createStillSlack();
      const expected = await expectedRecords(slack);
      const { code, stderr } = await runOnce(slack, { destination: { otlp: { endpoint: collector.endpoint } } });
      expect(code, stderr).toBe(0);
      await expect.poll(async () => (await victoriaLogs.query("*")).length, PATIENCE).toBe(expected.size);
      expect(searches.length).toBe(4);
      for (const search of searches) {
        const { stdout } = await promisify(execFile)("sh", ["-c", `${search} --silent --show-error`]);
        expect(stdout, search).toMatch(/^\{".+\}\n/);
      }
    } finally {
      await collector.stop();
      await removePlace(collector.place);
    }
  },
);
