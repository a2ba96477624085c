import { z } from "zod";
import { headers, httpUrl } from "./fields.ts";

/** `127.0.0.1:9464`, `[::]:9464`, `localhost:0`. */
const ADDRESS = /^(?<host>\[[0-9A-Fa-f:.]+\]|[^\s:[\]]+):(?<port>\d{1,5})$/;

/** What the program says about itself. All of it is off unless it is asked for. */
export function telemetry() {
  return z
    .strictObject({
      address: z
        .string({ error: "is not an address" })
        .regex(ADDRESS, { error: "is not an address: a host and a port, as in 127.0.0.1:9464" })
        .refine((text) => Number(ADDRESS.exec(text)?.groups?.["port"]) < 65_536, { error: "has a port beyond 65535" })
        .transform((text) => {
          const { host = "", port = "" } = ADDRESS.exec(text)?.groups ?? {};
          return { host: host.replace(/^\[|\]$/g, ""), port: Number(port) };
        })
        .optional()
        .meta({ examples: ["127.0.0.1:9464"] })
        .describe("Where /livez, /readyz, /metrics and a page at / are served; left out: nowhere"),
      metrics: z.literal("otlp").optional().describe("Send the metrics by OTLP as well, once a minute"),
      logs: z.literal("otlp").optional().describe("Send the program's own log by OTLP as well"),
      otlp: z
        .strictObject({
          endpoint: httpUrl({ tls: "optional" })
            .optional()
            .describe("Base URL; left out: that of the destination otlp with its headers, else http://localhost:4318"),
          headers: headers().prefault({}).describe("Headers of every request; values are secrets"),
        })
        .prefault({})
        .describe("Where metrics and logs go that are sent by OTLP"),
    })
    .prefault({})
    .describe("What the program says about itself, beside its log on standard error");
}
