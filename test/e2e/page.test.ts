import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { arrived, createScene, FAST } from "../process/scene.ts";
import { CHROMIUM, startBrowser } from "./browser.ts";

/** A folder for pictures to be looked at. */
const PICTURES = process.env["PAGE_PICTURES"];
const SERVED = { sources: FAST, telemetry: { address: "127.0.0.1:0" } };
const absent = !existsSync(CHROMIUM);
const REASON = `${CHROMIUM} is not there (Debian: apt-get install chromium)`;
const WIDE = { width: 1200, height: 900, scheme: "light" } as const;
const PHONE = { width: 360, height: 740, scheme: "dark" } as const;

test("in a browser the page shows every stream and its holes, and loads nothing else", async (context) => {
  context.skip(absent, REASON);
  await using scene = await createScene({ receiver: { poison: (uid) => uid.startsWith("0") } });
  await using running = await scene.start([], { settings: SERVED });
  const { url } = await running.until("telemetry_served");
  await running.until("dead_lettered");
  await expect.poll(() => scene.receiver.accepted.length, { timeout: 45_000 }).toBeGreaterThan(300);
  await using browser = await startBrowser();

  const wide = await browser.open(String(url), WIDE);
  expect(await wide.evaluate("document.title")).toBe("slack-otel: ready");
  const texts = "[...document.querySelectorAll('h2')].map((head) => head.textContent).sort()";
  expect(await wide.evaluate(texts)).toEqual([
    "access_logs/E0ACME00001",
    "app_activities/E0ACME00001",
    "audit_logs/E0ACME00001",
    "integration_logs/T0ACMEENG01",
    "integration_logs/T0ACMEOPS01",
  ]);
  expect(await wide.evaluate("document.querySelectorAll('rect.hole').length")).toBeGreaterThan(0);
  expect(await wide.evaluate("document.querySelector('rect.hole').getBoundingClientRect().height")).toBeGreaterThan(10);
  expect(await wide.evaluate("document.querySelectorAll('rect.provisional').length")).toBeGreaterThan(0);
  expect(wide.asked).toEqual([`${String(url)}/`]);
  expect(wide.complaints).toEqual([]);

  const phone = await browser.open(String(url), PHONE);
  expect(await phone.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(PHONE.width);
  const ground = "getComputedStyle(document.body).backgroundColor";
  expect(await phone.evaluate(ground)).toBe("rgb(13, 17, 23)");
  expect(await wide.evaluate(ground)).toBe("rgb(255, 255, 255)");
  expect(await phone.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")).toBeGreaterThanOrEqual(16);
  if (PICTURES === undefined) return;
  writeFileSync(join(PICTURES, "wide.png"), await wide.picture());
  writeFileSync(join(PICTURES, "phone.png"), await phone.picture());
});

test("its policy lets no script run that somebody got into it", async (context) => {
  context.skip(absent, REASON);
  await using scene = await createScene();
  await using running = await scene.start([], { settings: SERVED });
  const { url } = await running.until("telemetry_served");
  await arrived(scene, 1);
  await using browser = await startBrowser();
  const page = await browser.open(String(url), WIDE);
  const inject =
    "const s = document.createElement('script'); s.textContent = 'document.title = 1'; document.body.append(s)";
  await page.evaluate(inject);
  expect(await page.evaluate("document.title")).toBe("slack-otel: ready");
  expect(page.complaints.join()).toContain("Content Security Policy");
});
