import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const SOURCE = fileURLToPath(new URL("../src/", import.meta.url));

/**
 * What each part of `src` may import of the others. A folder ends in a slash; an entry with a path means that file. A
 * file of the topmost folder that is not named is where things are put together, and free but for the simulated Slack.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "model.ts": [],
  "clock.ts": ["model.ts"],
  "coverage/": ["model.ts", "mapping/", "pipeline/"],
  "http.ts": [],
  "durable-file.ts": [],
  "backoff.ts": [],
  "retry-after.ts": [],
  "retry.ts": ["model.ts"],
  "server-clock.ts": ["model.ts", "http.ts"],
  "status/": ["model.ts", "status.ts", "backfill/", "coverage/", "telemetry/"],
  "backfill/": [
    "model.ts",
    "config/moment.ts",
    "connections.ts",
    "coverage/",
    "pipeline/",
    "slack/",
    "state/index.ts",
    "streams.ts",
    "telemetry/",
  ],
  "config/": ["model.ts", "destinations/index.ts"],
  "pipeline/": ["model.ts", "backoff.ts", "durable-file.ts", "retry.ts"],
  "mapping/": ["model.ts"],
  "slack/": ["model.ts", "backoff.ts", "http.ts", "mapping/", "retry-after.ts", "retry.ts", "server-clock.ts"],
  "otlp/": ["model.ts", "destinations/", "http.ts", "retry-after.ts"],
  "destinations/": [
    "model.ts",
    "config/fields.ts",
    "durable-file.ts",
    "http.ts",
    "otlp/",
    "retry-after.ts",
    "server-clock.ts",
  ],
  "state/": ["model.ts"],
  "telemetry/": ["model.ts", "coverage/", "pipeline/"],
  "check/": [
    "model.ts",
    "config/",
    "coverage/",
    "explain.ts",
    "http.ts",
    "mapping/",
    "pipeline/",
    "slack/",
    "start-of.ts",
    "state/",
    "telemetry/activity.ts",
  ],
  // Between the process and what a command does: nothing of how it is done.
  "commands/": [
    "model.ts",
    "backfill.ts",
    "backfill/",
    "check.ts",
    "check/",
    "cli.ts",
    "config/",
    "connections.ts",
    "demo.ts",
    "explain.ts",
    "http.ts",
    "migrate.ts",
    "program.ts",
    "replay.ts",
    "run.ts",
    "status.ts",
    "status/",
    "stop.ts",
    "telemetry.ts",
    "telemetry/",
  ],
  "replay/": ["model.ts", "durable-file.ts", "pipeline/"],
  "simulation/": ["http.ts"],
};

const DEMO = ["demo.ts", "demo/"];

/** Packages that stand for one job each, and the only parts that do it. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  undici: ["http.ts"],
  "p-retry": ["retry.ts"],
  "node:sqlite": ["state/"],
  pg: ["state/"],
  yaml: ["config/"],
  zod: ["config/", "destinations/"],
  "@opentelemetry/otlp-transformer": ["otlp/"],
  "node:http": ["simulation/", "telemetry/"],
  "node:net": ["simulation/", "telemetry/"],
};

interface SourceFile {
  readonly path: string;
  readonly part: string;
  readonly code: string;
  /** Paths below `src`. */
  readonly imports: readonly string[];
  /** Those that are left once the types are taken away. */
  readonly loads: readonly string[];
  readonly packages: readonly string[];
}

const files: readonly SourceFile[] = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
  .map((name) => name.replaceAll("\\", "/"))
  .filter((path) => path.endsWith(".ts"))
  .map((path) => {
    const code = withoutComments(readFileSync(`${SOURCE}${path}`, "utf8"));
    const specifiers = specifiersOf(code);
    const isOwn = (name: string) => name.startsWith(".");
    const below = (name: string) => posix.join(posix.dirname(path), name);
    return {
      path,
      part: partOf(path),
      code,
      imports: specifiers.filter(isOwn).map(below),
      loads: specifiersOf(code.replaceAll(/\b(?:import|export) type [^;]*;/g, ""))
        .filter(isOwn)
        .map(below),
      packages: specifiers.filter((name) => !isOwn(name)),
    };
  });

function specifiersOf(code: string): string[] {
  return [...code.matchAll(/\b(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(([, name]) => name as string);
}

function partOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.indexOf("/") + 1) : path;
}

function withoutComments(code: string): string {
  return code.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(^|\s)\/\/.*$/gm, "$1");
}

/** `a.ts → b.ts`, for each import that is not allowed. */
function offences(allowed: (file: SourceFile, imported: string) => boolean): string[] {
  return files.flatMap((file) =>
    file.imports.filter((imported) => !allowed(file, imported)).map((imported) => `${file.path} → ${imported}`),
  );
}

test("the files are found, and so are their imports", () => {
  expect(files.length).toBeGreaterThan(80);
  expect(files.find(({ path }) => path === "retry.ts")).toMatchObject({ imports: ["model.ts"], packages: ["p-retry"] });
  expect(files.find(({ path }) => path === "launch.ts")?.imports).toEqual(["main.ts"]);
});

test("every import leads to a file", () => {
  const paths = new Set([...files.map(({ path }) => path), "../package.json"]);
  expect(offences((_, imported) => paths.has(imported))).toEqual([]);
});

test("every folder has its rule, and every rule its part", () => {
  const parts = [...new Set(files.map(({ part }) => part))];
  expect(parts.filter((part) => part.endsWith("/") && !(part in MAY_IMPORT) && !DEMO.includes(part))).toEqual([]);
  expect(Object.keys(MAY_IMPORT).filter((part) => !parts.includes(part))).toEqual([]);
});

test.each(Object.entries(MAY_IMPORT))("%s imports nothing of ours but %j", (part, allowed) => {
  const wrong = offences(
    (file, imported) =>
      file.part !== part ||
      partOf(imported) === part ||
      allowed.includes(partOf(imported)) ||
      allowed.includes(imported),
  );
  expect(wrong).toEqual([]);
});

describe("the two sides", () => {
  const ends = {
    slack: ["slack/", "mapping/"],
    destinations: ["destinations/", "otlp/"],
  };

  test("neither imports the other, by whatever way round", () => {
    const reach = (start: string, seen = new Set<string>()): Set<string> => {
      if (!seen.has(start)) {
        seen.add(start);
        for (const imported of files.find(({ path }) => path === start)?.imports ?? []) reach(imported, seen);
      }
      return seen;
    };
    const crossings = files.flatMap(({ path, part }) => {
      const other = ends.slack.includes(part) ? ends.destinations : ends.destinations.includes(part) ? ends.slack : [];
      return [...reach(path)].filter((reached) => other.includes(partOf(reached))).map((to) => `${path} → ${to}`);
    });
    expect(crossings).toEqual([]);
  });
});

test("the simulated Slack is imported by the demo alone", () => {
  const wrong = offences(
    ({ part }, imported) => partOf(imported) !== "simulation/" || part === "simulation/" || DEMO.includes(part),
  );
  expect(wrong).toEqual([]);
});

test("main.ts alone touches the process", () => {
  const touching = files.filter(
    ({ code, packages }) => /\bprocess\s*(\?\.|\.|\[)\s*\w/.test(code) || packages.includes("node:process"),
  );
  expect(touching.map(({ path }) => path)).toEqual(["main.ts"]);
});

test("nothing waits, tells the time or draws lots by itself, but the clock, the state's lock, launch.ts and main.ts", () => {
  const own = /\b(setTimeout|setInterval|Date\.now|performance\.now|Math\.random)\b/;
  const users = files.filter(({ code, part }) => own.test(code) && part !== "simulation/" && !DEMO.includes(part));
  expect(users.map(({ path }) => path).toSorted()).toEqual([
    "clock.ts",
    "launch.ts",
    "main.ts",
    "state/lock.ts",
    "state/transaction.ts",
  ]);
});

test.each(Object.entries(PACKAGES))("%s is imported only by %j", (name, parts) => {
  const importing = files.filter(({ packages }) => packages.includes(name)).map(({ part }) => part);
  expect([...new Set(importing)].toSorted()).toEqual(parts);
});

test("no file loads itself by way of others", () => {
  const cycles: string[] = [];
  const done = new Set<string>();
  const follow = (path: string, trail: readonly string[]) => {
    if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(" → "));
    if (trail.includes(path) || done.has(path)) return;
    for (const next of files.find((file) => file.path === path)?.loads ?? []) follow(next, [...trail, path]);
    done.add(path);
  };
  for (const { path } of files) follow(path, []);
  expect(cycles).toEqual([]);
});
