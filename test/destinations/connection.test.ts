import { expect, test } from "vitest";
import { destinations } from "../../src/destinations/index.ts";
import type { HttpOptions } from "../../src/http.ts";
import { makeDestination } from "../support/destination.ts";

const required = {
  otlp: {},
  datadog: { api_key: "kkkkkkkk" },
  splunk_hec: { endpoint: "https://splunk.test", token: "kkkkkkkk" },
} as const;
const variables = { https: "http://of-the-environment:3128", no: ".test" };

async function proxyOf(name: keyof typeof required, settings: object): Promise<HttpOptions["proxy"]> {
  const given: HttpOptions[] = [];
  const createHttp = (options: HttpOptions) => {
    given.push(options);
    return { http: () => Promise.reject(new Error("nothing is sent")), close: () => Promise.resolve() };
  };
  await makeDestination(name, { ...required[name], ...settings }, { createHttp, proxy: variables });
  return given[0]?.proxy;
}

test("every destination that is reached by HTTP is here", () => {
  expect(Object.keys(destinations).filter((name) => !(name in required))).toEqual(["file", "stdout"]);
});

test.each(["otlp", "datadog", "splunk_hec"] as const)(
  "%s goes by the proxy of the environment, or by its own",
  async (name) => {
    expect(await proxyOf(name, {})).toEqual(variables);
    // Its own is for all it sends: no exception of the environment holds.
    expect(await proxyOf(name, { proxy: "http://proxy.internal:3128" })).toEqual({
      http: "http://proxy.internal:3128/",
      https: "http://proxy.internal:3128/",
      no: "",
    });
  },
);
