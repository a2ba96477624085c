import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "rolldown";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The program with all it needs: the entry that `bin` names, and for each command a file of what it alone needs. */
export default defineConfig({
  cwd: root,
  input: { "slack-otel": "src/launch.ts" },
  platform: "node",
  output: { dir: "dist", format: "esm", entryFileNames: "[name].mjs", chunkFileNames: "[name].mjs", cleanDir: true },
  plugins: [thirdPartyLicenses()],
});

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
