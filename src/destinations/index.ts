import { datadog } from "./datadog.ts";
import { file } from "./file.ts";
import { otlp } from "./otlp.ts";
import { splunkHec } from "./splunk-hec.ts";
import { stdout } from "./stdout.ts";

/** Every destination, by its name in the configuration. To add one: one file, one line here. */
export const destinations = {
  otlp,
  datadog,
  splunk_hec: splunkHec,
  file,
  stdout,
};

export type DestinationName = keyof typeof destinations;
