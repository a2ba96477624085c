import { expect, test } from "vitest";
import { createScriptedServer } from "../support/scripted-server.ts";
import { createScene, shownBy, textsOf } from "./scene.ts";

/** A host that nobody configured, and how often anything reached it. */
async function createStranger() {
  let connections = 0;
  const server = await createScriptedServer(() => ({ status: 200, headers: {}, body: '{"ok":true}' }), {
    onConnection: () => void (connections += 1),
  });
  return {
    url: server.url,
    connections: () => connections + server.requests.length,
    [Symbol.asyncDispose]: () => server.close(),
  };
}

test.each([303, 307] as const)(
  "nothing reaches another host when the destination and Slack redirect to it with %i",
  async (status) => {
    await using stranger = await createStranger();
    await using scene = await createScene({
      history: { activities: 20, auditEntries: 20, integrationChanges: 5, logins: 5 },
      receiver: { respond: () => ({ kind: "redirect", status, to: `${stranger.url}/v1/logs` }) },
    });
    const { slack } = scene;
    slack.setFaults(({ method }) =>
      method === "team.accessLogs"
        ? { kind: "redirect", location: `${stranger.url}/api/team.accessLogs`, status }
        : undefined,
    );
    const settings = {
      destination: { otlp: { endpoint: scene.receiver.url, headers: { "x-api-key": "secret-of-the-destination" } } },
    };
    const ended = await scene.once([], { settings });
    expect(ended.code).toBe(1);
    const told = ended.log.filter(({ level }) => level === "error");
    expect(told.filter(({ event }) => event === "destination_refuses")).toHaveLength(4);
    expect(told.find(({ event }) => event === "destination_refuses")).toMatchObject({ fault: "configuration", status });
    expect(told.filter(({ event }) => event === "stream_halted")).toMatchObject([
      { stream: "access_logs/E0ACME00001" },
    ]);
    expect(stranger.connections()).toBe(0);
    expect(ended.stderr).not.toContain(stranger.url);
    expect(scene.receiver.accepted).toEqual([]);

    if (status !== 307) return;
    slack.setFaults([]);
    scene.receiver.script(...Array.from({ length: 20 }, () => ({ kind: "accept" }) as const));
    expect((await scene.once()).code).toBe(0);
    expect(textsOf(scene.receiver.accepted)).toEqual(shownBy(slack));
  },
);
