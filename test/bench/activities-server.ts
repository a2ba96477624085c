/**
 * A process of the bench: `admin.apps.activities.list` from memory, page after page as fast as it is asked, gzipped as
 * Slack's answers are. Arguments: how many entries, and how many times they come, each time in a month of their own.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { activities, SPAN_MICROS } from "./activities.ts";
import { PAGE_SIZE, send } from "./messages.ts";

const [entries = 0, times = 0] = process.argv.slice(2).map(Number);
const texts = activities(entries);
const pageCount = (entries * times) / PAGE_SIZE;
const pages = Array.from({ length: pageCount }, (_, index) => gzipSync(pageText(index), { level: 6 }));
const entryBytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0) / texts.length;

/** The months are told in the order of time. */
function pageText(index: number): string {
  const from = (index * PAGE_SIZE) % entries;
  const earlierMicros = (times - 1 - Math.floor((index * PAGE_SIZE) / entries)) * SPAN_MICROS;
  const page = texts.slice(from, from + PAGE_SIZE).join(",");
  const moved = page.replaceAll(
    /"created":(\d+),"trace_id"/g,
    (_, created) => `"created":${created - earlierMicros},"trace_id"`,
  );
  return `{"ok":true,"activities":[${moved}],"response_metadata":{"next_cursor":"page:${index + 1}"}}`;
}

const REFUSED = Buffer.from('{"ok":false,"error":"invalid_arguments"}');
const END = Buffer.from('{"ok":true,"activities":[],"response_metadata":{"next_cursor":""}}');
const identityOf = (enterprise: string) =>
  Buffer.from(`{"ok":true,"team_id":"T0ACMEENG01","enterprise_id":"${enterprise}","user_id":"W0OWNER0001"}`);

/**
 * The path's first part says how many pages there are: a shorter log is the same one, cut. The organisation's id may
 * follow.
 */
function answerTo(path: string, form: string): Buffer {
  const [, length, enterprise = "E0ACME00001", method] = /^\/(\d+)(?:\/(E\w+))?\/api\/(.+)$/.exec(path) ?? [];
  if (method === "auth.test") return identityOf(enterprise);
  const params = new URLSearchParams(form);
  const asked = ["limit", "sort_direction", "min_log_level"].map((name) => params.get(name)).join(" ");
  if (method !== "admin.apps.activities.list" || asked !== `${PAGE_SIZE} asc trace`) return REFUSED;
  const index = Number(params.get("cursor")?.slice("page:".length) ?? 0);
  return (index < Number(length) ? pages[index] : undefined) ?? END;
}

const server = createServer((request, response) => {
  let form = "";
  request.setEncoding("utf8");
  request.on("data", (chunk: string) => void (form += chunk));
  request.on("end", () => {
    const gzip = String(request.headers["accept-encoding"]).includes("gzip");
    const body = gzip ? answerTo(request.url ?? "", form) : REFUSED;
    const packed = body[0] === 0x1f ? { "content-encoding": "gzip" } : {};
    response.writeHead(200, { "content-type": "application/json; charset=utf-8", ...packed }).end(body);
  });
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
send({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, entryBytes });
