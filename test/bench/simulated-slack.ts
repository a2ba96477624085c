/**
 * A process of the bench: a simulated workspace with some entries in each log, and nothing new after the start. `report`
 * asks for the methods called since the last one.
 */
import { listen } from "../../src/simulation/server.ts";
import { createSimulatedSlack } from "../../src/simulation/slack.ts";
import { createTraffic } from "../../src/simulation/traffic.ts";
import { send } from "./messages.ts";

const slack = createSimulatedSlack({
  clock: { now: Date.now },
  tenant: { organisation: null, plan: "enterprise" },
});
createTraffic(slack).history({ logins: 200, integrationChanges: 20, activities: 400, auditEntries: 200 }, 12);
const { apiUrl } = await listen(slack);
let told = 0;

process.on("message", () => {
  const methods = slack.calls.slice(told).map(({ method }) => method);
  told += methods.length;
  send({ methods });
});
send({ url: apiUrl.replace(/api\/$/, "") });
