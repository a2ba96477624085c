import { readdir, readFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "rolldown";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The program with all it needs: the entry that `bin` names, and for each command a file of what it alone needs. */
export default defineConfig({
  cwd: root,
  input: { "slack-otel": "src/launch.ts" },
  platform: "node",
  output: {
    dir: "dist",
    format: "esm",
    entryFileNames: "[name].mjs",
    chunkFileNames: "[name].mjs",
    cleanDir: true,
    codeSplitting: {
      // Each file that is loaded takes its time, so that what commands share is in one; beside it what `--help` needs.
      groups: [
        {
          name: "base",
          test: /\/src\/(?:model|clock|stop|config\/(?:duration|moment|nearest)|telemetry\/(?:log|activity))\.ts$/,
          priority: 2,
        },
        { name: "shared", test: /\/src\//, minShareCount: 2, priority: 1 },
      ],
    },
  },
  // What one command loads when it needs it may be what another one always needs.
  checks: { ineffectiveDynamicImport: false },
  plugins: [partOfUndici(), plainBuiltins(), thirdPartyLicenses()],
});

/**
 * Of undici what `src/http.ts` takes from it. Its index loads all the rest too, fetch, caches, WebSocket and mocks, which
 * takes longer at each start than everything of our own.
 */
function partOfUndici(): Plugin {
  const id = "\0undici";
  const left = "\0left-out-of-undici:";
  const part = (path: string) => JSON.stringify(join(root, "node_modules/undici/lib", path));
  return {
    name: "part-of-undici",
    resolveId(source, importer = "") {
      if (source === "undici") return id;
      return importer.includes("/node_modules/undici/lib/") && leftOutOfUndici.has(source) ? left + source : null;
    },
    load(loaded) {
      if (loaded.startsWith(left)) return leftOutOfUndici.get(loaded.slice(left.length)) ?? null;
      if (loaded !== id) return null;
      return `
          import api from ${part("api/index.js")};
          import errors from ${part("core/errors.js")};
          import Agent from ${part("dispatcher/agent.js")};
          import Dispatcher from ${part("dispatcher/dispatcher.js")};
          import EnvHttpProxyAgent from ${part("dispatcher/env-http-proxy-agent.js")};
          Object.assign(Dispatcher.prototype, api);
          export { Agent, EnvHttpProxyAgent, errors };
        `;
    },
  };
}

/** What undici loads at its start and is not asked for here, with what stands for it. */
const leftOutOfUndici = new Map([
  // `allowH2` is off.
  ["./client-h2.js", `module.exports = () => { throw new Error("HTTP/2 is not spoken"); };`],
  // Node's own draws the two sides of a comparison; of undici's assertions none is one.
  [
    "node:assert",
    `module.exports = (value, message) => {
      if (!value) throw message instanceof Error ? message : new Error(message ?? "undici: an assertion failed");
    };`,
  ],
  // Of a server: a request that is given as a body, and the limit on headers of those who run one.
  ["node:http", `exports.IncomingMessage = class {}; exports.maxHeaderSize = 16_384;`],
]);

/**
 * Takes Node's own modules as they are. An `import` of one looks at each of its exports, by which Node loads what stands
 * behind those that come late: for `node:http` a second undici, which takes longer than the rest of Node's start.
 */
function plainBuiltins(): Plugin {
  const builtin = (name: string) => `globalThis.process.getBuiltinModule(${JSON.stringify(name)})`;
  return {
    name: "plain-builtins",
    renderChunk: (code) =>
      code
        .replaceAll(/^import (\w+) from "(node:[^"]+)";$/gm, (_, local: string, name: string) => {
          return `const ${local} = ${builtin(name)};`;
        })
        .replaceAll(/^import (\{[^}]+\}) from "(node:[^"]+)";$/gm, (_, names: string, name: string) => {
          return `const ${names.replaceAll(" as ", ": ")} = ${builtin(name)};`;
        })
        .replaceAll(/\b__require\("((?:node:)?[^"]+)"\)/g, (call, name: string) =>
          isBuiltin(name) ? builtin(name) : call,
        ),
  };
}

/** What is bundled is passed on, and its licences ask to go with it. */
function thirdPartyLicenses(): Plugin {
  return {
    name: "third-party-licenses",
    async generateBundle(_options, bundle) {
      const modules = Object.values(bundle).flatMap((chunk) => (chunk.type === "chunk" ? chunk.moduleIds : []));
      const folders = new Set(modules.flatMap((id) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? []));
      const texts = await Promise.all([...folders].toSorted().map(licenseOf));
      this.emitFile({ type: "asset", fileName: "THIRD-PARTY-LICENSES.txt", source: texts.join("\n\n") });
    },
  };
}

async function licenseOf(folder: string): Promise<string> {
  const { name, version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as Record<string, string>;
  const entries = await readdir(folder);
  const file = entries.find((entry) => /^licen[cs]e/i.test(entry));
  const readme = entries.find((entry) => /^readme/i.test(entry));
  // Some give theirs at the end of what there is to read.
  const text =
    file === undefined
      ? /^#+ licen[cs]e[\s\S]*/im.exec(await readFile(join(folder, readme ?? "README.md"), "utf8"))?.[0]
      : await readFile(join(folder, file), "utf8");
  if (text === undefined) throw new Error(`${name} has no licence`);
  return `${name} ${version}\n\n${text}`;
}
