/**
 * A process of the soak: activities and audit entries that come about at a fixed rate from its start on, in real time,
 * and are made up anew for each answer, so that its own memory stays flat. Arguments: both rates, entries a second.
 * `report` asks how many different entries of both were shown.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { activities } from "../bench/activities.ts";

const [activityRate = 0, auditRate = 0] = process.argv.slice(2).map(Number);
const PAGE_SIZE = 1000;
const startMicros = Math.floor(Date.now() / 1000) * 1_000_000;
const templates = activities(2_000).map((text) => text.split(/(?<="created":)\d+(?=,)/) as [string, string]);
const shown = { activities: 0, audit: 0 };

function activityAt(index: number): string {
  const [head, tail] = templates[index % templates.length] as [string, string];
  return `${head}${startMicros + Math.floor((index * 1_000_000) / activityRate)}${tail}`;
}

function answerActivities(form: URLSearchParams): string {
  const sinceMicros = Number(form.get("min_date_created") ?? 0) - startMicros;
  const from = Number(form.get("cursor") ?? Math.max(0, Math.ceil((sinceMicros * activityRate) / 1_000_000)));
  const there = Math.floor(((Date.now() * 1000 - startMicros) * activityRate) / 1_000_000);
  const to = Math.min(there, from + Math.min(Number(form.get("limit")), PAGE_SIZE));
  shown.activities = Math.max(shown.activities, to);
  const entries = Array.from({ length: Math.max(0, to - from) }, (_, offset) => activityAt(from + offset));
  const cursor = to < there ? String(to) : "";
  return `{"ok":true,"activities":[${entries.join(",")}],"response_metadata":{"next_cursor":"${cursor}"}}`;
}

function auditAt(index: number): string {
  const id = index.toString(16).padStart(12, "0");
  const seconds = startMicros / 1_000_000 + Math.floor(index / auditRate);
  const actor = `{"type":"user","user":{"id":"W${index % 500}","name":"person ${index % 500}","email":"p${index % 500}@acme.example","team":"T0ACMEENG01"}}`;
  const entity = `{"type":"file","file":{"id":"F${id}","name":"report ${index}.pdf","filetype":"pdf"}}`;
  const context = `{"location":{"type":"workspace","id":"T0ACMEENG01","name":"Acme","domain":"acme-eng"},"ua":"Mozilla/5.0 (X11; Linux x86_64)","ip_address":"198.51.100.${index % 256}","session_id":${index}}`;
  return `{"id":"00000000-0000-4000-8000-${id}","date_create":${seconds},"action":"file_downloaded","actor":${actor},"entity":${entity},"context":${context}}`;
}

/** Newest first, whole seconds only, and a cursor that names the second to go on with. */
function answerAudit(form: URLSearchParams): string {
  const there = Math.floor(((Date.now() * 1000 - startMicros) * auditRate) / 1_000_000);
  const secondOf = (seconds: number) => seconds - startMicros / 1_000_000;
  const oldest = Math.max(0, secondOf(Number(form.get("oldest") ?? 0)));
  const newest = secondOf(Number(form.get("cursor") ?? form.get("latest")));
  const seconds = Math.max(1, Math.floor(Math.min(Number(form.get("limit")), PAGE_SIZE) / auditRate));
  const until = Math.max(oldest, newest - seconds + 1);
  const to = Math.min(there, (newest + 1) * auditRate);
  const from = Math.min(to, until * auditRate);
  if (form.get("cursor") === null) shown.audit = Math.max(shown.audit, to);
  const entries = Array.from({ length: to - from }, (_, offset) => auditAt(to - 1 - offset));
  const cursor = until > oldest ? String(until - 1 + startMicros / 1_000_000) : "";
  return `{"entries":[${entries.join(",")}],"response_metadata":{"next_cursor":"${cursor}"}}`;
}

const IDENTITY = '{"ok":true,"team_id":"T0ACMEENG01","enterprise_id":"E0ACME00001","user_id":"W0OWNER0001"}';

function answerTo(url: URL, form: string): string {
  if (url.pathname.endsWith("/logs")) return answerAudit(url.searchParams);
  if (url.pathname.endsWith("/admin.apps.activities.list")) return answerActivities(new URLSearchParams(form));
  return url.pathname.endsWith("/auth.test") ? IDENTITY : '{"ok":false,"error":"unknown_method"}';
}

const server = createServer((request, response) => {
  let form = "";
  request.setEncoding("utf8");
  request.on("data", (chunk: string) => void (form += chunk));
  request.on("end", () => {
    const body = answerTo(new URL(request.url ?? "", "http://localhost"), form);
    response.writeHead(200, { "content-type": "application/json", date: new Date().toUTCString() }).end(body);
  });
});
process.on("message", () => void process.send?.({ ...shown }));
server.listen(0, "127.0.0.1");
await once(server, "listening");
process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` });
