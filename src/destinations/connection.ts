import { httpUrl } from "../config/fields.ts";
import type { DestinationDependencies } from "./destination-kind.ts";
import { readTls, tlsSettings, type TlsSettings } from "./tls.ts";

/** The settings of every destination that is reached by HTTP. */
export const connectionSettings = {
  ...tlsSettings,
  proxy: httpUrl({ tls: "optional" })
    .optional()
    .describe("HTTP proxy to this destination, in place of the variables HTTPS_PROXY, HTTP_PROXY and NO_PROXY"),
};

/** An HTTP client of the destination's own. Rejects with a `SettingsError`. */
export async function openConnection(
  settings: TlsSettings & { readonly proxy?: string | undefined },
  { createHttp, proxy }: Pick<DestinationDependencies, "createHttp" | "proxy">,
): Promise<ReturnType<DestinationDependencies["createHttp"]>> {
  const tls = await readTls(settings);
  // An empty list of exceptions, for without one the variable would be looked at.
  const own = settings.proxy === undefined ? proxy : { http: settings.proxy, https: settings.proxy, no: "" };
  return createHttp({ tls, ...(own === undefined ? {} : { proxy: own }) });
}
