import { expect, test } from "vitest";
import { asked, createScene, shownBy, textsOf } from "./scene.ts";

const SECRET = "xoxp-in-the-text-of-an-error";

test.concurrent.each([
  ["an exception that nobody catches", `throw new TypeError("${SECRET}");`],
  ["a rejection that nobody handles", `void Promise.reject(new TypeError("${SECRET}"));`],
])("[P19] %s is one line, without its text, and exit code 1; nothing is lost", async (_what, code) => {
  await using scene = await createScene({
    receiver: { script: [{ kind: "hang" }] },
    settings: { sources: { audit_logs: {} } },
  });
  const preload = await scene.write("preload.mjs", `process.on("SIGUSR2", () => { ${code} });`);
  await using command = await scene.start([], { env: { NODE_OPTIONS: `--import=${preload}` } });
  await asked(scene);
  command.signal("SIGUSR2");
  const ended = await command.ended;
  expect(ended).toMatchObject({ code: 1, signal: null, stdout: "" });
  expect(ended.stderr).not.toContain(SECRET);
  const errors = ended.log.filter(({ level }) => level === "error");
  expect(errors).toMatchObject([{ event: "failed", exit_code: 1 }]);
  expect(errors[0]?.["message"]).toMatch(/^A defect in slack-otel; please report it: TypeError at /);

  expect((await scene.once()).code).toBe(0);
  expect(textsOf(scene.receiver.accepted)).toEqual(shownBy(scene.slack));
});
